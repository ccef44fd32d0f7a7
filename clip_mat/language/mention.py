"""One thing that a text says of a crystal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from clip_mat.language.formula_parser import Composition, whole_counts

Kind = Literal[
    "formula",
    "system",
    "element",
    "anonymous",
    "spacegroup",
    "crystal_system",
    "prototype",
    "family",
    "quantity",
]


@dataclass(frozen=True, slots=True)
class Mention:
    """One thing that a text says of a crystal.

    Attributes:
        start: First character.
        end: One past the last character.
        kind: What is said.
        composition: (symbol, amount), symbols in alphabetical order. A formula has amounts, the whole ones in lowest
            terms; a system and an element have none (None). In an anonymous formula the unnamed elements (None)
            come first, in decreasing order of their amounts.
        spacegroup: International number, 1 to 230.
        name: Canonical name of a crystal system, a prototype or a family.
        value: Number of a quantity.
        unit: Its unit: eV, meV, eV/atom, meV/atom, GPa, K, nm, Å, atoms, ...
    """

    start: int
    end: int
    kind: Kind
    composition: Composition = ()
    spacegroup: int | None = None
    name: str | None = None
    value: float | None = None
    unit: str | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Counts of a formula; empty if amounts are fractions or not told."""
        return whole_counts(self.composition)


Found: TypeAlias = Iterator[Mention]
"""What a finder yields; a text that two of its mentions share goes to the first."""
