"""One connection to a store's database: who may use it when, what a transaction is, and how it ends sealed."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from indexes import schema
from indexes.errors import (
    FilterError,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreReadOnly,
)
from indexes.integrity import Presence, Seal, sync_directory

log = logging.getLogger(__name__)

DATABASE, SEAL, LOCK = "store.sqlite", "seal.json", "writers.lock"

_SEAL_TRIES = 5
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)
_UNREADABLE = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
"""Errors of reading among those that are otherwise of writing."""

REMEDY = "clip-mat doctor --repair FOLDER keeps what is whole; take the rest in again"
"""What to do about damage."""


class Engine:
    """The database of one store directory.

    Every use is inside `reading` (one consistent state) or `transaction`; both take the lock of this object, so threads
    take turns.
    """

    def __init__(self, directory: Path, *, writable: bool, timeout: float) -> None:
        self.directory = directory
        self.writable = writable
        self.timeout = timeout
        self.lock = threading.RLock()
        self._presence: Presence | None = None
        self._writing: int | None = None
        self._savepoints = 0
        self._closed = False
        with translated(directory, timeout):
            self.connection = connect(directory, writable=writable, timeout=timeout)
        schema.close_with(self, self.connection)

    @property
    def unmade(self) -> bool:
        """Whether there is no store in the database yet: it is new, or its maker was killed."""
        (tables,) = self.connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return not tables and Seal.read(self.directory / SEAL) is None

    def create(self) -> None:
        """Make an unmade database a store."""
        with self.lock, translated(self.directory, self.timeout):
            self._announce()
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                # Another process may have been quicker.
                if self.unmade:
                    schema.create(self.connection)
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self.connection.execute("ROLLBACK")
                raise
            # What says that this is a store must not depend on the log.
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            sync_directory(self.directory)
            self._vouch(0)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read one committed state (inside a transaction: that and the changes so far)."""
        with self.lock, translated(self.directory, self.timeout):
            self._check_open()
            if self.connection.in_transaction:
                yield self.connection
                return
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                self.connection.execute("ROLLBACK")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Change the store: all that is done inside is committed at the end, or none of it.

        A nested transaction joins: it is undone alone when it raises, and committed with the outer one.
        """
        with self.lock, translated(self.directory, self.timeout):
            self._check_open()
            if not self.writable:
                raise StoreReadOnly(
                    self.directory, "is open for reading only", "open it for writing, where that is allowed"
                )
            if self._writing is not None:
                with self._savepoint():
                    yield self.connection
                return
            self._announce()
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                before = stored_generation(self.connection, self.directory)
                self._writing = before + 1
                yield self.connection
                after = stored_generation(self.connection, self.directory)
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    # SQLite has rolled back on its own when the disk was full.
                    self.connection.execute("ROLLBACK")
                raise
            finally:
                self._writing = None
            if after != before:
                self._vouch(after)

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        self._savepoints += 1
        name = f"nested_{self._savepoints}"
        self.connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            with suppress(sqlite3.Error):
                self.connection.execute(f"ROLLBACK TO {name}")
                self.connection.execute(f"RELEASE {name}")
            raise
        self.connection.execute(f"RELEASE {name}")

    @property
    def in_transaction(self) -> bool:
        """Whether this thread stands inside `transaction`."""
        return self._writing is not None

    def new_generation(self) -> int:
        """Number of the transaction that is under way; marks the store as changed by it."""
        if self._writing is None:
            raise StoreError(self.directory, "a change outside a transaction", "this is a fault of the library")
        self.connection.execute(
            "UPDATE meta SET generation = ?, checksum = ?", (self._writing, schema.checksum(self._writing))
        )
        return self._writing

    def _announce(self) -> None:
        """Let other processes know that a writer is alive, until the store is sealed again."""
        if self._presence is None:
            self._presence = Presence(self.directory / LOCK)
        deadline = time.monotonic() + self.timeout
        while self._presence.held is None and not self._presence.acquire("shared"):
            if time.monotonic() > deadline:
                raise busy(self.directory, self.timeout)
            time.sleep(0.01)

    def _vouch(self, generation: int) -> None:
        try:
            Seal(generation).write(self.directory / SEAL)
        except OSError as error:
            # The commit itself is safe in the database; only the second witness of it is missing.
            log.warning("%s: the seal could not be written: %s", self.directory, error)

    def _alone(self) -> bool:
        """Take the presence alone, unless another writer is there; a process that only looks goes away soon."""
        for _ in range(_SEAL_TRIES):
            if self._presence is None or self._presence.acquire("alone"):
                return self._presence is not None
            time.sleep(0.02)
        return False

    def close(self) -> None:
        """Seal the store if it was changed here and nobody else is writing; release everything."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._presence is not None and self._alone():
                    seal(self.connection, self.directory)
            except (sqlite3.Error, OSError, StoreError) as error:
                log.warning("%s was not sealed and is checked when it is opened next: %s", self.directory, error)
            finally:
                self.connection.close()
                if self._presence is not None:
                    self._presence.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(self.directory, "the store is closed", "open it again")


def connect(directory: Path, *, writable: bool, timeout: float) -> sqlite3.Connection:
    """A connection to the database of a store.

    In a directory that cannot be written to, SQLite cannot keep the files that its write-ahead log needs: there the
    database is opened as one that does not change, which is true if no log is left.
    """
    path = directory / DATABASE
    uri = path.absolute().as_uri()
    if not os.access(directory, os.W_OK):
        wal = path.with_name(path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            raise StoreReadOnly(
                directory,
                "was not closed properly and cannot be repaired here",
                "open it once where it can be written to",
            )
        uri += "?mode=ro&immutable=1"
        writable = False
    connection = sqlite3.connect(uri, uri=True, timeout=timeout, isolation_level=None, check_same_thread=False)
    try:
        schema.configure(connection, writable=writable)
    except BaseException:
        connection.close()
        raise
    return connection


def stored_generation(connection: sqlite3.Connection, directory: Path) -> int:
    """Generation that the database says it is at."""
    row = connection.execute("SELECT generation, checksum FROM meta").fetchone()
    if row is None or row[1] != schema.checksum(row[0]):
        raise StoreDamaged(directory, "its generation is damaged", REMEDY)
    return int(row[0])


def seal(connection: sqlite3.Connection, directory: Path) -> bool:
    """Move the whole log into the database and vouch for every byte of it; the caller holds `Presence` alone."""
    generation = stored_generation(connection, directory)
    (blocked, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if blocked:
        return False
    Seal.of(directory / DATABASE, generation).write(directory / SEAL)
    return True


def busy(directory: Path, timeout: float) -> StoreBusy:
    """The error of waiting in vain."""
    return StoreBusy(
        directory,
        f"another process is writing to it and did not finish within {timeout:g} s",
        "try again later",
    )


@contextmanager
def translated(directory: Path, timeout: float) -> Iterator[None]:
    """Turn SQLite's errors into those of `indexes.errors`."""
    try:
        yield
    except sqlite3.Error as error:
        extended = getattr(error, "sqlite_errorcode", None) or 0
        code = extended & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise busy(directory, timeout) from error
        if code in _DAMAGE or extended in _UNREADABLE or "decode" in str(error):
            raise StoreDamaged(
                directory,
                f"its database is damaged ({error})",
                REMEDY,
            ) from error
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise StoreFull(
                directory,
                f"there is no room for the change ({error})",
                "nothing of it was kept; free some space",
            ) from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise StoreReadOnly(directory, f"cannot be written to ({error})", "check its permissions") from error
        if "too large" in str(error) or "too many" in str(error):
            raise FilterError(f"the filter is too large: {error}") from error
        raise StoreError(directory, f"SQLite failed: {error}") from error
