"""The training loop: steps, average, validation, checkpoints, and an end on time."""

from __future__ import annotations

import hashlib
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from clip_mat.errors import TrainingError
from clip_mat.sentence_encoder import cpu_has_bfloat16
from clip_mat.training.accumulate import accumulate
from clip_mat.training.bank import Bank
from clip_mat.training.checkpoints import FILE, read_checkpoint, write_checkpoint
from clip_mat.training.config import TrainConfig
from clip_mat.training.data import Batch, Chunk, Located, Source, batches
from clip_mat.training.distributed import Ranks, joined
from clip_mat.training.logs import RunLog, StepRecord
from clip_mat.training.losses import (
    MAX_LOG_SCALE,
    Memory,
    chemeleon_loss,
    multi_positive_infonce,
    multi_positive_siglip,
    single_positive_clip,
    with_side_loss,
)
from clip_mat.training.optimization import (
    AveragedWeights,
    learning_rate_factor,
    make_optimizer,
    optimizer_tensors,
    restore_optimizer,
)
from clip_mat.training.signals import stop_signals

GUESS_WEIGHT = 0.3
"""Of what the crystal tower guesses, beside the loss between texts and crystals."""

Evaluate = Callable[[nn.Module], Mapping[str, float]]
"""Validation: the model with averaged weights in, figures by name out, the most telling first."""


class Towers(Protocol):
    """What the trained module offers; it is an ``nn.Module``, with a parameter ``bias`` too where SigLIP is used."""

    log_scale: nn.Parameter
    """Scalar, logarithm of the inverse temperature."""

    def embed_text(self, inputs: Any) -> Tensor:
        """(n, d), of any length."""
        ...

    def embed_crystals(self, inputs: Any) -> Tensor:
        """(n, d), of any length."""
        ...

    def embed_and_guess(self, inputs: Any, truth: Any) -> tuple[Tensor, Tensor]:
        """The same, and the mean loss of what the tower guesses; needed where chunks bring a truth."""
        ...


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


@dataclass(frozen=True, slots=True)
class Trained:
    """What training gives.

    Attributes:
        model: The averaged weights, in evaluation mode.
        summary: The run in figures.
    """

    model: nn.Module
    summary: RunSummary


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a run is; `position` is the next batch of the epoch."""

    step: int = 0
    epoch: int = 0
    position: int = 0
    seconds: float = 0.0


def train(
    model: nn.Module,
    source: Source,
    config: TrainConfig,
    folder: Path,
    *,
    evaluate: Evaluate | None = None,
    device: str = "auto",
    resume: bool = False,
) -> Trained:
    """Train two towers on pairs of texts and crystals.

    Runs under ``torchrun`` unchanged. SIGTERM or Ctrl-C ends the run after the current step, with a checkpoint.

    Args:
        model: See `Towers`; trained in place.
        source: Where batches come from.
        config: How.
        folder: Takes the checkpoint and the logs; made if missing.
        evaluate: Called on rank 0 after every `config.evaluate_every` epochs and at the end.
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
        finished = run.go(evaluate)
    return Trained(run.average.model, run.summary(finished))


class _Run:
    """The state of a run, and what is done with it."""

    def __init__(
        self, model: nn.Module, source: Source, config: TrainConfig, folder: Path, ranks: Ranks, device: torch.device
    ) -> None:
        self.model = model.to(device).train()
        self.towers = cast(Towers, self.model)
        self.source, self.config, self.folder, self.ranks, self.device = source, config, folder, ranks, device
        self.bias = _siglip_bias(model) if config.loss == "siglip" else None
        ranks.copy_from_first(self.model)
        self.average = AveragedWeights(self.model, config.ema_decay)
        self.optimizer = make_optimizer(self.model, config)
        self.bank: Bank | None = None
        self.place = _Place()
        self.metrics: dict[str, float] = {}
        self.bfloat16 = _bfloat16(config, device)

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

    def save(self, place: _Place) -> None:
        """Write the checkpoint (rank 0 only)."""
        tensors = {f"model/{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"average/{name}": tensor for name, tensor in self.average.model.state_dict().items()}
        tensors |= {f"optimizer/{k}": v for k, v in optimizer_tensors(self.model, self.optimizer).items()}
        if self.bank is not None:
            tensors |= {"bank/vectors": self.bank.vectors, "bank/seen": self.bank.seen}
        state = {"place": asdict(place), "metrics": self.metrics, "config": self.config.to_dict()}
        write_checkpoint(self.folder, tensors, state | {"size": self.source.size})

    def restore(self) -> None:
        """Continue where the checkpoint was written.

        Raises:
            TrainingError: If it is missing, damaged, or of another model, data set or choice.
        """
        tensors, state = read_checkpoint(self.folder, self.device)
        now = {"size": self.source.size}
        now |= {name: getattr(self.config, name) for name in ("loss", "bank", "seed")}
        then = {**state["config"], **state}
        for name, value in now.items():
            if then[name] != value:
                raise TrainingError(f"{self.folder}: the run to resume has {name}={then[name]!r}, not {value!r}")
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}, "bank": {}}
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
        if bank := parts["bank"]:
            self.bank = Bank(bank["vectors"], bank["seen"])
        self.place = _Place(**state["place"])
        self.metrics = state["metrics"]

    # -- the loop

    def go(self, evaluate: Evaluate | None) -> bool:
        """Train to the end.

        Returns:
            False if a signal came first.
        """
        config, first = self.config, self.ranks.rank == 0
        began = time.monotonic() - self.place.seconds
        saved = time.monotonic()
        with ExitStack() as stack:
            stopped = stack.enter_context(stop_signals())
            log = stack.enter_context(RunLog(self.folder, self.place.step)) if first else None
            for located in self._batches() if self.progress() < 1 else ():
                record = self._step(located)
                ends_epoch = located.position + 1 == len(self.source)
                seconds, stop = self.ranks.largest(time.monotonic() - began, stopped.is_set(), device=self.device)
                self.place = _Place(
                    step=self.place.step + 1,
                    epoch=located.epoch + ends_epoch,
                    position=0 if ends_epoch else located.position + 1,
                    seconds=seconds,
                )
                progress = self.progress()
                if log is not None:
                    log.step(replace(record, seconds=round(seconds, 3)), progress)
                    over = progress >= 1
                    due = over or (ends_epoch and self.place.epoch % config.evaluate_every == 0)
                    if due and evaluate is not None:
                        self.metrics = {name: float(value) for name, value in evaluate(self.average.model).items()}
                        log.validation(self.place.step, located.epoch, round(seconds, 3), self.metrics)
                    if over or stop or time.monotonic() - saved >= 60 * config.checkpoint_minutes:
                        log.flush()
                        self.save(replace(self.place, seconds=time.monotonic() - began))
                        saved = time.monotonic()
                if progress >= 1:
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

    def _batches(self) -> Iterator[Located]:
        return batches(
            self.source,
            epoch=self.place.epoch,
            position=self.place.position,
            rank=self.ranks.rank,
            world=self.ranks.world,
            workers=self.config.workers,
            prefetch=self.config.prefetch,
        )

    def _step(self, located: Located) -> StepRecord:
        """One step of the optimizer."""
        config, step = self.config, self.place.step
        # Random numbers depend on the place in the run alone, so that a resumed run draws what it would have drawn.
        torch.manual_seed(_seed(config.seed, step, self.ranks.rank))
        factor = learning_rate_factor(step, config.warmup_steps, self.progress())
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        self.optimizer.zero_grad()
        loss = self._backward(located)
        if not math.isfinite(loss):
            raise TrainingError(f"step {step + 1}: the loss is {loss} (resume with a lower learning rate)")
        self.ranks.sum_gradients(self.model.parameters())
        norm = float(nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_norm))
        self.optimizer.step()
        with torch.no_grad():  # the parameter and not the exponent, so that it finds back from the bound
            self.towers.log_scale.clamp_(0.0, MAX_LOG_SCALE)
        self.average.update(self.model, step)
        return StepRecord(
            step=step + 1,
            epoch=located.epoch,
            seconds=0.0,
            loss=loss,
            scale=math.exp(float(self.towers.log_scale.detach())),
            learning_rate=max(group["lr"] for group in self.optimizer.param_groups),
            gradient_norm=norm,
        )

    def _backward(self, located: Located) -> float:
        """Gradients of one batch into ``.grad``, and its crystals into the bank."""
        batch = located.batch
        positives = batch.positives.to(self.device)
        rows, _ = self.ranks.gather(torch.cat([chunk.rows for chunk in batch.chunks]).to(self.device))
        memory = self._memory(located, rows)

        def loss(text: Tensor, crystal: Tensor) -> Tensor:
            return self._loss(text, crystal, positives, memory)

        def embed(chunk: Chunk) -> tuple[Tensor, Tensor]:
            return self._embed(chunk, len(positives))

        found = accumulate(embed, batch.chunks, loss, self.ranks, two_pass=self.config.two_pass)
        if self.config.bank:
            if self.bank is None:
                self.bank = Bank.empty(self.source.size, found.crystals.shape[1], self.device)
            self.bank.update(rows, functional.normalize(found.crystals, dim=1))
        return float(found.loss)

    def _memory(self, located: Located, rows: Tensor) -> Memory | None:
        if self.bank is None or located.epoch == 0:
            return None
        return self.bank.beyond(rows, _bank_positives(located.batch).to(self.device))

    def _embed(self, chunk: Chunk, size: int) -> tuple[Tensor, Tensor]:
        """Vectors of a chunk of a batch of `size` pairs."""
        # On a CPU plain attention over short texts takes half the time of the fused one, most of it in the way back.
        kernel = sdpa_kernel(SDPBackend.MATH) if self.device.type == "cpu" else nullcontext()
        with kernel, torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            text = self.towers.embed_text(chunk.text.to(self.device))
            inputs = chunk.crystals.to(self.device)
            if chunk.truth is None:
                crystals = self.towers.embed_crystals(inputs).float()
            else:
                crystals, wrong = self.towers.embed_and_guess(inputs, chunk.truth.to(self.device))
                share = GUESS_WEIGHT * len(chunk.rows) / size
                crystals = with_side_loss(crystals.float(), share * wrong)
        return text.float(), crystals

    def _loss(self, text: Tensor, crystal: Tensor, positives: Tensor, memory: Memory | None) -> Tensor:
        if self.config.loss == "chemeleon":
            return chemeleon_loss(text, crystal)
        text, crystal = functional.normalize(text, dim=1), functional.normalize(crystal, dim=1)
        scale = self.towers.log_scale.exp()
        if self.config.loss == "clip":
            return single_positive_clip(text, crystal, scale)
        if self.bias is not None:
            return multi_positive_siglip(text, crystal, positives, scale, self.bias)
        return multi_positive_infonce(text, crystal, positives, scale, memory)

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


def _seed(seed: int, step: int, rank: int) -> int:
    digest = hashlib.sha256(f"{seed} {step} {rank}".encode()).digest()
    return int.from_bytes(digest[:7])


def _siglip_bias(model: nn.Module) -> nn.Parameter:
    bias = getattr(model, "bias", None)
    if not isinstance(bias, nn.Parameter):
        raise TrainingError(f"loss='siglip': {type(model).__name__} has no parameter named bias")
    return bias


def _bank_positives(batch: Batch) -> Tensor:
    if batch.bank_positives is None:
        raise TrainingError("bank=True: the source gives no bank_positives")
    return batch.bank_positives


def _bfloat16(config: TrainConfig, device: torch.device) -> bool:
    if config.bfloat16 == "auto":
        return device.type == "cuda" or (device.type == "cpu" and cpu_has_bfloat16())
    return config.bfloat16
