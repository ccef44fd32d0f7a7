"""What a crystal is asked to be: a CLIP vector, symmetry, classes of band gap and of stability; any may be missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from clip_mat.errors import RequestError
from clip_mat.facts import CRYSTAL_SYSTEMS, GAP_CLASSES

GAPS = tuple(GAP_CLASSES)
STABILITIES = ("stable", "metastable", "unstable")

ENANTIOMORPHS = {76: 78, 91: 95, 92: 96, 144: 145, 151: 153, 152: 154, 169: 170, 171: 172, 178: 179, 180: 181, 212: 213}
"""The eleven pairs of space groups that a mirror turns into each other."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What one crystal is asked to be; None where nothing is asked.

    Attributes:
        vector: (d,) a vector of Crystal CLIP, of a text or of a crystal.
        spacegroup: International number, 1 to 230.
        crystal_system: One of `clip_mat.facts.CRYSTAL_SYSTEMS`.
        gap: One of `clip_mat.facts.GAP_CLASSES`.
        stability: "stable", "metastable" or "unstable".

    Raises:
        RequestError: If there is no such space group, crystal system or class, or the vector is not finite.
    """

    vector: npt.NDArray[np.float32] | None = None
    spacegroup: int | None = None
    crystal_system: str | None = None
    gap: str | None = None
    stability: str | None = None

    def __post_init__(self) -> None:
        if self.spacegroup is not None and not 1 <= self.spacegroup <= 230:
            raise RequestError(f"a space group is 1 to 230, not {self.spacegroup}")
        for what, value, known in (
            ("crystal system", self.crystal_system, CRYSTAL_SYSTEMS),
            ("class of band gap", self.gap, GAPS),
            ("class of stability", self.stability, STABILITIES),
        ):
            if value is not None and value not in known:
                raise RequestError(f"no such {what}: {value!r}; known are {', '.join(known)}")
        if self.vector is not None and not np.isfinite(self.vector).all():
            raise RequestError("the vector of a condition holds a number that is not finite")


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """The conditions of b crystals as numbers; 0 where nothing is asked.

    Attributes:
        vector: (b, d) float32, unit length, or zero.
        spacegroup: (b,) int64, 1 to 230.
        system: (b,) int64, 1 to 7, in the order of `CRYSTAL_SYSTEMS`.
        gap: (b,) int64, from 1, in the order of `GAPS`.
        stability: (b,) int64, from 1, in the order of `STABILITIES`.
    """

    vector: Tensor
    spacegroup: Tensor
    system: Tensor
    gap: Tensor
    stability: Tensor

    def __len__(self) -> int:
        return len(self.spacegroup)

    @property
    def silent(self) -> Self:
        """The same number of crystals with nothing asked."""
        return type(self)(*(torch.zeros_like(getattr(self, field.name)) for field in fields(self)))

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return type(self)(*(getattr(self, field.name).to(device) for field in fields(self)))

    def __getitem__(self, rows: Tensor) -> Self:
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def joined(self, other: Conditions) -> Self:
        """These conditions, then the others."""
        return type(self)(
            *(torch.cat([getattr(self, field.name), getattr(other, field.name)]) for field in fields(self))
        )

    def with_spacegroup(self, spacegroup: Tensor) -> Self:
        """The same with other space groups, (b,)."""
        return replace(self, spacegroup=spacegroup)


def collate_conditions(conditions: Sequence[Condition], dimension: int) -> Conditions:
    """Conditions as numbers.

    Args:
        conditions: Of b crystals.
        dimension: Length d of the vectors.

    Raises:
        RequestError: If a vector has another length.
    """
    vectors = np.zeros((len(conditions), dimension), np.float32)
    for row, condition in enumerate(conditions):
        if condition.vector is not None:
            if condition.vector.shape != (dimension,):
                raise RequestError(
                    f"a vector of shape {condition.vector.shape} where the model was trained with ({dimension},): "
                    "it comes from another Crystal CLIP"
                )
            vectors[row] = condition.vector
    return Conditions(
        torch.from_numpy(vectors),
        torch.tensor([condition.spacegroup or 0 for condition in conditions]),
        _numbers([condition.crystal_system for condition in conditions], CRYSTAL_SYSTEMS),
        _numbers([condition.gap for condition in conditions], GAPS),
        _numbers([condition.stability for condition in conditions], STABILITIES),
    )


def _numbers(names: Sequence[str | None], known: Sequence[str]) -> Tensor:
    return torch.tensor([0 if name is None else 1 + known.index(name) for name in names])
