"""Sampling: many requests at once, from noise or from a crystal with some noise, with any part given.

>>> model = CrystalDenoiser.load()  # doctest: +SKIP
>>> model.sample([Start.of({"Na": 1, "Cl": 1})], [Condition(crystal_system="cubic")])  # doctest: +SKIP

First the elements that are open are drawn, one kind of atoms after the other. Then, where none is asked for, the space
group is planned: the network says which are likely for these elements, and is told one of them. Then atoms and lattice
move from noise to a crystal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from clip_mat.crystal import NUMBERS, Crystal
from clip_mat.errors import RequestError
from clip_mat.generate.cells import FloatArray, lattice_numbers, lattices, niggli
from clip_mat.generate.composer import ELEMENTS, SPACEGROUPS, Kinds
from clip_mat.generate.conditions import Condition, Conditions, collate_conditions
from clip_mat.generate.consensus import standing
from clip_mat.generate.denoiser import Denoiser, Prediction, State
from clip_mat.generate.denoiser_weights import load_denoiser
from clip_mat.generate.flow import IntArray, assigned, noise, wrapped
from clip_mat.sentence_encoder import cpu_has_bfloat16
from clip_mat.towers.chemistry import SYSTEM_OF_GROUP

STEPS = 25
ANNEALING = 25.0
"""The atoms' velocity is scaled by 1 + ANNEALING x time, but never beyond the end of the way: anti-annealing (Miller et
al., FlowMM, arXiv:2406.04713, section 4). Without it the median error of the matched crystals is ten times larger."""
SURENESS = 2.0
"""Where the best of several is wanted, likely space groups are planned more often: in proportion to this power."""
TEMPERATURE = 0.8
"""Of drawn elements. The network spreads a little of what belongs to frequent elements over all others, most of which
are heavy."""
_BATCH = 64
_COMPOSING = 104729
"""Keeps what chance decides of elements apart from what it decides of atoms."""


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What a sample begins with.

    Attributes:
        numbers: (n,) atomic numbers, which stay; 0 for an element that is open.
        crystal: Of n atoms too, any cell that is small enough; None for pure noise.
        time: How much of the crystal stays, from 0 (pure noise) to 1 (nothing changes).
        fixed_lattice: Keep the lattice of the crystal, and let only the atoms move.
        allowed: Atomic numbers that open elements may have; None for all.
        kinds: (n,) which atoms are of one element, and which of different ones. Without it every open atom is of an
            element of its own, unless too few are allowed.

    Raises:
        RequestError: If these do not fit together.
    """

    numbers: IntArray
    crystal: Crystal | None = None
    time: float = 0.0
    fixed_lattice: bool = False
    allowed: frozenset[int] | None = None
    kinds: IntArray | None = None

    def __post_init__(self) -> None:
        numbers = np.asarray(self.numbers, dtype=np.int64)
        object.__setattr__(self, "numbers", numbers)
        if numbers.ndim != 1 or not len(numbers):
            raise RequestError("a start needs at least one atom")
        if numbers.min() < 0 or numbers.max() >= ELEMENTS:
            raise RequestError(f"atomic numbers must be 0 to {ELEMENTS - 1}, not {sorted(set(numbers.tolist()))}")
        if not 0 <= self.time <= 1:
            raise RequestError(f"time={self.time}: must be 0 to 1")
        if self.crystal is None and (self.time > 0 or self.fixed_lattice):
            raise RequestError("without a crystal to start from, time must be 0 and the lattice cannot be kept")
        if self.crystal is not None and len(self.crystal) != len(numbers):
            raise RequestError(f"{len(numbers)} elements for a crystal of {len(self.crystal)} atoms")
        if self.allowed is not None and (0 in self.allowed or not self.allowed):
            raise RequestError("allowed elements must be atomic numbers, at least one of them")
        if self.kinds is not None and self.kinds.shape != numbers.shape:
            raise RequestError(f"{len(numbers)} elements of {len(self.kinds)} kinds: give the kind of each atom")

    @classmethod
    def of(cls, cell: Mapping[str, int]) -> Self:
        """From noise, with these elements and counts in the cell.

        Raises:
            RequestError: If a symbol is no element.
        """
        unknown = [symbol for symbol in cell if symbol not in NUMBERS]
        if unknown:
            raise RequestError(f"no such element: {unknown[0]}")
        return cls(np.array([NUMBERS[symbol] for symbol, count in cell.items() for _ in range(count)], np.int64))

    @classmethod
    def open(cls, atoms: int, allowed: frozenset[int] | None = None) -> Self:
        """From noise, so many atoms of any elements, or of those allowed."""
        return cls(np.zeros(max(atoms, 0), np.int64), allowed=allowed)

    @classmethod
    def pattern(cls, counts: Sequence[int], elements: Sequence[int] = ()) -> Self:
        """From noise, atoms of as many elements as there are counts.

        Args:
            counts: Atoms of each element.
            elements: Atomic numbers of the first ones; the others are open.
        """
        given = [*elements, *[0] * (len(counts) - len(elements))]
        return cls(np.repeat(given, counts), kinds=np.repeat(np.arange(len(counts)), counts))

    @classmethod
    def near(cls, crystal: Crystal, time: float) -> Self:
        """From a crystal with noise, its elements given."""
        return cls(crystal.numbers, crystal, time)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What sampling gives.

    Attributes:
        crystal: In a reduced cell.
        spacegroup: That was asked for or planned; None where none was. It need not be the crystal's.
        score: See `clip_mat.generate.consensus.standing`; None where there was only one candidate.
        trajectory: From noise to the crystal, where asked for.
    """

    crystal: Crystal
    spacegroup: int | None = None
    score: float | None = None
    trajectory: list[Crystal] = field(default_factory=list)


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
        """Crystals, one for each start.

        Args:
            starts: n starts; elements that are open are drawn first, as `compose` does.
            conditions: n conditions.
            steps: Evaluations of the network on the way, without those for open elements and plan.
            guidance: 1 for what was learnt; beyond, conditions count more (Ho & Salimans, arXiv:2207.12598), at
                twice the cost.
            seed: One for each start; or a number, from which each place in the sequence has its own. The same start,
                condition and seed give the same crystal in any company, up to rounding.
            candidates: Crystals made for each start, all of the same elements, of which the best is given, as
                `clip_mat.generate.consensus` has it.
            plan: Choose a space group first where none is asked for.
            annealing: See `ANNEALING`.
            trajectory: Keep what is on the way.

        Raises:
            RequestError: If a start has too many atoms, or an argument is out of range.
        """
        seeds = self._checked(starts, conditions, seed)
        if steps < 1 or candidates < 1:
            raise RequestError(f"{steps=}, {candidates=}: must be at least 1")
        starts = self._composed(starts, conditions, seeds, guidance)
        items = [
            _Item(start, condition, number, candidates, np.random.default_rng([first, second, number]))
            for start, condition, (first, second) in zip(starts, conditions, seeds, strict=True)
            for number in range(candidates)
        ]
        made: list[Sample | None] = [None] * len(items)
        order = sorted(range(len(items)), key=lambda i: len(items[i].start.numbers))
        for at in range(0, len(order), _BATCH):
            rows = order[at : at + _BATCH]
            part = _Part([items[row] for row in rows], self, guidance)
            for row, sample in zip(rows, part.run(steps, plan, annealing, trajectory), strict=True):
                made[row] = sample
        samples = [sample for sample in made if sample is not None]
        return samples if candidates == 1 else self._best(samples, candidates)

    def _best(self, samples: list[Sample], candidates: int) -> list[Sample]:
        """The best of the candidates for each start."""
        best = []
        for at in range(0, len(samples), candidates):
            group = samples[at : at + candidates]
            scores = standing([sample.crystal for sample in group], [sample.spacegroup for sample in group])
            chosen = int(scores.argmax())
            best.append(replace(group[chosen], score=float(scores[chosen])))
        return best

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
        counts = _padded([np.array([len(places) for places in draft.kinds]) for draft in drafts]).to(self.device)
        while any(draft.open for draft in drafts):
            numbers = _padded([draft.numbers for draft in drafts]).to(self.device)
            logits = self._elements(Kinds(numbers, counts), asked, guidance).double().cpu().numpy()
            for draft, told in zip(drafts, logits, strict=True):
                draft.draw(told)
        made = list(starts)
        for row, draft in zip(rows, drafts, strict=True):
            made[row] = draft.done()
        return made

    def evaluate(self, state: State, conditions: Conditions, guidance: float = 1.0) -> Prediction:
        """The network, once; or twice and extrapolated, where guidance is not 1."""
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, enabled=self._bfloat16):
            if guidance == 1:
                told: Prediction = self.model(state, conditions)
                return told
            both = self.model(state.twice(), conditions.joined(conditions.silent))
        parts = (both.velocity, both.lattice_velocity, both.spacegroup)
        return Prediction(*(_extrapolated(part, guidance) for part in parts))

    def _elements(self, kinds: Kinds, conditions: Conditions, guidance: float) -> Tensor:
        """What the composer says of open elements, (b, k, 104) logits; guided as `evaluate` is."""
        with torch.inference_mode():
            if guidance == 1:
                told: Tensor = self.model.composer(kinds, conditions)
                return told
            return _extrapolated(self.model.composer(kinds.twice(), conditions.joined(conditions.silent)), guidance)


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


class _Item:
    """One crystal to be made, and all that chance decides of it, drawn before others can have a say."""

    def __init__(
        self, start: Start, condition: Condition, number: int, candidates: int, rng: np.random.Generator
    ) -> None:
        self.start, self.condition, self.number, self.candidates = start, condition, number, candidates
        self.positions, self.lattice = noise(rng, len(start.numbers))
        self.luck = float(rng.random())

    def begin(self, model: Denoiser) -> tuple[FloatArray, FloatArray]:
        """Positions and standardised lattice at the time of the start."""
        crystal = self.start.crystal
        if crystal is None:
            return self.positions, self.lattice
        reduced = niggli(crystal)
        atoms, _ = assigned(self.start.numbers, reduced.positions, self.positions)
        begin = np.empty_like(self.positions)
        begin[atoms] = self.positions
        way = wrapped(reduced.positions - begin)
        lattice = model.config.scale.standard(lattice_numbers(reduced.lattice, len(reduced)))
        keep = 1.0 if self.start.fixed_lattice else self.start.time
        return begin + self.start.time * way, self.lattice + keep * (lattice - self.lattice)


class _Part:
    """Crystals that are made together."""

    def __init__(self, items: Sequence[_Item], owner: CrystalDenoiser, guidance: float) -> None:
        self._items, self._owner, self._guidance = items, owner, guidance
        device = owner.device
        begins = [item.begin(owner.model) for item in items]
        self.numbers = _padded([item.start.numbers for item in items]).to(device)
        sizes = torch.tensor([len(item.start.numbers) for item in items])
        self.present = (torch.arange(self.numbers.shape[1]) < sizes[:, None]).to(device)
        self.positions = _padded([positions for positions, _ in begins]).to(device)
        self.lattice = torch.from_numpy(np.stack([lattice for _, lattice in begins])).float().to(device)
        self.time = torch.tensor([item.start.time for item in items], device=device)
        self.fixed = torch.tensor([item.start.fixed_lattice for item in items], device=device)
        conditions = [item.condition for item in items]
        self.conditions = collate_conditions(conditions, owner.model.config.vector).to(device)
        self._planned = self.conditions
        self._systems = SYSTEM_OF_GROUP.to(device)

    def run(self, steps: int, plan: bool, annealing: float, trajectory: bool) -> list[Sample]:
        """All the way."""
        if plan:
            self._plan()
        frames = [self._crystals()] if trajectory else []
        length = (1 - self.time) / steps
        for step in range(steps):
            told = self._evaluate()
            left = 1 - self.time
            stride = torch.minimum(length * (1 + annealing * self.time), left)[:, None, None]
            self.positions = (self.positions + stride * told.velocity) % 1.0
            move = torch.where(self.fixed, 0.0, length)[:, None]
            self.lattice = self.lattice + move * told.lattice_velocity
            self.time = 1 - left * (steps - step - 1) / (steps - step)
            if trajectory:
                frames.append(self._crystals())
        final = frames[-1] if frames else self._crystals()
        groups = self._planned.spacegroup.tolist()
        return [
            Sample(crystal, groups[i] or None, None, [frame[i] for frame in frames]) for i, crystal in enumerate(final)
        ]

    def _evaluate(self) -> Prediction:
        lattice_time = torch.where(self.fixed, 1.0, self.time)
        state = State(self.numbers, self.present, self.positions, self.lattice, self.time, lattice_time)
        return self._owner.evaluate(state, self._planned, self._guidance)

    def _plan(self) -> None:
        """A space group for every crystal of which none is asked, in the crystal system that is.

        The candidates of one start share the range of chance evenly, so that likely groups are all tried.
        """
        asked = self.conditions
        elsewhere = (asked.system[:, None] > 0) & (self._systems != asked.system[:, None])
        logits = torch.where(elsewhere, -1e4, self._evaluate().spacegroup)
        power = torch.tensor([SURENESS if item.candidates > 1 else 1.0 for item in self._items], device=logits.device)
        shares = (logits.double() * power[:, None]).softmax(-1).cumsum(-1).cpu()
        luck = torch.tensor([(item.number + item.luck) / item.candidates for item in self._items], dtype=torch.float64)
        chosen = (shares < luck[:, None]).sum(-1).clamp(1, SPACEGROUPS - 1).to(self._owner.device)
        self._planned = asked.with_spacegroup(torch.where(asked.spacegroup == 0, chosen, asked.spacegroup))

    def _crystals(self) -> list[Crystal]:
        """What there is now; the network's own noise has cells too."""
        scale = self._owner.model.config.scale
        cells = lattices(scale.natural(self.lattice), self.present.sum(1)).double().cpu().numpy()
        positions, numbers = self.positions.double().cpu().numpy(), self.numbers.cpu().numpy()
        return [
            Crystal(numbers[row, : len(item.start.numbers)], positions[row, : len(item.start.numbers)], cells[row])
            for row, item in enumerate(self._items)
        ]


def _padded(rows: Sequence[npt.NDArray[np.generic]]) -> Tensor:
    """Arrays of different length as one tensor, with zeros behind the short ones."""
    longest = max(len(row) for row in rows)
    out = np.zeros((len(rows), longest, *rows[0].shape[1:]), rows[0].dtype)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
    tensor = torch.from_numpy(out)
    return tensor.float() if tensor.is_floating_point() else tensor
