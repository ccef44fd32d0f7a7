"""Paragraphs: blocks divided at indents and joined over columns, pages and floats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rag.documents import Kind
from rag.reading.blocks import CAPTION, Block
from rag.reading.lines import Line

_CLOSED = re.compile(r"[.!?:;…][)\]\"”’\d,–\-\s]*$")
_ITEM = re.compile(r"^(?:[•▪●■◦‣·–—*]\s|\(?(?:[ivx]{1,4}|\d{1,2}|[a-h])\)\s)")
_BULLET = re.compile(r"^[•▪●■◦‣·*]\s")
_LISTING = re.compile(r"(?:,|\b(?:and|or|i\.e\.|e\.g\.))$")
_LOWER = re.compile(r"^[a-z]+(?:[\s,;)]|-[a-z])")
_ENTRY = re.compile(r"^\W{0,2}(\d{1,3})(?:\s?[\].)]|\s)\s*\S")
_FLOATS = (Kind.CAPTION, Kind.TABLE, Kind.FRONT)
_FAR = 200
_AHEAD = 3
"""Paragraphs of any kind, and of plain text, among which the rest of a sentence is looked for."""


@dataclass(slots=True)
class Paragraph:
    """Lines in reading order that make one paragraph, caption, heading or reference."""

    kind: Kind
    lines: list[Line]
    section: str = ""


def paragraphs_of(blocks: Sequence[Block]) -> list[Paragraph]:
    """All paragraphs in reading order; a float inside a paragraph comes after it."""
    paragraphs: list[Paragraph] = []
    waiting: list[Paragraph] = []  # floats met while a paragraph of the text is still open
    open_text: Paragraph | None = None
    section = ""
    for block in blocks:
        if block.kind in (Kind.BODY, Kind.BACK):
            parts = _divide(block)
            if open_text is not None and _interrupts(open_text, block):
                waiting += [Paragraph(block.kind, lines, section) for lines in parts]
                continue
            if open_text is not None and _goes_on(open_text, block.kind, parts[0]):
                open_text.lines += parts.pop(0)
            if parts:
                paragraphs += waiting
                waiting = []
                paragraphs += [Paragraph(block.kind, lines, section) for lines in parts]
                open_text = paragraphs[-1]
            continue
        if block.kind is Kind.REFERENCE:
            made = _references(block, paragraphs, section)
        elif block.kind is Kind.CAPTION:
            made = _caption(block, waiting or paragraphs, section)
        else:
            made = [Paragraph(block.kind, list(block.lines), section)]
        if block.kind in _FLOATS and open_text is not None:
            waiting += made
            continue
        paragraphs += waiting + made
        waiting = []
        open_text = None
        if block.kind is Kind.HEADING:
            section = " ".join(block.text.split())
            made[0].section = section
    return _rejoined(paragraphs + waiting)


def is_open(lines: Sequence[Line]) -> bool:
    """Whether a paragraph breaks off: no full stop, in a line as long as its column."""
    last = lines[-1]
    return not _CLOSED.search(last.text) and last.x1 > last.column[1] - 4 * last.size


def is_cut_off(text: Paragraph, following: Paragraph | None) -> bool:
    """Whether the last sentence of a paragraph lacks its end: it is open, or leads on to a displayed formula or a list
    (``is calculated by``)."""
    if is_open(text.lines):
        return True
    if following is None or _CLOSED.search(text.lines[-1].text) or _ITEM.match(text.lines[0].text):
        return False
    is_list = following.kind is Kind.BODY and _BULLET.match(following.lines[0].text) is not None
    return is_list or following.kind is Kind.FORMULA


def begins_amid(text: str) -> bool:
    """Whether a text begins amid a sentence, with a plain word in lower case."""
    return _LOWER.match(text) is not None


def _rejoined(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Paragraphs that a figure's own writing kept apart are joined where both ends show that they belong together:
    the one breaks off, the other begins in lower case, in the same type, on this page or the next."""
    joined: set[int] = set()
    for at, text in enumerate(paragraphs):
        if id(text) in joined or text.kind is not Kind.BODY or not is_open(text.lines):
            continue
        following = [other for other in paragraphs[at + 1 : at + _FAR] if id(other) not in joined]
        if following and following[0].kind is Kind.FORMULA and _same_column(text, following[0]):
            continue  # the sentence goes on with the formula, which is no text
        rest = _rest_of(text, following)
        if rest is not None:
            text.lines += rest.lines
            joined.add(id(rest))
    return [paragraph for paragraph in paragraphs if id(paragraph) not in joined]


def _rest_of(text: Paragraph, following: Sequence[Paragraph]) -> Paragraph | None:
    last = text.lines[-1]
    looked_at = 0
    for other in following:
        if other.lines[0].page > last.page + 1 or looked_at == _AHEAD:
            return None
        first = other.lines[0]
        if other.kind is not Kind.BODY or first.font != last.font or abs(first.size - last.size) > 0.35:
            continue
        if begins_amid(first.text):
            return other
        looked_at += 1
    return None


def _same_column(one: Paragraph, other: Paragraph) -> bool:
    last, first = one.lines[-1], other.lines[0]
    return last.page == first.page and last.column == first.column


def _interrupts(text: Paragraph, block: Block) -> bool:
    """Words in another size while a sentence of the text is still open: a note, or writing in a figure."""
    last = text.lines[-1]
    return abs(last.size - block.size) > 0.35 and not _CLOSED.search(last.text)


def _divide(block: Block) -> list[list[Line]]:
    """Paragraphs of one block, by indent, by item marks, and behind short closed lines."""
    edges = Counter(round(line.x0) for line in block.lines)
    left = min((x for x, n in edges.items() if n >= max(1, len(block.lines) // 4)), default=block.lines[0].x0)
    right = max(line.x1 for line in block.lines)
    parts: list[list[Line]] = [[block.lines[0]]]
    for above, line in zip(block.lines, block.lines[1:], strict=False):
        indent = line.x0 - left
        indented = 0.7 * line.size < indent < 6 * line.size and above.x0 - left < 0.6 * line.size
        ended = above.x1 < right - 3 * above.size and bool(_CLOSED.search(above.text))
        if (
            (indented and (bool(_CLOSED.search(above.text)) or above.x1 < right - above.size))
            or ended
            or (_ITEM.match(line.text) and not _lists_on(above, line))
        ):
            parts.append([line])
        else:
            parts[-1].append(line)
    return parts


def _lists_on(above: Line, line: Line) -> bool:
    """Whether a mark such as ``(b)`` or a dash only counts on within a sentence that fills the line above."""
    if _BULLET.match(line.text) or _CLOSED.search(above.text):
        return False
    return bool(_LISTING.search(above.text)) or (line.text[0] in "–—" and above.x1 > above.column[1] - 3 * above.size)


def _goes_on(text: Paragraph, kind: Kind, lines: Sequence[Line]) -> bool:
    """Whether ``lines`` continue a paragraph that was cut by a column, a page or a float."""
    last, first = text.lines[-1], lines[0]
    if text.kind is not kind or abs(last.size - first.size) > 0.35:
        return False
    if _ITEM.match(first.text) and not _lists_on(last, first):
        return False
    if _CLOSED.search(last.text):
        return False
    same_column = last.page == first.page and last.column == first.column
    if same_column and last.base - first.base > 2.2 * last.size and not first.text[:1].islower():
        return last.base - first.base > 6 * last.size and last.x1 > last.column[1] - 3 * last.size
    return first.text[:1].islower() or last.x1 > last.column[1] - 4 * last.size


def _caption(block: Block, paragraphs: Sequence[Paragraph], section: str) -> list[Paragraph]:
    """A new caption, or the rest of one that is still open on this page."""
    if not CAPTION.match(block.lines[0].text):
        for previous in reversed(paragraphs[-12:]):
            last = previous.lines[-1]
            if previous.kind is not Kind.CAPTION or last.page != block.page or abs(last.size - block.size) > 0.35:
                continue
            if previous is paragraphs[-1] or not _CLOSED.search(last.text):
                previous.lines += block.lines
                return []
    return [Paragraph(Kind.CAPTION, list(block.lines), section)]


def _references(block: Block, paragraphs: Sequence[Paragraph], section: str) -> list[Paragraph]:
    """One paragraph an entry, told by its number, else by the hanging indent, else by the closed line above."""
    made: list[Paragraph] = []
    previous = paragraphs[-1] if paragraphs and paragraphs[-1].kind is Kind.REFERENCE else None
    number = _entry_number(previous.lines[0]) if previous else None
    edges = Counter(round(line.x0) for line in block.lines)
    left = min(edges) if edges else 0
    hanging = any(x - left > 4 for x in edges) and edges[left] + edges.get(left + 1, 0) < len(block.lines)
    for index, line in enumerate(block.lines):
        own = _entry_number(line)
        counts = own is not None and (own == 1 if number is None else number < own <= number + 2)
        if number is None and own is not None and previous is None and not made:
            counts = True
        if number is not None or counts:
            begins = counts
        elif hanging:
            begins = line.x0 - left < 3
        else:
            begins = index == 0 or (line.text[:1].isupper() and _closed_short(block.lines[index - 1], line))
        if counts:
            number = own
        if begins or (previous is None and not made):
            made.append(Paragraph(Kind.REFERENCE, [line], section))
        else:
            target = made[-1] if made else previous
            assert target is not None
            target.lines.append(line)
    return made


def _closed_short(above: Line, line: Line) -> bool:
    return bool(_CLOSED.search(above.text)) and above.x1 < line.column[1] - 2 * line.size


def _entry_number(line: Line) -> int | None:
    match = _ENTRY.match(line.text)
    return int(match[1]) if match else None
