"""Flipped bits and cut files: each is detected or harmless, never a wrong answer."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexes import (
    IndexesError,
    Record,
    SQLiteStore,
    StoreDamaged,
    StoreFormat,
    repair,
)
from indexes.integrity import Seal, file_digest

ROOT = Path(__file__).parents[2]

FILL = """
import os, sys
import numpy as np
from indexes import *
store = SQLiteStore.open(sys.argv[1])
rng = np.random.default_rng(0)
words = [f"w{i}é" for i in range(60)]
passages = store.collection("passages", Manifest("enc", "h", 8, "cosine"))
papers = store.collection("papers")
for step in range(6):
    with store.transaction():
        papers.upsert([Record(f"p{step}", f"paper {step}", {"year": 2000 + step})])
        passages.upsert(
            Record(f"p{step}/{i}", " ".join(rng.choice(words, 20)), {"file": f"p{step}.pdf", "i": i},
            rng.bytes(300), rng.normal(size=8)) for i in range(12)
        )
passages.delete(["p1/1"])
passages.upsert([Record("p2/2", "replaced w3é", {"file": "p2.pdf"}, b"", np.ones(8))])
passages.vector_search(np.ones(8), 3)
if sys.argv[2] == "close":
    store.close()
else:
    os._exit(0)
"""


def make(directory: Path, how: str) -> dict[str, bytes]:
    """The files of a store that was closed, or whose process died with the log unmerged."""
    subprocess.run([sys.executable, "-c", FILL, str(directory), how], cwd=ROOT, check=True)
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make(tmp_path_factory.mktemp("closed") / "s", "close")


@pytest.fixture(scope="module")
def died(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return make(tmp_path_factory.mktemp("died") / "s", "die")


def lay(directory: Path, files: dict[str, bytes]) -> Path:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return directory


def answers(directory: Path) -> Any:
    """All that a store says: records, bookkeeping, filters, full text, vectors."""
    with SQLiteStore.open(directory, timeout=2) as store:
        passages, papers = store.collection("passages"), store.collection("papers")
        records = [
            (
                r.id,
                r.text,
                sorted(r.metadata.items()),
                r.payload,
                None if r.vector is None else r.vector.tobytes(),
            )
            for collection in (papers, passages)
            for r in collection.records()
        ]
        texts = [passages.text_search(f"w{i}e w{i + 7}é paper", 20) for i in range(0, 60, 6)]
        vectors = passages.vector_search(np.random.default_rng(1).normal(size=(5, 8)), 15)
        filtered = [
            passages.ids({"file": "p3.pdf"}),
            passages.vector_search(np.ones(8), 20, {"i": {"$lt": 3}}),
        ]
        counts = [
            len(passages),
            len(papers),
            papers.text_search("paper", 9),
            passages.manifest,
            store.collections(),
        ]
        return records, texts, vectors, filtered, counts


def answers_or_error(directory: Path) -> Any:
    try:
        return answers(directory)
    except IndexesError as error:
        return error


def flip(rng: random.Random, files: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """One bit of one file; half of the time every file has the same chance, however small."""
    names = sorted(name for name in files if files[name])
    sizes = [len(files[name]) for name in names]
    name = rng.choice(names) if rng.random() < 0.5 else rng.choices(names, sizes)[0]
    content = bytearray(files[name])
    place, bit = rng.randrange(len(content)), rng.randrange(8)
    content[place] ^= 1 << bit
    return f"{name} byte {place} bit {bit}", {**files, name: bytes(content)}


def flip_many(directory: Path, files: dict[str, bytes], times: int, seed: int) -> tuple[int, int]:
    rng = random.Random(seed)
    truth = answers(lay(directory, files))
    detected = 0
    for _ in range(times):
        what, flipped = flip(rng, files)
        lay(directory, flipped)
        said = answers_or_error(directory)
        if isinstance(said, IndexesError):
            assert isinstance(said, StoreDamaged | StoreFormat), f"{what}: {said!r}"
            assert "\n" not in str(said)
            detected += 1
        else:
            assert said == truth, what
            # Harmless also means that nothing is carried on: what is left on the disk is whole.
            assert answers(directory) == truth, what
    return detected, times


@pytest.mark.parametrize("state", ["closed", "died"])
def test_bit_flips(state: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    detected, _ = flip_many(tmp_path / "s", request.getfixturevalue(state), 75, seed=5)
    assert detected > 10


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("state", ["closed", "died"])
def test_a_thousand_bit_flips(state: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    detected, _ = flip_many(tmp_path / "s", request.getfixturevalue(state), 1000, seed=6)
    assert detected > 100


@pytest.mark.parametrize("state", ["closed", "died"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_cut_files(state: str, share: float, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    files = request.getfixturevalue(state)
    truth = answers(lay(tmp_path / "s", files))
    for name, content in files.items():
        lay(tmp_path / "s", {**files, name: content[: int(len(content) * share)]})
        said = answers_or_error(tmp_path / "s")
        if isinstance(said, IndexesError):
            assert isinstance(said, StoreDamaged | StoreFormat), f"{name}: {said!r}"
        else:
            assert said == truth, name


def test_deleted_files(closed: dict[str, bytes], tmp_path: Path) -> None:
    truth = answers(lay(tmp_path / "s", closed))
    for name in closed:
        lay(tmp_path / "s", {other: content for other, content in closed.items() if other != name})
        if name == "store.sqlite":
            with pytest.raises(StoreDamaged):
                answers(tmp_path / "s")
        else:
            assert answers(tmp_path / "s") == truth


def test_a_lost_log_is_noticed(died: dict[str, bytes], tmp_path: Path) -> None:
    assert died["store.sqlite-wal"]
    lay(
        tmp_path / "s",
        {name: content for name, content in died.items() if not name.endswith(("-wal", "-shm"))},
    )
    with pytest.raises(StoreDamaged):
        answers(tmp_path / "s")


def test_an_older_copy_of_the_database_is_noticed(closed: dict[str, bytes], tmp_path: Path) -> None:
    lay(tmp_path / "s", closed)
    with SQLiteStore.open(tmp_path / "s") as store:
        store.collection("papers").upsert([Record("new")])
    (tmp_path / "s" / "store.sqlite").write_bytes(closed["store.sqlite"])
    with pytest.raises(StoreDamaged, match="was committed"):
        answers(tmp_path / "s")


def tamper(directory: Path, *statements: str) -> None:
    connection = sqlite3.connect(directory / "store.sqlite")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE records_1 SET text = 'forged' WHERE id = 'p3/3'", "'p3/3' is damaged"),
        ("UPDATE records_1 SET payload = x'00' WHERE id = 'p3/3'", "'p3/3' is damaged"),
        ("UPDATE records_1 SET vector = zeroblob(32) WHERE id = 'p3/3'", "'p3/3' is damaged"),
        ("UPDATE records_1 SET rid = 9999 WHERE id = 'p3/3'", "'p3/3' is damaged"),
        ("DELETE FROM records_1 WHERE id = 'p3/3'", "70 records where 71"),
        ("UPDATE collections SET count = 5", "bookkeeping"),
        ("UPDATE collections SET manifest = NULL", "bookkeeping"),
        ("UPDATE meta SET generation = 99", "generation"),
        ("CREATE TABLE theirs (x)", "definition of 'theirs'"),
        ("DROP INDEX records_1_generation", "definition of 'records_1_generation'"),
    ],
)
def test_what_each_check_finds(closed: dict[str, bytes], tmp_path: Path, statement: str, message: str) -> None:
    lay(tmp_path / "s", closed)
    tamper(tmp_path / "s", statement)
    with pytest.raises(StoreDamaged, match=message) as caught:
        SQLiteStore.open(tmp_path / "s")
    assert "repair" in str(caught.value)


def test_rows_that_changed_places_in_time_are_noticed(closed: dict[str, bytes], tmp_path: Path) -> None:
    # Each row of the older state is whole by itself; only together are they not what was committed.
    lay(tmp_path / "s", closed)
    tamper(tmp_path / "s", "CREATE TABLE old AS SELECT * FROM records_1 WHERE id = 'p3/3'")
    with closing(sqlite3.connect(tmp_path / "s" / "store.sqlite")) as connection:
        (old,) = connection.execute("SELECT * FROM old").fetchall()
    lay(tmp_path / "s", closed)
    with SQLiteStore.open(tmp_path / "s") as store:
        store.collection("passages").upsert([Record("p3/3", "newer", vector=np.ones(8))])
    connection = sqlite3.connect(tmp_path / "s" / "store.sqlite")
    connection.execute("DELETE FROM records_1 WHERE id = 'p3/3'")
    connection.execute(f"INSERT INTO records_1 VALUES ({','.join('?' * len(old))})", old)
    connection.commit()
    connection.close()
    with pytest.raises(StoreDamaged, match="not those that were committed"):
        SQLiteStore.open(tmp_path / "s")


def test_a_damaged_text_index_is_mended(closed: dict[str, bytes], tmp_path: Path) -> None:
    truth = answers(lay(tmp_path / "s", closed))
    lay(tmp_path / "s", closed)
    tamper(tmp_path / "s", "INSERT INTO fts_1 (fts_1) VALUES ('delete-all')")
    assert answers(tmp_path / "s") == truth
    seal = Seal.read(tmp_path / "s" / "seal.json")
    assert seal is not None
    assert seal.digest == file_digest(tmp_path / "s" / "store.sqlite")


def test_verify_finds_what_happens_while_open(closed: dict[str, bytes], tmp_path: Path) -> None:
    with SQLiteStore.open(lay(tmp_path / "s", closed)) as store:
        assert store.verify() == []
        tamper(tmp_path / "s", "UPDATE records_1 SET text = 'forged' WHERE id = 'p3/3'")
        assert store.verify() == ["collection 'passages': record 'p3/3' is damaged"]
        with pytest.raises(StoreDamaged, match="'p3/3'"):
            store.collection("passages").get(["p3/3"])
        with pytest.raises(StoreDamaged, match="'p3/3'"):
            list(store.collection("passages").records())


def test_repair_keeps_what_is_whole(closed: dict[str, bytes], tmp_path: Path) -> None:
    records, *_ = answers(lay(tmp_path / "s", closed))
    tamper(tmp_path / "s", "UPDATE records_1 SET text = 'forged' WHERE id = 'p3/3'")
    assert repair(tmp_path / "s") == ["collection 'passages': 1 of 71 records"]
    left, *_ = answers(tmp_path / "s")
    assert left == [record for record in records if record[0] != "p3/3"]
    with SQLiteStore.open(tmp_path / "s") as store:
        assert store.verify() == []
        store.collection("passages").upsert([Record("p3/3", "again", vector=np.ones(8))])
    assert len(answers(tmp_path / "s")[0]) == len(records)


def test_repair_survives_every_kind_of_damage(closed: dict[str, bytes], tmp_path: Path) -> None:
    rng = random.Random(9)
    truth = {record[0]: record for record in answers(lay(tmp_path / "s", closed))[0]}
    for _ in range(12):
        content = bytearray(closed["store.sqlite"])
        for _ in range(3):
            content[rng.randrange(200, len(content))] ^= 1 << rng.randrange(8)
        lay(tmp_path / "s", {**closed, "store.sqlite": bytes(content)})
        try:
            losses = repair(tmp_path / "s")
        except StoreDamaged:
            continue
        with SQLiteStore.open(tmp_path / "s") as store:
            assert store.verify() == []
            kept = [record.id for name in store.collections() for record in store.collection(name).records()]
            assert set(kept) <= truth.keys()
            assert losses or len(kept) == len(truth)
