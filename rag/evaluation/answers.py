"""Does a system speak when it should, and say the right thing?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rag.evaluation.fidelity import Quote
from rag.evaluation.measures import Estimate, bootstrap
from rag.evaluation.questions import Question, same_file
from rag.reading.text import normalise_quote


class Support(Protocol):
    """Where one sentence of an answer stands."""

    @property
    def file(self) -> str: ...
    @property
    def page(self) -> int: ...
    @property
    def quote(self) -> str: ...


class AnswerSentence(Protocol):
    """One sentence of an answer."""

    @property
    def text(self) -> str: ...
    @property
    def support(self) -> Sequence[Support]: ...


class Answer(Protocol):
    """What an asker returns."""

    @property
    def abstained(self) -> bool: ...
    @property
    def sentences(self) -> Sequence[AnswerSentence]: ...


Asker = Callable[[str], Answer]
"""``question -> answer``."""


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """Does the system speak when it should, and say the right thing?

    Attributes:
        abstained: Share of off-topic questions on which it abstained.
        answered: Share of on-topic questions on which it did not.
        contains_gold: Share of the on-topic questions with known pages whose answer holds the gold string.
        cites_gold: Share of the on-topic questions with known pages whose answer cites one of them.
        wrongly_answered: Off-topic questions that it answered.
        wrongly_silent: On-topic questions on which it abstained.
        quotes: Every quote shown in an answer, for :func:`rag.evaluation.check_quotes`.
    """

    abstained: Estimate
    answered: Estimate
    contains_gold: Estimate
    cites_gold: Estimate
    wrongly_answered: tuple[str, ...]
    wrongly_silent: tuple[str, ...]
    quotes: tuple[Quote, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        rates = {
            name: getattr(self, name).to_dict() for name in ("abstained", "answered", "contains_gold", "cites_gold")
        }
        return rates | {
            "wrongly_answered": list(self.wrongly_answered),
            "wrongly_silent": list(self.wrongly_silent),
        }


def evaluate_answers(
    ask: Asker, on_topic: Iterable[Question], off_topic: Iterable[Question], *, seed: int = 0
) -> AnswerReport:
    """Score an asker on questions that the papers answer and on questions that they do not.

    A gold string is looked for only where it is known to stand on a page: elsewhere it is someone's summary.
    Hedges at its beginning ("about", "over") are not looked for.
    """
    on_topic, off_topic = list(on_topic), list(off_topic)
    answers = [ask(question.text) for question in on_topic]
    off_answers = [ask(question.text) for question in off_topic]
    silent = [answer.abstained for answer in off_answers]
    located = [(q, a) for q, a in zip(on_topic, answers, strict=True) if q.file and q.pages]
    return AnswerReport(
        abstained=bootstrap(silent, seed=seed),
        answered=bootstrap([not answer.abstained for answer in answers], seed=seed),
        contains_gold=bootstrap([_contains(answer, q.answer) for q, answer in located if q.answer], seed=seed),
        cites_gold=bootstrap([_cites(answer, q) for q, answer in located], seed=seed),
        wrongly_answered=tuple(q.text for q, quiet in zip(off_topic, silent, strict=True) if not quiet),
        wrongly_silent=tuple(q.text for q, answer in zip(on_topic, answers, strict=True) if answer.abstained),
        quotes=tuple(quote for answer in [*answers, *off_answers] for quote in _quotes(answer)),
    )


def _quotes(answer: Answer) -> Iterator[Quote]:
    for sentence in answer.sentences:
        for place in sentence.support:
            yield Quote(place.file, place.page, place.quote)


def _contains(answer: Answer, gold: str) -> bool:
    core = re.sub(r"^(about|approximately|around|over|more than)\s+", "", gold.strip(), flags=re.IGNORECASE)
    said = " ".join(sentence.text for sentence in answer.sentences)
    return normalise_quote(core).casefold() in normalise_quote(said).casefold()


def _cites(answer: Answer, question: Question) -> bool:
    places = [place for sentence in answer.sentences for place in sentence.support]
    return any(same_file(place.file, question.file) and place.page in question.pages for place in places)
