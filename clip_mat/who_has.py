"""Which crystals of a collection have given facts: what training counts as right, and evaluation as a tie."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from clip_mat.facts import Facts, Key


class WhoHas:
    """Which crystals have a set of facts.

    Args:
        facts: Of N crystals.
    """

    def __init__(self, facts: Sequence[Facts]) -> None:
        rows: dict[Key, list[int]] = defaultdict(list)
        for row, each in enumerate(facts):
            for key in each.keys:
                rows[key].append(row)
        self._rows = {key: np.array(found) for key, found in rows.items()}
        self._masks: dict[Key, npt.NDArray[np.bool_]] = {}
        self.size = len(facts)

    def __call__(self, keys: frozenset[Key]) -> npt.NDArray[np.int64]:
        """Sorted rows of the crystals that have all of `keys`."""
        if not keys:
            return np.arange(self.size)
        if not all(key in self._rows for key in keys):
            return np.zeros(0, dtype=np.int64)
        rarest, *others = sorted(keys, key=lambda key: (len(self._rows[key]), key))
        rows = self._rows[rarest]
        for key in others:
            rows = rows[self._mask(key)[rows]]
        return rows

    def _mask(self, key: Key) -> npt.NDArray[np.bool_]:
        if key not in self._masks:
            mask = np.zeros(self.size, dtype=bool)
            mask[self._rows[key]] = True
            if len(self._rows[key]) < 100:  # cheap to make again, and there are very many of them
                return mask
            self._masks[key] = mask
        return self._masks[key]
