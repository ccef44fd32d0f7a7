"""The command around the trainer: what it hands on, and how it tells what came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.cli import main
from clip_mat.training import clip
from clip_mat.training.run import RunSummary

SUMMARY = RunSummary(
    hours=0.5,
    steps=120,
    epochs=3.0,
    finished=True,
    metrics={"R@1": 0.875},
    config={},
    command="clip-mat train clip",
    device="cpu",
    torch="2",
)


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(["train", "clip", *arguments])
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the trainer was asked for; it answers with `asked["answer"]`."""
    asked: dict[str, Any] = {"answer": SUMMARY}

    def train_clip(data: tuple[Path, ...], out: Path, **options: Any) -> RunSummary:
        asked.update(options, data=data, out=out)
        answer: RunSummary = asked["answer"]
        return answer

    monkeypatch.setattr(clip, "train_clip", train_clip)
    return asked


def test_hands_on_what_was_said(asked: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--data", str(tmp_path), "--out", "run", "--epochs", "2", "--seed", "7", "--resume", "--json") == 0
    assert asked["data"] == (tmp_path,)
    assert asked["out"] == Path("run")
    assert (asked["epochs"], asked["minutes"], asked["seed"], asked["resume"]) == (2, None, 7, True)
    told = capsys.readouterr()
    assert json.loads(told.out) == SUMMARY.to_dict()
    assert "120 steps in 30 minutes, R@1 0.875" in told.err


def test_ends_by_itself_when_no_end_is_given(asked: dict[str, Any], tmp_path: Path) -> None:
    assert call("--data", str(tmp_path), "--out", "run") == 0
    assert (asked["epochs"], asked["minutes"]) == (None, 110.0)


def test_a_stopped_run_says_how_to_go_on(
    asked: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked["answer"] = RunSummary(**{**SUMMARY.to_dict(), "finished": False})
    assert call("--data", str(tmp_path), "--out", "run") == 1
    assert "stopped at step 120 (continue with --resume)" in capsys.readouterr().err


def test_only_the_first_rank_speaks(
    asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RANK", "1")
    assert call("--data", str(tmp_path), "--out", "run", "--json") == 0
    assert capsys.readouterr() == ("", "")


def test_data_must_be_there(tmp_path: Path) -> None:
    assert call("--data", str(tmp_path / "nothing"), "--out", "run") == 2


def test_the_denoisers_command_hands_on_what_was_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from clip_mat.training import diffusion

    asked: dict[str, Any] = {}

    def train_diffusion(data: tuple[Path, ...], out: Path, **options: Any) -> RunSummary:
        asked.update(options, data=data, out=out)
        return SUMMARY

    monkeypatch.setattr(diffusion, "train_diffusion", train_diffusion)
    line = ["--data", str(tmp_path), "--data", str(tmp_path), "--out", "run", "--max-sites", "8", "--threads", "1"]
    with pytest.raises(SystemExit) as stopped:
        main(["train", "diffusion", *line])
    assert stopped.value.code == 0
    assert asked["data"] == (tmp_path, tmp_path)
    assert (asked["most_atoms"], asked["threads"], asked["batch"], asked["minutes"]) == (8, 1, 128, 110.0)
    assert (asked["clip"], asked["init"], asked["resume"]) == (None, None, False)
