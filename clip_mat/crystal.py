"""A crystal as plain arrays: what everything in this package passes around.

A pymatgen ``Structure`` costs a second to import and milliseconds to make; graphs, searches and training need neither.
Files become crystals in `clip_mat.structures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from clip_mat.errors import CrystalError

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core.structure import Structure

# fmt: off
SYMBOLS = (
    "X",
    "H", "He",
    "Li", "Be", "B", "C", "N", "O", "F", "Ne",
    "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar",
    "K", "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr",
    "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I", "Xe",
    "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu",
    "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn",
    "Fr", "Ra", "Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr",
)
# fmt: on
"""Element symbols by atomic number; number 0 is no element."""

_GRAMS_PER_CM3 = 1.66053906660
"""One atomic mass unit per Å³ in g/cm³ (CODATA 2018)."""

NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS) if number}
"""Atomic numbers by element symbol."""


@dataclass(frozen=True, slots=True, eq=False)
class Crystal:
    """An ordered periodic crystal.

    Attributes:
        numbers: (n,) int64, atomic numbers 1 to 103.
        positions: (n, 3) float64, fractional coordinates in [0, 1).
        lattice: (3, 3) float64, lattice vectors in rows, in Å.

    Raises:
        CrystalError: If a shape is wrong, a number is not finite, there is no atom, an atom is no element, or the
            cell has no volume.
    """

    numbers: npt.NDArray[np.int64]
    positions: npt.NDArray[np.float64]
    lattice: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        numbers = np.asarray(self.numbers, dtype=np.int64)
        positions = np.asarray(self.positions, dtype=np.float64)
        lattice = np.asarray(self.lattice, dtype=np.float64)
        if numbers.ndim != 1 or not len(numbers):
            raise CrystalError("a crystal needs at least one atom")
        if positions.shape != (len(numbers), 3) or lattice.shape != (3, 3):
            raise CrystalError(f"{positions.shape=} and {lattice.shape=} do not fit {len(numbers)} atoms in three axes")
        if not (np.isfinite(positions).all() and np.isfinite(lattice).all()):
            raise CrystalError("a coordinate or a cell vector is not a finite number")
        if numbers.min() < 1 or numbers.max() >= len(SYMBOLS):
            raise CrystalError(f"atomic numbers must be 1 to {len(SYMBOLS) - 1}, not {sorted(set(numbers.tolist()))}")
        if abs(np.linalg.det(lattice)) < 1e-3:
            raise CrystalError("the cell has no volume")
        object.__setattr__(self, "numbers", numbers)
        object.__setattr__(self, "positions", positions % 1.0 % 1.0)  # twice: -1e-17 % 1.0 is 1.0
        object.__setattr__(self, "lattice", lattice)

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def symbols(self) -> list[str]:
        """Element symbol of each atom."""
        return [SYMBOLS[number] for number in self.numbers]

    @property
    def volume(self) -> float:
        """Volume of the cell in Å³."""
        return float(abs(np.linalg.det(self.lattice)))

    @property
    def density(self) -> float:
        """Density in g/cm³."""
        from ase.data import atomic_masses

        return float(atomic_masses[self.numbers].sum()) / self.volume * _GRAMS_PER_CM3

    @property
    def cartesian(self) -> npt.NDArray[np.float64]:
        """(n, 3) Cartesian coordinates in Å."""
        coordinates: npt.NDArray[np.float64] = self.positions @ self.lattice
        return coordinates

    def in_cell(self, vectors: npt.ArrayLike) -> Self:
        """The same crystal in another, mostly larger, cell.

        Args:
            vectors: (3, 3) whole numbers, the vectors of the new cell in those of this one.

        Raises:
            CrystalError: If the vectors span no cell.
        """
        steps = np.asarray(vectors, dtype=np.float64)
        cells = round(abs(np.linalg.det(steps)))
        if not cells:
            raise CrystalError(f"the vectors {steps.tolist()} span no cell")
        inverse = np.linalg.inv(steps)
        reach = np.abs(steps).sum(axis=0).astype(int)
        everywhere = np.stack(np.meshgrid(*(np.arange(-far, far + 1) for far in reach), indexing="ij"), -1)
        shifts = np.unique(np.round(everywhere.reshape(-1, 3) @ inverse % 1.0, 6) % 1.0, axis=0, return_index=True)[1]
        inside = everywhere.reshape(-1, 3)[shifts] @ inverse  # one of the shifts for each cell, not rounded
        positions = (self.positions @ inverse)[:, None] + inside
        return type(self)(np.repeat(self.numbers, cells), positions.reshape(-1, 3), steps @ self.lattice)

    @classmethod
    def from_symbols(cls, symbols: Sequence[str], positions: npt.ArrayLike, lattice: npt.ArrayLike) -> Self:
        """A crystal from element symbols, (n, 3) fractional coordinates and (3, 3) lattice vectors in Å.

        Raises:
            CrystalError: As for the class, or if a symbol is no element.
        """
        unknown = sorted({symbol for symbol in symbols if symbol not in NUMBERS})
        if unknown:
            raise CrystalError(f"no such element: {', '.join(unknown)}")
        numbers = np.array([NUMBERS[symbol] for symbol in symbols], dtype=np.int64)
        return cls(numbers, np.asarray(positions, dtype=np.float64), np.asarray(lattice, dtype=np.float64))

    @classmethod
    def from_structure(cls, structure: Structure) -> Self:
        """A crystal from a pymatgen structure; oxidation states and site properties are left behind.

        Raises:
            CrystalError: If the structure is disordered or holds something that is no element.
        """
        if not structure.is_ordered:
            raise CrystalError(
                f"{structure.formula}: the structure is disordered (partial occupancies); order it first"
            )
        symbols = [_element(site.specie) for site in structure]
        return cls.from_symbols(symbols, structure.frac_coords, structure.lattice.matrix)

    def to_structure(self) -> Structure:
        """The crystal as a pymatgen structure."""
        from pymatgen.core.structure import Structure

        return Structure(self.lattice, self.symbols, self.positions)

    @classmethod
    def from_atoms(cls, atoms: Atoms) -> Self:
        """A crystal from ASE atoms.

        Raises:
            CrystalError: If the atoms are not periodic in three directions.
        """
        if not atoms.pbc.all():
            raise CrystalError(f"{atoms.get_chemical_formula()}: not periodic in three directions")
        return cls(atoms.get_atomic_numbers(), atoms.get_scaled_positions(wrap=True), atoms.cell.array)

    def to_atoms(self) -> Atoms:
        """The crystal as ASE atoms."""
        from ase import Atoms

        return Atoms(numbers=self.numbers, scaled_positions=self.positions, cell=self.lattice, pbc=True)


def _element(specie: object) -> str:
    """Symbol of a pymatgen Element or Species; what is no element keeps its own name and is refused by name."""
    return str(getattr(specie, "symbol", specie))
