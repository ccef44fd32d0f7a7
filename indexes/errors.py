"""Everything ``indexes`` raises on purpose.

IndexesError
 +- StoreError             a store directory that cannot be used as asked; has ``directory``
 |   +- StoreMissing       there is no store, or no such collection in it
 |   +- StoreBusy          another process is writing and did not finish in time
 |   +- StoreReadOnly      a change to a store that was opened, or can only be opened, for reading
 |   +- StoreFull          the disk (or a quota, or a limit on file size) has no room for the change
 |   +- StoreFormat        not a store, or one written by another version of the format
 |   +- StoreDamaged       bytes changed behind the store's back; has ``damage``, one line a finding
 +- ManifestMismatch       vectors of one encoder used with those of another
 +- RecordError            a record that cannot be kept: its id, text, metadata or vector
 +- FilterError            a filter that cannot be understood
 +- QueryError             a search that makes no sense: shape of the query, k
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class IndexesError(Exception):
    """Base class of every error that ``indexes`` raises on purpose."""


class StoreError(IndexesError):
    """A store directory that cannot be used as asked.

    Args:
        directory: The store.
        reason: Why, in words that end a sentence beginning with the directory's name.
        remedy: What the user can do about it; may be empty.
    """

    def __init__(self, directory: Path | str, reason: str, remedy: str = "") -> None:
        self.directory = Path(directory)
        # SQLite's words may run over several lines.
        self.reason = " ".join(reason.split())
        self.remedy = remedy
        super().__init__(f"{self.directory}: {self.reason}" + (f" ({remedy})" if remedy else ""))

    def __reduce__(self) -> tuple[type[StoreError], tuple[Path, str, str]]:
        return type(self), (self.directory, self.reason, self.remedy)


class StoreMissing(StoreError):
    """There is no store in the directory, or no such collection in the store."""


class StoreBusy(StoreError):
    """Another process is writing to the store and did not finish in time."""


class StoreReadOnly(StoreError):
    """A change to a store that was opened, or can only be opened, for reading."""


class StoreFull(StoreError):
    """There is no room for the change; nothing of it was kept, and nothing else was lost."""


class StoreFormat(StoreError):
    """Not a store, or one written by another version of the format."""


class StoreDamaged(StoreError):
    """Bytes of the store changed behind its back.

    Attributes:
        damage: What was found, one line a finding.
    """

    def __init__(self, directory: Path | str, reason: str, remedy: str = "", damage: Sequence[str] = ()) -> None:
        self.damage = tuple(damage)
        super().__init__(directory, reason, remedy)


class ManifestMismatch(IndexesError):
    """Vectors of one encoder used with those of another."""


class RecordError(IndexesError):
    """A record that cannot be kept."""


class FilterError(IndexesError):
    """A filter that cannot be understood."""


class QueryError(IndexesError):
    """A search that makes no sense."""
