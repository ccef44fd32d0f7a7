"""A training run, whatever is trained: its place, its checkpoints, its log, and an end on time."""

from __future__ import annotations

import hashlib
import json
import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import torch
from torch import Tensor, nn

from clip_mat.errors import TrainingError
from clip_mat.sentence_encoder import cpu_has_bfloat16
from clip_mat.training.checkpoints import FILE, read_checkpoint, write_checkpoint
from clip_mat.training.config import TrainConfig
from clip_mat.training.distributed import Ranks, joined
from clip_mat.training.logs import Record, RunLog
from clip_mat.training.optimization import (
    AveragedWeights,
    learning_rate_factor,
    make_optimizer,
    optimizer_tensors,
    restore_optimizer,
)
from clip_mat.training.signals import stop_signals

M = TypeVar("M", bound=nn.Module)
R = TypeVar("R", bound=Record)
RUN_FILE = "run.json"
"""In the folder of a run: its figures."""

Evaluate: TypeAlias = Callable[[M], Mapping[str, float]]
"""Validation: the model with averaged weights in, figures by name out, the most telling first."""
Keep: TypeAlias = Callable[[M], None]
"""Takes the averaged weights of a checkpoint."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in figures, for the model card.

    Attributes:
        hours: Of training, validation included, over all parts of the run.
        steps: Of the optimizer.
        epochs: Finished ones, the last in part.
        finished: False if the run was told to stop early and can be resumed.
        metrics: Of the last validation.
        config: What was chosen.
        command: How the last part was started.
        device: What it ran on.
        torch: Version.
    """

    hours: float
    steps: int
    epochs: float
    finished: bool
    metrics: dict[str, float]
    config: dict[str, Any]
    command: str
    device: str
    torch: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON's types."""
        return asdict(self)

    def write(self, folder: Path, **more: float) -> None:
        """Put it into a folder as `RUN_FILE`, with more figures where there are any."""
        told = json.dumps(self.to_dict() | more, indent=1)
        (folder / RUN_FILE).write_text(told + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Trained(Generic[M]):
    """What training gives.

    Attributes:
        model: The averaged weights, in evaluation mode.
        summary: The run in figures.
    """

    model: M
    summary: RunSummary


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is; `position` is the next batch of the epoch."""

    step: int = 0
    epoch: int = 0
    position: int = 0
    seconds: float = 0.0


class Run(ABC, Generic[M, R]):
    """The state of a run, and what is done with it.

    Args:
        model: Trained in place.
        size: Of the training set; a run is resumed with the same only.
        batches: In an epoch.
        config: How.
        folder: Takes the checkpoint and the logs; made if missing.
        ranks: The processes that train together.
        device: Of this one.
    """

    def __init__(
        self, model: M, size: int, batches: int, config: TrainConfig, folder: Path, ranks: Ranks, device: torch.device
    ) -> None:
        self.model: M = model.to(device).train()
        self.size, self.batches = size, batches
        self.config, self.folder, self.ranks, self.device = config, folder, ranks, device
        ranks.copy_from_first(self.model)
        self.average = AveragedWeights(self.model, config.ema_decay)
        self.optimizer = make_optimizer(self.model, config)
        self.place = Place()
        self.metrics: dict[str, float] = {}
        known = device.type == "cuda" or (device.type == "cpu" and cpu_has_bfloat16())
        self.bfloat16 = known if config.bfloat16 == "auto" else config.bfloat16

    # -- what differs from run to run

    @abstractmethod
    def steps(self) -> Iterator[tuple[int, int, R]]:
        """From the place on to the end of all epochs: a step is done and told, with its epoch and its batch there."""

    @abstractmethod
    def described(self) -> dict[str, Any]:
        """What the checkpoint says of the run beside its place, of JSON's types."""

    @abstractmethod
    def same(self, described: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """What must be the same in a run that is resumed, by name: as the checkpoint describes it, and now."""

    def bound_weights(self) -> None:
        """Called after each step of the optimizer, before weights are averaged: what must stay in bounds goes back."""

    def more_tensors(self) -> dict[str, Tensor]:
        """What the checkpoint holds beside weights and optimizer; names begin with a part of their own and a slash."""
        return {}

    def take_tensors(self, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
        """What `more_tensors` gave, by part and name, is back."""

    # -- from and to disk

    def begin(self) -> None:
        """A first checkpoint, so that a run can be resumed whenever it is killed.

        Raises:
            TrainingError: If the folder holds a run already.
        """
        (taken,) = self.ranks.largest((self.folder / FILE).exists(), device=self.device)
        if taken:
            raise TrainingError(f"{self.folder}: holds a run already (give --resume, or another folder)")
        if self.ranks.rank == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.save(self.place)

    def save(self, place: Place) -> None:
        """Write the checkpoint (rank 0 only)."""
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average/{name}": tensor for name, tensor in self.average.model.state_dict().items()}
        tensors |= {f"optimizer/{k}": v for k, v in optimizer_tensors(self.model, self.optimizer).items()}
        state = {"place": asdict(place), "metrics": self.metrics, "size": self.size}
        write_checkpoint(self.folder, tensors | self.more_tensors(), state | self.described())

    def restore(self) -> None:
        """Continue where the checkpoint was written.

        Raises:
            TrainingError: If it is missing, damaged, or of another model, data set or choice.
        """
        tensors, state = read_checkpoint(self.folder, self.device)
        for name, (then, now) in ({"size": (state["size"], self.size)} | self.same(state)).items():
            if then != now:
                raise TrainingError(f"{self.folder}: the run to resume has {name}={then!r}, not {now!r}")
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}}
        for path, tensor in tensors.items():
            part, _, name = path.partition("/")
            parts.setdefault(part, {})[name] = tensor
        try:
            self.model.load_state_dict(parts["model"])
            self.average.model.load_state_dict(parts["average"])
            restore_optimizer(self.model, self.optimizer, parts["optimizer"])
        except (RuntimeError, KeyError) as error:
            told = " ".join(str(error).split())[:200]
            raise TrainingError(f"{self.folder}: the checkpoint is of another model: {told}") from error
        self.take_tensors(parts)
        self.place = Place(**state["place"])
        self.metrics = state["metrics"]

    # -- the loop

    def go(self, evaluate: Evaluate[M] | None, keep: Keep[M] | None = None, *, resume: bool) -> bool:
        """Begin, or continue where the checkpoint was written, and train to the end.

        Args:
            evaluate: See `carry_out`.
            keep: See `carry_out`.
            resume: Continue from the checkpoint in the folder.

        Returns:
            False if a signal came first.

        Raises:
            TrainingError: As `begin`, `restore` and `end_step` say.
        """
        if resume:
            self.restore()
        else:
            self.begin()
        began = time.monotonic() - self.place.seconds
        saved = time.monotonic()
        with ExitStack() as stack:
            stopped = stack.enter_context(stop_signals())
            log = stack.enter_context(RunLog(self.folder, self.place.step)) if self.ranks.rank == 0 else None
            for epoch, position, record in self.steps() if self.progress() < 1 else ():
                ends = position + 1 == self.batches
                seconds, stop = self.ranks.largest(time.monotonic() - began, stopped.is_set(), device=self.device)
                self.place = Place(self.place.step + 1, epoch + ends, 0 if ends else position + 1, seconds)
                over = self.progress() >= 1
                if log is not None:
                    log.step(_at(record, seconds), self.progress())
                    if evaluate is not None and (over or (ends and self.place.epoch % self.config.evaluate_every == 0)):
                        self.metrics = {name: float(value) for name, value in evaluate(self.average.model).items()}
                        log.validation(self.place.step, epoch, round(seconds, 3), self.metrics)
                    if over or stop or time.monotonic() - saved >= 60 * self.config.checkpoint_minutes:
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
        shares = []
        if self.config.epochs is not None:
            shares.append(self.place.step / (self.config.epochs * self.batches))
        if self.config.minutes is not None:
            shares.append(self.place.seconds / (60 * self.config.minutes))
        return min(1.0, max(shares))

    def start_step(self) -> float:
        """Learning rate and random numbers of the step to come, which depend on the place in the run alone.

        Returns:
            The largest learning rate.
        """
        step = self.place.step
        torch.manual_seed(_seed(self.config.seed, step, self.ranks.rank))
        factor = learning_rate_factor(step, self.config.warmup_steps, self.progress())
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        self.optimizer.zero_grad()
        return max(float(group["lr"]) for group in self.optimizer.param_groups)

    def end_step(self, loss: float) -> float:
        """The optimizer's step, when the gradients are there, and the average of the weights with it.

        Returns:
            Norm of the whole gradient, before clipping.

        Raises:
            TrainingError: If the loss is no number.
        """
        if not math.isfinite(loss):
            step = self.place.step + 1
            raise TrainingError(f"step {step}: the loss is {loss} (resume with a lower learning rate)")
        self.ranks.sum_gradients(self.model.parameters())
        norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm))
        self.optimizer.step()
        self.bound_weights()
        self.average.update(self.model, self.place.step)
        return norm

    def summary(self, finished: bool) -> RunSummary:
        """The run in figures."""
        return RunSummary(
            hours=self.place.seconds / 3600,
            steps=self.place.step,
            epochs=self.place.epoch + self.place.position / self.batches,
            finished=finished,
            metrics=self.metrics,
            config=self.config.to_dict(),
            command=" ".join([Path(sys.argv[0]).name, *sys.argv[1:]]),
            device=torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu",
            torch=torch.__version__,
        )


def carry_out(
    make: Callable[[Ranks, torch.device], Run[M, R]],
    *,
    evaluate: Evaluate[M] | None = None,
    keep: Keep[M] | None = None,
    device: str = "auto",
    resume: bool = False,
    threads: int | None = None,
) -> Trained[M]:
    """A whole run, alone or as one of the processes of ``torchrun``.

    SIGTERM or Ctrl-C ends it after the current step, with a checkpoint.

    Args:
        make: The run of these processes on this device.
        evaluate: Called on rank 0 with the averaged weights after every `config.evaluate_every` epochs and at the end;
            figures by name out, the most telling first.
        keep: Called on rank 0 with the averaged weights at every checkpoint.
        device: A torch device or "auto".
        resume: Continue from the checkpoint in the folder; on the CPU the result is then, bit for bit, that of a run
            without a break (if its end is given in epochs).
        threads: Of torch on the CPU.

    Raises:
        TrainingError: If the folder holds a run already and `resume` is not set, or holds none and it is; if a
            checkpoint is damaged or of another model; if the loss is no longer a number.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    with joined(device) as (ranks, place):
        run = make(ranks, place)
        finished = run.go(evaluate, keep, resume=resume)
    return Trained(run.average.model, run.summary(finished))


def _at(record: R, seconds: float) -> R:
    """The record of a step, when it was done."""
    done: Any = record  # a dataclass, which `Record` cannot say
    at: R = replace(done, seconds=round(seconds, 3))
    return at


def _seed(seed: int, step: int, rank: int) -> int:
    digest = hashlib.sha256(f"{seed} {step} {rank}".encode()).digest()
    return int.from_bytes(digest[:7])
