"""Whole runs of a small model: they learn, repeat themselves, and survive being stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from toy import CONFIG, ToySource, ToyTowers, rows, run, told

from clip_mat.errors import TrainingError
from clip_mat.training.checkpoints import FILE, read_checkpoint, write_checkpoint
from clip_mat.training.data import Batch, batches
from clip_mat.training.optimization import learning_rate_factor, make_optimizer
from clip_mat.training.run import Trained
from clip_mat.training.trainer import train


def assert_same(ours: nn.Module, theirs: nn.Module) -> None:
    for (name, one), other in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained[nn.Module]]:
    """A run that nothing interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, run(folder)


@pytest.mark.parametrize("loss", ["infonce", "siglip", "clip", "chemeleon"])
def test_learns_a_small_set_by_heart(tmp_path: Path, loss: Any) -> None:
    rates = {"": 3e-2}
    config = replace(CONFIG, epochs=40, loss=loss, bank=loss == "infonce", evaluate_every=40, learning_rates=rates)
    trained = run(tmp_path, config, ToySource(chunk=8, distinct=loss == "infonce"), model=ToyTowers(dropout=0.0))
    assert trained.summary.metrics == {"R@1": 1.0}
    assert trained.summary.finished
    assert trained.summary.steps == 120


def test_same_seed_same_weights(whole: tuple[Path, Trained[nn.Module]], tmp_path: Path) -> None:
    assert_same(run(tmp_path).model, whole[1].model)
    other = run(tmp_path / "other", replace(CONFIG, seed=1)).model  # another dropout
    assert any(not torch.equal(a, b) for a, b in zip(other.parameters(), whole[1].model.parameters(), strict=True))


def test_a_worker_process_changes_nothing(whole: tuple[Path, Trained[nn.Module]], tmp_path: Path) -> None:
    assert_same(run(tmp_path, replace(CONFIG, workers=1)).model, whole[1].model)


def test_logs_tell_every_step(whole: tuple[Path, Trained[nn.Module]]) -> None:
    folder, trained = whole
    steps = rows(folder / "steps.csv")
    assert [int(row["step"]) for row in steps] == list(range(1, 19))
    assert [int(row["epoch"]) for row in steps] == [epoch for epoch in range(6) for _ in range(3)]
    assert [int(row["step"]) for row in rows(folder / "validation.csv")] == [6, 12, 18]
    assert float(rows(folder / "validation.csv")[-1]["R@1"]) == trained.summary.metrics["R@1"]
    assert list((folder / "tensorboard").glob("events.*"))


class Stopped(ToySource):
    """Sends its own process SIGTERM in the middle of the third epoch."""

    def epoch(self, number: int, rank: int, world: int) -> Iterator[Batch]:
        for position, batch in enumerate(super().epoch(number, rank, world)):
            if (number, position) == (2, 1):
                os.kill(os.getpid(), signal.SIGTERM)
            yield batch


def test_sigterm_ends_the_run_and_resume_continues_it(whole: tuple[Path, Trained[nn.Module]], tmp_path: Path) -> None:
    handler = signal.getsignal(signal.SIGTERM)
    part = run(tmp_path, source=Stopped())
    assert signal.getsignal(signal.SIGTERM) is handler
    assert not part.summary.finished
    assert part.summary.steps == 8
    assert part.summary.epochs == pytest.approx(2 + 2 / 3)
    rest = run(tmp_path, resume=True)
    assert rest.summary.finished
    assert_same(rest.model, whole[1].model)
    assert told(tmp_path / "steps.csv") == told(whole[0] / "steps.csv")
    assert told(tmp_path / "validation.csv") == told(whole[0] / "validation.csv")


KILLED_WHILE_WRITING = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path

import safetensors.torch
sys.path.insert(0, sys.argv[2])
from toy import CONFIG, run

write, calls = safetensors.torch.save_file, []

def half(tensors, path, metadata):
    calls.append(path)
    write(tensors, path, metadata)
    if len(calls) == 5:
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

safetensors.torch.save_file = half
run(Path(sys.argv[1]), replace(CONFIG, checkpoint_minutes=1e-9))
"""


def test_sigkill_while_a_checkpoint_is_written_loses_one_step(
    whole: tuple[Path, Trained[nn.Module]], tmp_path: Path
) -> None:
    script = [sys.executable, "-c", KILLED_WHILE_WRITING, str(tmp_path), str(Path(__file__).parent)]
    done = subprocess.run(script, check=False, capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (tmp_path / f"{FILE}.partial").exists()
    _, state = read_checkpoint(tmp_path, torch.device("cpu"))
    assert state["place"]["step"] == 3  # checkpoints: before the first step, then one a step
    assert_same(run(tmp_path, resume=True).model, whole[1].model)
    assert told(tmp_path / "steps.csv") == told(whole[0] / "steps.csv")
    assert not (tmp_path / f"{FILE}.partial").exists()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_checkpoint_is_refused(
    whole: tuple[Path, Trained[nn.Module]], tmp_path: Path, share: float
) -> None:
    content = (whole[0] / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content[: int(share * len(content))])
    with pytest.raises(TrainingError, match=rf"{FILE}: damaged checkpoint"):
        run(tmp_path, resume=True)


def test_a_flipped_bit_is_noticed(whole: tuple[Path, Trained[nn.Module]], tmp_path: Path) -> None:
    content = bytearray((whole[0] / FILE).read_bytes())
    content[-100] ^= 4
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(TrainingError, match=rf"{FILE}: damaged checkpoint"):
        run(tmp_path, resume=True)


def test_a_run_is_neither_overwritten_nor_invented(whole: tuple[Path, Trained[nn.Module]], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds a run already"):
        run(whole[0])
    with pytest.raises(TrainingError, match="no checkpoint to resume from"):
        run(tmp_path, resume=True)


def test_resume_refuses_another_run(whole: tuple[Path, Trained[nn.Module]]) -> None:
    with pytest.raises(TrainingError, match="seed=0, not 1"):
        run(whole[0], replace(CONFIG, seed=1), resume=True)
    with pytest.raises(TrainingError, match="size=24, not 16"):
        run(whole[0], source=ToySource(size=16), resume=True)
    with pytest.raises(TrainingError, match="of another model"):
        train(ToyTowers(width=9), ToySource(), CONFIG, whole[0], device="cpu", resume=True)


def test_a_finished_run_stays_as_it_is(whole: tuple[Path, Trained[nn.Module]]) -> None:
    again = run(whole[0], resume=True)
    assert again.summary.steps == whole[1].summary.steps
    assert again.summary.metrics == whole[1].summary.metrics
    assert_same(again.model, whole[1].model)


def test_tied_weights_survive(tmp_path: Path) -> None:
    shared = torch.arange(6.0)
    write_checkpoint(tmp_path, {"a": shared, "b": shared.view(2, 3), "c": shared[::2]}, {"step": 1})
    tensors, state = read_checkpoint(tmp_path, torch.device("cpu"))
    assert state == {"step": 1}
    assert torch.equal(tensors["a"].view(2, 3), tensors["b"])
    assert tensors["c"].tolist() == [0, 2, 4]


class Slow(ToySource):
    def epoch(self, number: int, rank: int, world: int) -> Iterator[Batch]:
        for batch in super().epoch(number, rank, world):
            time.sleep(0.02)
            yield batch


def test_a_time_limit_ends_the_run_with_the_learning_rate_at_zero(tmp_path: Path) -> None:
    trained = run(tmp_path, replace(CONFIG, epochs=None, minutes=0.6 / 60, warmup_steps=1), Slow())
    assert 0.6 <= trained.summary.hours * 3600 < 2
    rates = [float(row["learning_rate"]) for row in rows(tmp_path / "steps.csv")]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == pytest.approx(1e-2, rel=1e-2)
    assert rates[-1] < 1e-3


def test_the_schedule_warms_up_and_cools_down() -> None:
    assert learning_rate_factor(0, 10, 0.0) == pytest.approx(0.1)
    assert learning_rate_factor(9, 10, 0.0) == 1.0
    assert learning_rate_factor(99, 10, 0.5) == pytest.approx(0.5)
    assert learning_rate_factor(99, 10, 1.0) == 0.0


def test_rates_go_by_the_longest_prefix_and_decay_spares_what_is_no_matrix() -> None:
    config = replace(CONFIG, learning_rates={"": 1e-3, "text": 1e-4, "text.2": 1e-5}, weight_decay=0.1)
    model = ToyTowers()
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups = make_optimizer(model, config).param_groups
    found = {names[id(p)]: (group["peak"], group["weight_decay"]) for group in groups for p in group["params"]}
    assert found == {
        "text.0.weight": (1e-4, 0.0),
        "text.2.weight": (1e-5, 0.1),
        "text.2.bias": (1e-5, 0.0),
        "crystal.0.weight": (1e-3, 0.1),
        "crystal.0.bias": (1e-3, 0.0),
        "crystal.2.weight": (1e-3, 0.0),
        "crystal.2.bias": (1e-3, 0.0),
        "crystal.3.weight": (1e-3, 0.1),
        "crystal.3.bias": (1e-3, 0.0),
        "log_scale": (1e-3, 0.0),
        "bias": (1e-3, 0.0),
    }
    with pytest.raises(TrainingError, match="none for the parameter 'log_scale'"):
        make_optimizer(model, replace(config, learning_rates={"text": 1e-3}))


class Hot(ToyTowers):
    def __init__(self) -> None:
        super().__init__()
        nn.init.constant_(self.log_scale, 4.6)


def test_the_temperature_stays_in_its_bounds(tmp_path: Path) -> None:
    source = ToySource(distinct=True)
    train(Hot(), source, replace(CONFIG, epochs=8, learning_rates={"": 0.3}, ema_decay=0.0), tmp_path, device="cpu")
    scales = [float(row["scale"]) for row in rows(tmp_path / "steps.csv")]
    assert max(scales) <= 100.001
    assert min(scales) >= 1.0


class Broken(ToyTowers):
    def embed_text(self, inputs: Tensor) -> Tensor:
        return super().embed_text(inputs) * float("nan")


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="step 1: the loss is nan"):
        train(Broken(), ToySource(), CONFIG, tmp_path, device="cpu")


def test_batches_begin_anywhere() -> None:
    every = batches(ToySource(), epoch=0, position=0, rank=0, world=1, workers=0, prefetch=2)
    later = batches(ToySource(), epoch=1, position=2, rank=0, world=1, workers=0, prefetch=2)
    found = next(batch for batch in every if (batch.epoch, batch.position) == (1, 2))
    assert torch.equal(next(later).batch.positives, found.batch.positives)


@pytest.mark.parametrize(
    ("wrong", "told_as"),
    [
        ({"epochs": None}, "needs an end"),
        ({"epochs": 0}, "epochs=0"),
        ({"minutes": float("nan")}, "minutes=nan"),
        ({"loss": "triplet"}, "loss='triplet'"),
        ({"loss": "siglip"}, "bank=True"),
        ({"workers": -1}, "workers=-1"),
        ({"evaluate_every": 0}, "evaluate_every=0"),
    ],
)
def test_senseless_choices_are_refused(wrong: dict[str, Any], told_as: str) -> None:
    with pytest.raises(TrainingError, match=told_as):
        replace(CONFIG, **wrong)


def test_more_workers_than_keep_the_order_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="workers=2"):
        run(tmp_path, replace(CONFIG, workers=2))


def test_an_unknown_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="'abacus'"):
        run(tmp_path, device="abacus")
