"""Which passages speak of a question: BM25 and vectors, fused on an absolute scale.

Rank fusion trusts both searches always; here each vouches for itself. The cosines of an encoder are comparable
between questions as they are. BM25 becomes comparable when it is divided by what a passage that held every word of
the question once would score: the *coverage*, about 1 when a passage holds the question's rare words, near 0 when it
shares only common ones. Coverage enters cubed, so that a question whose words stand in a passage is decided
by BM25, and one in other words is decided by the vectors.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from indexes import Collection, Filter, Record
from indexes.fulltext import Tokenizer
from rag.passages import Passage, decode_passage, decode_vectors
from rag.spelling import other_spellings
from rag.wants import GENERAL_WORDS

CANDIDATES = 50
"""Passages taken from either search before they are scored together."""

COVERAGE_WEIGHT, COVERAGE_POWER = 2.0, 3
"""Weight and power of the coverage beside the cosine; set on the ChemLit-QA training questions."""

MOST_COVERAGE = 1.2
"""What a coverage counts at most: a passage that names the one thing asked for again and again says no more of it."""

SLIP_LENGTH, SLIP_LIKENESS = 7, 0.88
"""Letters of a word, and its likeness to another (Ratcliff and Obershelp), from which on it may be a slip of that."""

Method = Literal["fused", "bm25", "vectors"]

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scored:
    """A passage found.

    Attributes:
        id: Its id in the store.
        score: Fused score; higher is better, about 0 to 3.
        similarity: Mean of the cosines question - passage and question - best sentence.
        coverage: BM25 as a share of that of a passage which holds every word of the question.
        cosines: Cosine of each sentence with the question, shape (n,).
        record: As stored.
    """

    id: str
    score: float
    similarity: float
    coverage: float
    cosines: FloatArray
    record: Record

    @property
    def key(self) -> str:
        """Citation key of its paper."""
        return str(self.record.metadata["key"])

    @property
    def file(self) -> str:
        """File name of its paper."""
        return str(self.record.metadata["file"])

    @property
    def passage(self) -> Passage:
        """Its sentences (decoded at each access)."""
        return decode_passage(self.record.payload)


@dataclass(frozen=True)
class Query:
    """A question as the searches see it.

    Attributes:
        text: The question.
        vector: (d,) float32.
        weights: Inverse document frequency of each of its content words (folded and stemmed).
        spellings: Other ways in which the papers write its words: (the words there, the words of the question).
        respelt: The question in these spellings, as a query of its own; None where there are none.
        strange: Its words that the papers have in no spelling.
    """

    text: str
    vector: FloatArray
    weights: dict[str, float]
    spellings: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    respelt: Query | None = None
    strange: frozenset[str] = frozenset()

    @cached_property
    def full_score(self) -> float:
        """About the BM25 of an average passage that holds each content word once."""
        return sum(self.weights.values())

    def coverage(self, words: Set[str]) -> float:
        """Share of the question's word weight that some words hold, 0 to 1."""
        meant = {word for written, asked in self.spellings if written <= words for word in asked}
        # In the order of the question: the order of a set differs from run to run, and the last digit decides ties.
        held = sum(weight for word, weight in self.weights.items() if word in words or word in meant)
        return held / self.full_score if self.weights else 0.0


class Retriever:
    """Searches one collection of passages.

    Args:
        passages: Records whose payloads are `rag.passages.encode_payload`'s.
        encode: Texts to unit vectors (n, d).
    """

    def __init__(self, passages: Collection, encode: Callable[[Sequence[str]], FloatArray]) -> None:
        self.passages = passages
        self._encode = encode
        self._tokenizer = Tokenizer()

    def query(self, text: str) -> Query:
        """Reads a question: its vector and its words, each weighted by how rare it is, however the papers spell it."""
        terms = self._tokenizer.query_terms(text)
        total = len(self.passages)
        frequency = self.passages.document_frequency(terms)
        respelt, spellings = text, []
        for one in other_spellings(text, self.passages.document_frequency):
            written, asked = (frozenset(self._tokenizer(words)) for words in (one.written, " ".join(one.asked)))
            if written == asked or not asked <= frequency.keys():  # the same stem, or a word that carries no weight
                continue
            if written <= self._tokenizer.stop_words:  # "In", "As"
                continue
            respelt = one.put_into(respelt)
            spellings.append((written, asked))
            for term in asked if len(asked) == 1 else ():
                frequency[term] = max(frequency[term], one.passages)
        weights = {term: _idf(frequency.get(term, 0), total) for term in terms}
        vector = self._encode([text])[0]
        other = Query(respelt, vector, self._weights(respelt)) if spellings else None
        spelt = {term for _, asked in spellings for term in asked}
        strange = frozenset(term for term in terms if not frequency.get(term) and term not in spelt)
        return Query(text, vector, weights, tuple(spellings), other, strange)

    def _weights(self, text: str) -> dict[str, float]:
        frequency = self.passages.document_frequency(self._tokenizer.query_terms(text))
        return {term: _idf(number, len(self.passages)) for term, number in frequency.items()}

    def search(self, query: Query, k: int, where: Filter | None = None, method: Method = "fused") -> list[Scored]:
        """The k best passages, best first; ties broken by id.

        Args:
            query: From `query`.
            k: How many.
            where: Only passages whose metadata match.
            method: ``fused``, or one of its halves alone: ``bm25``, ``vectors``.
        """
        if k == 0 or not len(self.passages):
            return []
        depth = max(CANDIDATES, 2 * k)
        ids = {hit.id for hit in self.passages.vector_search(query.vector, depth, where)}
        ids |= {hit.id for hit in self.passages.text_search(query.text, depth, where)}
        if query.respelt:
            ids |= {hit.id for hit in self.passages.text_search(query.respelt.text, depth, where)}
        scored = self.scored(query, ids)
        by: dict[Method, Callable[[Scored], float]] = {
            "fused": lambda s: s.score,
            "bm25": lambda s: s.coverage,
            "vectors": lambda s: s.similarity,
        }
        return sorted(scored, key=lambda s: (-by[method](s), s.id))[:k]

    def scored(self, query: Query, ids: Iterable[str]) -> list[Scored]:
        """Some passages, found in whatever way, as a question sees them; in the order of their ids."""
        ordered = sorted(ids)
        coverages = self._coverages(query, ordered)
        if query.respelt:  # a passage counts in the spelling that suits it, and no word of it twice
            coverages = list(map(max, coverages, self._coverages(query.respelt, ordered)))
        records = self.passages.get(ordered)
        return [
            _score(query, record, coverage)
            for record, coverage in zip(records, coverages, strict=True)
            if record is not None
        ]

    def _coverages(self, query: Query, ids: Sequence[str]) -> list[float]:
        """BM25 of passages as a share of that of one which holds each word of a question once."""
        if query.full_score <= 0:
            return [0.0] * len(ids)
        return [score / query.full_score for score in self.passages.text_scores(query.text, ids)]

    def speaks_of(self, words: Iterable[str], key: str) -> bool:
        """Whether a paper has one of some words anywhere."""
        return any(self.passages.text_search(word, 1, {"key": key}) for word in words)

    def says_nothing(self, query: Query) -> bool:
        """Whether a question has no word but those that every text has."""
        return query.weights.keys() <= self._tokenizer.stop_words

    def unknown(self, query: Query, near: Set[str]) -> tuple[float, str]:
        """What a question asks about and no paper writes of: its share of the question's word weight, and its words.

        Words that fit any matter do not count, nor those that the papers spell otherwise, nor slips of the fingers.

        Args:
            query: From `query`.
            near: Words, in small letters, that one of the question may be a slip of.
        """
        strange = query.strange - self._general
        words: dict[str, Set[str]] = {}
        for word in re.findall(r"[\w-]+", query.text):
            terms = strange.intersection(self._tokenizer(word))
            if terms and not _is_slip(word.lower(), near | GENERAL_WORDS):
                words[word] = terms
        share = sum(query.weights[term] for term in query.weights if any(term in terms for terms in words.values()))
        return share / query.full_score if words else 0.0, " ".join(words)

    @cached_property
    def _general(self) -> frozenset[str]:
        return frozenset(term for word in GENERAL_WORDS for term in self._tokenizer(word))

    def words(self, texts: Sequence[str]) -> list[set[str]]:
        """Content words of texts, folded and stemmed as in `Query.weights`."""
        return [set(self._tokenizer.query_terms(text)) for text in texts]


def _is_slip(word: str, known: Set[str]) -> bool:
    """Whether a longer word is another one but for a letter or two."""
    return len(word) >= SLIP_LENGTH and bool(get_close_matches(word, known, 1, SLIP_LIKENESS))


def _score(query: Query, record: Record, coverage: float) -> Scored:
    if record.vector is None:
        raise ValueError(f"passage {record.id!r} has no vector")
    cosines = decode_vectors(record.payload) @ query.vector
    similarity = (float(record.vector @ query.vector) + float(cosines.max())) / 2
    return Scored(
        id=record.id,
        score=similarity + COVERAGE_WEIGHT * min(coverage, MOST_COVERAGE) ** COVERAGE_POWER,
        similarity=similarity,
        coverage=coverage,
        cosines=cosines,
        record=record,
    )


def _idf(frequency: int, total: int) -> float:
    """BM25's inverse document frequency, in the form that is never negative (Lucene's)."""
    return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
