"""``clip-mat eval csp`` over a small library."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from clip_mat.crystal import Crystal
from clip_mat.structures import write_crystal

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def write(folder: Path, crystals: dict[str, Crystal]) -> Path:
    folder.mkdir()
    for name, crystal in crystals.items():
        (folder / f"{name}.cif").write_text(write_crystal(crystal, "cif"), encoding="utf-8")
    return folder


def rock_salt(metal: str, halogen: str, edge: float = 5.6) -> Crystal:
    return Crystal.from_symbols([metal, halogen], [[0, 0, 0], [0.5, 0.5, 0.5]], edge * FCC)


def caesium_chloride(metal: str, halogen: str) -> Crystal:
    return Crystal.from_symbols([metal, halogen], [[0, 0, 0], [0.5, 0.5, 0.5]], 4.1 * np.eye(3))


@pytest.fixture
def library(tmp_path: Path) -> Path:
    salts = {f"{metal}Cl": rock_salt(metal, "Cl") for metal in ("Na", "K", "Rb", "Ag")}
    return write(tmp_path / "library", salts | {"CsCl": caesium_chloride("Cs", "Cl")})


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    return write(
        tmp_path / "asked",
        {"NaBr": rock_salt("Na", "Br", 5.97), "CsBr": caesium_chloride("Cs", "Br"), "C": diamond()},
    )


def diamond() -> Crystal:
    return Crystal.from_symbols(["C", "C"], [[0, 0, 0], [0.25] * 3], 3.57 * FCC)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs ``clip-mat eval csp``: status, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["eval", "csp", *map(str, arguments)])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


def test_both_systems_are_measured_on_the_same_requests(
    run: Callable[..., tuple[int, str, str]], library: Path, asked: Path
) -> None:
    status, out, _ = run("--library", library, "--requests", asked, "-n", 3, "--processes", 1, "--json")
    assert status == 0
    told = json.loads(out)
    ours, baseline = told["systems"]
    assert (ours["name"], baseline["name"]) == ("ranked templates", "substitution")
    for one in told["systems"]:
        assert one["requests"] == 3
        assert one["answered"] == pytest.approx(2 / 3)
        assert one["match_n"]["value"] == pytest.approx(2 / 3)
        assert one["novel"] == pytest.approx(2 / 3)
    assert set(told["gains"]["substitution"]) == {"match@1", "match@3"}


def test_people_get_a_table(run: Callable[..., tuple[int, str, str]], library: Path, asked: Path) -> None:
    status, out, _ = run("--library", library, "--requests", asked, "--spacegroup", "--processes", 1, "--limit", 2)
    assert status == 0
    assert "2 requests, every one counted" in out
    assert "match rate @20" in out
    assert "less substitution" in out


def test_a_library_is_needed(run: Callable[..., tuple[int, str, str]], asked: Path) -> None:
    status, _, err = run("--requests", asked)
    assert status == 2
    assert "--library" in err


def test_what_ranked_templates_alone_would_ignore_is_refused(
    run: Callable[..., tuple[int, str, str]], library: Path, asked: Path, tmp_path: Path
) -> None:
    for named, more in (("--new", []), ("--denoiser", [tmp_path]), ("--rank energy", [])):
        status, _, err = run("--library", library, "--requests", asked, *named.split(), *more)
        assert status == 2
        assert f"{named} is for the whole generator" in err
    status, _, err = run("--requests", asked, "--from-noise", "--new")
    assert status == 2
    assert "--library" in err


def test_new_crystals_are_none_of_the_library(run: Callable[..., tuple[int, str, str]], library: Path) -> None:
    status, out, _ = run(
        "--library", library, "--requests", library, "--from-noise", "--new", "-n", 1, "--processes", 1, "--json"
    )
    assert status == 0
    ours = json.loads(out)["systems"][0]
    assert ours["name"] == "from noise"
    assert ours["answered"] > 0.0
    assert ours["match_1"]["value"] < 1.0
    assert ours["novel"] == pytest.approx(ours["answered"])


def test_nothing_to_predict_is_one_line(run: Callable[..., tuple[int, str, str]], library: Path, asked: Path) -> None:
    status, _, err = run("--library", library, "--requests", asked, "--max-sites", 1)
    assert status == 1
    assert "no crystal of at most 1 atoms" in err


@pytest.mark.parametrize("most", ["0", "-1"])
def test_cells_without_atoms_are_refused_before_anything_is_read(
    run: Callable[..., tuple[int, str, str]], library: Path, asked: Path, most: str
) -> None:
    status, _, err = run("--library", library, "--requests", asked, "--max-sites", most)
    assert status == 2
    assert f"'--max-sites': {most}" in err


def test_a_part_of_what_has_none_is_refused(
    run: Callable[..., tuple[int, str, str]], library: Path, asked: Path
) -> None:
    status, _, err = run("--library", library, "--requests", asked, "--part", "val")
    assert status == 2
    assert "--part chooses a split of a zip" in err


def test_weights_that_are_none_are_one_line(
    run: Callable[..., tuple[int, str, str]], asked: Path, tmp_path: Path
) -> None:
    status, _, err = run("--requests", asked, "--from-noise", "--denoiser", tmp_path, "--processes", 1)
    assert status == 1
    assert "no usable denoiser there" in err
