"""Who votes for the structure of a composition: the nearest templates that fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from clip_mat.generate.ranking import Votes
from clip_mat.generate.substitution import MENDELEEV, Slots
from clip_mat.generate.templates import Pattern, StructureType, fits

MOST_VOTES = {"free": 256, "cell": 160, "group": 96}
"""Nearest templates that vote, each order of elements by itself: more are no better."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A template with its elements in some order.

    Attributes:
        row: Of the pattern.
        order: Row of `clip_mat.generate.substitution.orders`.
        kind: Symmetry of the template.
    """

    row: int
    order: int
    kind: StructureType


@dataclass(frozen=True, slots=True, eq=False)
class Ballot:
    """Votes, and who cast them.

    Attributes:
        votes: What a judge sees.
        rows: (r,) templates.
        types: (g,) what the templates of one structure type have in common, as `StructureType.decorated` has it.
    """

    votes: Votes
    rows: Sequence[Row]
    types: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a template must be like.

    Attributes:
        spacegroup: International number.
        crystal_system: By name.
        prototypes: Names of structure types, each as good as the others.
        exclude: Ids of templates not to use.
        units: Formula units in the cell asked for.
        other_cells: Whether to look at templates in any cell, whose primitive cell has as many atoms, or gives as many
            when it is repeated.
    """

    spacegroup: int | None = None
    crystal_system: str | None = None
    prototypes: tuple[str, ...] = ()
    exclude: frozenset[str] = frozenset()
    units: int | None = None
    other_cells: bool = False

    @property
    def most_votes(self) -> int:
        """How many of the nearest templates vote."""
        if self.spacegroup is not None:
            return MOST_VOTES["group"]
        return MOST_VOTES["free" if self.units is None else "cell"]

    def may_fit(self, pattern: Pattern, row: int) -> bool:
        """What can be told without looking for the template's symmetry."""
        template = pattern.templates[row]
        if template.id in self.exclude:
            return False
        group = template.properties.get("spacegroup")
        if self.spacegroup is not None and isinstance(group, int) and group != self.spacegroup:
            return False
        if self.units is None or pattern.units[row] == self.units:
            return True
        return self.other_cells and not (self.units % pattern.units[row] and pattern.units[row] % self.units)

    def fits(self, kind: StructureType, atoms: int) -> bool:
        """Whether a structure type is one of those.

        Args:
            kind: Of a template.
            atoms: In a formula unit.
        """
        units = len(kind.primitive) // atoms
        if self.units is not None and (self.units % units if self.other_cells else self.units != units):
            return False
        return fits(kind, spacegroup=self.spacegroup, crystal_system=self.crystal_system, prototypes=self.prototypes)


def gather(pattern: Pattern, slots: Slots, wanted: Wanted) -> Ballot | None:
    """The votes of the nearest templates; None where none fits.

    Args:
        pattern: Templates of the pattern of the composition.
        slots: The composition.
        wanted: What a template must be like.
    """
    rows = list(islice(_nearest(pattern, slots, wanted), wanted.most_votes))
    if not rows:
        return None
    elements = np.array(slots.elements)
    keys = [one.kind.decorated(pattern.orders[one.order]) for one in rows]
    types = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    kinds: dict[tuple[str, ...], StructureType] = {}
    for key, one in zip(keys, rows, strict=True):
        kinds.setdefault(key, one.kind)
    votes = Votes(
        counts=slots.counts,
        wanted=elements[pattern.orders[[one.order for one in rows]]],
        elements=pattern.elements[[one.row for one in rows]],
        hull=pattern.hull[[one.row for one in rows]],
        group=np.array([types[key] for key in keys], dtype=np.int64),
        units=np.array([len(kind.primitive) // slots.atoms for kind in kinds.values()], dtype=np.int64),
        spacegroup=np.array([kind.spacegroup for kind in kinds.values()], dtype=np.int64),
        of_cell=wanted.units is not None,
        of_group=wanted.spacegroup is not None,
    )
    return Ballot(votes, rows, list(types))


def _nearest(pattern: Pattern, slots: Slots, wanted: Wanted) -> Iterator[Row]:
    """Templates that fit, in all orders of their elements, the nearest on the modified Pettifor scale first."""
    rows = np.array([row for row in range(len(pattern)) if wanted.may_fit(pattern, row)], dtype=np.int64)
    if not len(rows):
        return
    handed_out = MENDELEEV[np.array(slots.elements)[pattern.orders]]
    apart = np.abs(MENDELEEV[pattern.elements[rows]][:, None] - handed_out).sum(axis=-1)
    nearest = np.argsort(apart, axis=None, kind="stable")
    for flat in nearest[: wanted.most_votes] if wanted.other_cells else nearest:  # most fit, or few do
        place, order = divmod(int(flat), len(handed_out))
        kind = pattern.structure_type(int(rows[place]))
        if kind is not None and wanted.fits(kind, slots.atoms):
            yield Row(int(rows[place]), order, kind)
