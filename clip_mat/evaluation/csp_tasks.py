"""What structure prediction is asked: the composition of a known crystal, and sometimes its space group.

>>> from clip_mat.evaluation.csp_tasks import read_tasks, requests_of
"""

from __future__ import annotations

import json
import random
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.evaluation.matching import formula_of, shared_work
from clip_mat.facts import write_formula
from clip_mat.structures import Entry, Skipped, read_crystals
from clip_mat.structures.formats import read_poscar
from clip_mat.symmetry import find_spacegroup

Content = Literal["cell", "composition"]
"""What is told of the atoms: how many of each stand in the cell, as the benchmarks do it, or only their ratio."""
Part = Literal["train", "val", "test"]

_LARGEST_SPLITS = 1 << 28  # bytes of a benchmark's JSON
Told = Callable[[Skipped], None]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A crystal to predict.

    Attributes:
        id: Its name in the data.
        crystal: As it is given there; its cell is the content that is asked for.
        spacegroup: By spglib; None where it finds none.
    """

    id: str
    crystal: Crystal
    spacegroup: int | None = None

    @property
    def formula(self) -> str:
        """Reduced formula, elements in alphabetical order."""
        return formula_of(self.crystal)

    def request(self, n: int, content: Content = "cell", *, spacegroup: bool = False) -> dict[str, Any]:
        """As `clip_mat.generate` and ``clip-mat generate --requests`` take it."""
        counts = Counter(self.crystal.symbols)
        whole = write_formula({symbol: counts[symbol] for symbol in sorted(counts)})
        asked: dict[str, Any] = {content: whole if content == "cell" else self.formula, "n": n}
        if spacegroup and self.spacegroup is not None:
            asked["spacegroup"] = self.spacegroup
        return asked


def read_tasks(
    path: Path,
    *,
    max_sites: int = 20,
    limit: int | None = None,
    seed: int = 0,
    part: Part = "test",
    processes: int = 1,
    skipped: Told | None = None,
) -> list[Task]:
    """Crystals to predict.

    Args:
        path: What `clip_mat.structures.read_crystals` reads, or a zip of POSCAR splits, as of Perov-5 and Carbon-24.
        max_sites: Leaves out crystals of more atoms in the cell.
        limit: Most tasks; drawn at random where there are more.
        seed: Of that draw.
        part: Which split of a zip.
        processes: Share the search for space groups.
        skipped: Told of what cannot be read.

    Raises:
        CrystalError: If the file is missing or of another kind, or no crystal is left.
    """
    entries = [entry for entry in read_entries(path, part, skipped) if len(entry.crystal) <= max_sites]
    if not entries:
        raise CrystalError(f"{path}: no crystal of at most {max_sites} atoms to predict")
    if limit is not None and limit < len(entries):
        kept = sorted(random.Random(seed).sample(range(len(entries)), limit))
        entries = [entries[place] for place in kept]
    groups = shared_work(find_spacegroup, [entry.crystal for entry in entries], processes)
    return [Task(entry.id, entry.crystal, group) for entry, group in zip(entries, groups, strict=True)]


def read_entries(path: Path, part: Part = "test", skipped: Told | None = None) -> Iterator[Entry]:
    """Crystals of a file or folder, or of one split of a benchmark's zip.

    Raises:
        CrystalError: As `read_tasks`.
    """
    found = _read_splits(path, part) if path.suffix.lower() == ".zip" else read_crystals(path)
    for entry in found:
        if isinstance(entry, Entry):
            yield entry
        elif skipped is not None:
            skipped(entry)


def _read_splits(path: Path, part: Part) -> Iterator[Entry | Skipped]:
    """``{"train": {"ID": "POSCAR", ...}, "val": ..., "test": ...}`` in the one JSON file of a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [info for info in archive.infolist() if info.filename.endswith(".json")]
            if len(names) != 1 or names[0].file_size > _LARGEST_SPLITS:
                raise CrystalError(f"{path}: a benchmark's zip holds one JSON of splits, at most 256 MB")
            splits = json.loads(archive.read(names[0]))
        poscars = dict(splits[part])
    except OSError as error:
        raise CrystalError(f"{path}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
        raise CrystalError(f"{path}: no zip of a JSON with POSCARs by id under {part!r}: {error}") from error
    for name, text in poscars.items():
        try:
            (found,) = read_poscar(str(text).replace("\\n", "\n"))  # these files write line ends as two characters
        except CrystalError as error:
            yield Skipped(str(name), path.name, str(error))
            continue
        if isinstance(found.crystal, Crystal):
            yield Entry(str(name), found.crystal, source=path.name)
        else:
            yield Skipped(str(name), path.name, str(found.crystal))


def requests_of(
    tasks: Sequence[Task], n: int, content: Content = "cell", *, spacegroup: bool = False
) -> list[dict[str, Any]]:
    """One request a task, as `Task.request` has it."""
    return [task.request(n, content, spacegroup=spacegroup) for task in tasks]
