"""The measure of `clip-mat design` finds every kind of mistake."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from pymatgen.core import Lattice, Structure

from rag.errors import QuestionError
from rag.evaluation.designs import DesignQuestion, evaluate_designs, read_design_questions

CIF = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.41), ["Ce", "O"], [[0, 0, 0], [0.25, 0.25, 0.25]]).to(
    fmt="cif"
)
WHY = {
    "demand": "composition", "value": "CeO2", "source": "paper", "words": "ceria", "sentence": "",
    "key": "A2020", "file": "a.pdf", "page": 2, "label": "2", "quote": "On reduction of ceria ...", "boxes": [],
}  # fmt: skip
DOCUMENT: dict[str, Any] = {
    "question": "Which oxide?",
    "answer": {"abstained": False},
    "request": {
        "composition": "CeO2", "elements": [], "families": [], "exclude": ["Pb"], "prototypes": ["fluorite"],
        "spacegroup": None, "crystal_system": "cubic", "gap": None,
    },
    "structures": [{"cif": CIF, "formula": "CeO2", "provenance": [WHY]}],
    "notes": [],
}  # fmt: skip
EXPECTED = {"composition": ["O2Ce"], "exclude": ["Pb"], "prototypes": ["fluorite"], "crystal_system": "cubic"}

Change = Callable[[dict[str, Any]], Any]


def _row(change: Change | None = None, expected: dict[str, Any] | None = None) -> Any:
    document = deepcopy(DOCUMENT)
    if change:
        change(document)
    report = evaluate_designs([DesignQuestion("Which oxide?", expected or EXPECTED)], lambda _: document)
    return report.rows[0]


def test_what_is_right_is_right() -> None:
    row = _row()
    assert not row.faults
    assert not row.disobedient
    assert not row.unfounded


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["request"].update(composition="CeO"),
        lambda d: d["request"].update(composition=None),
        lambda d: d["request"].update(exclude=[]),
        lambda d: d["request"].update(prototypes=[]),
        lambda d: d["request"].update(prototypes=["fluorite", "rutile"]),
        lambda d: d["request"].update(crystal_system=None),
        lambda d: d["request"].update(crystal_system="hexagonal"),
        lambda d: d["request"].update(spacegroup=225),
    ],
)
def test_a_wrong_request_is_found(change: Change) -> None:
    assert _row(change).faults


@pytest.mark.parametrize(
    ("outcome", "change"),
    [
        ("abstains", lambda d: None),
        ("no compound", lambda d: None),
        ("no compound", lambda d: d["answer"].update(abstained=True)),
        ("not makeable", lambda d: d.update(structures=[])),
    ],
)
def test_crystals_where_none_are_expected_are_a_fault(outcome: str, change: Change) -> None:
    assert _row(change, {"outcome": outcome, "named": ["MAPbI3"]}).faults


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["request"].update(composition="ZrO2"),
        lambda d: d["request"].update(exclude=["Ce"]),
        lambda d: d["request"].update(elements=["N"]),
        lambda d: d["request"].update(spacegroup=227),
        lambda d: d["request"].update(crystal_system="trigonal"),
        lambda d: d["request"].update(prototypes=["rutile"]),
    ],
)
def test_a_crystal_that_does_not_obey_is_found(change: Change) -> None:
    assert _row(change).disobedient


@pytest.mark.parametrize(
    "change",
    [
        lambda why: why.update(quote="On reduction of titania ..."),
        lambda why: why.update(words="On reduction"),
        lambda why: why.update(value="TiO2"),
        lambda why: why.update(page=None),
        lambda why: why.update(demand="exclude", value="Pb"),
    ],
)
def test_a_page_that_does_not_say_so_is_found(change: Change) -> None:
    assert _row(lambda d: change(d["structures"][0]["provenance"][0])).unfounded


def test_quotes_are_looked_up(tmp_path: Path) -> None:
    asked = [DesignQuestion("Which oxide?", EXPECTED)]
    report = evaluate_designs(asked, lambda _: deepcopy(DOCUMENT), lambda file: _missing(file))
    assert report.quotes is not None
    assert report.quotes.checked == len(report.quotes.astray) == 1


def _missing(file: str) -> Path:
    from rag.demo import PAPER

    return PAPER


def test_the_questions_of_this_repository_can_be_read() -> None:
    data = Path(__file__).parents[1] / "data"
    sizes = {"": 20, "_development": 78, "_drawn": 20, "_drawn_again": 20}
    for name, size in sizes.items():
        assert len(read_design_questions(data / f"design_questions{name}.jsonl")) == size


def test_a_line_that_is_no_question_is_named(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"question": "x", "expected": {"outcome": "wonders"}}\n', encoding="utf-8")
    with pytest.raises(QuestionError, match="line 1"):
        read_design_questions(file)
