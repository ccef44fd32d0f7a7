"""What backs a demand of a request: the words of a sentence and the page on which it stands, or the question itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from rag.answers import EXTRACTIVE, Answer, AnswerSentence, Reference, Support
from rag.design.statements import says
from rag.documents import Box

Demand = Literal[
    "composition", "element", "family", "exclude", "prototype", "spacegroup", "crystal_system", "gap", "filter"
]
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
        """What `to_dict` gives."""
        place = support_from(given) if given.get("key") else None
        return cls(
            given["demand"],
            str(given["value"]),
            given["source"],
            str(given.get("words", "")),
            str(given.get("sentence", "")),
            place,
        )


def support_from(given: dict[str, Any]) -> Support:
    """A place on a page from its JSON."""
    label = given.get("label")
    return Support(
        key=str(given["key"]),
        file=str(given.get("file") or ""),
        page=int(given["page"]),
        label=None if label is None else str(label),
        quote=str(given["quote"]),
        boxes=tuple(Box(*map(float, box)) for box in given.get("boxes") or ()),
        score=float(given.get("score", 0.0)),
    )


def answer_from(given: dict[str, Any]) -> Answer:
    """An answer from its JSON, as a plan keeps it."""
    return Answer(
        question=str(given["question"]),
        abstained=bool(given["abstained"]),
        sentences=tuple(
            AnswerSentence(str(one["text"]), tuple(support_from(place) for place in one["support"]))
            for one in given["sentences"]
        ),
        references=tuple(
            Reference(one["key"], one["text"], one.get("doi"), one["file"], one["bibtex"])
            for one in given.get("references", ())
        ),
        model=str(given.get("model", EXTRACTIVE)),
        timings=dict(given.get("timings", {})),
    )
