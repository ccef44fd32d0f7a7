"""From structures to records: incremental, in batches that are committed whole or not at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard, cast

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError, RequestError
from clip_mat.language.formulas import conventional_formula
from clip_mat.search.encoding import Encoder
from clip_mat.search.records import digest_of, make_record, stored_digest
from clip_mat.structures import Entry, Skipped, read_crystals
from clip_mat.structures.counting import count_crystals
from indexes import Collection, Record, RecordError, Store, Vector

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core.structure import Structure

    Item: TypeAlias = Entry | Skipped | Crystal | Structure | Atoms
    """One crystal, or why there is none."""
    Source: TypeAlias = Path | str | Item
    """One crystal, or where crystals come from: a file, a folder, or ``optimade:PROVIDER?filter=FILTER``."""

Progress = Callable[[int, int, str], None]
"""Called with crystals done, crystals in all (0 where that is not known), and the id just finished."""

_BATCH = 256
_MARKS = {"frac_coords": "from_structure", "get_scaled_positions": "from_atoms"}
"""Attributes by which a pymatgen structure and ASE atoms are known without importing either."""


@dataclass(frozen=True)
class IndexReport:
    """What was done with each crystal.

    Attributes:
        added: Ids of new ones.
        updated: Ids whose crystal or properties have changed.
        unchanged: Ids that needed nothing.
        skipped: What could not be taken in, and why.
    """

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "added": list(self.added),
            "updated": list(self.updated),
            "unchanged": list(self.unchanged),
            "skipped": [{"id": item.id, "source": item.source, "reason": item.reason} for item in self.skipped],
        }


def as_crystal(structure: Crystal | Structure | Atoms) -> Crystal:
    """A crystal from what people have: pymatgen structures and ASE atoms too.

    Raises:
        CrystalError: If it is no ordered periodic crystal, or nothing of the kind.
    """
    if isinstance(structure, Crystal):
        return structure
    for mark, convert in _MARKS.items():
        if hasattr(structure, mark):
            crystal: Crystal = getattr(Crystal, convert)(structure)
            return crystal
    raise CrystalError(f"a {type(structure).__name__} is no crystal; give a Crystal, a pymatgen Structure or ASE Atoms")


class Adder:
    """Takes crystals into a collection.

    An id stands for one crystal. Within one run, a second crystal of the same id is kept as ``id~2`` unless it is the
    same in everything; from one run to the next, what has changed under an id replaces what was there.

    Args:
        store: Where to.
        records: The collection in it.
        clip: Makes the vectors.
    """

    def __init__(self, store: Store, records: Collection, clip: Encoder) -> None:
        self._store = store
        self._records = records
        self._clip = clip
        self._seen: dict[str, str] = {}

    def add(self, source: Source | Iterable[Source], progress: Progress | None = None) -> IndexReport:
        """Take in all crystals of one source or of several; what cannot be taken in is listed and stops no other.

        Raises:
            CrystalError: If the one source given is a file or folder that is not there, or in which there is nothing.
            RequestError: If it is a provider that gives nothing.
            IndexesError: If the store cannot be written.
        """
        report, done = IndexReport(), 0
        items, total = _open(source)
        while batch := list(islice(items, _BATCH)):
            entries = []
            for item in batch:
                try:
                    taken = _entry(item)
                except CrystalError as error:
                    taken = Skipped(type(item).__name__, "", str(error))
                if isinstance(taken, Skipped):
                    report.skipped.append(taken)
                else:
                    entries.append(taken)
            self._add_batch(entries, report)
            done += len(batch)
            if progress is not None:
                progress(done, max(total, done) if total else 0, entries[-1].id if entries else "")
        return report

    def _add_batch(self, entries: Sequence[Entry], report: IndexReport) -> None:
        named: dict[str, tuple[Entry, str]] = {}
        for entry in entries:
            digest = digest_of(entry)
            id = self._free_id(entry.id, digest)
            if self._seen.get(id) == digest:
                report.unchanged.append(id)
                continue
            self._seen[id] = digest
            named[id] = (entry, digest)
        try:
            stored = dict(zip(named, self._records.get(named), strict=True))
        except RecordError:  # an id that no store takes; told when it is written
            stored = dict.fromkeys(named)
        fresh = {}
        for id, (entry, digest) in named.items():
            old = stored[id]
            if old is not None and stored_digest(old.payload) == digest:
                report.unchanged.append(id)
            else:
                fresh[id] = entry
        written = set(self._write(fresh, report))
        for id in written.intersection(fresh):
            (report.added if stored[id] is None else report.updated).append(id)

    def _free_id(self, id: str, digest: str) -> str:
        """The id itself, or with a number where this run has met another crystal of that id."""
        place, name = 1, id
        while self._seen.get(name, digest) != digest:
            place += 1
            name = f"{id}~{place}"
        return name

    def _write(self, entries: dict[str, Entry], report: IndexReport) -> list[str]:
        """Ids of the entries that could be encoded and kept; all of these are committed together."""
        records = [make_record(entries[id], vector, id) for id, vector in self._encode(entries, report).items()]
        if not records:
            return []
        try:
            self._records.upsert(records)
            return [record.id for record in records]
        except RecordError:  # one of them; which one shows when they are kept one by one
            with self._store.transaction():
                return [record.id for record in records if self._keep(record, entries[record.id].source, report)]

    def _keep(self, record: Record, source: str, report: IndexReport) -> bool:
        try:
            self._records.upsert([record])
        except RecordError as error:
            report.skipped.append(Skipped(record.id, source, str(error)))
            return False
        return True

    def _encode(self, entries: dict[str, Entry], report: IndexReport) -> dict[str, Vector]:
        """Vectors by id, of the crystals that have one."""
        if not entries:
            return {}
        try:
            vectors = self._clip.encode_crystals([entry.crystal for entry in entries.values()])
        except CrystalError as error:
            if len(entries) > 1:
                alone = ({id: entry} for id, entry in entries.items())
                return {id: vector for one in alone for id, vector in self._encode(one, report).items()}
            ((id, entry),) = entries.items()
            report.skipped.append(Skipped(id, entry.source, str(error)))
            return {}
        return dict(zip(entries, vectors, strict=True))


def _open(source: Source | Iterable[Source]) -> tuple[Iterator[Item], int]:
    """All crystals, and how many there are likely to be; 0 where that is not known."""
    if _is_one(source):
        return _read(source), _count(source)
    sources = cast("Iterable[Source]", source)
    if not isinstance(sources, Sequence):
        return _read_each(sources), 0
    counts = [_count(one) for one in sources]
    return _read_each(sources), sum(counts) if all(counts) else 0


def _is_one(source: Source | Iterable[Source]) -> TypeGuard[Source]:
    """Whether this is one source; pymatgen's structures and ASE's atoms are iterable themselves, over their atoms."""
    return isinstance(source, str | Path | Entry | Skipped | Crystal) or any(hasattr(source, name) for name in _MARKS)


def _read_each(sources: Iterable[Source]) -> Iterator[Item]:
    for source in sources:
        try:
            yield from _read(source)
        except (CrystalError, RequestError) as error:
            yield Skipped(str(source), str(source), str(error).removeprefix(f"{source}: "))


def _read(source: Source) -> Iterator[Item]:
    if not isinstance(source, str | Path):
        yield source
    elif _is_provider(source):
        from clip_mat.providers import read_provider

        yield from read_provider(str(source))
    else:
        yield from read_crystals(source)


def _count(source: Source) -> int:
    if not isinstance(source, str | Path):
        return 1
    return 0 if _is_provider(source) else count_crystals(source)


def _is_provider(source: str | Path) -> bool:
    return str(source).startswith("optimade:")


def _entry(item: Item) -> Entry | Skipped:
    """An entry as it is; a bare crystal is named after its formula and its content."""
    if isinstance(item, Entry | Skipped):
        return item
    entry = Entry("", as_crystal(item))
    formula = conventional_formula(Counter(entry.crystal.symbols))
    return replace(entry, id=f"{formula}-{digest_of(entry)[:8]}")
