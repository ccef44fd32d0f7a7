"""From the marks around every word to the lines on which a sentence stands.

The typesetter reports a mark as (page, x, y) with y the base line, measured from the top of the page. Three rules
turn marks into boxes: a word that begins where its predecessor ended has moved to the next line with its space
dropped; a word whose marks lie on two lines is broken, and fills its first line up to the edge of the column; a line's
height is the font's, whatever its characters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

ASCENDER, DESCENDER = 0.894, 0.246
"""Of Libertinus Serif, in units of the font size."""

_SAME = 0.01
"""Points within which two positions are one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the typeset document: page from 1, x and base line in points from the upper left corner."""

    page: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Layout:
    """What the page looks like, in points; ``left`` is the left edge of the text."""

    width: float
    height: float
    left: float
    column: float
    gutter: float

    def side(self, x: float) -> str:
        """The column in which a point lies: ``left`` or ``right``."""
        return "left" if x < self.left + self.column + self.gutter / 2 else "right"

    def edges(self, side: str) -> tuple[float, float]:
        """Left and right edge of a column (``left``, ``right`` or ``full``)."""
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
    """A part of a sentence in one column of one page: its words and its lines.

    Attributes:
        page: From 1.
        side: ``left``, ``right`` or ``full``.
        words: Indices of the words that begin here.
        boxes: One a line, ``(x0, y0, x1, y1)`` in PDF points, origin at the lower left.
        broken: Whether a word is cut by the span's end.
    """

    page: int
    side: str
    words: tuple[int, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    broken: bool


def pieces(
    marks: Iterable[tuple[int, Mark, Mark]], layout: Layout, full: bool, last: Mark | None
) -> Iterator[Piece]:
    """Pieces of a sentence's words.

    Args:
        marks: Index, start and end of every word.
        layout: The page.
        full: Whether the sentence stands across both columns.
        last: End of the word before, in the same paragraph.
    """
    for word, start, end in marks:
        side = "full" if full else layout.side(end.x)
        left, _ = layout.edges(side)
        if last and start.page == last.page and abs(start.x - last.x) + abs(start.y - last.y) < _SAME:
            yield Piece(end.page, side, end.y, left, end.x, word)
        elif start.page == end.page and abs(start.y - end.y) < _SAME:
            yield Piece(end.page, side, end.y, start.x, end.x, word)
        else:
            before = "full" if full else layout.side(start.x)
            yield Piece(start.page, before, start.y, start.x, layout.edges(before)[1], word, broken=True)
            yield Piece(end.page, side, end.y, left, end.x, word)
        last = end


def spans(parts: Iterable[Piece], layout: Layout, size: float) -> list[Span]:
    """Gather pieces into spans, with a box for every line of text of the given font size."""
    found = []
    for (page, side), group in groupby(parts, key=lambda piece: (piece.page, piece.side)):
        here = list(group)
        boxes = []
        for y, line in groupby(here, key=lambda piece: round(piece.y, 2)):
            on_line = list(line)
            base = layout.height - y
            x0, x1 = min(piece.x0 for piece in on_line), max(piece.x1 for piece in on_line)
            boxes.append((x0, base - DESCENDER * size, x1, base + ASCENDER * size))
        words = dict.fromkeys(piece.word for piece in here)
        found.append(Span(page, side, tuple(words), tuple(boxes), here[-1].broken))
    return found
