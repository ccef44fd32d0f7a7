"""``clip-mat train verifier`` and ``clip-mat eval verifier`` on a few made-up contexts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Run

from rag.verify.lessons import QUESTIONS, read_sources, split_sources

THINGS = ("gap", "mass", "hardness", "resistance", "density")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    with (folder / QUESTIONS).open("w", encoding="utf-8") as file:
        for number in range(40):
            sentences = [
                f"The {thing} of sample {number} increases to {10 * number + place} K when the oxide is heated slowly."
                for place, thing in enumerate(THINGS)
            ]
            row = {"context": " ".join(sentences), "question": "Why is it so?", "answer": f"Answer: {sentences[0]}"}
            file.write(json.dumps(row) + "\n")
    return folder


def test_a_verifier_is_trained_and_measured(run: Run, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    options = ("--minutes", 5, "--lessons", 128)
    trained = run.json("train", "verifier", "--data", data, "--out", out, "--steps", 1, *options)
    assert trained["steps"] == 1
    assert trained["finished"] is True
    assert {path.name for path in out.iterdir()} >= {"model.safetensors", "config.json", "README.md", "steps.csv"}
    assert run("train", "verifier", "--data", data, "--out", out, "--steps", 1, *options) == 1
    assert "--resume" in run.err

    source = split_sources(read_sources(data)).test[0]
    row = {"file": source.name, "sentence": source.passages[0][0], "true": source.passages[0][0], "false": "It melts."}
    written = tmp_path / "claims.jsonl"
    written.write_text(json.dumps(row) + "\n", encoding="utf-8")
    measured = run.json("eval", "verifier", "--data", data, "--most", 3, "--written", written)
    assert "SciFact" in run.err
    right = {(one["system"], one["cases"]): one["right"] for one in measured["rows"]}
    assert right["verifier", "as it stands"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 3}
    assert right["verifier", "by hand, true"]["n"] == 1
    assert right["rules alone", "number"]["value"] == 1.0


def test_a_folder_without_papers_is_refused_in_one_line(run: Run, tmp_path: Path) -> None:
    assert run("train", "verifier", "--data", tmp_path, "--out", tmp_path / "run") == 1
    assert len(run.err.strip().splitlines()) == 1
    assert tmp_path.name in run.err
