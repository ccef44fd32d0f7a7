"""What every command shares."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from app.terminal import PathName, counted, plain


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
