"""Getting what is whole out of a damaged store."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from indexes import schema
from indexes.collection import SQLiteCollection
from indexes.engine import DATABASE, LOCK, SEAL, busy, translated
from indexes.errors import StoreMissing
from indexes.integrity import Presence, Seal, sync_directory
from indexes.rows import Row
from indexes.sqlite import SQLiteStore
from indexes.state import State
from indexes.store import Manifest

_BATCH = 256


def repair(directory: Path | str, *, timeout: float = 10.0) -> list[str]:
    """Rebuild a damaged store from its records that are whole; the rest is dropped.

    The records are copied to a new database, which takes the place of the old one only when it is complete. Copy the
    directory first if what is damaged may be of use to anyone.

    Returns:
        What was lost, one line a finding; [] if nothing was.

    Raises:
        StoreMissing: There is no store.
        StoreBusy: Another process has it open for writing.
        StoreFull: There is no room for the copy.
    """
    directory = Path(directory)
    database = directory / DATABASE
    if not database.exists():
        raise StoreMissing(directory, "there is no store here", "check the path")
    presence = Presence(directory / LOCK)
    try:
        if not presence.acquire("alone"):
            raise busy(directory, timeout)
        with (
            translated(directory, timeout),
            tempfile.TemporaryDirectory(dir=directory, prefix=".tmp-") as name,
        ):
            fresh = Path(name)
            losses, generation = _salvage(database, fresh)
            vouched = Seal.read(directory / SEAL)
            _advance(fresh, max(generation, 0 if vouched is None else vouched.generation) + 1)
            for suffix in ("-wal", "-shm"):
                # The old log would be replayed into the new database.
                database.with_name(DATABASE + suffix).unlink(missing_ok=True)
            for file in directory.glob("*.faiss"):
                file.unlink()
            (fresh / DATABASE).replace(database)
            sync_directory(directory)
            (fresh / SEAL).replace(directory / SEAL)
            sync_directory(directory)
    finally:
        presence.close()
    return losses


def _salvage(database: Path, fresh: Path) -> tuple[list[str], int]:
    """Copy whole records to a new store in `fresh`; returns the losses, and the last generation seen."""
    losses: list[str] = []
    newest = 0
    connection = sqlite3.connect(database, isolation_level=None)
    # Bad UTF-8 then fails the row's checksum instead of the whole reading.
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    try:
        with SQLiteStore.open(fresh) as store:
            for state in _states(connection, losses):
                manifest = None if state.manifest is None else Manifest(**json.loads(state.manifest))
                collection = store.collection(state.name, manifest)
                newest = max(newest, state.generation)
                kept = _copy(connection, state, collection)
                if kept != state.count:
                    losses.append(f"collection {state.name!r}: {state.count - kept} of {state.count} records")
    finally:
        connection.close()
    return losses, newest


def _states(connection: sqlite3.Connection, losses: list[str]) -> list[State]:
    states = []
    try:
        for *fields, checksum in connection.execute(
            "SELECT cid, name, manifest, generation, count, digest, checksum FROM collections"
        ):
            state = State(*fields)
            if state.checksum() == checksum:
                states.append(state)
            else:
                losses.append(f"collection {state.name!r}: its bookkeeping, and so all of its records")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        losses.append(f"the list of collections: {error}")
    return states


def _copy(connection: sqlite3.Connection, state: State, collection: SQLiteCollection) -> int:
    batch = []
    for row in _whole_rows(connection, state):
        batch.append(row.record())
        if len(batch) == _BATCH:
            collection.upsert(batch)
            batch = []
    if batch:
        collection.upsert(batch)
    return len(collection)


def _whole_rows(connection: sqlite3.Connection, state: State) -> Iterator[Row]:
    """Rows whose checksums agree, read from both ends: a damaged page ends a scan, but not both."""
    seen: set[int] = set()
    for order in ("ASC", "DESC"):
        sql = f"SELECT {schema.ROW_COLUMNS} FROM records_{state.cid} ORDER BY rid {order}"
        try:
            for *fields, checksum in connection.execute(sql):
                row = Row(*fields)
                if row.rid not in seen and row.agrees(checksum):
                    seen.add(row.rid)
                    yield row
        except (sqlite3.DatabaseError, UnicodeDecodeError):
            continue


def _advance(directory: Path, generation: int) -> None:
    """Number the new store's last transaction after all that the old one may have seen."""
    connection = sqlite3.connect(directory / DATABASE, isolation_level=None)
    try:
        connection.execute("UPDATE meta SET generation = ?, checksum = ?", (generation, schema.checksum(generation)))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
    Seal.of(directory / DATABASE, generation).write(directory / SEAL)
