"""What the network may and may not see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from clip_mat.errors import RequestError, WeightsError
from clip_mat.generate.cells import LatticeScale
from clip_mat.generate.conditions import Condition, collate_conditions
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig, Prediction, State
from clip_mat.generate.denoiser_weights import load_denoiser, save_denoiser
from clip_mat.weight_files import CONFIG, WEIGHTS

SMALL = DenoiserConfig(width=24, layers=2, heads=2, pair_width=8, condition_width=16, vector=6, most_atoms=8,
                       cells=(0, 1, 1, 1, 1, 1, 1, 1, 1))  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Denoiser:
    """With weights that leave no part silent."""
    torch.manual_seed(0)
    model = Denoiser(SMALL).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model


def states(batch: int = 3, atoms: int = 5) -> State:
    torch.manual_seed(1)
    return State(
        torch.tensor([11, 11, 17, 8, 3]).expand(batch, -1)[:, :atoms].contiguous(),
        torch.ones(batch, atoms, dtype=torch.bool),
        torch.rand(batch, atoms, 3),
        torch.randn(batch, 6),
        torch.rand(batch),
        torch.rand(batch),
    )


def nothing(batch: int = 3):
    return collate_conditions([Condition()] * batch, SMALL.vector)


def close(first: Prediction, second: Prediction) -> None:
    for name in ("velocity", "lattice_velocity", "spacegroup"):
        torch.testing.assert_close(getattr(first, name), getattr(second, name), rtol=1e-3, atol=1e-3)


@torch.no_grad()
def test_a_shift_of_all_atoms_changes_nothing(model: Denoiser) -> None:
    state = states()
    moved = replace(state, positions=(state.positions + torch.rand(3, 1, 3)) % 1.0)
    close(model(moved, nothing()), model(state, nothing()))


@torch.no_grad()
def test_whole_cells_change_nothing(model: Denoiser) -> None:
    state = states()
    moved = replace(state, positions=state.positions + torch.randint(-2, 3, (3, 5, 3)))
    close(model(moved, nothing()), model(state, nothing()))


@torch.no_grad()
def test_a_new_order_of_the_atoms_reorders_the_answer(model: Denoiser) -> None:
    state, order = states(), torch.tensor([3, 0, 4, 2, 1])
    told = model(state, nothing())
    mixed = model(replace(state, numbers=state.numbers[:, order], positions=state.positions[:, order]), nothing())
    close(mixed, replace(told, velocity=told.velocity[:, order]))


@torch.no_grad()
def test_padding_is_not_seen(model: Denoiser) -> None:
    state = states(atoms=3)
    zeros = torch.zeros(3, 2, dtype=torch.int64)
    padded = replace(
        state,
        numbers=torch.cat([state.numbers, zeros], dim=1),
        present=torch.cat([state.present, zeros.bool()], dim=1),
        positions=torch.cat([state.positions, torch.rand(3, 2, 3)], dim=1),
    )
    told, more = model(state, nothing()), model(padded, nothing())
    assert not more.velocity[:, 3:].any()
    close(replace(more, velocity=more.velocity[:, :3]), told)


def test_outside_training_the_answer_is_the_same(model: Denoiser) -> None:
    state = replace(states(), present=torch.arange(5) < torch.tensor([[5], [3], [1]]))
    learning = model(state, nothing())
    with torch.no_grad():
        told = model(state, nothing())
    for name in ("velocity", "lattice_velocity", "spacegroup"):
        torch.testing.assert_close(getattr(told, name), getattr(learning, name), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_velocities_do_not_shift_the_crystal(model: Denoiser) -> None:
    told = model(states(), nothing())
    assert told.velocity.abs().max() > 1e-3
    torch.testing.assert_close(told.velocity.mean(1), torch.zeros(3, 3), rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize(
    "condition",
    [
        Condition(vector=np.ones(6, np.float32)),
        Condition(spacegroup=225),
        Condition(crystal_system="cubic"),
        Condition(gap="metal"),
        Condition(stability="stable"),
    ],
)
def test_every_condition_is_heard(model: Denoiser, condition: Condition) -> None:
    heard = model(states(), collate_conditions([condition] * 3, SMALL.vector))
    assert (heard.velocity - model(states(), nothing()).velocity).abs().max() > 1e-4


def test_distance_to_the_nearest_image(model: Denoiser) -> None:
    cell = torch.diag(torch.tensor([3.0, 4.0, 5.0]))[None]
    apart = torch.tensor([[[[0.0, 0.0, 0.0], [1.4, 0.0, 0.0]], [[-1.4, 0.0, 0.0], [0.0, 0.0, 0.0]]]])
    found = model._nearest(apart, model.images @ cell)
    torch.testing.assert_close(found, torch.tensor([[[3.0, 1.4], [1.4, 3.0]]]))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"spacegroup": 231}, "231"),
        ({"crystal_system": "round"}, "round"),
        ({"gap": "none"}, "none"),
        ({"stability": "so-so"}, "so-so"),
        ({"vector": np.array([np.nan], np.float32)}, "not finite"),
    ],
)
def test_conditions_that_are_none(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(RequestError, match=told):
        Condition(**wrong)  # type: ignore[arg-type]


def test_a_vector_of_another_clip() -> None:
    with pytest.raises(RequestError, match="another Crystal CLIP"):
        collate_conditions([Condition(vector=np.ones(5, np.float32))], 6)


class TestWeights:
    def test_come_back(self, model: Denoiser, tmp_path) -> None:
        save_denoiser(model, tmp_path, "abc", {(2, 1): 3, (4,): 1})
        again, digest, clip, patterns = load_denoiser(tmp_path)
        assert (len(digest), clip, again.config) == (64, "abc", SMALL)
        assert patterns == {(2, 1): 3, (4,): 1}
        for name, value in model.state_dict().items():
            torch.testing.assert_close(again.state_dict()[name], value, rtol=1e-3, atol=1e-4)

    def test_half_precision_halves_the_file(self, model: Denoiser, tmp_path) -> None:
        save_denoiser(model, tmp_path / "half")
        save_denoiser(model, tmp_path / "whole", half=False)
        sizes = [(tmp_path / name / WEIGHTS).stat().st_size for name in ("half", "whole")]
        assert sizes[0] < 0.6 * sizes[1]

    @pytest.mark.parametrize("kept", [0, 7, 100, 2000])
    def test_truncated(self, model: Denoiser, tmp_path, kept: int) -> None:
        save_denoiser(model, tmp_path)
        (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes()[:kept])
        with pytest.raises(WeightsError, match="no usable denoiser"):
            load_denoiser(tmp_path)

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ('"layers": 2', '"layers": 3', "does not fit"),
            ('"width": 24', '"width": 26', "does not fit"),
            ('"width": 24', '"width": 25', "heads must divide"),
            ('"width": 24', '"breadth": 24', "unknown size"),
            ('"format": 2', '"format": 3', "upgrade"),
            ('"model"', '"models"', "no usable denoiser"),
            ('"most_atoms": 8', '"most_atoms": 9', "each number of atoms"),
            ("{", "[", "no usable denoiser"),
        ],
    )
    def test_a_config_that_does_not_fit(self, model: Denoiser, tmp_path, old: str, new: str, told: str) -> None:
        save_denoiser(model, tmp_path)
        text = (tmp_path / CONFIG).read_text()
        assert old in text
        (tmp_path / CONFIG).write_text(text.replace(old, new, 1))
        with pytest.raises(WeightsError, match=told):
            load_denoiser(tmp_path)

    def test_missing(self, tmp_path) -> None:
        with pytest.raises(WeightsError, match="no usable denoiser"):
            load_denoiser(tmp_path / "nowhere")

    def test_not_finite(self, tmp_path) -> None:
        broken = Denoiser(SMALL)
        torch.nn.init.constant_(broken.velocity.weight, float("nan"))
        save_denoiser(broken, tmp_path)
        with pytest.raises(WeightsError, match="not finite"):
            load_denoiser(tmp_path)


def test_scale_in_the_config() -> None:
    config = replace(SMALL, scale=LatticeScale((1.0,) * 6, (2.0,) * 6))
    assert DenoiserConfig.from_dict(config.to_dict()) == config
