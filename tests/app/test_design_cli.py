"""``clip-mat design`` as users and scripts meet it, on the bundled review.

The text model counts elements and the denoiser has learnt nothing: what is under test is around them.
"""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
import torch
from command import Run
from fact_encoder import FactEncoder

from clip_mat import CrystalClip
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig
from clip_mat.generate.sampler import CrystalDenoiser

QUESTION = "How large is the formation entropy of oxygen vacancies in ceria?"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], filled_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    clip = FactEncoder()
    torch.manual_seed(0)
    sizes = DenoiserConfig(width=24, layers=1, heads=2, pair_width=8, condition_width=16, vector=clip.dimension)
    denoiser = CrystalDenoiser(Denoiser(sizes), clip=clip.fingerprint)
    monkeypatch.setenv("CLIP_MAT_CACHE", str(filled_cache))
    monkeypatch.setenv("CLIP_MAT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "90")
    monkeypatch.setattr(CrystalClip, "load", staticmethod(lambda *_, **__: FactEncoder()))
    monkeypatch.setattr(CrystalDenoiser, "load", staticmethod(lambda *_, **__: denoiser))
    return Run(capsys)


def test_the_request_is_shown_before_the_crystals(run: Run) -> None:
    assert run("design", QUESTION, "-n", 1) == 0
    request, crystals = run.out.index("composition  CeO2"), run.out.index("aflow:")
    assert run.out.index("ClipMatAuthors2026 page 2") < request < crystals
    assert "composition CeO2: “ceria”, ClipMatAuthors2026 page 2" in run.out


def test_one_document(run: Run, tmp_path: Path) -> None:
    document = run.json("design", QUESTION, "-n", 2, "--out", tmp_path / "made")
    assert list(document)[:5] == ["question", "answer", "request", "evidence", "structures"]
    assert document["request"]["composition"] == "CeO2"
    assert len(document["structures"]) == 2
    for structure in document["structures"]:
        assert Path(structure["file"]).is_file()
        assert structure["provenance"][0]["page"] == 2
    kept = json.loads((tmp_path / "made" / "provenance.json").read_text(encoding="utf-8"))
    assert kept["structures"] == document["structures"]


def test_options_take_the_place_of_what_the_papers_say(run: Run) -> None:
    document = run.json(
        "design", QUESTION, "-n", 1, "--composition", "ThO2", "--spacegroup", "225", "--exclude", "U,Pu", "--words", ""
    )
    assert document["request"]["composition"] == "ThO2"
    (structure,) = document["structures"]
    assert structure["formula"] == "ThO2"
    assert structure["spacegroup"]["number"] == 225
    assert {(one["demand"], one["source"]) for one in structure["provenance"]} == {
        ("composition", "user"),
        ("spacegroup", "user"),
        ("exclude", "user"),
    }


def test_silent_papers_make_nothing(run: Run, tmp_path: Path) -> None:
    document = run.json("design", "Who won the football world cup in 1998?", "--out", tmp_path / "made")
    assert document["answer"]["abstained"]
    assert document["structures"] == []
    assert run("design", "Who won the football world cup in 1998?") == 0
    assert "nothing is made" in run.out


def test_a_plan_is_saved_edited_and_gone_on_with(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    assert run("design", QUESTION, "--plan", file) == 0
    assert "aflow:" not in run.out
    plan = json.loads(file.read_text(encoding="utf-8"))
    plan["request"]["n"] = 1
    file.write_text(json.dumps(plan), encoding="utf-8")
    document = run.json("design", "--from-plan", file, "--crystal-system", "cubic")
    assert document["question"] == QUESTION
    (structure,) = document["structures"]
    assert {one["demand"] for one in structure["provenance"]} == {"composition", "crystal_system"}
    assert any(one["page"] == 2 for one in structure["provenance"])


def test_the_request_is_edited(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(click, "edit", lambda text, **_: text.replace('composition = "CeO2"', 'composition = "HfO2"'))
    document = run.json("design", QUESTION, "-n", 1, "--edit")
    assert [one["formula"] for one in document["structures"]] == ["HfO2"]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ((), 2, "QUESTION"),
        (("x", "--from-plan", "no.json"), 2, "QUESTION"),
        (("--from-plan", "no.json"), 2, "'no.json' does not exist"),
        ((QUESTION, "--composition", "Xy"), 1, "Xy"),
        ((QUESTION, "--spacegroup", "999"), 1, "999"),
        ((QUESTION, "--exclude", "Ce"), 1, "CeO2"),
        ((QUESTION, "--alternative", "9"), 1, "alternative 9"),
        (("  ",), 2, "empty"),
    ],
)
def test_mistakes_are_told_in_one_line(run: Run, arguments: tuple[str, ...], status: int, told: str) -> None:
    assert run("design", *arguments) == status
    assert told in run.err
    assert "Traceback" not in run.err


def test_help_has_an_example(run: Run) -> None:
    assert run("design", "--help") == 0
    assert "Examples:" in run.out
