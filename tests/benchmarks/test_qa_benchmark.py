"""The benchmark's own arithmetic, on a system that is none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import qa
from benchmarks.peers import _named_pages
from benchmarks.system import Found
from benchmarks.worker import measure
from rag.evaluation import Question

ROOT = Path(__file__).parents[2]


class Clairvoyant:
    """Knows the page of the first question, and is wrong on the second."""

    name = "clairvoyant"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def parse(self, paths: Sequence[Path]) -> int:
        return 7 * len(paths)

    def ingest(self, paths: Sequence[Path]) -> None:
        (self.folder / "inner").mkdir()
        (self.folder / "inner" / "index").write_bytes(b"x" * 1000)

    def search(self, query: str, k: int) -> list[Found]:
        return [Found("a.pdf", (3, 4))] * k if query == "first" else [Found("b.pdf", (1, 2))]


@pytest.fixture
def result(tmp_path: Path) -> dict[str, object]:
    measured = measure(Clairvoyant, tmp_path, [Path("a.pdf"), Path("b.pdf")], ["first", "second"])
    return json.loads(json.dumps(measured)) | {"peak_rss": 2_000_000}


def test_measurements_become_rates(result) -> None:
    questions = [Question("first", "a.pdf", (3,)), Question("second", "a.pdf", (3,))]
    report = qa.score(result, questions)
    numbers = qa.summary(result, report)
    assert report.ranks == (1, None)
    assert report.pages_per_passage == 2
    assert numbers["parse_pages_per_second"]["clock"] == pytest.approx(14 / result["parse_seconds"][0])
    assert qa.rates(14, [2.0, 4.0]) == {"clock": 7.0, "processor": 3.5}
    assert numbers["index_mb"] == 0.001
    assert numbers["peak_rss_mb"] == 2
    assert 0 <= numbers["question_ms"]["p50"] <= numbers["question_ms"]["p95"]


def test_the_table_of_four_systems_fits_a_terminal(result) -> None:
    report = qa.score(result, [Question("first", "a.pdf", (3,)), Question("second", "a.pdf", (3,))])
    lines = qa.show([result] * 4, [report] * 4).splitlines()
    assert max(map(len, lines)) <= 110
    assert lines[2].split("|")[2].strip() == "0.50 [0.00, 1.00]"


def test_pages_are_read_from_a_peers_name_of_a_passage() -> None:
    assert _named_pages("Kim 2020 pages 5-7") == (5, 6, 7)
    assert _named_pages("Kim2020 chunk 3") == ()


def test_missing_papers_and_systems_are_named(tmp_path: Path, capsys) -> None:
    assert qa.main(["--papers", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err
    reason = qa.run("paperqa", sys.executable, [], [], 1)
    if subprocess.run([sys.executable, "-c", "import paperqa"], capture_output=True, check=False).returncode:
        assert "has no paperqa" in reason


def test_memory_of_children_is_counted() -> None:
    child = "x = bytearray(60_000_000); import time; time.sleep(1)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    assert qa.watch(subprocess.Popen([sys.executable, "-c", parent])) > 60_000_000
