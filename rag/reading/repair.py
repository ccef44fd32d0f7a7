"""Characters as a reader sees them, where the file's own codes say less.

Accents that are drawn as glyphs of their own are put on their letters. Glyphs without a known character are
marked: a mark that looks like a minus sign becomes one, but quotes are cut at it, because other readers of the
same file see another character or none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.reading.fonts import Style
from rag.reading.text import COMBINING, UNKNOWN, UNKNOWN_DEGREE, UNKNOWN_MINUS, UNKNOWN_RING

_ACCENTS = np.array([ord(accent) for accent in COMBINING], np.uint32)
_OPERATORS = {0xD5: "∏", 0xD6: "√", 0xE5: "∑", 0xF2: "∫"}
_REACH = 6  # characters in stream order between an accent and its letter


def read_symbols(codes: npt.NDArray[np.uint32], style: npt.NDArray[np.int32], styles: Sequence[Style]) -> None:
    """Big operators of Adobe's Symbol encoding that the file passes off as Latin letters, in place.

    Args:
        codes: (n,) code points.
        style: (n,) index into ``styles``.
    """
    symbols = ["symbol" in each.font.lower() for each in styles]
    if any(symbols):
        drawn = np.array(symbols)[style]
        for code, operator in _OPERATORS.items():
            codes[drawn & (codes == code)] = ord(operator)


def join_surrogates(codes: npt.NDArray[np.uint32]) -> None:
    """Two halves of UTF-16 among the (n,) ``codes`` to one character, in the place of the first."""
    for index in np.flatnonzero((codes[:-1] >> 10 == 0x36) & (codes[1:] >> 10 == 0x37)).tolist():
        codes[index] = 0x10000 + ((int(codes[index]) & 0x3FF) << 10) + (int(codes[index + 1]) & 0x3FF)


def compose_accents(
    codes: npt.NDArray[np.uint32], boxes: npt.NDArray[np.float32], shown: npt.NDArray[np.bool_]
) -> None:
    """Put accents on the letters they stand over, in place; the accent is no longer ``shown``.

    Args:
        codes: (n,) code points in stream order.
        boxes: (n, 4) left, top, right, bottom of the characters.
        shown: (n,) whether a character is on view.
    """
    for index in np.flatnonzero(shown & np.isin(codes, _ACCENTS)).tolist():
        left, top, right, bottom = boxes[index].tolist()
        middle = (left + right) / 2
        best, nearest = -1, 1e9
        for other in range(max(0, index - _REACH), min(len(codes), index + _REACH + 1)):
            x0, y1, x1, y0 = boxes[other].tolist()
            inside = x0 - 0.1 * (x1 - x0) <= middle <= x1 + 0.1 * (x1 - x0)
            if other == index or not shown[other] or not inside or y0 > top or y1 < bottom:
                continue
            if chr(codes[other]).isalpha() and abs((x0 + x1) / 2 - middle) < nearest:
                best, nearest = other, abs((x0 + x1) / 2 - middle)
        if best < 0:
            continue
        letter = "i" if codes[best] == 0x131 else chr(codes[best])
        composed = unicodedata.normalize("NFC", letter + COMBINING[chr(codes[index])])
        if len(composed) == 1:
            codes[best] = ord(composed)
            shown[index] = False


def mark_unknown(
    codes: npt.NDArray[np.uint32],
    boxes: npt.NDArray[np.float32],
    baseline: npt.NDArray[np.float32],
    unknown: npt.NDArray[np.bool_],
    ink: Callable[[int], tuple[float, float, float, float]],
) -> None:
    """Give glyphs without a character a mark of ours, in place.

    Args:
        codes, boxes: As above.
        baseline: (n,) in points.
        unknown: (n,) which glyphs have no character.
        ink: left, bottom, right, top of what is drawn for one glyph.
    """
    for index in np.flatnonzero(unknown).tolist():
        left, bottom, right, top = ink(index)
        size = float(boxes[index, 1] - boxes[index, 3]) or 1.0
        shape = _Shape((right - left) / size, (top - bottom) / size, ((bottom + top) / 2 - baseline[index]) / size)
        mark = UNKNOWN
        if shape.is_minus:
            mark = UNKNOWN_MINUS
        elif shape.is_ring:
            letter = _letter_below(codes, boxes, index, (left + right) / 2)
            if letter is None:
                mark = UNKNOWN_DEGREE
            else:
                codes[letter] = ord(UNKNOWN_RING)
        codes[index] = ord(mark)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Width, height and middle over the baseline of a glyph's ink, in ems."""

    width: float
    height: float
    middle: float

    @property
    def is_minus(self) -> bool:
        return self.width > 3.5 * self.height and self.width > 0.25 and 0.08 < self.middle < 0.5

    @property
    def is_ring(self) -> bool:
        return 0.12 < self.width < 0.42 and 0.8 < self.width / max(self.height, 0.01) < 1.25 and self.middle > 0.36


def _letter_below(
    codes: npt.NDArray[np.uint32], boxes: npt.NDArray[np.float32], index: int, middle: float
) -> int | None:
    for other in range(max(0, index - _REACH), min(len(codes), index + _REACH + 1)):
        x0, y1, x1, y0 = boxes[other].tolist()
        third = (x1 - x0) / 3
        same_line = y0 < boxes[index, 1] and y1 > boxes[index, 3]
        if codes[other] == ord("A") and same_line and x0 + 0.5 * third < middle < x1 - 0.5 * third:
            return other
    return None
