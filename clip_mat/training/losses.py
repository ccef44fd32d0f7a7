"""What it means for a text and a crystal to agree, as a number to make small.

Every function takes the vectors of a batch, row i of the texts written for row i of the crystals; `positives[i, j]`
says that text i is true of crystal j. Several crystals may fit one text ("hexagonal ZnO"), and none of them may be
pushed away from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

MAX_LOG_SCALE = math.log(100)
"""Bound of the learned inverse temperature's logarithm, CLIP's (arXiv:2103.00020, section 2.5); the least is 0."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Crystals beyond the batch that a text is told apart from, as they were last seen.

    Attributes:
        vectors: (N, d), unit length, no gradient.
        usable: (N,) bool; false for members of the batch and for what was never seen.
        positives: (n, N) bool, the batch's texts against all N crystals.
    """

    vectors: Tensor
    usable: Tensor
    positives: Tensor


def multi_positive_infonce(
    text: Tensor, crystal: Tensor, positives: Tensor, scale: Tensor | float, memory: Memory | None = None
) -> Tensor:
    """InfoNCE both ways, with the target spread evenly over everything that fits.

    CLIP's symmetric cross entropy (arXiv:2103.00020, figure 3), each row's target being uniform over its positives, as
    in SupCon's L_out (Khosla et al., arXiv:2004.11362, equation 2). With one positive a row it is CLIP's loss. With a
    memory (XBM, Wang et al., arXiv:1912.06798) a text is compared with the batch's crystals and the remembered ones.

    Args:
        text: (n, d), unit length.
        crystal: (m, d), unit length.
        positives: (n, m) bool. Rows and columns without a positive have nothing to say and are left out.
        scale: Inverse temperature.
        memory: Further crystals for the direction from text to crystal.

    Returns:
        Scalar, the mean of both directions.
    """
    logits = scale * text @ crystal.T
    backward = _soft_cross_entropy(logits.T, positives.T)
    if memory is not None:
        far = (scale * text @ memory.vectors.T).masked_fill(~memory.usable, -math.inf)
        logits = torch.cat([logits, far], dim=1)
        positives = torch.cat([positives, memory.positives & memory.usable], dim=1)
    return (_soft_cross_entropy(logits, positives) + backward) / 2


def _soft_cross_entropy(logits: Tensor, positives: Tensor) -> Tensor:
    """Mean over the rows with a positive of the cross entropy to the uniform distribution over its positives.

    Args:
        logits: (n, m); -inf where there is no candidate.
        positives: (n, m) bool.
    """
    counts = positives.sum(dim=1)
    wanted = torch.where(positives, logits, 0.0).sum(dim=1) / counts.clamp(min=1)
    losses = (torch.logsumexp(logits, dim=1) - wanted) * (counts > 0)
    return losses.sum() / (counts > 0).sum().clamp(min=1)


def multi_positive_siglip(
    text: Tensor, crystal: Tensor, positives: Tensor, scale: Tensor | float, bias: Tensor | float
) -> Tensor:
    """SigLIP: every pair is a yes-or-no question of its own (Zhai et al., arXiv:2303.15343, equation 1).

    Args:
        text: (n, d), unit length.
        crystal: (m, d), unit length.
        positives: (n, m) bool.
        scale: Inverse temperature.
        bias: Added to every logit; starts at about -10, since nearly all pairs are negative.

    Returns:
        Scalar, the sum over pairs divided by n.
    """
    logits = scale * text @ crystal.T + bias
    signs = positives.to(logits.dtype) * 2 - 1
    return -functional.logsigmoid(signs * logits).sum() / len(text)


def single_positive_clip(text: Tensor, crystal: Tensor, scale: Tensor | float) -> Tensor:
    """CLIP's own loss, by open_clip: only the crystal that a text was written for is right.

    Args:
        text: (n, d), unit length.
        crystal: (n, d), unit length.
        scale: Inverse temperature.

    Returns:
        Scalar, the mean of both directions.
    """
    return _open_clip_loss()(crystal, text, scale)


@cache
def _open_clip_loss() -> Callable[[Tensor, Tensor, Tensor | float], Tensor]:
    from open_clip.loss import ClipLoss

    loss: Callable[[Tensor, Tensor, Tensor | float], Tensor] = ClipLoss()
    return loss


def chemeleon_loss(text: Tensor, crystal: Tensor) -> Tensor:
    """The loss of Chemeleon's Crystal CLIP, to compare with.

    No normalisation, no temperature, and the model's own similarities decide what the targets are: row i should point
    to the crystal where the mean of the two self-similarity matrices is largest, which is mostly i itself.

    Args:
        text: (n, d), of any length.
        crystal: (n, d), of any length.

    Returns:
        Scalar, the mean of both directions.
    """
    logits = text @ crystal.T
    with torch.no_grad():
        similarity = (crystal @ crystal.T + text @ text.T) / 2  # the softmax over it would not move the largest
    to_crystal = functional.cross_entropy(logits, similarity.argmax(dim=1))
    to_text = functional.cross_entropy(logits.T, similarity.argmax(dim=0))
    return (to_crystal + to_text) / 2


def with_side_loss(vectors: Tensor, loss: Tensor) -> Tensor:
    """The vectors unchanged; whoever takes a gradient through them minimises the loss as well.

    So a tower's own loss needs no place of its own in the exact accumulation of a batch.

    Args:
        vectors: (n, d).
        loss: Scalar.
    """
    joined: Tensor = _SideLoss.apply(vectors, loss)
    return joined


class _SideLoss(torch.autograd.Function):
    @staticmethod
    def forward(_context: Any, vectors: Tensor, _loss: Tensor) -> Tensor:
        return vectors.view_as(vectors)

    @staticmethod
    def backward(_context: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        return gradient, gradient.new_ones(())
