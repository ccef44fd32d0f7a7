"""Reduced cells and the six numbers of a lattice."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from clip_mat.crystal import Crystal
from clip_mat.generate.cells import SIZE, LatticeScale, equivalent_axes, lattice_numbers, lattices, niggli
from clip_mat.symmetry import find_symmetry


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return turn * np.sign(np.linalg.det(turn))


def random_lattice(rng: np.random.Generator) -> np.ndarray:
    return np.diag(rng.uniform(3, 8, 3)) + rng.normal(scale=0.8, size=(3, 3))


def test_numbers_do_not_change_with_a_rotation() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        lattice = random_lattice(rng)
        np.testing.assert_allclose(
            lattice_numbers(lattice @ random_rotation(rng), 5), lattice_numbers(lattice, 5), atol=1e-9
        )


def test_lattice_comes_back_from_its_numbers() -> None:
    rng = np.random.default_rng(1)
    cells = [random_lattice(rng) for _ in range(10)]
    atoms = torch.arange(1, 11)
    numbers = torch.tensor(np.array([lattice_numbers(cell, n) for n, cell in zip(atoms.tolist(), cells, strict=True)]))
    for cell, made in zip(cells, lattices(numbers, atoms).numpy(), strict=True):
        np.testing.assert_allclose(made @ made.T, cell @ cell.T, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(made, made.T, atol=1e-5)


def test_any_six_numbers_are_a_lattice() -> None:
    numbers = 100 * torch.randn(50, SIZE, generator=torch.Generator().manual_seed(0))
    made = lattices(numbers, torch.full((50,), 20))
    assert made.isfinite().all()
    assert (torch.linalg.det(made) > 1e-3).all()


def test_niggli_keeps_the_crystal() -> None:
    rng = np.random.default_rng(2)
    lattice = np.array([[4.0, 0, 0], [0, 4, 0], [0, 0, 6]])
    crystal = Crystal.from_symbols(["Sr", "Ti", "O"], [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]], lattice)
    skew = np.array([[1, 0, 0], [1, 1, 0], [0, -2, 1]])
    for sign in (1, -1):
        other = sign * skew @ lattice @ random_rotation(rng)
        long = Crystal(crystal.numbers, sign * crystal.positions @ np.linalg.inv(skew), other)
        reduced = niggli(long)
        assert np.linalg.det(reduced.lattice) > 0
        np.testing.assert_allclose(sorted(np.linalg.norm(reduced.lattice, axis=1)), [4, 4, 6], atol=1e-6)
        assert find_symmetry(reduced).prototype == find_symmetry(crystal).prototype  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("lattice", "count"),
    [
        (np.diag([4.0, 4.0, 4.0]), 48),
        (np.diag([4.0, 4.0, 6.0]), 16),
        (np.diag([4.0, 5.0, 6.0]), 8),
        ([[4, 0, 0], [-2, 12**0.5, 0], [0, 0, 7]], 24),
        ([[4, 0.3, 0.2], [0.1, 5, 0.4], [0.5, 0.2, 6]], 2),
    ],
)
def test_equivalent_axes_are_the_point_group_of_the_lattice(lattice: np.ndarray, count: int) -> None:
    lattice = np.array(lattice, dtype=float)
    axes = equivalent_axes(lattice)
    assert len(axes) == count
    for matrix in axes:
        np.testing.assert_allclose(matrix @ lattice @ lattice.T @ matrix.T, lattice @ lattice.T, rtol=0.02, atol=0.1)


def test_scale_is_undone() -> None:
    numbers = np.random.default_rng(0).normal(3, 2, size=(30, SIZE))
    scale = LatticeScale.of(numbers)
    standard = scale.standard(numbers)
    np.testing.assert_allclose(standard.mean(0), 0, atol=1e-9)
    np.testing.assert_allclose(scale.natural(torch.tensor(standard)).numpy(), numbers)
