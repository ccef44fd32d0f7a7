"""From the marks around every word to the lines on which a sentence stands.

The typesetter reports a mark as (page, x, y) with y the base line, measured from the top of the page. Three
rules turn marks into boxes: a word that begins where its predecessor ended has moved to the next line, its
space dropped; a word whose marks lie on two lines is broken, and fills its first line up to the edge of the
column; a line is as high as its font, whatever its characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

ASCENDER, DESCENDER = 0.894, 0.246
"""Of Libertinus Serif, in units of the font size."""

_SAME = 0.01
"""Points within which two positions are one."""

Rectangle = tuple[float, float, float, float]
"""``x0, y0, x1, y1`` in PDF points, origin at the lower left."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the typeset document: page from 1, x and base line in points from the upper left corner."""

    page: int
    x: float
    y: float

    def beside(self, other: Mark) -> bool:
        """Whether both are on one line of one page (columns share lines)."""
        return self.page == other.page and abs(self.y - other.y) < _SAME


@dataclass(frozen=True, slots=True)
class Layout:
    """What a page looks like, in points; ``left`` is the left edge of the text."""

    width: float
    height: float
    left: float
    column: float
    gutter: float

    def side(self, mark: Mark, wide: bool) -> str:
        """The column in which a mark lies: ``left``, ``right``, or ``full`` for what is wide."""
        if wide:
            return "full"
        return "left" if mark.x < self.left + self.column + self.gutter / 2 else "right"

    def edges(self, side: str) -> tuple[float, float]:
        """Left and right edge of a column."""
        shift = self.column + self.gutter if side == "right" else 0.0
        width = 2 * self.column + self.gutter if side == "full" else self.column
        return self.left + shift, self.left + shift + width


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, or its part on one line; ``broken`` says that the word goes on in the next line."""

    page: int
    side: str
    y: float
    x0: float
    x1: float
    word: int
    broken: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence's part in one column of one page.

    Attributes:
        page: From 1.
        side: ``left``, ``right`` or ``full``.
        words: Indices of its words.
        boxes: One a line.
        broken: Whether its end cuts a word.
    """

    page: int
    side: str
    words: tuple[int, ...]
    boxes: tuple[Rectangle, ...]
    broken: bool = False


def pieces(
    marks: Iterable[tuple[Mark, Mark]], layout: Layout, wide: bool = False, last: Mark | None = None
) -> Iterator[Piece]:
    """Place a sentence's words.

    Args:
        marks: Start and end of every word.
        layout: The page.
        wide: Whether the sentence stands across both columns.
        last: End of the word before, in the same paragraph.
    """
    for word, (start, end) in enumerate(marks):
        side = layout.side(end, wide)
        left, _ = layout.edges(side)
        if last and start.beside(last) and abs(start.x - last.x) < _SAME:
            yield Piece(end.page, side, end.y, left, end.x, word)
        elif start.beside(end):
            yield Piece(end.page, side, end.y, start.x, end.x, word)
        else:
            before = layout.side(start, wide)
            yield Piece(start.page, before, start.y, start.x, layout.edges(before)[1], word, broken=True)
            yield Piece(end.page, side, end.y, left, end.x, word)
        last = end


def spans(parts: Iterable[Piece], layout: Layout, size: float) -> list[Span]:
    """Gather pieces into spans, with a box for every line of text of the given font size in points."""
    found = []
    for (page, side), group in groupby(parts, key=lambda piece: (piece.page, piece.side)):
        here = list(group)
        boxes = []
        for y, on_line in groupby(here, key=lambda piece: round(piece.y, 2)):
            line = list(on_line)
            base = layout.height - y
            x0, x1 = min(piece.x0 for piece in line), max(piece.x1 for piece in line)
            boxes.append((x0, base - DESCENDER * size, x1, base + ASCENDER * size))
        words = tuple(dict.fromkeys(piece.word for piece in here))
        found.append(Span(page, side, words, tuple(boxes), here[-1].broken))
    return found


def rectangle(upper: Mark, lower: Mark, layout: Layout) -> Rectangle:
    """Between the upper left and the lower right corner of something drawn."""
    return upper.x, layout.height - lower.y, lower.x, layout.height - upper.y
