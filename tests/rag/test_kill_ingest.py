"""SIGKILL at random moments of an ingest: what was committed stays, nothing doubles, a re-run does what is missing."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rag import PaperLibrary
from rag.demo import PAPER
from rag.passages import decode_passage

sys.path.insert(0, str(Path(__file__).parent))  # as the child does, which is no pytest
from hash_encoder import HashEncoder

CHILD = """
import sys
sys.path.insert(0, sys.argv[1])
from hash_encoder import HashEncoder
from rag import PaperLibrary
with PaperLibrary(sys.argv[2], encoder=HashEncoder()) as library:
    print("open", flush=True)
    # The progress of a paper is told after its transaction: what is printed has been committed.
    library.add(sys.argv[3], progress=lambda done, total, file: print(file, flush=True))
"""

Content = dict[str, list[str]]


def content(index: Path) -> Content:
    """File -> texts of its passages, in order, every one of them read back and checked."""
    with PaperLibrary(index, encoder=HashEncoder()) as library:
        found: Content = {}
        for record in library.retriever.passages.records():
            text = decode_passage(record.payload).text
            assert text == record.text
            found.setdefault(str(record.metadata["file"]), []).append(text)
        assert len(library) == len(found), "a paper without passages, or passages without a paper"
        return found


class Victim:
    """An ingest in a process of its own."""

    def __init__(self, index: Path, folder: Path) -> None:
        command = [sys.executable, "-c", CHILD, str(Path(__file__).parent), str(index), str(folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.committed: list[str] = []
        self.opened = threading.Event()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line == "open\n":
                self.opened.set()
            else:
                self.committed.append(line.rstrip("\n"))
        self.opened.set()

    def kill_after(self, seconds: float) -> None:
        self.opened.wait()
        time.sleep(seconds)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._listener.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


def torture(folder: Path, tmp_path: Path, kills: int, seed: int) -> None:
    started = time.perf_counter()
    with PaperLibrary(tmp_path / "reference", encoder=HashEncoder()) as library:
        library.add(folder)
    duration = time.perf_counter() - started
    reference = content(tmp_path / "reference")
    chance = random.Random(seed)
    index = tmp_path / "victim"
    before: Content = {}
    interrupted = 0
    for _ in range(kills):
        victim = Victim(index, folder)
        victim.kill_after(chance.uniform(0, duration))
        after = content(index) if index.exists() else {}
        assert set(victim.committed) | set(before) <= set(after)
        assert all(after[file] == reference[file] for file in after)
        interrupted += len(after) < len(reference)
        if len(after) == len(reference):
            shutil.rmtree(index)
            after = {}
        before = after
    assert interrupted >= kills / 8, "the kills came too late to matter"  # a busy machine kills late
    with PaperLibrary(index, encoder=HashEncoder()) as library:
        report = library.add(folder)
    assert {file for file, _ in report.added} == set(reference) - set(before)
    assert content(index) == reference


def test_killed_ingests_lose_and_double_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "papers"
    folder.mkdir()
    shutil.copy(PAPER, folder)
    for number in range(8):
        text = " ".join(f"Sentence {i} of paper {number} speaks of vacancies." for i in range(60))
        (folder / f"paper-{number}.txt").write_text(text, encoding="utf-8")
    torture(folder, tmp_path, kills=8, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_200_kills_of_an_ingest_of_the_real_papers(shared_data: Path, tmp_path: Path) -> None:
    torture(shared_data / "papers", tmp_path, kills=200, seed=2)
