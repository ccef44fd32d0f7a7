"""Cells as the generative model sees them: Niggli-reduced, and as six numbers that no rotation changes.

A lattice L (rows are vectors) is a rotation times a symmetric stretch; the logarithm of the stretch is a symmetric
matrix, any symmetric matrix is one of a lattice, and its trace is the logarithm of the volume (Jiao et al., DiffCSP++,
arXiv:2402.03992, equation 3). The six numbers are log(volume per atom) and the five of the traceless rest.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from clip_mat.crystal import Crystal

FloatArray = npt.NDArray[np.float64]

SHAPES: FloatArray = np.array(
    [
        np.array([[2, 0, 0], [0, -1, 0], [0, 0, -1]]) / 6**0.5,
        np.array([[0, 0, 0], [0, 1, 0], [0, 0, -1]]) / 2**0.5,
        np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]) / 2**0.5,
        np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]]) / 2**0.5,
        np.array([[0, 0, 0], [0, 0, 1], [0, 1, 0]]) / 2**0.5,
    ]
)
"""(5, 3, 3) orthonormal basis of the symmetric matrices without trace."""
SIZE = 1 + len(SHAPES)
"""Numbers that make a lattice."""
MOST_STRETCH = 4.0
"""Bound on the numbers of a lattice, so that an untrained model makes cells too, if odd ones: e^4 is 55."""


@dataclass(frozen=True, slots=True)
class LatticeScale:
    """Mean and spread of the six numbers of lattices, over the training set.

    Attributes:
        mean: Six numbers.
        deviation: Six numbers, all positive.
    """

    mean: tuple[float, ...] = (2.9, 0.0, 0.0, 0.0, 0.0, 0.0)
    deviation: tuple[float, ...] = (0.4, 0.3, 0.3, 0.2, 0.2, 0.2)

    @classmethod
    def of(cls, numbers: FloatArray) -> LatticeScale:
        """From the numbers of k lattices, (k, 6)."""
        spread = numbers.std(axis=0).clip(min=0.05)
        return cls(tuple(numbers.mean(axis=0).tolist()), tuple(spread.tolist()))

    def standard(self, numbers: FloatArray) -> FloatArray:
        """(..., 6) with mean 0 and spread 1."""
        standard: FloatArray = (numbers - np.array(self.mean)) / np.array(self.deviation)
        return standard

    def natural(self, standard: Tensor) -> Tensor:
        """(..., 6), `standard` undone."""
        return standard * standard.new_tensor(self.deviation) + standard.new_tensor(self.mean)


def niggli(crystal: Crystal) -> Crystal:
    """The same crystal in its Niggli-reduced cell, right-handed; as it is where the reduction fails.

    Args:
        crystal: Its cell may be any, and is not made primitive.
    """
    import spglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what spglib cannot do is told by None
        lattice = spglib.niggli_reduce(crystal.lattice, eps=1e-5)
    if lattice is None or not np.isclose(abs(np.linalg.det(lattice)), crystal.volume, rtol=1e-3):
        lattice = crystal.lattice
    if np.linalg.det(lattice) < 0:
        lattice = -lattice
    return Crystal(crystal.numbers, crystal.cartesian @ np.linalg.inv(lattice), lattice)


def lattice_numbers(lattice: FloatArray, atoms: int) -> FloatArray:
    """The six numbers of a lattice.

    Args:
        lattice: (3, 3) in Å.
        atoms: In the cell.
    """
    values, vectors = np.linalg.eigh(lattice @ lattice.T)
    stretch = (vectors * (0.5 * np.log(values))) @ vectors.T
    volume = np.log(np.exp(np.trace(stretch)) / atoms)
    return np.array([volume, *np.einsum("kij,ij->k", SHAPES, stretch)])


def lattices(numbers: Tensor, atoms: Tensor) -> Tensor:
    """Lattices from their six numbers, as symmetric matrices.

    Args:
        numbers: (b, 6), not standardised.
        atoms: (b,) atoms in each cell.

    Returns:
        (b, 3, 3) in Å, float32.
    """
    shape = torch.einsum("bk,kij->bij", numbers[:, 1:].double(), numbers.new_tensor(SHAPES, dtype=torch.float64))
    values, vectors = torch.linalg.eigh(shape)
    edge = (numbers[:, 0].double().clamp(-MOST_STRETCH, 2 * MOST_STRETCH) + atoms.double().log()) / 3
    values = (values.clamp(-MOST_STRETCH, MOST_STRETCH) + edge[:, None]).exp()
    return torch.einsum("bij,bj,bkj->bik", vectors, values, vectors).float()


def equivalent_axes(lattice: FloatArray, tolerance: float = 0.01) -> npt.NDArray[np.int64]:
    """The other ways to choose the axes of a reduced lattice that give the same lengths and angles.

    Args:
        lattice: (3, 3), Niggli-reduced.
        tolerance: On products of lattice vectors, relative.

    Returns:
        (m, 3, 3) integer matrices M, 2 <= m <= 48, a group; with fractional coordinates x, x @ M is the same crystal,
        turned or mirrored.
    """
    metric = lattice @ lattice.T
    rows = _rows()
    squares = np.einsum("ki,ij,kj->k", rows, metric, rows)
    scale = np.sqrt(np.outer(np.diag(metric), np.diag(metric)))
    likely = [rows[np.abs(squares - metric[i, i]) <= tolerance * metric[i, i]] for i in range(3)]
    first, second, third = np.meshgrid(*(np.arange(len(vectors)) for vectors in likely), indexing="ij")
    matrices = np.stack([likely[0][first.ravel()], likely[1][second.ravel()], likely[2][third.ravel()]], axis=1)
    matrices = matrices[np.abs(np.rint(np.linalg.det(matrices))) == 1]
    wrong = np.abs(matrices @ metric @ matrices.transpose(0, 2, 1) - metric) > tolerance * scale
    found: npt.NDArray[np.int64] = matrices[~wrong.any(axis=(1, 2))]
    return found


@cache
def _rows() -> npt.NDArray[np.int64]:
    """The 26 vectors of -1, 0 and 1: a row of such a matrix is one of them where the lattice is reduced."""
    return np.array([row for row in product((-1, 0, 1), repeat=3) if any(row)])


def pattern_of(crystal: Crystal) -> tuple[int, ...]:
    """How many atoms of each element stand in the cell, the most first."""
    _, counts = np.unique(crystal.numbers, return_counts=True)
    return tuple(sorted(counts.tolist(), reverse=True))
