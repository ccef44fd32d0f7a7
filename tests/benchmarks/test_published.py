"""The tables of the documents show what is published, and what is published can be repeated."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.repeat import NUMBER, Figure, Measurement, choose, judge, look_up, main, read_published

ROOT = Path(__file__).parents[2]
PUBLISHED = read_published()


def measured() -> str:
    """Where documents show what was measured: that section of the README, and the document of all measurements."""
    section = re.search(r"\n## How good is it\?\n.*?(?=\n## )", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert section is not None
    everything = ROOT / "docs" / "measurements.md"
    return section[0] + (everything.read_text("utf-8") if everything.is_file() else "")


def table_rows() -> Iterator[tuple[str, str, list[str]]]:
    """(words in bold above, first cell, other cells) of every row of the tables of measurements."""
    above = ""
    for line in measured().splitlines():
        if bold := re.match(r"\*\*(.+?)\.?\*\*", line):
            above = bold[1]
        if line.startswith("|") and not re.match(r"\|[-| :]+\|$", line):
            first, *others = [cell.strip() for cell in line.strip("|").split("|")]
            yield above, first, others


def test_every_figure_of_the_tables_stands_in_the_file() -> None:
    rows = list(table_rows())
    assert len(rows) > 30
    shown = {number for one in PUBLISHED for figure in one.figures for number in NUMBER.findall(figure.shown)}
    prose = re.compile(r"\]\([^)]*\)|MP-20|\(`[^`]*`[^)]*\)|`[^`]*`|\([^()\d]*\)|@\d+|\"[^\"]*\"")
    missing = [
        f"{above}, {first!r}: {number}"
        for above, first, others in rows
        for cell in others
        for number in NUMBER.findall(prose.sub(" ", cell))
        if number not in shown
    ]
    assert not missing, f"add to benchmarks/published.toml, with their commands: {missing}"


def test_every_figure_of_the_file_is_shown() -> None:
    text = measured()
    for one in PUBLISHED:
        for figure in one.figures:
            for number in NUMBER.findall(figure.shown):
                assert number in text, f"{one.name}, {figure.what}: {number}"


def test_names_tell_measurements_apart_and_sections_are_those_of_the_documents() -> None:
    assert len({one.name for one in PUBLISHED}) == len(PUBLISHED)
    headings = {above for above, _, _ in table_rows()}
    for one in PUBLISHED:
        assert any(heading.startswith(one.section) for heading in headings), one.section
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", one.date)


def test_places_name_what_the_commands_print() -> None:
    """Where the JSON is documented by its types; each place is looked up for real when it is repeated."""
    for one in PUBLISHED:
        for figure in one.figures:
            assert "//" not in figure.at
            assert not figure.at or "--json" in one.command, one.name


@pytest.mark.parametrize(
    ("shown", "value", "same"),
    [
        ("0.96 [0.89, 1.00]", 0.96, True),
        ("0.96 [0.89, 1.00]", 0.90, True),
        ("0.96 [0.89, 1.00]", 0.88, False),
        ("0.907", 0.9074, True),
        ("0.907", 0.9081, False),
        ("1,774", 1774.4, True),
        ("100%", 1.0, True),
        ("100%", 0.99, False),
        ("200 of 200", 200, True),
        ("200 of 200", 199, False),
    ],
)
def test_a_figure_is_the_same_within_its_interval_or_its_last_digit(shown: str, value: float, same: bool) -> None:
    assert Figure("x", shown).is_met_by(value) is same


def test_numbers_are_looked_up_in_json() -> None:
    document = {"systems": [{"name": "a", "hit": {"1": 0.5}}, {"name": "b", "hit": {"1": 0.25}}]}
    assert look_up(document, "systems/name=b/hit/1") == 0.25
    for place in ("systems/name=c/hit/1", "systems/name=a/hit/2", "systems/name=a/hit"):
        with pytest.raises(KeyError):
            look_up(document, place)


def measurement(command: str, *figures: Figure, minutes: float = 1) -> Measurement:
    return Measurement("one", "", command, 0, "2026-01-01", minutes, figures, "")


def test_what_differs_is_counted() -> None:
    one = measurement(
        "x --json", Figure("a", "0.5", "a"), Figure("b", "0.5", "b"), Figure("c", "3 ms", "c", times=True)
    )
    rows, wrong = judge(one, {"a": 0.5, "b": 0.6, "c": 9})
    assert [row[3] for row in rows] == ["the same", "DIFFERS", ""]
    assert wrong == 1
    assert judge(one, {"a": 0.5})[1] == 2


def test_the_budget_is_kept() -> None:
    several = [measurement("x", minutes=minutes) for minutes in (20, 5, 12, 4)]
    assert [one.minutes for one in choose(several, [], 22)] == [4, 5, 12]
    assert sum(one.minutes for one in choose(PUBLISHED, [], 30)) <= 30


def test_a_command_is_run_and_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "measure.py"
    script.write_text(f"import json; print(json.dumps({json.dumps({'hit': 0.9})}))")
    for shown, status in (("0.9", 0), ("0.7", 1)):
        one = measurement(f"python {script} --json", Figure("hit", shown, "hit"))
        monkeypatch.setattr("benchmarks.repeat.read_published", lambda one=one: [one])
        assert main(["--minutes", "2"]) == status
        assert ("DIFFERS" in capsys.readouterr().out) is bool(status)
    assert one.words(tmp_path, tmp_path, tmp_path)[0] == sys.executable
