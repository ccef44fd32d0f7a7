"""Writing files that users asked for."""

from __future__ import annotations

from pathlib import Path


def write_file(path: Path | str, content: str | bytes) -> Path:
    """Write a file, text as UTF-8; its folder is made.

    Returns:
        The file.

    Raises:
        OSError: If it cannot be written. It names the file, which the system leaves to us where a disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    return path
