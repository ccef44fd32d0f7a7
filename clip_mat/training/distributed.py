"""Several processes that train one model, started by ``torchrun``; or one, started by nothing.

Each process ("rank") embeds its own share of the batch. The vectors are gathered, every rank computes the loss of the
whole batch, and the gradients are summed: the result is that of one process with the whole batch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from clip_mat.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Ranks:
    """This process among those that train together.

    Attributes:
        rank: This process, from 0; rank 0 writes the files.
        world: How many there are.
    """

    rank: int = 0
    world: int = 1

    def gather(self, tensor: Tensor) -> tuple[Tensor, slice]:
        """The rows of all ranks, in rank order.

        Args:
            tensor: (n, ...); n may differ between ranks, the rest may not.

        Returns:
            All rows, without gradient, and where this rank's are among them.
        """
        tensor = tensor.detach()
        if self.world == 1:
            return tensor, slice(0, len(tensor))
        counts = self._counts(tensor)
        padded = tensor.new_zeros(max(counts), *tensor.shape[1:])
        padded[: len(tensor)] = tensor
        parts = [torch.empty_like(padded) for _ in range(self.world)]
        distributed.all_gather(parts, padded)
        rows = torch.cat([part[:count] for part, count in zip(parts, counts, strict=True)])
        start = sum(counts[: self.rank])
        return rows, slice(start, start + len(tensor))

    def _counts(self, tensor: Tensor) -> list[int]:
        own = torch.tensor([len(tensor)], device=tensor.device)
        counts = [torch.empty_like(own) for _ in range(self.world)]
        distributed.all_gather(counts, own)
        return [int(count) for count in counts]

    def sum_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace every gradient by its sum over the ranks; a missing one counts as zero."""
        if self.world == 1:
            return
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in trained])
        distributed.all_reduce(flat)
        sizes = [parameter.numel() for parameter in trained]
        for parameter, gradient in zip(trained, flat.split(sizes), strict=True):
            parameter.grad = gradient.view_as(parameter)

    def largest(self, *values: float, device: torch.device) -> list[float]:
        """The largest of each value over the ranks, so that all of them decide alike."""
        if self.world == 1:
            return list(values)
        shared = torch.tensor(values, dtype=torch.float64, device=device)
        distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
        return [float(value) for value in shared]

    def copy_from_first(self, module: nn.Module) -> None:
        """Give every rank the weights of rank 0."""
        if self.world > 1:
            for tensor in module.state_dict().values():
                distributed.broadcast(tensor, src=0)


def speaks_for_all() -> bool:
    """Whether this process is the first of those that ``torchrun`` started, or alone; it writes and tells."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined(device: str) -> Iterator[tuple[Ranks, torch.device]]:
    """Join the processes that ``torchrun`` started, or stand alone.

    Args:
        device: A torch device, or "auto": CUDA where there is one, else the CPU.

    Yields:
        This process among the others, and the device that it computes on.
    """
    place = chosen_device(device)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks(), place
        return
    distributed.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), world), place
    finally:
        distributed.destroy_process_group()


def chosen_device(name: str) -> torch.device:
    """A device by name, which becomes this process's own; "auto" is CUDA where there is one, else the CPU.

    Raises:
        TrainingError: If torch knows no such device, or sees none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda":
        name = f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise TrainingError(f"device {name!r}: torch knows no such device (say auto, cpu or cuda)") from error
    if device.type == "cuda":
        if not torch.cuda.is_available():
            raise TrainingError(f"device {name!r}: this torch sees no CUDA device (say auto or cpu)")
        torch.cuda.set_device(device)
    return device
