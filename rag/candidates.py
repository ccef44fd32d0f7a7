"""The sentences of the papers that may answer a question: how well each does, and which are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from rag.dimensions import Dimensions
from rag.documents import Kind, Sentence
from rag.presentable import can_stand, is_like_heading
from rag.retrieval import Query, Scored
from rag.subjects import Subject, names_in
from rag.wants import states_number, states_reason, wants_number, wants_reason

DEFINING = 0.8
"""What each degree of `rag.definitions.defines` adds to the relevance of a sentence, where a question asks for that."""

MOST_SENTENCES = 4
"""Sentences of an answer to one part of a question."""

LEAST_SHARE = 0.75
"""A further sentence must reach this share of the best one's relevance."""

LEAST_COSINE = 0.3
"""Similarity to the question of a sentence that holds none of its words."""

SAME = 0.75
"""Two sentences that share this part of their words (Jaccard) and all their numbers say the same."""

_DANGLING = re.compile(
    r"(?:This|These|Those|It|Its|They|Their|Such|However|Thus|Therefore|Hence|Here|Both|Another|Indeed|Besides|Also|"
    r"Likewise|Instead|Conversely|Meanwhile|Then|Finally|Specifically|Similarly|Moreover|Furthermore|Additionally|"
    r"Consequently|Nevertheless|So far|In (?:contrast|addition|particular)|"
    r"In (?:this|that|these) (?:context|cases?|way)|For (?:example|instance)|As a result|On the other hand|To this end|"
    r"As (?:noted|mentioned|discussed|described|shown) (?:above|earlier|before))\b"
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NEGATION = re.compile(r"\b(?:not|no|never|none|neither|nor|without|cannot)\b|n't\b", re.IGNORECASE)
_DIRECTION = re.compile(
    r"\b(?:(?:in|de)creas|rais|rise|rising|rose|reduc|lower|high|fall|fell|drop|grow|grew|shrink|shrank|more|less|few|"
    r"large|small|long|short|strong|weak|fast|slow|above|below|before|after|stabl|unstabl|donor|acceptor)",
    re.IGNORECASE,
)


SentenceId: TypeAlias = tuple[str, int]
"""A sentence: id of its passage, and its place there."""


@dataclass(frozen=True)
class Candidate:
    """A sentence that may answer.

    Attributes:
        sentence: As read.
        scored: The passage that holds it.
        index: Its place in the passage.
        words: Its content words, folded and stemmed.
        near: Content words of it and of the sentences beside it.
        coverage: Share of the question's word weight that it holds.
        relevance: How well it answers; the higher the better, comparable within one question.
        degree: How well it defines what the question asks the meaning of, as `rag.definitions.defines` has it.
    """

    sentence: Sentence
    scored: Scored
    index: int
    words: frozenset[str]
    near: frozenset[str]
    coverage: float
    relevance: float
    degree: int = 0

    @property
    def cosine(self) -> float:
        """Its similarity to the question."""
        return float(self.scored.cosines[self.index])

    @property
    def facts(self) -> tuple[frozenset[str], frozenset[str], frozenset[str], bool]:
        """Numbers, names, directions and negation: what near-duplicates must have in common."""
        text = self.sentence.text
        directions = frozenset(word.lower() for word in _DIRECTION.findall(text))
        return (
            frozenset(_NUMBER.findall(text)),
            frozenset(names_in(text)),
            directions,
            bool(_NEGATION.search(text)),
        )


def weigh(
    query: Query,
    found: Sequence[Scored],
    words_of: Callable[[Sequence[str]], list[set[str]]],
    degrees: Mapping[SentenceId, int] = MappingProxyType({}),
) -> list[Candidate]:
    """Every sentence of the passages that can stand by itself, with its relevance.

    Args:
        query: The question.
        found: Passages.
        words_of: Content words of texts, as in `Query.weights`.
        degrees: How well sentences define what the question asks the meaning of, where any does.

    The weights of the relevance were set on the ChemLit-QA training questions, where a listwise logistic
    regression over the same measures ranks no better.
    """
    passages = [scored.passage for scored in found]
    words = iter(words_of([s.text for passage in passages for s in passage.sentences]))
    numeric, causal = wants_number(query.text), wants_reason(query.text)
    dimensions = Dimensions(query.text, Subject.of(query.text).structures)
    candidates = []
    for scored, passage in zip(found, passages, strict=True):
        held = [frozenset(next(words) - dimensions.strays(s.text)) for s in passage.sentences]
        for i, sentence in enumerate(passage.sentences):
            if not can_stand(sentence):
                continue
            coverage = query.coverage(held[i])
            near = frozenset().union(*held[max(0, i - 1) : i + 2])
            degree = degrees.get((scored.id, i), 0)
            relevance = (
                float(scored.cosines[i])
                + 2 * coverage
                + query.coverage(near)
                + (scored.similarity if degrees else scored.score)
                + 0.3 * (numeric and states_number(sentence.text))
                + 0.4 * (causal and states_reason(sentence.text))
                - 0.15 * bool(_DANGLING.match(sentence.text))
                - 0.5 * (sentence.kind is Kind.CAPTION)
                - 0.5 * is_like_heading(sentence.text)
                + DEFINING * degree
            )
            candidates.append(Candidate(sentence, scored, i, held[i], near, coverage, relevance, degree))
    return candidates


def choose(candidates: Sequence[Candidate]) -> list[list[Candidate]]:
    """The most relevant sentences, each with its near-duplicates: groups that say one thing, best first."""
    ranked = sorted(candidates, key=lambda c: (-c.relevance, c.scored.id, c.index))
    least = ranked[0].relevance * LEAST_SHARE
    groups: list[list[Candidate]] = []
    for candidate in ranked:
        if candidate.relevance < least:
            break
        if not candidate.coverage and candidate.cosine < LEAST_COSINE:  # it only stands beside what answers
            continue
        twin = next((group for group in groups if _say_the_same(group[0], candidate)), None)
        if twin is not None:
            twin.append(candidate)
        elif len(groups) < MOST_SENTENCES:
            groups.append([candidate])
    return groups


def _say_the_same(a: Candidate, b: Candidate) -> bool:
    shared = len(a.words & b.words) / max(len(a.words | b.words), 1)
    return shared >= SAME and a.facts == b.facts


def in_reading_order(groups: Sequence[Sequence[Candidate]]) -> list[Sequence[Candidate]]:
    """Papers in the order of their best sentence; inside a paper the order of its text."""
    papers = list(dict.fromkeys(group[0].scored.key for group in groups))
    return sorted(groups, key=lambda g: (papers.index(g[0].scored.key), g[0].scored.id, g[0].index))
