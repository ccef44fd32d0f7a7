"""``clip-mat eval retrieval``, with a model that knows nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from app.cli import main
from clip_mat import CrystalClip
from clip_mat.crystal import Crystal

FACES = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]


class Constant:
    """Everything is the same to it."""

    name = "constant"
    fingerprint = "1"
    dimension = 2

    def encode_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.tile(np.float32([1, 0]), (len(texts), 1))

    def encode_crystals(self, crystals: Sequence[Crystal], symmetry: bool = True) -> npt.NDArray[np.float32]:
        return np.tile(np.float32([1, 0]), (len(crystals), 1))

    def close(self) -> None:
        """There are no processes to end."""


@pytest.fixture
def salts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of four crystals, three of them rock salt; the model is `Constant`."""
    from clip_mat.structures import write_crystal

    monkeypatch.setattr(CrystalClip, "load", lambda *_, **__: Constant())
    folder = tmp_path / "salts"
    folder.mkdir()
    for metal in ("Na", "K", "Rb"):
        places = FACES + [[x, y, (z + 0.5) % 1] for x, y, z in FACES]
        crystal = Crystal.from_symbols([metal] * 4 + ["Cl"] * 4, places, 6.0 * np.eye(3))
        (folder / f"{metal}Cl.cif").write_text(write_crystal(crystal, "cif"), encoding="utf-8")
    crystal = Crystal.from_symbols(["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 4.1 * np.eye(3))
    (folder / "CsCl.cif").write_text(write_crystal(crystal, "cif"), encoding="utf-8")
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Runs ``clip-mat eval retrieval``: status, stdout, stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["eval", "retrieval", *map(str, arguments)])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


def test_what_is_the_same_to_a_model_it_finds_by_chance(salts: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("--gallery", salts, "--tiers", "formula+system", "--compare", salts, "--shaken", "--json")
    assert status == 0
    told = json.loads(out)
    first, second = told["models"]
    assert first == second
    assert [arm["arm"] for arm in first["arms"]] == ["symmetry", "shaken"]
    recall = first["arms"][0]["text_to_crystal"][0]["scores"]["R@1"]
    assert recall["value"] == 0.25  # one of four that tie
    assert recall["ceiling"] == 1
    assert told["gains"]["formula+system"] == {"value": 0, "low": 0, "high": 0}


def test_tables_are_for_people(salts: Path, run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    status, out, _ = run("--gallery", salts, "--no-symmetry", "--cache", tmp_path / "cache")
    assert status == 0
    assert "anonymous+spacegroup" in out
    assert max(map(len, out.splitlines())) <= 100
    assert len(list((tmp_path / "cache").glob("*.npy"))) == 2


@pytest.mark.parametrize(("options", "remedy"), [(["--written", "x"], "--held-out"), (["--index", "x"], "--search")])
def test_options_that_need_another(
    salts: Path, run: Callable[..., tuple[int, str, str]], options: list[str], remedy: str, tmp_path: Path
) -> None:
    file = tmp_path / "x"
    if options[0] == "--written":
        file.touch()
    status, out, told = run("--gallery", salts, options[0], file)
    assert (status, out) == (2, "")
    assert remedy in told


def test_an_id_that_is_not_there_is_named(
    salts: Path, run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("gold\n", encoding="utf-8")
    status, out, told = run("--gallery", salts, "--queries", ids)
    assert (status, out) == (1, "")
    assert "'gold'" in told
    assert len(told.splitlines()) == 1
