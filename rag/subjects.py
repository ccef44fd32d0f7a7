"""What a question speaks of by name: what is said of other things is no answer to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from rag.mentions import mentions_of

_CIRCUMSTANCE = re.compile(r"\b(?:when|where|if|while|whose|during|after|before|with|by)\b", re.IGNORECASE)
"""What follows tells when and how: an answer need not repeat it."""
_FORMULA = re.compile(r"(?=.*[A-Z].*\d)(?:[A-Z][a-z]?\d*){2,}")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a question names.

    Attributes:
        names: Formulas and names written like them (``GaN``, ``M3GNet``).
        elements: Elements by their name in words, each with its symbol behind it (``tin``, ``Sn``); not those of a
            circumstance (``when bonds to hydrogen are constrained``).
        structures: Words for structure types (``perovskites``).
    """

    names: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()

    @classmethod
    def of(cls, question: str) -> Self:
        """Read a question.

        >>> Subject.of("Is GaN harder than silicon?")
        Subject(names=('GaN',), elements=('silicon', 'Si'), structures=())
        """
        main = next((match.start() for match in _CIRCUMSTANCE.finditer(question, 1)), len(question))
        elements: list[str] = []
        structures: list[str] = []
        for mention in mentions_of(question):
            written = question[mention.start : mention.end]
            symbols = [str(symbol) for symbol, _ in mention.composition]
            if mention.kind == "element" and written not in symbols and mention.start < main:
                elements += [written, *symbols]
            elif mention.kind == "prototype":
                structures.append(written)
        return cls(tuple(names_in(question)), tuple(dict.fromkeys(elements)), tuple(dict.fromkeys(structures)))

    def left_out_of(self, question: str) -> str:
        """The question with "it" for what it names.

        >>> Subject.of("How hard is GaN?").left_out_of("How hard is GaN?")
        'How hard is it?'
        """
        for name in sorted((*self.names, *self.elements), key=len, reverse=True):
            question = re.sub(rf"(?<![\w-])(?:[\w-]+-)?{re.escape(name)}(?:-[\w-]+)?(?![\w-])", "it", question)
        return question


def names_in(text: str) -> list[str]:
    """Formulas and names written like them (``GaN``, ``FAPbI3``, ``M3GNet``)."""
    tokens = re.findall(r"[^\W_]+", text)
    return [
        t
        for t in tokens
        if (sum(c.isupper() for c in t) > 1 and not t.removesuffix("s").isupper()) or _FORMULA.fullmatch(t)
    ]
