"""With one crystal a text, our losses are open_clip's."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import normalize

from clip_mat.training.losses import multi_positive_infonce, multi_positive_siglip


@pytest.fixture(scope="module")
def losses() -> tuple[torch.nn.Module, torch.nn.Module]:
    from open_clip.loss import ClipLoss, SigLipLoss

    return ClipLoss(), SigLipLoss()


def leaves(dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    random = torch.Generator().manual_seed(0)
    text, crystal = (torch.randn(16, 32, generator=random, dtype=dtype).requires_grad_() for _ in range(2))
    scale, bias = (torch.tensor(value, dtype=dtype).requires_grad_() for value in (14.0, -9.0))
    return text, crystal, scale, bias


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-14), (torch.float32, 1e-6)])
@pytest.mark.parametrize("name", ["clip", "siglip"])
def test_loss_and_gradients_agree_on_single_positives(
    losses: tuple[torch.nn.Module, torch.nn.Module], name: str, dtype: torch.dtype, tolerance: float
) -> None:
    clip, siglip = losses
    positives = torch.eye(16, dtype=torch.bool)
    ours, theirs = leaves(dtype), leaves(dtype)
    text, crystal = (normalize(x, dim=1) for x in ours[:2])
    their_text, their_crystal = (normalize(x, dim=1) for x in theirs[:2])
    if name == "clip":
        our_loss = multi_positive_infonce(text, crystal, positives, ours[2])
        their_loss = clip(their_crystal, their_text, theirs[2])
    else:
        our_loss = multi_positive_siglip(text, crystal, positives, ours[2], ours[3])
        their_loss = siglip(their_crystal, their_text, theirs[2], theirs[3])
    assert float(our_loss.detach()) == pytest.approx(float(their_loss.detach()), abs=tolerance)
    our_loss.backward()
    their_loss.backward()
    for our, their in zip(ours, theirs, strict=True):
        if their.grad is not None:
            assert our.grad is not None
            torch.testing.assert_close(our.grad, their.grad, rtol=0, atol=tolerance)
