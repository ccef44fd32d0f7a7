"""The shipped form of a model: what is written, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from clip_mat import CrystalClip
from clip_mat.clip import save_model
from clip_mat.crystal import Crystal
from clip_mat.errors import WeightsError
from clip_mat.sentence_encoder import packaged_folder
from clip_mat.towers.model import ModelConfig, TwoTowers
from clip_mat.weight_files import CONFIG, WEIGHTS

SMALL = ModelConfig(dimension=16, chemistry_width=16, atom_width=16, channels=4, rounds=1, text_width=32, text_layers=1)
CRYSTAL = Crystal.from_symbols(["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 4.12 * np.eye(3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("model")
    save_model(TwoTowers(SMALL, packaged_folder()), folder)
    return folder


def damaged(folder: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in (CONFIG, WEIGHTS):
        (copy / name).write_bytes((folder / name).read_bytes())
    return copy


def test_vectors_are_unit_and_of_the_stated_length(folder: Path) -> None:
    clip = CrystalClip.load(folder)
    for vectors in (clip.encode_text(["cesium chloride", "x"]), clip.encode_crystals([CRYSTAL])):
        assert vectors.dtype == np.float32
        assert vectors.shape[1] == clip.dimension == 16
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert clip.encode_text([]).shape == (0, 16)
    assert clip.encode_crystals([]).shape == (0, 16)


def test_loading_twice_gives_the_same_vectors(folder: Path) -> None:
    one, other = CrystalClip.load(folder), CrystalClip.load(folder)
    assert one.fingerprint == other.fingerprint
    assert np.array_equal(one.encode_text(["NaCl"]), other.encode_text(["NaCl"]))


def test_processes_change_nothing(folder: Path) -> None:
    crystals = [Crystal(CRYSTAL.numbers, CRYSTAL.positions, CRYSTAL.lattice * (1 + i / 200)) for i in range(70)]
    alone = CrystalClip.load(folder).encode_crystals(crystals)
    shared = CrystalClip.load(folder, processes=2).encode_crystals(crystals)
    assert np.array_equal(alone, shared)


def test_structures_of_pymatgen_are_crystals(folder: Path) -> None:
    clip = CrystalClip.load(folder)
    assert np.allclose(clip.encode_structures([CRYSTAL.to_structure()]), clip.encode_crystals([CRYSTAL]), atol=1e-5)


def test_only_what_the_pretrained_package_lacks_is_written(folder: Path) -> None:
    from safetensors.torch import load_file

    state = load_file(folder / WEIGHTS)
    assert not any(name.startswith("text.pretrained.") for name in state)
    assert len({value.data_ptr() for value in state.values()}) == len(state)


def test_towers_that_share_nothing_keep_both_chemistries(tmp_path: Path) -> None:
    """Each tower may have its own, to compare losses; both are written and read again."""
    torch.manual_seed(1)
    model = TwoTowers(replace(SMALL, shared=False), packaged_folder()).eval()
    assert not torch.equal(model.text.chemistry.element.weight, model.crystal.chemistry.element.weight)
    save_model(model, tmp_path, half=False)
    again = CrystalClip.load(tmp_path).model
    for name, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


@pytest.mark.parametrize("harm", ["no weights", "cut weights", "other sizes", "no JSON", "another format", "a pickle"])
def test_weights_that_do_not_fit_are_refused(folder: Path, tmp_path: Path, harm: str) -> None:
    copy = damaged(folder, tmp_path)
    config = json.loads((copy / CONFIG).read_text())
    if harm == "no weights":
        (copy / WEIGHTS).unlink()
    elif harm == "cut weights":
        (copy / WEIGHTS).write_bytes((copy / WEIGHTS).read_bytes()[:-100])
    elif harm == "other sizes":
        config["model"]["atom_width"] = 24
        (copy / CONFIG).write_text(json.dumps(config))
    elif harm == "no JSON":
        (copy / CONFIG).write_text("{")
    elif harm == "another format":
        (copy / CONFIG).write_text(json.dumps(config | {"format": 99}))
    else:
        torch.save({"weight": torch.zeros(3)}, copy / WEIGHTS)
    with pytest.raises(WeightsError, match="copy"):
        CrystalClip.load(copy)
