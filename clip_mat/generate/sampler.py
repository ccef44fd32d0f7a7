"""Sampling: many requests at once, from noise or from a crystal with some noise, with any part given.

>>> model = CrystalDenoiser.load()  # doctest: +SKIP
>>> model.sample([Start.of({"Na": 1, "Cl": 1})], [Condition(crystal_system="cubic")])  # doctest: +SKIP

First the elements that are open are drawn, one kind of atoms after the other. Then atoms and lattice go the way that
`clip_mat.generate.walk` tells of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from clip_mat.errors import RequestError
from clip_mat.generate.cells import FloatArray
from clip_mat.generate.composer import ELEMENTS, Kinds
from clip_mat.generate.conditions import Condition, Conditions, collate_conditions
from clip_mat.generate.consensus import best_first
from clip_mat.generate.denoiser import Denoiser, Prediction, State
from clip_mat.generate.denoiser_weights import load_denoiser
from clip_mat.generate.flow import IntArray
from clip_mat.generate.starts import Start
from clip_mat.generate.walk import ANNEALING, Item, Sample, Walk, padded
from clip_mat.sentence_encoder import cpu_has_bfloat16

STEPS = 25
TEMPERATURE = 0.8
"""Of drawn elements. The network spreads a little of what belongs to frequent elements over all others, most of which
are heavy."""
_BATCH = 128
"""Crystals that walk together at most, ..."""
_PADDING = 32
"""... and places for atoms that a larger one may add to the smaller ones of its batch and leave empty: filling them
costs as much as going through the network once more."""
_COMPOSING = 104729
"""Keeps what chance decides of elements apart from what it decides of atoms."""


class CrystalDenoiser:
    """The generative model of crystals, ready to use.

    Args:
        model: Trained.
        fingerprint: Digest of its weights.
        clip: Fingerprint of the Crystal CLIP that it was trained with.
        device: Torch device.
        patterns: How many training crystals have so many atoms of each element in the cell.
    """

    def __init__(
        self,
        model: Denoiser,
        fingerprint: str = "",
        clip: str = "",
        device: str = "cpu",
        patterns: Mapping[tuple[int, ...], int] | None = None,
    ) -> None:
        self.patterns = dict(patterns or {})
        self.model = model.to(device).eval()
        self.fingerprint, self.clip, self.device = fingerprint, clip, torch.device(device)
        self._bfloat16 = self.device.type == "cuda" or cpu_has_bfloat16()

    @property
    def most_atoms(self) -> int:
        """In a cell."""
        return self.model.config.most_atoms

    @classmethod
    def load(cls, folder: str | Path | None = None, device: str = "cpu") -> Self:
        """Read a trained model.

        Args:
            folder: Where `save_denoiser` put it; by default the model that comes with this package.
            device: Torch device.

        Raises:
            WeightsError: If the weights are missing, damaged, or do not fit their configuration.
        """
        folder = Path(__file__).parents[1] / "weights" / "diffusion" if folder is None else Path(folder)
        model, fingerprint, clip, patterns = load_denoiser(folder)
        return cls(model, fingerprint, clip, device, patterns)

    def draw_patterns(self, count: int, seed: int = 0) -> list[tuple[int, ...]]:
        """How many atoms of each element stand in a cell, the most first, as frequent as in the training set.

        Where the weights do not tell, only the size of the cell is drawn, and every atom may be of its own element.
        """
        if not self.patterns:
            return [(1,) * size for size in self.draw_sizes(count, seed)]
        known = list(self.patterns)
        shares = np.array([self.patterns[pattern] for pattern in known], dtype=np.float64)
        drawn = np.random.default_rng([seed, 2]).choice(len(known), size=count, p=shares / shares.sum())
        return [known[place] for place in drawn]

    def draw_sizes(self, count: int, seed: int = 0) -> list[int]:
        """Numbers of atoms in the cell, as frequent as in the training set."""
        cells = np.array(self.model.config.cells, dtype=np.float64)
        drawn = np.random.default_rng([seed, 1]).choice(len(cells), size=count, p=cells / cells.sum())
        return [int(size) for size in drawn]

    def sample(
        self,
        starts: Sequence[Start],
        conditions: Sequence[Condition],
        *,
        steps: int = STEPS,
        guidance: float = 1.0,
        seed: int | Sequence[int] = 0,
        candidates: int = 1,
        plan: bool = True,
        annealing: float = ANNEALING,
        trajectory: bool = False,
    ) -> list[Sample]:
        """Crystals, one for each start: the best of the candidates.

        Args:
            starts: n starts; elements that are open are drawn first, as `compose` does.
            conditions: n conditions.
            steps: Evaluations of the network on the way, without those for open elements and plan.
            guidance: 1 for what was learnt; beyond, conditions count more (Ho & Salimans, arXiv:2207.12598), at
                twice the cost.
            seed: One for each start; or a number, from which each place in the sequence has its own. The same start,
                condition and seed give the same crystal in any company, up to rounding.
            candidates: Crystals made for each start, all of the same elements.
            plan: Choose a space group first where none is asked for.
            annealing: See `clip_mat.generate.walk.ANNEALING`.
            trajectory: Keep what is on the way.

        Returns:
            For each start the best of its candidates, as `clip_mat.generate.consensus.best_first` has it, and with it
            the others.

        Raises:
            RequestError: If a start has too many atoms, or an argument is out of range.
        """
        seeds = self._checked(starts, conditions, seed)
        if steps < 1 or candidates < 1:
            raise RequestError(f"{steps=}, {candidates=}: must be at least 1")
        starts = self._composed(starts, conditions, seeds, guidance)
        items = [
            Item(start, condition, number, candidates, np.random.default_rng([first, second, number]))
            for start, condition, (first, second) in zip(starts, conditions, seeds, strict=True)
            for number in range(candidates)
        ]
        evaluate = partial(self.evaluate, guidance=guidance)
        made: list[Sample | None] = [None] * len(items)
        for rows in batches([len(item.start.numbers) for item in items]):
            walk = Walk([items[row] for row in rows], self.model, evaluate)
            with self._autocast():  # around all steps: inside, weights are made bfloat16 once
                done = walk.run(steps, plan, annealing, trajectory)
            for row, sample in zip(rows, done, strict=True):
                made[row] = sample
        samples = [sample for sample in made if sample is not None]
        if candidates == 1:
            return samples
        return [_best(samples[at : at + candidates]) for at in range(0, len(samples), candidates)]

    def compose(
        self,
        starts: Sequence[Start],
        conditions: Sequence[Condition],
        *,
        seed: int | Sequence[int] = 0,
        guidance: float = 1.0,
    ) -> list[Start]:
        """Starts whose elements are all given: those that are open are drawn.

        Args:
            starts: n starts.
            conditions: n conditions.
            seed: As for `sample`, which draws the same elements.
            guidance: As for `sample`.

        Raises:
            RequestError: If a start has too many atoms.
        """
        return self._composed(starts, conditions, self._checked(starts, conditions, seed), guidance)

    def _checked(
        self, starts: Sequence[Start], conditions: Sequence[Condition], seed: int | Sequence[int]
    ) -> list[tuple[int, int]]:
        """A seed for each start, of two numbers; what does not fit together is told."""
        if len(starts) != len(conditions):
            raise RequestError(f"{len(starts)} starts and {len(conditions)} conditions: give one for each")
        seeds = [(seed, place) for place in range(len(starts))] if isinstance(seed, int) else [(s, 0) for s in seed]
        if len(seeds) != len(starts):
            raise RequestError(f"{len(seeds)} seeds for {len(starts)} starts")
        largest = max((len(start.numbers) for start in starts), default=0)
        if largest > self.most_atoms:
            raise RequestError(f"{largest} atoms in a cell: the model makes cells of at most {self.most_atoms}")
        return [(abs(first), second) for first, second in seeds]

    def _composed(
        self,
        starts: Sequence[Start],
        conditions: Sequence[Condition],
        seeds: Sequence[tuple[int, int]],
        guidance: float,
    ) -> list[Start]:
        """In each round one element of each start that has open ones is drawn, which knows those before it."""
        rows = [row for row, start in enumerate(starts) if not start.numbers.all()]
        if not rows:
            return list(starts)
        drafts = [_Draft(starts[row], np.random.default_rng([*seeds[row], _COMPOSING])) for row in rows]
        asked = collate_conditions([conditions[row] for row in rows], self.model.config.vector).to(self.device)
        counts = padded([np.array([len(places) for places in draft.kinds]) for draft in drafts]).to(self.device)
        while any(draft.open for draft in drafts):
            numbers = padded([draft.numbers for draft in drafts]).to(self.device)
            logits = self._elements(Kinds(numbers, counts), asked, guidance).double().cpu().numpy()
            for draft, told in zip(drafts, logits, strict=True):
                draft.draw(told)
        made = list(starts)
        for row, draft in zip(rows, drafts, strict=True):
            made[row] = draft.done()
        return made

    def evaluate(self, state: State, conditions: Conditions, guidance: float = 1.0) -> Prediction:
        """The network, once; or twice and extrapolated, where guidance is not 1."""
        with torch.inference_mode(), self._autocast():
            if guidance == 1:
                told: Prediction = self.model(state, conditions)
                return told
            both = self.model(state.twice(), conditions.joined(conditions.silent))
        parts = (both.velocity, both.lattice_velocity, both.spacegroup)
        return Prediction(*(_extrapolated(part, guidance) for part in parts))

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16)

    def _elements(self, kinds: Kinds, conditions: Conditions, guidance: float) -> Tensor:
        """What the composer says of open elements, (b, k, 104) logits; guided as `evaluate` is."""
        with torch.inference_mode():
            if guidance == 1:
                told: Tensor = self.model.composer(kinds, conditions)
                return told
            return _extrapolated(self.model.composer(kinds.twice(), conditions.joined(conditions.silent)), guidance)


def batches(sizes: Sequence[int]) -> list[list[int]]:
    """Which crystals are made together: those of like size, so that little is spent on padding.

    Args:
        sizes: Atoms in each.

    Returns:
        Their places, in batches.
    """
    made: list[list[int]] = []
    largest = 0
    for row in sorted(range(len(sizes)), key=sizes.__getitem__):
        if not made or len(made[-1]) == _BATCH or len(made[-1]) * (sizes[row] - largest) > _PADDING:
            made.append([])
        made[-1].append(row)
        largest = sizes[row]
    return made


def _best(group: Sequence[Sample]) -> Sample:
    """The best of the candidates for one start, and with it the others, all with their scores."""
    ranked = best_first([sample.crystal for sample in group], [sample.spacegroup for sample in group])
    best, *others = (replace(group[place], score=score) for place, score in ranked)
    return replace(best, others=tuple(others))


def _extrapolated(both: Tensor, guidance: float) -> Tensor:
    """From what is said where nothing is asked, the second half, beyond what is said where something is, the first."""
    asked, silent = both.chunk(2)
    return silent + guidance * (asked - silent)


class _Draft:
    """The elements of one crystal, and all that chance decides of them."""

    def __init__(self, start: Start, rng: np.random.Generator) -> None:
        self._start = start
        alone = np.arange(len(start.numbers)) if start.kinds is None else start.kinds
        names = np.where(start.numbers > 0, -start.numbers, alone)
        self.kinds: list[IntArray] = [np.flatnonzero(names == name) for name in np.unique(names)]
        self.numbers: IntArray = start.numbers[[places[0] for places in self.kinds]]
        self.open: list[int] = [kind for kind in rng.permutation(len(self.kinds)).tolist() if not self.numbers[kind]]
        self._gumbel: FloatArray = rng.gumbel(size=(len(self.kinds), ELEMENTS))

    def draw(self, logits: FloatArray) -> None:
        """The next open element, by logits of all kinds, (k or more, 104)."""
        if not self.open:
            return
        kind = self.open.pop()
        scores = logits[kind] / TEMPERATURE + self._gumbel[kind]
        scores[0] = -np.inf
        if self._start.allowed is not None:
            scores[[number for number in range(ELEMENTS) if number not in self._start.allowed]] = -np.inf
        self.numbers[kind] = scores.argmax()

    def done(self) -> Start:
        """The start with these elements."""
        numbers = self._start.numbers.copy()
        for places, number in zip(self.kinds, self.numbers, strict=True):
            numbers[places] = number
        return replace(self._start, numbers=numbers)
