"""What a search needs of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal


class Encoder(Protocol):
    """What puts texts and crystals in one space: `clip_mat.CrystalClip`."""

    @property
    def name(self) -> str:
        """Of the kind of model."""

    @property
    def fingerprint(self) -> str:
        """Of the weights."""

    @property
    def dimension(self) -> int:
        """Length d of a vector."""

    def encode_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors of n texts: (n, d)."""

    def encode_crystals(self, crystals: Sequence[Crystal]) -> npt.NDArray[np.float32]:
        """Unit vectors of n crystals: (n, d)."""
