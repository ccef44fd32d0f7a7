"""Crystals for a composition, from templates with the elements changed.

>>> from clip_mat.generate.proposals import propose
>>> propose(library, {"Li": 1, "Mn": 1, "O": 2}, limit=4)  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.generate.frames import framed
from clip_mat.generate.ranking import Judge, Ranker, Votes, default_ranker
from clip_mat.generate.substitution import Floats, Ints, Slots, repeated, scaled, substitute
from clip_mat.generate.templates import Pattern, Template, Templates
from clip_mat.generate.variants import LEAST, differences, pick_variants, reordered
from clip_mat.generate.voting import Ballot, Row, Wanted, gather
from clip_mat.symmetry import primitive

_UNFITTING = 1e-3
"""By which the score of a smaller primitive cell, repeated, is multiplied where the content of the cell is given: of
the Materials Project one cell in eighty is not primitive."""
_OTHER_SYMMETRY = 1e-6
"""... that of a template without the symmetry that is asked for: it comes after all that have it."""
_OTHER_PATTERN = 0.02
"""... of one on the places of a crystal of another pattern. Of 31 crystals kept out of training whose space group no
template of the pattern had, one of them matched eleven; of 369 others in their groups one that no template matched."""
_FRAMED, _FRAMED_FREELY = 8, 4
"""Most crystals on the places of others, where the space group is given, and where it is not: of 170 crystals kept out
of training for which no template was sure these matched five that no template did, the eleventh to the twentieth
template none."""
_MOST_FRAMED = 40
"""Most atoms in the cell of such a crystal where the content is not given."""
SURE = 0.8
"""Score from which on a template is nearly sure to be right."""
_TYPES = 8
"""Types that are looked at at least: a structure of the second may be likelier than any of the first."""
_HEARD = 48
"""Best templates of a type among which structures are told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A crystal of the composition asked for.

    Attributes:
        crystal: Primitive cell, or the content asked for.
        template: Whose structure it has.
        score: Higher is better; with the ranker the probability that this is the structure and none before it is, if it
            is that of any template.
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
    any_symmetry: bool = False,
) -> list[Proposal]:
    """The likeliest structures of a composition, each another one, best first.

    The baseline judge gives one for each structure type, the ranker tells apart those that share a type, too. Where the
    ranker judges, known crystals of other patterns lend their symmetric places: if a space group is asked for, or the
    content of the cell is told and no template is sure.

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
        any_symmetry: Whether to go on, where too few have the symmetry that is asked for, with those of others: their
            `spacegroup` tells.

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
    if limit < 1:
        return []
    wanted = Wanted(spacegroup, crystal_system, tuple(prototypes), frozenset(exclude), units)
    found: list[Proposal] = []
    for less, factor in _eased(wanted, any_symmetry):
        if len(found) < limit:
            more = [] if pattern is None else _ranked(pattern, slots, less, judge, limit)
            found += _fresh(more, found, factor)
        if less is wanted and isinstance(judge, Ranker) and _wants_frames(wanted, found):
            found += _fresh(_of_frames(library, slots, wanted, judge), found, _OTHER_PATTERN)
            found.sort(key=lambda one: -one.score)
    return found[:limit]


def _fresh(more: Sequence[Proposal], found: Sequence[Proposal], factor: float) -> list[Proposal]:
    """Those of a type that was not found yet, their scores multiplied."""
    known = {one.type for one in found}
    return [replace(one, score=one.score * factor) for one in more if one.type not in known]


def _wants_frames(wanted: Wanted, found: Sequence[Proposal]) -> bool:
    """Whether to look at crystals of other patterns: in a space group that is asked for there may be few of the own,
    and where none is sure, others may be right."""
    if wanted.prototypes or (wanted.spacegroup is None and wanted.units is None):
        return False
    return wanted.spacegroup is not None or max((one.score for one in found), default=0.0) < SURE


def _of_frames(library: Templates, slots: Slots, wanted: Wanted, ranker: Ranker) -> list[Proposal]:
    """Crystals on the places of known ones, whatever their pattern; one of each type."""
    units = [wanted.units] if wanted.units is not None else range(1, _MOST_FRAMED // slots.atoms + 1)
    templates = library.of_cells([slots.atoms * number for number in units], wanted.spacegroup)
    most = _FRAMED if wanted.spacegroup is not None else _FRAMED_FREELY
    found: dict[tuple[str, ...], Proposal] = {}
    for one in framed(templates, slots, wanted, ranker):
        kind = one.kind.decorated(range(len(slots.counts)))
        crystal = one.crystal if wanted.units is not None else primitive(one.crystal)
        found.setdefault(kind, Proposal(crystal, one.template, one.share, one.kind.spacegroup, kind))
        if len(found) == most:
            break
    return list(found.values())


def _eased(wanted: Wanted, any_symmetry: bool) -> Iterator[tuple[Wanted, float]]:
    """What is wanted, then the same with less of it, and by what the score of what has less is multiplied."""
    wishes = [(wanted, 1.0)]
    if any_symmetry and (wanted.spacegroup is not None or wanted.crystal_system is not None):
        wishes.append((replace(wanted, spacegroup=None, crystal_system=None), _OTHER_SYMMETRY))
    for less, factor in wishes:
        yield less, factor
        if less.units is not None:
            yield replace(less, other_cells=True), factor * _UNFITTING


def _ranked(pattern: Pattern, slots: Slots, wanted: Wanted, judge: Judge, limit: int) -> list[Proposal]:
    ballot = gather(pattern, slots, wanted)
    if ballot is None:
        return []
    votes, rows = ballot.votes, ballot.rows
    scores, row_scores = judge.judge(votes)
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    volumes = _volumes(rows, votes, judge)
    chosen: list[tuple[float, int]] = []
    for place in np.argsort(-scores, kind="stable")[: max(limit, _TYPES)]:
        members = np.flatnonzero(votes.group == place)
        weights = np.exp(row_scores[members] - row_scores[members].max())
        weights *= shares[place] / weights.sum()
        chosen += [
            (share, int(members[one])) for one, share in _variants(pattern, ballot, members, weights, judge, limit)
        ]
    proposals = []
    for share, best in sorted(chosen, key=lambda choice: -choice[0])[:limit]:
        place = votes.group[best]
        members = np.flatnonzero(votes.group == place)
        weight = np.exp(row_scores[members] - row_scores[members].max())
        volume = float(np.exp((weight * np.log(volumes[members])).sum() / weight.sum()))
        replaced = dict(zip(votes.elements[best].tolist(), votes.wanted[best].tolist(), strict=True))
        crystal = _made(rows[best].kind.primitive, replaced, volume, wanted.units and wanted.units * slots.atoms)
        template = pattern.templates[rows[best].row]
        proposals.append(Proposal(crystal, template, share, rows[best].kind.spacegroup, ballot.types[place]))
    return proposals


def _variants(
    pattern: Pattern, ballot: Ballot, members: Ints, weights: Floats, judge: Judge, limit: int
) -> list[tuple[int, float]]:
    """The structures of one type, as `pick_variants`; that of the best template where the judge cannot tell more."""
    if len(members) == 1 or not isinstance(judge, Ranker):
        return [(int(weights.argmax()), float(weights.sum()))]
    heard = np.argsort(-weights, kind="stable")[: min(_HEARD, max(1, int((weights >= LEAST).sum())))]
    if len(heard) == 1:
        return [(int(heard[0]), float(weights.sum()))]
    prints = [
        reordered(pattern.fingerprint(one.row), pattern.orders[one.order])
        for one in (ballot.rows[member] for member in members[heard])
    ]
    found = pick_variants(judge.same_structure(differences(np.array(prints))), weights[heard], limit)
    return [(int(heard[place]), share) for place, share in found]


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
