"""Two processes do what one does alone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn
from toy import CONFIG, ToySource, ToyTowers, rows, run

from clip_mat.errors import TrainingError
from clip_mat.training.checkpoints import FILE, read_checkpoint
from clip_mat.training.run import Trained

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
STEPS = 12
SCRIPT = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[2])
from test_ranks import run_without_dropout
run_without_dropout(Path(sys.argv[1]))
"""


def run_without_dropout(folder: Path) -> Trained[nn.Module]:
    """A batch of 5 in chunks of 2, so that two ranks have unequal shares of it."""
    return run(folder, replace(CONFIG, epochs=3), ToySource(batch=5, chunk=2), model=ToyTowers(dropout=0.0))


def as_rank(rank: int, port: int) -> dict[str, str]:
    """The variables that torchrun sets."""
    ours = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return {name: str(value) for name, value in ours.items()}


def assert_as_alone(folder: Path, alone: Path) -> None:
    for row, expected in zip(rows(folder / "steps.csv"), rows(alone / "steps.csv"), strict=True):
        for name in ("loss", "scale", "gradient_norm"):
            assert float(row[name]) == pytest.approx(float(expected[name]), abs=1e-5), (name, row["step"])
    found, place = read_checkpoint(folder, torch.device("cpu"))
    expected_tensors, expected_place = read_checkpoint(alone, torch.device("cpu"))
    assert place["place"]["step"] == expected_place["place"]["step"] == STEPS
    for name, tensor in expected_tensors.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-5, msg=name)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    run_without_dropout(folder)
    return folder


def test_two_ranks_train_as_one(alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rank 0 is this process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(HERE)]
    other = subprocess.Popen(command, env=os.environ | as_rank(1, port), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    for name, value in as_rank(0, port).items():
        monkeypatch.setenv(name, value)
    run_without_dropout(tmp_path)
    _, complaint = other.communicate(timeout=60)
    assert other.returncode == 0, complaint
    assert_as_alone(tmp_path, alone)


@pytest.mark.slow
def test_torchrun_starts_it_and_every_rank_refuses_a_taken_folder(alone: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    arguments = [str(tmp_path / "run"), str(HERE)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*command, *arguments], env=environment, check=True, capture_output=True, timeout=120)
    assert_as_alone(tmp_path / "run", alone)
    again = subprocess.run([*command, *arguments], env=environment, check=False, capture_output=True, timeout=120)
    assert again.returncode != 0
    assert again.stderr.count(f"{TrainingError.__name__}: {tmp_path / 'run'}: holds a run already".encode()) == 2
    assert (tmp_path / "run" / FILE).is_file()
