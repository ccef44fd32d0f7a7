"""Which structure type a composition takes, judged by the compounds that are most like it.

Every known crystal of the same pattern votes for its structure type, the louder the better its elements can stand for
those that are asked for. How well one element stands for another is learned: from the known crystals themselves, each
asked for in turn with its own formula left out. The votes of one type are summed, as probabilities are, and a small
network adds what the type is like: how many voted for it, how stable they are, how large its cell is. Several networks
that began differently are trained, and the mean of their logarithms counts.

The idea of learned substitution is that of Hautier et al., Inorg. Chem. 50, 656 (2011); voting by a learned distance is
neighbourhood component analysis (Goldberger et al., NIPS 2004) over structure types instead of classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from clip_mat.errors import WeightsError
from clip_mat.facts import CRYSTAL_SYSTEMS, crystal_system
from clip_mat.generate.substitution import MENDELEEV, Floats, Ints
from clip_mat.weight_files import read_weights

FORMAT = 2
_WEIGHTS = Path(__file__).parents[1] / "weights" / "ranker"
_NOTHING = -1e4
_KNOWN_BONUS, _UNSTABLE_MALUS = 20.0, 100.0
"""On the score of a template that has the very elements that are asked for, and for each eV/atom above the hull that
it lies: the compound itself is known, and how stable it is."""

Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Templates that stand for a composition, in some order of elements each; r of them, of g structure types.

    Attributes:
        counts: (k,) of the slots, in lowest terms.
        wanted: (r, k) atomic numbers that are asked for, in the slots of the template.
        elements: (r, k) atomic numbers of the template.
        hull: (r,) energy above the hull of the template in eV/atom, 0 where not known.
        group: (r,) which structure type it has, 0 to g - 1.
        units: (g,) formula units in the primitive cell of each type.
        spacegroup: (g,) international number.
        of_cell: Whether the number of formula units is given.
        of_group: Whether the space group is given.
    """

    counts: tuple[int, ...]
    wanted: Ints
    elements: Ints
    hull: Floats
    group: Ints
    units: Ints
    spacegroup: Ints
    of_cell: bool = False
    of_group: bool = False


class Judge(Protocol):
    """Anything that puts structure types and their templates in order."""

    def judge(self, votes: Votes) -> tuple[Floats, Floats]:
        """Scores of types (g,) and of templates (r,), higher is better; those of types are logarithms."""
        ...


class NearestElements:
    """The untrained baseline: the type of the one template with the nearest elements on the modified Pettifor scale."""

    def judge(self, votes: Votes) -> tuple[Floats, Floats]:
        """As `Judge`; of equally near templates the more stable is better."""
        apart = np.abs(MENDELEEV[votes.wanted] - MENDELEEV[votes.elements]).sum(axis=1)
        rows = -(apart + np.minimum(votes.hull, 0.5))
        types = np.full(len(votes.units), -np.inf)
        np.maximum.at(types, votes.group, rows)
        return types, rows


class Ranker:
    """The learned judge. Make one with `load`.

    Args:
        tensors: As in the file of weights: those of each member begin with its number, ``0.row.0.bias``.
    """

    def __init__(self, tensors: dict[str, Array]) -> None:
        members: dict[str, dict[str, Array]] = {"0": {}}
        for name, tensor in tensors.items():
            number, _, own = name.partition(".")
            if number.isdigit():
                members.setdefault(number, {})[own] = tensor
        _check(tensors, _COMMON)
        for weights in members.values():
            _check(weights, _SHAPES)
        self._common = tensors
        self._members = [_Member(weights, tensors["props"]) for weights in members.values()]

    @classmethod
    def load(cls, folder: Path | str | None = None) -> Self:
        """The ranker of a folder; by default the one that comes with this package.

        Raises:
            WeightsError: If files are missing, damaged, or of another format.
        """
        place = Path(folder) if folder is not None else _WEIGHTS
        saved = read_weights(place, "ranker", FORMAT, lambda config: config)
        return cls({name: tensor.numpy() for name, tensor in saved.tensors.items()})

    def judge(self, votes: Votes) -> tuple[Floats, Floats]:
        """As `Judge`."""
        judged = [member.judge(votes) for member in self._members]
        types, rows = (np.mean(scores, axis=0) for scores in zip(*judged, strict=True))
        return types, rows

    def volume_ratio(self, wanted: Ints, elements: Ints, counts: tuple[int, ...]) -> Floats:
        """(r,) By what factor the volume of each template changes with its elements, as for `Votes`."""
        share = np.array(counts) / sum(counts)
        logs = self._common["volume"]
        ratio: Floats = np.exp(((logs[wanted] - logs[elements]) * share).sum(axis=1)).astype(np.float64)
        return ratio

    def same_structure(self, apart: Floats) -> Floats:
        """Probability that two templates of one type have the same structure.

        Args:
            apart: (...) as `clip_mat.generate.variants.differences`.
        """
        offset, slope = self._common["same"].astype(np.float64)
        probability: Floats = (1.0 + np.exp(-offset)) / (1.0 + np.exp(slope * apart - offset))  # 1 where equal
        return probability


def _check(tensors: Mapping[str, Array], shapes: Mapping[str, int]) -> None:
    """Whether tensors are there, finite, and have their number of axes."""
    missing = sorted(set(shapes) - set(tensors))
    if missing:
        raise WeightsError(f"no weights of a ranker: {', '.join(missing)} are missing")
    for name, axes in shapes.items():
        if tensors[name].ndim != axes or not np.isfinite(tensors[name]).all():
            raise WeightsError(f"weights of a ranker with {name} of shape {tensors[name].shape}, or not finite")


class _Member:
    """One of the networks.

    Args:
        weights: Its own tensors.
        properties: (104, p) of the elements.
    """

    def __init__(self, weights: Mapping[str, Array], properties: Array) -> None:
        self._weights = weights
        self._properties = properties

    def judge(self, votes: Votes) -> tuple[Floats, Floats]:
        """As `Judge`; the logarithms are those of probabilities."""
        rows = self._rows(votes)
        known = (votes.wanted == votes.elements).all(axis=1)
        rows[known] += _KNOWN_BONUS - _UNSTABLE_MALUS * np.minimum(votes.hull[known], 0.1)
        types = len(votes.units)
        best = np.full(types, _NOTHING)
        np.maximum.at(best, votes.group, rows)
        summed = np.zeros(types)
        np.add.at(summed, votes.group, np.exp(rows - best[votes.group]))
        voted = best + np.log(summed)
        scores = voted + self._types(votes, voted, best)
        return scores - _log_sum(scores), rows

    def _rows(self, votes: Votes) -> Floats:
        """How well each template stands for the composition."""
        weights = self._weights
        share = (np.array(votes.counts) / sum(votes.counts)).astype(np.float32)[:, None]
        apart = (weights["U.weight"][votes.wanted] - weights["U.weight"][votes.elements]) ** 2
        wanted = self._properties[votes.wanted]
        change = wanted - self._properties[votes.elements]
        same = (votes.wanted == votes.elements).astype(np.float32)[..., None]
        fractions = np.broadcast_to(share, same.shape)
        slots = self._layers("slot", np.concatenate([apart, np.abs(change), wanted, fractions, same], axis=-1))
        mean = (change * share).sum(axis=1)
        spread = (np.abs(change - mean[:, None]) * share).sum(axis=1)
        root = np.sqrt(votes.hull).astype(np.float32)[:, None]
        whole = np.concatenate([slots.sum(axis=1), slots.max(axis=1), np.abs(mean), spread, root], axis=-1)
        near = (apart * weights["lin"]).sum(axis=(1, 2))
        scores: Floats = (self._layers("row", whole)[:, 0] - near).astype(np.float64)
        return scores

    def _types(self, votes: Votes, voted: Floats, best: Floats) -> Floats:
        """What is added for what a type is like."""
        relative = [
            np.maximum(best - best.max(), -20.0) / 5,
            np.maximum(voted - _log_sum(voted), -20.0) / 5,
            np.full(len(best), max(best.max() / 5, -10.0)),
        ]
        features = np.concatenate([type_features(votes), np.stack(relative, axis=1).astype(np.float32)], axis=1)
        return self._layers("group", features)[:, 0].astype(np.float64)

    def _layers(self, name: str, values: Array) -> Array:
        """Two linear layers with a SiLU between."""
        weights = self._weights
        inner = values @ weights[f"{name}.0.weight"].T + weights[f"{name}.0.bias"]
        inner = inner / (1.0 + np.exp(-np.clip(inner, -60.0, 60.0)))
        outer: Array = inner @ weights[f"{name}.2.weight"].T + weights[f"{name}.2.bias"]
        return outer


def _log_sum(scores: Floats) -> float:
    """Logarithm of a sum of exponentials."""
    return float(scores.max() + np.log(np.exp(scores - scores.max()).sum()))


def type_features(votes: Votes) -> Array:
    """(g, 14) What is known of each structure type: how many voted for it, how stable they are, how large it is, its
    crystal system; and what is asked."""
    types = len(votes.units)
    number = np.bincount(votes.group, minlength=types)
    root = np.sqrt(votes.hull)
    lowest = np.full(types, np.inf)
    np.minimum.at(lowest, votes.group, root)
    systems = [CRYSTAL_SYSTEMS.index(crystal_system(int(group))) for group in votes.spacegroup]
    features = [
        np.log(number),
        lowest,
        np.bincount(votes.group, root, minlength=types) / number,
        np.log(votes.units),
        np.log(votes.units * sum(votes.counts)),
        np.full(types, float(votes.of_cell)),
        np.full(types, float(votes.of_group)),
        *np.eye(len(CRYSTAL_SYSTEMS))[systems].T,
    ]
    return np.stack(features, axis=1).astype(np.float32)


_COMMON = {"props": 2, "volume": 1, "same": 1}
_SHAPES = {
    "U.weight": 2,
    "lin": 1,
    **{f"{part}.{place}.weight": 2 for part in ("slot", "row", "group") for place in (0, 2)},
    **{f"{part}.{place}.bias": 1 for part in ("slot", "row", "group") for place in (0, 2)},
}
"""Axes of each tensor: of the whole ranker, and of each member."""


@cache
def default_ranker() -> Ranker:
    """The ranker that comes with this package, loaded once."""
    return Ranker.load()
