"""Vector search against brute force, and the derived FAISS file under every fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexes import Hit, IndexPolicy, Manifest, Metric, Record, SQLiteStore
from indexes.vectors import VectorIndex, Version

Array = npt.NDArray[Any]
METRICS: list[Metric] = ["ip", "l2", "cosine"]


def brute_force(ids: list[str], vectors: Array, query: Array, k: int, metric: str) -> list[Hit]:
    """What the search must return: every score, in float64, sorted."""
    wide, point = vectors.astype(np.float32).astype(np.float64), query.astype(np.float32).astype(np.float64)
    if metric == "cosine":
        wide = (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float32).astype(np.float64)
        point = (point / np.linalg.norm(point)).astype(np.float32).astype(np.float64)
    if metric == "l2":
        scores = (-np.sqrt(((wide - point) ** 2).sum(axis=1))).astype(np.float32).tolist()
    else:
        scores = (wide * point).sum(axis=1).astype(np.float32).tolist()
    order = sorted(range(len(ids)), key=lambda i: (-scores[i], ids[i]))
    return [Hit(ids[i], scores[i]) for i in order[:k]]


def assert_same(found: list[Hit], wanted: list[Hit]) -> None:
    assert [hit.id for hit in found] == [hit.id for hit in wanted]
    assert np.allclose([hit.score for hit in found], [hit.score for hit in wanted], rtol=1e-6, atol=1e-6)


def fill(store: SQLiteStore, vectors: Array, metric: Metric) -> tuple[Any, list[str]]:
    ids = [f"v{i:05}" for i in range(len(vectors))]
    collection = store.collection("v", Manifest("e", "h", vectors.shape[1], metric))
    collection.upsert(
        Record(key, metadata={"third": i % 3 == 0, "rare": i % 997 == 0}, vector=vectors[i])
        for i, key in enumerate(ids)
    )
    return collection, ids


@pytest.mark.parametrize("metric", METRICS)
def test_exact_as_brute_force(tmp_path: Path, metric: Metric) -> None:
    # Enough vectors for FAISS to scan them rather than the short cut for few, with filters or without.
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(4000, 24)) * rng.uniform(0.1, 10, size=(4000, 1))
    vectors[3000:3050] = vectors[17]
    queries = np.concatenate([rng.normal(size=(6, 24)), vectors[[17, 300]]])
    with SQLiteStore.open(tmp_path) as store:
        collection, ids = fill(store, vectors, metric)
        for k in (1, 60, 2000):
            found = collection.vector_search(queries, k)
            for query, hits in zip(queries, found, strict=True):
                assert_same(hits, brute_force(ids, vectors, query, k, metric))
        for where, keep in (
            ({"third": True}, np.arange(4000) % 3 == 0),
            ({"rare": True}, np.arange(4000) % 997 == 0),
            ({"rare": False}, np.arange(4000) % 997 != 0),
        ):
            names = [key for key, kept in zip(ids, keep, strict=True) if kept]
            for query in queries:
                hits = collection.vector_search(query, 12, where)
                assert_same(hits, brute_force(names, vectors[keep], query, 12, metric))
                assert len(hits) == min(12, len(names))


@pytest.mark.parametrize("metric", METRICS)
def test_ties_are_in_the_order_of_ids(tmp_path: Path, metric: Metric) -> None:
    vectors = np.tile(np.array([[3.0, 4.0], [4.0, 3.0]]), (1500, 1))
    with SQLiteStore.open(tmp_path) as store:
        collection, ids = fill(store, vectors, metric)
        hits = collection.vector_search(np.array([3.0, 4.0]), 40)
        assert [hit.id for hit in hits] == ids[0:80:2]
        assert len({hit.score for hit in hits}) == 1


@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_history_of_changes(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    truth: dict[str, Array] = {}
    with SQLiteStore.open(tmp_path_factory.mktemp("history")) as store:
        collection = store.collection("v", Manifest("e", "h", 4, "l2"))
        for _ in range(data.draw(st.integers(1, 6))):
            names = [f"n{i}" for i in rng.integers(0, 30, size=data.draw(st.integers(0, 12)))]
            if data.draw(st.booleans()):
                new = {name: rng.normal(size=4) for name in names}
                collection.upsert(Record(name, vector=vector) for name, vector in new.items())
                truth |= new
            else:
                collection.delete(names)
                truth = {name: vector for name, vector in truth.items() if name not in names}
            query = rng.normal(size=4)
            wanted = brute_force(list(truth), np.array(list(truth.values())).reshape(-1, 4), query, 5, "l2")
            assert_same(collection.vector_search(query, 5), wanted)


@pytest.fixture(scope="module")
def clustered() -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    centres = rng.normal(size=(50, 32))
    vectors = centres[rng.integers(50, size=3100)] + 0.8 * rng.normal(size=(3100, 32))
    return vectors[:3000].astype(np.float32), vectors[3000:].astype(np.float32)


APPROXIMATE = {
    "hnsw": IndexPolicy(flat_below=1000, hnsw_below=10**9),
    "ivf": IndexPolicy(flat_below=1000, hnsw_below=1001, ivf_probe=0.15),
}


@pytest.mark.filterwarnings("ignore:builtin type .* has no __module__ attribute:DeprecationWarning")
@pytest.mark.parametrize("kind", APPROXIMATE)
def test_approximate_indexes(tmp_path: Path, clustered: tuple[Array, Array], kind: str) -> None:
    vectors, queries = clustered
    with SQLiteStore.open(tmp_path, policy=APPROXIMATE[kind]) as store:
        collection, ids = fill(store, vectors, "cosine")
        truth = [brute_force(ids, vectors, query, 10, "cosine") for query in queries]
        found = collection.vector_search(queries, 10)
        hit = [len({h.id for h in left} & {h.id for h in right}) for left, right in zip(found, truth, strict=True)]
        assert np.mean(hit) / 10 >= 0.95
        keep = np.arange(len(ids)) % 3 == 0
        names = [key for key, kept in zip(ids, keep, strict=True) if kept]
        for query in queries[:5]:
            # Under a filter the search is exact.
            hits = collection.vector_search(query, 10, {"third": True})
            assert_same(hits, brute_force(names, vectors[keep], query, 10, "cosine"))
        collection.delete([truth[0][0].id])
        collection.upsert([Record("new", vector=queries[1])])
        assert truth[0][0].id not in {h.id for h in collection.vector_search(queries[0], 10)}
        assert collection.vector_search(queries[1], 1)[0].id == "new"
    with SQLiteStore.open(tmp_path, policy=APPROXIMATE[kind]) as store:
        collection = store.collection("v")
        assert collection.vector_search(queries[1], 1)[0].id == "new"
        assert len(collection.vector_search(queries[0], 2500)) == 2500


def test_the_policy_goes_by_size() -> None:
    policy = IndexPolicy(flat_below=10, hnsw_below=100)
    assert [policy.kind(size) for size in (0, 9, 10, 99, 100)] == ["flat", "flat", "hnsw", "hnsw", "ivf"]


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Path, Array, list[str]]:
    vectors = np.random.default_rng(1).normal(size=(50, 6)).astype(np.float32)
    with SQLiteStore.open(tmp_path) as store:
        collection, ids = fill(store, vectors, "ip")
        collection.vector_search(vectors[0], 1)
    return tmp_path, vectors, ids


def check(directory: Path, ids: list[str], vectors: Array) -> None:
    with SQLiteStore.open(directory) as store:
        found = store.collection("v").vector_search(vectors[0], 10)
        assert_same(found, brute_force(ids, vectors, vectors[0], 10, "ip"))


def faiss_file(directory: Path) -> Path:
    (path,) = directory.glob("*.faiss")
    return path


def test_the_file_is_used_when_it_is_right(
    filled: tuple[Path, Array, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, vectors, ids = filled

    def refuse(*_: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(VectorIndex, "build", refuse)
    check(directory, ids, vectors)


@pytest.mark.parametrize("keep", [0, 1, 15, 16, 100, -1, -40])
def test_a_truncated_file_is_rebuilt(filled: tuple[Path, Array, list[str]], keep: int) -> None:
    directory, vectors, ids = filled
    path = faiss_file(directory)
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    check(directory, ids, vectors)
    assert len(path.read_bytes()) == len(whole)


def test_a_missing_file_is_rebuilt(filled: tuple[Path, Array, list[str]]) -> None:
    directory, vectors, ids = filled
    faiss_file(directory).unlink()
    check(directory, ids, vectors)
    assert faiss_file(directory).exists()


def test_every_flipped_byte_is_noticed(filled: tuple[Path, Array, list[str]]) -> None:
    directory, _, _ = filled
    path = faiss_file(directory)
    manifest = Manifest("e", "h", 6, "ip")
    whole = path.read_bytes()
    assert VectorIndex.load(path, manifest) is not None
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        assert VectorIndex.load(path, manifest) is None


def test_an_older_file_is_brought_up_to_date(filled: tuple[Path, Array, list[str]]) -> None:
    directory, vectors, ids = filled
    old = faiss_file(directory).read_bytes()
    with SQLiteStore.open(directory) as store:
        collection = store.collection("v")
        collection.delete([ids[0], ids[7]])
        collection.upsert([Record("new", vector=2 * vectors[0]), Record(ids[3], vector=-vectors[0])])
        left = dict(zip(ids, vectors, strict=True))
        del left[ids[0]], left[ids[7]]
        left |= {"new": 2 * vectors[0], ids[3]: -vectors[0]}
    faiss_file(directory).write_bytes(old)
    query = vectors[0]
    with SQLiteStore.open(directory) as store:
        found = store.collection("v").vector_search(query, 60)
    assert_same(found, brute_force(list(left), np.array(list(left.values())), query, 60, "ip"))


def test_a_file_of_other_vectors_is_not_believed(filled: tuple[Path, Array, list[str]], tmp_path: Path) -> None:
    directory, vectors, ids = filled
    rids = np.arange(1, 51, dtype=np.int64)
    for version in (Version(10**6, "00"), Version(0, "00"), Version(2, "00")):
        forged = VectorIndex.build(rids, -vectors, version, Manifest("e", "h", 6, "ip"), IndexPolicy())
        if version.generation:
            forged.save(faiss_file(directory))
            check(directory, ids, vectors)


def test_a_full_disk_only_costs_the_file(
    filled: tuple[Path, Array, list[str]], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    directory, vectors, ids = filled
    faiss_file(directory).unlink()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(VectorIndex, "save", full)
    check(directory, ids, vectors)
    assert "No space left" in caplog.text
