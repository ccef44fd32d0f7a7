"""From characters to pieces of lines, and from pieces to whole lines.

A *piece* is an unbroken run of characters in stream order: it ends where the text jumps, so a piece never
crosses the gap between two columns. Pieces that share a baseline inside one column make a *line*.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.documents import Box
from rag.reading.pdf import Floats, Glyphs, Ints
from rag.reading.text import UNKNOWN, UNKNOWN_DEGREE, UNKNOWN_MINUS, UNKNOWN_RING

UNSURE = 4
"""Flag among the script codes of a line."""

_MARKS = re.compile(f"[{UNKNOWN}{UNKNOWN_MINUS}{UNKNOWN_DEGREE}{UNKNOWN_RING}\u2700-\u27bf]")
_GAP = 1.0  # ems; justified text rarely opens its word spaces wider
_WORD_GAP = 0.14  # ems, where the file itself writes no blank
_DROP = 1.7  # times the usual size: a drop capital
_HOLE = 1.5  # ems; between the cells of a table
_BLANK_GAP = 0.03  # ems, where it does


@dataclass(slots=True)
class Piece:
    """Characters ``start`` to ``end`` of a page, on one baseline.

    ``size``, ``font`` and ``style`` (index among the page's) are those of most characters, ``bold`` the share of
    bold ones, ``angle`` in quarter turns (None: oblique); ``uniform``: one style, one baseline; ``text`` has blanks
    between words.
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
    style: int
    uniform: bool
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
    styles, bases = glyphs.style[start:end], glyphs.base[start:end]
    main, chosen = int(styles[0]), start
    uniform = bool((styles == main).all())
    bold = float(glyphs.styles[main].bold)
    if not uniform:
        counts = np.bincount(styles, minlength=len(glyphs.styles))
        main = int(counts.argmax())
        chosen = start + int((styles == main).argmax())
        heavy = sum(n for n, style in zip(counts.tolist(), glyphs.styles, strict=True) if style.bold)
        bold = heavy / (end - start)
    style = glyphs.styles[main]
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
        style=main,
        uniform=uniform and float(bases.max() - bases.min()) < 0.05 * style.size,
        angle=style.angle,
    )


def lines_of(glyphs: Glyphs, spacing: Spacing, pieces: Iterable[Piece], column: tuple[float, float]) -> list[Line]:
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
        beside = [r for r, head in enumerate(heads) if capital.y0 < head.base < capital.y1 and head.x0 > capital.x0]
        if beside:
            rows[max(beside, key=lambda r: heads[r].base)].append(capital)
        else:
            heads.append(capital)
            rows.append([capital])
    order = sorted(range(len(rows)), key=lambda r: -heads[r].base)
    return [_line(glyphs, spacing, rows[r], heads[r], column) for r in order]


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


class Spacing:
    """What lies between the characters of a page in stream order, found once for all its lines.

    Attributes:
        left, right: Edges of every character.
        blanks: Characters that a blank follows, ascending; ``holes``: that a wide gap follows.
        unsure: Characters that readers will not agree on, ascending.
    """

    def __init__(self, glyphs: Glyphs) -> None:
        self.left: list[float] = glyphs.x0.tolist()
        self.right: list[float] = glyphs.x1.tolist()
        step = glyphs.x0[1:] - glyphs.x1[:-1]
        size = np.array([style.size for style in glyphs.styles], np.float32)[glyphs.style[:-1]]
        self.blanks: list[int] = np.flatnonzero(_blanks(step, glyphs.space, size)).tolist()
        self.holes: list[int] = np.flatnonzero(step > _HOLE * size).tolist()
        self.unsure = _unsure(glyphs.text, glyphs.x0, glyphs.x1, step)


def _line(glyphs: Glyphs, spacing: Spacing, row: list[Piece], head: Piece, column: tuple[float, float]) -> Line:
    row.sort(key=lambda piece: piece.x0)
    if len(row) == 1 and head.uniform:
        text, script, left, right, holes = _plain_text(glyphs, spacing, head)
        styles = {head.style}
    else:
        text, script, left, right, holes, styles = _mixed_text(glyphs, row, head)
    letters = sum(piece.end - piece.start for piece in row)
    font, size = _main_look(row, head)
    return Line(
        page=glyphs.number,
        text=text,
        script=script,
        left=left,
        right=right,
        x0=min(piece.x0 for piece in row),
        x1=max(piece.x1 for piece in row),
        y0=head.base + min(glyphs.styles[style].fall for style in styles),
        y1=head.base + max(glyphs.styles[style].rise for style in styles),
        base=head.base,
        size=size,
        bold=sum(piece.bold * (piece.end - piece.start) for piece in row) / letters,
        font=font,
        gaps=holes,
        column=column,
    )


def _main_look(row: Sequence[Piece], head: Piece) -> tuple[str, float]:
    """Font and size of most characters on the line; a run-in heading may be larger."""
    letters: Counter[tuple[str, float]] = Counter()
    for piece in row:
        if piece.size > 0.87 * head.size:
            letters[piece.font, piece.size] += piece.end - piece.start
    return letters.most_common(1)[0][0]


def _plain_text(glyphs: Glyphs, spacing: Spacing, piece: Piece) -> tuple[str, bytes, list[float], list[float], int]:
    """Characters, codes, edges and number of holes of a piece without raised or lowered characters."""
    start, end = piece.start, piece.end
    code = bytearray(end - start)
    for at in spacing.unsure[bisect_left(spacing.unsure, start) : bisect_left(spacing.unsure, end)]:
        code[at - start] = UNSURE
    blanks = spacing.blanks[bisect_left(spacing.blanks, start) : bisect_left(spacing.blanks, end - 1)]
    holes = bisect_left(spacing.holes, end - 1) - bisect_left(spacing.holes, start)
    left, right = spacing.left[start:end], spacing.right[start:end]
    return *_with_blanks(glyphs.text[start:end], bytes(code), left, right, [at - start for at in blanks]), holes


def _mixed_text(
    glyphs: Glyphs, row: Sequence[Piece], head: Piece
) -> tuple[str, bytes, list[float], list[float], int, set[int]]:
    """As above for a line of several pieces or styles; and the styles that stand on the line."""
    index = np.concatenate([np.arange(piece.start, piece.end, dtype=np.int32) for piece in row])
    text = "".join(glyphs.text[piece.start : piece.end] for piece in row)
    x0, x1 = glyphs.x0[index], glyphs.x1[index]
    step = x0[1:] - x1[:-1]
    code, dropped, plain = _scripts(glyphs, index, head)
    blank = _blanks(step, glyphs.space[index], head.size) & ~dropped[:-1]
    code[_unsure(text, x0, x1, step)] |= UNSURE
    used = glyphs.style[index]
    styles = set(used[plain].tolist()) or set(used.tolist())
    blanks = np.flatnonzero(blank).tolist()
    holes = int((step > _HOLE * head.size).sum())
    return *_with_blanks(text, code.tobytes(), x0.tolist(), x1.tolist(), blanks), holes, styles


def _blanks(step: Floats, space: npt.NDArray[np.bool_], size: Floats | float) -> npt.NDArray[np.bool_]:
    """Whether a blank stands between neighbours ``step`` points apart; ``space``: the file has one before it."""
    blank: npt.NDArray[np.bool_] = (step > _WORD_GAP * size) | (space[1:] & (step > _BLANK_GAP * size))
    return blank


def _unsure(text: str, x0: Floats, x1: Floats, step: Floats) -> list[int]:
    """Positions that readers will not agree on: marks of ours, dingbats, letters that stand over one another."""
    unsure = [] if text.isascii() else [match.start() for match in _MARKS.finditer(text)]
    if len(step) and float(step.min()) < -0.5:
        width = x1 - x0
        # Hats and limits of sums. (A ligature's letters share one box, and are no such case.)
        over = (step < -0.75 * np.minimum(width[1:], width[:-1])) & (np.abs(np.diff(x0)) > 0.01)
        over &= step > -3 * np.maximum(width[1:], width[:-1])  # a new line is no overlap
        first = np.flatnonzero(over)
        unsure += np.union1d(first, first + 1).tolist()
    return sorted(unsure)


def _scripts(
    glyphs: Glyphs, index: Ints, head: Piece
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Script codes of a line's characters; which are drop capitals; which stand plainly on the line."""
    size = np.array([style.size for style in glyphs.styles], np.float32)[glyphs.style[index]]
    offset = glyphs.base[index] - head.base
    small = size < 0.87 * head.size
    dropped = size > _DROP * head.size
    raised = ((small & (offset > 0.1 * head.size)) | (offset > 0.28 * head.size)) & ~dropped
    lowered = ((small & (offset < -0.05 * head.size)) | (offset < -0.28 * head.size)) & ~dropped
    code = raised.astype(np.uint8) + 2 * lowered.astype(np.uint8)
    return code, dropped, (code == 0) & ~small & ~dropped


def _with_blanks(
    text: str, code: bytes, lefts: list[float], rights: list[float], blanks: list[int]
) -> tuple[str, bytes, list[float], list[float]]:
    """The characters, codes and edges with a blank put in behind each of the positions ``blanks``."""
    letters: list[str] = []
    script: list[bytes] = []
    left: list[float] = []
    right: list[float] = []
    done = 0
    for at in blanks:
        end = at + 1
        letters += (text[done:end], " ")
        inside = code[at] & 3 if code[at] & 3 == code[end] & 3 else 0
        script += (code[done:end], bytes((inside,)))
        left += lefts[done:end]
        left.append(rights[at])
        right += rights[done:end]
        right.append(lefts[end])
        done = end
    letters.append(text[done:])
    script.append(code[done:])
    return "".join(letters), b"".join(script), left + lefts[done:], right + rights[done:]
