"""How a store knows that its bytes are those it wrote.

Beside ``store.sqlite`` stands ``seal.json``, replaced atomically and fsynced after every commit. It says up to which
*generation* (number of the last transaction) the store was committed and, once a writer has closed, the digest of
the whole database file. On opening:

- the digest agrees and no write-ahead log is left: every byte is as it was written;
- it does not, and a writer is alive (`Presence`): the store is simply in use;
- it does not, and nobody writes: the last writer was killed, or bytes have changed. The deep check
  (`indexes.check`) then looks at everything that the database says against its own checksums.

The generation stands outside the database because SQLite drops a damaged tail of its write-ahead log without a word.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexes.schema import close_with

_CHUNK = 8 << 20


def file_digest(path: Path, size: int | None = None) -> str:
    """Digest of the first `size` bytes of a file (all of them by default), chunk by chunk on several threads."""
    size = path.stat().st_size if size is None else size

    def chunk(start: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return hashlib.sha256(file.read(min(_CHUNK, size - start))).digest()

    whole = hashlib.sha256(b"%d" % size)
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for digest in pool.map(chunk, range(0, size, _CHUNK)):
            whole.update(digest)
    return whole.hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new file under a temporary name, which takes the place of `path` once it is safe on the disk.

    Leaves nothing behind when the block raises; a killed process leaves a ``.tmp-*`` file, which `sweep` removes.
    """
    handle, name = tempfile.mkstemp(prefix=f".tmp-{path.name}-", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make renames and new names in a directory durable, where the system can (Windows cannot, and need not)."""
    if os.name == "nt":
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(directory: Path, older_than: float = 3600.0) -> None:
    """Remove temporary files of killed processes: those untouched for `older_than` seconds."""
    for path in directory.glob(".tmp-*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > older_than:
                path.unlink()


@dataclass(frozen=True, slots=True)
class Seal:
    """What was committed.

    Attributes:
        generation: Number of the last transaction that was acknowledged.
        digest: `file_digest` of the database, or None while a writer is at work.
    """

    generation: int
    digest: str | None = None

    @classmethod
    def of(cls, database: Path, generation: int) -> Seal:
        """The seal of a database that nobody writes to."""
        return cls(generation, file_digest(database))

    def write(self, path: Path) -> None:
        """Replace the seal file."""
        body: dict[str, object] = {"generation": self.generation, "digest": self.digest}
        text = json.dumps(body | {"checksum": _checksum(body)})
        with replacing(path) as temporary:
            temporary.write_text(text + "\n", encoding="ascii")

    @classmethod
    def read(cls, path: Path) -> Seal | None:
        """The seal, or None where it is missing or damaged: it then vouches for nothing."""
        try:
            body = json.loads(path.read_bytes())
            checksum = body.pop("checksum")
            seal = cls(body["generation"], body["digest"])
            return seal if checksum == _checksum(body) and isinstance(seal.generation, int) else None
        except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
            return None

    def vouches_for(self, database: Path) -> bool:
        """Whether the database is, byte for byte, the one that was sealed, with nothing left in its log."""
        if self.digest is None:
            return False
        log = database.with_name(database.name + "-wal")
        try:
            if log.exists() and log.stat().st_size:
                return False
            return file_digest(database) == self.digest
        except OSError:
            return False


def _checksum(body: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


class Presence:
    """Tells other processes that a writer is alive, by a lock that the system drops when the process dies.

    The lock is SQLite's own, on an empty database: it works alike on every platform and within one process.
    Writers share it; who seals or checks holds it alone.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rwc",
            uri=True,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,
        )
        close_with(self, self._connection)
        self.held: Literal["shared", "alone"] | None = None

    def acquire(self, how: Literal["shared", "alone"]) -> bool:
        """Take the lock without waiting; a lock held before is let go first."""
        self.release()
        try:
            if how == "alone":
                self._connection.execute("BEGIN EXCLUSIVE")
            else:
                self._connection.execute("BEGIN")
                self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            self.release()
            return False
        self.held = how
        return True

    def release(self) -> None:
        """Let the lock go, if held."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self.held = None

    def close(self) -> None:
        """Let the lock go for good."""
        self.release()
        self._connection.close()
