"""The way from noise to crystals, many at once.

Where none is asked for, the space group is planned first: the network says which are likely for these elements, and is
told one of them. Then atoms and lattice move step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from clip_mat.crystal import Crystal
from clip_mat.generate.cells import FloatArray, LatticeScale, lattice_numbers, lattices, niggli
from clip_mat.generate.composer import SPACEGROUPS
from clip_mat.generate.conditions import Condition, Conditions, collate_conditions
from clip_mat.generate.denoiser import Denoiser, Prediction, State
from clip_mat.generate.flow import assigned, noise, wrapped
from clip_mat.generate.starts import Start
from clip_mat.towers.chemistry import SYSTEM_OF_GROUP

ANNEALING = 25.0
"""The atoms' velocity is scaled by 1 + ANNEALING x time, but never beyond the end of the way: anti-annealing (Miller et
al., FlowMM, arXiv:2406.04713, section 4). Without it the median error of the matched crystals is ten times larger."""
SURENESS = 2.0
"""Where the best of several is wanted, likely space groups are planned more often: in proportion to this power."""

Evaluate: TypeAlias = Callable[[State, Conditions], Prediction]
"""Velocities at a state."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """What sampling gives.

    Attributes:
        crystal: In a reduced cell.
        spacegroup: That was asked for or planned; None where none was. It need not be the crystal's.
        score: See `clip_mat.generate.consensus.best_first`; None where there was only one candidate.
        trajectory: From noise to the crystal, where asked for.
        others: The other candidates, the best first.
    """

    crystal: Crystal
    spacegroup: int | None = None
    score: float | None = None
    trajectory: list[Crystal] = field(default_factory=list)
    others: tuple[Sample, ...] = ()


class Item:
    """One crystal to be made, and all that chance decides of it, drawn before others can have a say."""

    def __init__(
        self, start: Start, condition: Condition, number: int, candidates: int, rng: np.random.Generator
    ) -> None:
        self.start, self.condition, self.number, self.candidates = start, condition, number, candidates
        self.positions, self.lattice = noise(rng, len(start.numbers))
        self.luck = float(rng.random())

    def begin(self, scale: LatticeScale) -> tuple[FloatArray, FloatArray]:
        """Positions and standardised lattice at the time of the start."""
        crystal = self.start.crystal
        if crystal is None:
            return self.positions, self.lattice
        reduced = niggli(crystal)
        atoms, _ = assigned(self.start.numbers, reduced.positions, self.positions)
        begin = np.empty_like(self.positions)
        begin[atoms] = self.positions
        way = wrapped(reduced.positions - begin)
        lattice = scale.standard(lattice_numbers(reduced.lattice, len(reduced)))
        keep = 1.0 if self.start.fixed_lattice else self.start.time
        return begin + self.start.time * way, self.lattice + keep * (lattice - self.lattice)


class Walk:
    """Crystals that are made together.

    Args:
        items: Of similar size, so that little is spent on padding.
        model: Whose scale of lattices and vectors it is; on the device of the walk.
        evaluate: The network, guided.
    """

    def __init__(self, items: Sequence[Item], model: Denoiser, evaluate: Evaluate) -> None:
        self._items, self._scale, self._network = items, model.config.scale, evaluate
        device = next(model.parameters()).device
        begins = [item.begin(self._scale) for item in items]
        self.numbers = padded([item.start.numbers for item in items]).to(device)
        sizes = torch.tensor([len(item.start.numbers) for item in items])
        self.present = (torch.arange(self.numbers.shape[1]) < sizes[:, None]).to(device)
        self.positions = padded([positions for positions, _ in begins]).to(device)
        self.lattice = torch.from_numpy(np.stack([lattice for _, lattice in begins])).float().to(device)
        self.time = torch.tensor([item.start.time for item in items], device=device)
        self.fixed = torch.tensor([item.start.fixed_lattice for item in items], device=device)
        conditions = [item.condition for item in items]
        self.conditions = collate_conditions(conditions, model.config.vector).to(device)
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
        return self._network(state, self._planned)

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
        chosen = (shares < luck[:, None]).sum(-1).clamp(1, SPACEGROUPS - 1).to(logits.device)
        self._planned = asked.with_spacegroup(torch.where(asked.spacegroup == 0, chosen, asked.spacegroup))

    def _crystals(self) -> list[Crystal]:
        """What there is now; the network's own noise has cells too."""
        cells = lattices(self._scale.natural(self.lattice), self.present.sum(1)).double().cpu().numpy()
        positions, numbers = self.positions.double().cpu().numpy(), self.numbers.cpu().numpy()
        return [
            Crystal(numbers[row, : len(item.start.numbers)], positions[row, : len(item.start.numbers)], cells[row])
            for row, item in enumerate(self._items)
        ]


def padded(rows: Sequence[npt.NDArray[np.generic]]) -> Tensor:
    """Arrays of different length as one tensor, with zeros behind the short ones."""
    longest = max(len(row) for row in rows)
    out = np.zeros((len(rows), longest, *rows[0].shape[1:]), rows[0].dtype)
    for place, row in enumerate(rows):
        out[place, : len(row)] = row
    tensor = torch.from_numpy(out)
    return tensor.float() if tensor.is_floating_point() else tensor
