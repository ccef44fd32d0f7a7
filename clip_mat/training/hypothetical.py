"""Crystals that nobody has made: known ones with elements changed for neighbours.

The oldest guess at a crystal structure, right in most cases (see `clip_mat.generate.substitution`). A network that
learns from such guesses too cannot know compositions by heart, and has to see what elements have in common.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from clip_mat.crystal import SYMBOLS, Crystal
from clip_mat.generate.cells import FloatArray
from clip_mat.generate.flow import IntArray
from clip_mat.generate.substitution import MENDELEEV, of_a_kind

NEAR = 6
"""Steps on Mendeleev's scale within which an element is replaced, ..."""
STEPS = 2.0
"""... the more seldom the farther: in proportion to exp(-steps / STEPS)."""
CHANGED = 0.5
"""Share of the elements of a crystal that change; one of them always does."""
KNOWN = 20
"""Crystals in which an element must occur before it takes the place of others."""
_RIDGE = 1.0


class Substitutes:
    """Which element takes the place of which, and what that does to the volume.

    Args:
        crystals: Known ones.
    """

    def __init__(self, crystals: Sequence[Crystal]) -> None:
        counts = np.stack([np.bincount(crystal.numbers, minlength=len(SYMBOLS)) for crystal in crystals])
        shares = counts / counts.sum(1, keepdims=True)
        volumes = np.log([crystal.volume / len(crystal) for crystal in crystals])
        # log(volume per atom) as a sum over elements: enough to say what changes
        square = shares.T @ shares + _RIDGE * np.eye(len(SYMBOLS))
        self._volumes: FloatArray = np.linalg.solve(square, shares.T @ (volumes - volumes.mean()))
        apart = np.abs(MENDELEEV[:, None] - MENDELEEV[None])
        likely = np.exp(-apart / STEPS) * (apart <= NEAR) * ((counts > 0).sum(0) >= KNOWN)
        likely *= np.array([[of_a_kind(one, other) for other in SYMBOLS] for one in SYMBOLS])
        likely[0] = likely[:, 0] = 0.0
        np.fill_diagonal(likely, 0.0)
        self._likely: FloatArray = likely

    def draw(self, numbers: IntArray, rng: np.random.Generator) -> tuple[IntArray, float] | None:
        """New elements for a crystal.

        Args:
            numbers: (n,) atomic numbers.
            rng: Decides.

        Returns:
            (n,) atomic numbers, of as many elements as before, and how much the logarithm of the volume per atom
            changes; None where an element that was to change has no neighbour to change into.
        """
        table = np.arange(len(SYMBOLS))
        elements = np.unique(numbers)
        changing = rng.random(len(elements)) < CHANGED
        changing[rng.integers(len(elements))] = True
        for element in elements[changing]:
            shares = self._likely[element].copy()
            shares[table[elements]] = 0.0
            total = shares.sum()
            if not total:
                return None
            table[element] = rng.choice(len(shares), p=shares / total)
        changed = table[numbers]
        return changed, float(self._volumes[changed].mean() - self._volumes[numbers].mean())
