"""Weights in a folder: what is written comes back, and what is none is told in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from clip_mat.errors import WeightsError
from clip_mat.weight_files import CONFIG, WEIGHTS, SavedWeights, read_weights, write_weights


def read(folder: Path) -> SavedWeights[int]:
    def parse(config: Mapping[str, Any]) -> int:
        return int(config["model"]["width"])

    return read_weights(folder, "toy", 3, parse)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    write_weights(tmp_path / "toy", nn.Linear(2, 2).state_dict(), {"format": 3, "model": {"width": 2}}, half=False)
    return tmp_path / "toy"


def test_there_and_back(folder: Path) -> None:
    saved = read(folder)
    model = nn.Linear(2, 2)
    saved.put_into(model)
    torch.manual_seed(0)
    assert torch.equal(model.weight, nn.Linear(2, 2).weight)
    assert saved.config == 2
    assert [path.name for path in sorted(folder.iterdir())] == [CONFIG, WEIGHTS]  # nothing unfinished is left


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("", "config.json is no JSON"),
        ("[1]", "config.json is of another kind"),
        ("{}", "config.json lacks 'format'"),
        ('{"format": 3}', "config.json lacks 'model'"),
        ('{"format": 3, "model": {"width": "two"}}', "config.json is of another kind: invalid literal"),
        ('{"format": 2}', "weights of format 2; this version reads a toy of format 3"),
    ],
)
def test_a_configuration_that_is_none(folder: Path, config: str, told: str) -> None:
    (folder / CONFIG).write_text(config)
    with pytest.raises(WeightsError) as failed:
        read(folder)
    assert told in str(failed.value)
    assert str(folder) in str(failed.value)
    assert "name a folder of one" in str(failed.value)


def test_weights_that_are_none(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"model\.safetensors is damaged, or no safetensors file"):
        read(folder)
    torch.save({"weight": torch.zeros(3)}, folder / WEIGHTS)  # a pickle is not opened
    with pytest.raises(WeightsError, match=r"model\.safetensors is damaged, or no safetensors file"):
        read(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(WeightsError, match=r"model\.safetensors: No such file"):
        read(folder)


def test_weights_of_another_network(folder: Path) -> None:
    with pytest.raises(WeightsError, match=r"does not fit its configuration \(bias and 0 more\)"):
        read(folder).put_into(nn.Linear(2, 2, bias=False))
    with pytest.raises(WeightsError, match=r"does not fit its configuration .*size mismatch"):
        read(folder).put_into(nn.Linear(3, 2))
    config = json.loads((folder / CONFIG).read_text())
    write_weights(folder, {"weight": torch.full((2, 2), float("inf")), "bias": torch.zeros(2)}, config, half=False)
    with pytest.raises(WeightsError, match="not finite"):
        read(folder).put_into(nn.Linear(2, 2))
