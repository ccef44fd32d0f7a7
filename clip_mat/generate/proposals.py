"""Crystals for a composition, from templates with the elements changed.

>>> from clip_mat.generate.proposals import propose
>>> propose(library, {"Li": 1, "Mn": 1, "O": 2}, limit=4)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.generate.ranking import Judge, Ranker, Votes, default_ranker
from clip_mat.generate.substitution import Floats, Ints, Slots, repeated, scaled, substitute
from clip_mat.generate.templates import Pattern, Template, Templates
from clip_mat.generate.voting import Row, Wanted, gather

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
    wanted = Wanted(spacegroup, crystal_system, tuple(prototypes), frozenset(exclude), units)
    found = _ranked(pattern, slots, wanted, judge, limit)
    if units is not None and len(found) < limit:
        others = _ranked(pattern, slots, replace(wanted, other_cells=True), judge, limit)
        known = {one.type for one in found}
        found += [replace(one, score=one.score * _UNFITTING) for one in others if one.type not in known]
    return found[:limit]


def _ranked(pattern: Pattern, slots: Slots, wanted: Wanted, judge: Judge, limit: int) -> list[Proposal]:
    ballot = gather(pattern, slots, wanted)
    if ballot is None:
        return []
    votes, rows = ballot.votes, ballot.rows
    scores, row_scores = judge.judge(votes)
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    volumes = _volumes(rows, votes, judge)
    proposals = []
    for place in np.argsort(-scores, kind="stable")[:limit]:
        members = np.flatnonzero(votes.group == place)
        best = members[np.argmax(row_scores[members])]
        weight = np.exp(row_scores[members] - row_scores[best])
        volume = float(np.exp((weight * np.log(volumes[members])).sum() / weight.sum()))
        replaced = dict(zip(votes.elements[best].tolist(), votes.wanted[best].tolist(), strict=True))
        crystal = _made(rows[best].kind.primitive, replaced, volume, wanted.units and wanted.units * slots.atoms)
        template = pattern.templates[rows[best].row]
        share = float(shares[place])
        proposals.append(Proposal(crystal, template, share, rows[best].kind.spacegroup, ballot.types[place]))
    return proposals


def _volumes(rows: Sequence[Row], votes: Votes, judge: Judge) -> Floats:
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
