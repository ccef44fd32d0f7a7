"""The losses against plain loops, and the memory against a gallery counted by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import normalize

from clip_mat.training.bank import Bank
from clip_mat.training.losses import (
    Memory,
    chemeleon_loss,
    multi_positive_infonce,
    multi_positive_siglip,
    with_side_loss,
)


def unit(n: int, d: int, seed: int) -> torch.Tensor:
    return normalize(torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)), dim=1)


def one_way(rows: torch.Tensor, positives: torch.Tensor) -> float:
    """Cross entropy to a uniform target, row by row; rows without a positive are left out."""
    losses = []
    for logits, fits in zip(rows.tolist(), positives.tolist(), strict=True):
        if not any(fits):
            continue
        total = sum(math.exp(x) for x in logits)
        wanted = [math.log(math.exp(x) / total) for x, yes in zip(logits, fits, strict=True) if yes]
        losses.append(-sum(wanted) / len(wanted))
    return sum(losses) / len(losses)


POSITIVES = torch.tensor(
    [
        [1, 1, 0, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 1],
        [0, 0, 0, 0, 0],
    ],
    dtype=torch.bool,
)


def test_infonce_is_what_a_loop_says() -> None:
    text, crystal = unit(4, 6, 0), unit(5, 6, 1)
    logits = 5.0 * text @ crystal.T
    expected = (one_way(logits, POSITIVES) + one_way(logits.T, POSITIVES.T)) / 2
    assert float(multi_positive_infonce(text, crystal, POSITIVES, 5.0)) == pytest.approx(expected, abs=1e-12)


def test_infonce_does_not_push_away_what_fits() -> None:
    """At the optimum, every crystal that fits a text is equally likely, and no gradient is left."""
    text = torch.eye(2, dtype=torch.float64).repeat_interleave(2, 0).requires_grad_()
    crystal = torch.eye(2, dtype=torch.float64).repeat_interleave(2, 0)
    positives = torch.tensor([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]], dtype=torch.bool)
    loss = multi_positive_infonce(text, crystal, positives, 100.0)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(math.log(2))
    assert text.grad is not None
    assert text.grad.abs().max() < 1e-12


def test_infonce_without_any_positive_is_zero_and_not_nan() -> None:
    text = unit(3, 4, 0).requires_grad_()
    loss = multi_positive_infonce(text, unit(3, 4, 1), torch.zeros(3, 3, dtype=torch.bool), 10.0)
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert text.grad is not None
    assert torch.equal(text.grad, torch.zeros_like(text))


def test_memory_is_a_gallery_without_the_batch() -> None:
    """Brute force: each text against the batch's crystals and every other one that was seen."""
    words = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    bank = Bank.empty(8, 6, torch.device("cpu"))
    old = unit(8, 6, 2).float()
    seen = [0, 1, 2, 3, 5, 6]
    bank.update(torch.tensor(seen), old[seen])
    rows = torch.tensor([3, 0, 5])
    text, crystal = unit(3, 6, 0), unit(3, 6, 1)
    fits = words[rows][:, None] == words
    memory = bank.beyond(rows, fits)
    memory = Memory(memory.vectors.double(), memory.usable, memory.positives)

    others = [i for i in seen if i not in rows.tolist()]
    gallery = torch.cat([crystal, old[others].double()])
    everywhere = torch.cat([fits[:, rows], fits[:, others]], dim=1)
    expected = (one_way(7.0 * text @ gallery.T, everywhere) + one_way(7.0 * crystal @ text.T, fits[:, rows].T)) / 2
    found = multi_positive_infonce(text, crystal, fits[:, rows], 7.0, memory)
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_memory_leaves_gradients_finite_and_takes_none() -> None:
    bank = Bank.empty(4, 3, torch.device("cpu"))
    bank.update(torch.tensor([0]), unit(1, 3, 0))
    text = unit(2, 3, 1).float().requires_grad_()
    crystal = unit(2, 3, 2).float().requires_grad_()
    memory = bank.beyond(torch.tensor([1, 2]), torch.ones(2, 4, dtype=torch.bool))
    multi_positive_infonce(text, crystal, torch.eye(2, dtype=torch.bool), 10.0, memory).backward()
    assert text.grad is not None
    assert text.grad.isfinite().all()
    assert not bank.vectors.requires_grad


def test_siglip_is_what_a_loop_says() -> None:
    text, crystal = unit(4, 6, 0), unit(5, 6, 1)
    logits = (5.0 * text @ crystal.T - 2.0).flatten().tolist()
    pairs = zip(logits, POSITIVES.flatten().tolist(), strict=True)
    expected = sum(math.log1p(math.exp(-x if yes else x)) for x, yes in pairs) / 4
    assert float(multi_positive_siglip(text, crystal, POSITIVES, 5.0, -2.0)) == pytest.approx(expected, abs=1e-12)


def test_chemeleon_points_to_the_largest_self_similarity() -> None:
    text = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0]])  # the third is so long that the first points to it
    crystal = torch.tensor([[1.0, 0.0], [0.0, 2.0], [2.0, 0.0]])
    logits = text @ crystal.T
    targets = torch.tensor([2, 1, 2])
    columns = torch.logsumexp(logits, 0) - logits[targets, torch.arange(3)]
    rows = torch.logsumexp(logits, 1) - logits[torch.arange(3), targets]
    assert float(chemeleon_loss(text, crystal)) == pytest.approx(float((rows.mean() + columns.mean()) / 2))


def test_chemeleon_knows_no_temperature() -> None:
    text, crystal = unit(6, 8, 0), unit(6, 8, 1)
    assert chemeleon_loss(3 * text, 3 * crystal) != chemeleon_loss(text, crystal)


def test_a_side_loss_is_learnt_with_the_vectors() -> None:
    """The gradient is that of the sum, and the vectors are as they were."""
    weight = unit(3, 4, 7).requires_grad_()
    vectors = with_side_loss(weight * 2, 0.3 * weight.square().sum())
    assert torch.equal(vectors, weight * 2)
    vectors.sin().sum().backward()
    assert weight.grad is not None
    assert torch.allclose(weight.grad, (2 * (2 * weight).cos() + 0.6 * weight).detach())
