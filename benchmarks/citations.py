"""Does each citation of this project's answers hold?

Two questions, put to others' readers: does the quote stand on the page that it names (`rag.evaluation.fidelity`), and
does that page say the sentence (:mod:`benchmarks.judge`, as for every other system)?
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.judge import Judge
from rag.answers import FIXED, Answer, AnswerSentence
from rag.evaluation.fidelity import FidelityReport, PageReader, Quote, check_quotes


@dataclass(frozen=True, slots=True)
class CitationReport:
    """How many citations hold.

    Attributes:
        sentences: Sentences of answers that say something, the fixed ones of silence not counted.
        uncited: Those without any citation.
        unsupported: Those that no page says which they cite.
        quotes: Whether the quotes stand on their pages.
    """

    sentences: int
    uncited: tuple[str, ...]
    unsupported: tuple[str, ...]
    quotes: FidelityReport

    @property
    def precision(self) -> float:
        """Share of the citations that hold: those of supported sentences whose quote stands on its page."""
        wrong = len(self.quotes.astray) + len(self.unsupported)
        return max(0.0, 1 - wrong / self.quotes.checked) if self.quotes.checked else 1.0

    def __str__(self) -> str:
        return (
            f"citation precision {self.precision:.3f}: {self.quotes}; of {self.sentences} sentences "
            f"{len(self.unsupported)} are not said by their pages, {len(self.uncited)} cite none"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "precision": self.precision,
            "sentences": self.sentences,
            "uncited": list(self.uncited),
            "unsupported": list(self.unsupported),
            "quotes": self.quotes.to_dict(),
        }


def check_citations(
    answers: Iterable[Answer],
    judge: Judge,
    locate: Callable[[str], Path],
    read: PageReader | None = None,
    reader: str = "",
) -> CitationReport:
    """Look at every citation of some answers.

    Args:
        answers: Of this project.
        judge: Knows the pages of all papers.
        locate: Path of a file by its name.
        read: Reads a page for its quotes; by default the best reader here that is not ours.
        reader: Its name, for the report.
    """
    sentences = [s for answer in answers if not answer.abstained for s in answer.sentences if not _is_fixed(s)]
    quotes = [Quote(place.file, place.page, place.quote) for s in sentences for place in s.support]
    return CitationReport(
        len(sentences),
        tuple(s.text for s in sentences if not s.support),
        tuple(s.text for s in sentences if s.support and not _holds(s, judge)),
        check_quotes([quote for quote in quotes if quote.file.lower().endswith(".pdf")], locate, read, reader),
    )


def _holds(sentence: AnswerSentence, judge: Judge) -> bool:
    return judge.check(sentence.text, [(place.file, place.page) for place in sentence.support]).held


def _is_fixed(sentence: AnswerSentence) -> bool:
    return not sentence.support and sentence.text.startswith(FIXED)
