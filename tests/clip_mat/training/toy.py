"""Two small towers, and a data set that they can learn by heart."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from clip_mat.training.config import TrainConfig
from clip_mat.training.data import Batch, Chunk
from clip_mat.training.run import Trained
from clip_mat.training.trainer import train


class ToyTowers(nn.Module):
    def __init__(self, width: int = 8, dropout: float = 0.1) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.text = nn.Sequential(nn.Embedding(64, 16), nn.Dropout(dropout), nn.Linear(16, width))
        self.crystal = nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, width))
        self.log_scale = nn.Parameter(torch.tensor(2.0))
        self.bias = nn.Parameter(torch.tensor(-5.0))

    def embed_text(self, inputs: Tensor) -> Tensor:
        vectors: Tensor = self.text(inputs)
        return vectors

    def embed_crystals(self, inputs: Tensor) -> Tensor:
        vectors: Tensor = self.crystal(inputs)
        return vectors


@dataclass
class ToySource:
    """`size` crystals; every two neighbours answer to the same word, unless words are `distinct`."""

    size: int = 24
    batch: int = 8
    chunk: int = 3
    distinct: bool = False

    def __post_init__(self) -> None:
        self.features = torch.randn(self.size, 6, generator=torch.Generator().manual_seed(1))
        self.words = torch.arange(self.size) // (1 if self.distinct else 2)

    def __len__(self) -> int:
        return self.size // self.batch

    def epoch(self, number: int, rank: int, world: int) -> Iterator[Batch]:
        order = list(range(self.size))
        random.Random(number).shuffle(order)
        for start in range(0, len(self) * self.batch, self.batch):
            rows = torch.tensor(order[start : start + self.batch])
            fits = self.words[rows][:, None] == self.words
            own = rows[self.batch * rank // world : self.batch * (rank + 1) // world]
            chunks = [Chunk(self.words[part], self.features[part], part) for part in own.split(self.chunk)]
            yield Batch(chunks, fits[:, rows], fits)


def recall_at_1(model: nn.Module, source: ToySource) -> float:
    assert isinstance(model, ToyTowers)
    with torch.no_grad():
        text = nn.functional.normalize(model.embed_text(source.words), dim=1)
        crystal = nn.functional.normalize(model.embed_crystals(source.features), dim=1)
    best = (text @ crystal.T).argmax(dim=1)
    return float((source.words[best] == source.words).float().mean())


CONFIG = TrainConfig(
    epochs=6, learning_rates={"": 1e-2}, warmup_steps=3, bank=True, workers=0, threads=1, evaluate_every=2
)


def run(
    folder: Path, config: TrainConfig = CONFIG, source: ToySource | None = None, **options: Any
) -> Trained[nn.Module]:
    source = source or ToySource()
    scores = {"evaluate": lambda model: {"R@1": recall_at_1(model, source)}}
    model = options.pop("model", None) or ToyTowers()
    return train(model, source, config, folder, **({"device": "cpu"} | scores | options))


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def told(file: Path) -> list[dict[str, str]]:
    """A log without its clock."""
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows(file)]
