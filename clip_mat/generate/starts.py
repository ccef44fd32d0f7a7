"""What a sample begins with: elements or places for them, and noise or a crystal with some noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from clip_mat.crystal import NUMBERS, Crystal
from clip_mat.errors import RequestError
from clip_mat.generate.composer import ELEMENTS
from clip_mat.generate.flow import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """What a sample begins with.

    Attributes:
        numbers: (n,) atomic numbers, which stay; 0 for an element that is open.
        crystal: Of n atoms too, any cell that is small enough; None for pure noise.
        time: How much of the crystal stays, from 0 (pure noise) to 1 (nothing changes).
        fixed_lattice: Keep the lattice of the crystal, and let only the atoms move.
        allowed: Atomic numbers that open elements may have; None for all.
        kinds: (n,) which atoms are of one element, and which of different ones. Without it every open atom is of an
            element of its own, unless too few are allowed.

    Raises:
        RequestError: If these do not fit together.
    """

    numbers: IntArray
    crystal: Crystal | None = None
    time: float = 0.0
    fixed_lattice: bool = False
    allowed: frozenset[int] | None = None
    kinds: IntArray | None = None

    def __post_init__(self) -> None:
        numbers = np.asarray(self.numbers, dtype=np.int64)
        object.__setattr__(self, "numbers", numbers)
        if numbers.ndim != 1 or not len(numbers):
            raise RequestError("a start needs at least one atom")
        if numbers.min() < 0 or numbers.max() >= ELEMENTS:
            raise RequestError(f"atomic numbers must be 0 to {ELEMENTS - 1}, not {sorted(set(numbers.tolist()))}")
        if not 0 <= self.time <= 1:
            raise RequestError(f"time={self.time}: must be 0 to 1")
        if self.crystal is None and (self.time > 0 or self.fixed_lattice):
            raise RequestError("without a crystal to start from, time must be 0 and the lattice cannot be kept")
        if self.crystal is not None and len(self.crystal) != len(numbers):
            raise RequestError(f"{len(numbers)} elements for a crystal of {len(self.crystal)} atoms")
        if self.allowed is not None and (0 in self.allowed or not self.allowed):
            raise RequestError("allowed elements must be atomic numbers, at least one of them")
        if self.kinds is not None and self.kinds.shape != numbers.shape:
            raise RequestError(f"{len(numbers)} elements of {len(self.kinds)} kinds: give the kind of each atom")

    @classmethod
    def of(cls, cell: Mapping[str, int]) -> Self:
        """From noise, with these elements and counts in the cell.

        Raises:
            RequestError: If a symbol is no element.
        """
        unknown = [symbol for symbol in cell if symbol not in NUMBERS]
        if unknown:
            raise RequestError(f"no such element: {unknown[0]}")
        return cls(np.array([NUMBERS[symbol] for symbol, count in cell.items() for _ in range(count)], np.int64))

    @classmethod
    def open(cls, atoms: int, allowed: frozenset[int] | None = None) -> Self:
        """From noise, so many atoms of any elements, or of those allowed."""
        return cls(np.zeros(max(atoms, 0), np.int64), allowed=allowed)

    @classmethod
    def pattern(cls, counts: Sequence[int], elements: Sequence[int] = ()) -> Self:
        """From noise, atoms of as many elements as there are counts.

        Args:
            counts: Atoms of each element.
            elements: Atomic numbers of the first ones; the others are open.
        """
        given = [*elements, *[0] * (len(counts) - len(elements))]
        return cls(np.repeat(given, counts), kinds=np.repeat(np.arange(len(counts)), counts))

    @classmethod
    def near(cls, crystal: Crystal, time: float) -> Self:
        """From a crystal with noise, its elements given."""
        return cls(crystal.numbers, crystal, time)
