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
    """Which of the ``suspects`` (one at least) lie on a ground of their own colour.

    Args:
        page: PDFium's page.
        size: Width and height of the page as shown, points.
        suspects: (n,) characters to look at.
        boxes: (n, 4) left, top, right, bottom in the page's own coordinates, points.
    """
    hidden = np.zeros(len(suspects), np.bool_)
    scale = min(1.0, _LONGEST_SIDE / max(*size, 1.0))
    width, height = (max(1, round(side * scale)) for side in size)
    places = {
        index: _on_screen(page, (width, height), boxes[index].tolist()) for index in np.flatnonzero(suspects).tolist()
    }
    x0, y0 = min(place[0] for place in places.values()), min(place[1] for place in places.values())
    x1, y1 = max(place[2] for place in places.values()), max(place[3] for place in places.values())
    pixels = _draw(page, (width, height), (x0, y0, x1 + 1, y1 + 1))
    if pixels is None:
        return suspects
    for index, (left, top, right, bottom) in places.items():
        patch = pixels[top - y0 : bottom - y0 + 1, left - x0 : right - x0 + 1]
        hidden[index] = patch.size == 0 or int(np.ptp(patch)) < _CONTRAST
    return hidden


def _on_screen(page: Any, size: tuple[int, int], box: list[float]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom pixel of a box, inside a page drawn ``size`` pixels large."""
    x, y = ctypes.c_int(), ctypes.c_int()
    corners = []
    for corner in (box[:2], box[2:]):
        pdfium.FPDF_PageToDevice(page, 0, 0, *size, 0, *corner, x, y)
        corners.append((min(max(0, x.value), size[0] - 1), min(max(0, y.value), size[1] - 1)))
    (xa, ya), (xb, yb) = corners
    return min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb)


def _draw(page: Any, size: tuple[int, int], window: tuple[int, int, int, int]) -> npt.NDArray[np.uint8] | None:
    """The window (left, top, right, bottom) of the page on white: (height, width, 3). None if memory is short."""
    width, height = window[2] - window[0], window[3] - window[1]
    bitmap = pdfium.FPDFBitmap_Create(width, height, 0)
    if not bitmap:
        return None
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, width, height, 0xFFFFFFFF)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, -window[0], -window[1], *size, 0, 0)
        stride = pdfium.FPDFBitmap_GetStride(bitmap)
        memory = ctypes.cast(pdfium.FPDFBitmap_GetBuffer(bitmap), ctypes.POINTER(ctypes.c_ubyte * (stride * height)))
        rows = np.frombuffer(memory.contents, np.uint8).reshape(height, stride)[:, : 4 * width]
        return rows.reshape(height, width, 4)[:, :, :3].copy()
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
