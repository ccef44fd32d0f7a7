"""From characters to pieces of lines, and from pieces to whole lines.

A *piece* is an unbroken run of characters in stream order: it ends where the text jumps, so a piece never
crosses the gap between two columns. Pieces that share a baseline inside one column make a *line*.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from rag.documents import Box
from rag.reading.pdf import Glyphs
from rag.reading.text import UNKNOWN, UNKNOWN_DEGREE, UNKNOWN_MINUS, UNKNOWN_RING

UNSURE = 4
"""Flag among the script codes of a line."""

_MARKS = (UNKNOWN, UNKNOWN_MINUS, UNKNOWN_DEGREE, UNKNOWN_RING)
_GAP = 1.0  # ems; justified text rarely opens its word spaces wider
_WORD_GAP = 0.14  # ems, where the file itself writes no blank
_DROP = 1.7  # times the usual size: a drop capital
_BLANK_GAP = 0.03  # ems, where it does


@dataclass(slots=True)
class Piece:
    """Characters ``start`` to ``end`` of a page, on one baseline.

    ``size`` and ``font`` are those of most characters, ``bold`` the share of bold ones, ``angle`` in quarter
    turns (None: oblique); ``text`` has blanks between words.
    """

    start: int
    end: int
    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    bold: float
    font: str
    text: str
    angle: int | None = 0

    @property
    def width(self) -> float:
        return self.x1 - self.x0


@dataclass(slots=True)
class Line:
    """A line of one column.

    Attributes:
        text: Characters with blanks between words; ligatures and accents as in the file.
        script: One code a character: 0 on the line, 1 raised, 2 lowered; plus 4 (``UNSURE``) where readers of the
            file will not agree on the character.
        left, right: One horizontal position a character, points.
        y0, y1: Extent of the letters on the line, without raised and lowered ones.
        gaps: Blanks wider than 1.5 ems.
        column: Left and right edge of the column.
        bold: Share of bold characters.
    """

    page: int
    text: str
    script: bytes
    left: Sequence[float]
    right: Sequence[float]
    x0: float
    x1: float
    y0: float
    y1: float
    base: float
    size: float
    bold: float
    font: str
    gaps: int
    column: tuple[float, float] = (0.0, 0.0)

    @property
    def box(self) -> Box:
        return Box(self.x0, self.y0, self.x1, self.y1)


def pieces_of(glyphs: Glyphs) -> list[Piece]:
    """All pieces of a page in stream order, those that are not upright included."""
    count = len(glyphs.text)
    if not count:
        return []
    sizes = np.array([style.size for style in glyphs.styles], np.float32)
    angles = np.array([-1 if style.angle is None else style.angle for style in glyphs.styles], np.int32)
    size, angle = sizes[glyphs.style], angles[glyphs.style]
    larger = np.maximum(size[1:], size[:-1])
    step = glyphs.x0[1:] - glyphs.x1[:-1]
    jump = (
        (np.abs(np.diff(glyphs.base)) > 0.55 * larger)
        | (step > _GAP * larger)
        | (glyphs.x0[1:] < glyphs.x0[:-1] - 0.9 * larger)
    )
    # Sideways letters follow each other upwards: any step of less than two ems goes on.
    sideways = (angle[1:] != 0) & (angle[:-1] != 0)
    near = (np.abs(np.diff(glyphs.y0)) < 2 * larger) & (np.abs(np.diff(glyphs.x0)) < 2 * larger)
    jump = np.where(sideways, ~near, jump) | (angle[1:] != angle[:-1])
    cuts = np.concatenate(([0], np.flatnonzero(jump) + 1, [count]))
    spaced, place = _spaced(glyphs)
    return [
        _piece(glyphs, start, end, spaced[place[start] : place[end - 1] + 1])
        for start, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    ]


def _spaced(glyphs: Glyphs) -> tuple[str, list[int]]:
    """The characters with blanks where the file has them, and the place of each character in that string."""
    text, done = [], 0
    for at in np.flatnonzero(glyphs.space).tolist():
        text.append(glyphs.text[done:at])
        done = at
    text.append(glyphs.text[done:])
    place = np.arange(len(glyphs.text)) + np.cumsum(glyphs.space)
    return " ".join(text), place.tolist()


def _piece(glyphs: Glyphs, start: int, end: int, text: str) -> Piece:
    styles = glyphs.style[start:end]
    first = int(styles[0])
    if bool((styles == first).all()):
        main = first
        bold = float(glyphs.styles[first].bold)
    else:
        counts = np.bincount(styles, minlength=len(glyphs.styles))
        main = int(counts.argmax())
        bold = sum(n for n, style in zip(counts.tolist(), glyphs.styles, strict=True) if style.bold) / (
            end - start
        )
    style = glyphs.styles[main]
    chosen = start + int((styles == main).argmax())
    return Piece(
        start=start,
        end=end,
        x0=float(glyphs.x0[start:end].min()),
        y0=float(glyphs.y0[chosen]),
        x1=float(glyphs.x1[start:end].max()),
        y1=float(glyphs.y1[chosen]),
        base=float(glyphs.base[chosen]),
        size=style.size,
        bold=bold,
        font=style.font,
        text=text,
        angle=style.angle,
    )


def lines_of(glyphs: Glyphs, pieces: Iterable[Piece], column: tuple[float, float]) -> list[Line]:
    """The lines that ``pieces`` of one column make, top to bottom; a drop capital begins the line beside it."""
    pieces = list(pieces)
    usual = sorted(piece.size for piece in pieces)[len(pieces) // 2] if pieces else 0.0
    capitals = [p for p in pieces if p.end - p.start <= 2 and p.size > _DROP * usual and p.text.isalpha()]
    rows: list[list[Piece]] = []
    heads: list[Piece] = []  # the largest piece of each row
    for piece in sorted(pieces, key=lambda p: (-p.size * min(p.end - p.start, 12), -p.base)):
        if piece in capitals:
            continue
        row = _row_for(piece, heads)
        if row is None:
            heads.append(piece)
            rows.append([piece])
        else:
            rows[row].append(piece)
    for capital in capitals:
        beside = [
            r for r, head in enumerate(heads) if capital.y0 < head.base < capital.y1 and head.x0 > capital.x0
        ]
        if beside:
            rows[max(beside, key=lambda r: heads[r].base)].append(capital)
        else:
            heads.append(capital)
            rows.append([capital])
    order = sorted(range(len(rows)), key=lambda r: -heads[r].base)
    return [_line(glyphs, rows[r], heads[r], column) for r in order]


def _is_unsure(character: str) -> bool:
    """Marks of ours, and dingbats, which fonts code as they like."""
    return character > "\u26ff" and (character in _MARKS or character < "\u27c0")


def _row_for(piece: Piece, heads: Sequence[Piece]) -> int | None:
    best, distance = None, 1e9
    for index, head in enumerate(heads):
        offset = piece.base - head.base
        if piece.size < 0.85 * head.size:
            fits = -0.45 * head.size < offset < 0.75 * head.size
        else:
            fits = abs(offset) < 0.35 * head.size
        if fits and abs(offset) < distance:
            best, distance = index, abs(offset)
    return best


def _line(glyphs: Glyphs, row: list[Piece], head: Piece, column: tuple[float, float]) -> Line:
    row.sort(key=lambda piece: piece.x0)
    if len(row) == 1:
        index = np.arange(row[0].start, row[0].end)
    else:
        index = np.concatenate([np.arange(piece.start, piece.end) for piece in row])
    sizes = np.array([style.size for style in glyphs.styles], np.float32)[glyphs.style[index]]
    characters = [glyphs.text[i] for i in index.tolist()]
    x0, x1 = glyphs.x0[index], glyphs.x1[index]
    offset = glyphs.base[index] - head.base
    small = sizes < 0.87 * head.size
    raised = (small & (offset > 0.1 * head.size)) | (offset > 0.28 * head.size)
    lowered = (small & (offset < -0.05 * head.size)) | (offset < -0.28 * head.size)
    dropped = sizes > _DROP * head.size
    raised, lowered = raised & ~dropped, lowered & ~dropped
    code = raised.astype(np.uint8) + 2 * lowered.astype(np.uint8)
    step = np.empty(len(index), np.float32)
    step[0] = 0.0
    step[1:] = x0[1:] - x1[:-1]
    unsure = np.fromiter(map(_is_unsure, characters), np.bool_, len(characters))
    # Letters that stand over one another (limits of sums, hats) come in another order from every reader.
    # (A ligature's letters share one box, and are no such case.)
    over = (step < -0.75 * np.minimum(x1 - x0, np.roll(x1 - x0, 1))) & (np.abs(x0 - np.roll(x0, 1)) > 0.01)
    code[unsure | over | np.roll(over, -1)] += UNSURE
    blank = (step > _WORD_GAP * head.size) | (glyphs.space[index] & (step > _BLANK_GAP * head.size))
    blank[0] = False
    blank[1:] &= ~dropped[:-1]
    wide = int((step > 1.5 * head.size).sum())
    on_line = (code == 0) & ~small & ~dropped
    shown = [glyphs.styles[i] for i in set(glyphs.style[index[on_line] if on_line.any() else index].tolist())]
    if blank.any():
        at = np.flatnonzero(blank)
        x0, x1, code = (
            np.insert(x0, at, x1[at - 1]),
            np.insert(x1, at, x0[at]),
            np.insert(code, at, np.where(code[at - 1] == code[at], code[at] & 3, 0)),
        )
        for shift, position in enumerate(at.tolist()):
            characters.insert(position + shift, " ")
    bold = sum(piece.bold * (piece.end - piece.start) for piece in row) / max(1, len(index))
    return Line(
        page=glyphs.number,
        text="".join(characters),
        script=code.tobytes(),
        left=x0.tolist(),
        right=x1.tolist(),
        x0=float(x0.min()),
        x1=float(x1.max()),
        y0=head.base + min(style.fall for style in shown),
        y1=head.base + max(style.rise for style in shown),
        base=head.base,
        size=head.size,
        bold=bold,
        font=head.font,
        gaps=wide,
        column=column,
    )
