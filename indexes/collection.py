"""One collection of a SQLite store."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexes import rows
from indexes.engine import Engine
from indexes.errors import QueryError
from indexes.filters import compile_filter
from indexes.fulltext import Postings, Tokenizer, phrase
from indexes.state import State
from indexes.store import Filter, Hit, Manifest, Record, Vector
from indexes.table import RecordTable
from indexes.vectors import IndexPolicy, VectorIndex, Version

log = logging.getLogger(__name__)

_BATCH = 512


class SQLiteCollection:
    """Records of one name in a `SQLiteStore`; see `indexes.store.Collection` for what each method promises."""

    def __init__(
        self,
        engine: Engine,
        tokenizer: Tokenizer,
        policy: IndexPolicy,
        state: State,
        manifest: Manifest | None,
    ) -> None:
        self.name = state.name
        self.manifest = manifest
        self._engine = engine
        self._tokenizer = tokenizer
        self._policy = policy
        self._cid = state.cid
        self._table = RecordTable(engine, state.name, state.cid)
        self._postings: tuple[tuple[int, bytes], Postings] | None = None
        self._index: VectorIndex | None = None
        self._index_saved: Version | None = None
        self._index_volatile = False

    def upsert(self, records: Iterable[Record]) -> int:
        """Insert records, or replace those of the same id; returns how many were given.

        Raises:
            RecordError: One of them cannot be kept; then none is.
        """
        with self._engine.transaction():
            generation = self._engine.new_generation()
            state = self._table.state()
            free = self._table.free_rid()
            removed, added, total = [], [], 0
            for record in records:
                total += 1
                old = self._table.row_of(rows.check_id(record.id))
                row = rows.encode(record, free if old is None else old.rid, generation, self.manifest)
                if old is None:
                    free += 1
                else:
                    removed.append(self._table.remove(old))
                added.append(self._table.insert(row))
            self._table.write_state(state.changed(generation, removed, added))
        return total

    def delete(self, ids: Iterable[str] | None = None, where: Filter | None = None) -> int:
        """Delete the records that have one of `ids` and match `where`; returns how many there were.

        Raises:
            QueryError: Neither is given: say ``where={}`` to delete everything.
        """
        if ids is None and where is None:
            raise QueryError("delete needs ids or a filter (where={} deletes everything)")
        with self._engine.transaction():
            generation = self._engine.new_generation()
            state = self._table.state()
            condition, values = compile_filter(where)
            if ids is not None:
                condition += " AND id IN (SELECT value FROM json_each(?))"
                values = [*values, json.dumps([rows.check_id(key) for key in ids])]
            removed = [self._table.remove(row) for row in self._table.rows(condition, values)]
            self._table.write_state(state.changed(generation, removed, []))
        return len(removed)

    def get(self, ids: Iterable[str]) -> list[Record | None]:
        """The records of `ids`, in that order; None where there is none."""
        with self._engine.reading():
            found = [self._table.row_of(rows.check_id(key)) for key in ids]
            return [None if row is None else row.record() for row in found]

    def ids(self, where: Filter | None = None) -> list[str]:
        """Ids of all records, or of those that match, sorted by code point."""
        condition, values = compile_filter(where)
        with self._engine.reading():
            return self._table.ids(condition, values)

    def records(self, where: Filter | None = None) -> Iterator[Record]:
        """All records, or those that match, sorted by id.

        They are read a few hundred at a time, so a change made meanwhile may or may not be seen.
        """
        condition, values = compile_filter(where)
        last = ""
        while True:
            with self._engine.reading():
                batch = self._table.rows(f"{condition} AND id > ? ORDER BY id LIMIT {_BATCH}", [*values, last])
            yield from (row.record() for row in batch)
            if len(batch) < _BATCH:
                return
            last = batch[-1].id

    def count(self, where: Filter | None = None) -> int:
        """How many records there are, or match."""
        with self._engine.reading():
            return self._table.state().count if where is None else self._table.count(*compile_filter(where))

    def __len__(self) -> int:
        return self.count()

    def vectors(self, ids: Sequence[str]) -> Vector:
        """Vectors of `ids`: shape (n, d).

        Raises:
            QueryError: The collection has no vectors, or there is no such record.
        """
        manifest = self._needs_vectors()
        result = np.empty((len(ids), manifest.dimension), dtype=np.float32)
        with self._engine.reading():
            for place, key in enumerate(ids):
                row = self._table.row_of(rows.check_id(key))
                if row is None or row.vector is None:
                    raise QueryError(f"collection {self.name!r} has no record {key!r}")
                result[place] = np.frombuffer(row.vector, dtype="<f4")
        return result

    def vector_search(self, query: npt.ArrayLike, k: int, where: Filter | None = None) -> Any:
        """The k nearest records, best first.

        Args:
            query: Shape (d,), or (n, d) for n searches at once.
            k: How many; fewer come back only when fewer records match.
            where: Only records that match are searched, so that k come back whenever k match.

        Returns:
            A list of hits, or one such list for each of the n queries. The score is the inner product (of unit vectors
            under the cosine metric) or minus the Euclidean distance; ties are in the order of ids.

        Raises:
            QueryError: A query of the wrong shape or with NaN, a zero query under the cosine metric, k below 0.
        """
        manifest = self._needs_vectors()
        _check_k(k)
        array = np.asarray(query)
        many = array.ndim == 2
        if many and array.shape[0] == 0:
            return []
        queries = rows.as_vectors(array, manifest, "the query", QueryError)
        condition = None if where is None else compile_filter(where)
        with self._engine.reading():
            if k == 0 or not self._table.state().count:
                results: list[list[Hit]] = [[] for _ in queries]
            else:
                index = self._vector_index(manifest)
                allowed = None if condition is None else np.isin(index.rids, self._table.matching(*condition))
                results = [
                    self._hits(index.rids[found.positions], found.scores, k)
                    for found in index.search(queries, k, allowed, self._policy)
                ]
        return results if many else results[0]

    def text_search(self, query: str, k: int, where: Filter | None = None) -> list[Hit]:
        """The k records whose text fits best by BM25, best first; ties in the order of ids.

        Words are combined by OR. Any string is safe: it is only ever split into words, never read as an expression.

        Raises:
            QueryError: k below 0.
        """
        _check_k(k)
        condition = None if where is None else compile_filter(where)
        with self._engine.reading():
            terms = self._tokenizer.query_terms(query)
            if k == 0 or not terms:
                return []
            postings = self._text_index()
            scores = postings.scores(terms)
            if condition is not None:
                scores[~np.isin(postings.rids, self._table.matching(*condition))] = 0.0
            found = np.flatnonzero(scores)
            if len(found) > k:
                found = found[scores[found] >= np.partition(scores[found], -k)[-k]]
            return self._hits(postings.rids[found], scores[found], k)

    def text_scores(self, query: str, ids: Sequence[str]) -> list[float]:
        """BM25 of each of `ids`; 0.0 where no word of the query occurs.

        Raises:
            QueryError: There is no such record.
        """
        with self._engine.reading():
            postings = self._text_index()
            scores = postings.scores(self._tokenizer.query_terms(query))
            result = []
            for key in ids:
                rid = self._table.rid_of(rows.check_id(key))
                if rid is None:
                    raise QueryError(f"collection {self.name!r} has no record {key!r}")
                result.append(float(scores[np.searchsorted(postings.rids, rid)]))
        return result

    def document_frequency(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many records each term occurs.

        A term is folded and stemmed as the index does; one of several words (``x-ray``) counts where they
        stand in a row.
        """
        result = {}
        with self._engine.reading():
            for term in terms:
                words = self._tokenizer(term)
                if len(words) > 1:
                    result[term] = self._table.phrase_count(phrase(term))
                else:
                    result[term] = self._text_index().frequency(words[0]) if words else 0
        return result

    def save_index(self) -> None:
        """Write the FAISS file if the index in memory is newer; called when the store is closed.

        A file that cannot be written is made again when it is needed, so that is no error.
        """
        index = self._index
        if index is None or index.version == self._index_saved or self._index_volatile or not self._engine.writable:
            return
        try:
            index.save(self.index_path)
            self._index_saved = index.version
        except (OSError, RuntimeError) as error:
            log.warning("%s could not be written: %s", self.index_path, error)

    @property
    def index_path(self) -> Path:
        """Where the FAISS file is, if it has been written."""
        return self._engine.directory / f"{self._table.file_name}.faiss"

    # What follows is called while reading or inside a transaction.

    def _hits(self, rids: npt.NDArray[np.int64], scores: npt.NDArray[Any], k: int) -> list[Hit]:
        """Name the rows, order them by score, then id, and keep k."""
        names = self._table.names(rids)
        hits = [Hit(names[rid], float(score)) for rid, score in zip(rids.tolist(), scores.tolist(), strict=True)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:k]

    def _needs_vectors(self) -> Manifest:
        if self.manifest is None:
            raise QueryError(f"collection {self.name!r} has no vectors (it was created without a manifest)")
        return self.manifest

    def _text_index(self) -> Postings:
        state = self._table.state()
        key = (state.generation, state.digest)
        if self._postings is None or self._postings[0] != key:
            self._postings = key, Postings(self._engine.connection, self._cid)
        return self._postings[1]

    def _vector_index(self, manifest: Manifest) -> VectorIndex:
        """The FAISS index of what is being read: the one in memory, else the file, brought up to date, else a
        new one."""
        state = self._table.state()
        version = Version(state.generation, state.digest.hex())
        index = self._index
        if index is not None and index.version != version and self._index_volatile:
            # It was made inside a transaction, of changes that may have been undone since.
            index = None
        if index is None:
            index = VectorIndex.load(self.index_path, manifest)
            self._index_saved = None if index is None else index.version
        if index is not None and index.version != version:
            index = self._follow(index, version, state.count)
        built = False
        if index is None:
            rids, vectors = self._table.vectors("1", [], state.count, manifest.dimension)
            index = VectorIndex.build(rids, vectors, version, manifest, self._policy)
            built = True
        self._index = index
        self._index_volatile = self._engine.in_transaction
        if built:
            self.save_index()
        return index

    def _follow(self, index: VectorIndex, version: Version, count: int) -> VectorIndex | None:
        """Bring an index up to date, if that is less work than a new one."""
        since = index.version.generation
        if since >= version.generation or self._policy.kind(count) != index.kind:
            return None
        changed = self._table.count("generation > ?", [since])
        # Read from the index over generations, which is far smaller than the rows.
        live = self._table.rids("generation >= 0", [])
        if len(index.rids) + changed - len(live) > self._policy.rebuild_at * len(live):
            return None
        rids, vectors = self._table.vectors("generation > ?", [since], changed, index.manifest.dimension)
        index.refresh(live, rids, vectors, version)
        return index


def _check_k(k: int) -> None:
    if not isinstance(k, int) or isinstance(k, bool) or k < 0:
        raise QueryError(f"k must be a whole number of at least 0, not {k!r}")
