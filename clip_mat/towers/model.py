"""Both towers as one trainable model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import log
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from clip_mat.towers.chemistry import Chemistry
from clip_mat.towers.crystal_tower import CrystalInputs, CrystalTower
from clip_mat.towers.text_tower import TextInputs, TextTower

FROZEN = ("text.words.", "text.places")
"""What comes from the pretrained encoder unchanged, and is therefore not saved."""


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes of a model, saved beside its weights.

    Attributes:
        dimension: Length of the vectors that both towers make.
        chemistry_width: Width of the shared chemistry.
        atom_width: Length of an atom's vector in the crystal tower.
        channels: Channels of a neighbourhood in the crystal tower.
        rounds: How often atoms look around.
        language_layers: Layers of the pretrained encoder that the text tower begins with.
    """

    dimension: int = 256
    chemistry_width: int = 256
    atom_width: int = 128
    channels: int = 24
    rounds: int = 2
    language_layers: int = 1

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON."""
        return asdict(self)


class TwoTowers(nn.Module):
    """A text tower and a crystal tower that share their chemistry, and the temperature between them.

    Args:
        config: Sizes.
        pretrained: Folder of the pretrained encoder.

    Raises:
        WeightsError: If the pretrained encoder is missing or damaged.
    """

    def __init__(self, config: ModelConfig, pretrained: Path) -> None:
        super().__init__()
        self.config = config
        self.chemistry = Chemistry(config.dimension, config.chemistry_width)
        self.crystal = CrystalTower(self.chemistry, config.dimension, config.atom_width, config.channels, config.rounds)
        self.text = TextTower(self.chemistry, config.dimension, pretrained, config.language_layers)
        self.log_scale = nn.Parameter(torch.tensor(log(1 / 0.07)))
        self.bias = nn.Parameter(torch.tensor(-10.0))

    def embed_text(self, inputs: TextInputs) -> Tensor:
        """(n, d), not normalised."""
        vectors: Tensor = self.text(inputs)
        return vectors

    def embed_crystals(self, inputs: CrystalInputs) -> Tensor:
        """(n, d), not normalised."""
        vectors: Tensor = self.crystal(inputs)
        return vectors
