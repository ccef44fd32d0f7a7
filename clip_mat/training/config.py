"""How a run is done: everything that is chosen before it starts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from clip_mat.errors import TrainingError

LossName = Literal["infonce", "siglip", "clip", "chemeleon"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """The choices of one training run; batches are the source's business.

    Attributes:
        epochs: Passes over the source at most.
        minutes: Wall-clock limit, over all parts of a run that was interrupted. The learning rate reaches zero there.
            With this limit the result depends on the machine's speed; with `epochs` alone it is repeatable.
        learning_rates: By prefix of the parameter's name; the longest prefix that fits decides, "" fits all.
        weight_decay: Of weight matrices; norms, biases, embeddings and single numbers are spared.
        betas: Of AdamW.
        warmup_steps: Steps in which the learning rate rises from zero.
        clip_norm: Largest norm of the whole gradient.
        ema_decay: Of the averaged weights, which are evaluated and kept; smaller in the first steps.
        loss: See `clip_mat.training.losses`.
        bank: Compare texts with every crystal as last seen, from the second epoch on ("infonce" only).
        two_pass: Embed each chunk twice and hold no activations between chunks: less memory, a third more time.
        bfloat16: True, False, or "auto": where the device has the instructions.
        evaluate_every: Epochs between validations.
        checkpoint_minutes: Between checkpoints.
        seed: Of dropout. The source has its own.
        threads: Of torch on the CPU; by default torch's own choice.
        workers: Processes that prepare batches beside the training; pairs of texts and crystals take 0 or 1. The source
            is sent there with pickle.
        prefetch: Batches prepared ahead.
    """

    epochs: int | None = None
    minutes: float | None = None
    learning_rates: Mapping[str, float] = field(default_factory=lambda: {"": 1e-3})
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    warmup_steps: int = 100
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    loss: LossName = "infonce"
    bank: bool = False
    two_pass: bool = True
    bfloat16: bool | Literal["auto"] = "auto"
    evaluate_every: int = 1
    checkpoint_minutes: float = 5.0
    seed: int = 0
    threads: int | None = None
    workers: int = 1
    prefetch: int = 2

    def __post_init__(self) -> None:
        if self.epochs is None and self.minutes is None:
            raise TrainingError("a run needs an end: give epochs, minutes or both")
        for name in ("epochs", "minutes"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise TrainingError(f"{name}={value}: must be positive")
        if self.loss not in get_args(LossName):
            raise TrainingError(f"loss={self.loss!r}: know {', '.join(get_args(LossName))}")
        if self.bank and self.loss != "infonce":
            raise TrainingError(f"bank=True: only for loss='infonce', not {self.loss!r}")
        if self.workers < 0:
            raise TrainingError(f"workers={self.workers}: 0 or more")
        if self.evaluate_every < 1:
            raise TrainingError(f"evaluate_every={self.evaluate_every}: at least 1 epoch")

    def to_dict(self) -> dict[str, Any]:
        """As JSON's types."""
        return asdict(self) | {"learning_rates": dict(self.learning_rates), "betas": list(self.betas)}
