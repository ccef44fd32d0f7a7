"""From raw candidates to results: symmetry, obedience, checks, and no crystal twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.facts import Facts, reduced
from clip_mat.generate.checks import Distinct, KnownCrystals, check
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import GeneratedCrystal, Origin
from clip_mat.generate.symmetrise import CLEAN, NOISY, symmetrise
from clip_mat.language.names import prototypes_of
from clip_mat.search.filter_check import meets
from clip_mat.search.records import metadata_of
from clip_mat.structures import Entry
from clip_mat.symmetry import prototype_label


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A crystal that may answer a request.

    Attributes:
        crystal: As it was made.
        score: Higher is better.
        origin: Where it comes from.
        properties: What is thought to hold of it, after its template: ``band_gap`` (eV), ...
        trajectory: From noise to crystal.
        planned: Space group that a crystal of noise was to have.
    """

    crystal: Crystal
    score: float
    origin: Origin
    properties: Mapping[str, float] = field(default_factory=dict)
    trajectory: tuple[Crystal, ...] = ()
    planned: int | None = None


def finish(
    request: CrystalRequest,
    candidates: Sequence[Candidate],
    known: KnownCrystals | None,
    *,
    before: Sequence[GeneratedCrystal] = (),
    most: int | None = None,
) -> list[GeneratedCrystal]:
    """The best candidates that are what was asked for, each put on its symmetric places and checked.

    Args:
        request: What is asked.
        candidates: In any order.
        known: What is not new.
        before: Results already there, which no other should repeat.
        most: How many, by default as many as are asked for.

    Returns:
        Best first.
    """
    most = request.n if most is None else most
    done: list[GeneratedCrystal] = []
    distinct = Distinct(made.crystal for made in before)
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        if len(done) == most:
            break
        made = _symmetric(request, candidate)
        if made is None:
            continue
        crystal, group = made
        checks = check(crystal)
        if not checks.valid or not obeys(crystal, group, request, candidate.properties) or not distinct.add(crystal):
            continue
        checks = replace(checks, unique=True, novel=None if known is None else not known.hold(crystal))
        if request.new and not checks.novel:
            continue
        done.append(
            GeneratedCrystal(
                crystal=crystal,
                spacegroup=group,
                score=candidate.score,
                origin=candidate.origin,
                checks=checks,
                whole_cell=request.cell is not None,
                trajectory=candidate.trajectory,
            )
        )
    return done


def _symmetric(request: CrystalRequest, candidate: Candidate) -> tuple[Crystal, int] | None:
    """The crystal on its symmetric places and its space group; None where it cannot have the symmetry asked for.

    Templates stand on their places but for rounding; what a model makes of noise is only near to them, and where it
    seems to have no symmetry the group that was planned for it is tried.
    """
    crystal, keep_cell, of_noise = candidate.crystal, request.cell is not None, candidate.origin.kind == "noise"
    try:
        if request.spacegroup is not None:
            found = symmetrise(crystal, spacegroup=request.spacegroup, keep_cell=keep_cell)
        elif request.crystal_system is not None:
            found = symmetrise(crystal, crystal_system=request.crystal_system, keep_cell=keep_cell)
        else:
            found = symmetrise(crystal, tolerances=NOISY if of_noise else CLEAN, keep_cell=keep_cell)
            if found is not None and found.spacegroup == 1 and candidate.planned is not None:
                found = symmetrise(crystal, spacegroup=candidate.planned, keep_cell=keep_cell) or found
    except CrystalError:  # noise that came to nothing: no volume, or atoms that are no numbers
        return None
    return None if found is None else (found.crystal, found.spacegroup)


def obeys(crystal: Crystal, group: int, request: CrystalRequest, estimated: Mapping[str, float] | None = None) -> bool:
    """Whether a crystal is what was asked for, as far as it shows it.

    Args:
        crystal: What was made.
        group: Its space group.
        request: What is asked.
        estimated: Properties thought to hold of it; a property that is not among them is not asked about.
    """
    counts = Counter(crystal.symbols)
    if request.cell is not None and dict(counts) != dict(request.cell):
        return False
    wants_type = bool(request.prototypes) or "prototypes" in request.filter
    label = prototype_label(crystal) if wants_type else None
    facts = Facts(reduced(counts), group, prototypes_of(label) if label else ())
    if not request.states <= facts.keys:
        return False
    if request.prototypes and not set(request.prototypes) & set(facts.prototypes):
        return False
    if not request.filter:
        return True
    known: dict[str, Any] = metadata_of(Entry("", crystal, {}), facts) | dict(estimated or {})
    unknown = [name for name in request.properties if name not in known]
    return meets(known, request.filter, ignoring=unknown)
