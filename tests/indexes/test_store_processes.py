"""Several processes on one store: killed, busy, out of disk, reading while another writes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from indexes import Manifest, Record, SQLiteStore

ROOT = Path(__file__).parents[2]

PRELUDE = """
import os, sys
import numpy as np
from indexes import *
directory = sys.argv[1]
manifest = Manifest("e", "h", 4, "ip")
def say(*words):
    print(*words, flush=True)
"""

# Two collections change in each transaction; every few, the store is searched, closed and opened again.
WRITER = """
while True:
    with SQLiteStore.open(directory) as store:
        papers, passages = store.collection("papers"), store.collection("passages", manifest)
        for _ in range(4):
            i = len(papers)
            with store.transaction():
                papers.upsert([Record(f"p{i}", f"paper {i}")])
                passages.upsert(
                    Record(f"p{i}/{j}", f"passage {i}", {"paper": i}, bytes(3000), np.full(4, i + 1.0)) for j
                    in range(5)
                )
                if i % 3 == 2:
                    passages.delete([f"p{i - 1}/4"])
            say(i)
        passages.vector_search(np.ones(4), 3)
"""

READER = """
last = -1
with SQLiteStore.open(directory, read_only=True) as store:
    collection = store.collection("c")
    while last < 30:
        seen = {record.metadata["i"] for record in collection.records()}
        assert len(seen) == 1, seen
        assert len(collection.text_search("same", 99)) == 10
        assert len(collection.vector_search(np.ones(4), 99)) == 10
        (now,) = seen
        assert now >= last
        last = now
say("done")
"""


def start(code: str, directory: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    return out.strip()


def check_after_kill(directory: Path, acknowledged: int) -> int:
    with SQLiteStore.open(directory) as store:
        papers, passages = (
            store.collection("papers"),
            store.collection("passages", Manifest("e", "h", 4, "ip")),
        )
        count = len(papers)
        assert count >= acknowledged + 1
        assert set(papers.ids()) == {f"p{i}" for i in range(count)}
        gone = {f"p{i - 1}/4" for i in range(2, count, 3)}
        wanted = {f"p{i}/{j}" for i in range(count) for j in range(5)} - gone
        assert set(passages.ids()) == wanted
        assert {hit.id for hit in passages.text_search("passage", 10**6)} == wanted
        assert {hit.id for hit in passages.vector_search(np.ones(4), 10**6)} == wanted
        assert store.verify() == []
    return count


def kill_many_times(directory: Path, times: int, seed: int) -> None:
    rng = random.Random(seed)
    acknowledged = -1
    for _ in range(times):
        process = start(WRITER, directory)
        assert process.stdout is not None
        line = process.stdout.readline()
        # The first word says that the interpreter is up; what follows takes milliseconds a step.
        time.sleep(rng.uniform(0, 0.12))
        process.send_signal(signal.SIGKILL)
        out, error = process.communicate(timeout=60)
        assert not error, error
        words = [int(word) for word in (line + out).split()]
        assert words
        acknowledged = max(acknowledged, *words)
        acknowledged = check_after_kill(directory, acknowledged) - 1


def test_a_kill_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    kill_many_times(tmp_path / "store", 10, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_hundred_kills(tmp_path: Path) -> None:
    kill_many_times(tmp_path / "store", 200, seed=1)


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.006])
def test_a_kill_while_the_store_is_made(tmp_path: Path, delay: float) -> None:
    process = start("say('up'); SQLiteStore.open(directory).collection('papers'); say('made')", tmp_path / "store")
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    process.kill()
    process.communicate(timeout=60)
    with SQLiteStore.open(tmp_path / "store") as store:
        store.collection("papers").upsert([Record("a")])
        assert store.verify() == []


def test_readers_see_each_committed_state(tmp_path: Path) -> None:
    def change(store: SQLiteStore, i: int) -> None:
        store.collection("c", Manifest("e", "h", 4, "ip")).upsert(
            Record(f"r{j}", "same text", {"i": i}, vector=np.full(4, j + 1.0)) for j in range(10)
        )

    with SQLiteStore.open(tmp_path) as store:
        change(store, 0)
        readers = [start(READER, tmp_path) for _ in range(2)]
        i = 0
        while any(reader.poll() is None for reader in readers) and i < 5000:
            i += 1
            change(store, i)
            time.sleep(0.005)
        assert [finish(reader) for reader in readers] == ["done", "done"]


def test_a_second_writer_is_told(tmp_path: Path) -> None:
    with SQLiteStore.open(tmp_path) as store:
        collection = store.collection("c")
        with store.transaction():
            collection.upsert([Record("mine")])
            child = start(
                "store = SQLiteStore.open(directory, timeout=0.3)\n"
                "try:\n    store.collection('c').upsert([Record('theirs')])\n"
                "except StoreBusy as error:\n    say(error)\nstore.close()",
                tmp_path,
            )
            message = finish(child)
        assert str(tmp_path) in message
        assert "another process is writing" in message
        assert "\n" not in message
        assert collection.ids() == ["mine"]


def test_a_second_writer_waits_its_turn(tmp_path: Path) -> None:
    with SQLiteStore.open(tmp_path) as one, SQLiteStore.open(tmp_path, timeout=30) as other:
        left, right = one.collection("c"), other.collection("c")
        inside = threading.Event()

        def hold() -> None:
            with one.transaction():
                left.upsert([Record("first")])
                inside.set()
                time.sleep(0.3)

        thread = threading.Thread(target=hold)
        thread.start()
        inside.wait()
        right.upsert([Record("second")])
        assert right.ids() == ["first", "second"]
        thread.join()


def test_a_store_in_use_cannot_be_checked_or_sealed_by_others(tmp_path: Path) -> None:
    with SQLiteStore.open(tmp_path) as writer:
        writer.collection("c").upsert([Record("a")])
        with SQLiteStore.open(tmp_path) as other:
            other.collection("c").upsert([Record("b")])
        # The other one has closed, but the seal must wait for the last writer.
        assert '"digest": null' in (tmp_path / "seal.json").read_text()
    assert '"digest": null' not in (tmp_path / "seal.json").read_text()


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="needs limits on file size")
    assert resource
    child = start(
        """
import resource
with SQLiteStore.open(directory) as store:
    collection = store.collection("c", manifest)
    collection.upsert([Record("before", "kept", vector=np.ones(4))])
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    for attempt in range(2):
        try:
            collection.upsert(Record(f"big{i}", "x" * 1000, {}, bytes(5000), np.ones(4)) for i in range(1000))
        except StoreFull as error:
            say("full:", error)
    assert collection.ids() == ["before"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    collection.upsert([Record("after", "kept", vector=np.ones(4))])
""",
        tmp_path,
    )
    out = finish(child)
    assert out.count("full:") == 2
    assert "free some space" in out
    with SQLiteStore.open(tmp_path) as store:
        assert store.collection("c").ids() == ["after", "before"]
        assert len(store.collection("c").text_search("kept", 5)) == 2
        assert store.verify() == []
