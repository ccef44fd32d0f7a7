"""``clip-mat doctor``: what works is said to work, and what does not is found, named and told how to mend."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command import Run
from fact_encoder import FactEncoder
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from app import checkup
from app.requirements import Wanted, installed_version, wanted_packages
from clip_mat import MaterialsIndex
from clip_mat.search.bundled import bundled_entries
from clip_mat.sentence_encoder import DEFAULT_SHA256
from rag import PaperLibrary


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CLIP_MAT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CLIP_MAT_DATA", str(tmp_path / "data"))
    return Run(capsys)


def findings(document: Any, area: str) -> dict[str, dict[str, str]]:
    return {one["name"]: one for one in document["findings"] if one["area"] == area}


def test_a_sound_installation_is_healthy(run: Run, tmp_path: Path) -> None:
    document = run.json("doctor")
    assert document["healthy"]
    assert {one["state"] for one in document["findings"]} <= {"ok", "note"}
    packages = findings(document, "packages")
    assert packages["torch"]["detail"].startswith(installed_version(Requirement("torch"))[0])
    weights = findings(document, "weights")
    assert DEFAULT_SHA256[:16] in weights["all-MiniLM-L6-v2"]["detail"]
    assert set(checkup.WEIGHTS) < set(weights)
    assert findings(document, "indexes")["your papers"]["remedy"].endswith("clip-mat ingest PATH")
    assert list(tmp_path.iterdir()) == []  # looking made nothing


def test_it_is_told_to_people_too(run: Run) -> None:
    assert run("doctor") == 0
    assert run.out.rstrip().endswith("Everything needed works.")
    assert "Crystal CLIP" in run.out


def test_it_is_quick_because_it_does_not_load_models() -> None:
    code = (
        "import sys; from app.checkup import look_at_everything as look; list(look([])); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_missing_and_old_packages_are_broken(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = Wanted(
        SpecifierSet(">=3.11"),
        [Requirement("click>=8"), Requirement("rich>=9999"), Requirement("no-such-package-here")],
        {"relax": [Requirement("neither-this")]},
    )
    monkeypatch.setattr(checkup, "wanted_packages", lambda: wanted)
    assert run("doctor", "--json") == 1
    found = {one.name: one for one in checkup.look_at_packages()}
    assert found["click"].state == "ok"
    assert (found["rich"].state, found["rich"].remedy) == ("broken", "pip install 'rich>=9999'")
    assert found["no-such-package-here"].detail == "missing (wanted: any)"
    assert found["relax"].state == "note"
    assert found["relax"].remedy.startswith("pip install 'clip-mat[relax]'")


def test_another_python_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "wanted_packages", lambda: Wanted(SpecifierSet("<3"), [], {}))
    assert next(checkup.look_at_system()).state == "broken"


def test_what_is_wanted_is_what_the_project_says() -> None:
    wanted = wanted_packages()
    assert ">=3.11" in str(wanted.python)
    assert {"torch", "pymatgen", "click"} <= {one.name for one in wanted.required}
    assert {"pytest"} <= {one.name for one in wanted.extras["dev"]}
    assert set(wanted.extras) <= set(checkup.EXTRAS)  # each says what it is for


@pytest.mark.parametrize("damage", ["cut", "no header", "no weights", "no config", "config is no JSON"])
def test_damaged_weights_are_broken(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    folder = tmp_path / "ranker"
    shutil.copytree(checkup.WEIGHTS["ranker of structure types"], folder)
    file = folder / "model.safetensors"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "no header":
        file.write_bytes(b"\xff" * 100)
    elif damage == "no weights":
        file.unlink()
    elif damage == "no config":
        (folder / "config.json").unlink()
    else:
        (folder / "config.json").write_text("{")
    monkeypatch.setattr(checkup, "WEIGHTS", checkup.WEIGHTS | {"ranker of structure types": folder})
    assert run("doctor") == 1
    (finding,) = [one for one in checkup.look_at_weights() if one.state == "broken"]
    assert finding.name == "ranker of structure types"
    assert str(folder) in finding.detail
    assert "BROKEN" in run.out
    assert run.out.rstrip().endswith("1 thing does not work.")


def test_parameters_are_counted_from_the_header() -> None:
    from safetensors import safe_open

    file = checkup.WEIGHTS["Crystal CLIP"] / "model.safetensors"
    with safe_open(file, "numpy") as tensors:
        wanted = sum(tensors.get_tensor(name).size for name in tensors.keys())  # noqa: SIM118
    assert checkup.count_parameters(file) == wanted


def test_indexes_are_opened_and_described(run: Run, tmp_path: Path) -> None:
    paper = tmp_path / "tin.txt"
    paper.write_text("Tin halide perovskites oxidise in air.")
    with PaperLibrary(tmp_path / "data" / "papers") as library:
        library.add([paper])
    found = findings(run.json("doctor"), "indexes")["your papers"]
    assert found["state"] == "ok"
    assert "1 papers, 1 passages" in found["detail"]
    assert findings(run.json("doctor", "--index", tmp_path / "data" / "papers"), "indexes")["named"]["state"] == "ok"


def test_an_index_that_is_not_there_is_broken(run: Run, tmp_path: Path) -> None:
    assert run("doctor", "--index", tmp_path / "absent") == 1
    assert "absent" in run.out


def test_an_index_of_another_model_is_broken(run: Run, tmp_path: Path) -> None:
    with MaterialsIndex.open(tmp_path / "other", FactEncoder()) as index:
        index.add(bundled_entries()[:1])
    assert run("doctor", "--index", tmp_path / "other") == 1
    assert "another model" in " ".join(run.out.split())


def test_a_damaged_index_is_broken(run: Run, tmp_path: Path) -> None:
    with MaterialsIndex.open(tmp_path / "mine", FactEncoder()) as index:
        index.add(bundled_entries()[:3])
    file = tmp_path / "mine" / "store.sqlite"
    content = bytearray(file.read_bytes())
    place = content.index(b"chemical_formula_reduced")
    content[place] ^= 1
    file.write_bytes(content)
    (finding,) = [one for one in checkup.look_at_indexes([tmp_path / "mine"]) if one.name == "named"]
    assert finding.state == "broken"
    assert "damage" in finding.detail
    assert finding.remedy


def test_a_folder_that_cannot_be_written_to_is_broken(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLIP_MAT_DATA", str(tmp_path / "file" / "data"))
    assert run("doctor") == 1
    assert "CLIP_MAT_DATA=FOLDER" in " ".join(run.out.split())


@pytest.mark.slow
def test_deep_loads_every_model(run: Run) -> None:
    models = findings(run.json("doctor", "--deep"), "models")
    assert {"torch", "Crystal CLIP", "denoiser", "ranker of structure types"} <= set(models)
    assert {one["state"] for one in models.values()} == {"ok"}
