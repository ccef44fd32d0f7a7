"""PDFium's C functions that are called for every character, object or font, without the cost of typed calls."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterable
from typing import Any

import numpy.typing as npt
import pypdfium2.raw as pdfium

POINTER = ctypes.c_void_p


def _prototype(function: Any, result: Any, *arguments: Any) -> Any:
    """The same C function with plain integer arguments: half the time of the typed call."""
    address = ctypes.cast(function, POINTER).value or 0
    return ctypes.CFUNCTYPE(result, *arguments)(address)


unicode_of = _prototype(pdfium.FPDFText_GetUnicode, ctypes.c_uint, POINTER, ctypes.c_int)
object_of = _prototype(pdfium.FPDFText_GetTextObject, ctypes.c_size_t, POINTER, ctypes.c_int)
box_of = _prototype(pdfium.FPDFText_GetLooseCharBox, ctypes.c_int, POINTER, ctypes.c_int, POINTER)
matrix_of = _prototype(pdfium.FPDFText_GetMatrix, ctypes.c_int, POINTER, ctypes.c_int, POINTER)
origin_of = _prototype(pdfium.FPDFText_GetCharOrigin, ctypes.c_int, POINTER, ctypes.c_int, POINTER, POINTER)
size_of = _prototype(pdfium.FPDFText_GetFontSize, ctypes.c_double, POINTER, ctypes.c_int)
font_of = _prototype(pdfium.FPDFTextObj_GetFont, ctypes.c_size_t, POINTER)
member_of = _prototype(pdfium.FPDFPage_GetObject, ctypes.c_size_t, POINTER, ctypes.c_int)
type_of = _prototype(pdfium.FPDFPageObj_GetType, ctypes.c_int, POINTER)
bounds_of = _prototype(pdfium.FPDFPageObj_GetBounds, ctypes.c_int, *[POINTER] * 5)
mode_of = _prototype(pdfium.FPDFTextObj_GetTextRenderMode, ctypes.c_int, POINTER)
colour_of = _prototype(pdfium.FPDFPageObj_GetFillColor, ctypes.c_int, POINTER, POINTER, POINTER, POINTER, POINTER)


def call(function: Any, *arguments: Iterable[Any]) -> None:
    """Call a C function with each row of arguments; what it returns is not looked at."""
    deque(map(function, *arguments), maxlen=0)


def addresses(table: npt.NDArray[Any], column: int = 0) -> range:
    """Where the cells of one column of ``table`` lie in memory."""
    start = table.ctypes.data + column * table.itemsize
    return range(start, start + len(table) * table.strides[0], table.strides[0])
