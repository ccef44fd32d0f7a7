"""Candidates by way of the index: structure types that are known, with the elements that are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from clip_mat.crystal import NUMBERS, Crystal
from clip_mat.facts import GAP_CLASSES, crystal_system, reduced
from clip_mat.generate.candidates import Candidate
from clip_mat.generate.proposals import propose
from clip_mat.generate.ranking import default_ranker
from clip_mat.generate.request import ESTIMATED, CrystalRequest
from clip_mat.generate.results import Origin
from clip_mat.generate.substitution import scaled, substitute
from clip_mat.generate.swaps import oddness, steps, swaps
from clip_mat.generate.templates import IndexTemplates
from clip_mat.language.classes import FAMILY_ELEMENTS
from clip_mat.language.formula_parser import parse_formula, whole_counts
from clip_mat.search.phrase import has_all, has_any

if TYPE_CHECKING:
    from clip_mat.search.materials import MaterialsIndex
    from clip_mat.search.results import MaterialHit

MOST_SITES = 64
"""Largest cell of a template."""
LEAST = 20
"""Least structure types that are looked at for a composition."""
_NEARLY = 8
"""Structures without the symmetry asked for that are looked at, whether they are near to it."""
_LEAST_HITS = 48
_SPARE = 3
_THOROUGH = 4
"""So many of the best templates are tried with any elements."""
_UNLIKELY, _FAR_FETCHED = 0.1, 0.005
"""What an unlikely composition costs, and each step on Mendeleev's scale from an element to the one that takes its
place, in likeness to the words."""


class Retriever:
    """Candidates from the index.

    Args:
        index: Where templates come from; says which crystals fit words.
    """

    def __init__(self, index: MaterialsIndex) -> None:
        self._index = index
        self._templates = IndexTemplates(index, MOST_SITES)

    def expect(self, requests: Iterable[CrystalRequest]) -> None:
        """Say what will be asked, as `Templates.expect`."""
        self._templates.expect(request.composition for request in requests if request.composition is not None)

    def find(self, request: CrystalRequest) -> tuple[list[Candidate], list[str]]:
        """Candidates, and notes on what the index could not give."""
        if request.composition is not None:
            return self._composed(request, request.cell or request.composition), []
        return self._worded(request)

    def _composed(self, request: CrystalRequest, counts: Mapping[str, int]) -> list[Candidate]:
        """The likeliest structures of a composition; those without the symmetry asked for may be near to it."""
        proposals = propose(
            self._templates,
            counts,
            cell=request.cell is not None,
            spacegroup=request.spacegroup,
            crystal_system=request.crystal_system,
            prototypes=request.prototypes,
            limit=max(LEAST, _SPARE * request.n),
            any_symmetry=True,
        )
        granted = [proposal for proposal in proposals if _has_symmetry(proposal.spacegroup, request)]
        others = [proposal for proposal in proposals if not _has_symmetry(proposal.spacegroup, request)]
        return [
            Candidate(
                proposal.crystal,
                proposal.score,
                Origin("retrieved", proposal.template.id),
                _estimated(proposal.template.properties),
            )
            for proposal in [*granted, *others[:_NEARLY]]
        ]

    def _worded(self, request: CrystalRequest) -> tuple[list[Candidate], list[str]]:
        """Without a formula: what the index holds of the kind, and the same structure types with other elements."""
        notes: list[str] = []
        number = max(_LEAST_HITS, request.n)
        shape, content, gap = _shape_clauses(request), _content_clauses(request), _gap_clauses(request)
        fitting = self._hits(request, [*shape, *content, *gap], number)
        if gap and not fitting:
            gap = []
            fitting = self._hits(request, [*shape, *content], number)
            notes.append("no compound of the index is known to have such a band gap; only the words speak for it")
        others = self._hits(request, [*shape, *gap], number) if content else []
        made = {hit.id: (self._index.get(hit.id), hit, 0.0) for hit in fitting}  # what is known is not unlikely
        for hit, way in self._swapped([*fitting, *others], request):
            crystal = _exchanged(self._index.get(hit.id), way)
            cost = _UNLIKELY * oddness(reduced(Counter(crystal.symbols))) + _FAR_FETCHED * steps(way)
            made.setdefault("-".join([hit.id, *way.values()]), (crystal, hit, cost))
        crystals = [crystal for crystal, _, _ in made.values()]
        if not crystals:
            return [], notes
        scores = -np.array([cost for _, _, cost in made.values()])
        if request.words:
            scores += self._index.likeness(request.words, crystals)
        return [
            Candidate(crystal, float(score), Origin("retrieved", hit.id), _estimated(hit.properties))
            for (crystal, hit, _), score in zip(made.values(), scores, strict=True)
        ], notes

    def _hits(self, request: CrystalRequest, clauses: Sequence[str], number: int) -> list[MaterialHit]:
        condition = " AND ".join(f"({clause})" for clause in [f"nsites <= {MOST_SITES}", *clauses])
        return list(self._index.search(request.words, number, condition))

    def _swapped(
        self, hits: Sequence[MaterialHit], request: CrystalRequest
    ) -> Iterator[tuple[MaterialHit, dict[str, str]]]:
        """Templates and the elements to put into them, the likeliest first."""
        rated: list[tuple[float, int, MaterialHit, dict[str, str]]] = []
        for place, hit in enumerate({hit.id: hit for hit in hits}.values()):
            for distance, way in swaps(request, _counts(hit), thorough=place < _THOROUGH):
                rated.append((distance + 0.5 * place, len(rated), hit, way))
        for _, _, hit, way in sorted(rated, key=lambda item: item[:2])[: _SPARE * request.n + _LEAST_HITS]:
            yield hit, way


def _has_symmetry(group: int, request: CrystalRequest) -> bool:
    """Whether a space group is one that is asked for."""
    if request.spacegroup is not None:
        return group == request.spacegroup
    return request.crystal_system in (None, crystal_system(group))


def _shape_clauses(request: CrystalRequest) -> list[str]:
    """What is asked of the structure, as OPTIMADE."""
    clauses = []
    if request.prototypes:
        clauses.append("prototypes HAS ANY " + ",".join(f'"{name}"' for name in request.prototypes))
    if request.spacegroup is not None:
        clauses.append(f"spacegroup = {request.spacegroup}")
    elif request.crystal_system is not None:
        clauses.append(f'crystal_system = "{request.crystal_system}"')
    if request.anonymous:
        clauses.append(f'chemical_formula_anonymous = "{request.anonymous}"')
    return clauses


def _content_clauses(request: CrystalRequest) -> list[str]:
    """What is asked of the elements, as OPTIMADE; the filter with all that it asks."""
    clauses = [has_all(request.elements)] if request.elements else []
    clauses += [has_any(FAMILY_ELEMENTS[name]) for name in request.families if name in FAMILY_ELEMENTS]
    return [*clauses, request.filter] if request.filter else clauses


def _gap_clauses(request: CrystalRequest) -> list[str]:
    if request.gap is None:
        return []
    low, high = GAP_CLASSES[request.gap]
    return [f"band_gap >= {low}"] + ([f"band_gap < {high}"] if np.isfinite(high) else [])


def _estimated(properties: Mapping[str, object]) -> dict[str, float]:
    """Properties of a template that a crystal made after it is thought to have, too."""
    return {name: float(value) for name in ESTIMATED if isinstance(value := properties.get(name), int | float)}


def _counts(hit: MaterialHit) -> dict[str, int]:
    return whole_counts(parse_formula(str(hit.properties["chemical_formula_reduced"])) or ())


def _exchanged(crystal: Crystal, way: Mapping[str, str]) -> Crystal:
    """The crystal with new elements, and the volume that they need."""
    atoms = Counter(crystal.symbols)
    old = np.array([[NUMBERS[symbol] for symbol in atoms]])
    new = np.array([[NUMBERS[way[symbol]] for symbol in atoms]])
    ratio = float(default_ranker().volume_ratio(new, old, tuple(atoms.values()))[0])
    made = substitute(crystal, dict(zip(old[0].tolist(), new[0].tolist(), strict=True)))
    return scaled(made, crystal.volume * ratio)
