"""The names that both towers know: families of compounds, and structure types."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from clip_mat.facts import FAMILIES
from clip_mat.language.names import prototype_names


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Names and their numbers; 0 stands for none. A model keeps the vocabulary it was trained with.

    Attributes:
        families: As `clip_mat.facts.families` spells them.
        prototypes: As `clip_mat.language.names` spells them.
    """

    families: tuple[str, ...] = FAMILIES
    prototypes: tuple[str, ...] = field(default_factory=prototype_names)
    _numbers: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for kind, names in (("family", self.families), ("prototype", self.prototypes)):
            self._numbers.update({f"{kind} {name}": number for number, name in enumerate(names, 1)})

    def family(self, names: Sequence[Iterable[str]]) -> Tensor:
        """Numbers of families, (n, f) padded with 0, for n sets of names; unknown names are left out."""
        return self._table("family", names)

    def prototype(self, names: Sequence[Iterable[str]]) -> Tensor:
        """Numbers of structure types, (n, p) padded with 0, for n sets of names; unknown names are left out."""
        return self._table("prototype", names)

    def _table(self, kind: str, names: Sequence[Iterable[str]]) -> Tensor:
        rows = [[number for name in row if (number := self._numbers.get(f"{kind} {name}"))] for row in names]
        table = np.zeros((len(rows), max(1, *map(len, rows))), dtype=np.int64)
        for row, numbers in enumerate(rows):
            table[row, : len(numbers)] = numbers
        return torch.from_numpy(table)
