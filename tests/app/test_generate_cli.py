"""``clip-mat generate`` and ``eval text`` as users and scripts meet them.

The text model counts elements and the denoiser has learnt nothing: what is under test is around them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from command import Run
from fact_encoder import FactEncoder

from clip_mat import CrystalClip
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig
from clip_mat.generate.sampler import CrystalDenoiser


@pytest.fixture(scope="module")
def denoiser() -> CrystalDenoiser:
    clip = FactEncoder()
    torch.manual_seed(0)
    sizes = DenoiserConfig(width=24, layers=1, heads=2, pair_width=8, condition_width=16, vector=clip.dimension)
    return CrystalDenoiser(Denoiser(sizes), clip=clip.fingerprint)


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], filled_cache: Path, denoiser: CrystalDenoiser, monkeypatch: pytest.MonkeyPatch
) -> Run:
    monkeypatch.setenv("CLIP_MAT_CACHE", str(filled_cache))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(CrystalClip, "load", staticmethod(lambda *_, **__: FactEncoder()))
    monkeypatch.setattr(CrystalDenoiser, "load", staticmethod(lambda *_, **__: denoiser))
    return Run(capsys)


def test_a_table_for_people(run: Run) -> None:
    assert run("generate", "cubic NaCl", "-n", 1) == 0
    assert "Fm-3m (225)" in run.out
    assert "aflow:NaCl_cF8_225" in run.out
    assert "crystal system" in run.out
    assert max(map(len, run.out.splitlines())) <= 80


def test_a_narrow_terminal_keeps_ids_whole(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for width, spared in ((100, 0), (80, 1), (72, 2)):
        monkeypatch.setenv("COLUMNS", str(width))
        assert run("generate", "a chloride with the spinel structure", "-n", 2) == 0
        assert "aflow:MgAl2O4_cF56_227" in run.out
        assert run.out.count("227)") == 2
        head = next(line for line in run.out.splitlines() if line.startswith("#"))
        assert ["d / Å" in head, "neutral" in head].count(False) == spared
        assert "new" in head


def test_json_for_machines(run: Run) -> None:
    document = run.json("generate", "--composition", "NaCl", "-n", 2)
    assert document["request"]["composition"] == "NaCl"
    assert len(document["structures"]) == 2
    first = document["structures"][0]
    assert first["spacegroup"] == {"number": 225, "symbol": "Fm-3m"}
    assert first["cif"].startswith("#") or first["cif"].startswith("data_")
    assert first["file"] is None


@pytest.mark.parametrize(
    ("style", "ending"),
    [
        ("cif", ".cif"),
        ("cif-p1", ".cif"),
        ("poscar", ".vasp"),
        ("extxyz", ".extxyz"),
        ("json", ".json"),
        ("prismatic", ".xyz"),
    ],
)
def test_every_format_is_written(run: Run, tmp_path: Path, style: str, ending: str) -> None:
    document = run.json("generate", "--composition", "NaCl", "-n", 1, "--out", tmp_path / "made", "--format", style)
    (file,) = (tmp_path / "made").iterdir()
    assert document["structures"][0]["file"] == str(file)
    assert file.suffix == ending


def test_the_default_format_may_be_given_in_so_many_words(run: Run, tmp_path: Path) -> None:
    asked = tmp_path / "asked.jsonl"
    asked.write_text('{"composition": "NaCl", "n": 1}\n', encoding="utf-8")
    assert run("generate", "--composition", "NaCl", "-n", 1, "--format", "cif") == 0
    assert run("generate", "--requests", asked, "--format", "cif") == 0
    assert run("generate", "--requests", asked, "--format", "poscar") == 2


def test_inputs_for_vasp_are_a_folder(run: Run, tmp_path: Path) -> None:
    document = run.json("generate", "--composition", "MgO", "-n", 1, "--out", tmp_path / "made", "--format", "vasp")
    (folder,) = (tmp_path / "made").iterdir()
    assert {"INCAR", "KPOINTS", "POSCAR"} <= {path.name for path in folder.iterdir()}
    assert any("POTCAR" in note for note in document["notes"])


def test_a_picture_and_the_way_from_noise(run: Run, tmp_path: Path) -> None:
    args = ("--cell", "Na1Cl1", "-n", 1, "--from-noise", "--seed", 3)
    run("generate", *args, "--picture", tmp_path / "made.png", "--trajectory", tmp_path / "way")
    if (tmp_path / "made.png").exists():  # untrained noise need not give a crystal
        assert (tmp_path / "made.png").read_bytes().startswith(b"\x89PNG")
        assert {path.suffix for path in (tmp_path / "way").iterdir()} == {".xyz", ".gif"}


def test_weights_of_ones_own(
    run: Run, denoiser: CrystalDenoiser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []

    def load(folder: object = None, **_: object) -> CrystalDenoiser:
        read.append(folder)
        return denoiser

    monkeypatch.setattr(CrystalDenoiser, "load", staticmethod(load))
    run("generate", "--cell", "Na1Cl1", "-n", 1, "--from-noise", "--denoiser", tmp_path)
    run("generate", "--cell", "Na1Cl1", "-n", 1, "--from-noise")
    assert read == [tmp_path, None]


def test_requests_are_answered_line_by_line(run: Run, tmp_path: Path) -> None:
    lines = [
        {"composition": "NaCl", "n": 1},
        {"cell": "Ti2O4", "n": 2, "spacegroup": 136},
        {"text": "rock salt", "n": 1, "seed": 5},
    ]
    file = tmp_path / "requests.jsonl"
    bad = ["not json", "[]", '{"compositoin": "NaCl"}', '{"composition": "Xx"}', '{"n": "many"}']
    file.write_text("\n".join([json.dumps(lines[0]), *bad, *map(json.dumps, lines[1:]), ""]))
    assert run("generate", "--requests", file) == 0
    documents = [json.loads(line) for line in run.out.splitlines()]
    assert len(documents) == len(lines) + len(bad)
    assert [document["structures"] == [] for document in documents] == [False, *[True] * 5, False, False]
    assert all("error" in document for document in documents[1:6])
    assert documents[6]["structures"][0]["spacegroup"]["number"] == 136
    assert "compositoin" in documents[3]["error"]


def test_what_cannot_be_met_is_said(run: Run) -> None:
    document = run.json("generate", "--composition", "NaCl", "--spacegroup", 196, "-n", 1)
    assert document["structures"]
    assert any("F23 (196)" in note for note in document["notes"])


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--composition", "Xx2"], "Xx2"),
        (["--composition", "NaCl", "--cell", "Na4Cl4"], "not both"),
        (["--spacegroup", "300"], "300"),
        (["x" * 100_000], "characters"),
        (["oxide", "--filter", "nelements >"], "filter"),
        (["NaCl", "--index", "absent"], "absent"),
        (["-n", "0"], "n must be"),
    ],
)
def test_failures_are_one_line_and_exit_1(run: Run, args: list[str], words: str, tmp_path: Path) -> None:
    args = [str(tmp_path / arg) if arg == "absent" else arg for arg in args]
    assert run("generate", *args) == 1
    assert words in run.err
    assert "Traceback" not in run.err + run.out
    assert not run.out


@pytest.mark.parametrize("args", [["--format", "pdf"], ["-n", "many"], ["a", "b"], ["a", "--requests", "-"]])
def test_wrong_usage_exits_2(run: Run, args: list[str]) -> None:
    assert run("generate", *args) == 2


def test_obedience_is_measured(run: Run, tmp_path: Path) -> None:
    run("generate", "--composition", "NaCl", "-n", 1, "--out", tmp_path / "asked")
    args = ("eval", "text", "--requests", tmp_path / "asked", "--each", 3, "--unguided", 2, "--limit", 1)
    document = run.json(*args)
    assert document["text"]["requests"] == 1
    assert document["text"]["composition"]["value"] == 1.0
    assert document["unguided"]["asked"] == 2
    assert {row["class"] for row in document["guidance"]} >= {"cubic", "oxide", "wurtzite"}
    wurtzite = next(row for row in document["guidance"] if row["class"] == "wurtzite")
    assert wurtzite["asked"]["value"] == 1.0
