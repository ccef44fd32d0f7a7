"""Crystals that nothing was asked of: are they crystals, are they different, and are they like those that exist?

The measures of CDVAE (Xie et al., ICLR 2022, section 5.2): validity of structure and composition, and how far the
distributions of density and of the number of elements lie from those of real crystals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.evaluation.scores import Estimate, bootstrap
from clip_mat.generate.charge import charge_balanced
from clip_mat.generate.checks import KnownCrystals, check, field_valid, first_alike
from clip_mat.symmetry import TOLERANCE, find_spacegroup


@dataclass(frozen=True, slots=True)
class UnguidedReport:
    """Unguided crystals; shares are of all that were asked for, with 95% bootstrap intervals.

    Attributes:
        asked: Crystals asked for.
        valid: No atoms within 0.5 Å, and a volume, as the field counts it.
        plausible: Also no bond far below the sum of radii.
        composition: Charges can balance, by the field's test.
        unique: Unlike all before it.
        novel: Unlike all known crystals; None where none were given.
        triclinic: In P1, at spglib's 0.1 Å.
        density: Wasserstein distance of densities to the references, in g/cm³; None where nothing was made.
        elements: Wasserstein distance of the number of elements to the references.
    """

    asked: int
    valid: Estimate
    plausible: Estimate
    composition: Estimate
    unique: Estimate
    novel: Estimate | None
    triclinic: Estimate
    density: float | None
    elements: float | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: value.to_dict() if isinstance(value, Estimate) else value for name, value in values.items()}


def measure_unguided(
    made: Sequence[Crystal],
    asked: int,
    references: Sequence[Crystal],
    known: KnownCrystals | None = None,
    *,
    seed: int = 0,
) -> UnguidedReport:
    """Measure crystals that were made of a request without any demand.

    Args:
        made: The crystals.
        asked: How many were asked for; those that are missing count as failures.
        references: Real crystals, whose distributions are the standard.
        known: What is not new.
        seed: Of the bootstraps.

    Raises:
        ValueError: If there is nothing to compare with, or more was made than asked for.
    """
    if not references or not len(made) <= asked:
        raise ValueError(f"{len(made)=} of {asked=} crystals and {len(references)=}: nothing to measure")
    missing = [False] * (asked - len(made))
    firsts = first_alike(made)
    checks = [check(crystal, known=known) for crystal in made]

    def share(truths: list[bool]) -> Estimate:
        return bootstrap([*truths, *missing], seed=seed)

    return UnguidedReport(
        asked=asked,
        valid=share([field_valid(crystal) for crystal in made]),
        plausible=share([found.valid for found in checks]),
        composition=share([charge_balanced(Counter(crystal.symbols)) for crystal in made]),
        unique=share([place == first for place, first in enumerate(firsts)]),
        novel=None if known is None else share([bool(found.novel) for found in checks]),
        triclinic=share([find_spacegroup(crystal, TOLERANCE) in (None, 1) for crystal in made]),
        density=_distance([one.density for one in made], [one.density for one in references]),
        elements=_distance(list(map(_elements, made)), list(map(_elements, references))),
    )


def _distance(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(ours, theirs)) if ours else None


def _elements(crystal: Crystal) -> int:
    return len(np.unique(crystal.numbers))
