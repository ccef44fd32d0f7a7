"""Does a system find the page that states the answer?"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from rag.evaluation.measures import Estimate, bootstrap, first_hit, ndcg, table
from rag.evaluation.questions import Question, same_file

KS = (1, 3, 5, 10)
"""Ranks at which hits are counted."""


class Passage(Protocol):
    """What a searcher returns: one passage, with the physical pages (from 1) that it stands on."""

    @property
    def file(self) -> str: ...
    @property
    def pages(self) -> Sequence[int]: ...


Searcher = Callable[[str, int], Iterable[Passage]]
"""``(query, k) -> passages``, best first."""


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """How well one system finds the right pages.

    Attributes:
        system: Its name.
        ranks: For every question, the rank of the first right passage among the first ten, or None.
        hits: k -> share of questions with a right passage among the first k.
        mrr: Mean reciprocal rank, 0 beyond rank ten.
        ndcg10: nDCG@10 over pages in the order in which the passages name them.
        pages_per_passage: Mean number of pages that a passage names: who names many, hits by chance.
    """

    system: str
    ranks: tuple[int | None, ...]
    hits: Mapping[int, Estimate]
    mrr: Estimate
    ndcg10: Estimate
    pages_per_passage: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "system": self.system,
            "questions": len(self.ranks),
            "hit": {str(k): hit.to_dict() for k, hit in self.hits.items()},
            "mrr": self.mrr.to_dict(),
            "ndcg10": self.ndcg10.to_dict(),
            "pages_per_passage": self.pages_per_passage,
            "ranks": list(self.ranks),
        }


def evaluate_retrieval(
    system: str,
    search: Searcher,
    questions: Iterable[Question],
    *,
    unit: Literal["page", "file"] = "page",
    seed: int = 0,
) -> RetrievalReport:
    """Score a searcher on the questions whose place is known; the others are passed over.

    With the unit ``page`` a passage is right when it stands on one of the question's pages, in its file; with
    ``file`` (for pools of contexts, each a file of its own) when it stands in the question's file.
    """
    ranks: list[int | None] = []
    gains: list[float] = []
    widths: list[int] = []
    for question in questions:
        gold: set[Hashable] = {(question.file, page) for page in _pages(question, unit) if question.file}
        if not gold:
            continue
        passages = list(search(question.text, max(KS)))[: max(KS)]
        ranking = [[(_name(passage, question), page) for page in _pages(passage, unit)] for passage in passages]
        ranks.append(first_hit(ranking, gold))
        gains.append(ndcg(ranking, gold, 10))
        widths.extend(len(set(passage.pages)) for passage in passages)
    return RetrievalReport(
        system,
        tuple(ranks),
        {k: bootstrap([_within(rank, k) for rank in ranks], seed=seed) for k in KS},
        bootstrap([1 / rank if rank else 0.0 for rank in ranks], seed=seed),
        bootstrap(gains, seed=seed),
        sum(widths) / len(widths) if widths else 0.0,
    )


def compare(ours: RetrievalReport, other: RetrievalReport, k: int = 1, *, seed: int = 0) -> Estimate:
    """Paired difference of hit@k, ours minus the other's, over the same questions.

    Raises:
        ValueError: The reports are over different numbers of questions.
    """
    pairs = zip(ours.ranks, other.ranks, strict=True)
    return bootstrap([_within(a, k) - _within(b, k) for a, b in pairs], seed=seed)


def _within(rank: int | None, k: int) -> float:
    return float(rank is not None and rank <= k)


def _pages(place: Passage | Question, unit: Literal["page", "file"]) -> Sequence[int | None]:
    return place.pages if unit == "page" else (None,)


def _name(passage: Passage, question: Question) -> str:
    """The passage's file, under the name that the question uses for it."""
    return question.file if same_file(passage.file, question.file) else passage.file


def retrieval_table(reports: Sequence[RetrievalReport]) -> str:
    """Reports side by side, one measure a row, as a Markdown table."""
    measures: list[tuple[str, Callable[[RetrievalReport], str]]] = [
        *((f"hit@{k}", lambda report, k=k: str(report.hits[k])) for k in KS),
        ("MRR", lambda report: str(report.mrr)),
        ("nDCG@10", lambda report: str(report.ndcg10)),
        ("pages a passage", lambda report: f"{report.pages_per_passage:.2f}"),
        ("questions", lambda report: str(len(report.ranks))),
    ]
    rows = [(name, *(show(report) for report in reports)) for name, show in measures]
    return table(("", *(report.system for report in reports)), rows)
