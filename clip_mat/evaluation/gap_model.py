"""Metal or not, and how wide a gap: a judge of generated crystals that shares nothing with the generator.

Boosted trees (Friedman, Ann. Stat. 29, 1189 (2001); scikit-learn's histogram form) over statistics of the elements, in
the manner of Magpie (Ward et al., npj Comput. Mater. 2, 16028 (2016)), and the volume of an atom. It is fitted anew
where it is needed, in seconds, on structures whose gaps are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import SYMBOLS, Crystal
from clip_mat.facts import GAP_CLASSES

HELD_OUT = 0.15
"""Share of the chemical systems that the model is not fitted on, and measured on."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GapModel:
    """Chance that a crystal's band gap is of a class.

    Attributes:
        auc: Area under the ROC curve of each class, on chemical systems that were held out.
    """

    models: dict[str, Any]
    auc: dict[str, float]

    @classmethod
    def fit(
        cls, crystals: Sequence[Crystal], gaps: Sequence[float], classes: Sequence[str] = ("metal", "wide gap"),
        *, seed: int = 0,
    ) -> Self:  # fmt: skip
        """Fit on n crystals with known gaps in eV.

        Raises:
            ValueError: If the numbers of crystals and gaps differ, or a class has no member or nothing else.
        """
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.metrics import roc_auc_score

        if len(crystals) != len(gaps):
            raise ValueError(f"{len(crystals)=} != {len(gaps)=}")
        features = np.stack([features_of(crystal) for crystal in crystals])
        systems = np.array(["-".join(sorted(set(crystal.symbols))) for crystal in crystals])
        rng = np.random.default_rng(seed)
        names = np.unique(systems)
        kept = np.isin(systems, rng.choice(names, int(HELD_OUT * len(names)), replace=False))
        models, auc = {}, {}
        for name in classes:
            low, high = GAP_CLASSES[name]
            truth = (np.asarray(gaps) >= low) & (np.asarray(gaps) < high)
            if truth.all() or not truth.any():
                raise ValueError(f"all or none of {len(truth)} crystals are of the class {name!r}")
            model = HistGradientBoostingClassifier(max_iter=200, random_state=seed)
            model.fit(features[~kept], truth[~kept])
            models[name] = model
            auc[name] = float(roc_auc_score(truth[kept], model.predict_proba(features[kept])[:, 1]))
        return cls(models, auc)

    def chance(self, crystals: Sequence[Crystal], name: str) -> Floats:
        """(n,) chance that each crystal is of the class."""
        if not crystals:
            return np.zeros(0)
        features = np.stack([features_of(crystal) for crystal in crystals])
        found: Floats = self.models[name].predict_proba(features)[:, 1]
        return found


def features_of(crystal: Crystal) -> Floats:
    """(f,) statistics of the elements, weighted by their shares, and the logarithm of the volume per atom in Å³."""
    table = _element_table()[crystal.numbers]
    mean = table.mean(axis=0)
    spread = np.abs(table - mean).mean(axis=0)
    volume = [np.log(crystal.volume / len(crystal)), float(len(np.unique(crystal.numbers)))]
    return np.concatenate([mean, spread, table.min(axis=0), table.max(axis=0), volume])


@cache
def _element_table() -> Floats:
    """(elements, 7): number, group, row, electronegativity (Pauling), radius in Å, first and second block flags."""
    from pymatgen.core.periodic_table import Element

    rows = [[0.0] * 7]
    for number, symbol in enumerate(SYMBOLS[1:], 1):
        element = Element(symbol)
        negativity = element.X if element.Z not in (2, 10, 18) else 0.0  # none is known of these
        radius = float(element.atomic_radius or 1.5)
        block = "spdf".index(element.block)
        rows.append([number, element.group, element.row, negativity, radius, float(block == 2), float(block == 3)])
    return np.nan_to_num(np.array(rows, dtype=np.float64))
