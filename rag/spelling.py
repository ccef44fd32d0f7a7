"""Words that are written in several ways: ``time step`` and ``timestep``, ``oxidise`` and ``oxidize``, ``tin`` and
``Sn``.

A search by words finds only the spelling that was asked for. So a question is also put in the other spellings that
the papers use: neighbouring words as one, one word as two, British English for American or the other way round,
elements by symbol for name or the other way round, and by words that are made of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clip_mat.language.names import ELEMENT_SYMBOLS
from rag.derived import relatives
from rag.mentions import mentions_of

_WORD = re.compile(r"[^\W\d_]+")
_NEIGHBOURS = re.compile(r"(?<![^\W_])(?=([^\W\d_]{2,})[ -]([^\W\d_]{2,})(?![^\W_]))")
_SHORTEST_PART = 3
"""Letters of each half of a word that is split."""
_LONGEST = 30
"""Letters of a word that is looked at."""

_IN_BRITAIN_AND_AMERICA = (
    (r"is(?=(?:e|ed|es|er|ers|ing|ation|ations|able)$)", "iz"),
    (r"iz(?=(?:e|ed|es|er|ers|ing|ation|ations|able)$)", "is"),
    (r"ys(?=(?:e|ed|es|er|ers|ing)$)", "yz"),
    (r"yz(?=(?:e|ed|es|er|ers|ing)$)", "ys"),
    (r"our(?=(?:s|ed|ing|al|able|less)?$)", "or"),
    (r"(?<=[bcilmnpv]o)r(?=(?:s|ed|ing|al|able|less)?$)", "ur"),
    (r"ll(?=(?:ed|ing|er|ers)$)", "l"),
    (r"(?<=[aeiou])l(?=(?:ed|ing|er|ers)$)", "ll"),
    (r"re(?=s?$)", "er"),
    (r"(?<=[bt])er(?=s?$)", "re"),
    (r"sulph", "sulf"),
    (r"sulf", "sulph"),
    (r"aluminium", "aluminum"),
    (r"aluminum", "aluminium"),
    (r"caesium", "cesium"),
    (r"cesium", "caesium"),
    (r"grey", "gray"),
    (r"gray", "grey"),
    (r"mould", "mold"),
    (r"\bmold", "mould"),
)


@dataclass(frozen=True, slots=True)
class OtherSpelling:
    """Words of a question as they are written elsewhere.

    Attributes:
        written: The other way.
        asked: The words of the question, in small letters.
        passages: How many are written so.
    """

    written: str
    asked: tuple[str, ...]
    passages: int

    def put_into(self, question: str) -> str:
        """The question with its words written so."""
        words = "[ -]".join(map(re.escape, self.asked))
        return re.sub(rf"(?<![^\W_]){words}(?![^\W_])", self.written, question, flags=re.IGNORECASE)


def other_spellings(question: str, frequency: Callable[[Sequence[str]], dict[str, int]]) -> Iterator[OtherSpelling]:
    """The ways to write words of a question that the papers use, too.

    Args:
        question: As asked.
        frequency: In how many passages words stand; several are looked for in a row.
    """
    text = question.lower()
    words = [word for word in dict.fromkeys(_WORD.findall(text)) if _SHORTEST_PART < len(word) <= _LONGEST]
    others: list[tuple[str, tuple[str, ...]]] = [
        (match[1] + match[2], (match[1], match[2]))
        for match in _NEIGHBOURS.finditer(text)
        if len(match[1]) + len(match[2]) <= _LONGEST
    ]
    others += [(other, (word,)) for word in words for other in (*_abroad(word), *relatives(word))]
    others += _elements(question)
    held = frequency([*words, *(written for written, _ in others)])
    # A word that the papers have is not taken apart: "understand" asks for nothing that stands under something.
    apart = [
        (f"{word[:at]} {word[at:]}", (word,))
        for word in words
        if not held[word]
        for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
    ]
    held |= frequency([written for written, _ in apart])
    for written, asked in (*others, *apart):
        if held[written]:
            yield OtherSpelling(written, asked, held[written])


def _abroad(word: str) -> Iterator[str]:
    """How a word is spelt on the other side of the Atlantic, or would be if it were such a word."""
    for pattern, other in _IN_BRITAIN_AND_AMERICA:
        written = re.sub(pattern, other, word)
        if written != word:
            yield written


def _elements(question: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Elements of a question by symbol where it has their name, and by name where it has their symbol."""
    for mention in mentions_of(question):
        if mention.kind == "element" and len(mention.composition) == 1:
            written = question[mention.start : mention.end]
            symbol = str(mention.composition[0][0])
            names = [name for name, of in ELEMENT_SYMBOLS.items() if of == symbol and " " not in name]
            for other in names if written == symbol else [symbol]:
                if len(symbol) > 1:  # a single letter mostly means something else
                    yield other, (written.lower(),)
