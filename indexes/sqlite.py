"""A store in one SQLite file: opening it safely, its collections, closing it sealed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from indexes import schema
from indexes.check import check_format, deep_check, settle
from indexes.collection import SQLiteCollection
from indexes.engine import DATABASE, SEAL, Engine, stored_generation, translated
from indexes.errors import ManifestMismatch, StoreDamaged, StoreFormat, StoreMissing, StoreReadOnly
from indexes.fulltext import Tokenizer
from indexes.integrity import Seal, sweep
from indexes.state import State, read_states
from indexes.store import Manifest
from indexes.vectors import IndexPolicy


class SQLiteStore:
    """Collections of records in a directory; make one with `open`.

    One process writes at a time, any number read; each read sees the last committed state. One object may be used
    from several threads: they take turns.

    The directory holds ``store.sqlite`` (the truth), ``seal.json`` (what was committed, see `indexes.integrity`),
    ``writers.lock`` (empty) and, derived from the first, one ``.faiss`` file per collection with vectors.
    """

    def __init__(self, engine: Engine, policy: IndexPolicy) -> None:
        self.directory = engine.directory
        self._engine = engine
        self._policy = policy
        self._tokenizer = Tokenizer()
        self._opened: dict[tuple[int, str, str | None], SQLiteCollection] = {}

    @classmethod
    def open(
        cls,
        directory: Path | str,
        *,
        create: bool = True,
        read_only: bool = False,
        timeout: float = 10.0,
        policy: IndexPolicy | None = None,
    ) -> Self:
        """Open the store in a directory, or make one there.

        A directory that cannot be written to is opened for reading.

        Args:
            directory: Where the store is.
            create: Make the directory and an empty store if there is none.
            read_only: Refuse changes, and write no derived files either.
            timeout: Seconds to wait for another writer.
            policy: Which FAISS index serves which size.

        Raises:
            StoreMissing: There is no store, and none may be made.
            StoreFormat: Not a store, or another version of the format.
            StoreDamaged: Bytes have changed, or what was committed is gone.
            StoreBusy: Another process is writing or checking and did not finish in time.
            StoreReadOnly: The directory cannot be made or written to.
            StoreFull: No room to make it.
        """
        directory = Path(directory)
        exists = _is_there(directory)
        if not exists:
            if not create or read_only:
                raise _missing(directory)
            _make(directory)
        writable = os.access(directory, os.W_OK)
        if not exists and not writable:
            raise StoreReadOnly(directory, "cannot be written to", "choose another place, or change its permissions")
        with translated(directory, timeout):
            if exists:
                settle(directory, timeout=timeout, writable=writable)
            engine = Engine(directory, writable=writable, timeout=timeout)
            try:
                if engine.unmade:
                    if not create or read_only or not writable:
                        raise _missing(directory)
                    engine.create()
                check_format(engine)
                if read_only:
                    engine.writable = False
                else:
                    sweep(directory)
                return cls(engine, policy or IndexPolicy())
            except BaseException:
                engine.close()
                raise

    def collection(self, name: str, manifest: Manifest | None = None) -> SQLiteCollection:
        """Open a collection, creating it where it is missing.

        Args:
            name: Any string that is not empty.
            manifest: What makes its vectors. Without one, an existing collection keeps its own and a new one
                keeps no vectors.

        Raises:
            ManifestMismatch: It was made with another manifest.
            StoreMissing: It does not exist, and the store is open for reading only.
        """
        with self._engine.reading():
            state = self._find(name)
        if state is None:
            if not self._engine.writable:
                raise StoreMissing(self.directory, f"there is no collection {name!r}", "build the index first")
            with self._engine.transaction():
                state = self._find(name) or self._create_collection(name, manifest)
        kept = None if state.manifest is None else Manifest(**json.loads(state.manifest))
        if manifest is not None and manifest != kept:
            raise ManifestMismatch(
                f"{self.directory}: collection {name!r} was made by {_describe(kept)}, not by {_describe(manifest)} "
                "(use that encoder, or build the index again in another directory)"
            )
        # Numbers are used again after `drop`, so one alone does not tell a collection.
        key = (state.cid, state.name, state.manifest)
        if key not in self._opened:
            self._opened[key] = SQLiteCollection(self._engine, self._tokenizer, self._policy, state, kept)
        return self._opened[key]

    def collections(self) -> list[str]:
        """Names of all collections, sorted."""
        with self._engine.reading():
            return sorted(state.name for state in read_states(self._engine))

    @property
    def generation(self) -> int:
        """How many changes were committed since the store was made."""
        with self._engine.reading() as connection:
            return stored_generation(connection, self.directory)

    def drop(self, name: str) -> None:
        """Delete a collection and everything in it.

        Raises:
            StoreMissing: There is none of that name.
        """
        with self._engine.transaction() as connection:
            state = self._find(name)
            if state is None:
                raise StoreMissing(self.directory, f"there is no collection {name!r}")
            collection = self.collection(name)
            self._engine.new_generation()
            for table in (f"terms_{state.cid}", f"fts_{state.cid}", f"records_{state.cid}"):
                connection.execute(f"DROP TABLE {table}")
            connection.execute("DELETE FROM collections WHERE cid = ?", (state.cid,))
        self._opened.pop((state.cid, state.name, state.manifest))
        collection.index_path.unlink(missing_ok=True)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Changes inside are committed together at the end, or not at all.

        A nested transaction joins the outer one: it is undone alone when it raises.
        """
        with self._engine.transaction():
            yield

    def verify(self) -> list[str]:
        """Check every byte that counts; returns what is wrong, one line a finding, so [] means nothing is."""
        with translated(self.directory, self._engine.timeout):
            return deep_check(self._engine, mend=False)

    def close(self) -> None:
        """Write derived files that are behind, seal the store and release everything."""
        for collection in self._opened.values():
            collection.save_index()
        self._opened.clear()
        self._engine.close()
        self._tokenizer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find(self, name: str) -> State | None:
        return next((state for state in read_states(self._engine) if state.name == name), None)

    def _create_collection(self, name: str, manifest: Manifest | None) -> State:
        connection = self._engine.connection
        generation = self._engine.new_generation()
        (cid,) = connection.execute("SELECT COALESCE(MAX(cid), 0) + 1 FROM collections").fetchone()
        text = None if manifest is None else json.dumps(manifest.to_dict(), sort_keys=True)
        state = State(cid, name, text, generation, 0, bytes(16))
        for sql in schema.collection_tables(cid).values():
            connection.execute(sql)
        connection.execute(
            "INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?, ?)",
            (cid, name, text, generation, state.count, state.digest, state.checksum()),
        )
        return state


def _describe(manifest: Manifest | None) -> str:
    if manifest is None:
        return "no encoder (it keeps no vectors)"
    return f"{manifest.encoder} (hash {manifest.encoder_hash[:12]}, dimension {manifest.dimension}, {manifest.metric})"


def _is_there(directory: Path) -> bool:
    """Whether the directory holds a store; refuses what was one, or is no directory."""
    if directory.exists() and not directory.is_dir():
        raise StoreFormat(directory, "is a file, and a store is a directory", "choose another place")
    database = directory / DATABASE
    if database.exists() and database.stat().st_size:
        return True
    log = database.with_name(DATABASE + "-wal")
    if log.exists() and log.stat().st_size:
        # Killed while it was made: what there is of it is in the log.
        return True
    vouched = Seal.read(directory / SEAL)
    if vouched is not None and vouched.generation:
        raise StoreDamaged(
            directory,
            f"{DATABASE} is missing or empty, but {SEAL} says that {vouched.generation} transactions were committed",
            "restore a copy, or delete the directory and build it again from the sources",
        )
    return False


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreReadOnly(directory, f"cannot be made: {error.strerror}", "choose another place") from error


def _missing(directory: Path) -> StoreMissing:
    return StoreMissing(directory, "there is no store here", "check the path, or build the index first")
