"""Training of two towers: what a step on texts and crystals is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from clip_mat.errors import TrainingError
from clip_mat.training.accumulate import accumulate
from clip_mat.training.bank import Bank
from clip_mat.training.config import TrainConfig
from clip_mat.training.data import Batch, Chunk, Located, Source, batches
from clip_mat.training.distributed import Ranks
from clip_mat.training.logs import StepRecord
from clip_mat.training.losses import (
    MAX_LOG_SCALE,
    Memory,
    chemeleon_loss,
    multi_positive_infonce,
    multi_positive_siglip,
    single_positive_clip,
    with_side_loss,
)
from clip_mat.training.run import Evaluate, Run, Trained, carry_out

GUESS_WEIGHT = 0.3
"""Of what the crystal tower guesses, beside the loss between texts and crystals."""


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


def train(
    model: nn.Module,
    source: Source,
    config: TrainConfig,
    folder: Path,
    *,
    evaluate: Evaluate[nn.Module] | None = None,
    device: str = "auto",
    resume: bool = False,
) -> Trained[nn.Module]:
    """Train two towers on pairs of texts and crystals.

    Args:
        model: See `Towers`; trained in place.
        source: Where batches come from.
        config: How.
        folder: Takes the checkpoint and the logs; made if missing.
        evaluate: See `clip_mat.training.run.carry_out`, which does the rest.
        device: The same.
        resume: The same.

    Raises:
        TrainingError: As `carry_out` says; if the model or the source lacks what the configuration needs.
    """
    run = partial(_PairRun, model, source, config, folder)
    return carry_out(run, evaluate=evaluate, device=device, resume=resume, threads=config.threads)


class _PairRun(Run[nn.Module, StepRecord]):
    """A run on pairs of texts and crystals."""

    def __init__(
        self, model: nn.Module, source: Source, config: TrainConfig, folder: Path, ranks: Ranks, device: torch.device
    ) -> None:
        if config.workers > 1:
            raise TrainingError(f"workers={config.workers}: 0 or 1, so that batches keep their order")
        super().__init__(model, source.size, len(source), config, folder, ranks, device)
        self.source = source
        self.towers = cast(Towers, self.model)
        self.bias = _siglip_bias(model) if config.loss == "siglip" else None
        self.bank: Bank | None = None

    def described(self) -> dict[str, Any]:
        return {"config": self.config.to_dict()}

    def same(self, described: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        then = described["config"]
        return {name: (then[name], getattr(self.config, name)) for name in ("loss", "bank", "seed")}

    def bound_weights(self) -> None:
        with torch.no_grad():  # the parameter and not the exponent, so that it finds back from the bound
            self.towers.log_scale.clamp_(0.0, MAX_LOG_SCALE)

    def more_tensors(self) -> dict[str, Tensor]:
        return {} if self.bank is None else {"bank/vectors": self.bank.vectors, "bank/seen": self.bank.seen}

    def take_tensors(self, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
        if bank := parts.get("bank"):
            self.bank = Bank(bank["vectors"], bank["seen"])

    def steps(self) -> Iterator[tuple[int, int, StepRecord]]:
        found = batches(
            self.source,
            epoch=self.place.epoch,
            position=self.place.position,
            rank=self.ranks.rank,
            world=self.ranks.world,
            workers=self.config.workers,
            prefetch=self.config.prefetch,
        )
        for located in found:
            yield located.epoch, located.position, self._step(located)

    def _step(self, located: Located) -> StepRecord:
        """One step of the optimizer."""
        rate = self.start_step()
        loss = self._backward(located)
        norm = self.end_step(loss)
        return StepRecord(
            step=self.place.step + 1,
            epoch=located.epoch,
            seconds=0.0,
            loss=loss,
            scale=math.exp(float(self.towers.log_scale.detach())),
            learning_rate=rate,
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


def _siglip_bias(model: nn.Module) -> nn.Parameter:
    bias = getattr(model, "bias", None)
    if not isinstance(bias, nn.Parameter):
        raise TrainingError(f"loss='siglip': {type(model).__name__} has no parameter named bias")
    return bias


def _bank_positives(batch: Batch) -> Tensor:
    if batch.bank_positives is None:
        raise TrainingError("bank=True: the source gives no bank_positives")
    return batch.bank_positives
