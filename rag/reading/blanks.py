"""White space between characters, and where readers of the same file differ about it."""

from __future__ import annotations

import ctypes
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

from rag.reading.native import POINTER, addresses, bounds_of, call, font_of, member_of, type_of

_MAX_OBJECTS = 20_000  # of a page
_NOTHING = 0.01  # points
_BLANKS = np.array([9, 10, 11, 12, 13, 32, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], np.uint32)


def is_blank(codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """Which of the (n,) code points are white space."""
    blank: npt.NDArray[np.bool_] = (codes <= 32) | (codes >= 0xA0)
    at = np.flatnonzero(blank)
    blank[at] = np.isin(codes[at], _BLANKS)
    return blank


def doubtful_blanks(
    page: Any,
    blank: npt.NDArray[np.bool_],
    boxes: npt.NDArray[np.float32],
    base: npt.NDArray[np.float32],
    seen: set[int],
) -> npt.NDArray[np.bool_]:
    """Characters in front of which PDFium leaves out a text object that draws nothing.

    These are blanks of symbol fonts, coded privately; other readers show the private character.

    Args:
        page: PDFium's page.
        blank: (n,) which characters are white space.
        boxes: (n, 4) left, top, right, bottom in the page's own coordinates, points.
        base: (n,) baseline, points.
        seen: Text objects of which characters are known.
    """
    doubtful = np.zeros(len(blank), np.bool_)
    sheet = ctypes.cast(page, POINTER).value
    objects = map(member_of, repeat(sheet), range(min(_MAX_OBJECTS, pdfium.FPDFPage_CountObjects(page))))
    unseen = [each for each in objects if each not in seen and type_of(each) == pdfium.FPDF_PAGEOBJ_TEXT]
    # In a font that draws letters it is an ordinary blank.
    fonts = set(map(font_of, seen))
    unseen = [each for each in unseen if font_of(each) not in fonts]
    if not unseen:
        return doubtful
    places = np.zeros((len(unseen), 4), np.float32)  # left, bottom, right, top
    call(bounds_of, unseen, *(addresses(places, column) for column in range(4)))
    empty = np.flatnonzero(places[:, 2] - places[:, 0] < _NOTHING).tolist()
    for index in empty:
        x, y = float(places[index, 0]), float(places[index, 1])
        height = boxes[:, 1] - boxes[:, 3]
        ahead = ~blank & (np.abs(base - y) < 0.4 * height) & (boxes[:, 0] > x - 0.5) & (boxes[:, 0] < x + 2 * height)
        if ahead.any():
            doubtful[np.where(ahead, boxes[:, 0], np.inf).argmin()] = True
    return doubtful
