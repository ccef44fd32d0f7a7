"""Files, folders and tables of structures to crystals, parsed in a child process with limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.limited import LimitBroken, LimitedProcess, path_to_json
from clip_mat.structures.entries import Entry, ReadLimits, Skipped

KINDS = {
    ".cif": "cif",
    ".vasp": "poscar",
    ".poscar": "poscar",
    ".xyz": "xyz",
    ".extxyz": "xyz",
    ".json": "json",
    ".parquet": "parquet",
}
"""What is read, by the ending of its name in lower case; beside files called POSCAR... or CONTCAR..."""

_BATCH = 256
_MOST_LOSSES = 10  # rows of one table that end or stop their reader, until the table is given up


def read_crystals(path: Path | str, limits: ReadLimits | None = None) -> Iterator[Entry | Skipped]:
    """Every structure of a file, or of all files in a folder and the folders below it, in the order of their names.

    CIF, POSCAR, extended XYZ, pymatgen's JSON, and parquet tables with a column ``cif``. In a folder other files are
    passed over, and links are followed once.

    Args:
        path: File or folder.
        limits: Of the process that parses.

    Yields:
        An entry for each structure, or what was skipped and why; the rest goes on.

    Raises:
        CrystalError: If there is no such file or folder, nothing in the folder can be read, or nothing at all in the
            file.
    """
    path = Path(path)
    limits = limits or ReadLimits()
    if path.is_dir():
        return _read_folder(path, limits)
    if not path.exists():
        raise CrystalError(f"{path}: no such file or folder")
    kind = kind_of(path)
    if kind is None:
        raise CrystalError(f"{path}: no structure file by its name; known are {', '.join(KINDS)}, POSCAR and CONTCAR")
    return _read_file(path, kind, limits)


def kind_of(path: Path) -> str | None:
    """How a file is read, by its name; None if it is not."""
    if path.name.upper().startswith(("POSCAR", "CONTCAR")):
        return "poscar"
    return KINDS.get(path.suffix.lower())


def _read_file(path: Path, kind: str, limits: ReadLimits) -> Iterator[Entry | Skipped]:
    with closing(_Reader(limits)) as reader:
        yield from reader.read(path, kind, _printable(path.name))


def _read_folder(folder: Path, limits: ReadLimits) -> Iterator[Entry | Skipped]:
    found = False
    with closing(_Reader(limits)) as reader:
        for item in _walk(folder):
            found = True
            if isinstance(item, Skipped):
                yield item
                continue
            name = _printable(item.relative_to(folder).as_posix())
            kind = kind_of(item)
            assert kind is not None
            try:
                yield from reader.read(item, kind, name)
            except CrystalError as error:
                yield Skipped(name, str(item), str(error).removeprefix(f"{item}: "))
    if not found:
        raise CrystalError(f"{folder}: no structure files here; known are {', '.join(KINDS)}, POSCAR and CONTCAR")


def _walk(folder: Path) -> Iterator[Path | Skipped]:
    """Structure files below a folder in the order of their names, and the folders that cannot be opened."""
    closed: list[Skipped] = []

    def refused(error: OSError) -> None:
        place = Path(error.filename)
        closed.append(Skipped(_printable(place.name), str(place), f"cannot be opened: {error.strerror}"))

    seen: set[tuple[int, int]] = set()
    for here, folders, files in os.walk(folder, onerror=refused, followlinks=True):
        identity = os.stat(here)  # noqa: PTH116 - os.walk gives text
        if (identity.st_dev, identity.st_ino) in seen:  # a link back
            folders.clear()
            continue
        seen.add((identity.st_dev, identity.st_ino))
        folders.sort()
        for name in sorted(files):
            path = Path(here, name)
            if not name.startswith(".") and kind_of(path):
                yield path
    yield from closed


class _Reader:
    """Reads file after file in one child, and in another when that one dies."""

    def __init__(self, limits: ReadLimits) -> None:
        self._limits = limits
        self._process: LimitedProcess | None = None

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()

    def read(self, path: Path, kind: str, name: str) -> Iterator[Entry | Skipped]:
        """The structures of one file. Raises CrystalError, naming the file, where there is none."""
        if not path.is_file():
            raise CrystalError(f"{path}: is a link to nothing, a folder or no regular file")
        read, batch, losses = 0, _BATCH, 0
        while True:
            try:
                for row in self._rows(path, kind, read, batch):
                    read += 1
                    yield _entry(row, path, name)
                return
            except LimitBroken as error:
                if kind != "parquet" or losses == _MOST_LOSSES:
                    yield from _given_up(path, name, f"{error.reason}; {error.remedy}", read)
                    return
                if batch > 1:  # which row it was shows when they come one by one
                    batch = 1
                    continue
                yield Skipped(f"{name}:{read}", str(path), error.reason)
                read, batch, losses = read + 1, _BATCH, losses + 1
            except CrystalError as error:
                yield from _given_up(path, name, str(error), read)
                return

    def _rows(self, path: Path, kind: str, start: int, batch: int) -> Iterator[list[Any]]:
        """Rows as `clip_mat.structures.child` sends them; raises CrystalError for its error."""
        if self._process is None or not self._process.alive:
            self.close()
            self._process = LimitedProcess("clip_mat.structures.child")
        limits = asdict(self._limits)
        request = {"path": path_to_json(path), "kind": kind, "start": start, "batch": batch, "limits": limits}
        self._process.send(request)
        try:
            while "error" not in (answer := self._process.receive(self._limits.seconds)):
                yield from answer["rows"]
        except GeneratorExit:  # the rest of the answer is on its way; nobody may take it for the next one's
            self._process.kill()
            raise
        if answer["error"] is not None:
            raise CrystalError(str(answer["error"]))


def _given_up(path: Path, name: str, reason: str, read: int) -> Iterator[Skipped]:
    """The rest of a file that has given something; a CrystalError for one that has not."""
    if not read:
        raise CrystalError(f"{path}: {reason}")
    yield Skipped(f"{name}:{read}", str(path), f"the rest of the file: {reason}")


def _entry(row: list[Any], path: Path, name: str) -> Entry | Skipped:
    given, place, content, said = row
    entry_id = given or (f"{name}:{place}" if place else name)
    if isinstance(content, str):
        return Skipped(entry_id, str(path), content)
    numbers, positions, lattice = content
    return Entry(entry_id, Crystal(np.array(numbers), np.array(positions), np.array(lattice)), said, str(path))


def _printable(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "replace")
