"""Whether pale letters can be seen: the page is drawn, and their places on it are looked at."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2.raw as pdfium

_LONGEST_SIDE = 1600  # pixels
_CONTRAST = 40  # of 255; less is one even colour


def lost_on_background(
    page: Any,
    size: tuple[float, float],
    suspects: npt.NDArray[np.bool_],
    boxes: npt.NDArray[np.float32],
) -> npt.NDArray[np.bool_]:
    """Which of the ``suspects`` lie on a ground of their own colour.

    Args:
        page: PDFium's page.
        size: Width and height of the page as shown, points.
        suspects: (n,) characters to look at.
        boxes: (n, 4) left, top, right, bottom in the page's own coordinates, points.
    """
    hidden = np.zeros(len(suspects), np.bool_)
    scale = min(1.0, _LONGEST_SIDE / max(*size, 1.0))
    width, height = (max(1, round(side * scale)) for side in size)
    bitmap = pdfium.FPDFBitmap_Create(width, height, 0)
    if not bitmap:
        return suspects
    try:
        pixels = _draw(page, bitmap, width, height)
        x, y = ctypes.c_int(), ctypes.c_int()
        for index in np.flatnonzero(suspects).tolist():
            left, top, right, bottom = boxes[index].tolist()
            pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, left, top, x, y)
            columns, rows = [max(0, x.value)], [max(0, y.value)]
            pdfium.FPDF_PageToDevice(page, 0, 0, width, height, 0, right, bottom, x, y)
            columns, rows = sorted([*columns, max(0, x.value)]), sorted([*rows, max(0, y.value)])
            patch = pixels[rows[0] : rows[1] + 1, columns[0] : columns[1] + 1]
            hidden[index] = patch.size == 0 or int(np.ptp(patch)) < _CONTRAST
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return hidden


def _draw(page: Any, bitmap: Any, width: int, height: int) -> npt.NDArray[np.uint8]:
    """The page on white: (height, width, 3)."""
    pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, 0)
    stride = pdfium.FPDFBitmap_GetStride(bitmap)
    memory = ctypes.cast(pdfium.FPDFBitmap_GetBuffer(bitmap), ctypes.POINTER(ctypes.c_ubyte * (stride * height)))
    rows = np.frombuffer(memory.contents, np.uint8).reshape(height, stride)[:, : 4 * width]
    return rows.reshape(height, width, 4)[:, :, :3]
