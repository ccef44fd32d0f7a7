"""The exact gradient of a batch that is too large to keep in memory.

A contrastive loss needs all vectors of a batch at once, but not all activations: the vectors are computed without them
first, the loss gives its gradient at the vectors, and each micro-batch is embedded a second time to carry that
gradient to the weights (GradCache, Gao et al., arXiv:2101.06983).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from clip_mat.training.distributed import Ranks

Inputs = TypeVar("Inputs")
Embed = Callable[[Inputs], tuple[Tensor, Tensor]]
"""A micro-batch in; its texts' vectors (n, d) and its crystals' (n, d) out."""
Loss = Callable[[Tensor, Tensor], Tensor]
"""All texts' vectors and all crystals' in; a scalar out."""


@dataclass(frozen=True, slots=True)
class Accumulated:
    """What a backward pass over a batch found.

    Attributes:
        loss: Scalar, of the whole batch.
        crystals: (n, d), the crystals' vectors of all ranks, without gradient.
    """

    loss: Tensor
    crystals: Tensor


def accumulate(
    embed: Embed[Inputs], chunks: Sequence[Inputs], loss: Loss, ranks: Ranks, *, two_pass: bool = True
) -> Accumulated:
    """Add the gradient of the loss over all chunks of all ranks to the parameters' ``.grad``.

    The gradients still want summing over the ranks (`Ranks.sum_gradients`), those of the loss's own parameters too.
    The towers must not mix the samples of a batch (no batch normalisation). Dropout is the same in both passes.

    Args:
        embed: Runs the towers on one chunk.
        chunks: This rank's micro-batches.
        loss: Computed on the vectors of all ranks, in rank order.
        ranks: The processes that share the batch.
        two_pass: Keep no activations between chunks; without it every chunk is embedded once and its activations are
            held, which is a quarter faster where memory allows. The gradients are the same.
    """
    vectors: list[tuple[Tensor, Tensor]] = []
    replays: list[Callable[[], AbstractContextManager[None]]] = []
    with torch.set_grad_enabled(not two_pass):
        for chunk in chunks:
            replays.append(_random_state())
            vectors.append(embed(chunk))
    all_texts, own = ranks.gather(torch.cat([text.detach() for text, _ in vectors]))
    all_crystals, _ = ranks.gather(torch.cat([crystal.detach() for _, crystal in vectors]))
    value = loss(all_texts.requires_grad_(), all_crystals.requires_grad_())
    # Every rank computes the whole loss and gives its parameters one share of their gradient; at the vectors the
    # whole gradient is wanted, since no other rank backpropagates through these.
    (value / ranks.world).backward()
    sizes = [len(text) for text, _ in vectors]
    gradients = [_gradient(all_vectors)[own].split(sizes) for all_vectors in (all_texts, all_crystals)]
    for i, chunk in enumerate(chunks):
        if two_pass:
            with replays[i]():
                vectors[i] = embed(chunk)
        reached = [
            (vector, gradient[i] * ranks.world)
            for vector, gradient in zip(vectors[i], gradients, strict=True)
            if vector.requires_grad
        ]
        torch.autograd.backward([v for v, _ in reached], [g for _, g in reached])
    return Accumulated(value.detach(), all_crystals.detach())


def _gradient(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad


def _random_state() -> Callable[[], AbstractContextManager[None]]:
    """Remembers where torch's random numbers are; the returned context draws them again and then forgets it did."""
    cpu = torch.get_rng_state()
    cuda = torch.cuda.get_rng_state() if torch.cuda.is_initialized() else None

    @contextmanager
    def replay() -> Iterator[None]:
        devices = [] if cuda is None else [torch.cuda.current_device()]
        with torch.random.fork_rng(devices):
            torch.set_rng_state(cpu)
            if cuda is not None:
                torch.cuda.set_rng_state(cuda)
            yield

    return replay
