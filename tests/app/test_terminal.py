"""What every command shares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from app.terminal import PathName, console, counted, plain, show_pairs, show_table

Row = tuple[str, ...]


@pytest.mark.parametrize(
    ("number", "told"), [(0, "0 crystals"), (1, "1 crystal"), (2, "2 crystals"), (1200, "1,200 crystals")]
)
def test_things_are_counted(number: int, told: str) -> None:
    assert counted(number, "crystal") == told


def test_what_acts_on_a_terminal_is_shown_as_an_escape() -> None:
    assert plain("a\x1b[31m b\u202ec\u00a0d") == "a\\x1b[31m b\\u202ec d"


def test_a_name_is_a_file_or_a_folder_as_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder, file = PathName(file_okay=False), PathName(dir_okay=False)
    assert folder.convert(str(tmp_path / "new"), None, None) == tmp_path / "new"
    with pytest.raises(click.BadParameter, match="is a file; name a folder"):
        folder.convert(str(tmp_path / "file"), None, None)
    with pytest.raises(click.BadParameter, match="is a folder; name a file"):
        file.convert(str(tmp_path), None, None)
    with pytest.raises(click.BadParameter, match="the name is empty"):
        file.convert("", None, None)


COLUMNS = ("#", "id", "formula", "gap", "charge", "pages")
ROWS = [
    ("1", "aflow:ABC2_tI16_122", "CuFeS2", "-", "0.018", "Mosquera2023 page 12, Li2020 page 3"),
    ("2", "aflow:CaTiO3_oP20_62", "CaTiO3", "-", "0.250", "Li2020 page 4"),
]


def table_of(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, rows: list[Row]) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    show_table(COLUMNS, rows, text=("id", "formula"), wrapped=("pages",), spared=("charge", "#"))
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("width", "spared"), [(100, set()), (80, set()), (40, set()), (20, set())]
)  # 72 characters are printed however narrow the terminal is
def test_a_table_breaks_pages_before_it_leaves_anything_out(
    width: int, spared: set[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = table_of(width, capsys, monkeypatch, ROWS)
    assert {name for name in COLUMNS if name not in shown.splitlines()[0].split()} == spared
    assert max(map(len, shown.splitlines())) <= max(72, width)
    assert all(row[1] in shown for row in ROWS)
    assert all(word in shown.split() for row in ROWS for word in row[-1].split())


def test_what_is_not_known_is_left_out_first_then_what_can_be_spared(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for longer, left in ((0, COLUMNS), (16, ("#", "id", "formula", "charge", "pages")),
                         (20, ("#", "id", "formula", "pages")), (29, ("id", "formula", "pages"))):  # fmt: skip
        rows = [(row[0], row[1] + "x" * longer, *row[2:]) for row in ROWS]
        shown = table_of(72, capsys, monkeypatch, rows)
        assert tuple(shown.splitlines()[0].split()) == left
        assert all(row[1] in shown for row in rows)
        assert max(map(len, shown.splitlines())) <= 72


def test_an_id_longer_than_the_line_is_folded_and_not_cut(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = table_of(72, capsys, monkeypatch, [("1", "x" * 200 + "\x1b[31m", *ROWS[0][2:])])
    assert shown.count("x") >= 200
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 72


def test_pairs_stand_beside_each_other_and_nothing_is_shown_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    show_pairs([("filter", "nelements = 3", "edit"), ("ranked by", "oxide")])
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["filter", "nelements", "=", "3", "edit"],
        ["ranked", "by", "oxide"],
    ]
    show_pairs([])
    assert not capsys.readouterr().out


def test_a_reader_that_leaves_is_no_failure_of_a_table() -> None:
    with pytest.raises(BrokenPipeError):
        console().on_broken_pipe()


def test_every_character_is_printed_whatever_the_encoding() -> None:
    program = (
        "from app.terminal import print_anything, print_json; print_anything(); print('Nosé'); print_json('ZnO–𝛼')"
    )
    settings = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-c", program], env=settings, capture_output=True, check=True)
    plain_line, document = done.stdout.decode("ascii").splitlines()

    assert plain_line == "Nos\\xe9"
    assert json.loads(document) == "ZnO–𝛼"
