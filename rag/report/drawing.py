"""One page as a picture with places marked on it. Runs inside the child process."""

from __future__ import annotations

import io
from collections.abc import Sequence
from math import sqrt

import numpy as np
import numpy.typing as npt

from rag.documents import Box
from rag.report.limits import DrawLimits

MARK = (255, 222, 74)
"""RGB of the marker."""

_POINTS_PER_INCH = 72.0
_COLOURS = 255
_MARGIN = 1.0  # points around a box, left and right


def draw_page(data: bytes, number: int, boxes: Sequence[Box], limits: DrawLimits) -> bytes:
    """A page of a PDF as PNG, with boxes marked as a text marker does: the paper takes the colour, the ink stays.

    Args:
        data: The file.
        number: Page from 1.
        boxes: In points, origin at the lower left corner of the page as it is shown.
        limits: Resolution and size of the picture.

    Raises:
        ValueError: If there is no such page, or it has no area.
    """
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    try:
        if not 1 <= number <= len(document):
            raise ValueError(f"has {len(document)} pages, so that page {number} cannot be shown")
        page = document[number - 1]
        width, height = page.get_size()
        if not (width > 0 and height > 0):
            raise ValueError(f"its page {number} has no area")
        scale = min(limits.dots_per_inch / _POINTS_PER_INCH, sqrt(limits.pixels / (width * height)))
        picture = page.render(scale=scale, rev_byteorder=True).to_numpy()[..., :3].copy()
        page.close()
    finally:
        document.close()
    mark(picture, boxes, height, scale)
    return _png(picture)


def mark(picture: npt.NDArray[np.uint8], boxes: Sequence[Box], height: float, scale: float) -> None:
    """Colour boxes in a picture, in place; where they overlap, once.

    Args:
        picture: (rows, columns, 3).
        boxes: In points, origin at the lower left.
        height: Of the page, in points.
        scale: Pixels a point.
    """
    marked = np.zeros(picture.shape[:2], np.bool_)
    for box in boxes:
        left, right = (box.x0 - _MARGIN) * scale, (box.x1 + _MARGIN) * scale
        top, bottom = (height - box.y1) * scale, (height - box.y0) * scale
        edges = np.clip([top, bottom, left, right], 0, max(picture.shape)).round().astype(int)
        marked[edges[0] : edges[1], edges[2] : edges[3]] = True
    ink = picture[marked].astype(np.uint16)
    picture[marked] = (ink * np.array(MARK, np.uint16) // 255).astype(np.uint8)


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    """A palette of colours is a third of the size, and on a page of text nobody sees it."""
    from PIL import Image

    out = io.BytesIO()
    image = Image.fromarray(picture).quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
