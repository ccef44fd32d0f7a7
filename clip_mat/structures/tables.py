"""Parquet tables with a ``cif`` column."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.structures.cif import parse_cif
from clip_mat.structures.entries import Read, attempt

_ROWS = 256  # read at a time


def read_parquet(path: Path, start: int = 0) -> Iterator[Read]:
    """The rows of a table, from number ``start`` on: CIF text in ``cif``, all else said of it.

    Raises:
        CrystalError: If the file is no parquet table, or has no such column.
    """
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.ParquetFile(path, memory_map=True)
        columns = table.schema_arrow.names
        if "cif" not in columns:
            raise CrystalError(f"no column 'cif' among {', '.join(columns)[:200]}; rename the one that holds CIF text")
        row = 0
        for batch in table.iter_batches(_ROWS):
            for place, values in enumerate(batch.slice(max(0, start - row)).to_pylist(), max(start, row)):
                yield Read(str(place), attempt(partial(_from_cell, values.pop("cif"))), values)
            row += len(batch)
    except pyarrow.ArrowException as error:
        raise CrystalError(f"not a parquet table: {' '.join(str(error).split())[:200]}") from None


def _from_cell(cif: object) -> Crystal:
    if not isinstance(cif, str) or not cif.strip():
        raise CrystalError("no CIF in this row")
    return parse_cif(cif)
