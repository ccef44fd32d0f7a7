"""Page furniture: running heads and feet, side stamps, line numbers, and the page labels that they carry."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.reading.lines import Piece

_MARGIN = 0.13  # share of the page's height in which heads and feet stand
_DIGITS = re.compile(r"\d+")
_LABEL = re.compile(r"(?<![\d.,/:–-])([SeA]?)(\d{1,5})(?![\d,/:–]|\.\d|-\d)")
_RANGE = re.compile(r"(?<!\d)(\d{1,5})[–-](\d{1,5})(?!\d)")
_ROMAN = re.compile(r"^[ivxlc]{1,7}$|^[IVXLC]{1,7}$")
_BUTTON = re.compile(
    r"\W*(?:check for updates|crossmark|(?:view|read) (?:the )?(?:article|journal|issue)(?: online)?"
    r"(?: for updates and enhancements)?|read online|metrics & more|article recommendations|"
    r"(?:download|export|get) (?:pdf|citations?|permissions?))\W*",
    re.IGNORECASE,
)
"""What publishers' pages have to be clicked on."""
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class PagePieces:
    """Pieces of one page, with its size in points and the label that the file gives it."""

    number: int
    width: float
    height: float
    label: str
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class Furniture:
    """What is no part of the text.

    Attributes:
        ids: For each page, ``id`` of the pieces that are furniture.
        labels: For each page, the label as printed, else as the file says, else None.
        running: Distinct running heads, feet and stamps, digits of the first occurrence.
    """

    ids: list[set[int]]
    labels: list[str | None]
    running: tuple[str, ...]


def find_furniture(pages: Sequence[PagePieces]) -> Furniture:
    """Recognise furniture by repetition at the same place (digits masked) and by page-number sequences."""
    ids: list[set[int]] = [set() for _ in pages]
    running: dict[str, str] = {}
    edges = [_edge_pieces(page) for page in pages]
    _mark_repeated(pages, edges, ids, running)
    _mark_sideways(pages, ids, running)
    _mark_line_numbers(pages, ids)
    _mark_buttons(pages, ids)
    labels = _labels(pages, edges, ids)
    return Furniture(ids, labels, tuple(running.values()))


def _edge_pieces(page: PagePieces) -> list[Piece]:
    """Upright pieces in the first and last rows of the page, inside its margins."""
    upright = [piece for piece in page.pieces if piece.angle == 0]
    top = [piece for piece in upright if piece.base > page.height * (1 - _MARGIN)]
    foot = [piece for piece in upright if piece.base < page.height * _MARGIN]
    top_rows = sorted({round(piece.base) for piece in top}, reverse=True)[:6]
    foot_rows = sorted({round(piece.base) for piece in foot})[:6]
    rows = set(top_rows) | set(foot_rows)
    return [piece for piece in top + foot if round(piece.base) in rows]


def _signature(piece: Piece) -> str:
    return _DIGITS.sub("#", piece.text.lower())


def _mark_repeated(
    pages: Sequence[PagePieces], edges: Sequence[list[Piece]], ids: list[set[int]], running: dict[str, str]
) -> None:
    seen: dict[tuple[str, int], set[int]] = defaultdict(set)
    for index, pieces in enumerate(edges):
        for piece in pieces:
            row = round(piece.base / 4)
            for near in (row - 1, row, row + 1):
                seen[_signature(piece), near].add(index)
    needed = 2 if len(pages) <= 6 else 3
    for index, pieces in enumerate(edges):
        for piece in pieces:
            signature = _signature(piece)
            if len(seen[signature, round(piece.base / 4)]) >= needed:
                ids[index].add(id(piece))
                if re.search(r"[a-z]{3}", signature):
                    running.setdefault(signature, piece.text)
    _mark_rows(edges, ids, running)


def _mark_rows(edges: Sequence[list[Piece]], ids: list[set[int]], running: dict[str, str]) -> None:
    """A row that is mostly furniture is furniture as a whole; so is what stands outside of it."""
    for index, pieces in enumerate(edges):
        bases = [piece.base for piece in pieces if id(piece) in ids[index]]
        for piece in pieces:
            if id(piece) not in ids[index] and any(abs(piece.base - base) < 2 for base in bases):
                ids[index].add(id(piece))
                if len(running) < 40 and re.search(r"[A-Za-z]{3}", piece.text):
                    running.setdefault(_signature(piece), piece.text)


def _mark_sideways(pages: Sequence[PagePieces], ids: list[set[int]], running: dict[str, str]) -> None:
    for index, page in enumerate(pages):
        for piece in page.pieces:
            if piece.angle == 0:
                continue
            ids[index].add(id(piece))
            at_edge = piece.x1 < page.width * 0.12 or piece.x0 > page.width * 0.88
            if index < 2 and at_edge and len(piece.text) > 12:
                running.setdefault(_signature(piece), piece.text)


def _mark_line_numbers(pages: Sequence[PagePieces], ids: list[set[int]]) -> None:
    """Numbers that count the lines down the left margin."""
    for index, page in enumerate(pages):
        numbers = [p for p in page.pieces if p.angle == 0 and p.text.isdecimal() and len(p.text) <= 4]
        by_edge = Counter(round(piece.x1 / 3) for piece in numbers)
        for edge, count in by_edge.items():
            if count < 10:
                continue
            column = sorted((p for p in numbers if abs(p.x1 / 3 - edge) <= 1), key=lambda p: -p.base)
            steps = Counter(int(b.text) - int(a.text) for a, b in pairwise(column))
            step, times = steps.most_common(1)[0]
            if step in (1, 5) and times >= 0.8 * (len(column) - 1):
                ids[index].update(id(piece) for piece in column)


def _mark_buttons(pages: Sequence[PagePieces], ids: list[set[int]]) -> None:
    for index, page in enumerate(pages):
        ids[index].update(id(piece) for piece in page.pieces if _BUTTON.fullmatch(piece.text))


def _labels(pages: Sequence[PagePieces], edges: Sequence[list[Piece]], ids: list[set[int]]) -> list[str | None]:
    """Printed labels where a sequence that grows by one a page is seen, the file's own labels elsewhere."""
    given = [page.label or None for page in pages]
    candidates = [_printed_numbers(pieces) for pieces in edges]
    offsets: Counter[tuple[str, int]] = Counter()
    for index, found in enumerate(candidates):
        offsets.update({(style, value - index) for style, value, _ in found})
    printed: list[str | None] = [None] * len(pages)
    taken = [False] * len(pages)
    for (style, offset), count in offsets.most_common(8):
        support = [
            index
            for index, found in enumerate(candidates)
            if not taken[index] and any((s, v - index) == (style, offset) for s, v, _ in found)
        ]
        if len(support) < 2 or (count < 0.5 * (support[-1] - support[0] + 1)):
            continue
        first = support[0] if any(printed) or offset + support[0] <= support[0] else 0
        last = support[-1]
        if all(label is None for label in printed) and len(support) >= 0.5 * len(pages):
            first, last = (0, len(pages) - 1)
        for index in range(first, last + 1):
            if not taken[index] and offset + index >= 1:
                printed[index] = _spell(style, offset + index)
        for index in support:
            taken[index] = True
            for s, v, piece in candidates[index]:
                if (s, v - index) == (style, offset) and len(piece.text) <= 8:
                    ids[index].add(id(piece))
    _stay_in_range(edges, printed)
    both = [(seen, told) for seen, told in zip(printed, given, strict=True) if seen and told]
    if sum(seen != told for seen, told in both) > 0.5 * len(both):
        given = [None] * len(pages)  # the file's labels were seen to be wrong
    return [seen if seen is not None else told for seen, told in zip(printed, given, strict=True)]


def _stay_in_range(edges: Sequence[list[Piece]], printed: list[str | None]) -> None:
    """Where running lines give the article's range (``617–627``), a cover in front of it has no label."""
    ranges = Counter(
        (int(match[1]), int(match[2])) for pieces in edges for piece in pieces for match in _RANGE.finditer(piece.text)
    )
    labels = [int(label) for label in printed if label and label.isdecimal()]
    for (first, last), times in ranges.most_common(5):
        inside = [label for label in labels if first <= label <= last]
        if times >= 2 and len(labels) > len(inside) >= 0.6 * len(labels):
            for index, label in enumerate(printed):
                if label and label.isdecimal() and not first <= int(label) <= last:
                    printed[index] = None
            return


def _printed_numbers(pieces: Sequence[Piece]) -> list[tuple[str, int, Piece]]:
    """(style, value, piece) of every number in heads and feet that can be a page number."""
    found: list[tuple[str, int, Piece]] = []
    for piece in pieces:
        for match in _LABEL.finditer(piece.text):
            found.append((match[1], int(match[2]), piece))
        if _ROMAN.match(piece.text):
            value = _roman_value(piece.text.lower())
            found.append(("roman" if piece.text.islower() else "ROMAN", value, piece))
    return found


def _roman_value(text: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in text]
    return sum(-v if any(later > v for later in values[i + 1 : i + 2]) else v for i, v in enumerate(values))


def _spell(style: str, value: int) -> str:
    if style not in ("roman", "ROMAN"):
        return f"{style}{value}"
    text = ""
    for size, numeral in zip(
        (100, 90, 50, 40, 10, 9, 5, 4, 1), ("c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"), strict=True
    ):
        while value >= size:
            text, value = text + numeral, value - size
    return text.upper() if style == "ROMAN" else text
