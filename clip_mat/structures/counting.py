"""How many structures a source is likely to have, for those who show how far they are."""

from __future__ import annotations

import os
from pathlib import Path

from clip_mat.structures.reading import kind_of


def count_crystals(path: Path | str) -> int:
    """The rows of a parquet table, or the files in a folder (a table in it with its rows); 0 where nothing is known."""
    path = Path(path)
    if not path.is_dir():
        return _rows(path) if kind_of(path) == "parquet" else 0
    files = (Path(here, name) for here, _, names in os.walk(path) for name in names if not name.startswith("."))
    return sum(_rows(file) if kind == "parquet" else 1 for file in files if (kind := kind_of(file)))


def _rows(path: Path) -> int:
    import pyarrow
    from pyarrow import parquet

    try:
        return int(parquet.read_metadata(path).num_rows)
    except (pyarrow.ArrowException, OSError):
        return 0
