"""The FAISS index of one collection: derived from the database, and rebuilt whenever it is not exactly that.

The file holds, in this order: the index as FAISS writes it; the row id of each vector (int64); a JSON footer with the
collection's generation and digest that it was built from, and the digest of all bytes before; the footer's length.
FAISS parses nothing that has not passed its digest.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import struct
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from indexes.integrity import file_digest, replacing
from indexes.store import Manifest, Vector

log = logging.getLogger(__name__)

_MAGIC = b"CLMIVEC1"
_TAIL = struct.Struct("<q8s")
_LONGEST_FOOTER = 1 << 16

_SCAN = 2048
"""Up to so many candidates are scored one by one, without FAISS."""

DEAD = -1
"""Row id of a vector that was deleted or replaced since the index was built."""

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Kind = Literal["flat", "hnsw", "ivf"]


@dataclass(frozen=True, slots=True)
class IndexPolicy:
    """Which FAISS index a collection of a given size gets.

    A flat scan is exact and takes about 10 ms over 50,000 x 384, so it serves up to `flat_below` vectors. Beyond,
    HNSW, and where building that takes too long (it grows to minutes), IVF. What they propose is scored exactly, and
    neither is used under a filter: there the search is exact at any size. ``benchmarks/store.py --recall`` measures
    both; over 20,000 x 384 clustered vectors on two busy cores, recall@10 was 1.00 for both, building took 30 s and
    2 s, a search 1.0 ms and 0.4 ms.

    Attributes:
        flat_below: Fewest vectors for which HNSW is built.
        hnsw_below: Fewest vectors for which IVF is built.
        hnsw_links: Neighbours of a node (M).
        hnsw_build: Candidates looked at while building (efConstruction).
        hnsw_search: Candidates looked at while searching (efSearch).
        ivf_probe: Share of the inverted lists that a search visits.
        rebuild_at: Share of dead vectors at which the index is rebuilt.
    """

    flat_below: int = 200_000
    hnsw_below: int = 400_000
    hnsw_links: int = 32
    hnsw_build: int = 120
    hnsw_search: int = 128
    ivf_probe: float = 0.04
    rebuild_at: float = 0.25

    def kind(self, size: int) -> Kind:
        """Which index `size` vectors get."""
        return "flat" if size < self.flat_below else "hnsw" if size < self.hnsw_below else "ivf"


@dataclass(frozen=True, slots=True)
class Version:
    """The state of a collection that an index stands for."""

    generation: int
    digest: str


@dataclass(frozen=True, slots=True)
class Found:
    """What one query found: positions in `VectorIndex.rids` and exact scores (higher is better), unordered.

    All that tie with the last of the k best are among them, so that the caller can break ties.
    """

    positions: Ints
    scores: npt.NDArray[np.float32]


class VectorIndex:
    """Vectors of one collection as of one `Version`, searchable.

    Attributes:
        rids: Row id of each vector, `DEAD` for one that no longer counts, shape (n,).
        version: The state of the collection that it stands for.
        kind: Which index FAISS holds.
        manifest: What made the vectors.
    """

    def __init__(
        self, index: Any, rids: Ints, version: Version, manifest: Manifest, kind: Kind, largest: float
    ) -> None:
        self._index = index
        self.rids = rids
        self.version = version
        self.kind = kind
        self.manifest = manifest
        self._largest = largest
        """Largest norm of a vector: it bounds the rounding error of FAISS's float32 sums."""

    @classmethod
    def build(
        cls, rids: Ints, vectors: Vector, version: Version, manifest: Manifest, policy: IndexPolicy
    ) -> VectorIndex:
        """Index `vectors` (n, d) of the rows `rids` (n,)."""
        faiss = _faiss()
        metric = faiss.METRIC_L2 if manifest.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        kind = policy.kind(len(rids))
        # FAISS wants at least 39 training vectors a list.
        lists = max(1, min(int(4 * len(rids) ** 0.5), len(rids) // 39))
        factory = {"flat": "Flat", "hnsw": f"HNSW{policy.hnsw_links},Flat", "ivf": f"IVF{lists},Flat"}[kind]
        index = faiss.index_factory(manifest.dimension, factory, metric)
        if kind == "hnsw":
            index.hnsw.efConstruction = policy.hnsw_build
        if kind == "ivf":
            index.set_direct_map_type(faiss.DirectMap.Array)
            index.train(vectors)
        index.add(vectors)
        return cls(index, rids, version, manifest, kind, _largest_norm(vectors))

    def refresh(self, live: Ints, changed: Ints, vectors: Vector, version: Version) -> None:
        """Follow the collection: `changed` rows (m,) now have `vectors` (m, d), and only `live` rows are left."""
        gone = ~np.isin(self.rids, live) | np.isin(self.rids, changed)
        self.rids[gone] = DEAD
        if len(changed):
            self._index.add(vectors)
            self.rids = np.concatenate([self.rids, changed])
            self._largest = max(self._largest, _largest_norm(vectors))
        self.version = version

    @property
    def dead(self) -> int:
        """How many vectors no longer count."""
        return int(np.count_nonzero(self.rids == DEAD))

    def search(self, queries: Vector, k: int, allowed: Mask | None, policy: IndexPolicy) -> list[Found]:
        """The k nearest vectors of each query.

        Args:
            queries: Shape (m, d).
            k: At least 1.
            allowed: Which rows may be found, in the order of `rids`; None: all that count. With a mask the
                search is exact whatever the kind of index.
        """
        exact = self.kind == "flat" or allowed is not None
        mask = self.rids != DEAD if allowed is None else allowed & (self.rids != DEAD)
        candidates = np.flatnonzero(mask)
        k = min(k, len(candidates))
        if k == 0:
            return [Found(candidates, np.empty(0, dtype=np.float32)) for _ in queries]
        if len(candidates) <= max(k, _SCAN):
            vectors = self._reconstruct(candidates)
            return [self._best(candidates, self._exact(vectors, query), k) for query in queries]
        wanted = min(len(candidates), k + max(16, k // 4))
        params = self._parameters(mask if len(candidates) < len(mask) else None, policy, exact=exact)
        _, positions = self._scanner(exact).search(queries, wanted, params=params)
        found = [
            self._settle(query, row, k, mask, policy, exact=exact)
            for query, row in zip(queries, positions, strict=True)
        ]
        return found

    def _settle(self, query: Vector, row: Ints, k: int, mask: Mask, policy: IndexPolicy, *, exact: bool) -> Found:
        """Score FAISS's candidates exactly, and fetch those that its rounding or its heap may have left out."""
        row = row[row >= 0]
        if len(row) < k:
            # An approximate index can come back with too few.
            return self.search(query[None], k, mask, policy)[0]
        scores = self._exact(self._reconstruct(row), query)
        if exact:
            kth = np.partition(scores, -k)[-k]
            if scores.min() >= kth - self._tolerance(query):
                row = self._within(query, float(kth) - self._tolerance(query), mask, policy)
                scores = self._exact(self._reconstruct(row), query)
        return self._best(row, scores, k)

    def _within(self, query: Vector, score: float, mask: Mask, policy: IndexPolicy) -> Ints:
        """Positions of all vectors whose score may reach `score`."""
        params = self._parameters(mask, policy, exact=True)
        radius = score - self._tolerance(query)
        if self.manifest.metric == "l2":
            # FAISS compares squared distances with "less than".
            radius = float(np.nextafter(np.float32(max(-radius, 0.0) ** 2), np.float32(np.inf)))
        _, _, row = self._scanner(exact=True).range_search(query[None], radius, params=params)
        return np.asarray(row, dtype=np.int64)

    def _scanner(self, exact: bool) -> Any:
        faiss = _faiss()
        return faiss.downcast_index(self._index.storage) if exact and self.kind == "hnsw" else self._index

    def _parameters(self, mask: Mask | None, policy: IndexPolicy, *, exact: bool) -> Any:
        faiss = _faiss()
        options: dict[str, Any] = {}
        if mask is not None:
            options["sel"] = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        if self.kind == "ivf":
            lists = int(self._index.nlist)
            probe = lists if exact else max(1, round(lists * policy.ivf_probe))
            return faiss.SearchParametersIVF(nprobe=probe, **options)
        if self.kind == "hnsw" and not exact:
            return faiss.SearchParametersHNSW(efSearch=policy.hnsw_search, **options)
        return faiss.SearchParameters(**options)

    def _reconstruct(self, positions: Ints) -> Vector:
        vectors: Vector = self._index.reconstruct_batch(np.ascontiguousarray(positions, dtype=np.int64))
        return vectors

    def _exact(self, vectors: Vector, query: Vector) -> npt.NDArray[np.float32]:
        """Scores summed in float64 and kept as float32: equal vectors get equal scores wherever they stand."""
        return score(vectors, query, self.manifest)

    def _tolerance(self, query: Vector) -> float:
        """How far FAISS's float32 score of a vector can be from the exact one."""
        epsilon = 4 * float(np.finfo(np.float32).eps) * self.manifest.dimension
        norm = float(np.linalg.norm(query))
        if self.manifest.metric == "l2":
            return float(epsilon**0.5 * (norm + self._largest))
        return epsilon * norm * self._largest

    def _best(self, positions: Ints, scores: npt.NDArray[np.float32], k: int) -> Found:
        kth = np.partition(scores, -k)[-k]
        keep = scores >= kth
        return Found(positions[keep], scores[keep])

    def save(self, path: Path) -> None:
        """Replace the file at `path`, atomically and durably."""
        faiss = _faiss()
        with replacing(path) as temporary:
            faiss.write_index(self._index, str(temporary))
            with temporary.open("ab") as file:
                file.write(self.rids.astype("<i8").tobytes())
            footer = json.dumps(
                {
                    "version": asdict(self.version),
                    "manifest": self.manifest.to_dict(),
                    "kind": self.kind,
                    "count": len(self.rids),
                    "largest": self._largest,
                    "bytes": file_digest(temporary),
                },
                sort_keys=True,
            ).encode()
            with temporary.open("ab") as file:
                file.write(footer + hashlib.sha256(footer).digest() + _TAIL.pack(len(footer), _MAGIC))

    @classmethod
    def load(cls, path: Path, manifest: Manifest) -> VectorIndex | None:
        """The index in the file, of whatever version; None where the file is missing, damaged or of another make."""
        faiss = _faiss()
        try:
            footer, end = _footer(path)
            if footer["manifest"] != manifest.to_dict() or footer["bytes"] != file_digest(path, end):
                raise ValueError("its digest or manifest does not agree")
            with path.open("rb") as file:
                file.seek(end - 8 * footer["count"])
                rids = np.frombuffer(file.read(8 * footer["count"]), dtype="<i8").astype(np.int64)
            version = Version(**footer["version"])
            return cls(faiss.read_index(str(path)), rids, version, manifest, footer["kind"], footer["largest"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, struct.error) as error:
            log.warning("%s cannot be used and is rebuilt: %s", path, error)
            return None


def score(vectors: Vector, query: Vector, manifest: Manifest) -> npt.NDArray[np.float32]:
    """Exact scores of `vectors` (n, d) for `query` (d,): inner product, or minus the Euclidean distance. Shape (n,)."""
    wide, point = vectors.astype(np.float64), query.astype(np.float64)
    if manifest.metric == "l2":
        apart = wide - point
        scores = -np.sqrt(np.einsum("ij,ij->i", apart, apart))
    else:
        scores = np.einsum("ij,j->i", wide, point)
    single: npt.NDArray[np.float32] = scores.astype(np.float32)
    return single


def _largest_norm(vectors: Vector) -> float:
    return float(np.sqrt(np.einsum("ij,ij->i", vectors, vectors).max())) if len(vectors) else 0.0


def _faiss() -> Any:
    """FAISS, imported when first needed; its own type stubs lack much of what it offers."""
    return importlib.import_module("faiss")


def _footer(path: Path) -> tuple[dict[str, Any], int]:
    """The footer of an index file, checked, and where the bytes before it end."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _TAIL.size))
        length, magic = _TAIL.unpack(file.read(_TAIL.size))
        end = size - _TAIL.size - hashlib.sha256().digest_size - length
        if magic != _MAGIC or not 0 <= length <= _LONGEST_FOOTER or end < 0:
            raise ValueError("it is cut off, or not an index file")
        file.seek(end)
        text, digest = file.read(length), file.read(hashlib.sha256().digest_size)
    if hashlib.sha256(text).digest() != digest:
        raise ValueError("its footer is damaged")
    footer: dict[str, Any] = json.loads(text)
    return footer, end
