"""Do queries by the name of a structure type, and by a range of the band gap, bring what they ask for?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clip_mat.evaluation.gallery import Gallery, Model, Vectors
from clip_mat.evaluation.retrieval import Search
from clip_mat.evaluation.scores import Estimate, bootstrap

FEWEST = 5
"""Members that a structure type needs to be asked for."""
DEPTH = 10
NAME_FRAMES = ("{} structure", "{}-type compound", "{}")


@dataclass(frozen=True, slots=True)
class NameScore:
    """One structure type: its members in the gallery, and the share of them among the first hits.

    ``precision`` is out of the hits that could be right: ten, or as many members as there are.
    """

    name: str
    members: int
    precision: float

    def to_dict(self) -> dict[str, Any]:
        """``{"name", "members", "precision"}``."""
        return {"name": self.name, "members": self.members, "precision": self.precision}


@dataclass(frozen=True, slots=True)
class PrototypeScores:
    """Queries by the names of structure types.

    Attributes:
        precision: Mean over names of the share of members among the first ten hits.
        attainable: The same where fewer members than ten cannot fill ten places: out of those that could be right.
        names: Each name.
    """

    precision: Estimate
    attainable: Estimate
    names: tuple[NameScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """``{"precision", "attainable", "names": [...]}``."""
        return {
            "precision": self.precision.to_dict(),
            "attainable": self.attainable.to_dict(),
            "names": [name.to_dict() for name in self.names],
        }


def query_prototypes(
    model: Model, gallery: Gallery, crystals: Vectors, *, fewest: int = FEWEST, seed: int = 0
) -> PrototypeScores | None:
    """P@10 of every name with at least ``fewest`` members; None where there is no such name.

    Each name is asked in each of `NAME_FRAMES`, a query of its own; its precision is their mean.

    Args:
        model: Reads the queries.
        gallery: n crystals.
        crystals: (n, d) their vectors.
        fewest: Members that a name needs.
        seed: Of the bootstrap, over names.
    """
    counts = Counter(name for facts in gallery.facts for name in facts.prototypes)
    names = sorted(name for name, count in counts.items() if count >= fewest)
    if not names:
        return None
    depth = min(DEPTH, len(gallery))
    precisions, scores = [], []
    for name in names:
        texts = model.encode_text([frame.format(name) for frame in NAME_FRAMES])
        best = np.argpartition(-(texts @ crystals.T), depth - 1, axis=1)[:, :depth]
        right = np.array([[name in gallery.facts[row].prototypes for row in rows] for rows in best])
        precisions.append(float(right.mean()))
        scores.append(NameScore(name, counts[name], float(right.sum(axis=1).mean()) / min(depth, counts[name])))
    return PrototypeScores(
        bootstrap(precisions, seed=seed), bootstrap([score.precision for score in scores], seed=seed), tuple(scores)
    )


@dataclass(frozen=True, slots=True)
class GapQuery:
    """A query for a range of the band gap in eV, ``low`` inclusive, as a person types it."""

    text: str
    low: float
    high: float = float("inf")


GAP_QUERIES = (
    GapQuery("oxide with a band gap above 3 eV", 3.0),
    GapQuery("sulfide semiconductor, gap between 1 and 2 eV", 1.0, 2.0),
    GapQuery("nitride with a gap of at least 1 eV", 1.0),
    GapQuery("fluoride with Eg > 5 eV", 5.0),
    GapQuery("selenide with band gap below 1 eV", 0.0, 1.0),
    GapQuery("perovskite oxide with band gap between 2 and 4 eV", 2.0, 4.0),
    GapQuery("lithium compounds with a band gap larger than 4 eV", 4.0),
    GapQuery("iodide, band gap from 1 to 3 eV", 1.0, 3.0),
    GapQuery("cubic semiconductor with a gap under 0.5 eV", 0.0, 0.5),
    GapQuery("tellurides with gap smaller than 1.5 eV", 0.0, 1.5),
    GapQuery("phosphate with band gap >= 4 eV", 4.0),
    GapQuery("band gap between 1.1 and 1.7 eV", 1.1, 1.7),
)


def query_gaps(
    search: Search, gallery: Gallery, queries: Sequence[GapQuery] = GAP_QUERIES, *, seed: int = 0
) -> Estimate:
    """Share of the first ten hits whose known band gap is in the range asked for, a mean over queries.

    A hit whose gap is not known counts neither way; a query without any hit of known gap scores nothing.

    Args:
        search: The search that people use, filter and vector together.
        gallery: Knows the gaps.
        queries: What is asked.
        seed: Of the bootstrap.
    """
    precisions = []
    for query, hits in zip(queries, search([query.text for query in queries], DEPTH), strict=True):
        gaps = [gallery.facts[row].band_gap for row in gallery.find(hits)]
        known = [gap for gap in gaps if gap is not None]
        precisions.append(sum(query.low <= gap < query.high for gap in known) / len(known) if known else 0.0)
    return bootstrap(precisions, seed=seed)
