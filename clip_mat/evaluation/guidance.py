"""Does the generator do what texts ask? Composition and symmetry, and classes that are asked without a formula.

Chemeleon's evaluation (Park et al., Nat. Commun. 16, 4379 (2025)) asks for compositions and crystal systems, but
divides by valid samples only; here every request counts, and a crystal that is missing counts as wrong.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from clip_mat.crystal import Crystal
from clip_mat.evaluation.gap_model import GapModel
from clip_mat.evaluation.scores import Estimate, bootstrap
from clip_mat.facts import CRYSTAL_SYSTEMS, Facts, crystal_system, families, reduced
from clip_mat.language.formulas import conventional_formula
from clip_mat.language.names import prototypes_of
from clip_mat.symmetry import TOLERANCE, find_spacegroup, find_symmetry

Generate = Callable[[Sequence[dict[str, Any]]], Sequence[Sequence[Crystal]]]
"""Requests, as objects of `clip-mat generate --requests`, to the crystals of each, best first."""

WORDINGS = (
    "crystal structure of {formula} with {system} symmetry",
    "{system} {formula}",
    "a {system} crystal of {formula}",
    "{formula} in the {system} crystal system",
    "{formula}, {system}",
)


@dataclass(frozen=True, slots=True)
class TextReport:
    """Text requests of composition and crystal system, one crystal each.

    Attributes:
        composition: Share that have the composition exactly.
        system: Share that have the crystal system, at spglib's 0.1 Å.
        triclinic: Share in P1, at the same tolerance.
        requests: How many.
    """

    composition: Estimate
    system: Estimate
    triclinic: Estimate
    requests: int

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "composition": self.composition.to_dict(),
            "crystal_system": self.system.to_dict(),
            "p1": self.triclinic.to_dict(),
            "requests": self.requests,
        }


def measure_text(generate: Generate, asked: Sequence[Facts], *, seed: int = 0) -> TextReport:
    """Ask for the composition and crystal system of each of some crystals, in words.

    Args:
        generate: The generator.
        asked: Facts with a space group.
        seed: Decides wordings, and goes on to the generator.
    """
    rng = random.Random(seed)
    requests = [
        {
            "text": rng.choice(WORDINGS).format(
                formula=conventional_formula(facts.counts), system=facts.crystal_system
            ),
            "n": 1,
            "seed": seed,
        }
        for facts in asked
    ]
    rows = []
    for facts, made in zip(asked, generate(requests), strict=True):
        crystal = made[0] if made else None
        group = find_spacegroup(crystal, TOLERANCE) if crystal is not None else None
        composed = crystal is not None and reduced(Counter(crystal.symbols)) == dict(facts.counts)
        fits = group is not None and crystal_system(group) == facts.crystal_system
        rows.append((composed, fits, crystal is not None and (group or 1) == 1))
    composition, system, triclinic = (bootstrap(column, seed=seed) for column in zip(*rows, strict=True))
    return TextReport(composition, system, triclinic, len(rows))


Judge = Callable[[Crystal], bool]


@dataclass(frozen=True, slots=True)
class GuidanceRow:
    """One class asked for in words.

    Attributes:
        name: Of the class.
        text: The request.
        asked: Share of crystals of the class when it is asked for; crystals that are missing count as wrong.
        unguided: Share when nothing is.
    """

    name: str
    text: str
    asked: Estimate
    unguided: Estimate

    @property
    def reached(self) -> bool:
        """Whether asking makes the class at least five times as frequent, or gives it at least nine times in ten."""
        return self.asked.value >= 0.9 or self.asked.value >= 5 * max(self.unguided.value, 1e-9) > 0

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "class": self.name,
            "text": self.text,
            "asked": self.asked.to_dict(),
            "unguided": self.unguided.to_dict(),
            "reached": self.reached,
        }


PROTOTYPES = ("rock salt", "wurtzite", "zinc blende", "fluorite", "rutile", "spinel", "cubic perovskite")
FAMILIES = ("nitride", "oxide", "halide")


def classes(gap_model: GapModel | None) -> dict[str, tuple[str, Judge]]:
    """Classes by name: the request in words, and how a crystal is judged, by itself or by the gap model."""
    found: dict[str, tuple[str, Judge]] = {}
    for system in CRYSTAL_SYSTEMS:
        found[system] = (f"a {system} crystal", _is_system(system))
    for family in FAMILIES:
        found[family] = (f"{family} compound", _is_family(family))
    for prototype in PROTOTYPES:
        found[prototype] = (f"a compound with the {prototype} structure", _is_prototype(prototype))
    if gap_model is not None:
        for name, text in (("metal", "a metallic compound"), ("wide gap", "a wide-gap insulator")):
            found[name] = (text, _is_gap(gap_model, name))
    return found


def measure_guidance(
    generate: Generate, unguided: Sequence[Crystal], gap_model: GapModel | None, *, each: int = 100, seed: int = 0
) -> list[GuidanceRow]:
    """Share of each class among crystals that are asked for by its words, and among unguided ones.

    Args:
        generate: The generator.
        unguided: Crystals of a request that asked for nothing.
        gap_model: Judges metal and wide gap, which are left out without it.
        each: Crystals a class.
        seed: Of the generator and the bootstrap.
    """
    asked = classes(gap_model)
    guided = generate([{"text": text, "n": each, "seed": seed} for text, _ in asked.values()])
    rows = []
    for (name, (text, judge)), made in zip(asked.items(), guided, strict=True):
        hits = [judge(crystal) for crystal in made[:each]]
        hits += [False] * (each - len(hits))
        base = [judge(crystal) for crystal in unguided]
        rows.append(GuidanceRow(name, text, bootstrap(hits, seed=seed), bootstrap(base or [False], seed=seed)))
    return rows


def _is_system(name: str) -> Judge:
    def judge(crystal: Crystal) -> bool:
        group = find_spacegroup(crystal, TOLERANCE)
        return group is not None and crystal_system(group) == name

    return judge


def _is_family(name: str) -> Judge:
    return lambda crystal: name in families(reduced(Counter(crystal.symbols)))


def _is_prototype(name: str) -> Judge:
    def judge(crystal: Crystal) -> bool:
        symmetry = find_symmetry(crystal, TOLERANCE)
        return symmetry is not None and name in prototypes_of(symmetry.prototype)

    return judge


def _is_gap(model: GapModel, name: str) -> Judge:
    return lambda crystal: bool(model.chance([crystal], name)[0] > 0.5)
