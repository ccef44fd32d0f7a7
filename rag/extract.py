"""Answers without a language model: the few sentences of the papers that answer, as they stand there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from indexes import Filter
from rag.answerable import is_answer
from rag.answers import (
    ABSTENTION,
    DEFINITION,
    EXTRACTIVE,
    LIMITATION,
    Answer,
    AnswerSentence,
    Reference,
    Source,
    Support,
)
from rag.candidates import Candidate, SentenceId, choose, in_reading_order, weigh
from rag.definitions import INTRODUCES, defines, term_asked
from rag.documents import Sentence
from rag.passages import decode_vectors
from rag.presentable import can_stand, without_markers
from rag.retrieval import Query, Retriever, Scored
from rag.subjects import Subject
from rag.wants import (
    in_full,
    initials,
    quantity_asked,
    split_question,
    wants_number,
)

PASSAGES = 8
"""Best passages whose sentences are weighed."""

DEFINING_PASSAGES = 48
"""... where a question asks what something is: nearly every passage of a paper may name its subject, few say what it
is."""

TELLING = "{term} is defined as a; refers to, called, known as {term}"
"""What such sentences are looked for by, beside the question: of a common thing the nearest passages merely name it."""

MATTER_SHARE, MATTER_COSINE = 0.3, 0.35
"""Share of the word weight of the quantity asked for, or of all that is asked of the thing named, and cosine to these
words, from which on a sentence speaks of them. Set on the training questions of ChemLit-QA, beside questions for things
that its contexts name and matters that they do not."""

UNKNOWN_SHARE, UNKNOWN_COSINE = 0.29, 0.25
"""Share of a question's word weight in words that no paper has, from which on a sentence must be near to these in
meaning, and their cosine then. Set on the training questions of ChemLit-QA, of which one in a hundred is lost, and 40
questions on matters that the 21 papers do not know."""

TOLD_WORDS, TOLD_SHARE = 4, 0.5
"""Other words of a question, and the share of their weight in a sentence, from which on it tells so exactly what is
meant that the quantity may go by another name, as an efficiency by PCE."""


@dataclass(frozen=True)
class Evidence:
    """What the papers hold for one part of a question.

    Attributes:
        part: The part, as asked.
        query: As the searches see it.
        subject: What it names.
        term: What it asks the meaning of, if that is what it asks.
        found: Passages, best first.
        candidates: Their sentences that may answer.
        groups: The sentences that do, each with its near-duplicates, best first; empty where the papers are silent.
    """

    part: str
    query: Query
    subject: Subject
    term: str | None
    found: Sequence[Scored]
    candidates: Sequence[Candidate]
    groups: Sequence[Sequence[Candidate]]

    @property
    def undefined(self) -> str | None:
        """What it asks the meaning of, where sentences that answer speak of that, but none says what it is."""
        told = any(candidate.degree for group in self.groups for candidate in group)
        return self.term if self.groups and not told and not wants_number(self.part) else None


class Answerer:
    """Answers from passages.

    Args:
        retriever: Finds passages.
        references: Metadata of papers by citation key, in the order of the keys.
    """

    def __init__(self, retriever: Retriever, references: Callable[[Iterable[str]], list[dict[str, Any]]]) -> None:
        self.retriever = retriever
        self._references = references

    def ask(self, question: str, where: Filter | None = None) -> Answer:
        """Answer a question; a part of it that the papers do not answer is named."""
        started = time.perf_counter()
        evidence = self.weigh_parts(question, where)
        sentences = [cite(group) for part in evidence for group in in_reading_order(part.groups)]
        return self.finish(question, evidence, sentences, started)

    def weigh_parts(self, question: str, where: Filter | None = None, passages: int = PASSAGES) -> list[Evidence]:
        """What the papers hold for each part of a question; whether they answer it is decided here, and only here.

        Args:
            question: As asked.
            where: Only papers whose passages match.
            passages: How many of the best are looked at.
        """
        parts = split_question(question)
        return [self._weigh_part(part, full, where, passages) for part, full in zip(parts, in_full(parts), strict=True)]

    def finish(
        self,
        question: str,
        evidence: Sequence[Evidence],
        sentences: Iterable[AnswerSentence],
        started: float,
        model: str = EXTRACTIVE,
        timings: dict[str, float] | None = None,
    ) -> Answer:
        """The answer of these sentences, each once, with what is not answered and the references behind it.

        Args:
            question: As asked.
            evidence: Of each of its parts.
            sentences: In a readable order.
            started: When the work on it began, by `time.perf_counter`.
            model: What wrote the sentences.
            timings: Seconds of single steps.
        """
        said = list({sentence.text: sentence for sentence in sentences}.values())
        silent = [DEFINITION.format(term=part.undefined) for part in evidence if part.undefined]
        silent += [part.part for part in evidence if not part.groups]
        timings = dict(timings or {})
        if not said:
            timings["total"] = time.perf_counter() - started
            return Answer(question, True, (AnswerSentence(ABSTENTION),), model=model, timings=timings)
        from rag.compare import find_disagreements  # which imports this module

        disagreements = find_disagreements([c for part in evidence for c in part.candidates], said)
        said += [AnswerSentence(LIMITATION.format(part=part)) for part in silent]
        answer = Answer(question, False, tuple(said), model=model, timings=timings, disagreements=disagreements)
        timings["total"] = time.perf_counter() - started
        return self.refer(answer)

    def refer(self, answer: Answer) -> Answer:
        """An answer with the references of all papers that it cites."""
        keys = dict.fromkeys(support.key for support in answer.supports)
        return replace(answer, references=tuple(_reference(metadata) for metadata in self._references(keys)))

    def _weigh_part(self, part: str, full: str, where: Filter | None, passages: int) -> Evidence:
        """What the papers hold for a part of a question, as asked and with what it points back to."""
        query, subject, term = self.retriever.query(full), Subject.of(full), term_asked(part)
        found, degrees = self._find(query, term, where, passages)
        candidates = self._of_subject(weigh(query, found, self.retriever.words, degrees), subject)
        if quantity_asked(full) is None:  # else its name is what may stand nowhere, and `_of_matter` knows better
            candidates = self._of_unknown(candidates, query)
        if term is None:
            candidates = self._of_matter(candidates, full, subject)
        answered = any(
            candidate.degree >= INTRODUCES or is_answer(candidate.cosine, candidate.coverage, named=bool(subject.names))
            for candidate in candidates
        )
        groups = choose(candidates) if answered else []
        quoted = {group[0].scored.id for group in groups}
        kept = [scored for rank, scored in enumerate(found) if rank < passages or scored.id in quoted]
        return Evidence(part, query, subject, term, kept, candidates, groups)

    def _find(
        self, query: Query, term: str | None, where: Filter | None, passages: int
    ) -> tuple[list[Scored], dict[SentenceId, int]]:
        """Passages that speak of a question, and those of their sentences that define what it asks the meaning of."""
        if term is None:
            return self.retriever.search(query, passages, where), {}
        found = self.retriever.search(query, max(passages, DEFINING_PASSAGES), where)
        telling = self.retriever.query(TELLING.format(term=term))
        held = {scored.id for scored in found}
        more = self.retriever.search(telling, DEFINING_PASSAGES, where)
        asked = self.retriever.scored(query, [scored.id for scored in more if scored.id not in held])
        degrees = {
            (scored.id, index): degree
            for scored in (*found, *asked)
            for index, sentence in enumerate(scored.passage.sentences)
            if can_stand(sentence) and (degree := defines(term, sentence.text))
        }
        if not degrees:
            return found[:passages], {}
        defining = {id for id, _ in degrees}
        return [*found, *(scored for scored in asked if scored.id in defining)], degrees

    def _of_subject(self, candidates: list[Candidate], subject: Subject) -> list[Candidate]:
        """Those that speak of what a question names, if it names anything.

        A compound or an element must be named in a sentence or beside it; a structure type somewhere in the paper,
        since a paper on perovskites goes on to write of cells and films.
        """
        names = self.retriever.words([*subject.names, *subject.elements])
        about = {
            key: not subject.structures or self.retriever.speaks_of(subject.structures, key)
            for key in {candidate.scored.key for candidate in candidates}
        }
        return [
            candidate
            for candidate in candidates
            if about[candidate.scored.key] and (not names or any(name <= candidate.near for name in names))
        ]

    def _of_unknown(self, candidates: list[Candidate], query: Query) -> list[Candidate]:
        """Those near in meaning to what a question asks about and no paper names, where that is much of the question.

        Else "how do insects harm solar modules?" would be answered by what harms them.
        """
        if not candidates or not query.strange:
            return candidates
        near = {word.lower() for c in candidates for word in re.findall(r"[^\W\d_]{6,}", c.sentence.text)}
        share, words = self.retriever.unknown(query, near)
        if share < UNKNOWN_SHARE:
            return candidates
        cosines = self._cosines(candidates, self.retriever.query(words))
        return [candidate for candidate, cosine in zip(candidates, cosines, strict=True) if cosine >= UNKNOWN_COSINE]

    @staticmethod
    def _cosines(candidates: Sequence[Candidate], query: Query) -> list[float]:
        """Of each sentence with another query than the question."""
        vectors = {c.scored.id: decode_vectors(c.scored.record.payload) for c in candidates}
        return [float(vectors[c.scored.id][c.index] @ query.vector) for c in candidates]

    def _of_matter(self, candidates: list[Candidate], part: str, subject: Subject) -> list[Candidate]:
        """Those that speak of what a question wants to know of the thing that it names, in its words or in others.

        All else that is said of a compound is no answer to how hard it is.
        """
        quantity = quantity_asked(part)
        if not candidates or not (quantity or subject.names or subject.elements):
            return candidates
        left = subject.left_out_of(part)
        asked = self.retriever.query(quantity or left)
        if self.retriever.says_nothing(asked):
            return candidates
        told = self.retriever.query(left.replace(quantity, "") if quantity else left)
        is_told = len(told.weights) >= TOLD_WORDS
        short = initials(quantity or "")
        return [
            c
            for c, cosine in zip(candidates, self._cosines(candidates, asked), strict=True)
            if asked.coverage(c.near) >= MATTER_SHARE
            or cosine >= MATTER_COSINE
            or (is_told and told.coverage(c.near) >= TOLD_SHARE)
            or (short and re.search(rf"\b{short}s?\b", c.sentence.text))
        ]


def cite(group: Sequence[Candidate]) -> AnswerSentence:
    """A sentence of a paper as one of an answer, cited to all places that say it."""
    support = tuple(place for c in group for place in places_of(c.scored, c.sentence, c.relevance))
    return AnswerSentence(without_markers(group[0].sentence.text), support)


def places_of(scored: Scored, sentence: Sentence, score: float) -> Iterator[Support]:
    """Where a sentence of a passage stands."""
    for fragment in sentence.fragments:
        yield Support(
            key=scored.key,
            file=scored.file,
            page=fragment.page,
            label=fragment.label,
            quote=fragment.quote,
            boxes=fragment.boxes,
            score=score,
        )


def _reference(metadata: dict[str, Any]) -> Reference:
    return Reference(
        key=metadata["key"],
        text=metadata["reference"],
        doi=metadata["paper"]["doi"] or None,
        file=metadata["file"],
        bibtex=metadata["bibtex"],
        source=Source(Path(metadata["path"]), metadata["sha256"]),
    )
