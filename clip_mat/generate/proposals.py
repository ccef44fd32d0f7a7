"""Crystals for a composition, from templates with the elements changed.

>>> from clip_mat.generate.proposals import propose
>>> propose(library, {"Li": 1, "Mn": 1, "O": 2}, limit=4)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.generate.ranking import Judge, Ranker, Votes, default_ranker
from clip_mat.generate.substitution import MENDELEEV, Floats, Ints, Slots, repeated, scaled, substitute
from clip_mat.generate.templates import Pattern, StructureType, Template, Templates, fits

MOST_VOTES = {"free": 256, "cell": 160, "group": 96}
"""Nearest templates that vote, each order of elements by itself: more are no better."""
_UNFITTING = 1e-3
"""By which the score of a smaller primitive cell, repeated, is multiplied where the content of the cell is given: of
the Materials Project one cell in eighty is not primitive."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A crystal of the composition asked for.

    Attributes:
        crystal: Primitive cell, or the content asked for.
        template: Whose structure it has.
        score: Higher is better; with the ranker the probability that this is the structure, if it is any of them.
        spacegroup: International number of the template.
        type: Label of the structure type, as `clip_mat.symmetry.prototype_label`, and the Wyckoff letters of each
            element.
    """

    crystal: Crystal
    template: Template
    score: float
    spacegroup: int
    type: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A template with its elements in some order."""

    row: int
    order: int
    kind: StructureType


def propose(
    library: Templates,
    counts: Mapping[str, int],
    *,
    cell: bool = False,
    spacegroup: int | None = None,
    crystal_system: str | None = None,
    prototypes: Sequence[str] = (),
    limit: int = 20,
    exclude: Collection[str] = (),
    judge: Judge | None = None,
) -> list[Proposal]:
    """The likeliest structures of a composition, one for each structure type, best first.

    Args:
        library: Where templates come from.
        counts: Element counts.
        cell: Whether they are the exact content of the cell, else any multiple will do.
        spacegroup: Only structures of this space group.
        crystal_system: Only of this crystal system.
        prototypes: Only of a structure type with one of these names.
        limit: Most proposals.
        exclude: Ids of templates not to use.
        judge: What ranks; by default the learned ranker.

    Returns:
        Nothing where no template of the pattern fits.

    Raises:
        RequestError: If the composition holds what is no element.
        WeightsError: If the ranker cannot be loaded.
    """
    judge = judge or default_ranker()
    slots = Slots.of(counts)
    units = sum(counts.values()) // slots.atoms if cell else None
    pattern = library.pattern(counts)
    if pattern is None or limit < 1:
        return []
    wanted = _Wanted(spacegroup, crystal_system, tuple(prototypes), frozenset(exclude), units)
    found = _ranked(pattern, slots, wanted, judge, limit)
    if units is not None and len(found) < limit:
        others = _ranked(pattern, slots, replace(wanted, other_cells=True), judge, limit)
        known = {one.type for one in found}
        found += [replace(one, score=one.score * _UNFITTING) for one in others if one.type not in known]
    return found[:limit]


@dataclass(frozen=True, slots=True)
class _Wanted:
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

    spacegroup: int | None
    crystal_system: str | None
    prototypes: tuple[str, ...]
    exclude: frozenset[str]
    units: int | None
    other_cells: bool = False

    @property
    def most_votes(self) -> int:
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
        """Args: kind: Of the template. atoms: In a formula unit."""
        units = len(kind.primitive) // atoms
        if self.units is not None and (self.units % units if self.other_cells else self.units != units):
            return False
        return fits(kind, spacegroup=self.spacegroup, crystal_system=self.crystal_system, prototypes=self.prototypes)


def _ranked(pattern: Pattern, slots: Slots, wanted: _Wanted, judge: Judge, limit: int) -> list[Proposal]:
    rows = list(islice(_nearest(pattern, slots, wanted), wanted.most_votes))
    if not rows:
        return []
    elements = np.array(slots.elements)
    keys = [one.kind.decorated(pattern.orders[one.order]) for one in rows]
    types = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    group = np.array([types[key] for key in keys], dtype=np.int64)
    firsts = [rows[keys.index(key)].kind for key in types]
    votes = Votes(
        counts=slots.counts,
        wanted=elements[pattern.orders[[one.order for one in rows]]],
        elements=pattern.elements[[one.row for one in rows]],
        hull=pattern.hull[[one.row for one in rows]],
        group=group,
        units=np.array([len(kind.primitive) // slots.atoms for kind in firsts], dtype=np.int64),
        spacegroup=np.array([kind.spacegroup for kind in firsts], dtype=np.int64),
        of_cell=wanted.units is not None,
        of_group=wanted.spacegroup is not None,
    )
    scores, row_scores = judge.judge(votes)
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    volumes = _volumes(rows, votes, judge)
    proposals = []
    for place in np.argsort(-scores, kind="stable")[:limit]:
        members = np.flatnonzero(group == place)
        best = members[np.argmax(row_scores[members])]
        weight = np.exp(row_scores[members] - row_scores[best])
        volume = float(np.exp((weight * np.log(volumes[members])).sum() / weight.sum()))
        replaced = dict(zip(votes.elements[best].tolist(), votes.wanted[best].tolist(), strict=True))
        crystal = _made(rows[best].kind.primitive, replaced, volume, wanted.units and wanted.units * slots.atoms)
        template = pattern.templates[rows[best].row]
        share = float(shares[place])
        proposals.append(Proposal(crystal, template, share, rows[best].kind.spacegroup, keys[best]))
    return proposals


def _nearest(pattern: Pattern, slots: Slots, wanted: _Wanted) -> Iterator[_Row]:
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
            yield _Row(int(rows[place]), order, kind)


def _volumes(rows: Sequence[_Row], votes: Votes, judge: Judge) -> Floats:
    """(r,) Å³ an atom that each template says the crystal has."""
    own = np.array([one.kind.primitive.volume / len(one.kind.primitive) for one in rows])
    if isinstance(judge, Ranker):
        return own * judge.volume_ratio(votes.wanted, votes.elements, votes.counts)
    return own * _covalent(votes.wanted, votes.counts) / _covalent(votes.elements, votes.counts)


def _covalent(elements: Ints, counts: tuple[int, ...]) -> Floats:
    """(r,) mean cube of covalent radii (Cordero et al., Dalton Trans. 2832 (2008))."""
    from ase.data import covalent_radii

    mean: Floats = (covalent_radii[elements] ** 3 * np.array(counts)).sum(axis=1)
    return mean


def _made(primitive: Crystal, replaced: Mapping[int, int], volume: float, atoms: int | None) -> Crystal:
    """The crystal itself: elements replaced, so many Å³ an atom, and so many atoms in the cell."""
    crystal = substitute(primitive, replaced)
    crystal = scaled(crystal, volume * len(crystal))
    return crystal if atoms is None or atoms == len(crystal) else repeated(crystal, atoms // len(crystal))
