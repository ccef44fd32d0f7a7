"""A stand-in for the trained model, for tests of what is around it: it counts elements, in texts and in crystals."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import NUMBERS, SYMBOLS, Crystal


class FactEncoder:
    """Unit vectors of element counts; each crystal also leans a little its own way, so that none are alike."""

    name = "fact-encoder"

    def __init__(self, fingerprint: str = "f" * 64, dimension: int = len(SYMBOLS)) -> None:
        self.fingerprint = fingerprint
        self.dimension = dimension
        self.encoded = 0
        self.calls = 0

    def encode_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        self.calls += 1
        found = [re.findall(r"([A-Z][a-z]?)(\d*)", text) for text in texts]
        counts = [{NUMBERS[s]: float(n or 1) for s, n in pairs if s in NUMBERS} for pairs in found]
        return self._unit([count or {0: 1.0} for count in counts])

    def encode_crystals(self, crystals: Sequence[Crystal]) -> npt.NDArray[np.float32]:
        self.encoded += len(crystals)
        counts = []
        for crystal in crystals:
            numbers, amounts = np.unique(crystal.numbers, return_counts=True)
            own = 1e-3 * crystal.volume ** (1 / 3)
            counts.append({0: own, **dict(zip(numbers.tolist(), amounts.tolist(), strict=True))})
        return self._unit(counts)

    def close(self) -> None:
        """There are no processes to end."""

    def _unit(self, counts: Sequence[dict[int, float]]) -> npt.NDArray[np.float32]:
        vectors = np.zeros((len(counts), self.dimension), np.float32)
        for vector, count in zip(vectors, counts, strict=True):
            for number, amount in count.items():
                vector[number % self.dimension] += amount
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
