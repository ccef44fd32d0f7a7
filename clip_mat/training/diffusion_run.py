"""Training of the generative model: what a step on lessons is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from clip_mat.generate.denoiser import Denoiser
from clip_mat.generate.flow import Lesson, losses
from clip_mat.training.config import TrainConfig
from clip_mat.training.distributed import Ranks
from clip_mat.training.lessons import LessonSource, lessons
from clip_mat.training.run import Evaluate, Keep, Run, Trained, carry_out

PARTS = ("loss", "atoms", "lattice", "elements", "spacegroup")
"""Of the loss, as `clip_mat.generate.flow.losses` names them."""


@dataclass(frozen=True, slots=True)
class DiffusionRecord:
    """One step of the optimizer.

    Attributes:
        step: Steps done, this one included.
        epoch: From 0.
        seconds: Since the run began, pauses between its parts left out.
        loss: Weighted sum of the parts.
        atoms: How wrong the velocities of the atoms are.
        lattice: How wrong that of the lattice is.
        elements: Cross-entropy of elements that are open.
        spacegroup: Cross-entropy of the space group where it is not told.
        learning_rate: Of this step.
        gradient_norm: Before clipping.
    """

    step: int
    epoch: int
    seconds: float
    loss: float
    atoms: float
    lattice: float
    elements: float
    spacegroup: float
    learning_rate: float
    gradient_norm: float


def train_denoiser(
    model: Denoiser,
    source: LessonSource,
    config: TrainConfig,
    folder: Path,
    *,
    evaluate: Evaluate[Denoiser] | None = None,
    keep: Keep[Denoiser] | None = None,
    device: str = "auto",
    resume: bool = False,
) -> Trained[Denoiser]:
    """Train the denoiser.

    Args:
        model: Trained in place.
        source: Where lessons come from.
        config: How; its choices that only concern contrastive training are not looked at.
        folder: Takes the checkpoint and the logs; made if missing.
        evaluate: See `clip_mat.training.run.carry_out`, which does the rest.
        keep: The same.
        device: The same.
        resume: The same.

    Raises:
        TrainingError: As `carry_out` says.
    """
    run = partial(_LessonRun, model, source, config, folder)
    return carry_out(run, evaluate=evaluate, keep=keep, device=device, resume=resume, threads=config.threads)


class _LessonRun(Run[Denoiser, DiffusionRecord]):
    """A run on lessons."""

    def __init__(
        self,
        model: Denoiser,
        source: LessonSource,
        config: TrainConfig,
        folder: Path,
        ranks: Ranks,
        device: torch.device,
    ) -> None:
        super().__init__(model, source.size, len(source), config, folder, ranks, device)
        self.source = source

    def described(self) -> dict[str, Any]:
        return {"seed": self.config.seed, "model": self.model.config.to_dict()}

    def same(self, described: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        return {name: (described.get(name), now) for name, now in self.described().items()}

    def steps(self) -> Iterator[tuple[int, int, DiffusionRecord]]:
        found = lessons(
            self.source,
            self.place.epoch,
            self.place.position,
            rank=self.ranks.rank,
            world=self.ranks.world,
            workers=self.config.workers,
        )
        for epoch, position, batch in found:
            yield epoch, position, self._step(batch)

    def _step(self, batch: Sequence[Lesson]) -> DiffusionRecord:
        """One step of the optimizer."""
        rate = self.start_step()
        crystals = sum(map(len, batch))
        told = torch.zeros(len(PARTS))
        for lesson in batch:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
                moved = lesson.to(self.device)
                prediction = self.model(moved.state, moved.conditions)
                elements = self.model.composer(moved.kinds, moved.conditions)
            parts = losses(prediction, elements, moved)
            share = len(lesson) / crystals
            (parts["loss"] * share / self.ranks.world).backward()
            told += share * torch.stack([parts[name].detach().cpu() for name in PARTS])
        figures = dict(zip(PARTS, told.tolist(), strict=True))
        norm = self.end_step(figures["loss"])
        return DiffusionRecord(
            step=self.place.step + 1,
            epoch=self.place.epoch,
            seconds=0.0,
            learning_rate=rate,
            gradient_norm=norm,
            **figures,
        )
