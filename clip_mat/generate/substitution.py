"""Elements put into the places of others, as nearest in chemistry as can be.

A structure type is kept and its elements are changed: the oldest way to predict a crystal structure, and still hard to
beat (Hautier et al., Inorg. Chem. 50, 656 (2011); Wang, Botti & Marques, npj Comput. Mater. 7, 12 (2021)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby, permutations, product
from typing import Self

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import NUMBERS, SYMBOLS, Crystal
from clip_mat.errors import RequestError
from clip_mat.facts import METALLOIDS, NONMETALS, reduced

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# fmt: off
_SCALE = (
    "He", "Ne", "Ar", "Kr", "Xe", "Rn", "Fr", "Cs", "Rb", "K", "Na", "Li", "Ra", "Ba", "Sr", "Ca", "Eu", "Yb", "Lu",
    "Tm", "Y", "Er", "Ho", "Dy", "Tb", "Gd", "Sm", "Pm", "Nd", "Pr", "Ce", "La", "Ac", "Th", "Pa", "U", "Np", "Pu",
    "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Sc", "Zr", "Hf", "Ti", "Ta", "Nb", "V", "Cr", "Mo", "W",
    "Re", "Tc", "Os", "Ru", "Ir", "Rh", "Pt", "Pd", "Au", "Ag", "Cu", "Ni", "Co", "Fe", "Mn", "Mg", "Zn", "Cd",
    "Hg", "Be", "Al", "Ga", "In", "Tl", "Pb", "Sn", "Ge", "Si", "B", "C", "N", "P", "As", "Sb", "Bi", "Po", "Te",
    "Se", "S", "O", "At", "I", "Br", "Cl", "F", "H",
)
# fmt: on
MENDELEEV = np.zeros(len(SYMBOLS))
"""(104,) Place of each element on the modified Pettifor scale, on which neighbours replace each other most readily
(Glawe et al., New J. Phys. 18, 093011 (2016))."""
MENDELEEV[[NUMBERS[symbol] for symbol in _SCALE]] = np.arange(len(_SCALE))

MOST_ORDERS = 720
"""Most ways to hand out elements of equal count that are tried: six elements."""


@dataclass(frozen=True, slots=True)
class Slots:
    """A composition as places for elements, the rarest first; compositions of one pattern have the same counts.

    Attributes:
        elements: Atomic numbers, by count and then by number.
        counts: In lowest terms.
    """

    elements: tuple[int, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        """Of element counts, in any multiple.

        Raises:
            RequestError: If there is no element, one that is unknown, or a count that is no positive number.
        """
        if not counts or any(symbol not in NUMBERS or count < 1 for symbol, count in counts.items()):
            raise RequestError(f"no composition of known elements in positive amounts: {dict(counts)}")
        ordered = sorted((count, NUMBERS[symbol]) for symbol, count in reduced(counts).items())
        return cls(tuple(number for _, number in ordered), tuple(count for count, _ in ordered))

    @property
    def atoms(self) -> int:
        """In one formula unit."""
        return sum(self.counts)


@cache
def orders(counts: tuple[int, ...]) -> Ints:
    """Every way to hand out the elements of one composition to the slots of another of its pattern.

    Args:
        counts: Of the slots, ascending.

    Returns:
        (p, k): for each way and slot of the template the slot of the request whose element goes there. The first way
        changes nothing; at most `MOST_ORDERS` are given.
    """
    blocks = [list(group) for _, group in groupby(range(len(counts)), key=counts.__getitem__)]
    found: list[list[int]] = []
    for chosen in product(*map(permutations, blocks)):
        found.append([slot for block in chosen for slot in block])
        if len(found) == MOST_ORDERS:
            break
    return np.array(found, dtype=np.int64)


def of_a_kind(one: str, other: str) -> bool:
    """Whether two elements can play the same part: nonmetals take no metal's place; metalloids take either."""
    return (one in NONMETALS) == (other in NONMETALS) or not METALLOIDS.isdisjoint((one, other))


def substitute(crystal: Crystal, replaced: Mapping[int, int]) -> Crystal:
    """The same positions with other elements.

    Args:
        crystal: The template.
        replaced: New atomic number by old one.

    Raises:
        RequestError: If an element of the template is not replaced.
    """
    table = np.zeros(len(SYMBOLS), dtype=np.int64)
    table[list(replaced)] = list(replaced.values())
    numbers = table[crystal.numbers]
    if not numbers.all():
        raise RequestError(f"no element to put in the place of {SYMBOLS[crystal.numbers[numbers == 0][0]]}")
    return Crystal(numbers, crystal.positions, crystal.lattice)


def scaled(crystal: Crystal, volume: float) -> Crystal:
    """The same crystal with another volume of its cell, in Å³."""
    return Crystal(crystal.numbers, crystal.positions, crystal.lattice * (volume / crystal.volume) ** (1 / 3))


def repeated(crystal: Crystal, times: int) -> Crystal:
    """A supercell of so many cells, as compact as repetition along the axes makes it."""
    lengths = np.linalg.norm(crystal.lattice, axis=1)
    shapes = [
        (a, b, times // a // b)
        for a in range(1, times + 1)
        for b in range(1, times + 1)
        if times % a == 0 and (times // a) % b == 0
    ]
    shape = min(shapes, key=lambda shape: (float((lengths * shape).max()), shape))
    shifts = np.array(list(product(*map(range, shape))), dtype=np.float64)
    positions = (crystal.positions[:, None] + shifts) / shape
    numbers = np.repeat(crystal.numbers, len(shifts))
    return Crystal(numbers, positions.reshape(-1, 3), crystal.lattice * np.array(shape, dtype=np.float64)[:, None])
