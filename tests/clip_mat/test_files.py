"""Files that users asked for."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from clip_mat.files import write_file

FULL = Path("/dev/full")


def test_text_and_bytes_are_written_as_they_are_into_folders_that_are_made(tmp_path: Path) -> None:
    assert write_file(tmp_path / "a" / "b.txt", "Å\n").read_bytes() == "Å\n".encode()
    assert write_file(str(tmp_path / "a" / "b.txt"), b"\x00\r\n").read_bytes() == b"\x00\r\n"


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("content", ["words" * 10_000, b"bytes"])
def test_a_full_disk_is_told_with_the_name_of_the_file(content: str | bytes) -> None:
    with pytest.raises(OSError, match=r"No space left on device: '/dev/full'") as failure:
        write_file(FULL, content)
    assert failure.value.errno == errno.ENOSPC
