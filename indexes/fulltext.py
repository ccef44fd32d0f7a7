"""BM25 over the postings that FTS5 keeps.

The ranking is that of FTS5's own ``bm25()``: k1 = 1.2, b = 0.75, idf = ln((N - n + 0.5) / (n + 0.5)), never below 1e-6
(Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009; SQLite documentation, "FTS5", section 5.1.1).
FTS5 evaluates it row by row, which takes 0.2 s for a question over 50,000 passages, because it visits every row that
holds any common word. Here the postings of each word are read once, turned into arrays and kept, so that a search
is a few additions of arrays - with the same result, and no word left out.

Only English function words are dropped from a query, unless it has no others.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from indexes.schema import TOKENIZER, close_with

K1, B, LEAST_IDF = 1.2, 0.75, 1e-6

MAX_TERMS = 256
"""Distinct words of a query that are looked at, the first ones: a bound on the work that a pasted book can ask for."""

CACHE_BYTES = 64 << 20
"""Postings kept in memory per collection; those used least recently go first."""

STOP_WORDS = (
    "a about above after again against all am an and any are as at be because been before being below between both "
    "but by can could did do does doing down during each few for from further had has have having he her here hers "
    "him his how i if in into is it its itself just me more most my no nor not now of off on once only or other our "
    "ours out over own same she should so some such than that the their theirs them then there these they this those "
    "through to too under until up upon us very was we were what when where which while who whom why will with would "
    "you your yours"
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Tokenizer:
    """Splits text into words exactly as the index does, by asking FTS5 itself."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        close_with(self, self._connection)
        self._connection.execute(f"CREATE VIRTUAL TABLE t USING fts5(text, tokenize='{TOKENIZER}')")
        self._connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab('t', 'instance')")

    def __call__(self, text: str) -> list[str]:
        """Words of `text` in order, folded and stemmed; any string is safe."""
        self._connection.execute("BEGIN")
        try:
            self._connection.execute("INSERT INTO t (rowid, text) VALUES (1, ?)", (clean(text),))
            return [term for (term,) in self._connection.execute("SELECT term FROM v ORDER BY offset")]
        finally:
            self._connection.execute("ROLLBACK")

    @cached_property
    def stop_words(self) -> frozenset[str]:
        """`STOP_WORDS` as the index sees them."""
        return frozenset(self(STOP_WORDS))

    def query_terms(self, query: str) -> list[str]:
        """Distinct words of a query that carry weight, at most `MAX_TERMS`."""
        terms = list(dict.fromkeys(self(query)))
        return ([term for term in terms if term not in self.stop_words] or terms)[:MAX_TERMS]

    def close(self) -> None:
        """Release the memory."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class _Posting:
    """Where a word occurs: positions in `Postings.rids`, and BM25 weight before idf."""

    positions: npt.NDArray[np.int32]
    weights: npt.NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        return self.positions.nbytes + self.weights.nbytes


class Postings:
    """The words of one collection as of one generation.

    Attributes:
        rids: Row ids of all records, ascending, shape (N,).
    """

    def __init__(self, connection: sqlite3.Connection, cid: int) -> None:
        self._connection = connection
        self._cid = cid
        rows = connection.execute(f"SELECT id, CAST(sz AS BLOB) FROM fts_{cid}_docsize ORDER BY id").fetchall()
        self.rids: Ints = np.fromiter((rid for rid, _ in rows), dtype=np.int64, count=len(rows))
        lengths = np.fromiter((_varint(size) for _, size in rows), dtype=np.float64, count=len(rows))
        mean = float(lengths.mean()) if lengths.any() else 1.0
        self._norms = K1 * (1 - B + B * lengths / mean)
        self._cache: OrderedDict[str, _Posting] = OrderedDict()
        self._bytes = 0

    def frequency(self, term: str) -> int:
        """How many records hold a word (as the tokenizer gives it)."""
        return len(self._posting(term).positions)

    def scores(self, terms: Iterable[str]) -> Floats:
        """BM25 of every record, in the order of `rids`; 0 where no word occurs. Shape (N,)."""
        total = np.zeros(len(self.rids))
        # In one fixed order, so that equal records get equal sums whatever the order of the words.
        for term in sorted(terms):
            posting = self._posting(term)
            n = len(posting.positions)
            if n:
                idf = max(float(np.log((len(total) - n + 0.5) / (n + 0.5))), LEAST_IDF)
                total[posting.positions] += idf * posting.weights
        return total

    def _posting(self, term: str) -> _Posting:
        if term in self._cache:
            self._cache.move_to_end(term)
            return self._cache[term]
        # One string of numbers is fetched and parsed several times faster than one row per occurrence.
        (text,) = self._connection.execute(
            f"SELECT group_concat(doc) FROM terms_{self._cid} WHERE term = ?",
            (term,),
        ).fetchone()
        found, counts = np.unique(np.fromstring(text or "", dtype=np.int64, sep=","), return_counts=True)
        positions = np.searchsorted(self.rids, found)
        weights = counts * (K1 + 1) / (counts + self._norms[positions])
        posting = _Posting(positions.astype(np.int32), weights.astype(np.float32))
        self._cache[term] = posting
        self._bytes += posting.nbytes
        while self._bytes > CACHE_BYTES and len(self._cache) > 1:
            self._bytes -= self._cache.popitem(last=False)[1].nbytes
        return posting


def _varint(blob: bytes) -> int:
    """The first of SQLite's big-endian variable-length integers in `blob`: the number of words of the one column."""
    value = 0
    for byte in blob:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value


def phrase(text: str) -> str:
    """FTS5 expression for the words of `text` in a row, quoted so that nothing in it is an operator."""
    return '"' + clean(text).replace('"', '""') + '"'


def clean(text: str) -> str:
    """Any string as one that SQLite can take: no lone surrogates, no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", " ")
