"""``clip-mat index`` and ``search`` as users and scripts meet them. The model is a stand-in that counts elements."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pytest
from command import Run
from fact_encoder import FactEncoder

from clip_mat import Crystal, CrystalClip, MaterialsIndex
from clip_mat.facts import reduced, write_formula
from clip_mat.search.bundled import bundled_entries
from clip_mat.structures import Entry, read_crystals, write_crystal

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], filled_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CLIP_MAT_CACHE", str(filled_cache))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(CrystalClip, "load", staticmethod(lambda *_, **__: FactEncoder()))
    return Run(capsys)


@pytest.fixture
def crystals() -> dict[str, Crystal]:
    wanted = ("NaCl_cF8_225", "CsCl_cP2_221", "CaTiO3_cP5_221", "Cu_cF4_225")
    return {entry.id: entry.crystal for entry in bundled_entries() if entry.id.removeprefix("aflow:") in wanted}


@pytest.fixture
def sources(tmp_path: Path, crystals: dict[str, Crystal]) -> Path:
    folder = tmp_path / "in"
    folder.mkdir()
    for id, crystal in crystals.items():
        (folder / f"{id.removeprefix('aflow:')}.cif").write_text(write_crystal(crystal, symmetrized=False))
    (folder / "bad.cif").write_text("nothing")
    return folder


def test_index_then_search(run: Run, sources: Path, tmp_path: Path) -> None:
    out = tmp_path / "index"
    report = run.json("index", sources, "--out", out)
    assert sorted(report) == ["added", "skipped", "unchanged", "updated"]
    assert len(report["added"]) == 4
    assert [item["id"] for item in report["skipped"]] == ["bad.cif"]
    assert run("index", sources, "--out", out) == 0
    assert "0 added, 0 updated, 4 unchanged, 1 skipped; 4 compounds in" in " ".join(run.out.split())
    assert "skipped  bad.cif" in run.out
    document = run.json("search", "NaCl", "-k", 2, "--index", out)
    assert [hit["rank"] for hit in document["hits"]] == [1, 2]
    assert document["hits"][0]["id"] == "NaCl_cF8_225.cif"
    assert document["hits"][0]["spacegroup"] == {"number": 225, "symbol": "Fm-3m"}


def test_the_bundled_prototypes_are_searched_by_default(run: Run) -> None:
    assert run("search", "lead-free oxide CaTiO3") == 0
    assert "288 bundled prototypes" in run.err
    assert "NOT elements HAS" in run.out
    assert "edit with --filter" in run.out
    assert "CaTiO3" in run.out
    assert max(map(len, run.out.splitlines())) <= 80


def test_the_table_fits_80_columns_whatever_is_in_it(run: Run, tmp_path: Path, crystals: dict[str, Crystal]) -> None:
    said = {"band_gap": 12.345, "energy_above_hull": 1.23456}
    with MaterialsIndex.open(tmp_path / "index", FactEncoder()) as index:
        index.add(Entry("x" * 200 + "\x1b[31m", crystals["aflow:NaCl_cF8_225"], said))
    assert run("search", "NaCl", "--index", tmp_path / "index") == 0
    assert max(map(len, run.out.splitlines())) <= 80
    assert "\x1b" not in run.out
    assert "12.35" in run.out
    assert run.out.count("x") >= 200


def test_a_filter_replaces_what_the_words_say(run: Run) -> None:
    document = run.json("search", "lead-free CaTiO3", "-k", 5, "--filter", 'elements HAS "Pb"')
    assert document["interpreted"]["filter"] == 'elements HAS "Pb"'
    assert len(document["hits"]) == 5
    assert all("Pb" in hit["properties"]["elements"] for hit in document["hits"])
    assert run.json("search", "--filter", "spacegroup=216", "-k", 3)["interpreted"]["text"] == ""


def test_queries_print_a_line_each(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = ["NaCl", "", "ternary CaTiO3", "x" * 100_000, "Salz NaCl ☃", *["CsCl"] * 80]
    (tmp_path / "queries.txt").write_text("\n".join(queries) + "\n", encoding="utf-8")
    assert run("search", "--queries", tmp_path / "queries.txt", "-k", 1) == 0
    documents = [json.loads(line) for line in run.out.splitlines()]
    assert [document["query"] for document in documents] == queries
    assert [place for place, document in enumerate(documents) if "error" in document] == [1, 3]
    assert documents[0]["hits"][0]["formula"] == "NaCl"
    alone = run.json("search", "ternary CaTiO3", "-k", 1)
    assert documents[2] == alone
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"NaCl\r\n\xff\n")))
    assert run("search", "--queries", "-", "-k", 1) == 0
    assert json.loads(run.out.splitlines()[0])["query"] == "NaCl"
    assert len(run.out.splitlines()) == 2


@pytest.mark.parametrize("style", ["cif", "cif-p1", "poscar", "extxyz", "json"])
def test_exported_structures_are_those_found(run: Run, tmp_path: Path, style: str) -> None:
    out = tmp_path / "found"
    document = run.json("search", "CaTiO3", "-k", 2, "--filter", "nsites < 10", "--export", out, "--format", style)
    written = [item for file in sorted(out.iterdir()) for item in read_crystals(file)]
    formulas = [hit["properties"]["chemical_formula_reduced"] for hit in document["hits"]]
    assert len(written) == 2
    for item, formula in zip(written, formulas, strict=True):
        assert isinstance(item, Entry)
        assert write_formula(reduced(Counter(item.crystal.symbols))) == formula


def test_like_and_picture(run: Run, sources: Path, tmp_path: Path) -> None:
    picture = tmp_path / "hits.png"
    document = run.json("search", "--like", sources / "NaCl_cF8_225.cif", "-k", 2, "--picture", picture)
    assert document["query"] == "like NaCl"
    assert document["hits"][0]["id"] == "aflow:NaCl_cF8_225"
    assert picture.read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["search", "NaCl", "--index", "absent"], "absent"),
        (["search", ""], "empty"),
        (["search", "x" * 100_000], "100,000 characters"),
        (["search", "NaCl", "-k", "-1"], "-1"),
        (["search", "NaCl", "--filter", "nelements >"], "column"),
        (["search", "--like", "absent.cif"], "absent.cif"),
        (["search", "NaCl", "-k", "0", "--picture", "absent.png"], "nothing to draw"),
        (["index", "absent.cif", "--out", "absent-out"], ""),
        (["index", "optimade:", "--out", "absent-out"], ""),
    ],
)
def test_failures_are_one_line_and_exit_1(run: Run, args: list[str], words: str, tmp_path: Path) -> None:
    args = [str(tmp_path / arg) if arg.startswith("absent") else arg for arg in args]
    assert run(*args) == 1
    assert words in run.err
    assert "Traceback" not in run.err + run.out
    assert len([line for line in run.err.splitlines() if line.startswith("clip-mat:")]) <= 1


def test_an_index_of_another_model_is_refused(run: Run, tmp_path: Path) -> None:
    MaterialsIndex.open(tmp_path / "index", FactEncoder("0" * 64)).close()
    assert run("search", "NaCl", "--index", tmp_path / "index") == 1
    assert "fact-encoder" in run.err


def test_an_empty_index_and_k_of_0_give_no_hits(run: Run, tmp_path: Path) -> None:
    MaterialsIndex.open(tmp_path / "index", FactEncoder()).close()
    assert run("search", "NaCl", "--index", tmp_path / "index") == 0
    assert "is empty" in " ".join(run.out.split())
    assert run.json("search", "NaCl", "--index", tmp_path / "index")["hits"] == []
    assert run.json("search", "NaCl", "-k", 0)["hits"] == []
    assert len(run.json("search", "NaCl", "-k", 9999)["hits"]) == 288


@pytest.mark.parametrize(
    "args",
    [
        ["search"],
        ["search", "NaCl", "--like", "x.cif"],
        ["search", "NaCl", "-k", "many"],
        ["search", "NaCl", "--format", "docx"],
        ["search", "--queries", "-", "--export", "x"],
        ["index", "x"],
        ["index", "--out", "x"],
    ],
)
def test_wrong_usage_exits_2(run: Run, args: list[str]) -> None:
    assert run(*args) == 2
    assert "Traceback" not in run.err


def test_the_files_that_vasp_starts_from(run: Run, tmp_path: Path) -> None:
    assert run("search", "CaTiO3", "-k", 1, "--export", tmp_path / "found", "--format", "vasp") == 0
    (folder,) = (tmp_path / "found").iterdir()
    assert {"INCAR", "KPOINTS", "POSCAR"} <= {file.name for file in folder.iterdir()}
    assert "1 structure written to" in run.err
