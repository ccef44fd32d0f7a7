"""What an answer is: sentences, each with its pages, and the references behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rag.documents import Box
from rag.errors import QuestionError

if TYPE_CHECKING:
    from rag.report.pages import CitedPage

ABSTENTION = "The papers do not answer this question."
"""The whole answer where the papers are silent."""

EXTRACTIVE = "extractive"
"""The model of an answer whose sentences stand in the papers as they are."""

LIMITATION = "The papers do not answer this part of the question: “{part}”."
"""Added where they answer only another part."""

DEFINITION = "a definition of {term}"
"""The part of a question for what something is that is not answered where papers tell something else of it."""

FIXED = tuple(text.partition("{")[0] for text in (ABSTENTION, LIMITATION))
"""How the sentences begin that are ours, and no paper's."""


@dataclass(frozen=True)
class Support:
    """A place on a page that says what a sentence of the answer says.

    Attributes:
        key: Citation key of the paper.
        file: Its file name.
        page: Physical page, from 1.
        label: Page number as printed, or None.
        quote: Stands verbatim on that page, after Unicode (NFKC), hyphen and white-space normalisation.
        boxes: One a line, in PDF points, origin at the lower left.
        score: How well the quoted sentence fits the question; higher is better.
    """

    key: str
    file: str
    page: int
    label: str | None
    quote: str
    boxes: tuple[Box, ...]
    score: float

    @property
    def citation(self) -> str:
        """``Mosquera2023 page 5``: the physical page, as a PDF viewer counts."""
        return f"{self.key} page {self.page}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "key": self.key,
            "file": self.file,
            "page": self.page,
            "label": self.label,
            "quote": self.quote,
            "boxes": [[b.x0, b.y0, b.x1, b.y1] for b in self.boxes],
            "score": round(self.score, 4),
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What `to_dict` gives."""
        label = given.get("label")
        return cls(
            key=str(given["key"]),
            file=str(given.get("file") or ""),
            page=int(given["page"]),
            label=None if label is None else str(label),
            quote=str(given["quote"]),
            boxes=tuple(Box(*map(float, box)) for box in given.get("boxes") or ()),
            score=float(given.get("score", 0.0)),
        )


@dataclass(frozen=True)
class AnswerSentence:
    """One sentence of an answer.

    Attributes:
        text: Without its citation.
        support: Empty only for the abstention and limitation sentences.
    """

    text: str
    support: tuple[Support, ...] = ()

    @property
    def citations(self) -> str:
        """``Mosquera2023 page 5; Kim2020 page 2``: each once."""
        return "; ".join(dict.fromkeys(support.citation for support in self.support))

    @property
    def cited(self) -> str:
        """The sentence with its citation before the full stop: ``... (Mosquera2023 page 5).``"""
        if not self.support:
            return self.text
        body = self.text.rstrip()
        end = "."
        if body.endswith((".", "!", "?")):
            body, end = body[:-1], body[-1]
        return f"{body} ({self.citations}){end}"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"text": self.text, "support": [support.to_dict() for support in self.support]}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What `to_dict` gives."""
        return cls(str(given["text"]), tuple(Support.from_dict(place) for place in given["support"]))


@dataclass(frozen=True)
class Source:
    """Where a paper lay when it was taken in, and the SHA-256 that its file had then (lower-case hex)."""

    path: Path
    sha256: str


@dataclass(frozen=True)
class Reference:
    """A paper that an answer cites: MLA text, DOI (or None), file, BibTeX entry; where its pages can be looked at."""

    key: str
    text: str
    doi: str | None
    file: str
    bibtex: str
    source: Source | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "key": self.key,
            "text": self.text,
            "doi": self.doi,
            "file": self.file,
            "bibtex": self.bibtex,
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What `to_dict` gives; where the file lay is not told."""
        return cls(given["key"], given["text"], given.get("doi"), given["file"], given["bibtex"])


@dataclass(frozen=True)
class Disagreement:
    """Two papers that contradict each other.

    Attributes:
        kind: In what: ``number``, ``direction`` (more or less, stable or not) or ``negation``.
        first: What the one says, with its place.
        second: What the other says.
    """

    kind: str
    first: AnswerSentence
    second: AnswerSentence

    @property
    def text(self) -> str:
        """In one sentence, with both citations."""
        return f"The papers disagree: {_inside(self.first)}, whereas {_inside(self.second)}."

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind,
            "text": self.text,
            "first": self.first.to_dict(),
            "second": self.second.to_dict(),
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What `to_dict` gives."""
        first, second = (AnswerSentence.from_dict(given[place]) for place in ("first", "second"))
        return cls(str(given["kind"]), first, second)


def _inside(sentence: AnswerSentence) -> str:
    return f"“{sentence.text.rstrip().rstrip('.')}” ({sentence.citations})"


@dataclass(frozen=True)
class Statement:
    """What one paper says on a question.

    Attributes:
        key: Citation key of the paper.
        sentence: As it says it, with its place.
        agrees: Citations of the papers that say the same of the same thing.
        disagrees: Citations of those that contradict it.
    """

    key: str
    sentence: AnswerSentence
    agrees: tuple[str, ...] = ()
    disagrees: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "key": self.key,
            **self.sentence.to_dict(),
            "agrees": list(self.agrees),
            "disagrees": list(self.disagrees),
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What `to_dict` gives."""
        sentence = AnswerSentence.from_dict(given)
        return cls(str(given["key"]), sentence, tuple(given.get("agrees", ())), tuple(given.get("disagrees", ())))


@dataclass(frozen=True)
class Answer:
    """An answer from the papers.

    Attributes:
        question: As asked.
        abstained: True where the papers do not answer.
        sentences: In a readable order.
        references: One a cited paper, in the order of first citation.
        model: What wrote the sentences: ``extractive``, or a model's name.
        timings: Seconds by step.
        disagreements: Papers that contradict what the answer says, or, where papers were compared, each other.
        comparison: What each paper says on the question, where papers were compared: several statements a paper.
    """

    question: str
    abstained: bool
    sentences: tuple[AnswerSentence, ...]
    references: tuple[Reference, ...] = ()
    model: str = EXTRACTIVE
    timings: dict[str, float] = field(default_factory=dict)
    disagreements: tuple[Disagreement, ...] = ()
    comparison: tuple[Statement, ...] = ()

    @property
    def text(self) -> str:
        """The answer in one paragraph, every sentence with its citation."""
        return " ".join(sentence.cited for sentence in self.sentences)

    @property
    def supports(self) -> tuple[Support, ...]:
        """Every place that is cited: by the answer, by disagreements, in the comparison."""
        disputed = [sentence for d in self.disagreements for sentence in (d.first, d.second)]
        compared = [statement.sentence for statement in self.comparison]
        return tuple(s for sentence in (*self.sentences, *disputed, *compared) for s in sentence.support)

    def show(self, n: int = 1) -> CitedPage:
        """The n-th page that is cited, from 1, with its quotes marked; a notebook shows it.

        Raises:
            QuestionError: If fewer pages are cited.
        """
        from rag.report.pages import draw_pages

        places = list(dict.fromkeys((support.key, support.page) for support in self.supports))
        if not 1 <= n <= len(places):
            raise QuestionError(f"page {n} of those cited was asked for, and the answer cites {len(places)}")
        key, page = places[n - 1]
        (drawn,) = draw_pages(self, only=(key, page))
        return drawn

    def to_dict(self) -> dict[str, Any]:
        """As JSON; ``comparison`` only where papers were compared."""
        compared = {"comparison": [statement.to_dict() for statement in self.comparison]} if self.comparison else {}
        return {
            "question": self.question,
            "answer": self.text,
            "abstained": self.abstained,
            "sentences": [sentence.to_dict() for sentence in self.sentences],
            "references": [reference.to_dict() for reference in self.references],
            "model": self.model,
            "disagreements": [disagreement.to_dict() for disagreement in self.disagreements],
            **compared,
            "timings": {step: round(seconds, 4) for step, seconds in self.timings.items()},
        }

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Self:
        """What `to_dict` gives, as a saved plan keeps it.

        Raises:
            KeyError, TypeError, ValueError: If it is no answer.
        """
        return cls(
            question=str(given["question"]),
            abstained=bool(given["abstained"]),
            sentences=tuple(AnswerSentence.from_dict(one) for one in given["sentences"]),
            references=tuple(Reference.from_dict(one) for one in given.get("references", ())),
            model=str(given.get("model", EXTRACTIVE)),
            timings=dict(given.get("timings", {})),
            disagreements=tuple(Disagreement.from_dict(one) for one in given.get("disagreements", ())),
            comparison=tuple(Statement.from_dict(one) for one in given.get("comparison", ())),
        )

    def __str__(self) -> str:
        references = "\n".join(f"{r.key}: {r.text}" for r in self.references)
        disputes = "\n".join(disagreement.text for disagreement in self.disagreements)
        return "\n\n".join(part for part in (self.text, disputes, references) if part)

    def _repr_html_(self) -> str:
        """For notebooks: the paragraph, and its references below; quotes show when a citation is pointed at."""
        sentences = []
        for sentence in self.sentences:
            quotes = " / ".join(f"{s.citation}: “{s.quote}”" for s in sentence.support)
            sentences.append(f'<span title="{escape(quotes)}">{escape(sentence.cited)}</span>')
        disputes = "".join(f"<p><b>{escape(disagreement.text)}</b></p>" for disagreement in self.disagreements)
        items = "".join(f"<li><b>{escape(r.key)}</b> {escape(r.text)}</li>" for r in self.references)
        return f"<p>{' '.join(sentences)}</p>{disputes}" + (f"<ul>{items}</ul>" if items else "")


@dataclass(frozen=True)
class PassageHit:
    """A passage found, without an answer."""

    rank: int
    key: str
    file: str
    pages: list[int]
    labels: list[str | None]
    text: str
    score: float

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rank": self.rank,
            "key": self.key,
            "file": self.file,
            "pages": self.pages,
            "labels": self.labels,
            "text": self.text,
            "score": round(self.score, 4),
        }


@dataclass(frozen=True)
class PassageHits(Sequence[PassageHit]):
    """Passages in the order of their rank."""

    query: str
    hits: list[PassageHit]

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[PassageHit]:
        return iter(self.hits)

    def __getitem__(self, index: Any) -> Any:
        return self.hits[index]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {"query": self.query, "passages": [hit.to_dict() for hit in self.hits]}

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{h.rank}</td><td>{escape(h.key)}</td><td>{', '.join(map(str, h.pages))}</td>"
            f"<td>{h.score:.3f}</td><td style='text-align:left'>{escape(h.text)}</td></tr>"
            for h in self.hits
        )
        return f"<table><tr><th>#</th><th>paper</th><th>page</th><th>score</th><th>passage</th></tr>{rows}</table>"
