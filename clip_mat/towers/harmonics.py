"""Real spherical harmonics up to l = 4, and the invariants that can be made of them.

Conventions: orthonormal on the sphere, order m = -l, ..., l (Condon-Shortley phase left out).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import torch
from torch import Tensor

L_MAX = 4
COMPONENTS = (L_MAX + 1) ** 2


def harmonics(unit: Tensor) -> Tensor:
    """Real spherical harmonics of unit vectors.

    Args:
        unit: (..., 3).

    Returns:
        (..., 25): l = 0 at 0, l = 1 at 1 to 3, l = 2 at 4 to 8, l = 3 at 9 to 15, l = 4 at 16 to 24.
    """
    x, y, z = unit.unbind(-1)
    xx, yy, zz = x * x, y * y, z * z
    pi = math.pi

    def root(value: float) -> float:
        return math.sqrt(value / pi)

    return torch.stack(
        [
            torch.full_like(x, 0.5 * root(1)),
            root(3 / 4) * y,
            root(3 / 4) * z,
            root(3 / 4) * x,
            0.5 * root(15) * x * y,
            0.5 * root(15) * y * z,
            0.25 * root(5) * (3 * zz - 1),
            0.5 * root(15) * x * z,
            0.25 * root(15) * (xx - yy),
            0.25 * root(35 / 2) * y * (3 * xx - yy),
            0.5 * root(105) * x * y * z,
            0.25 * root(21 / 2) * y * (5 * zz - 1),
            0.25 * root(7) * z * (5 * zz - 3),
            0.25 * root(21 / 2) * x * (5 * zz - 1),
            0.25 * root(105) * z * (xx - yy),
            0.25 * root(35 / 2) * x * (xx - 3 * yy),
            0.75 * root(35) * x * y * (xx - yy),
            0.75 * root(35 / 2) * y * z * (3 * xx - yy),
            0.75 * root(5) * x * y * (7 * zz - 1),
            0.75 * root(5 / 2) * y * z * (7 * zz - 3),
            3 / 16 * root(1) * (35 * zz * zz - 30 * zz + 3),
            0.75 * root(5 / 2) * x * z * (7 * zz - 3),
            0.375 * root(5) * (xx - yy) * (7 * zz - 1),
            0.75 * root(35 / 2) * x * z * (xx - 3 * yy),
            3 / 16 * root(35) * (xx * (xx - 3 * yy) - yy * (3 * xx - yy)),
        ],
        dim=-1,
    )


def band(l: int) -> slice:  # noqa: E741 - the field's letter
    """Where the 2l + 1 components of degree l stand."""
    return slice(l * l, (l + 1) ** 2)


@cache
def gaunt(l1: int, l2: int, l3: int) -> Tensor:
    """Integrals of three harmonics over the sphere: what couples them to a number that no rotation changes.

    Returns:
        (2 l1 + 1, 2 l2 + 1, 2 l3 + 1), by quadrature that is exact for these polynomials.
    """
    height, weight = np.polynomial.legendre.leggauss(2 * L_MAX)
    angle = np.arange(4 * L_MAX) * 2 * np.pi / (4 * L_MAX)
    radius = np.sqrt(1 - height**2)
    points = np.stack(
        [np.outer(radius, np.cos(angle)), np.outer(radius, np.sin(angle)), np.outer(height, np.ones_like(angle))], -1
    )
    weights = torch.from_numpy(np.outer(weight, np.full(len(angle), 2 * np.pi / len(angle))).ravel())
    values = harmonics(torch.from_numpy(points.reshape(-1, 3)))
    return torch.einsum(
        "p,pa,pb,pc->abc", weights, values[:, band(l1)], values[:, band(l2)], values[:, band(l3)]
    ).float()


@cache
def quadratic_forms() -> Tensor:
    """The l = 2 harmonics as symmetric traceless matrices: Y(u) = uᵀ Q u.

    Returns:
        (5, 3, 3).
    """
    s = 0.5 * math.sqrt(15 / math.pi)
    t = 0.25 * math.sqrt(5 / math.pi)
    forms = torch.zeros(5, 3, 3)
    forms[0, 0, 1] = forms[0, 1, 0] = s / 2
    forms[1, 1, 2] = forms[1, 2, 1] = s / 2
    forms[2] = torch.diag(torch.tensor([-t, -t, 2 * t]))
    forms[3, 0, 2] = forms[3, 2, 0] = s / 2
    forms[4] = torch.diag(torch.tensor([s / 2, -s / 2, 0.0]))
    return forms
