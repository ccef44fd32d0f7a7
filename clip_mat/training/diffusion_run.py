"""The training loop of the generative model: steps, average, validation, checkpoints, and an end on time."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from clip_mat.errors import TrainingError
from clip_mat.generate.denoiser import Denoiser
from clip_mat.generate.flow import Lesson, losses
from clip_mat.sentence_encoder import cpu_has_bfloat16
from clip_mat.training.checkpoints import FILE, read_checkpoint, write_checkpoint
from clip_mat.training.config import TrainConfig
from clip_mat.training.diffusion_data import LessonSource
from clip_mat.training.distributed import Ranks, joined
from clip_mat.training.logs import RunLog
from clip_mat.training.optimization import (
    AveragedWeights,
    learning_rate_factor,
    make_optimizer,
    optimizer_tensors,
    restore_optimizer,
)
from clip_mat.training.signals import stop_signals
from clip_mat.training.trainer import RunSummary

PARTS = ("loss", "atoms", "lattice", "elements", "spacegroup")
"""Of the loss, as `clip_mat.generate.flow.losses` names them."""

Evaluate = Callable[[Denoiser], Mapping[str, float]]
Keep = Callable[[Denoiser], None]


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
        elements: Cross-entropy of hidden elements.
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


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a run is; `position` is the next batch of the epoch."""

    step: int = 0
    epoch: int = 0
    position: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TrainedDenoiser:
    """What training gives.

    Attributes:
        model: The averaged weights, in evaluation mode.
        summary: The run in figures.
    """

    model: Denoiser
    summary: RunSummary


def train_denoiser(
    model: Denoiser,
    source: LessonSource,
    config: TrainConfig,
    folder: Path,
    *,
    evaluate: Evaluate | None = None,
    keep: Keep | None = None,
    device: str = "auto",
    resume: bool = False,
) -> TrainedDenoiser:
    """Train the denoiser.

    Runs under ``torchrun`` unchanged. SIGTERM or Ctrl-C ends the run after the current step, with a checkpoint.

    Args:
        model: Trained in place.
        source: Where lessons come from.
        config: How; its choices that only concern contrastive training are not looked at.
        folder: Takes the checkpoint and the logs; made if missing.
        evaluate: Called on rank 0 with the averaged weights after every `config.evaluate_every` epochs and at the end.
        keep: Called on rank 0 with the averaged weights at every checkpoint.
        device: A torch device or "auto".
        resume: Continue from the checkpoint in the folder; on the CPU the result is then, bit for bit, that of a run
            without a break (if its end is given in epochs).

    Raises:
        TrainingError: If the folder holds a run already and `resume` is not set, or holds none and it is; if a
            checkpoint is damaged or of another model; if the loss is no longer a number.
    """
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    with joined(device) as (ranks, place):
        run = _Run(model, source, config, folder, ranks, place)
        if resume:
            run.restore()
        else:
            run.begin()
        finished = run.go(evaluate, keep)
    return TrainedDenoiser(run.average.model, run.summary(finished))


class _Run:
    """The state of a run, and what is done with it."""

    def __init__(
        self,
        model: Denoiser,
        source: LessonSource,
        config: TrainConfig,
        folder: Path,
        ranks: Ranks,
        device: torch.device,
    ) -> None:
        self.model = model.to(device).train()
        self.source, self.config, self.folder, self.ranks, self.device = source, config, folder, ranks, device
        ranks.copy_from_first(self.model)
        self.average = AveragedWeights(self.model, config.ema_decay)
        self.optimizer = make_optimizer(self.model, config)
        self.place = _Place()
        self.metrics: dict[str, float] = {}
        known = device.type == "cuda" or (device.type == "cpu" and cpu_has_bfloat16())
        self.bfloat16 = known if config.bfloat16 == "auto" else config.bfloat16

    # -- from and to disk

    def begin(self) -> None:
        """A first checkpoint, so that a run can be resumed whenever it is killed."""
        (taken,) = self.ranks.largest((self.folder / FILE).exists(), device=self.device)
        if taken:
            raise TrainingError(f"{self.folder}: holds a run already (give --resume, or another folder)")
        if self.ranks.rank == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.save(self.place)

    def save(self, place: _Place) -> None:
        """Write the checkpoint (rank 0 only)."""
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average/{name}": tensor for name, tensor in self.average.model.state_dict().items()}
        tensors |= {f"optimizer/{k}": v for k, v in optimizer_tensors(self.model, self.optimizer).items()}
        sizes = self.model.config.to_dict()
        write_checkpoint(
            self.folder,
            tensors,
            {"place": asdict(place), "metrics": self.metrics, "size": self.source.size, "model": sizes}
            | {"seed": self.config.seed},
        )

    def restore(self) -> None:
        """Continue where the checkpoint was written."""
        tensors, then = read_checkpoint(self.folder, self.device)
        now = {"size": self.source.size, "seed": self.config.seed, "model": self.model.config.to_dict()}
        for name, value in now.items():
            if then.get(name) != value:
                raise TrainingError(f"{self.folder}: the run to resume has {name}={then.get(name)!r}, not {value!r}")
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}}
        for path, tensor in tensors.items():
            part, _, name = path.partition("/")
            parts[part][name] = tensor
        try:
            self.model.load_state_dict(parts["model"])
            self.average.model.load_state_dict(parts["average"])
            restore_optimizer(self.model, self.optimizer, parts["optimizer"])
        except (RuntimeError, KeyError) as error:
            told = " ".join(str(error).split())[:200]
            raise TrainingError(f"{self.folder}: the checkpoint is of another model: {told}") from error
        self.place = _Place(**then["place"])
        self.metrics = then["metrics"]

    # -- the loop

    def go(self, evaluate: Evaluate | None, keep: Keep | None) -> bool:
        """Train to the end.

        Returns:
            False if a signal came first.
        """
        config, place = self.config, self.place
        began = time.monotonic() - place.seconds
        saved = time.monotonic()
        with ExitStack() as stack:
            stopped = stack.enter_context(stop_signals())
            log = stack.enter_context(RunLog(self.folder, place.step)) if self.ranks.rank == 0 else None
            while self.progress() < 1:
                epoch, first = self.place.epoch, self.place.position
                lessons = self.source.epoch(epoch, self.ranks.rank, self.ranks.world, first)
                for position, batch in enumerate(lessons, first + 1):
                    record = self._step(batch)
                    ends = position == len(self.source)
                    seconds, stop = self.ranks.largest(time.monotonic() - began, stopped.is_set(), device=self.device)
                    self.place = _Place(self.place.step + 1, epoch + ends, 0 if ends else position, seconds)
                    over = self.progress() >= 1
                    if log is not None:
                        log.step(replace(record, seconds=round(seconds, 3)), self.progress())
                        due = over or (ends and self.place.epoch % config.evaluate_every == 0)
                        if due and evaluate is not None:
                            self.metrics = {name: float(value) for name, value in evaluate(self.average.model).items()}
                            log.validation(self.place.step, epoch, round(seconds, 3), self.metrics)
                        if over or stop or time.monotonic() - saved >= 60 * config.checkpoint_minutes:
                            log.flush()
                            self.save(replace(self.place, seconds=time.monotonic() - began))
                            saved = time.monotonic()
                            if keep is not None:
                                keep(self.average.model)
                    if over:
                        return True
                    if stop:
                        return False
        return True

    def progress(self) -> float:
        """Share of the run that is over, by steps or by time, whichever is further."""
        config, shares = self.config, []
        if config.epochs is not None:
            shares.append(self.place.step / (config.epochs * len(self.source)))
        if config.minutes is not None:
            shares.append(self.place.seconds / (60 * config.minutes))
        return min(1.0, max(shares))

    def _step(self, batch: Sequence[Lesson]) -> DiffusionRecord:
        """One step of the optimizer."""
        config, step = self.config, self.place.step
        rate = learning_rate_factor(step, config.warmup_steps, self.progress())
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * rate
        self.optimizer.zero_grad()
        crystals = sum(len(lesson.numbers) for lesson in batch)
        told = torch.zeros(len(PARTS))
        for lesson in batch:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
                moved = lesson.to(self.device)
                prediction = self.model(moved.state, moved.conditions)
            parts = losses(prediction, moved)
            share = len(lesson.numbers) / crystals
            (parts["loss"] * share / self.ranks.world).backward()
            told += share * torch.stack([parts[name].detach().cpu() for name in PARTS])
        figures = dict(zip(PARTS, told.tolist(), strict=True))
        if not math.isfinite(figures["loss"]):
            raise TrainingError(f"step {step + 1}: the loss is {figures['loss']} (resume with a lower learning rate)")
        self.ranks.sum_gradients(self.model.parameters())
        norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_norm))
        self.optimizer.step()
        self.average.update(self.model, step)
        return DiffusionRecord(
            step=step + 1,
            epoch=self.place.epoch,
            seconds=0.0,
            learning_rate=self.optimizer.param_groups[0]["lr"],
            gradient_norm=norm,
            **figures,
        )

    def summary(self, finished: bool) -> RunSummary:
        """The run in figures."""
        return RunSummary(
            hours=self.place.seconds / 3600,
            steps=self.place.step,
            epochs=self.place.epoch + self.place.position / len(self.source),
            finished=finished,
            metrics=self.metrics,
            config=self.config.to_dict(),
            command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            device=torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu",
            torch=torch.__version__,
        )
