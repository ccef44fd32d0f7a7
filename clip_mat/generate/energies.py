"""Crystals in the order of how likely and how low in energy they are, and how far they lie above the hull.

Known compounds say how likely a structure is, an energy says how stable it is; neither suffices. The probability of
each crystal is multiplied by a Boltzmann factor of its energy. Of 128 compositions kept out of training for which no
template was nearly sure, probability alone puts a right structure first in 0.563, energy alone in 0.438, both in 0.609.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from clip_mat.generate.checks import Distinct, KnownCrystals, check
from clip_mat.generate.relax import STEPS, Reference, Relaxed, energy_above_hull, relax
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import GeneratedCrystal, GenerationResult
from clip_mat.generate.symmetrise import symmetrise
from clip_mat.search.phrase import has_only

if TYPE_CHECKING:
    from clip_mat.search.materials import MaterialsIndex

Progress = Callable[[int, int, str], None]

LOOKED_AT = 8
"""Crystals of a composition among which the best are sought, however few are wanted."""
_QUICK = 6
"""Steps of relaxation after which energies are compared: with none the compositions above come to 0.578, with 2, 4, 8
and 10 to 0.594, 0.594, 0.602 and 0.602."""
_KT = 0.025
"""In eV/atom, of the Boltzmann factor; a third more or less changes nothing that could be told from chance."""
_HOPELESS = 4.0
"""Natural logarithm of how many times likelier than a crystal the best may be for its energy still to be asked for:
those below were never put first."""
_NEVER = 1e-9
_ELEMENTS = Path(__file__).with_name("chgnet_elements.json")


class EnergyRanker:
    """Puts crystals in order.

    Args:
        index: Whose compounds of known formation energy the hull is made of.
        known: What is not new.
    """

    def __init__(self, index: MaterialsIndex, known: KnownCrystals) -> None:
        self._index = index
        self._known = known
        self._hulls: dict[frozenset[str], list[Reference]] = {}

    def rank(
        self, result: GenerationResult, *, steps: int = STEPS, progress: Progress | None = None
    ) -> GenerationResult:
        """The best crystals of a result, relaxed, as many as its request asks for.

        Crystals of one composition are put in order; compositions stay in theirs. None comes twice. A crystal whose
        relaxation fails comes after the others of its composition, without an energy.

        Args:
            result: What was made.
            steps: Of the relaxation of those that are kept, at most.
            progress: Told how many crystals are looked at.

        Raises:
            WeightsError: If CHGNet, the extra ``[relax]``, is not installed.
        """
        kinds: dict[str, list[GeneratedCrystal]] = {}
        for made in result:
            kinds.setdefault(made.formula, []).append(made)
        found: list[GeneratedCrystal] = []
        looked_at = 0
        for own in kinds.values():
            if len(found) == result.request.n:
                break
            found += self._best(result.request, own, result.request.n - len(found), steps)
            looked_at += len(own)
            if progress:
                progress(looked_at, len(result), "relaxing")
        return replace(result, crystals=tuple(found), notes=(*result.notes, *self._told(found)))

    def _best(
        self, request: CrystalRequest, crystals: Sequence[GeneratedCrystal], most: int, steps: int
    ) -> list[GeneratedCrystal]:
        """The best of one composition.

        Args:
            request: What is asked; where it is a composition, scores are probabilities.
            crystals: Best first.
            most: How many, at most.
            steps: Of their relaxation.
        """
        probable = request.composition is not None
        chances = [math.log(max(made.score, _NEVER)) if probable else 0.0 for made in crystals]
        hopeful = [place for place, chance in enumerate(chances) if place < most or chance >= max(chances) - _HOPELESS]

        def rated(places: Sequence[int], relaxed: Sequence[Relaxed]) -> list[tuple[float, int, Relaxed]]:
            values = [
                -math.inf if rest.energy is None else chances[place] - rest.energy / _KT
                for place, rest in zip(places, relaxed, strict=True)
            ]
            return sorted(zip(values, places, relaxed, strict=True), key=lambda one: (-one[0], one[1]))

        quick = relax([crystals[place].crystal for place in hopeful], steps=min(_QUICK, steps))
        distinct = Distinct()
        kept: list[tuple[int, Relaxed]] = []
        for _, place, begun in rated(hopeful, quick):
            if len(kept) == most:
                break
            (rest,) = relax([begun.crystal], steps=steps)
            if distinct.add(rest.crystal):
                kept.append((place, rest))
        ordered = rated([place for place, _ in kept], [rest for _, rest in kept])
        return [self._settled(request, crystals[place], rest) for _, place, rest in ordered]

    def _settled(self, request: CrystalRequest, made: GeneratedCrystal, rest: Relaxed) -> GeneratedCrystal:
        """The relaxed crystal on its symmetric places, checked again; as it was made where it lost what is asked."""
        symmetric = symmetrise(
            rest.crystal,
            spacegroup=request.spacegroup,
            crystal_system=request.crystal_system,
            keep_cell=made.whole_cell,
        )
        if rest.energy is None or symmetric is None:
            return made
        crystal = symmetric.crystal
        return replace(
            made,
            crystal=crystal,
            spacegroup=symmetric.spacegroup,
            energy=rest.energy,
            above_hull=self._above_hull(Counter(crystal.symbols), rest.energy),
            checks=replace(check(crystal, known=self._known), unique=made.checks.unique),
        )

    def _above_hull(self, counts: Mapping[str, int], energy: float) -> float | None:
        """How far above the hull of the index's compounds; None where it knows the formation energy of none."""
        formed = formation_energy(counts, energy)
        elements = frozenset(counts)
        if elements not in self._hulls:
            self._hulls[elements] = [
                Reference(Counter(entry.crystal.symbols), float(known))
                for entry in self._index.entries(has_only(sorted(elements)))
                if isinstance(known := entry.properties.get("formation_energy"), int | float)
            ]
        compounds = self._hulls[elements]
        if formed is None or not compounds:
            return None
        return energy_above_hull(counts, formed, [*compounds, *(Reference({symbol: 1}, 0.0) for symbol in elements)])

    def _told(self, found: Sequence[GeneratedCrystal]) -> list[str]:
        """What to know of the energies."""
        notes = ["relaxed with CHGNet; those of one composition in the order of energy and of how likely they are"]
        if any(made.above_hull is not None for made in found):
            systems = {frozenset(made.crystal.symbols) for made in found if made.above_hull is not None}
            known = sum(len(self._hulls[elements]) for elements in systems)
            notes.append(f"the hull is that of the compounds of the index with these elements, {known} in all")
        elif any(made.energy is not None for made in found):
            notes.append("no distance to the hull: the index has no formation energies of compounds of these elements")
        return notes


def formation_energy(counts: Mapping[str, int], energy: float) -> float | None:
    """What an energy of CHGNet says of the formation energy, in eV/atom, on the scale of the Materials Project.

    The energies of the elements are fitted to energies of CHGNet and formation energies of the Materials Project of the
    same 4,000 crystals (`benchmarks.element_energies`); those left out of a fit are off by 24 meV/atom in the mean.

    Args:
        counts: Atoms of each element.
        energy: eV/atom.

    Returns:
        None where an element's energy is not known.
    """
    elements = _element_energies()
    if not set(counts) <= set(elements):
        return None
    total = sum(counts.values())
    return energy - sum(elements[symbol] * count / total for symbol, count in counts.items())


@cache
def _element_energies() -> dict[str, float]:
    """eV/atom of each element."""
    energies: dict[str, float] = json.loads(_ELEMENTS.read_text("utf-8"))
    return energies
