"""Ranks of the sought things, the scores made of them, and how sure they are.

A crystal that has everything a text states is as good an answer as the one that the text was written about, and no
model can tell them apart. Scores are therefore given beside a *ceiling*: what a perfect model gets in expectation when
it breaks such ties by chance. The id is strict all the same: only the one crystal counts as found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
LEVEL = 0.95
_CELLS = 1 << 22  # of a block of resampled values

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Where the sought item of each query stands.

    Attributes:
        above: (q,) how many items score higher.
        tied: (q,) how many score the same, the sought one included; chance decides among them.
    """

    above: Counts
    tied: Counts

    def __post_init__(self) -> None:
        if self.above.shape != self.tied.shape or self.above.ndim != 1:
            raise ValueError(f"{self.above.shape=} and {self.tied.shape=} must be one number a query")
        if len(self.tied) and (self.tied.min() < 1 or self.above.min() < 0):
            raise ValueError("the sought item ties at least with itself, and nothing stands above the top")

    def __len__(self) -> int:
        return len(self.above)

    @classmethod
    def perfect(cls, tied: npt.ArrayLike) -> Self:
        """Ranks of a model that puts all that fits on top: the ceiling."""
        counts = np.asarray(tied, dtype=np.int64)
        return cls(np.zeros_like(counts), counts)

    def recall(self, k: int) -> Floats:
        """(q,) chance that the sought item is among the first ``k``: 0, 1, or between where it ties."""
        share: Floats = np.clip((k - self.above) / self.tied, 0.0, 1.0)
        return share

    def reciprocal(self) -> Floats:
        """(q,) expected reciprocal rank: the mean of 1/rank over the places that the tie takes up."""
        harmonic = np.concatenate(
            [[0.0], np.cumsum(1.0 / np.arange(1, int((self.above + self.tied).max(initial=0)) + 1))]
        )
        mean: Floats = (harmonic[self.above + self.tied] - harmonic[self.above]) / self.tied
        return mean


def rank_targets(
    queries: npt.NDArray[np.float32],
    gallery: npt.NDArray[np.float32],
    targets: npt.NDArray[np.int64],
    *,
    block: int = 256,
) -> Ranks:
    """Rank of each query's target among the whole gallery, by inner product.

    Args:
        queries: (q, d).
        gallery: (n, d).
        targets: (q,) rows of the gallery.
        block: Queries whose similarities are held at a time: ``block * n`` numbers.

    Raises:
        ValueError: If the shapes do not fit or a target is no row of the gallery.
    """
    if queries.shape[1:] != gallery.shape[1:] or len(queries) != len(targets):
        raise ValueError(f"{queries.shape=}, {gallery.shape=} and {targets.shape=} do not fit")
    if len(targets) and not 0 <= targets.min() <= targets.max() < len(gallery):
        raise ValueError(f"a target is no row of a gallery of {len(gallery)}")
    above = np.empty(len(queries), dtype=np.int64)
    tied = np.empty(len(queries), dtype=np.int64)
    columns = gallery.T
    for start in range(0, len(queries), block):
        rows = slice(start, start + block)
        similarities = queries[rows] @ columns
        sought = np.take_along_axis(similarities, targets[rows, None], axis=1)
        above[rows] = (similarities > sought).sum(axis=1)
        tied[rows] = (similarities == sought).sum(axis=1)
    return Ranks(above, tied)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over queries with its bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def to_dict(self) -> dict[str, float]:
        """``{"value", "low", "high"}``."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class Score:
    """A mean over queries beside its ceiling; what is not known is None."""

    mean: Estimate
    ceiling: float | None = None
    ratio: Estimate | None = None

    def __str__(self) -> str:
        return str(self.mean) if self.ratio is None else f"{self.mean} of {self.ceiling:.3f}: {self.ratio.value:.3f}"

    def to_dict(self) -> dict[str, Any]:
        """``{"value", "low", "high", "ceiling", "ratio": {"value", "low", "high"}}``."""
        ratio = None if self.ratio is None else self.ratio.to_dict()
        return {**self.mean.to_dict(), "ceiling": self.ceiling, "ratio": ratio}


def bootstrap(values: npt.ArrayLike, *, seed: int = 0) -> Estimate:
    """Mean with its percentile-bootstrap interval over queries (Efron & Tibshirani 1993, ch. 13).

    Raises:
        ValueError: If there is no value.
    """
    numbers = np.asarray(values, dtype=np.float64)
    return _estimate(float(numbers.mean()), _resample([numbers], seed)[0]) if len(numbers) else _none()


def score(values: npt.ArrayLike, ceilings: npt.ArrayLike | None = None, *, seed: int = 0) -> Score:
    """Mean beside the mean of the ceilings, and their ratio resampled over the same queries.

    Raises:
        ValueError: If there is no value.
    """
    if ceilings is None:
        return Score(bootstrap(values, seed=seed))
    ours, best = np.asarray(values, dtype=np.float64), np.asarray(ceilings, dtype=np.float64)
    if not len(ours):
        _none()
    means, tops = _resample([ours, best], seed)
    ratio = _estimate(float(ours.mean() / best.mean()), means / tops)
    return Score(_estimate(float(ours.mean()), means), float(best.mean()), ratio)


def _resample(columns: Sequence[Floats], seed: int) -> list[Floats]:
    """Means of each column over resampled queries, the same queries in every column."""
    rng = np.random.default_rng(seed)
    size = len(columns[0])
    means: list[list[Floats]] = [[] for _ in columns]
    left = RESAMPLES
    while left:
        count = min(left, max(1, _CELLS // size))
        drawn = rng.integers(size, size=(count, size))
        for held, column in zip(means, columns, strict=True):
            held.append(column[drawn].mean(axis=1))
        left -= count
    return [np.concatenate(held) for held in means]


def _estimate(value: float, resampled: Floats) -> Estimate:
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value, float(low), float(high))


def _none() -> Estimate:
    raise ValueError("there is no query to take a mean over")
