"""Sampling with a network that learnt nothing: what must hold all the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from clip_mat.crystal import Crystal
from clip_mat.errors import RequestError
from clip_mat.generate.cells import lattice_numbers, niggli
from clip_mat.generate.conditions import Condition
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig
from clip_mat.generate.sampler import TEMPERATURE, CrystalDenoiser, batches
from clip_mat.generate.starts import Start
from clip_mat.symmetry import find_symmetry

SALT = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], [[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.8, 0]])
SIZES = DenoiserConfig(width=24, layers=2, heads=2, pair_width=8, condition_width=16, vector=6, most_atoms=8,
                       cells=(0, 1, 1, 0, 2, 0, 0, 0, 0))  # fmt: skip


@pytest.fixture(scope="module")
def model() -> CrystalDenoiser:
    torch.manual_seed(0)
    network = Denoiser(SIZES)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.15)
    made = CrystalDenoiser(network)
    made._bfloat16 = False  # what is compared here is compared to the last digits
    return made


def same(one: Crystal, other: Crystal, within: float = 1e-3) -> bool:
    apart = one.positions - other.positions
    return (
        (one.numbers == other.numbers).all()
        and np.abs(apart - np.rint(apart)).max() < within
        and np.abs(one.lattice - other.lattice).max() < 10 * within
    )


def test_the_same_seed_in_any_company(model: CrystalDenoiser) -> None:
    starts = [Start.of({"Na": 2, "Cl": 2}), Start.open(5), Start.of({"Si": 3}), Start.near(SALT, 0.5)]
    conditions = [Condition(), Condition(spacegroup=12), Condition(crystal_system="cubic"), Condition()]
    together = model.sample(starts, conditions, steps=4, seed=[5, 6, 7, 8])
    for place in range(4):
        alone = model.sample([starts[place]], [conditions[place]], steps=4, seed=[5 + place])[0]
        assert same(alone.crystal, together[place].crystal)
        assert alone.spacegroup == together[place].spacegroup


def test_crystals_of_like_size_are_made_together() -> None:
    sizes = [20, 4, 4, 7, 20, 1, *[4] * 300, 8, 5]
    made = batches(sizes)
    assert sorted(row for rows in made for row in rows) == list(range(len(sizes)))
    assert max(map(len, made)) <= 128
    wasted = sum(max(sizes[row] for row in rows) * len(rows) for rows in made) - sum(sizes)
    assert wasted < 0.1 * sum(sizes)
    assert len(made) < 6  # few crystals fill up each other, rather than going through the network on their own
    assert batches([]) == []


def test_another_seed_another_crystal(model: CrystalDenoiser) -> None:
    starts = [Start.of({"Na": 1, "Cl": 1})] * 2
    first, second = model.sample(starts, [Condition()] * 2, steps=3, seed=3)
    assert not same(first.crystal, second.crystal)
    again = model.sample(starts, [Condition()] * 2, steps=3, seed=3)
    assert same(again[0].crystal, first.crystal)
    assert same(again[1].crystal, second.crystal)


def test_given_elements_are_kept(model: CrystalDenoiser) -> None:
    found = model.sample([Start(np.array([22, 0, 8, 8, 0]))], [Condition()], steps=2)[0].crystal
    assert found.numbers[[0, 2, 3]].tolist() == [22, 8, 8]
    assert (found.numbers > 0).all()


def test_open_elements_are_of_those_allowed(model: CrystalDenoiser) -> None:
    allowed = frozenset([3, 8, 25])
    samples = model.sample([Start.open(6, allowed)] * 4, [Condition()] * 4, steps=2)
    assert {int(number) for sample in samples for number in sample.crystal.numbers} <= allowed


def test_a_fixed_lattice_is_kept(model: CrystalDenoiser) -> None:
    start = Start(SALT.numbers, SALT, 0.0, fixed_lattice=True)
    found = model.sample([start], [Condition()], steps=5)[0].crystal
    np.testing.assert_allclose(
        lattice_numbers(found.lattice, 2), lattice_numbers(niggli(SALT).lattice, 2), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("time", [0.9, 1.0])
def test_a_late_start_stays_near(model: CrystalDenoiser, time: float) -> None:
    found = model.sample([Start.near(SALT, time)], [Condition()], steps=3, annealing=0.0)[0].crystal
    reduced = niggli(SALT)
    assert (found.numbers == reduced.numbers).all()
    apart = found.positions - reduced.positions
    apart -= np.rint(apart)
    assert np.abs(apart - apart.mean(0)).max() < 1e-5 + 2 * (1 - time)
    if time == 1:
        assert find_symmetry(found).prototype == find_symmetry(SALT).prototype  # type: ignore[union-attr]


def test_guidance_of_one_is_the_condition_alone(model: CrystalDenoiser) -> None:
    start, asked = [Start.of({"Na": 1, "Cl": 2})], [Condition(spacegroup=166, vector=np.ones(6, np.float32))]
    plain = model.sample(start, asked, steps=3, plan=False)[0].crystal
    assert same(model.sample(start, asked, steps=3, plan=False, guidance=1.0)[0].crystal, plain)
    assert same(model.sample(start, asked, steps=3, plan=False, guidance=1 + 1e-7)[0].crystal, plain)
    assert not same(model.sample(start, asked, steps=3, plan=False, guidance=5.0)[0].crystal, plain)
    silent = model.sample(start, [Condition()], steps=3, plan=False)[0].crystal
    assert same(model.sample(start, asked, steps=3, plan=False, guidance=1e-9)[0].crystal, silent)


def test_the_plan_is_in_the_system_asked_for(model: CrystalDenoiser) -> None:
    samples = model.sample([Start.of({"Na": 1})] * 8, [Condition(crystal_system="cubic")] * 8, steps=1)
    assert all(195 <= (sample.spacegroup or 0) <= 230 for sample in samples)
    free = model.sample([Start.of({"Na": 1})] * 8, [Condition()] * 8, steps=1, plan=False)
    assert {sample.spacegroup for sample in free} == {None}


def test_the_best_of_several(model: CrystalDenoiser) -> None:
    start, asked = [Start.of({"Na": 1, "Cl": 1})], [Condition()]
    found = model.sample(start, asked, steps=3, candidates=6)[0]
    assert found.score is not None
    assert 1 / 6 <= found.score <= 1
    assert model.sample(start, asked, steps=3)[0].score is None
    every = [found, *found.others]
    scores = [sample.score or 0.0 for sample in every]
    assert len(every) == 6
    assert scores == sorted(scores, reverse=True)
    assert len({sample.crystal.positions.tobytes() for sample in every}) == 6


def test_the_way_is_kept(model: CrystalDenoiser) -> None:
    sample = model.sample([Start.of({"Na": 2})], [Condition()], steps=5, trajectory=True)[0]
    assert len(sample.trajectory) == 6
    assert same(sample.trajectory[-1], sample.crystal)


def test_sizes_are_as_frequent_as_in_training(model: CrystalDenoiser) -> None:
    drawn = model.draw_sizes(4000)
    assert set(drawn) == {1, 2, 4}
    assert drawn.count(4) == pytest.approx(2000, rel=0.1)


def test_nothing_asked_nothing_made(model: CrystalDenoiser) -> None:
    assert model.sample([], []) == []


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Start.of({"Na": 1, "Xx": 1}), "Xx"),
        (lambda: Start.open(0), "at least one atom"),
        (lambda: Start(np.array([104])), "104"),
        (lambda: Start(np.array([11]), SALT), "2 atoms"),
        (lambda: Start(np.array([11]), time=0.5), "without a crystal"),
        (lambda: Start.near(SALT, 1.5), r"1\.5"),
        (lambda: Start.open(2, frozenset()), "allowed"),
        (lambda: Start(np.zeros(2, np.int64), kinds=np.zeros(3, np.int64)), "kind of each atom"),
    ],
)
def test_starts_that_are_none(make, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        make()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"starts": [Start.open(9)]}, "9 atoms"),
        ({"conditions": []}, "one for each"),
        ({"steps": 0}, "at least 1"),
        ({"candidates": 0}, "at least 1"),
        ({"seed": [1, 2]}, "2 seeds"),
    ],
)
def test_requests_that_cannot_be_met(model: CrystalDenoiser, arguments: dict[str, object], told: str) -> None:
    given: dict[str, object] = {"starts": [Start.open(2)], "conditions": [Condition()]} | arguments
    with pytest.raises(RequestError, match=told):
        model.sample(**given)  # type: ignore[arg-type]


def test_rotated_starts_are_one(model: CrystalDenoiser) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    turned = replace(SALT, lattice=SALT.lattice @ turn)
    one, other = (model.sample([Start.near(c, 0.7)], [Condition()], steps=3)[0].crystal for c in (SALT, turned))
    first, second = lattice_numbers(one.lattice, 2), lattice_numbers(other.lattice, 2)
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_atoms_of_one_kind_get_one_element_and_other_kinds_others(model: CrystalDenoiser) -> None:
    starts = [Start.pattern((3, 2, 1)), Start.pattern((4, 2), [8]), Start.pattern((1, 1, 1, 1, 1, 1))]
    for start, sample in zip(starts, model.sample(starts, [Condition()] * 3, steps=1), strict=True):
        numbers = sample.crystal.numbers
        assert start.kinds is not None
        found = {kind: set(numbers[start.kinds == kind].tolist()) for kind in start.kinds.tolist()}
        assert all(len(elements) == 1 for elements in found.values())
        assert len(set().union(*found.values())) == len(found)
        assert set(numbers[start.numbers > 0].tolist()) == set(start.numbers[start.numbers > 0].tolist())


def test_elements_are_drawn_first_and_can_be_drawn_alone(model: CrystalDenoiser) -> None:
    starts = [Start.pattern((3, 2, 1)), Start.of({"Na": 2}), Start.pattern((4, 2), [8])]
    conditions = [Condition(), Condition(), Condition(vector=np.ones(6, np.float32))]
    drawn = model.compose(starts, conditions, seed=[4, 5, 6])
    assert all(start.numbers.all() for start in drawn)
    assert drawn[1] is starts[1]
    for start, sample in zip(drawn, model.sample(starts, conditions, steps=1, seed=[4, 5, 6]), strict=True):
        assert start.numbers.tolist() == sample.crystal.numbers.tolist()
    others = model.compose(starts, conditions, seed=[7, 8, 9])
    assert others[0].numbers.tolist() != drawn[0].numbers.tolist()
    assert others[2].numbers[:4].tolist() == [8] * 4


def test_elements_are_drawn_as_the_network_says(model: CrystalDenoiser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 2,000 draws of one element, three in four are to be oxygen and one in four sulfur, at the temperature."""
    told = torch.full((2000, 1, 104), -1e4)
    told[..., 8], told[..., 16] = TEMPERATURE * float(np.log(0.75)), TEMPERATURE * float(np.log(0.25))
    monkeypatch.setattr(model, "_elements", lambda *_: told)
    drawn = model.compose([Start.pattern((2,))] * 2000, [Condition()] * 2000)
    numbers = [int(start.numbers[0]) for start in drawn]
    assert set(numbers) == {8, 16}
    assert numbers.count(8) / 2000 == pytest.approx(0.75, abs=0.04)


def test_patterns_are_as_frequent_as_in_the_training_set(model: CrystalDenoiser) -> None:
    knowing = CrystalDenoiser(model.model, patterns={(2, 1): 3, (4,): 1})
    drawn = knowing.draw_patterns(4000)
    assert 0.7 < drawn.count((2, 1)) / 4000 < 0.8
    assert set(drawn) == {(2, 1), (4,)}
    assert drawn == knowing.draw_patterns(4000)
    assert all(set(pattern) == {1} for pattern in model.draw_patterns(10))
