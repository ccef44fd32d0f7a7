"""What a store is: records, hits, manifests, and the two protocols that every engine keeps.

Callers depend on `Store` and `Collection`. `indexes.SQLiteStore` keeps them on one machine;
an engine on several can stand behind the same two names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeAlias

import numpy as np
import numpy.typing as npt

JSON: TypeAlias = Any
"""What ``json.dumps`` takes without help: None, bool, int, finite float, str, and lists and str-keyed dicts of them."""

Filter: TypeAlias = Mapping[str, Any]
"""A condition on metadata; the language is described in `indexes.filters`."""

Vector: TypeAlias = npt.NDArray[np.float32]

Metric: TypeAlias = Literal["ip", "l2", "cosine"]


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """One thing that can be found again.

    Attributes:
        id: Unique in its collection; not empty.
        text: What full-text search sees.
        metadata: What filters see; JSON values.
        payload: Opaque bytes, given back as they came.
        vector: Shape (d,), or None in a collection without vectors. Under the cosine metric it is kept,
            and comes back, with unit length.
    """

    id: str
    text: str = ""
    metadata: Mapping[str, JSON] = field(default_factory=dict)
    payload: bytes = b""
    vector: Vector | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A record found, and how well it fits: higher is better, whatever the metric."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which encoder made the vectors of a collection, and how they are compared.

    Attributes:
        encoder: Its name.
        encoder_hash: Digest of its weights and settings: two encoders of one name are told apart.
        dimension: Length of a vector.
        metric: ``ip`` (inner product), ``cosine`` (inner product of unit vectors) or ``l2`` (Euclidean).
    """

    encoder: str
    encoder_hash: str
    dimension: int
    metric: Metric = "cosine"

    def __post_init__(self) -> None:
        if self.metric not in ("ip", "l2", "cosine"):
            raise ValueError(f"metric must be 'ip', 'l2' or 'cosine', not {self.metric!r}")
        if self.dimension < 1:
            raise ValueError(f"dimension must be at least 1, not {self.dimension}")

    def to_dict(self) -> dict[str, Any]:
        """The manifest as JSON."""
        return asdict(self)


class Collection(Protocol):
    """A named set of records in a store."""

    @property
    def name(self) -> str:
        """Its name in the store."""

    @property
    def manifest(self) -> Manifest | None:
        """What made its vectors; None where it has none."""

    def upsert(self, records: Iterable[Record]) -> int:
        """Insert records, or replace those of the same id; returns how many were given."""

    def delete(self, ids: Iterable[str] | None = None, where: Filter | None = None) -> int:
        """Delete the records that have one of `ids` and match `where`; returns how many there were."""

    def get(self, ids: Iterable[str]) -> list[Record | None]:
        """The records of `ids`, in that order; None where there is none."""

    def ids(self, where: Filter | None = None) -> list[str]:
        """Ids of all records, or of those that match, sorted."""

    def records(self, where: Filter | None = None) -> Iterator[Record]:
        """All records, or those that match, sorted by id."""

    def count(self, where: Filter | None = None) -> int:
        """How many records there are, or match."""

    def __len__(self) -> int:
        """How many records there are."""

    def vectors(self, ids: Sequence[str]) -> Vector:
        """Vectors of `ids`: shape (n, d)."""

    def vector_search(self, query: npt.ArrayLike, k: int, where: Filter | None = None) -> Any:
        """The k nearest records, best first: a list for a query (d,), a list of n lists for (n, d)."""

    def text_search(self, query: str, k: int, where: Filter | None = None) -> list[Hit]:
        """The k records whose text fits best by BM25, best first."""

    def text_scores(self, query: str, ids: Sequence[str]) -> list[float]:
        """BM25 of each of `ids`; 0.0 where no word of the query occurs."""

    def document_frequency(self, terms: Iterable[str]) -> dict[str, int]:
        """In how many records each term occurs, as the full-text index sees words."""


class Store(Protocol):
    """Collections that are changed together, all or nothing."""

    def collection(self, name: str, manifest: Manifest | None = None) -> Collection:
        """Open a collection, creating it where it is missing."""

    def collections(self) -> list[str]:
        """Names of all collections, sorted."""

    def drop(self, name: str) -> None:
        """Delete a collection and everything in it."""

    def transaction(self) -> AbstractContextManager[None]:
        """Changes inside are committed together at the end, or not at all; a nested one joins."""

    def close(self) -> None:
        """Release everything; a second call does nothing."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
