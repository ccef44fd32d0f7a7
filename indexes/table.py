"""The rows of one collection in the database: what is asked of SQL, and nothing else.

Everything here is called while reading or inside a transaction.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from indexes import schema
from indexes.engine import REMEDY, Engine
from indexes.errors import StoreDamaged, StoreMissing
from indexes.rows import Row
from indexes.state import State, read_states
from indexes.store import Vector

_REMEMBERED_FILTERS = 16


class RecordTable:
    """Records of one collection, and its full-text index.

    Args:
        engine: Of the store.
        name: Of the collection.
        cid: Its number in the database.

    Attributes:
        file_name: What files that belong to it are named after.
    """

    def __init__(self, engine: Engine, name: str, cid: int) -> None:
        self._engine = engine
        self._name = name
        self._cid = cid
        self.file_name = self._table = f"records_{cid}"
        self._fts = f"fts_{cid}"
        self._matches: OrderedDict[tuple[bytes, str, str], npt.NDArray[np.int64]] = OrderedDict()

    def state(self) -> State:
        """Generation, count and digest.

        Raises:
            StoreMissing: The collection was deleted meanwhile.
        """
        for state in read_states(self._engine):
            if state.cid == self._cid and state.name == self._name:
                return state
        raise StoreMissing(self._engine.directory, f"collection {self._name!r} was deleted", "open it anew")

    def write_state(self, state: State) -> None:
        """Put a changed state in the place of the old one."""
        self._engine.connection.execute(
            "UPDATE collections SET generation = ?, count = ?, digest = ?, checksum = ? WHERE cid = ?",
            (state.generation, state.count, state.digest, state.checksum(), state.cid),
        )

    def free_rid(self) -> int:
        """A row id that no row has, and none above it."""
        sql = f"SELECT COALESCE(MAX(rid), 0) + 1 FROM {self._table}"
        (free,) = self._engine.connection.execute(sql).fetchone()
        return int(free)

    def insert(self, row: Row) -> bytes:
        """Add a row; its checksum."""
        checksum = row.checksum()
        self._engine.connection.execute(
            f"INSERT INTO {self._table} ({schema.ROW_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (row.rid, row.generation, row.id, row.metadata, row.text, row.payload, row.vector, checksum),
        )
        self._engine.connection.execute(f"INSERT INTO {self._fts} (rowid, text) VALUES (?, ?)", (row.rid, row.text))
        return checksum

    def remove(self, row: Row) -> bytes:
        """Take a row out; its checksum."""
        connection = self._engine.connection
        connection.execute(
            f"INSERT INTO {self._fts} ({self._fts}, rowid, text) VALUES ('delete', ?, ?)", (row.rid, row.text)
        )
        connection.execute(f"DELETE FROM {self._table} WHERE rid = ?", (row.rid,))
        return row.checksum()

    def iterate(self, condition: str, values: Sequence[Any]) -> Iterator[Row]:
        """Rows that meet a condition, one in memory at a time.

        Raises:
            StoreDamaged: The checksum of one does not agree.
        """
        sql = f"SELECT {schema.ROW_COLUMNS} FROM {self._table} WHERE {condition}"
        for *fields, checksum in self._engine.connection.execute(sql, values):
            row = Row(*fields)
            if not row.agrees(checksum):
                raise StoreDamaged(
                    self._engine.directory,
                    f"record {row.id!r} of collection {self._name!r} is damaged",
                    REMEDY,
                    [f"{self._name}: {row.id!r}"],
                )
            yield row

    def rows(self, condition: str, values: Sequence[Any]) -> list[Row]:
        """All that `iterate` gives."""
        return list(self.iterate(condition, values))

    def row_of(self, key: str) -> Row | None:
        """The row of an id."""
        found = self.rows("id = ?", [key])
        return found[0] if found else None

    def rid_of(self, key: str) -> int | None:
        """The row id of an id, without reading the row."""
        row = self._engine.connection.execute(f"SELECT rid FROM {self._table} WHERE id = ?", (key,)).fetchone()
        return None if row is None else int(row[0])

    def ids(self, condition: str, values: Sequence[Any]) -> list[str]:
        """Ids of rows that meet a condition, sorted by code point."""
        sql = f"SELECT id FROM {self._table} WHERE {condition} ORDER BY id"
        return [key for (key,) in self._engine.connection.execute(sql, values)]

    def count(self, condition: str, values: Sequence[Any]) -> int:
        """How many rows meet a condition."""
        sql = f"SELECT count(*) FROM {self._table} WHERE {condition}"
        (count,) = self._engine.connection.execute(sql, values).fetchone()
        return int(count)

    def rids(self, condition: str, values: Sequence[Any]) -> npt.NDArray[np.int64]:
        """Row ids that meet a condition, (n,)."""
        found = self._engine.connection.execute(f"SELECT rid FROM {self._table} WHERE {condition}", values).fetchall()
        return np.fromiter((rid for (rid,) in found), dtype=np.int64, count=len(found))

    def matching(self, condition: str, values: Sequence[Any]) -> npt.NDArray[np.int64]:
        """Row ids that match a filter, (n,); remembered, since one filter often serves many searches."""
        key = (self.state().digest, condition, json.dumps(values))
        if key in self._matches:
            self._matches.move_to_end(key)
            return self._matches[key]
        self._matches[key] = rids = self.rids(condition, values)
        if len(self._matches) > _REMEMBERED_FILTERS:
            self._matches.popitem(last=False)
        return rids

    def names(self, rids: npt.NDArray[np.int64]) -> dict[int, str]:
        """Ids by row id.

        Raises:
            StoreDamaged: One of the rows is not there.
        """
        found = self._engine.connection.execute(
            f"SELECT rid, id FROM {self._table} WHERE rid IN (SELECT value FROM json_each(?))",
            (json.dumps(rids.tolist()),),
        )
        names = dict(found.fetchall())
        if len(names) != len(rids):
            raise StoreDamaged(
                self._engine.directory,
                f"an index of collection {self._name!r} names records that are not there",
                REMEDY,
            )
        return names

    def vectors(
        self, condition: str, values: Sequence[Any], count: int, dimension: int
    ) -> tuple[npt.NDArray[np.int64], Vector]:
        """Row ids (n,) and vectors (n, d) of the n rows that meet a condition."""
        rids = np.empty(count, dtype=np.int64)
        vectors = np.empty((count, dimension), dtype=np.float32)
        for place, row in enumerate(self.iterate(condition, values)):
            rids[place] = row.rid
            vectors[place] = np.frombuffer(row.vector or b"", dtype="<f4")
        return rids, vectors

    def phrase_count(self, words: str) -> int:
        """In how many texts an FTS5 phrase stands."""
        sql = f"SELECT count(*) FROM {self._fts} WHERE {self._fts} MATCH ?"
        (count,) = self._engine.connection.execute(sql, (words,)).fetchone()
        return int(count)
