"""Ranking measures and bootstrap intervals, on plain lists and sets."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 10_000
"""Bootstrap resamples behind an interval."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``n`` questions with its 95% interval."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]" if self.n else "-"

    def to_dict(self) -> dict[str, float | int | None]:
        """Plain JSON; null for what no question measured."""
        value, low, high = (None if math.isnan(x) else x for x in (self.value, self.low, self.high))
        return {"value": value, "low": low, "high": high, "n": self.n}


def bootstrap(values: Sequence[float], *, resamples: int = RESAMPLES, seed: int = 0) -> Estimate:
    """Mean of ``values`` with a 95% percentile-bootstrap interval (Efron 1979).

    The interval closes on the value where all values are equal: read ``n`` beside it.
    """
    sample = np.asarray(values, dtype=np.float64)
    if not sample.size:
        return Estimate(math.nan, math.nan, math.nan, 0)
    draws = np.random.default_rng(seed).integers(sample.size, size=(resamples, sample.size), dtype=np.int32)
    low, high = np.quantile(sample[draws].mean(axis=1), (0.025, 0.975))
    return Estimate(float(sample.mean()), float(low), float(high), int(sample.size))


def first_hit(ranking: Sequence[Iterable[Hashable]], gold: set[Hashable]) -> int | None:
    """Rank, from 1, of the first entry that holds a gold unit; None if none does."""
    return next((rank for rank, units in enumerate(ranking, start=1) if not gold.isdisjoint(units)), None)


def ndcg(ranking: Sequence[Iterable[Hashable]], gold: set[Hashable], k: int) -> float:
    """Normalised discounted cumulative gain at ``k`` with binary gains (Järvelin and Kekäläinen 2002).

    The units are ranked in the order of their first appearance, so a unit counts once, and an entry that
    names many units pushes down what follows.
    """
    order = list(dict.fromkeys(unit for units in ranking for unit in units))[:k]
    gain = sum(1 / math.log2(rank + 1) for rank, unit in enumerate(order, start=1) if unit in gold)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(len(gold), k) + 1))
    return gain / ideal if ideal else math.nan


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with aligned columns."""
    cells = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
