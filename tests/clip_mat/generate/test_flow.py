"""Ways from noise to crystals."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from clip_mat.crystal import Crystal
from clip_mat.generate.cells import equivalent_axes, lattice_numbers, niggli
from clip_mat.generate.conditions import Condition, collate_conditions
from clip_mat.generate.denoiser import Prediction
from clip_mat.generate.flow import Times, assigned, losses, make_lesson, make_path, wrapped

QUARTZ_LIKE = Crystal.from_symbols(
    ["Si", "Si", "Si", "O", "O", "O"],
    [[0.47, 0, 0], [0, 0.47, 2 / 3], [0.53, 0.53, 1 / 3], [0.41, 0.27, 0.12], [0.73, 0.14, 0.79], [0.86, 0.59, 0.45]],
    [[4.9, 0, 0], [-2.45, 4.2435, 0], [0, 0, 5.4]],
)


def path(seed: int, tried: int = 4):
    crystal = niggli(QUARTZ_LIKE)
    lattice = lattice_numbers(crystal.lattice, len(crystal))
    axes = equivalent_axes(crystal.lattice)
    return make_path(crystal.numbers, crystal.positions, lattice, np.random.default_rng(seed), axes, tried)


def distances(numbers: np.ndarray, positions: np.ndarray) -> list[tuple[int, int, float]]:
    lattice = niggli(QUARTZ_LIKE).lattice
    apart = wrapped(positions[None] - positions[:, None]) @ lattice
    far = np.linalg.norm(apart, axis=-1).round(4)
    return sorted((int(numbers[i]), int(numbers[j]), float(far[i, j])) for i in range(6) for j in range(6))


@pytest.mark.parametrize("seed", range(5))
def test_the_end_is_the_crystal_in_another_description(seed: int) -> None:
    found, crystal = path(seed), niggli(QUARTZ_LIKE)
    np.testing.assert_allclose(found.velocity.mean(0), 0, atol=1e-12)
    for one, other in zip(
        distances(found.numbers, found.begin + found.velocity),
        distances(crystal.numbers, crystal.positions),
        strict=True,
    ):
        assert one[:2] == other[:2]
        assert one[2] == pytest.approx(other[2], abs=0.06)  # equivalent axes are so within a percent


def test_more_descriptions_make_shorter_ways() -> None:
    lengths = [np.mean([np.square(path(seed, tried).velocity).sum() for seed in range(40)]) for tried in (1, 8)]
    assert lengths[1] < lengths[0]


def test_atoms_keep_their_elements() -> None:
    rng = np.random.default_rng(0)
    numbers = np.array([8, 8, 14, 8, 14])
    atoms, cost = assigned(numbers, rng.random((5, 3)), rng.random((5, 3)))
    assert sorted(atoms) == [0, 1, 2, 3, 4]
    assert (numbers[atoms] == numbers).all()
    assert cost < 5 * 0.75


def lesson():
    ways = [path(0), path(1)]
    times = Times(np.array([0.3, 1.0]), np.array([0.3, 0.5]))
    asked = collate_conditions([Condition(), Condition()], 4)
    rngs = [np.random.default_rng(row) for row in range(2)]
    return ways, make_lesson(ways, times, asked, np.array([154, 0]), rngs)


def test_a_lesson_stands_where_its_times_say() -> None:
    ways, made = lesson()
    np.testing.assert_allclose(made.state.positions[0], ways[0].begin + 0.3 * ways[0].velocity, atol=1e-6)
    np.testing.assert_allclose(made.state.positions[1], ways[1].begin + ways[1].velocity, atol=1e-6)
    np.testing.assert_allclose(made.state.lattice[1], 0.5 * (ways[1].lattice_begin + ways[1].lattice_end), atol=1e-6)
    assert made.state.numbers.tolist() == [way.numbers.tolist() for way in ways]


def test_a_lesson_leaves_kinds_open_and_knows_them() -> None:
    ways, made = lesson()
    for row, way in enumerate(ways):
        elements, counts = np.unique(way.numbers, return_counts=True)
        assert made.kinds.counts[row].tolist() == counts.tolist()
        assert (made.kinds.numbers[row] + made.elements[row]).tolist() == elements.tolist()
        assert made.elements[row].any()


def test_the_truth_costs_nothing() -> None:
    _, made = lesson()
    elements = torch.full((*made.elements.shape, 104), -50.0).scatter(2, made.elements[..., None], 50.0)
    groups = torch.full((2, 231), -50.0)
    groups[0, 154] = 50.0
    found = losses(Prediction(made.velocity, made.lattice_velocity, groups), elements, made)
    assert all(float(part) == pytest.approx(0, abs=1e-6) for part in found.values())
    off = losses(Prediction(made.velocity + 0.2, made.lattice_velocity, groups), elements, made)
    assert float(off["atoms"]) == pytest.approx(1, rel=1e-4)
