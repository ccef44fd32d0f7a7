"""Reading order of a page: columns found by their left edges, bands by what crosses the gutter.

A recursive cut in the manner of the XY-cut (Nagy and Seth, 1984), with one change: a gutter need not be free
over the whole height. Pieces that cross it (titles, full-width figures, captions, tables) divide the page into
bands, and every band is read column by column.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rag.reading.lines import Piece

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_GUTTER = 5.0  # points, the least white space between two columns
_MAX_DEPTH = 6


@dataclass(frozen=True, slots=True)
class Column:
    """Pieces that are read top to bottom, between two edges."""

    pieces: tuple[Piece, ...]
    x0: float
    x1: float


def columns_of(pieces: Sequence[Piece]) -> list[Column]:
    """The columns of a page in reading order. Every piece is in exactly one."""
    return _split(list(pieces), 0) if pieces else []


def _split(pieces: list[Piece], depth: int) -> list[Column]:
    gutter = _gutter(pieces) if depth < _MAX_DEPTH else None
    if gutter is None:
        return [_column(pieces)]
    bands = _bands(pieces, gutter)
    _keep_last_lines(bands, gutter)
    bands = [band for band in bands if band[1]]
    if not bands:
        return [_column(pieces)]
    columns: list[Column] = []
    for crossing, members in bands:
        if crossing:
            columns += _split(members, depth + 1) if len(members) < len(pieces) else [_column(members)]
            continue
        left = [piece for piece in members if piece.x0 + piece.x1 < 2 * gutter]
        right = [piece for piece in members if piece.x0 + piece.x1 >= 2 * gutter]
        for side in (left, right):
            if side:
                columns += _split(side, depth + 1)
    return columns


def _keep_last_lines(bands: list[tuple[bool, list[Piece]]], gutter: float) -> None:
    """Give the short last line of a full-width paragraph back to it: it does not cross the gutter."""
    for (crosses, above), (_, below) in pairwise(bands):
        if not crosses:
            continue
        last = min((piece for piece in above if piece.x0 < gutter < piece.x1), key=lambda piece: piece.base)
        for piece in [p for p in below if p.x0 < gutter]:
            step = last.base - piece.base
            near = 0.8 * piece.size < step < 1.5 * piece.size
            alike = abs(piece.size - last.size) < 0.2 and abs(piece.x0 - last.x0) < 1.5 and piece.font == last.font
            beside = any(p is not piece and abs(p.base - piece.base) < 0.6 * p.size for p in below)
            if near and alike and not beside:
                below.remove(piece)
                above.append(piece)
                break


def _column(pieces: Sequence[Piece]) -> Column:
    """Edges at which lines begin and end, not those of the one that sticks out."""
    lefts = sorted(piece.x0 for piece in pieces)
    rights = sorted(piece.x1 for piece in pieces)
    trim = len(pieces) // 20
    return Column(tuple(pieces), lefts[trim], rights[len(rights) - 1 - trim])


def _gutter(pieces: Sequence[Piece]) -> float | None:
    """Position of the gutter with most text in columns on both sides of it, or None."""
    if len(pieces) < 6:
        return None
    x0 = np.array([piece.x0 for piece in pieces])
    x1 = np.array([piece.x1 for piece in pieces])
    y0 = np.array([piece.y0 for piece in pieces])
    y1 = np.array([piece.y1 for piece in pieces])
    letters = np.array([piece.end - piece.start for piece in pieces], float)
    starts = Counter(round(left) for left, count in zip(x0.tolist(), letters.tolist(), strict=True) if count > 6)
    best, best_score = _text_edge(x0, x1, y0, y1, letters)
    for left_edge, _ in starts.most_common(14):
        edge = left_edge - 0.5
        inside = (x0 < edge - _GUTTER) & (x1 > edge - _GUTTER / 2)
        score, position = _score(x0, x1, y0, y1, letters, edge, inside)
        if score > best_score:
            best, best_score = position, score
    return best


def _score(
    x0: np.ndarray,
    x1: np.ndarray,
    y0: np.ndarray,
    y1: np.ndarray,
    letters: np.ndarray,
    edge: float,
    crossing: np.ndarray,
) -> tuple[float, float]:
    """How much prose stands side by side at ``edge``: the height of text lines on the thinner side."""
    left, right = ~crossing & (x1 <= edge), ~crossing & (x0 >= edge - 1)
    if left.sum() < 3 or right.sum() < 3:
        return 0.0, edge
    left_width = x1[left].max() - x0[left].min()
    right_width = x1[right].max() - x0[right].min()
    prose_left = left & (x1 - x0 > 0.5 * left_width) & (letters >= 12)
    prose_right = right & (x1 - x0 > 0.5 * right_width) & (letters >= 12)
    if prose_left.sum() < 3 or prose_right.sum() < 3:
        return _sidebar(x0, x1, y0, y1, letters, edge, crossing), edge - _GUTTER / 2
    bottom = max(y0[prose_left].min(), y0[prose_right].min())
    top = min(y1[prose_left].max(), y1[prose_right].max())
    shared = (y0 >= bottom - 2) & (y1 <= top + 2)
    height = y1 - y0
    side_by_side = min(height[prose_left & shared].sum(), height[prose_right & shared].sum())
    crossed = height[crossing & shared & (letters >= 12)].sum()
    lines = min((prose_left & shared).sum(), (prose_right & shared).sum())
    if lines < 3 and not (lines >= 2 and crossed == 0):
        return 0.0, edge
    position = float((x1[left & shared].max(initial=edge - _GUTTER) + edge) / 2)
    return float(side_by_side - 0.35 * crossed), position


def _text_edge(x0: Floats, x1: Floats, y0: Floats, y1: Floats, letters: Floats) -> tuple[float | None, float]:
    """Right edge of a block of prose that has a figure or notes beside it, and its score."""
    ends = Counter(round(right) for right, count in zip(x1.tolist(), letters.tolist(), strict=True) if count >= 25)
    best, best_score = None, 0.0
    for end, count in ends.most_common(3):
        prose = (np.abs(x1 - end) < 2) & (letters >= 25)
        if count < 5 or prose.sum() < 5:
            continue
        low, high = y0[prose].min(), y1[prose].max()
        level = (y0 >= low) & (y1 <= high)
        beside = level & (x0 > end + _GUTTER)
        crossing = level & (x0 < end) & (x1 > end + _GUTTER)
        score = 0.5 * float((y1 - y0)[beside].sum())
        if beside.sum() >= 3 and not crossing.any() and score > best_score:
            best, best_score = float(end + _GUTTER / 2), score
    return best, best_score


def _sidebar(x0: Floats, x1: Floats, y0: Floats, y1: Floats, letters: Floats, edge: float, crossing: Bools) -> float:
    """Score of a narrow column of notes (dates, licence, key words) on the left of prose."""
    right = (abs(x0 - edge) < 2) & (letters >= 25)
    left = ~crossing & (x1 <= edge - _GUTTER)
    if right.sum() < 5:
        return 0.0
    beside = left & (y0 >= y0[right].min() - 2) & (y1 <= y1[right].max() + 2)
    if beside.sum() < 2 or letters[beside].mean() < 9:
        return 0.0
    bottom, top = y0[beside].min() - 2, y1[beside].max() + 2
    if (crossing & (y0 < top) & (y1 > bottom)).any() or (right & (y0 < top) & (y1 > bottom)).sum() < 3:
        return 0.0
    return 0.5 * float((y1 - y0)[beside].sum())


def _bands(pieces: Sequence[Piece], gutter: float) -> list[tuple[bool, list[Piece]]]:
    """Bands from top to bottom: (crosses the gutter, pieces)."""
    crossing = sorted(
        (piece for piece in pieces if piece.x0 < gutter - 1 and piece.x1 > gutter + 1),
        key=lambda piece: -piece.y1,
    )
    spans: list[list[float]] = []  # [bottom, top] of what crosses, top to bottom
    for piece in crossing:
        if spans and piece.y1 > spans[-1][0]:
            spans[-1][0] = min(spans[-1][0], piece.y0)
        else:
            spans.append([piece.y0, piece.y1])
    bands: list[tuple[bool, list[Piece]]] = [(bool(i % 2), []) for i in range(2 * len(spans) + 1)]
    for piece in pieces:
        middle = (piece.y0 + piece.y1) / 2
        index = 0
        for number, (bottom, top) in enumerate(spans):
            if middle > top:
                break
            index = 2 * number + (1 if middle >= bottom else 2)
            if middle >= bottom:
                break
        bands[index][1].append(piece)
    joined: list[tuple[bool, list[Piece]]] = []
    for crosses, members in bands:
        if not members:
            continue
        if joined and joined[-1][0] == crosses:
            joined[-1][1].extend(members)
        else:
            joined.append((crosses, members))
    return joined
