"""Does each citation of an answer hold? Judged by means that share no code with those that made the answer.

A citation is right when its quote stands on the page that it names, as another reader reads that page, and the quotes
of the sentence together hold every number of it and most of its words. That is less than understanding, but nothing
that an answerer could talk itself into.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.answers import ABSTENTION, LIMITATION
from rag.evaluation.answers import Answer, AnswerSentence
from rag.evaluation.fidelity import FidelityReport, PageReader, Quote, check_quotes
from rag.reading.text import word_list

LEAST_OVERLAP = 0.5
"""Share of a sentence's content words that its quotes must hold."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[a-z]{3,}")
_SMALL = word_list(
    "the and for with that this these those are was were has have had been being from into onto than then they them "
    "their its not can could may might will would shall should must does did done also such which who whom whose what "
    "when where while because since between about over under very more most much many some any all each both"
)


@dataclass(frozen=True, slots=True)
class CitationReport:
    """How many citations hold.

    Attributes:
        sentences: Sentences of answers that say something, the fixed ones of silence not counted.
        uncited: Those without any citation.
        unsupported: Those whose quotes lack one of their numbers, or most of their words.
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
            f"{len(self.unsupported)} say more than their quotes, {len(self.uncited)} have none"
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
    answers: Iterable[Answer], locate: Callable[[str], Path], read: PageReader | None = None, reader: str = ""
) -> CitationReport:
    """Look at every citation of some answers.

    Args:
        answers: Of any system that gives quotes.
        locate: Path of a file by its name.
        read: Reads a page; by default the best reader here that is not ours.
        reader: Its name, for the report.
    """
    sentences = [s for answer in answers if not answer.abstained for s in answer.sentences if not _is_fixed(s)]
    quotes = [Quote(place.file, place.page, place.quote) for s in sentences for place in s.support]
    return CitationReport(
        len(sentences),
        tuple(s.text for s in sentences if not s.support),
        tuple(s.text for s in sentences if s.support and not holds(s)),
        check_quotes([quote for quote in quotes if quote.file.lower().endswith(".pdf")], locate, read, reader),
    )


def holds(sentence: AnswerSentence) -> bool:
    """Whether the quotes of a sentence hold all its numbers and most of its words."""
    said, quoted = _plain(sentence.text), _plain(" ".join(place.quote for place in sentence.support))
    if not set(_NUMBER.findall(said)) <= set(_NUMBER.findall(quoted)):
        return False
    ours, theirs = _stems(said), _stems(quoted)
    return not ours or len(ours & theirs) / len(ours) >= LEAST_OVERLAP


def _is_fixed(sentence: AnswerSentence) -> bool:
    return not sentence.support and (
        sentence.text == ABSTENTION or sentence.text.startswith(LIMITATION.partition("{")[0])
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("−", "-").replace("^", "").casefold()


def _stems(text: str) -> set[str]:
    """First six letters of each word: enough to tell words, not their forms."""
    return {word[:6] for word in _WORD.findall(text)} - {word[:6] for word in _SMALL}
