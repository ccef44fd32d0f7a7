"""Scores of structure prediction on systems whose answers are known."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.evaluation.csp import gains, predict, render, score_csp
from clip_mat.evaluation.csp_tasks import Task, read_tasks, requests_of
from clip_mat.generate.checks import KnownCrystals
from clip_mat.generate.substitution import repeated, scaled
from clip_mat.structures import Skipped, write_crystal

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
POSCAR = r"System\n1.0\n4 0 0\n0 4 0\n0 0 4\nCs Cl\n1 1\ndirect\n0 0 0 \n0.5 0.5 0.5 \n"


def rock_salt(metal: str) -> Crystal:
    return Crystal.from_symbols([metal, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 5.64 * FCC)


def caesium_chloride(metal: str) -> Crystal:
    return Crystal.from_symbols([metal, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 3.6 * np.eye(3))


TASKS = [
    Task("a", rock_salt("Na"), 225),
    Task("b", caesium_chloride("Na"), 221),
    Task("c", rock_salt("K"), 225),
    Task("d", rock_salt("Rb"), 225),
]
Lists = Sequence[Sequence[Crystal]]


def answering(lists: Lists) -> Any:
    return lambda requests: lists


def test_every_request_is_in_the_denominator() -> None:
    lists = [
        [rock_salt("Na")],
        [rock_salt("Na"), caesium_chloride("Na")],
        [],
        [Crystal.from_symbols(["Rb", "Cl"], [[0, 0, 0], [0, 0, 0]], np.eye(3))],
    ]
    outcome = predict("ours", answering(lists), TASKS, 2)
    scores = score_csp(outcome, TASKS, 2)
    assert scores.match_1.value == 0.25
    assert scores.match_n.value == 0.5
    assert scores.rmse_1 is not None
    assert scores.rmse_1.value == pytest.approx(0.0, abs=1e-6)
    assert scores.answered == 0.75
    assert scores.valid == 0.5
    assert scores.valid_of_answers == pytest.approx(2 / 3)
    assert scores.charge_balanced == 0.75


def test_polymorphs_may_be_matched_by_each_others_answers() -> None:
    lists = [[caesium_chloride("Na")], [rock_salt("Na")], [rock_salt("K")], []]
    scores = score_csp(predict("ours", answering(lists), TASKS, 1), TASKS, 1)
    assert scores.match_1.value == 0.25
    assert scores.metre is not None
    assert scores.metre.value == 0.75


def test_the_density_counts_though_the_matcher_does_not_see_it() -> None:
    lists = [[scaled(task.crystal, 2 * task.crystal.volume)] for task in TASKS]
    scores = score_csp(predict("ours", answering(lists), TASKS, 1), TASKS, 1)
    assert scores.match_1.value == 1.0
    assert scores.density_error is not None
    assert scores.density_error.value == pytest.approx(0.5)


def test_gains_are_paired() -> None:
    right = predict("right", answering([[task.crystal] for task in TASKS]), TASKS, 1)
    wrong = predict("wrong", answering([[] for _ in TASKS]), TASKS, 1)
    gain = gains(right, wrong, 1)["match@1"]
    assert (gain.value, gain.low, gain.high) == (1.0, 1.0, 1.0)
    assert gains(right, right, 1)["match@1"].value == 0.0


def test_symmetry_uniqueness_and_novelty() -> None:
    rng = np.random.default_rng(0)
    askew = Crystal.from_symbols(["Rb", "Cl"] * 2, rng.random((4, 3)), 6 * np.eye(3) + rng.random((3, 3)))
    lists = [[rock_salt("Na"), rock_salt("Na")], [rock_salt("Na")], [rock_salt("K")], [askew]]
    known = KnownCrystals.of_crystals([rock_salt("Na")])
    scores = score_csp(predict("ours", answering(lists), TASKS, 2), TASKS, 2, known=known)
    assert scores.p1 == 0.25
    assert scores.p1_of_references == 0.0
    assert scores.unique == 0.8
    assert scores.novel == 0.5


def test_an_answer_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="answered 1 of 4"):
        predict("short", answering([[]]), TASKS)


def test_a_report_is_json_and_tables() -> None:
    outcome = predict("ours", answering([[] for _ in TASKS]), TASKS, 3)
    scores = score_csp(outcome, TASKS, 3)
    assert json.loads(json.dumps(scores.to_dict()))["match_1"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert scores.to_dict()["rmse_1"] is None
    assert len(render([scores, scores], {"other": gains(outcome, outcome, 3)})) == 3


def test_requests_tell_what_they_should() -> None:
    four = Task("x", repeated(rock_salt("Na"), 2), 225)
    assert requests_of([four], 5) == [{"cell": "Cl2Na2", "n": 5}]
    assert requests_of([four], 5, "composition", spacegroup=True) == [
        {"composition": "ClNa", "n": 5, "spacegroup": 225}
    ]


def test_tasks_are_read_from_files_and_drawn(tmp_path: Path) -> None:
    for metal in ("Na", "K", "Rb"):
        (tmp_path / f"{metal}.cif").write_text(write_crystal(rock_salt(metal), "cif"))
    (tmp_path / "bad.cif").write_text("nothing")
    left_out: list[Skipped] = []
    tasks = read_tasks(tmp_path, skipped=left_out.append)
    assert sorted(task.formula for task in tasks) == ["ClK", "ClNa", "ClRb"]
    assert {task.spacegroup for task in tasks} == {225}
    assert len(left_out) == 1
    drawn = [task.id for task in read_tasks(tmp_path, limit=2, seed=1)]
    assert len(drawn) == 2
    assert drawn == [task.id for task in read_tasks(tmp_path, limit=2, seed=1)]
    with pytest.raises(CrystalError, match="at most 1 atoms"):
        read_tasks(tmp_path, max_sites=1)


def test_tasks_are_read_from_the_zip_of_a_benchmark(tmp_path: Path) -> None:
    path = tmp_path / "splits.zip"
    splits = {"train": {}, "val": {"7": POSCAR}, "test": {"8": POSCAR, "9": "nothing"}}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("splits.json", json.dumps(splits))
    left_out: list[Skipped] = []
    (task,) = read_tasks(path, skipped=left_out.append)
    assert (task.id, task.formula, task.spacegroup) == ("8", "ClCs", 221)
    assert [one.id for one in left_out] == ["9"]
    assert [task.id for task in read_tasks(path, part="val")] == ["7"]


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip"])
def test_a_broken_zip_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "splits.zip"
    path.write_bytes(content)
    with pytest.raises(CrystalError, match=r"splits\.zip"):
        read_tasks(path)
