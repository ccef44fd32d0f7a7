"""Likeness of words and of vectors, taken for support: what the learned comparison is measured against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clip_mat.sentence_encoder import SentenceEncoder
from rag.verify.wording import coverage, read_words

Floats = npt.NDArray[np.float32]


class SimilarityJudge:
    """Half the share of shared words, half the cosine of the sentence vectors.

    Args:
        encoder: Of sentences.
        words: Weight of the words; the vectors have the rest.
    """

    threshold = 0.6
    disagreement = 0.5

    def __init__(self, encoder: SentenceEncoder | None = None, words: float = 0.5) -> None:
        self._encoder = encoder or SentenceEncoder()
        self._words = words

    def judge(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """As `rag.verify.verifier.Judge`; likeness cannot tell a contradiction from support."""
        support = np.array([self._likeness_of_words(*pair) for pair in pairs]) * self._words
        if self._words < 1:
            texts = list(dict.fromkeys(text for pair in pairs for text in pair))
            vectors = dict(zip(texts, self._encoder.encode(texts), strict=True))
            cosines = np.array([float(vectors[a] @ vectors[b]) for a, b in pairs])
            support = support + (1 - self._words) * np.clip(cosines, 0, 1)
        return np.stack([support, np.zeros_like(support), 1 - support], axis=1).astype(np.float32)

    @staticmethod
    def _likeness_of_words(claim: str, text: str) -> float:
        return coverage(read_words(claim), read_words(text))
