"""A batch in pieces has the loss and the gradients of the whole batch."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize
from toy import ToySource, ToyTowers

from clip_mat.training.accumulate import accumulate
from clip_mat.training.data import Chunk
from clip_mat.training.distributed import Ranks
from clip_mat.training.losses import multi_positive_infonce


def gradients(model: ToyTowers, chunk: int, two_pass: bool) -> tuple[float, dict[str, Tensor]]:
    (batch,) = ToySource(size=12, batch=12, chunk=chunk).epoch(0, 0, 1)
    model.zero_grad()
    torch.manual_seed(5)

    def embed(part: Chunk) -> tuple[Tensor, Tensor]:
        return model.embed_text(part.text), model.embed_crystals(part.crystals)

    def loss(text: Tensor, crystal: Tensor) -> Tensor:
        text, crystal = normalize(text, dim=1), normalize(crystal, dim=1)
        return multi_positive_infonce(text, crystal, batch.positives, model.log_scale.exp())

    found = accumulate(embed, batch.chunks, loss, Ranks(), two_pass=two_pass)
    grads = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    return float(found.loss), grads


@pytest.mark.parametrize("two_pass", [True, False])
@pytest.mark.parametrize("chunk", [1, 5, 12])
def test_pieces_equal_the_whole(chunk: int, two_pass: bool) -> None:
    model = ToyTowers(dropout=0.0)
    (batch,) = ToySource(size=12, batch=12, chunk=12).epoch(0, 0, 1)
    text = normalize(model.embed_text(batch.chunks[0].text), dim=1)
    crystal = normalize(model.embed_crystals(batch.chunks[0].crystals), dim=1)
    whole = multi_positive_infonce(text, crystal, batch.positives, model.log_scale.exp())
    whole.backward()
    expected = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}

    loss, found = gradients(model, chunk, two_pass)
    assert loss == pytest.approx(float(whole.detach()), abs=1e-6)
    assert found.keys() == expected.keys() == dict(model.named_parameters()).keys() - {"bias"}
    for name, gradient in expected.items():
        assert gradient.abs().max() > 0
        torch.testing.assert_close(found[name], gradient, rtol=0, atol=1e-6)


def test_dropout_is_the_same_in_both_passes() -> None:
    model = ToyTowers(dropout=0.5)
    loss, once = gradients(model, 5, two_pass=False)
    after_once = torch.rand(3)
    again, twice = gradients(model, 5, two_pass=True)
    assert torch.equal(torch.rand(3), after_once)  # and the second pass leaves no trace in the random numbers
    assert again == loss
    for name, gradient in once.items():
        torch.testing.assert_close(twice[name], gradient, rtol=0, atol=1e-7)
    assert loss != pytest.approx(gradients(ToyTowers(dropout=0.0), 5, two_pass=False)[0], abs=1e-3)


def test_a_frozen_tower_takes_no_part() -> None:
    model = ToyTowers(dropout=0.0)
    _, free = gradients(model, 5, two_pass=True)
    model.text.requires_grad_(False)
    _, found = gradients(model, 5, two_pass=True)
    torch.testing.assert_close(found["crystal.3.weight"], free["crystal.3.weight"], rtol=0, atol=1e-7)
