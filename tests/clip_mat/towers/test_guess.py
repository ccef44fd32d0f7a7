"""What geometry alone says of symmetry: what tells symmetries apart, what is learnt, and what the tower makes of it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from clip_mat.facts import CRYSTAL_SYSTEMS
from clip_mat.towers.chemistry import SPACEGROUPS, SYSTEM_OF_GROUP, Chemistry, Statements
from clip_mat.towers.guess import Guess, Residues, Truth
from clip_mat.towers.harmonics import harmonics
from clip_mat.towers.vocabulary import Vocabulary

CHANNELS = 6
VOCABULARY = Vocabulary()
FOLD = {"triclinic": 1, "monoclinic": 2, "trigonal": 3, "tetragonal": 4, "hexagonal": 6}


def tensors_around_an_axis(fold: int, seed: int, noise: float = 0.0) -> Tensor:
    """(1, c, 25): each channel the sum over a random arrow, turned about one axis and inverted."""
    rng = np.random.default_rng(seed)
    axis = Rotation.random(random_state=seed)
    arrows = []
    for _ in range(CHANNELS):
        arrow = rng.normal(size=(3, 3))  # three arrows a channel, so that no channel is special by itself
        turns = [Rotation.from_rotvec([0, 0, 2 * np.pi * k / fold]) for k in range(fold)]
        orbit = np.concatenate([turn.apply(arrow) for turn in turns])
        orbit = axis.apply(np.concatenate([orbit, -orbit]))
        arrows.append(orbit + noise * rng.normal(size=orbit.shape))
    unit = [orbit / np.linalg.norm(orbit, axis=1, keepdims=True) for orbit in arrows]
    return torch.stack([harmonics(torch.from_numpy(each)).mean(0) for each in unit]).float()[None]


def part(found: Tensor, name: str) -> Tensor:
    """One kind of residue, a number a channel."""
    place = ("biaxial", "beyond", "order", "zonal").index(name)
    return found[0, place * CHANNELS : (place + 1) * CHANNELS]


def test_residues_tell_the_axes_apart() -> None:
    residues = Residues(CHANNELS)
    found = {name: residues(tensors_around_an_axis(fold, seed=2)) for name, fold in FOLD.items()}
    for name in ("trigonal", "tetragonal", "hexagonal"):
        assert part(found[name], "biaxial").max() < -1.8
    for name in ("triclinic", "monoclinic"):
        assert part(found[name], "biaxial").median() > -1
    assert part(found["hexagonal"], "beyond").max() < -1.8
    assert part(found["tetragonal"], "beyond").median() > -1
    # the order of what is not zonal: 3 * 3² - 20 and 3 * 4² - 20 are as 1 to 4
    three, four = part(found["trigonal"], "order").abs(), part(found["tetragonal"], "order").abs()
    assert float(four.median() / three.median()) == pytest.approx(4, rel=0.02)


def test_residues_grow_with_the_departure_from_symmetry() -> None:
    residues = Residues(CHANNELS)
    seen = [part(residues(tensors_around_an_axis(4, 3, noise)), "biaxial").mean() for noise in (0.0, 0.01, 0.05, 0.3)]
    assert seen == sorted(seen)
    assert seen[1] - seen[0] > 0.2


@pytest.mark.parametrize("fold", FOLD.values())
def test_no_rotation_changes_residues(fold: int) -> None:
    residues = Residues(CHANNELS)
    orbit = torch.from_numpy(np.random.default_rng(1).normal(size=(CHANNELS, 9, 3)))
    turn = torch.from_numpy(Rotation.random(random_state=5).as_matrix())
    orbit = orbit / orbit.norm(dim=-1, keepdim=True)
    one, other = (harmonics(arrows).mean(1).float()[None] for arrows in (orbit, orbit @ turn.T))
    assert torch.allclose(residues(one), residues(other), atol=2e-4)
    assert residues(tensors_around_an_axis(fold, 4)).shape == (1, residues.size)


def test_the_loss_is_what_a_loop_says() -> None:
    generator = torch.Generator().manual_seed(0)
    group, prototype = torch.randn(3, 231, generator=generator), torch.randn(3, 5, generator=generator)
    truth = Truth(torch.tensor([225, 0, 14]), torch.tensor([[2, 3], [0, 0], [4, 0]]))
    surprise = -prototype.log_softmax(1)
    names = (surprise[0, 2] + surprise[0, 3]) / 2 + surprise[1, 0] + surprise[2, 4]
    groups = -group.log_softmax(1)[0, 225] - group.log_softmax(1)[2, 14]
    assert float(Guess(group, prototype).loss(truth)) == pytest.approx(float(groups + names) / 3, rel=1e-5)


def stated(groups: list[int]) -> Statements:
    n = len(groups)
    nothing = torch.zeros(n, 1)
    return Statements(
        element=torch.ones(n, 1, dtype=torch.int64),
        count=nothing + 1,
        fraction=nothing + 1,
        present=nothing > -1,
        whole=torch.ones(n, dtype=torch.bool),
        group=torch.tensor([[group, group] for group in groups]),
        system=torch.zeros(n, dtype=torch.int64),
        family=torch.zeros(n, 1, dtype=torch.int64),
        prototype=torch.zeros(n, 1, dtype=torch.int64),
    )


def test_a_sure_guess_speaks_as_the_truth_would_and_an_unsure_one_softly() -> None:
    torch.manual_seed(0)
    chemistry = Chemistry(16, VOCABULARY, 32)
    nothing = torch.full((3, SPACEGROUPS), -math.inf)
    groups = nothing.clone()
    groups[0, 225] = groups[2, 225] = 0
    groups[1, [62, 63, 14]] = 0
    prototypes = torch.zeros(3, len(VOCABULARY.prototypes) + 1)
    prototypes[:, 0] = 50
    blocks = chemistry.blocks(stated([0, 0, 14]))
    believed = chemistry.believe(blocks, stated([0, 0, 14]), Guess(groups, prototypes))
    told = chemistry.blocks(stated([225, 62, 14]))
    assert torch.allclose(believed["group"][0], told["group"][0], atol=1e-5)
    assert torch.allclose(believed["system"][0], told["system"][0], atol=1e-5)
    assert 0.1 < float(believed["group"][1].norm().detach()) < 0.9
    assert believed["prototype"][:2].abs().max() < 1e-5
    for name, block in blocks.items():  # what is told needs no guess, and composition is never guessed
        assert torch.equal(believed[name][2], block[2])
    for name in ("formula", "elements", "anonymous", "family"):
        assert torch.equal(believed[name], blocks[name])


def test_a_guess_of_groups_is_a_guess_of_systems() -> None:
    torch.manual_seed(0)
    chemistry = Chemistry(16, VOCABULARY, 32)
    groups = torch.full((1, SPACEGROUPS), -math.inf)
    groups[0, 216:231] = 0  # all cubic, none sure
    guess = Guess(groups, torch.zeros(1, len(VOCABULARY.prototypes) + 1))
    believed = chemistry.believe(chemistry.blocks(stated([0])), stated([0]), guess)
    cubic = torch.nn.functional.normalize(chemistry.system.weight[1 + CRYSTAL_SYSTEMS.index("cubic")], dim=0)
    assert int(SYSTEM_OF_GROUP[225]) == 1 + CRYSTAL_SYSTEMS.index("cubic")
    assert torch.allclose(believed["system"][0], cubic, atol=1e-5)


def test_padding_beside_names_says_nothing() -> None:
    torch.manual_seed(0)
    chemistry = Chemistry(16, VOCABULARY, 32)
    with torch.no_grad():
        chemistry.prototype.weight[0] = torch.randn(32)  # the guess learns a row of no name
    alone = replace(stated([225]), prototype=torch.tensor([[3]]))
    padded = replace(stated([225]), prototype=torch.tensor([[3, 0, 0]]))
    assert torch.equal(chemistry.blocks(alone)["prototype"], chemistry.blocks(padded)["prototype"])
    nameless = chemistry.blocks(stated([225]))["prototype"]
    wider = chemistry.blocks(replace(stated([225]), prototype=torch.zeros(1, 3, dtype=torch.int64)))["prototype"]
    assert torch.equal(nameless, wider)
