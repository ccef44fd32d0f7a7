"""Text to crystal and back over a whole gallery, and in pools as CLaC measured it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from clip_mat.evaluation.gallery import FactIndex, Gallery, Model, Vectors
from clip_mat.evaluation.scores import Estimate, Ranks, Score, bootstrap, rank_targets, score
from clip_mat.facts import Facts, Key

RECALLS = (1, 5, 10)
POOL = 512
"""Size of a pool, as in CLaC (Wu et al., "Contrastive Language and Crystal pre-training", 2025)."""
POOL_RECALLS = (1, 10)

Search = Callable[[Sequence[str], int], Sequence[Sequence[str]]]
"""``(texts, k) -> ids`` of the hits of each text, best first."""


@dataclass(frozen=True, slots=True)
class Query:
    """A text and the crystal that it is about.

    Attributes:
        id: Of the one crystal that counts as found.
        text: What the model reads.
        states: What the text states, or as much of it as is known: the fewer facts, the lower the ceiling.
        gap_above: Stated lower bound of the band gap in eV.
        without: Elements that the text forbids.
    """

    id: str
    text: str
    states: frozenset[Key] = frozenset()
    gap_above: float | None = None
    without: frozenset[str] = frozenset()

    def fits(self, facts: Facts) -> bool:
        """Whether a crystal has what the text asks for."""
        if self.gap_above is not None and not (facts.band_gap is not None and facts.band_gap > self.gap_above):
            return False
        return self.states <= facts.keys and self.without.isdisjoint(facts.counts)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How well a list of queries found its items.

    Attributes:
        name: Of the list of queries.
        queries: How many there are.
        gallery: Among how many items they searched.
        scores: By measure: ``R@1``, ``R@5``, ``R@10``, ``MRR``.
        ranks: Of each query, for comparisons of systems.
    """

    name: str
    queries: int
    gallery: int
    scores: dict[str, Score]
    ranks: Ranks = field(repr=False, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """``{"name", "queries", "gallery", "scores": {"R@1": {...}, ...}}``."""
        scores = {measure: found.to_dict() for measure, found in self.scores.items()}
        return {"name": self.name, "queries": self.queries, "gallery": self.gallery, "scores": scores}


def summarise(
    name: str, ranks: Ranks, gallery: int, ceiling: Ranks | None = None, *, ks: Sequence[int] = RECALLS, seed: int = 0
) -> Retrieval:
    """Scores of ranks beside those of the ceiling's ranks."""
    scores = {f"R@{k}": score(ranks.recall(k), None if ceiling is None else ceiling.recall(k), seed=seed) for k in ks}
    scores["MRR"] = score(ranks.reciprocal(), None if ceiling is None else ceiling.reciprocal(), seed=seed)
    return Retrieval(name, len(ranks), gallery, scores, ranks)


def text_to_crystal(
    name: str, queries: Sequence[Query], gallery: Gallery, texts: Vectors, crystals: Vectors, *, seed: int = 0
) -> Retrieval:
    """Every text searches the whole gallery for its crystal.

    Args:
        name: Of the list of queries.
        queries: q texts with their crystals.
        gallery: n crystals.
        texts: (q, d) vectors of the texts.
        crystals: (n, d) vectors of the gallery.
        seed: Of the bootstrap.

    Raises:
        CrystalError: If a query's crystal is not in the gallery.
    """
    ranks = rank_targets(texts, crystals, gallery.find(query.id for query in queries))
    return summarise(name, ranks, len(gallery), Ranks.perfect(count_fitting(queries, gallery)), seed=seed)


def count_fitting(queries: Sequence[Query], gallery: Gallery) -> npt.NDArray[np.int64]:
    """(q,) how many crystals fit each text, its own counted even where the data do not say that it fits."""
    counts = np.empty(len(queries), dtype=np.int64)
    for place, query in enumerate(queries):
        rows = gallery.index.matching(query.states)
        if query.without or query.gap_above is not None:
            rows = {row for row in rows if query.fits(gallery.facts[row])}
        counts[place] = len(rows | {gallery.rows[query.id]})
    return counts


def crystal_to_text(
    name: str, queries: Sequence[Query], gallery: Gallery, texts: Vectors, crystals: Vectors, *, seed: int = 0
) -> Retrieval:
    """Every query's crystal searches the texts of all queries for its own.

    The ceiling is that of a model that prefers, among the texts that are true of a crystal, those true of the fewest
    others, and cannot tell apart texts that are true of equally many.

    Args: as for `text_to_crystal`.
    """
    rows = gallery.find(query.id for query in queries)
    ranks = rank_targets(crystals[rows], texts, np.arange(len(queries)))
    facts = [gallery.facts[row] for row in rows]
    return summarise(
        name, ranks, len(queries), _text_ceiling(queries, facts, count_fitting(queries, gallery)), seed=seed
    )


def _text_ceiling(queries: Sequence[Query], facts: Sequence[Facts], fitting: npt.NDArray[np.int64]) -> Ranks:
    holders = FactIndex(facts)
    matching = lru_cache(maxsize=None)(lambda states: holders.matching(states))
    true_of: list[list[int]] = [[] for _ in queries]  # by crystal: for how many crystals its true texts are true
    for place, query in enumerate(queries):
        rows = {row for row in matching(query.states) if query.fits(facts[row])} | {place}
        for row in rows:
            true_of[row].append(int(fitting[place]))
    above = [sum(count < own for count in counts) for counts, own in zip(true_of, fitting, strict=True)]
    tied = [Counter(counts)[int(own)] for counts, own in zip(true_of, fitting, strict=True)]
    return Ranks(np.array(above, dtype=np.int64), np.array(tied, dtype=np.int64))


def pooled(
    name: str,
    queries: Sequence[Query],
    gallery: Gallery,
    texts: Vectors,
    crystals: Vectors,
    *,
    size: int = POOL,
    pools: int = 20,
    seed: int = 0,
) -> Retrieval:
    """Every text searches a random pool of the queries' own crystals, as CLaC measured.

    Args:
        name: Of the list of queries.
        queries: At least ``size`` texts with their crystals.
        gallery: Holds them.
        texts: (q, d) vectors of the texts.
        crystals: (n, d) vectors of the gallery.
        size: Crystals in a pool.
        pools: How many pools are drawn.
        seed: Of the pools and the bootstrap.

    Raises:
        ValueError: If there are too few queries for a pool.
    """
    if len(queries) < size:
        raise ValueError(f"a pool of {size} needs as many queries, and there are {len(queries)}")
    rows = gallery.find(query.id for query in queries)
    rng = np.random.default_rng(seed)
    above, tied, fitting = [], [], []
    for _ in range(pools):
        drawn = rng.choice(len(queries), size=size, replace=False)
        ranks = rank_targets(texts[drawn], crystals[rows[drawn]], np.arange(size))
        above.append(ranks.above)
        tied.append(ranks.tied)
        pool = Gallery(
            *zip(*((gallery.ids[r], gallery.crystals[r], gallery.facts[r]) for r in rows[drawn]), strict=True)
        )
        fitting.append(count_fitting([queries[place] for place in drawn], pool))
    ranks = Ranks(np.concatenate(above), np.concatenate(tied))
    ceiling = Ranks.perfect(np.concatenate(fitting))
    return summarise(name, ranks, size, ceiling, ks=POOL_RECALLS, seed=seed)


def searched(name: str, queries: Sequence[Query], gallery: Gallery, search: Search, *, seed: int = 0) -> Retrieval:
    """Every text goes to a search that has more than vectors: filters it reads from the text.

    Only the first ten hits are asked for, so that the reciprocal rank counts what is beyond as nothing.

    Args:
        name: Of the list of queries.
        queries: q texts with their crystals.
        gallery: What is searched.
        search: ``(texts, k) -> ids`` of the hits of each, best first.
        seed: Of the bootstrap.
    """
    depth = max(RECALLS)
    hits = search([query.text for query in queries], depth)
    above = [
        list(found).index(query.id) if query.id in found else len(gallery)
        for query, found in zip(queries, hits, strict=True)
    ]
    ranks = Ranks(np.array(above, dtype=np.int64), np.ones(len(queries), dtype=np.int64))
    return summarise(name, ranks, len(gallery), Ranks.perfect(count_fitting(queries, gallery)), seed=seed)


def gain(ours: Retrieval, other: Retrieval, k: int = 1, *, seed: int = 0) -> Estimate:
    """How much more R@k the first has than the second on the same queries, with its paired bootstrap interval."""
    return bootstrap(ours.ranks.recall(k) - other.ranks.recall(k), seed=seed)


def evaluate(
    name: str, model: Model, queries: Sequence[Query], gallery: Gallery, crystals: Vectors, *, seed: int = 0
) -> tuple[Retrieval, Retrieval]:
    """Both directions, text to crystal first. Shape of ``crystals``: (n, d), the gallery as encoded."""
    texts = model.encode_text([query.text for query in queries])
    return (
        text_to_crystal(name, queries, gallery, texts, crystals, seed=seed),
        crystal_to_text(name, queries, gallery, texts, crystals, seed=seed),
    )
