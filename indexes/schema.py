"""The database format: tables, version, and the pragmas every connection sets.

``store.sqlite`` is the truth. `meta` has one row. Each collection has a row in `collections` and three tables named by
its number: ``records_N``, the FTS5 index ``fts_N`` over their text, and ``terms_N``, which reads that index's postings
and stores nothing. `collections.digest` is the sum of all row checksums modulo 2**128: with the row count it
tells whether a set of rows is the one that was committed, whatever pages they stand on.
"""

from __future__ import annotations

import sqlite3
import weakref
from hashlib import blake2b

APPLICATION_ID = 0x636C6D69  # "clmi"
FORMAT_VERSION = 1

TOKENIZER = "porter unicode61 remove_diacritics 2"

ROW_COLUMNS = "rid, generation, id, metadata, text, payload, vector, checksum"
"""Columns in the order of `indexes.rows.Row`, then the checksum."""

META = (
    "CREATE TABLE meta (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL, checksum BLOB NOT NULL)"
)
COLLECTIONS = (
    "CREATE TABLE collections (cid INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, manifest TEXT, "
    "generation INTEGER NOT NULL, count INTEGER NOT NULL, digest BLOB NOT NULL, checksum BLOB NOT NULL)"
)


def collection_tables(cid: int) -> dict[str, str]:
    """Name and SQL of every table and index of a collection, in order of creation.

    Short columns stand first: filters read them without touching the pages that long rows spill over to.
    """
    return {
        f"records_{cid}": f"CREATE TABLE records_{cid} (rid INTEGER PRIMARY KEY, generation INTEGER NOT NULL, "
        "id TEXT NOT NULL, metadata TEXT NOT NULL, checksum BLOB NOT NULL, text TEXT NOT NULL, "
        "vector BLOB, payload BLOB NOT NULL)",
        f"records_{cid}_id": f"CREATE UNIQUE INDEX records_{cid}_id ON records_{cid} (id)",
        f"records_{cid}_generation": f"CREATE INDEX records_{cid}_generation ON records_{cid} (generation)",
        f"fts_{cid}": f"CREATE VIRTUAL TABLE fts_{cid} USING fts5(text, content='records_{cid}', "
        f"content_rowid='rid', tokenize='{TOKENIZER}')",
        f"terms_{cid}": f"CREATE VIRTUAL TABLE terms_{cid} USING fts5vocab('fts_{cid}', 'instance')",
    }


def expected_objects(cids: list[int]) -> dict[str, str]:
    """Name and SQL of everything that the schema must hold, FTS5's own shadow tables aside."""
    wanted = {"meta": META, "collections": COLLECTIONS}
    for cid in cids:
        wanted |= collection_tables(cid)
    return wanted


def checksum(*fields: object) -> bytes:
    """Checksum of a bookkeeping row."""
    return blake2b(repr(fields).encode(), digest_size=16).digest()


def create(connection: sqlite3.Connection) -> None:
    """Make an empty database a store, in the transaction that is open."""
    connection.execute(META)
    connection.execute(COLLECTIONS)
    connection.execute("INSERT INTO meta VALUES (1, 0, ?)", (checksum(0),))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")


def close_with(owner: object, connection: sqlite3.Connection) -> None:
    """Close a connection at the latest when nobody holds its owner any more, of which Python 3.13 warns otherwise.

    Not at the end of the process: a forked one must leave its parent's files alone.
    """
    weakref.finalize(owner, connection.close).atexit = False


def configure(connection: sqlite3.Connection, *, writable: bool) -> None:
    """Set what SQLite does not keep in the file."""
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA temp_store = MEMORY")
    # Some builds zero deleted pages by default, which makes full-text merges several times slower.
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("PRAGMA cache_size = -32768")
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if writable:
        connection.execute("PRAGMA journal_mode = WAL")
