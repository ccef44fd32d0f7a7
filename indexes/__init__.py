"""Records and vectors, kept safely in one SQLite file and searched exactly.

>>> from indexes import Manifest, Record, SQLiteStore
>>> with SQLiteStore.open("papers.index") as store:  # doctest: +SKIP
...     passages = store.collection("passages", Manifest("all-MiniLM-L6-v2", "5f9c...", 384))
...     passages.upsert([Record("Kim2020/3", "Point defects migrate ...", {"year": 2020}, vector=vector)])
...     passages.vector_search(query, k=10, where={"year": {"$gte": 2015}})
"""

from __future__ import annotations

from indexes.errors import (
    FilterError,
    IndexesError,
    ManifestMismatch,
    QueryError,
    RecordError,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFormat,
    StoreFull,
    StoreMissing,
    StoreReadOnly,
)
from indexes.repair import repair
from indexes.sqlite import SQLiteStore
from indexes.store import JSON, Collection, Filter, Hit, Manifest, Metric, Record, Store, Vector
from indexes.vectors import IndexPolicy

__all__ = [
    "JSON",
    "Collection",
    "Filter",
    "FilterError",
    "Hit",
    "IndexPolicy",
    "IndexesError",
    "Manifest",
    "ManifestMismatch",
    "Metric",
    "QueryError",
    "Record",
    "RecordError",
    "SQLiteStore",
    "Store",
    "StoreBusy",
    "StoreDamaged",
    "StoreError",
    "StoreFormat",
    "StoreFull",
    "StoreMissing",
    "StoreReadOnly",
    "Vector",
    "repair",
]
