"""Quotes found again in a text, which has no boxes to mark."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rag.reading.text import normalise_quote, strip_controls

Piece = tuple[str, bool]
"""Text, and whether it is quoted."""

Span = tuple[int, int]

GAP = "\n[…]\n"
"""Stands where text was left out."""

_LETTER = re.compile("[^\u0300-\u036f][\u0300-\u036f]*|.", re.DOTALL)
_LEAST_CONTEXT = 200  # characters on either side of a quote


def mark_quotes(page: str, quotes: Sequence[str], characters: int) -> list[Piece]:
    """The text of a page in pieces, of which those that are quotes are marked.

    Args:
        page: All of it.
        quotes: As `rag.documents.Fragment` has them; one that is not found is not marked.
        characters: A longer page is cut down to about so many, around the quotes.
    """
    text = strip_controls(page).strip("\n")
    marks = _merged(_find(text, quotes))
    if len(text) <= characters:
        return list(_pieces(text, [(0, len(text))], marks))
    room = (characters - sum(end - start for start, end in marks)) // (2 * max(len(marks), 1))
    context = max(room, _LEAST_CONTEXT)
    shown = [(max(0, start - context), min(len(text), end + context)) for start, end in marks]
    return list(_pieces(text, _merged(shown) or [(0, characters)], marks))


def _find(text: str, quotes: Sequence[str]) -> Iterator[Span]:
    """Where quotes stand, in characters of the text as it is, though they are compared in their normal form."""
    normal: list[str] = []
    starts: list[int] = []
    for letter in _LETTER.finditer(text):
        plain = normalise_quote(letter[0])
        normal.append(plain)
        starts += [letter.start()] * len(plain)
    joined = "".join(normal)
    for quote in quotes:
        wanted = normalise_quote(quote)
        place = joined.find(wanted) if wanted else -1
        if place >= 0:
            last = _LETTER.match(text, starts[place + len(wanted) - 1])
            yield starts[place], last.end() if last else len(text)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _pieces(text: str, shown: Sequence[Span], marks: Sequence[Span]) -> Iterator[Piece]:
    for first, last in shown:
        if first > 0:
            yield GAP, False
        here = first
        for start, end in marks:
            if first <= start and end <= last:
                if here < start:
                    yield text[here:start], False
                yield text[start:end], True
                here = end
        if here < last:
            yield text[here:last], False
    if shown and shown[-1][1] < len(text):
        yield GAP, False
