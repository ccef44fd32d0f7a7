"""The network that says which elements there are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from clip_mat.generate.composer import ELEMENTS, Composer, Kinds, place
from clip_mat.generate.conditions import Condition, Conditions, collate_conditions

VECTOR = 6


@pytest.fixture(scope="module")
def model() -> Composer:
    """With weights that leave no part silent."""
    torch.manual_seed(0)
    model = Composer(24, 2, VECTOR, 8).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def kinds() -> Kinds:
    return Kinds(torch.tensor([[0, 11, 0], [8, 0, 0]]), torch.tensor([[3, 2, 1], [4, 2, 0]]))


def asking(condition: Condition) -> Conditions:
    return collate_conditions([condition] * 2, VECTOR)


@torch.no_grad()
def test_other_kinds_are_other_elements_and_nothing_is_none(model: Composer) -> None:
    chances = model(kinds(), asking(Condition())).softmax(-1)
    assert chances.shape == (2, 3, ELEMENTS)
    assert not chances[..., 0].any()
    assert not chances[0, :, 11].any()
    assert not chances[1, :, 8].any()
    assert (chances[0, :, 8] > 0).all()


@torch.no_grad()
def test_the_order_of_kinds_means_nothing(model: Composer) -> None:
    order = torch.tensor([2, 0, 1])
    mixed = Kinds(kinds().numbers[:, order], kinds().counts[:, order])
    torch.testing.assert_close(
        model(mixed, asking(Condition())), model(kinds(), asking(Condition()))[:, order], rtol=1e-4, atol=1e-4
    )


@torch.no_grad()
def test_padding_is_not_seen(model: Composer) -> None:
    short = Kinds(kinds().numbers[1:, :2], kinds().counts[1:, :2])
    alone = model(short, collate_conditions([Condition()], VECTOR))
    torch.testing.assert_close(model(kinds(), asking(Condition()))[1:, :2], alone, rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize(
    "condition",
    [
        Condition(vector=np.ones(VECTOR, np.float32)),
        Condition(spacegroup=225),
        Condition(crystal_system="cubic"),
        Condition(gap="metal"),
        Condition(stability="stable"),
    ],
)
def test_every_condition_is_heard(model: Composer, condition: Condition) -> None:
    apart = model(kinds(), asking(condition)) - model(kinds(), asking(Condition()))
    assert apart.abs().max() > 1e-3


@torch.no_grad()
def test_amounts_and_known_elements_are_heard(model: Composer) -> None:
    told = model(kinds(), asking(Condition()))
    for other in (replace(kinds(), counts=torch.tensor([[2, 2, 1], [4, 2, 0]])),
                  replace(kinds(), numbers=torch.tensor([[0, 19, 0], [8, 0, 0]]))):  # fmt: skip
        assert (model(other, asking(Condition())) - told)[0, 0, 20:].abs().max() > 1e-3


def test_it_learns_which_elements_go_together() -> None:
    torch.manual_seed(0)
    model = Composer(16, 1, VECTOR, 8)
    pairs = torch.tensor([[11, 17], [12, 8], [55, 53]])
    asked = collate_conditions([Condition()] * 3, VECTOR)
    seen = Kinds(pairs * torch.tensor([1, 0]), torch.ones(3, 2, dtype=torch.int64))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(seen, asked)[:, 1], pairs[:, 1]).backward()
        optimizer.step()
    assert model.eval()(seen, asked)[:, 1].argmax(-1).tolist() == [17, 8, 53]


def test_periodic_table() -> None:
    places = {"Na": 11, "Cl": 17, "Ti": 22, "La": 57, "Lu": 71, "Hf": 72, "U": 92, "He": 2, "Al": 13}
    assert {symbol: place(number) for symbol, number in places.items()} == {
        "Na": (3, 1), "Cl": (3, 17), "Ti": (4, 4), "La": (6, 19), "Lu": (6, 19), "Hf": (6, 4), "U": (7, 19),
        "He": (1, 2), "Al": (3, 13),
    }  # fmt: skip
