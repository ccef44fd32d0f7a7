"""Input of the electron microscopy simulator Prismatic (https://prism-em.com/docs-inputs): right-angled cells only."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.symmetry import conventional

Array = npt.NDArray[np.float64]

MOST_ATOMS = 5000
"""In the right-angled cell."""
RMS = 0.08
"""Thermal displacement of every atom along one direction, in Å: a common one at room temperature, to be edited where it
is known; silicon has 0.076."""

_STEPS = 4
_SHEARS = (0.02, 0.5)
"""In degrees, how far from right the angles may be that are made right: first none, then little."""


def write_prismatic(crystal: Crystal, title: str) -> str:
    """A comment, three edges in Å, and for each atom its number, place in Å, occupancy and thermal displacement.

    Raises:
        CrystalError: If no right angles can be made of the lattice with at most `MOST_ATOMS` atoms.
    """
    for shear in _SHEARS:
        for cell in (conventional(crystal, 0.01), crystal):  # in the first they mostly are there already
            vectors = _right_angled(cell.lattice, shear, MOST_ATOMS // len(cell))
            if vectors is not None:
                return _write(cell.in_cell(vectors), title)
    angles = ", ".join(f"{angle:.1f}°" for angle in _angles(crystal.lattice))
    raise CrystalError(
        f"Prismatic takes right-angled cells, and this lattice (angles {angles}) has none with up to {MOST_ATOMS:,} "
        "atoms; cut a slab yourself, or export as cif"
    )


def _write(crystal: Crystal, title: str) -> str:
    edges = np.linalg.norm(crystal.lattice, axis=1)
    off = max(abs(angle - 90) for angle in _angles(crystal.lattice))
    note = f", angles made right by up to {off:.2f} degrees" if off > _SHEARS[0] else ""
    lines = [f"{title}{note}", " ".join(f"{edge:.8f}" for edge in edges)]
    for number, place in zip(crystal.numbers, crystal.positions * edges, strict=True):
        x, y, z = place
        lines.append(f"{number} {x:.8f} {y:.8f} {z:.8f} 1 {RMS}")
    return "\n".join([*lines, "-1", ""])


def _right_angled(lattice: Array, shear: float, most: int) -> Array | None:
    """(3, 3) whole numbers: three vectors of the lattice at right angles, of the least volume, of the crystal's hand;
    None where there are none with at most so many cells."""
    steps = np.array([step for step in product(range(-_STEPS, _STEPS + 1), repeat=3) if step > (0, 0, 0)], dtype=float)
    steps = steps[[math.gcd(*map(int, step)) == 1 for step in steps]]
    along = steps @ lattice
    along /= np.linalg.norm(along, axis=1)[:, None]
    right = np.abs(along @ along.T) < math.sin(math.radians(shear))
    best, least = None, most + 0.5
    for first, second in np.argwhere(np.triu(right)):
        for third in np.flatnonzero(right[first] & right[second]):
            vectors = steps[[first, second, third]]
            cells = float(np.linalg.det(vectors))
            if 0.5 < abs(cells) < least:
                least = abs(cells) - 0.5
                best = vectors if cells > 0 else -vectors
    return best


def _angles(lattice: Array) -> list[float]:
    a, b, c = lattice / np.linalg.norm(lattice, axis=1)[:, None]
    return [math.degrees(math.acos(np.clip(cosine, -1, 1))) for cosine in (b @ c, c @ a, a @ b)]
