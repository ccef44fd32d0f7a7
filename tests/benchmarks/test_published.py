"""The tables of the documents show what is published, and what is published can be repeated."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.published import NUMBER, Figure, Made, Measurement, Published, look_up, read_published
from benchmarks.repeat import choose, judge, lacking, main

ROOT = Path(__file__).parents[2]
PUBLISHED = read_published().measurements


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


def test_every_number_with_a_place_is_that_of_a_command_that_prints_json() -> None:
    for one in PUBLISHED:
        for figure in one.figures:
            assert len(figure.at) in (0, len(figure.numbers)), f"{one.name}, {figure.what}"
            assert not figure.at or "--json" in one.command, one.name


def test_most_figures_are_judged_by_the_script_and_not_read_off() -> None:
    repeated = [figure for one in PUBLISHED if "--json" in one.command for figure in one.figures if not figure.times]
    assert sum(bool(figure.at) for figure in repeated) > 0.9 * len(repeated)


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
def test_a_number_is_the_same_within_its_interval_or_its_last_digit(shown: str, value: float, same: bool) -> None:
    assert Figure("x", shown).numbers[0].is_met_by(value) is same


def test_the_numbers_of_a_figure_are_those_outside_of_intervals() -> None:
    figure = Figure("x", "0.990 [0.975, 1.000]; 1,774 of 0.5 MP2020, 2.3 points less")
    assert [number.shown for number in figure.numbers] == ["0.990", "1,774", "0.5", "2.3"]
    assert figure.numbers[0].is_met_by(0.98)
    assert figure.numbers[3].is_met_by(0.0228)
    assert not figure.numbers[3].is_met_by(0.0224)


def test_numbers_are_looked_up_in_json() -> None:
    rows = [{"name": "a", "of": "x", "hit": {"1": 0.5}}, {"name": "b", "of": "x", "hit": {"1": 0.25}}]
    document = {"systems": rows, "times": [3, 4.5]}
    for place, value in (
        ("systems/name=b/hit/1", 0.25),
        ("systems/name=a & of=x/hit/1", 0.5),
        ("times/1", 4.5),
        ("systems", 2),
        ("systems/name=a/hit/1 - systems/name=b/hit/1", 0.25),
    ):
        assert look_up(document, place) == value
    for place in (
        *("systems/name=c/hit/1", "systems/of=x/hit/1", "systems/name=a & of=y/hit/1", "systems/name=a/hit/2"),
        *("systems/name=a/hit", "systems/name=a/of", "times/2", "times/x"),
    ):
        with pytest.raises(KeyError):
            look_up(document, place)


def measurement(command: str, *figures: Figure, minutes: float = 1, needs: tuple[str, ...] = ()) -> Measurement:
    return Measurement(f"of {minutes:g}", "", command, 0, "2026-01-01", minutes, figures, "", needs)


def test_what_differs_is_counted() -> None:
    one = measurement(
        "x --json",
        Figure("a", "0.5", ("a",)),
        Figure("b", "0.5 of 7", ("b", "")),
        Figure("c", "3 ms", ("c",), times=True),
        Figure("d", "0.5, 0.7", ("a", "b")),
        Figure("e", "0.5"),
    )
    rows, wrong = judge(one, {"a": 0.5, "b": 0.6, "c": 9})
    assert [row[3] for row in rows] == ["the same", "DIFFERS", "", "DIFFERS", "read it off"]
    assert rows[3][2] == "0.5, 0.6"
    assert wrong == 2
    assert judge(one, {"a": 0.5})[1] == 3


MADE = {"index": Made("index", "x {data} --out {index}", 6)}


def test_the_budget_is_kept() -> None:
    several = [measurement("x", minutes=minutes) for minutes in (20, 5, 12, 4)]
    published = Published(tuple(several), MADE)
    assert [one.minutes for one in choose(published, several, [], 22, set())] == [4, 5, 12]
    assert [one.minutes for one in choose(published, several, ["of 20"], 1, set())] == [20]
    everything = read_published()
    able = [one for one in everything.measurements if one.command]
    missing = set(everything.made)
    chosen = choose(everything, able, [], 30, missing)
    made = {made.name: made.minutes for one in chosen for made in everything.needed(one.command)}
    assert len(chosen) > 5
    assert sum(one.minutes for one in chosen) + sum(made.values()) <= 30


def test_what_has_to_be_made_costs_time_once() -> None:
    several = [measurement("x {index}", minutes=1), measurement("y {index}", minutes=2), measurement("z", minutes=8)]
    published = Published(tuple(several), MADE)
    assert [one.minutes for one in choose(published, several, [], 10, {"index"})] == [1, 2]
    assert [one.minutes for one in choose(published, several, [], 11, set())] == [1, 2, 8]
    assert choose(published, several[:2], [], 6, {"index"}) == []


def test_what_is_not_installed_is_named() -> None:
    assert lacking(measurement("x"), sys.executable) == ""
    assert lacking(measurement("x", needs=("json", "no_such_module")), sys.executable) == "needs no_such_module"


def test_commands_name_only_what_there_is() -> None:
    published = read_published()
    for command in [one.command for one in (*published.measurements, *published.made.values())]:
        assert {*re.findall(r"{(\w+)}", command)} <= {"data", "peers", *published.made}, command


def test_a_command_is_run_and_judged_and_what_it_needs_is_made_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script, made = tmp_path / "measure.py", tmp_path / "make.py"
    script.write_text("import json, sys; print(json.dumps({'hit': float(open(sys.argv[1]).read())}))")
    made.write_text("import sys; open(sys.argv[1], 'a').write('0.9')")
    thing = Made("thing", f"python {made} {{thing}}", 1)
    command = ["--minutes", "2", "--data", str(tmp_path), "--work", str(tmp_path / "work")]
    for shown, status in (("0.9", 0), ("0.7", 1)):
        one = measurement(f"python {script} {{thing}} --json", Figure("hit", shown, ("hit",)))
        monkeypatch.setattr("benchmarks.repeat.read_published", lambda one=one: Published((one,), {"thing": thing}))
        assert main(command) == status
        assert ("DIFFERS" in capsys.readouterr().out) is bool(status)
    assert (tmp_path / "work" / "thing").read_text() == "0.9"  # made once
    assert json.loads((tmp_path / "work" / "of-1.json").read_text()) == {"hit": 0.9}
    assert main([*command, "--use", "thing", str(script)]) == 1  # which holds no number
    assert main(["--data", str(tmp_path / "absent")]) == 1
    assert "--data FOLDER" in capsys.readouterr().out
