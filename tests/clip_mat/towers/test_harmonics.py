"""Spherical harmonics: orthonormal, and coupled to numbers that no rotation changes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from clip_mat.towers.harmonics import COMPONENTS, L_MAX, band, gaunt, harmonics, quadratic_forms


def directions(n: int) -> torch.Tensor:
    points = np.random.default_rng(0).normal(size=(n, 3))
    return torch.from_numpy(points / np.linalg.norm(points, axis=1, keepdims=True))


def test_they_are_orthonormal_on_the_sphere() -> None:
    height, weight = np.polynomial.legendre.leggauss(20)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    grid = [
        (np.sqrt(1 - h * h) * np.cos(a), np.sqrt(1 - h * h) * np.sin(a), h) for h, a in itertools.product(height, angle)
    ]
    values = harmonics(torch.tensor(grid)).numpy()
    weights = np.repeat(weight, len(angle)) * 2 * np.pi / len(angle)
    assert np.allclose(values.T @ (values * weights[:, None]), np.eye(COMPONENTS), atol=1e-12)


@pytest.mark.parametrize("l", range(L_MAX + 1))
def test_each_degree_turns_within_itself(l: int) -> None:  # noqa: E741
    """The addition theorem: the product of two directions' components depends on their angle alone."""
    a, b = directions(50), directions(50).flip(0)
    turn = torch.from_numpy(Rotation.random(random_state=1).as_matrix())
    before = (harmonics(a)[:, band(l)] * harmonics(b)[:, band(l)]).sum(1)
    after = (harmonics(a @ turn.T)[:, band(l)] * harmonics(b @ turn.T)[:, band(l)]).sum(1)
    assert torch.allclose(before, after, atol=1e-12)


@pytest.mark.parametrize("degrees", [(2, 2, 4), (4, 4, 2), (4, 4, 4), (2, 2, 2)])
def test_coupled_tensors_make_an_invariant(degrees: tuple[int, int, int]) -> None:
    points = directions(9)
    turn = torch.from_numpy(Rotation.random(random_state=2).as_matrix())

    def coupled(unit: torch.Tensor) -> torch.Tensor:
        first, second, third = (harmonics(unit)[3 * i : 3 * i + 3, band(l)].sum(0) for i, l in enumerate(degrees))  # noqa: E741
        return torch.einsum("a,b,c,abc->", first, second, third, gaunt(*degrees).double())

    assert abs(coupled(points)) > 1e-4
    assert torch.allclose(coupled(points), coupled(points @ turn.T), atol=1e-6)


def test_second_degree_is_a_quadratic_form() -> None:
    unit = directions(20)
    forms = torch.einsum("pi,mij,pj->pm", unit, quadratic_forms().double(), unit)
    assert torch.allclose(forms, harmonics(unit)[:, band(2)], atol=1e-7)
