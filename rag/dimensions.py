"""Dimensions belong to the thing behind them: ``2D XRD`` says nothing of 2D perovskites."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rag.reading.text import word_list

_DIMENSION = re.compile(r"(?<![\w-])(?:quasi-)?([0-3]D)\b")
_SERIES = re.compile(r"(?:\s*(?:/|,|and|or|to|vs\.?|versus|than)\s*(?:quasi-)?[0-3]D\b)*")
_WORDS = re.compile(r"\W{1,2}([^\W\d_]{3,}[\w-]*)" + 2 * r"(?:[ -]([^\W\d_]{3,}[\w-]*))?")
_NO_NAMES = word_list(
    "and are the for than that which with was were has have can may not but one ones from into when while more less"
)
_LEAST = 4
"""Letters that a word and its plural or a word made of it begin with."""


def things(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each dimension of a text, in small letters, and the words behind it up to the next mark, which say of what.

    >>> list(things("2D and 3D layered perovskites, and 2D"))
    [('2d', ['layered', 'perovskites']), ('3d', ['layered', 'perovskites']), ('2d', [])]
    """
    for match in _DIMENSION.finditer(text):
        behind = _WORDS.match(text, _SERIES.match(text, match.end()).end())  # type: ignore[union-attr]  # or nothing
        words = [word.lower() for word in behind.groups() if word] if behind else []
        yield match[1].lower(), [] if words and words[0] in _NO_NAMES else words


class Dimensions:
    """The dimensions that a question asks for, and of what.

    Args:
        question: As asked.
        subjects: What else it names, where no thing stands behind the dimension: "Which perovskites are 2D?"
    """

    def __init__(self, question: str, subjects: Iterable[str] = ()) -> None:
        asked = list(things(question))
        self._asked = {dimension for dimension, _ in asked}
        named = [word.lower() for _, words in asked for word in words] or [name.lower() for name in subjects]
        self._starts = {name[: max(_LEAST, len(name) - 2)] for name in named}

    def __bool__(self) -> bool:
        return bool(self._asked and self._starts)

    def strays(self, text: str) -> set[str]:
        """Those that a text gives to other things only."""
        if not self:
            return set()
        strays: set[str] = set()
        own: set[str] = set()
        for dimension, words in things(text):
            is_own = not words or any(word.startswith(start) for word in words for start in self._starts)
            (own if is_own else strays).add(dimension)
        return (strays - own) & self._asked
