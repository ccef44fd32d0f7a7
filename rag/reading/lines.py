"""From characters to pieces of lines, and from pieces to whole lines.

A *piece* is an unbroken run of characters in stream order: it ends where the text jumps, so a piece never
crosses the gap between two columns. Pieces that share a baseline inside one column make a *line*.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from rag.documents import Box
from rag.reading.pdf import Floats, Glyphs, Ints
from rag.reading.text import UNKNOWN, UNKNOWN_DEGREE, UNKNOWN_MINUS, UNKNOWN_RING

UNSURE = 4
"""Flag among the script codes of a line."""

Bools = npt.NDArray[np.bool_]

_MARKS = np.array([ord(mark) for mark in (UNKNOWN, UNKNOWN_MINUS, UNKNOWN_DEGREE, UNKNOWN_RING)], np.uint32)
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
    starts = np.concatenate(([0], np.flatnonzero(jump) + 1))
    ends = [*starts[1:].tolist(), count]
    x0, x1 = np.minimum.reduceat(glyphs.x0, starts).tolist(), np.maximum.reduceat(glyphs.x1, starts).tolist()
    level = np.maximum.reduceat(glyphs.base, starts) - np.minimum.reduceat(glyphs.base, starts)
    one_style = np.maximum.reduceat(glyphs.style, starts) == np.minimum.reduceat(glyphs.style, starts)
    uniform = (one_style & (level < 0.05 * size[starts])).tolist()
    spaced, place = _spaced(glyphs)
    pieces = []
    for row, (start, end, same) in enumerate(zip(starts.tolist(), ends, one_style.tolist(), strict=True)):
        chosen, bold = (start, None) if same else _most(glyphs, start, end)
        main = int(glyphs.style[chosen])
        style = glyphs.styles[main]
        pieces.append(
            Piece(
                start=start,
                end=end,
                x0=x0[row],
                y0=float(glyphs.y0[chosen]),
                x1=x1[row],
                y1=float(glyphs.y1[chosen]),
                base=float(glyphs.base[chosen]),
                size=style.size,
                bold=float(style.bold) if bold is None else bold,
                font=style.font,
                text=spaced[place[start] : place[end - 1] + 1],
                style=main,
                uniform=uniform[row],
                angle=style.angle,
            )
        )
    return pieces


def _most(glyphs: Glyphs, start: int, end: int) -> tuple[int, float]:
    """The first character in the style of most of them, and the share of bold ones."""
    styles = glyphs.style[start:end].tolist()
    counts = Counter(styles)
    main = min(counts, key=lambda style: (-counts[style], style))
    heavy = sum(count for style, count in counts.items() if glyphs.styles[style].bold)
    return start + styles.index(main), heavy / (end - start)


def _spaced(glyphs: Glyphs) -> tuple[str, list[int]]:
    """The characters with blanks where the file has them, and the place of each character in that string."""
    text, done = [], 0
    for at in np.flatnonzero(glyphs.space).tolist():
        text.append(glyphs.text[done:at])
        done = at
    text.append(glyphs.text[done:])
    place = np.arange(len(glyphs.text)) + np.cumsum(glyphs.space)
    return " ".join(text), place.tolist()


@dataclass(frozen=True, slots=True)
class Row:
    """Pieces on one baseline of one column, left to right, and the largest of them."""

    pieces: list[Piece]
    head: Piece
    column: tuple[float, float]


def rows_of(pieces: Iterable[Piece], column: tuple[float, float]) -> list[Row]:
    """The rows that ``pieces`` of one column make, top to bottom; a drop capital begins the row beside it."""
    pieces = list(pieces)
    usual = sorted(piece.size for piece in pieces)[len(pieces) // 2] if pieces else 0.0
    capitals = [p for p in pieces if p.end - p.start <= 2 and p.size > _DROP * usual and p.text.isalpha()]
    aside = set(map(id, capitals))
    rows: list[Row] = []
    finder = _RowFinder(max((piece.size for piece in pieces), default=0.0))
    for piece in sorted(pieces, key=lambda p: (-p.size * min(p.end - p.start, 12), -p.base)):
        if id(piece) in aside:
            continue
        row = finder.row_for(piece)
        if row is None:
            finder.add(piece)
            rows.append(Row([piece], piece, column))
        else:
            rows[row].pieces.append(piece)
    for capital in capitals:
        beside = [r for r in rows if capital.y0 < r.head.base < capital.y1 and r.head.x0 > capital.x0]
        if beside:
            max(beside, key=lambda r: r.head.base).pieces.append(capital)
        else:
            rows.append(Row([capital], capital, column))
    for made in rows:
        made.pieces.sort(key=lambda piece: piece.x0)
    return sorted(rows, key=lambda r: -r.head.base)


class _RowFinder:
    """Heads of rows, by the height of their baselines. ``largest``: size that no head exceeds."""

    def __init__(self, largest: float) -> None:
        self._largest = largest
        self._heads: list[tuple[float, int, float]] = []  # baseline, number, size

    def add(self, head: Piece) -> None:
        insort(self._heads, (head.base, len(self._heads), head.size))

    def row_for(self, piece: Piece) -> int | None:
        """Number of the row whose baseline is nearest, among those that the piece fits."""
        best, distance = None, 1e9
        first = bisect_left(self._heads, (piece.base - 0.75 * self._largest, 0, 0.0))
        for base, number, size in islice(self._heads, first, None):
            offset = piece.base - base
            if offset < -0.45 * self._largest:
                break
            small = piece.size < 0.85 * size
            fits = -0.45 * size < offset < 0.75 * size if small else abs(offset) < 0.35 * size
            if fits and (abs(offset), number) < (distance, -1 if best is None else best):
                best, distance = number, abs(offset)
        return best


def lines_of(glyphs: Glyphs, rows: Sequence[Row]) -> list[Line]:
    """One line a row; all rows of a page at once, because arrays of a line's length are slow."""
    if not rows:
        return []
    spans = [np.arange(piece.start, piece.end, dtype=np.int32) for row in rows for piece in row.pieces]
    index = np.concatenate(spans)
    letters = [sum(piece.end - piece.start for piece in row.pieces) for row in rows]
    ends = np.cumsum(letters, dtype=np.intp)
    begins = ends - letters
    row_of = np.repeat(np.arange(len(rows)), letters)
    head_size = np.repeat(np.array([row.head.size for row in rows], np.float32), letters)
    head_base = np.repeat(np.array([row.head.base for row in rows], np.float32), letters)
    x0, x1, style = glyphs.x0[index], glyphs.x1[index], glyphs.style[index]
    codes = np.frombuffer(glyphs.text.encode("utf-32-le"), "<u4")[index]
    step = x0[1:] - x1[:-1]
    inside = row_of[1:] == row_of[:-1]

    size = np.array([each.size for each in glyphs.styles], np.float32)[style]
    script, dropped, plain = _scripts(size, glyphs.base[index] - head_base, head_size)
    script[_unsure(codes, x0, x1, step, inside)] |= UNSURE
    em = head_size[:-1]
    # A blank is a wide gap, or a narrow one where the file itself has a blank.
    blank = (step > _WORD_GAP * em) | (glyphs.space[index[1:]] & (step > _BLANK_GAP * em))
    blank &= inside & ~dropped[:-1]
    holes = np.bincount(row_of[:-1][inside & (step > _HOLE * em)], minlength=len(rows)).tolist()
    text = _WithBlanks(codes, script, x0, x1, np.flatnonzero(blank), glyphs.doubtful[index])
    fall = _extreme(np.minimum, [each.fall for each in glyphs.styles], style, plain, begins)
    rise = _extreme(np.maximum, [each.rise for each in glyphs.styles], style, plain, begins)

    lines = []
    for number, (row, first, last) in enumerate(zip(rows, begins.tolist(), ends.tolist(), strict=True)):
        font, main_size = _main_look(row)
        at = slice(text.place[first], text.place[last - 1] + 1)
        lines.append(
            Line(
                page=glyphs.number,
                text=text.text[at],
                script=text.script[at],
                left=text.left[at],
                right=text.right[at],
                x0=min(piece.x0 for piece in row.pieces),
                x1=max(piece.x1 for piece in row.pieces),
                y0=row.head.base + fall[number],
                y1=row.head.base + rise[number],
                base=row.head.base,
                size=main_size,
                bold=sum(piece.bold * (piece.end - piece.start) for piece in row.pieces) / letters[number],
                font=font,
                gaps=holes[number],
                column=row.column,
            )
        )
    return lines


def _main_look(row: Row) -> tuple[str, float]:
    """Font and size of most characters on the line; a run-in heading may be larger."""
    head = row.head
    if len(row.pieces) == 1:
        return head.font, head.size
    letters: Counter[tuple[str, float]] = Counter()
    for piece in row.pieces:
        if piece.size > 0.87 * head.size:
            letters[piece.font, piece.size] += piece.end - piece.start
    return letters.most_common(1)[0][0]


def _scripts(size: Floats, offset: Floats, head: Floats) -> tuple[npt.NDArray[np.uint8], Bools, Bools]:
    """Script codes of characters ``offset`` points over the baseline of text of size ``head``; which are drop
    capitals; which stand plainly on the line."""
    small = size < 0.87 * head
    dropped = size > _DROP * head
    raised = ((small & (offset > 0.1 * head)) | (offset > 0.28 * head)) & ~dropped
    lowered = ((small & (offset < -0.05 * head)) | (offset < -0.28 * head)) & ~dropped
    code = raised.astype(np.uint8) + 2 * lowered.astype(np.uint8)
    return code, dropped, (code == 0) & ~small & ~dropped


def _unsure(codes: npt.NDArray[np.uint32], x0: Floats, x1: Floats, step: Floats, inside: Bools) -> Bools:
    """Characters that readers will not agree on: marks of ours, dingbats, rare letters, what stand over one another."""
    unsure = np.isin(codes, _MARKS) | ((codes >= 0x2700) & (codes <= 0x27BF)) | (codes > 0xFFFF)
    width = x1 - x0
    # Hats and limits of sums. (A ligature's letters share one box, and are no such case.)
    over = (step < -0.75 * np.minimum(width[1:], width[:-1])) & (np.abs(np.diff(x0)) > 0.01)
    over &= inside & (step > -3 * np.maximum(width[1:], width[:-1]))  # a new line is no overlap
    unsure[1:] |= over
    unsure[:-1] |= over
    return unsure


def _extreme(
    choose: np.ufunc, values: Sequence[float], style: Ints, plain: Bools, begins: npt.NDArray[np.intp]
) -> list[float]:
    """Least or greatest of the styles' ``values`` in each row: of its plain characters, else of all."""
    each = np.array(values)[style]
    never = np.inf if choose is np.minimum else -np.inf
    best = choose.reduceat(np.where(plain, each, never), begins)
    extremes: list[float] = np.where(np.isinf(best), choose.reduceat(each, begins), best).tolist()
    return extremes


class _WithBlanks:
    """Characters, codes and edges with a blank put in behind each of the characters ``behind``.

    Attributes:
        place: Where each of the characters has gone.
    """

    def __init__(
        self,
        codes: npt.NDArray[np.uint32],
        script: npt.NDArray[np.uint8],
        x0: Floats,
        x1: Floats,
        behind: npt.NDArray[np.intp],
        doubtful: Bools,
    ) -> None:
        # A blank has the script of its neighbours, where they agree; it reaches from one to the other.
        around = script[behind] & 3
        around[around != script[behind + 1] & 3] = 0
        around[doubtful[behind + 1]] |= UNSURE
        self.text = np.insert(codes, behind + 1, ord(" ")).astype("<u4").tobytes().decode("utf-32-le")
        self.script = np.insert(script, behind + 1, around).tobytes()
        self.left = _compact(np.insert(x0, behind + 1, x1[behind]))
        self.right = _compact(np.insert(x1, behind + 1, x0[behind + 1]))
        place = np.arange(len(codes))
        place += np.searchsorted(behind, place)
        self.place: list[int] = place.tolist()


def _compact(values: Floats) -> array[float]:
    """Floats of which a slice is made as fast as of a list, at an eighth of the memory: a book has millions of them."""
    return array("f", values.astype(np.float32).tobytes())
