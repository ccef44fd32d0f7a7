"""What every command shares."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from app.terminal import PathName, console, counted, plain, print_table


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


def test_a_table_keeps_its_columns_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from rich.table import Table

    monkeypatch.setenv("COLUMNS", "30")
    table = Table("formula", "space group", "band gap / eV", "energy above the hull", box=None)
    table.add_row("CaTiO3", "Pm-3m (221)", "1.85", "0.018")
    print_table(table)

    out, _ = capsys.readouterr()
    assert all(word in out for word in ("CaTiO3", "Pm-3m (221)", "band gap / eV", "energy above the hull", "0.018"))


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
