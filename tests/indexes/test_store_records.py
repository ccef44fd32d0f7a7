"""Records, collections, transactions, and what is refused."""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import indexes
from indexes import (
    Collection,
    IndexesError,
    Manifest,
    ManifestMismatch,
    QueryError,
    Record,
    RecordError,
    SQLiteStore,
    Store,
    StoreDamaged,
    StoreError,
    StoreFormat,
    StoreMissing,
    StoreReadOnly,
)

MANIFEST = Manifest("encoder", "hash", 3, "ip")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore.open(tmp_path / "store") as opened:
        yield opened


def same(left: Record, right: Record) -> bool:
    vectors = (left.vector is None) == (right.vector is None) and (
        left.vector is None or np.array_equal(left.vector, right.vector)
    )
    return vectors and (left.id, left.text, dict(left.metadata), left.payload) == (
        right.id,
        right.text,
        dict(right.metadata),
        right.payload,
    )


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(codec="utf-8")),
    metadata=st.dictionaries(st.text(st.characters(codec="utf-8")), json_values, max_size=4),
    payload=st.binary(max_size=200),
    vector=st.lists(st.floats(-(2.0**99), 2.0**99, width=32), min_size=3, max_size=3),
)
def test_what_goes_in_comes_out(
    store: SQLiteStore, text: str, metadata: dict[str, object], payload: bytes, vector: list[float]
) -> None:
    collection = store.collection("c", MANIFEST)
    record = Record("key", text, metadata, payload, np.array(vector, dtype=np.float32))
    collection.upsert([record])
    (back,) = collection.get(["key"])
    assert back is not None
    assert same(back, record)


def test_protocols_are_kept(store: SQLiteStore) -> None:
    def use(some: Store) -> Collection:
        return some.collection("c")

    assert use(store).name == "c"


def test_upsert_replaces_and_delete_deletes_everywhere(store: SQLiteStore) -> None:
    collection = store.collection("c", MANIFEST)
    collection.upsert(Record(f"r{i}", f"word{i} shared", {"i": i}, b"", np.eye(3)[i]) for i in range(3))
    assert [hit.id for hit in collection.vector_search(np.eye(3)[1], 1)] == ["r1"]
    assert collection.upsert([Record("r1", "other", {"i": 10}, b"", np.array([0.0, 0.0, 5.0]))]) == 1
    assert len(collection) == 3
    assert collection.text_search("word1", 5) == []
    assert [hit.id for hit in collection.text_search("other", 5)] == ["r1"]
    assert collection.vector_search(np.array([0.0, 0.0, 1.0]), 1)[0].id == "r1"
    assert collection.ids({"i": 10}) == ["r1"]
    assert collection.delete(["r1", "r1", "missing"]) == 1
    assert collection.delete(where={"i": 0}) == 1
    assert collection.ids() == ["r2"]
    assert collection.text_search("shared other", 5)[0].id == "r2"
    assert [hit.id for hit in collection.vector_search(np.array([0.0, 0.0, 1.0]), 5)] == ["r2"]
    assert store.verify() == []


def test_the_same_id_twice_in_one_call_keeps_the_last(store: SQLiteStore) -> None:
    collection = store.collection("c")
    assert collection.upsert([Record("a", "first"), Record("a", "second")]) == 2
    assert [record.text for record in collection.records()] == ["second"]
    assert store.verify() == []


def test_records_are_sorted_and_cross_batches(store: SQLiteStore) -> None:
    collection = store.collection("c")
    collection.upsert(Record(f"{i:04}", "", {"odd": i % 2}) for i in reversed(range(1100)))
    assert [record.id for record in collection.records()] == [f"{i:04}" for i in range(1100)]
    assert [record.id for record in collection.records({"odd": 1})] == [f"{i:04}" for i in range(1, 1100, 2)]
    assert collection.count({"odd": 1}) == 550


def test_vectors_in_the_order_asked(store: SQLiteStore) -> None:
    collection = store.collection("c", MANIFEST)
    collection.upsert(Record(f"r{i}", vector=np.eye(3)[i]) for i in range(3))
    assert np.array_equal(collection.vectors(["r2", "r0", "r2"]), np.eye(3, dtype=np.float32)[[2, 0, 2]])
    assert collection.vectors([]).shape == (0, 3)
    with pytest.raises(QueryError, match="'nope'"):
        collection.vectors(["nope"])


def test_transaction_spans_collections_and_is_all_or_nothing(store: SQLiteStore) -> None:
    papers, passages = store.collection("papers"), store.collection("passages", MANIFEST)
    papers.upsert([Record("old", "keep me")])
    with pytest.raises(RuntimeError, match="stop"), store.transaction():  # noqa: PT012
        papers.delete(["old"])
        papers.upsert([Record("p", "new")])
        passages.upsert([Record("p/1", "text", vector=np.ones(3))])
        assert passages.vector_search(np.ones(3), 1)[0].id == "p/1"
        assert [hit.id for hit in papers.text_search("new", 1)] == ["p"]
        raise RuntimeError("stop")
    assert papers.ids() == ["old"]
    assert passages.ids() == []
    assert passages.vector_search(np.ones(3), 1) == []
    assert papers.text_search("new", 1) == []
    with store.transaction():
        papers.upsert([Record("p", "new")])
        passages.upsert([Record("p/2", "text", vector=np.ones(3))])
    assert [hit.id for hit in passages.vector_search(np.ones(3), 5)] == ["p/2"]
    assert store.verify() == []


def test_a_nested_transaction_is_undone_alone(store: SQLiteStore) -> None:
    collection = store.collection("c", MANIFEST)
    with store.transaction():
        collection.upsert([Record("a", "kept", vector=np.ones(3))])
        with pytest.raises(RecordError), store.transaction():  # noqa: PT012
            collection.upsert([Record("b", "undone", vector=np.ones(3))])
            assert len(collection.vector_search(np.ones(3), 5)) == 2
            collection.upsert([Record("c", vector=np.zeros(9))])
        assert [hit.id for hit in collection.vector_search(np.ones(3), 5)] == ["a"]
    assert collection.ids() == ["a"]
    assert collection.text_search("undone", 1) == []
    assert store.verify() == []


def test_a_bad_record_keeps_its_whole_batch_out(store: SQLiteStore) -> None:
    collection = store.collection("c", MANIFEST)
    with pytest.raises(RecordError):
        collection.upsert([Record("good", vector=np.ones(3)), Record("bad", vector=np.full(3, np.nan))])
    assert len(collection) == 0


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (Record("", vector=np.ones(3)), "id"),
        (Record("a\x00b", vector=np.ones(3)), "NUL"),
        (Record("x" * 2000, vector=np.ones(3)), "1024"),
        (Record("a", "\ud800", vector=np.ones(3)), "surrogate"),
        (Record("a", metadata={"x": {1, 2}}, vector=np.ones(3)), "not JSON"),
        (Record("a", metadata={"x": float("nan")}, vector=np.ones(3)), "not JSON"),
        (Record("a", vector=None), "no vector"),
        (Record("a", vector=np.ones(4)), "shape"),
        (Record("a", vector=np.ones((2, 3))), "shape"),
        (Record("a", vector=np.array([1.0, np.nan, 0.0])), "NaN"),
        (Record("a", vector=np.array([1.0, np.inf, 0.0])), "NaN or infinite"),
        (Record("a", vector=np.array([1e300, 0.0, 0.0])), "float32"),
        (Record("a", vector=np.array(["x", "y", "z"])), "numbers"),
    ],
)
def test_records_that_cannot_be_kept(store: SQLiteStore, record: Record, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        store.collection("c", MANIFEST).upsert([record])


def test_zero_vectors_have_no_cosine(store: SQLiteStore) -> None:
    collection = store.collection("c", Manifest("e", "h", 3, "cosine"))
    with pytest.raises(RecordError, match="zero"):
        collection.upsert([Record("a", vector=np.zeros(3))])
    collection.upsert([Record("a", vector=np.array([1e-38, 0.0, 0.0], dtype=np.float32))])
    with pytest.raises(QueryError, match="zero"):
        collection.vector_search(np.zeros(3), 1)
    assert np.array_equal(collection.vectors(["a"]), [[1.0, 0.0, 0.0]])


def test_a_collection_without_manifest_takes_no_vectors(store: SQLiteStore) -> None:
    collection = store.collection("papers")
    with pytest.raises(RecordError, match="manifest"):
        collection.upsert([Record("a", vector=np.ones(3))])
    with pytest.raises(QueryError, match="no vectors"):
        collection.vector_search(np.ones(3), 1)


def test_queries_that_make_no_sense(store: SQLiteStore) -> None:
    collection = store.collection("c", MANIFEST)
    collection.upsert([Record("a", "text", vector=np.ones(3))])
    for k in (-1, 1.5, True):
        with pytest.raises(QueryError, match="k must be"):
            collection.vector_search(np.ones(3), k)  # type: ignore[arg-type]
        with pytest.raises(QueryError, match="k must be"):
            collection.text_search("text", k)  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="shape"):
        collection.vector_search(np.ones(4), 1)
    with pytest.raises(QueryError, match="NaN"):
        collection.vector_search(np.full(3, np.nan), 1)
    with pytest.raises(QueryError, match="where="):
        collection.delete()
    assert collection.vector_search(np.ones(3), 0) == []
    assert collection.text_search("text", 0) == []
    assert len(collection.vector_search(np.ones(3), 10**6)) == 1


def test_an_empty_store_answers_with_nothing(store: SQLiteStore) -> None:
    collection = store.collection("c", MANIFEST)
    assert collection.vector_search(np.ones(3), 5) == []
    assert collection.vector_search(np.ones((2, 3)), 5) == [[], []]
    assert collection.vector_search(np.ones((0, 3)), 5) == []
    assert collection.text_search("anything", 5) == []
    assert collection.get(["a"]) == [None]
    assert list(collection.records()) == []
    assert collection.upsert([]) == 0
    assert collection.delete([]) == 0
    assert collection.document_frequency(["anything"]) == {"anything": 0}


def test_a_manifest_mismatch_names_both(store: SQLiteStore) -> None:
    store.collection("c", MANIFEST)
    with pytest.raises(ManifestMismatch, match=r"encoder \(hash hash, dimension 3, ip\).*other \(hash"):
        store.collection("c", Manifest("other", "hash", 3, "ip"))
    assert store.collection("c").manifest == MANIFEST
    store.collection("plain")
    with pytest.raises(ManifestMismatch, match="no encoder"):
        store.collection("plain", MANIFEST)


def test_manifests_are_validated() -> None:
    with pytest.raises(ValueError, match="metric"):
        Manifest("e", "h", 3, "dot")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="dimension"):
        Manifest("e", "h", 0)


def test_drop_leaves_the_others(store: SQLiteStore) -> None:
    gone, kept = store.collection("gone", MANIFEST), store.collection("kept")
    gone.upsert([Record("a", "text", vector=np.ones(3))])
    gone.vector_search(np.ones(3), 1)
    kept.upsert([Record("b", "text")])
    store.drop("gone")
    assert store.collections() == ["kept"]
    assert store.verify() == []
    with pytest.raises(StoreMissing, match="gone"):
        len(gone)
    with pytest.raises(StoreMissing, match="gone"):
        store.drop("gone")
    again = store.collection("gone", Manifest("other", "h", 2, "l2"))
    assert len(again) == 0
    assert again.vector_search(np.ones(2), 1) == []


def test_a_missing_store_is_not_made_unasked(tmp_path: Path) -> None:
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(StoreMissing, match="no store"):
            SQLiteStore.open(tmp_path / "none", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "none").exists()


def test_a_file_is_no_store(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("hello")
    with pytest.raises(StoreFormat, match="is a file"):
        SQLiteStore.open(path)
    with pytest.raises(StoreError, match="cannot be made"):
        SQLiteStore.open(path / "below")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreFormat, match="not a store"):
        SQLiteStore.open(tmp_path)


@pytest.mark.parametrize(("version", "word"), [(0, "older"), (99, "newer")])
def test_other_format_versions_are_told(tmp_path: Path, version: int, word: str) -> None:
    with SQLiteStore.open(tmp_path) as store:
        store.collection("c").upsert([Record("a")])
    connection = sqlite3.connect(tmp_path / "store.sqlite")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    with pytest.raises(StoreFormat, match=word):
        SQLiteStore.open(tmp_path)


def test_read_only_reads_and_refuses_changes(tmp_path: Path) -> None:
    with SQLiteStore.open(tmp_path) as store:
        store.collection("c", MANIFEST).upsert([Record("a", "text", vector=np.ones(3))])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with SQLiteStore.open(tmp_path, read_only=True) as store:
        collection = store.collection("c")
        assert collection.vector_search(np.ones(3), 1)[0].id == "a"
        assert collection.text_search("text", 1)[0].id == "a"
        with pytest.raises(StoreReadOnly, match="reading only"):
            collection.delete(["a"])
        with pytest.raises(StoreMissing, match="other"):
            store.collection("other")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_directory_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with SQLiteStore.open(tmp_path) as store:
        store.collection("c", MANIFEST).upsert([Record("a", "text", vector=np.ones(3))])
    # Permission bits do not stop the administrator, whom tests may run as.
    monkeypatch.setattr(os, "access", lambda *_: False)
    before = sorted(path.name for path in tmp_path.iterdir())
    with SQLiteStore.open(tmp_path) as store:
        assert store.collection("c").vector_search(np.ones(3), 1)[0].id == "a"
        with pytest.raises(StoreReadOnly):
            store.collection("c").delete(["a"])
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    with pytest.raises(StoreReadOnly, match="cannot be written"):
        SQLiteStore.open(tmp_path / "new")


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = SQLiteStore.open(tmp_path)
    collection = store.collection("c")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        collection.ids()
    with pytest.raises(StoreError, match="closed"):
        store.collections()


def test_two_stores_of_one_process_see_each_other(tmp_path: Path) -> None:
    with SQLiteStore.open(tmp_path) as one, SQLiteStore.open(tmp_path) as other:
        left, right = one.collection("c", MANIFEST), other.collection("c", MANIFEST)
        for i in range(5):
            left.upsert([Record(f"l{i}", "left", vector=np.ones(3))])
            right.upsert([Record(f"r{i}", "right", vector=np.ones(3))])
            assert len(left.vector_search(np.ones(3), 99)) == len(right.text_search("left right", 99)) == 2 * (i + 1)
    with SQLiteStore.open(tmp_path) as store:
        assert store.verify() == []
        assert json.loads((tmp_path / "seal.json").read_text())["digest"]


def test_threads_take_turns(store: SQLiteStore) -> None:
    collection = store.collection("c", MANIFEST)
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for i in range(20):
                collection.upsert([Record(f"{name}/{i}", f"text {name}", vector=np.ones(3))])
                assert collection.vector_search(np.ones(3), 1)
                assert collection.text_search("text", 1)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(collection) == 80
    assert store.verify() == []


def test_a_lost_database_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    with SQLiteStore.open(tmp_path) as store:
        store.collection("c").upsert([Record("a")])
    (tmp_path / "store.sqlite").unlink()
    with pytest.raises(StoreDamaged, match="missing or empty"):
        SQLiteStore.open(tmp_path)


def test_everything_public_is_listed() -> None:
    assert len(set(indexes.__all__)) == len(indexes.__all__)
    assert all(hasattr(indexes, name) for name in indexes.__all__)
    errors = [value for value in vars(indexes).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert len(errors) == 12
    assert all(issubclass(error, IndexesError) for error in errors)


def test_the_import_is_light() -> None:
    code = (
        "import sys, indexes; print([m for m in ('faiss', 'torch', 'pymatgen', 'langchain_core') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_store_that_nobody_holds_any_more_is_closed(tmp_path: Path) -> None:
    """Python 3.13 warns of connections that are left open, and warnings are errors here."""
    store = SQLiteStore.open(tmp_path / "s")
    store.collection("c").upsert([Record("a", "one text")])
    connection = store.collection("c")._engine.connection
    store.collection("c").text_search("text", 1)
    del store
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")
    with SQLiteStore.open(tmp_path / "s") as store:
        assert store.collection("c").ids() == ["a"]
