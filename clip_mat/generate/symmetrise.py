"""Crystals put exactly on the symmetric places that they are near to.

A model puts an atom a few hundredths of an Å beside its place, and the crystal has no symmetry. Which operations it
nearly has, spglib says at a tolerance; the crystal is then averaged over these operations, cell and atoms, after which
it has them exactly (a projection, as the average over a group is). The tolerance is chosen here.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.facts import crystal_system as system_of
from clip_mat.generate.checks import nearest
from clip_mat.generate.subgroups import subgroups
from clip_mat.symmetry import find_dataset, find_spacegroup, primitive

Array = npt.NDArray[np.float64]

CLEAN = (0.1, 0.06, 0.03, 0.01)
"""In Å, how far atoms may be from their symmetric places in a crystal that is symmetric already, tried in this order.
Of 400 relaxed crystals all get the group that the Materials Project has for them."""
NOISY = (0.7, 0.5, 0.4, 0.3, 0.2, *CLEAN)
"""... in one that is not, as a model leaves it. With noise of 0.05 Å in each coordinate and 1% in the cell 94% come
back to their group, with 0.3 Å for the widest only 45%; where the noise was small that would be 98%."""
WANTED = (1.0, 0.7, 0.55, 0.4, 0.3, 0.22, 0.17, 0.12, 0.09, 0.06, 0.03, 0.01)
"""... where a symmetry is asked for."""

_TOO_WIDE = (1.2, 0.7, 0.4)
"""In Å, where groups are looked for that have more than what is asked for."""
_EXACT = 1e-3
"""In Å: at this tolerance a symmetrised crystal shows what it has become."""
_LITTLE = 0.25
"""Share of the tolerance at which a group was found: where averaging over it moved atoms and cell by less, no symmetry
can be there that was not found before, and spglib, which takes 25 ms for a cubic crystal, need not say it again. Of 444
crystals of noise all had that group, however far they moved."""
_SHRUNK = 0.8
"""Least share of its shortest distance that a crystal keeps: atoms on two sides of a mirror may not fall into one."""


@dataclass(frozen=True, slots=True, eq=False)
class Symmetrised:
    """A crystal on its symmetric places.

    Attributes:
        crystal: Turned as the given one is; its primitive cell, or the cell that was given.
        spacegroup: International number that it has, however small the tolerance.
        tolerance: At which the symmetry was found, in Å.
        moved: Longest way of an atom, in Å.
    """

    crystal: Crystal
    spacegroup: int
    tolerance: float
    moved: float


@dataclass(frozen=True, slots=True, eq=False)
class _Cell:
    """A primitive cell, and how the given cell is made of it.

    Attributes:
        crystal: The primitive cell.
        content: (3, 3) the vectors of the given cell in those of the primitive one; whole numbers.
        atoms: (n,) the atom of the primitive cell that stands for each of the given cell.
        cells: (n, 3) the primitive cell in which it stands; whole numbers.
    """

    crystal: Crystal
    content: Array
    atoms: npt.NDArray[np.int64]
    cells: Array

    def rebuilt(self, crystal: Crystal) -> Crystal:
        """The given cell, made of another crystal whose atoms are near to those of the primitive cell."""
        apart = crystal.positions - self.crystal.positions
        homes = self.crystal.positions + apart - np.rint(apart)  # an atom may have crossed a face of the cell
        positions = (homes[self.atoms] + self.cells) @ np.linalg.inv(self.content)
        return Crystal(crystal.numbers[self.atoms], positions, self.content @ crystal.lattice)


@dataclass(frozen=True, slots=True, eq=False)
class _Near:
    """A group that a crystal nearly has.

    Attributes:
        number: International number.
        tolerance: At which it was found, in Å.
        cell: The primitive cell.
        rotations: (m, 3, 3) whole numbers.
        translations: (m, 3) both in the axes of the primitive cell.
    """

    number: int
    tolerance: float
    cell: _Cell
    rotations: npt.NDArray[np.int32]
    translations: Array


@dataclass(frozen=True, slots=True)
class _Wish:
    """What symmetry is asked for; None for any."""

    spacegroup: int | None
    crystal_system: str | None

    def grants(self, number: int) -> bool:
        """Whether a group is one that is asked for."""
        if self.spacegroup is not None:
            return number == self.spacegroup
        return self.crystal_system is None or (number > 0 and system_of(number) == self.crystal_system)


def symmetrise(
    crystal: Crystal,
    *,
    spacegroup: int | None = None,
    crystal_system: str | None = None,
    tolerances: Sequence[float] | None = None,
    keep_cell: bool = False,
) -> Symmetrised | None:
    """The crystal in the highest symmetry that it nearly has.

    Args:
        crystal: Any cell of it.
        spacegroup: International number that it must have.
        crystal_system: As in `clip_mat.facts.CRYSTAL_SYSTEMS`, that it must have.
        tolerances: In Å, the first that counts first. By default `WANTED` where a symmetry is asked for, else `CLEAN`
            or `NOISY`, as the crystal is.
        keep_cell: Keep the cell with its atoms and their order, even where it is not primitive.

    Returns:
        None where it is near to no symmetry that was asked for. Where nothing was asked for it is in P1 at worst.
    """
    wanted = spacegroup is not None or crystal_system is not None
    if tolerances is None:
        tolerances = WANTED if wanted else CLEAN if _is_clean(crystal) else NOISY
    wish = _Wish(spacegroup, crystal_system)
    for tolerance in tolerances:
        near = _near(crystal, tolerance)
        if near is not None and wish.grants(near.number):
            found = _project(crystal, near, range(len(near.rotations)), wish, keep_cell)
            if found is not None:
                return found
    if not wanted:
        return Symmetrised(crystal, 1, 0.0, 0.0)
    return None if _is_clean(crystal) else _in_less(crystal, wish, keep_cell)


def _is_clean(crystal: Crystal) -> bool:
    dataset = find_dataset(crystal, CLEAN[-1])
    return dataset is not None and dataset.number > 1


def _near(crystal: Crystal, tolerance: float) -> _Near | None:
    """The operations that the crystal nearly has; None where there is no group at this tolerance."""
    dataset = find_dataset(crystal, tolerance)
    if dataset is None:
        return None
    number, cell = int(dataset.number), _primitive(crystal, dataset)
    if len(cell.crystal) < len(crystal):  # the operations of a larger cell may be fewer
        dataset = find_dataset(cell.crystal, tolerance)
        if dataset is None:
            return None
    return _Near(number, tolerance, cell, dataset.rotations, dataset.translations)


def _project(
    crystal: Crystal, near: _Near, operations: Sequence[int], wish: _Wish, keep_cell: bool
) -> Symmetrised | None:
    """The crystal averaged over some of the operations, a group; None where that spoils it or is not what is wanted."""
    places = list(operations)
    averaged = _average(near.cell.crystal, near.rotations[places].astype(np.float64), near.translations[places])
    if averaged is None or nearest(averaged)[1] < _SHRUNK * nearest(crystal)[1]:
        return None
    whole = near.cell.rebuilt(averaged)
    moved = _moved(crystal, whole)
    strained = float(np.abs(whole.lattice - crystal.lattice).max())
    all_of_them = near.cell.crystal is crystal and len(places) == len(near.rotations)
    if all_of_them and max(moved, strained) < _LITTLE * near.tolerance:
        number: int | None = near.number
    else:
        number = find_spacegroup(averaged, _EXACT)
    if number is None or not wish.grants(number):
        return None
    kept = whole if keep_cell else primitive(averaged, _EXACT)
    return Symmetrised(kept, number, near.tolerance, moved)


def _in_less(crystal: Crystal, wish: _Wish, keep_cell: bool) -> Symmetrised | None:
    """The crystal with fewer operations than a group that it nearly has, of those that grant the wish the one that is
    nearest: a perovskite that is nearly cubic can be made orthorhombic, where no tolerance finds it so."""
    tried: set[int] = set()
    for tolerance in _TOO_WIDE:
        near = _near(crystal, tolerance)
        if near is None or near.number in tried:
            continue
        tried.add(near.number)
        if len({rotation.tobytes() for rotation in near.rotations}) < len(near.rotations):
            continue  # no primitive cell
        made = [
            found
            for group in subgroups(near.rotations)
            if len(group) < len(near.rotations) and wish.grants(_group_of(near, group))
            for found in [_project(crystal, near, group, wish, keep_cell)]
            if found is not None
        ]
        if made:
            return min(made, key=lambda found: found.moved)
    return None


def _group_of(near: _Near, operations: list[int]) -> int:
    """International number of some of the operations; 0 where spglib does not know it."""
    import spglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what spglib cannot do is told by None
        found = spglib.get_spacegroup_type_from_symmetry(
            near.rotations[operations], near.translations[operations], near.cell.crystal.lattice
        )
    return 0 if found is None else int(found.number)


def _primitive(crystal: Crystal, dataset: Any) -> _Cell:
    """A primitive cell, its atoms at the mean of those that a translation brings onto each other."""
    _, kept, atoms = np.unique(dataset.mapping_to_primitive, return_index=True, return_inverse=True)
    content = np.rint(crystal.lattice @ np.linalg.inv(dataset.primitive_lattice))
    if len(kept) == len(crystal) or round(abs(np.linalg.det(content))) * len(kept) != len(crystal):
        return _Cell(crystal, np.eye(3), np.arange(len(crystal)), np.zeros((len(crystal), 3)))
    everywhere = crystal.positions @ content  # in the primitive cell that fits the given one exactly
    homes = everywhere[kept]
    apart = everywhere - homes[atoms]
    cells = np.rint(apart)
    shifts = np.zeros_like(homes)
    np.add.at(shifts, atoms, apart - cells)
    means = homes + shifts / np.bincount(atoms)[:, None]
    lattice = np.linalg.inv(content) @ crystal.lattice
    small = Crystal(crystal.numbers[kept], means, lattice)
    return _Cell(small, content, atoms, cells + np.rint(means - small.positions)[atoms])


def _average(crystal: Crystal, rotations: Array, translations: Array) -> Crystal | None:
    """The mean of the crystal's images under a group of operations, (m, 3, 3) and (m, 3) in its own axes; None where an
    operation brings two atoms to one."""
    metric = crystal.lattice @ crystal.lattice.T
    mean = np.einsum("mki,kl,mlj->ij", rotations, metric, rotations) / len(rotations)
    images = crystal.positions @ rotations.transpose(0, 2, 1) + translations[:, None]  # (m, n, 3)
    apart = images[:, :, None] - crystal.positions  # (m, image, atom, 3)
    apart -= np.rint(apart)
    far = np.square(apart @ crystal.lattice).sum(axis=-1)
    far[:, crystal.numbers[:, None] != crystal.numbers] = np.inf
    onto = far.argmin(axis=1)  # (m, atom): the image that falls on the atom
    if (np.sort(onto, axis=1) != np.arange(len(crystal))).any():
        return None
    shifts = np.take_along_axis(apart, onto[:, None, :, None], axis=1)[:, 0].mean(axis=0)
    return Crystal(crystal.numbers, crystal.positions + shifts, _strained(crystal.lattice, mean))


def _strained(lattice: Array, metric: Array) -> Array:
    """The lattice that has the metric and is not turned: the given one, stretched along three axes at right angles."""
    inverse = np.linalg.inv(lattice)
    values, axes = np.linalg.eigh(inverse @ metric @ inverse.T)
    stretched: Array = lattice @ (axes * np.sqrt(values)) @ axes.T
    return stretched


def _moved(before: Crystal, after: Crystal) -> float:
    """The longest way of an atom in Å, the cell's own change and a common drift left out."""
    apart = after.positions - before.positions
    apart -= np.rint(apart)
    ways = (apart - apart.mean(axis=0)) @ after.lattice
    return float(np.linalg.norm(ways, axis=1).max())
