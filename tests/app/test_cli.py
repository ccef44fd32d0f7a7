"""The command line as a user and as a script meet it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import click
import pytest
from command import Run

from app.commands import COMMANDS, group
from rag.demo import PAPER

TIN = "Tin halide perovskites oxidise in air. Their band gap is 1.3 eV. Additives slow the oxidation of tin."


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], filled_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CLIP_MAT_CACHE", str(filled_cache))
    monkeypatch.setenv("CLIP_MAT_DATA", str(tmp_path / "data"))
    return Run(capsys)


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "tin.txt"
    path.parent.mkdir()
    path.write_text(TIN, encoding="utf-8")
    return path


def every_command() -> Iterator[str]:
    """Commands and the commands below them, as they are typed."""
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        below = list(command.commands) if isinstance(command, click.Group) else []
        yield from (name, *(f"{name} {one}" for one in below))


@pytest.mark.parametrize("command", list(every_command()))
def test_every_help_has_an_example_of_that_command(run: Run, command: str) -> None:
    assert run(*command.split(), "--help") == 0
    assert f"Usage: clip-mat {command}" in run.out
    assert re.search(rf"Examples?: +clip-mat {command}\b", run.out)


def test_the_help_of_all_lists_every_command(run: Run) -> None:
    assert run("--help") == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", run.out, re.MULTILINE)
    assert "Try:  clip-mat demo" in run.out


def test_ingest_then_ask_in_json(run: Run, paper: Path, tmp_path: Path) -> None:
    index = str(tmp_path / "index")
    report = run.json("ingest", str(paper.parent), "--index", index)
    assert [entry["file"] for entry in report["added"]] == ["tin.txt"]
    assert run.json("ingest", str(paper), "--index", index)["unchanged"] == [{"file": "tin.txt", "reason": ""}]
    answer = run.json("ask", "What is the band gap of tin halide perovskites?", "--index", index)
    assert not answer["abstained"]
    assert "1.3 eV" in answer["answer"]
    assert answer["sentences"][0]["support"][0]["page"] == 1
    passages = run.json("passages", "oxidation", "-k", "1", "--index", index)
    assert [hit["file"] for hit in passages["passages"]] == ["tin.txt"]


def test_asking_files_asks_only_them(run: Run, paper: Path, demo_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_folder, tmp_path / "data" / "papers")
    answer = run.json("ask", "Are temperature effects important for defects?", str(paper))
    assert answer["abstained"]
    assert not run.json("ask", "Are temperature effects important for defects?")["abstained"]


def test_the_bundled_review_is_asked_by_default(run: Run, tmp_path: Path) -> None:
    assert run("ask", "Are temperature effects important for defects?") == 0
    assert " page " in run.out
    assert "bundled review" in run.err
    assert not (tmp_path / "data").exists()


def test_the_bundled_review_is_asked_as_long_as_ones_own_index_is_empty(run: Run, tmp_path: Path) -> None:
    assert run("ask", "What is it?", str(tmp_path / "absent.pdf")) == 1
    assert (tmp_path / "data").exists()
    assert not run.json("ask", "Are temperature effects important for defects?")["abstained"]
    assert "bundled review" in run.err


def test_the_demo_runs_and_writes_only_to_its_cache(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIP_MAT_CACHE", str(tmp_path / "cache"))
    assert run("demo") == 0
    assert "ClipMatAuthors2026 page" in run.out
    assert "The papers do not answer this question." in run.out
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_references(run: Run, demo_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_folder, tmp_path / "data" / "papers")
    assert run("references", "--format", "bibtex") == 0
    assert run.out.startswith("@")
    assert run("references", "--format", "csl-json") == 0
    assert json.loads(run.out)[0]["id"] == "ClipMatAuthors2026"
    assert run.json("references") == json.loads(run.out)
    assert run("references", "--json", "--format", "bibtex") == 2
    assert "--json prints CSL-JSON" in run.err
    assert run("references") == 0
    assert run.out.startswith("ClipMatAuthors2026: The clip-mat authors.")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["ask", "What is it?", "--index", "absent"], "absent"),
        (["ask", ""], "empty"),
        (["ask", "x" * 100_000], "100,000 characters"),
        (["passages", "tin", "-k", "-1"], "-1"),
        (["ask", "What is it?", "absent.pdf"], "nothing to ask"),
        (["ingest", "absent.pdf"], ""),
    ],
)
def test_failures_are_one_line_and_exit_1(run: Run, args: list[str], words: str, tmp_path: Path) -> None:
    args = [str(tmp_path / arg) if arg.startswith("absent") else arg for arg in args]
    assert run(*args) == 1
    assert words in run.err
    assert "Traceback" not in run.err + run.out
    last = [line for line in run.err.splitlines() if line.startswith("clip-mat:")]
    assert len(last) <= 1


@pytest.mark.parametrize("args", [["ask"], ["nonsense"], ["passages", "tin", "-k", "many"], ["ingest"], ["--nonsense"]])
def test_wrong_usage_exits_2(run: Run, args: list[str]) -> None:
    assert run(*args) == 2
    assert "Traceback" not in run.err


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "app.cli", "ask", "What?", "--index", str(tmp_path / "absent"), "--debug"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_nothing_but_json_on_stdout(tmp_path: Path, paper: Path) -> None:
    """In a process of its own, so that what libraries print is seen as well."""
    (paper.parent / "bad.pdf").write_bytes(b"junk")
    command = [sys.executable, "-m", "app.cli", "ask", "What is the band gap?", str(paper.parent), "--json"]
    command += ["--index", str(tmp_path / "index")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["question"] == "What is the band gap?"
    assert done.stderr.startswith("skipped bad.pdf")


def test_eval_qa_on_the_bundled_review(run: Run, tmp_path: Path) -> None:
    questions = tmp_path / "questions.jsonl"
    row = {"question": "What is the product kBT at 300 K?", "file": PAPER.name, "pages": [1], "answer": "25.9 meV"}
    questions.write_text(json.dumps(row) + "\n", encoding="utf-8")
    result = run.json("eval", "qa", "--questions", str(questions), "--sentences", "20")
    ours, bm25, vectors = result["retrieval"]["Pages"]
    assert [ours["system"], bm25["system"], vectors["system"]] == ["clip-mat", "BM25 alone", "vectors alone"]
    assert ours["hit"]["1"]["value"] == 1.0
    assert result["answers"]["contains_gold"]["value"] == 1.0
    assert result["fidelity"]["rate"] == 1.0
    assert result["fidelity"]["checked"] >= 20


def test_a_stop_while_it_begins_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("raise KeyboardInterrupt\n")  # pressed while that is imported
    settings = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "doctor"], capture_output=True, text=True, env=settings, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "clip-mat: stopped\n")


def test_a_stop_at_work_or_at_a_prompt_is_told_in_one_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for stop in (KeyboardInterrupt, click.Abort):
        monkeypatch.setattr(group, "main", Mock(side_effect=stop))
        assert run("doctor") == 130
        assert run.err == "clip-mat: stopped\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_report_on_a_full_disk_is_told_by_name_and_the_answer_is_not_lost(run: Run, paper: Path) -> None:
    assert run("ask", "What slows the oxidation of tin?", paper, "--html", "/dev/full") == 1
    assert "Additives slow the oxidation of tin" in run.out
    assert run.err.splitlines()[-1].startswith("clip-mat: /dev/full: No space left on device (make room")
