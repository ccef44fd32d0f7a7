"""The process that parses structure files.

A request names a file, where in it to start and how many structures to send at a time; the answers to it are
``{"rows": [...]}`` and at last ``{"error": why or null}``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.limited import Send, bound_memory, bound_processor, path_from_json, serve
from clip_mat.structures.cif import read_cif
from clip_mat.structures.entries import Read, ReadLimits, clean_properties
from clip_mat.structures.formats import read_json, read_poscar, read_xyz
from clip_mat.structures.tables import read_parquet

_PATIENCE = 0.5  # seconds until what there is is sent
_TEXTS = {"cif": read_cif, "poscar": read_poscar, "xyz": read_xyz, "json": read_json}
_IDS = ("material_id", "entry_id", "id", "uid")


def main() -> None:
    """Serve requests until the parent closes the pipe."""
    serve(_answer)


def _answer(request: dict[str, Any], send: Send) -> None:
    limits = ReadLimits(**request["limits"])
    bound_memory(limits.memory_mb)
    bound_processor(limits.seconds)
    rows: list[list[Any]] = []
    error, sent = None, time.monotonic()
    try:
        for read in _read(path_from_json(request["path"]), request["kind"], request["start"], limits):
            rows.append(_row(read))
            if len(rows) >= request["batch"] or time.monotonic() > sent + _PATIENCE:
                send({"rows": rows})
                rows, sent = [], time.monotonic()
                bound_processor(limits.seconds)
    except CrystalError as reason:
        error = str(reason)
    except MemoryError:
        error = f"needs more than {limits.memory_mb:,} MB of memory to read; it may be an attack; else raise the limit"
    except OSError as reason:
        error = f"cannot be read: {reason.strerror}"
    except Exception as reason:  # noqa: BLE001 - whatever a damaged file does to a parser ends here, as one line
        error = f"cannot be read: {type(reason).__name__}: {' '.join(str(reason).split())[:200]}"
    if rows:
        send({"rows": rows})
    send({"error": error})


def _read(path: Path, kind: str, start: int, limits: ReadLimits) -> Iterator[Read]:
    if kind == "parquet":
        return read_parquet(path, start)
    with path.open("rb") as file:
        data = file.read((limits.megabytes << 20) + 1)
    if len(data) > limits.megabytes << 20:
        raise CrystalError(f"is larger than {limits.megabytes} MB; raise the limit, or give the structures as parquet")
    return _TEXTS[kind](data.decode("utf-8", "replace").removeprefix("\ufeff"))


def _row(read: Read) -> list[Any]:
    """A structure as JSON: its id or place, then either arrays or the reason why there are none, then properties."""
    given = next((str(read.values[name]) for name in _IDS if read.values.get(name) not in (None, "")), None)
    said = clean_properties({name: value for name, value in read.values.items() if name not in _IDS})
    crystal = read.crystal
    if isinstance(crystal, Crystal):
        arrays = [crystal.numbers.tolist(), crystal.positions.tolist(), crystal.lattice.tolist()]
        return [given, read.place, arrays, said]
    return [given, read.place, str(crystal), said]
