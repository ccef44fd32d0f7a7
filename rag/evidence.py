"""What a language model is shown of the papers, and what its sentences are compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rag.answers import Support
from rag.candidates import Candidate
from rag.documents import Sentence
from rag.extract import Evidence, places_of
from rag.llm.model import LanguageModel
from rag.orders import addresses_machine
from rag.passages import decode_vectors
from rag.presentable import SHORTEST, is_statement, without_markers
from rag.retrieval import Scored

TRIED = 3
"""Sentences that a claim is compared with, of those that it cites and of all others."""

OVERHEAD = 400
"""Tokens of the prompt besides question and sources, and of the model's own marks."""


@dataclass(frozen=True)
class Source:
    """A numbered text that a model is shown: a passage, or some of its sentences.

    Attributes:
        scored: The passage.
        sentences: Those of its sentences that are shown, in order.
    """

    scored: Scored
    sentences: tuple[Sentence, ...]

    @classmethod
    def of_sentence(cls, scored: Scored, index: int) -> Source:
        """One sentence of a passage."""
        return cls(scored, (scored.passage.sentences[index],))

    @property
    def text(self) -> str:
        """As the model sees it: without the paper's own citations."""
        return " ".join(without_markers(sentence.text) for sentence in self.sentences)

    @property
    def pages(self) -> list[int]:
        """Physical pages on which it stands."""
        return sorted({fragment.page for sentence in self.sentences for fragment in sentence.fragments})


@dataclass(frozen=True)
class Place:
    """A sentence of a paper, and how well it answers.

    Attributes:
        scored: Its passage.
        index: Its place there.
        sentence: As read.
        relevance: For the question; that of its passage where it can be no answer by itself.
    """

    scored: Scored
    index: int
    sentence: Sentence
    relevance: float

    @property
    def id(self) -> tuple[str, int]:
        """What tells it from all others."""
        return self.scored.id, self.index

    @cached_property
    def text(self) -> str:
        """Without the paper's own citations."""
        return without_markers(self.sentence.text)

    def supports(self) -> Iterator[Support]:
        """Where it stands."""
        return places_of(self.scored, self.sentence, self.relevance)


class Pool:
    """All sentences of the passages that were found, which a claim may be compared with.

    Args:
        answered: Evidence of the parts of a question that the papers answer.
    """

    def __init__(self, answered: Sequence[Evidence]) -> None:
        relevance = {(c.scored.id, c.index): c.relevance for part in answered for c in part.candidates}
        words = {(c.scored.id, c.index): c.words for part in answered for c in part.candidates}
        passages = {scored.id: scored for part in answered for scored in part.found}
        self._places: list[Place] = []
        self._words: list[Set[str]] = []
        self._rows: dict[tuple[str, int], int] = {}
        vectors = []
        for scored in passages.values():
            vectors.append(decode_vectors(scored.record.payload))
            for index, sentence in enumerate(scored.passage.sentences):
                place = Place(scored, index, sentence, relevance.get((scored.id, index), scored.score))
                self._rows[place.id] = len(self._places)
                self._places.append(place)
                self._words.append(words.get(place.id, frozenset()))
        self._vectors = np.concatenate(vectors)

    def place(self, candidate: Candidate) -> Place:
        """A candidate as a place."""
        return self._places[self._rows[candidate.scored.id, candidate.index]]

    def vector(self, candidate: Candidate) -> npt.NDArray[np.float32]:
        """Its vector, (d,)."""
        vector: npt.NDArray[np.float32] = self._vectors[self._rows[candidate.scored.id, candidate.index]]
        return vector

    def tries(self, vector: npt.NDArray[np.float32], words: Set[str], cited: Set[str]) -> Iterator[tuple[Place, bool]]:
        """What a claim is to be compared with, the likeliest first.

        Args:
            vector: Of the claim, (d,).
            words: Its content words.
            cited: Ids of the passages that it cites.

        Yields:
            A place that might support it, and whether it cited it.
        """
        shared = np.array([len(words & held) / max(len(words), 1) for held in self._words])
        likeness = self._vectors @ vector + shared
        order = [int(row) for row in np.argsort(-likeness, kind="stable") if self._is_evidence(int(row))]
        for is_cited in (True, False):
            rows = [row for row in order if (self._places[row].scored.id in cited) == is_cited][:TRIED]
            yield from ((self._places[row], is_cited) for row in rows)

    def _is_evidence(self, row: int) -> bool:
        text = self._places[row].sentence.text
        return (
            is_statement(self._places[row].sentence)
            and len(text) >= SHORTEST
            and not text.endswith("?")
            and not addresses_machine(text)
        )


def number_sources(answered: Sequence[Evidence], model: LanguageModel) -> list[Source]:
    """The passages behind an answer, as many of their sentences as the model can be shown, best first.

    Args:
        answered: Evidence of the parts of a question.
        model: Its context says how much it is shown.
    """
    room = model.settings.context - OVERHEAD - sum(model.tokens(part.part) for part in answered)
    weighed = [c for part in answered for c in part.candidates]
    scored = {c.scored.id: c.scored for c in weighed}
    chosen: dict[str, set[int]] = {}
    for candidate in sorted(weighed, key=lambda c: -c.relevance):
        cost = model.tokens(candidate.sentence.text) + 4
        if cost > room:
            break
        indices = chosen.setdefault(candidate.scored.id, set())
        if candidate.index not in indices:
            indices.add(candidate.index)
            room -= cost
    return [
        Source(scored[name], tuple(scored[name].passage.sentences[index] for index in sorted(indices)))
        for name, indices in chosen.items()
    ]
