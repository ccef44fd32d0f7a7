"""Both towers as one trainable model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import log
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from clip_mat.towers.chemistry import Chemistry
from clip_mat.towers.crystal_tower import CrystalInputs, CrystalTower
from clip_mat.towers.guess import Truth
from clip_mat.towers.text_tower import TextInputs, TextTower
from clip_mat.towers.vocabulary import Vocabulary

FROZEN = "text.pretrained."
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
        guesses: Whether geometry guesses symmetry and structure type where they are not told.
        text_width: Length of a token's vector in the text tower.
        text_layers: Layers of attention in the text tower.
        shared: Whether both towers pass what is stated through the same weights; otherwise each has its own, and has to
            learn what the other makes of them.
        vocabulary: Names of families and structure types that both towers know.
    """

    dimension: int = 256
    chemistry_width: int = 256
    atom_width: int = 128
    channels: int = 24
    rounds: int = 2
    guesses: bool = True
    text_width: int = 192
    text_layers: int = 2
    shared: bool = True
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON."""
        names = {"families": list(self.vocabulary.families), "prototypes": list(self.vocabulary.prototypes)}
        return {**{each.name: getattr(self, each.name) for each in fields(self)}, "vocabulary": names}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """The configuration that `to_dict` wrote.

        Raises:
            TypeError, KeyError: If it is none.
        """
        names = content["vocabulary"]
        vocabulary = Vocabulary(tuple(names["families"]), tuple(names["prototypes"]))
        return cls(**{"guesses": False, **content, "vocabulary": vocabulary})  # older weights do not say


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
        self.chemistry = Chemistry(config.dimension, config.vocabulary, config.chemistry_width)
        self.crystal = CrystalTower(
            self.chemistry, config.dimension, config.atom_width, config.channels, config.rounds, config.guesses
        )
        told = self.chemistry
        if not config.shared:
            told = Chemistry(config.dimension, config.vocabulary, config.chemistry_width)
        self.text = TextTower(told, config.dimension, pretrained, config.text_width, config.text_layers)
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

    def embed_and_guess(self, inputs: CrystalInputs, truth: Truth) -> tuple[Tensor, Tensor]:
        """Vectors (n, d), not normalised, and how wrong geometry alone is of them, a scalar."""
        vectors, guess = self.crystal.with_guess(inputs)
        return vectors, vectors.new_zeros(()) if guess is None else guess.loss(truth)
