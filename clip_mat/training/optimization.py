"""AdamW with learning rates by name, their schedule, and the moving average of the weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from clip_mat.errors import TrainingError
from clip_mat.training.config import TrainConfig


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov & Hutter, arXiv:1711.05101) over the trainable parameters.

    Each group carries its full learning rate as ``peak``.

    Raises:
        TrainingError: If no learning rate is given for a parameter.
    """
    spared = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding | nn.EmbeddingBag)}
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in trainable(model):
        decay = config.weight_decay if parameter.ndim >= 2 and id(parameter) not in spared else 0.0
        groups.setdefault((_rate_of(name, config.learning_rates), decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": 0.0, "peak": rate, "weight_decay": decay}
            for (rate, decay), parameters in groups.items()
        ],
        betas=config.betas,
        fused=True,
    )


def trainable(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Names and parameters that learn."""
    return ((name, p) for name, p in model.named_parameters() if p.requires_grad)


def _rate_of(name: str, rates: Mapping[str, float]) -> float:
    prefixes = [prefix for prefix in rates if name.startswith(prefix)]
    if not prefixes:
        raise TrainingError(f"learning_rates: none for the parameter {name!r} (the prefix '' fits all)")
    return rates[max(prefixes, key=len)]


def learning_rate_factor(step: int, warmup_steps: int, progress: float) -> float:
    """Linear warm-up, then half a cosine to zero (Loshchilov & Hutter, arXiv:1608.03983, without restarts).

    Args:
        step: From 0.
        warmup_steps: Length of the warm-up.
        progress: Share of the run that is over, by steps or by time.
    """
    warmup = min(1.0, (step + 1) / max(1, warmup_steps))
    return warmup * (1 + math.cos(math.pi * min(1.0, progress))) / 2


def optimizer_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimizer's memory, as ``parameter name/moment``."""
    return {
        f"{name}/{key}": value
        for name, parameter in trainable(model)
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def restore_optimizer(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` gave."""
    parameters = dict(trainable(model))
    for path, tensor in tensors.items():
        name, _, key = path.rpartition("/")
        optimizer.state[parameters[name]][key] = tensor


M = TypeVar("M", bound=nn.Module)


class AveragedWeights(Generic[M]):
    """An exponential moving average of a model's weights, which generalises better than the last ones.

    Attributes:
        model: A copy of the model with the averaged weights, in evaluation mode.
    """

    def __init__(self, model: M, decay: float) -> None:
        self.model: M = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after a step; early ones are forgotten sooner, as they are far from the end.

        Args:
            model: The model in training.
            step: From 0.
        """
        decay = min(self._decay, (1 + step) / (10 + step))
        averaged = dict(self.model.named_parameters())
        for name, parameter in trainable(model):
            averaged[name].lerp_(parameter, 1 - decay)
        for ours, theirs in zip(self.model.buffers(), model.buffers(), strict=True):
            ours.copy_(theirs)
