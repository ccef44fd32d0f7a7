"""Flows from noise to crystals, and what the network learns of them.

Fractional coordinates run along the shortest way on the torus, the lattice's numbers along a straight line, both at
constant speed: conditional flow matching (Lipman et al., arXiv:2210.02747; for crystals Miller et al., FlowMM,
arXiv:2406.04713). The elements are those of the crystal from the start; which these are, where they are open, is a
lesson of its own, for `clip_mat.generate.composer`.

The same crystal has many descriptions: its origin, its axes and the order of like atoms are free. Of some of them the
one nearest to the noise is taken, so that the ways are short and seldom cross (Tong et al., arXiv:2302.00482).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from clip_mat.generate.cells import SIZE, FloatArray
from clip_mat.generate.composer import Kinds
from clip_mat.generate.conditions import Conditions
from clip_mat.generate.denoiser import SPEED, Prediction, State

TRIED = 4
"""Descriptions of a crystal of which the nearest to the noise is taken."""
ELEMENT_WEIGHT = 0.2
SPACEGROUP_WEIGHT = 0.05

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """The way of one crystal from noise to data.

    Attributes:
        numbers: (n,) atomic numbers.
        begin: (n, 3) fractional coordinates at time 0.
        velocity: (n, 3), of mean zero.
        lattice_begin: (6,) standardised numbers at time 0.
        lattice_end: (6,) at time 1.
        mirrored: Whether the end is the mirror image of the crystal that was given.
    """

    numbers: IntArray
    begin: FloatArray
    velocity: FloatArray
    lattice_begin: FloatArray
    lattice_end: FloatArray
    mirrored: bool = False


def wrapped(difference: FloatArray) -> FloatArray:
    """The shortest of all equal differences of fractional coordinates, in [-1/2, 1/2]."""
    return difference - np.rint(difference)


def noise(rng: np.random.Generator, atoms: int) -> tuple[FloatArray, FloatArray]:
    """A crystal at time 0: (n, 3) fractional coordinates and (6,) standardised numbers of the lattice."""
    return rng.random((atoms, 3)), rng.standard_normal(SIZE)


def assigned(numbers: IntArray, positions: FloatArray, begin: FloatArray) -> tuple[IntArray, float]:
    """Which atom each place of the noise becomes.

    Args:
        numbers: (n,) atomic numbers, of the atoms and of the places alike.
        positions: (n, 3) of the atoms.
        begin: (n, 3) places.

    Returns:
        (n,) atoms, each of the element of its place; and the sum of squared fractional differences, which is the
        least.
    """
    from scipy.optimize import linear_sum_assignment

    cost = np.square(wrapped(positions[None] - begin[:, None])).sum(-1)
    cost = cost + 1e3 * (numbers[None] != numbers[:, None])
    places, atoms = linear_sum_assignment(cost)
    return atoms, float(cost[places, atoms].sum())


def make_path(
    numbers: IntArray,
    positions: FloatArray,
    lattice: FloatArray,
    rng: np.random.Generator,
    axes: IntArray | None = None,
    tried: int = TRIED,
) -> Path:
    """A way from fresh noise to a crystal.

    Args:
        numbers: (n,) atomic numbers.
        positions: (n, 3) fractional coordinates.
        lattice: (6,) standardised numbers.
        rng: Decides the noise and the descriptions that are tried.
        axes: (m, 3, 3), see `clip_mat.generate.cells.equivalent_axes`; without it the axes stay, and the origin too.
        tried: Descriptions tried.
    """
    begin, lattice_begin = noise(rng, len(numbers))
    best: tuple[float, FloatArray, bool] | None = None
    for _ in range(tried if axes is not None else 1):
        end, mirrored = positions, False
        if axes is not None:
            turn = axes[rng.integers(len(axes))]
            end, mirrored = positions @ turn + rng.random(3), round(np.linalg.det(turn)) < 0
        atoms, _ = assigned(numbers, end, begin)
        velocity = wrapped(end[atoms] - begin)
        if axes is not None:
            velocity = velocity - velocity.mean(0)  # a shift of the whole crystal, which means nothing
        cost = float(np.square(velocity).sum())
        if best is None or cost < best[0]:
            best = cost, velocity, mirrored
    assert best is not None
    return Path(numbers, begin, best[1], lattice_begin, lattice, best[2])


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """b noisy crystals, and what there is to be said of them.

    Attributes:
        state: What the network sees.
        conditions: What it is told.
        velocity: (b, n, 3).
        lattice_velocity: (b, 6).
        spacegroup: (b,) the true space groups, 0 where unknown or told.
        kinds: What is seen of the composition.
        elements: (b, k) the true elements of the kinds that are open there, 0 for the others; of a crystal that nobody
            made, all 0.
    """

    state: State
    conditions: Conditions
    velocity: Tensor
    lattice_velocity: Tensor
    spacegroup: Tensor
    kinds: Kinds
    elements: Tensor

    def __len__(self) -> int:
        return len(self.spacegroup)

    def to(self, device: torch.device) -> Lesson:
        """The same on another device."""
        return Lesson(*(getattr(self, part.name).to(device) for part in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """How far the parts of b crystals are from noise (0) to data (1).

    Attributes:
        positions: (b,).
        lattice: (b,).
    """

    positions: FloatArray
    lattice: FloatArray


def make_lesson(
    paths: Sequence[Path],
    times: Times,
    conditions: Conditions,
    spacegroup: IntArray,
    rngs: Sequence[np.random.Generator],
) -> Lesson:
    """Crystals on their way, at given times.

    Args:
        paths: b ways.
        times: Where on them.
        conditions: What the network is told.
        spacegroup: (b,) what it shall guess, 0 for nothing.
        rngs: Decide which elements it shall guess.
    """
    b, n = len(paths), max(len(path.numbers) for path in paths)
    numbers, begin, velocity = np.zeros((b, n), np.int64), np.zeros((b, n, 3)), np.zeros((b, n, 3))
    for row, path in enumerate(paths):
        size = len(path.numbers)
        numbers[row, :size], begin[row, :size], velocity[row, :size] = path.numbers, path.begin, path.velocity
    lattice_begin = np.stack([path.lattice_begin for path in paths])
    lattice_velocity = np.stack([path.lattice_end for path in paths]) - lattice_begin
    state = State(
        torch.from_numpy(numbers),
        torch.from_numpy(numbers > 0),
        _float(begin + times.positions[:, None, None] * velocity),
        _float(lattice_begin + times.lattice[:, None] * lattice_velocity),
        _float(times.positions),
        _float(times.lattice),
    )
    return Lesson(
        state,
        conditions,
        _float(velocity),
        _float(lattice_velocity),
        torch.from_numpy(spacegroup),
        *_open([path.numbers for path in paths], rngs),
    )


def _open(crystals: Sequence[IntArray], rngs: Sequence[np.random.Generator]) -> tuple[Kinds, Tensor]:
    """The kinds of atoms of crystals, one or more of them open, and the elements of these."""
    kinds = [np.unique(numbers, return_counts=True) for numbers in crystals]
    size = max(len(elements) for elements, _ in kinds)
    shown, counts, hidden = (np.zeros((len(crystals), size), np.int64) for _ in range(3))
    for row, ((elements, atoms), rng) in enumerate(zip(kinds, rngs, strict=True)):
        of_all = len(elements)
        open_ones = rng.permutation(of_all)[: 1 + rng.integers(of_all)]
        shown[row, :of_all], counts[row, :of_all] = elements, atoms
        hidden[row, open_ones], shown[row, open_ones] = elements[open_ones], 0
    return Kinds(torch.from_numpy(shown), torch.from_numpy(counts)), torch.from_numpy(hidden)


def losses(prediction: Prediction, elements: Tensor, lesson: Lesson) -> dict[str, Tensor]:
    """How wrong an answer is, each part as a mean over the b crystals; "loss" is their weighted sum.

    Args:
        prediction: Of the network.
        elements: Logits, of its composer.
        lesson: What was asked.
    """
    state = lesson.state
    share = state.present / state.present.sum(1, keepdim=True)
    wrong = (prediction.velocity - lesson.velocity).square().mean(-1) / SPEED**2
    lattice = (prediction.lattice_velocity - lesson.lattice_velocity).square().mean(-1)
    hidden = lesson.elements > 0
    guessed = functional.cross_entropy(elements.transpose(1, 2), lesson.elements, reduction="none")
    group = functional.cross_entropy(prediction.spacegroup, lesson.spacegroup, ignore_index=0, reduction="sum")
    asked = (lesson.spacegroup > 0).sum().clamp(min=1)
    open_ones = hidden.sum(1)
    parts = {
        "atoms": (wrong * share).sum(1).mean(),
        "lattice": lattice.mean(),
        "elements": ((guessed * hidden).sum(1) / open_ones.clamp(min=1)).sum() / (open_ones > 0).sum().clamp(min=1),
        "spacegroup": group / asked,
    }
    apart = ELEMENT_WEIGHT * parts["elements"] + SPACEGROUP_WEIGHT * parts["spacegroup"]
    parts["loss"] = parts["atoms"] + parts["lattice"] + apart
    return parts


def _float(values: FloatArray) -> Tensor:
    return torch.from_numpy(np.asarray(values, dtype=np.float32))
