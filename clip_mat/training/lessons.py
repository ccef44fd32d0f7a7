"""Lessons of the generative model: noisy crystals, what is told of them, and what is to be said of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from typing import TypeAlias

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from clip_mat.facts import GAP_CLASSES, NEARLY_STABLE_BELOW, STABLE_BELOW, Facts
from clip_mat.generate.cells import LatticeScale
from clip_mat.generate.conditions import ENANTIOMORPHS, Condition, collate_conditions
from clip_mat.generate.flow import IntArray, Lesson, Path, Times, make_lesson, make_path
from clip_mat.training.data import prepared
from clip_mat.training.diffusion_data import DiffusionSet
from clip_mat.training.hypothetical import Substitutes

OPENING = 0.1
"""Share of lessons in which all is noise still: which space group will it be?"""
ALONE = 0.35
"""Share of lessons without any condition."""
LATTICE_FIRST = 0.05
"""Share in which the lattice is known, ..."""
LATTICE_APART = 0.1
"""... and in which it has a time of its own."""
POOL = 8
"""Batches whose crystals are sorted together by size, so that little is padding."""
HYPOTHETICAL = 0.3
"""Share of lessons about a crystal with elements changed for neighbours."""
AHEAD = 4
"""Batches that each worker prepares ahead."""

Placed: TypeAlias = tuple[int, int, list[Lesson]]
"""A batch with its epoch and its place there."""
_MIRRORED = {**ENANTIOMORPHS, **{second: first for first, second in ENANTIOMORPHS.items()}}


class LessonSource:
    """Lessons from crystals, the same for the same seed, however many processes share them.

    Args:
        data: What to learn from.
        scale: Of lattices.
        batch: Crystals in a step, over all ranks.
        chunk: Crystals that go through the network at once; those of a chunk are alike in size.
        seed: Decides the order and all that is drawn.
    """

    def __init__(self, data: DiffusionSet, scale: LatticeScale, batch: int, chunk: int, seed: int) -> None:
        self.data, self.size = data, len(data)
        self._scale, self._lattices = scale, scale.standard(data.lattices)
        self._batch, self._chunk, self._seed = min(batch, self.size), chunk, seed
        self._substitutes = Substitutes(data.crystals)
        self._order: tuple[tuple[int, int], list[list[list[int]]]] | None = None

    def __len__(self) -> int:
        return self.size // self._batch

    def batch(self, epoch: int, position: int, rank: int = 0, world: int = 1) -> list[Lesson]:
        """This rank's part of a batch of an epoch."""
        if self._order is None or self._order[0] != (epoch, world):
            self._order = (epoch, world), list(self._batches(epoch, world))
        return [
            self.lesson(own, [np.random.default_rng([self._seed, epoch, row]) for row in own])
            for chunk in self._order[1][position]
            if (own := chunk[rank::world])
        ]

    def _batches(self, number: int, world: int) -> Iterator[list[list[int]]]:
        """Batches of chunks; each batch has small and large crystals, each chunk crystals of a size."""
        order = np.random.default_rng([self._seed, number]).permutation(self.size)[: len(self) * self._batch]
        size = min(self._chunk * world, self._batch)
        for pool in np.split(order, range(POOL * self._batch, len(order), POOL * self._batch)):
            rows = sorted(pool.tolist(), key=lambda row: len(self.data.crystals[row]))
            chunks = [rows[at : at + size] for at in range(0, len(rows), size)]
            batches = -(-len(rows) // self._batch)
            yield from (chunks[place::batches] for place in range(batches))

    def lesson(self, rows: Sequence[int], rngs: Sequence[np.random.Generator], plain: bool = False) -> Lesson:
        """One chunk.

        Args:
            rows: Which crystals.
            rngs: One for each, which decides all that is drawn.
            plain: Nothing asked, all of one crystal at one time.
        """
        changes = [None if plain else self._change(row, rng) for row, rng in zip(rows, rngs, strict=True)]
        ways = [self._way(row, change, rng) for row, change, rng in zip(rows, changes, rngs, strict=True)]
        times = _times(rngs, plain)
        groups = [self._group(row, way) for row, way in zip(rows, ways, strict=True)]
        asked = [
            Condition() if plain else self._condition(row, group, change is None, rng)
            for row, group, change, rng in zip(rows, groups, changes, rngs, strict=True)
        ]
        told = [c.spacegroup is not None or c.crystal_system is not None for c in asked]
        guess = np.array([0 if known else group for group, known in zip(groups, told, strict=True)], dtype=np.int64)
        lesson = make_lesson(ways, times, collate_conditions(asked, self.data.dimension), guess, rngs)
        lesson.elements[torch.tensor([change is not None for change in changes])] = 0  # nobody made them
        return lesson

    def _change(self, row: int, rng: np.random.Generator) -> tuple[IntArray, float] | None:
        """Other elements in the place of these, in some lessons."""
        if rng.random() >= HYPOTHETICAL:
            return None
        return self._substitutes.draw(self.data.crystals[row].numbers, rng)

    def _way(self, row: int, change: tuple[IntArray, float] | None, rng: np.random.Generator) -> Path:
        crystal, lattice = self.data.crystals[row], self._lattices[row].copy()
        numbers, larger = (crystal.numbers, 0.0) if change is None else change
        lattice[0] += larger / self._scale.deviation[0]
        return make_path(numbers, crystal.positions, lattice, rng, self.data.axes[row])

    def _group(self, row: int, way: Path) -> int:
        group = self.data.facts[row].spacegroup or 0
        return _MIRRORED.get(group, group) if way.mirrored else group

    def _condition(self, row: int, group: int, known: bool, rng: np.random.Generator) -> Condition:
        """What is told of a crystal: often nothing, often a part; of one that is not known, its symmetry alone."""
        if rng.random() < ALONE:
            return Condition()
        facts = self.data.facts[row]
        draws = rng.random(5)
        vector = None
        if draws[0] < 0.45 and known and self.data.dimension:
            choices = self.data.own[row] if rng.random() < 0.5 else self.data.texts[row]
            vector = choices[rng.integers(len(choices))].astype(np.float32)
        gap = None
        if facts.band_gap is not None and known and draws[3] < 0.25:
            fitting = [name for name, (low, high) in GAP_CLASSES.items() if low <= facts.band_gap < high]
            gap = fitting[rng.integers(len(fitting))] if fitting else None
        return Condition(
            vector,
            group if group and draws[1] < 0.6 else None,
            facts.crystal_system if draws[2] < 0.2 else None,
            gap,
            _stability(facts) if known and draws[4] < 0.25 else None,
        )


class _Stream(IterableDataset[Placed]):
    """All batches of a run from a place on, without end; several workers take turns."""

    def __init__(self, source: LessonSource, first: int, rank: int, world: int) -> None:
        self._source, self._first, self._rank, self._world = source, first, rank, world

    def __iter__(self) -> Iterator[Placed]:
        worker = get_worker_info()
        own, of_all = (0, 1) if worker is None else (worker.id, worker.num_workers)
        for number in count(self._first + own, of_all):
            epoch, position = divmod(number, len(self._source))
            yield epoch, position, self._source.batch(epoch, position, self._rank, self._world)


def lessons(
    source: LessonSource, epoch: int, position: int, *, rank: int = 0, world: int = 1, workers: int = 0
) -> Iterator[Placed]:
    """All batches of a run from a place on, each with its epoch and its place there.

    Args:
        source: Where they come from; it is sent to workers with pickle.
        epoch: Of the first.
        position: Of the first, in the epoch.
        rank: Whose share is wanted.
        world: How many shares there are.
        workers: Processes that prepare batches ahead, any number; the batches and their order stay the same.
    """
    return prepared(_Stream(source, epoch * len(source) + position, rank, world), workers, AHEAD)


def _stability(facts: Facts) -> str | None:
    if facts.energy_above_hull is None:
        return None
    if facts.energy_above_hull <= STABLE_BELOW:
        return "stable"
    return "metastable" if facts.energy_above_hull <= NEARLY_STABLE_BELOW else "unstable"


def _times(rngs: Sequence[np.random.Generator], plain: bool) -> Times:
    """Where on their ways the crystals of a lesson are."""
    positions, lattice = np.zeros(len(rngs)), np.zeros(len(rngs))
    for row, rng in enumerate(rngs):
        kind, apart, positions[row], other = rng.random(4)
        lattice[row] = positions[row]
        if plain:
            continue
        if kind < OPENING:
            positions[row] = lattice[row] = 0.0
        elif apart < LATTICE_FIRST:
            lattice[row] = 1.0
        elif apart < LATTICE_FIRST + LATTICE_APART:
            lattice[row] = other
    return Times(positions, lattice)
