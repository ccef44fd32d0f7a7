"""An encoder that costs nothing, for tests in which vectors only have to be there."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from clip_mat import SentenceEncoder
from clip_mat.sentence_encoder import FloatArray, Span, SpanEmbedding


class HashEncoder(SentenceEncoder):
    """Unit vectors drawn with a seed made from the text: equal texts, equal vectors."""

    fingerprint = "hash"
    dimension = 384

    def __init__(self) -> None:
        super().__init__()
        self.name = "hash"

    def encode_spans(self, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[SpanEmbedding]:
        return [
            SpanEmbedding(_vector(text), np.stack([_vector(text[a:b]) for a, b in ranges]))
            for text, ranges in zip(texts, spans, strict=True)
        ]

    def encode(self, texts: Sequence[str]) -> FloatArray:
        return np.stack([_vector(text) for text in texts])


def _vector(text: str) -> FloatArray:
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")
    vector = np.random.default_rng(seed).normal(size=384).astype(np.float32)
    unit: FloatArray = vector / np.linalg.norm(vector)
    return unit
