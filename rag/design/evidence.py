"""What backs a demand of a request: the words of a sentence and the page on which it stands, or the question itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from rag.answers import Support
from rag.design.parts import Demand
from rag.design.statements import says

Source = Literal["paper", "question", "user"]


@dataclass(frozen=True)
class Evidence:
    """Why a request demands something.

    Attributes:
        demand: Which part of the request.
        value: What it demands: a formula, a symbol, a name, a number as text.
        source: Who says so: a paper, the question, or the user who changed the request.
        words: The words that say so, as they stand there.
        sentence: That they stand in; empty for a user's change.
        place: Where it stands; None unless a paper says so.
    """

    demand: Demand
    value: str
    source: Source
    words: str
    sentence: str
    place: Support | None = None

    @property
    def holds(self) -> bool:
        """Whether the quote has the words; always so where no paper is quoted."""
        return self.place is None or says(self.place.quote, self.words)

    def to_dict(self) -> dict[str, Any]:
        """As JSON; places that no paper has are null."""
        place = self.place
        return {
            "demand": self.demand,
            "value": self.value,
            "source": self.source,
            "words": self.words,
            "sentence": self.sentence,
            "key": place.key if place else None,
            "file": place.file if place else None,
            "page": place.page if place else None,
            "label": place.label if place else None,
            "quote": place.quote if place else None,
            "boxes": [[b.x0, b.y0, b.x1, b.y1] for b in place.boxes] if place else [],
        }

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Evidence:
        """What `to_dict` gives.

        Raises:
            KeyError, TypeError, ValueError: If it is something else.
        """
        if given["demand"] not in get_args(Demand) or given["source"] not in get_args(Source):
            raise ValueError(f"{given['demand']!r} by {given['source']!r} is no demand that anyone makes")
        place = Support.from_dict(given) if given.get("key") else None
        return cls(
            given["demand"],
            str(given["value"]),
            given["source"],
            str(given.get("words", "")),
            str(given.get("sentence", "")),
            place,
        )
