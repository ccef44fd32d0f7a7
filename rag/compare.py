"""Where papers disagree on a question, and what each of them says on it.

Only sentences that were found for the question are compared, each with those of other papers that are near it in
meaning; whether two of them speak of the same thing and contradict each other is decided by `rag.contrast`.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexes import Filter
from rag.answerable import is_answer
from rag.answers import Answer, AnswerSentence, Disagreement, Statement
from rag.candidates import Candidate
from rag.contrast import Relation, relation
from rag.extract import Answerer, cite
from rag.passages import decode_vectors

PASSAGES = 40
"""Best passages whose papers are compared when a comparison is asked for."""

NEAR = 0.5
"""Least cosine of two sentences that may speak of the same thing."""

MOST_DISAGREEMENTS = 5
MOST_STATEMENTS = 3
"""Sentences of one paper in a comparison."""

_ALIKE: tuple[Relation, ...] = ("agrees",)
_CONTRARY: tuple[Relation, ...] = ("number", "direction", "negation")


@dataclass(frozen=True)
class Pair:
    """Two sentences of different papers and how they stand to each other.

    Attributes:
        first: The one, which an answer cites if one of them is cited.
        second: The other.
        relation: `rag.contrast.relation` of them.
        cosine: Their likeness.
    """

    first: Candidate
    second: Candidate
    relation: Relation
    cosine: float


def find_disagreements(candidates: Sequence[Candidate], said: Iterable[AnswerSentence]) -> tuple[Disagreement, ...]:
    """Papers that contradict what an answer says.

    Args:
        candidates: Sentences that were found for its question.
        said: The sentences of the answer.

    Returns:
        The likest pairs first, the sentence that is cited before the one that is not.
    """
    cited = {(s.key, s.page, s.quote) for sentence in said for s in sentence.support}
    ours = [c for c in candidates if any((c.scored.key, f.page, f.quote) in cited for f in c.sentence.fragments)]
    keys = {c.scored.key for c in ours}
    if not ours or ({c.scored.key for c in candidates} <= keys and len(keys) == 1):
        return ()
    return _disagreements(_related(ours, candidates))


def compare_papers(answerer: Answerer, answer: Answer, where: Filter | None = None) -> Answer:
    """An answer with what each paper says on its question, and where two of them disagree.

    Args:
        answerer: Finds what they say.
        answer: Where it abstains there is nothing to compare.
        where: Only papers whose passages match.
    """
    if answer.abstained:
        return answer
    started = time.perf_counter()
    statements: list[Statement] = []
    told = {_texts(d): d for d in answer.disagreements}
    for part in answerer.weigh_parts(answer.question, where, PASSAGES):
        speaking = _spokesmen(part.candidates, named=bool(part.subject.names))
        pairs = list(_related(speaking, speaking))
        statements += [
            Statement(c.scored.key, cite([c]), _citations(c, pairs, _ALIKE), _citations(c, pairs, _CONTRARY))
            for c in speaking
        ]
        for disagreement in _disagreements(pairs):
            told.setdefault(_texts(disagreement), disagreement)
    elapsed = time.perf_counter() - started
    timings = answer.timings | {"compare": elapsed, "total": answer.timings["total"] + elapsed}
    compared = replace(answer, timings=timings, disagreements=tuple(told.values()), comparison=tuple(statements))
    return answerer.refer(compared)


def _texts(disagreement: Disagreement) -> frozenset[str]:
    return frozenset((disagreement.first.text, disagreement.second.text))


def _spokesmen(candidates: Sequence[Candidate], *, named: bool) -> list[Candidate]:
    """Of each paper the sentences that answer best; papers in the order of their best one."""
    chosen: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(candidates, key=lambda c: (-c.relevance, c.scored.id, c.index)):
        group = chosen[candidate.scored.key]
        if len(group) < MOST_STATEMENTS and is_answer(candidate.cosine, candidate.coverage, named=named):
            group.append(candidate)
    return [candidate for group in chosen.values() for candidate in group]


def _related(ours: Sequence[Candidate], theirs: Sequence[Candidate]) -> Iterator[Pair]:
    """Every pair of different papers that speaks of one thing, once."""
    vectors = {(c.scored.id, c.index): decode_vectors(c.scored.record.payload)[c.index] for c in (*ours, *theirs)}
    seen: set[frozenset[tuple[str, int]]] = set()
    for one in ours:
        for other in theirs:
            places = (one.scored.id, one.index), (other.scored.id, other.index)
            if one.scored.key == other.scored.key or frozenset(places) in seen:
                continue
            seen.add(frozenset(places))
            cosine = float(np.dot(vectors[places[0]], vectors[places[1]]))
            found = relation(one.sentence.text, other.sentence.text) if cosine >= NEAR else None
            if found is not None:
                yield Pair(one, other, found, cosine)


def _disagreements(pairs: Iterable[Pair]) -> tuple[Disagreement, ...]:
    contrary = sorted((p for p in pairs if p.relation in _CONTRARY), key=lambda p: -p.cosine)
    told: dict[frozenset[str], Disagreement] = {}
    for pair in contrary:
        disagreement = Disagreement(pair.relation, cite([pair.first]), cite([pair.second]))
        told.setdefault(_texts(disagreement), disagreement)
    return tuple(list(told.values())[:MOST_DISAGREEMENTS])


def _citations(candidate: Candidate, pairs: Iterable[Pair], wanted: Collection[Relation]) -> tuple[str, ...]:
    """Citations of the sentences that stand in a wanted relation to one."""
    others = [
        pair.second if pair.first is candidate else pair.first
        for pair in pairs
        if pair.relation in wanted and (pair.first is candidate or pair.second is candidate)
    ]
    return tuple(dict.fromkeys(cite([other]).citations for other in others))
