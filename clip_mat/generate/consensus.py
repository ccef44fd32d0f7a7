"""Which of several crystals of the same elements is best: one that the others agree with, and that kept to the plan.

A model that draws from a distribution draws its peaks most often, and errors differ from each other. So the crystal
that most others are like is the likeliest (minimum Bayes risk; for language models Wang et al., "Self-consistency",
arXiv:2203.11171). And a crystal that has the space group that was planned for it is more often right than one that has
not: the model came to the end that it set out for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import product

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.symmetry import find_spacegroup

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
FARTHEST = 2.4
"""Distances up to here are looked at, in mean spacings (V/n)^(1/3)."""
_STEP = 0.025
_POINTS = np.arange(0.0, FARTHEST, _STEP)
_WIDTH = 0.08
"""By how much distances are smeared."""
_ALIKE = 0.4
"""Relative difference of two fingerprints at which crystals are still alike."""

_KEPT = 0.7
"""In Å, tolerance at which a crystal is asked for its space group: the first that `clip_mat.generate.symmetrise` tries,
so that spglib's answer serves both. Of 850 crystals of compositions kept out of training for which no template was sure
54% of those that had the planned group then were right, and 16% of the others; at 0.5 Å 55% and 16%."""


def standing(crystals: Sequence[Crystal], planned: Sequence[int | None]) -> FloatArray:
    """How good crystals are beside each other.

    Args:
        crystals: k crystals made for one request.
        planned: The space group that each was to have; None where none was planned.

    Returns:
        (k,), from 1 / k (alone, and without the planned group) to 2 (all alike, and with it).
    """
    kept = [_keeps(crystal, group) for crystal, group in zip(crystals, planned, strict=True)]
    scores: FloatArray = agreement(crystals) / max(1, len(crystals)) + np.array(kept, dtype=np.float64)
    return scores


def best_first(crystals: Sequence[Crystal], planned: Sequence[int | None]) -> list[tuple[int, float]]:
    """The crystal that stands best, and the others by what they agree alone: spglib, which takes longest, is asked only
    until one crystal has its planned group.

    Args:
        crystals: As for `standing`.
        planned: As for `standing`.

    Returns:
        Places, and as scores the `standing` of the first, and that without a planned group of the others.
    """
    shares = agreement(crystals) / max(1, len(crystals))
    order = np.argsort(-shares, kind="stable").tolist()
    best = next((place for place in order if _keeps(crystals[place], planned[place])), None)
    places = order if best is None else [best, *(place for place in order if place != best)]
    return [(place, float(shares[place]) + (place == best)) for place in places]


def _keeps(crystal: Crystal, group: int | None) -> bool:
    """Whether a crystal has the group that was planned for it."""
    return group is not None and find_spacegroup(crystal, _KEPT) == group


def agreement(crystals: Sequence[Crystal]) -> FloatArray:
    """How far each crystal is like the others, volume left aside.

    Args:
        crystals: k crystals.

    Returns:
        (k,), from 1 (alone) to k (all alike).
    """
    contents = [tuple(np.sort(crystal.numbers).tolist()) for crystal in crystals]
    prints = [fingerprint(crystal) for crystal in crystals]
    alike = np.zeros(len(crystals))
    for content in set(contents):  # those of other elements are no more alike than can be
        rows = [row for row, other in enumerate(contents) if other == content]
        same = np.stack([prints[row] for row in rows])
        size = np.linalg.norm(same, axis=1).mean()
        apart = np.linalg.norm(same[:, None] - same[None], axis=-1) / max(size, 1e-9)
        alike[rows] = np.exp(-np.square(apart / _ALIKE)).sum(1)
    return alike


def fingerprint(crystal: Crystal) -> FloatArray:
    """Distances up to `FARTHEST`, by pair of elements: a smeared histogram per atom."""
    lattice = crystal.lattice / (crystal.volume / len(crystal)) ** (1 / 3)
    shifts = _shifts(3 if len(crystal) <= 2 else 2 if len(crystal) <= 8 else 1)
    first, second = _pairs(len(crystal))  # each once: as far as one atom is from the other, so is the other from it
    apart = crystal.positions[first] - crystal.positions[second]
    ways = ((apart - np.rint(apart)) @ lattice)[:, None] + shifts @ lattice
    far = np.sqrt(np.einsum("psx,psx->ps", ways, ways))
    elements, kinds = np.unique(crystal.numbers, return_inverse=True)
    blocks = _blocks(len(elements))
    pair, shift = np.nonzero((far > 1e-3) & (far < FARTHEST - 2 * _STEP))
    steps = far[pair, shift] / _STEP
    place = steps.astype(np.int64)
    point = blocks[kinds[first], kinds[second]][pair] * len(_POINTS) + place
    counted = np.where(first == second, 1.0, 2.0)[pair]
    beyond = counted * (steps - place)  # between two points, and shared by them: distances may move a bit
    size = (blocks[-1, -1] + 1) * len(_POINTS)
    counts = np.bincount(point, counted - beyond, size) + np.bincount(point + 1, beyond, size)
    smeared: FloatArray = (counts.reshape(-1, len(_POINTS)) @ _smear()).ravel() / len(crystal)
    return smeared


@lru_cache(64)
def _pairs(atoms: int) -> tuple[IntArray, IntArray]:
    """Places of both atoms of each pair, an atom and its own copies among them."""
    first, second = np.triu_indices(atoms)
    return first, second


@cache
def _blocks(elements: int) -> IntArray:
    """(k, k) the block of each pair of elements."""
    first, second = _pairs(elements)
    blocks = np.empty((elements, elements), dtype=np.int64)
    blocks[first, second] = blocks[second, first] = np.arange(len(first))
    return blocks


@cache
def _smear() -> FloatArray:
    """What a distance at one point adds at the others; far ones count less, as there are many of them."""
    smear: FloatArray = np.exp(-np.square((_POINTS[:, None] - _POINTS) / _WIDTH)) / np.maximum(_POINTS, 0.3)
    return smear


@cache
def _shifts(reach: int) -> FloatArray:
    return np.array(list(product(range(-reach, reach + 1), repeat=3)), dtype=np.float64)
