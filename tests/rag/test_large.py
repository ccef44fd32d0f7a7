"""Long documents and many: memory stays bounded, and one sees how far it has come."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.large import write_papers
from rag import PaperLibrary
from rag.reading import Limits
from rag.reading.parse import parse

sys.path.insert(0, str(Path(__file__).parent))
from hash_encoder import HashEncoder

ROOT = Path(__file__).parents[2]


def read_apart(folder: Path) -> dict[str, Any]:
    """Read a folder in a process of its own, whose memory and whose readers' memory are measured."""
    command = [sys.executable, "-m", "benchmarks.large", "--read", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_a_long_paper_tells_how_far_it_has_come(tmp_path: Path) -> None:
    sentences = [f"Sample number {n} of the long series was heated for {n} minutes in the oven." for n in range(4000)]
    (tmp_path / "book.txt").write_text(" ".join(sentences), encoding="utf-8")
    told: list[tuple[int, int, str]] = []
    with PaperLibrary(tmp_path / "index", encoder=HashEncoder()) as library:
        report = library.add(tmp_path / "book.txt", progress=lambda *state: told.append(state))
        assert len(library.passages("sample", 10_000)) == report.passages > 256
    assert told[0] == (0, 1, f"256 of {report.passages:,} passages of book.txt")
    assert told[-2] == (0, 1, f"{report.passages:,} of {report.passages:,} passages of book.txt")
    assert told[-1] == (1, 1, "book.txt")


def test_pages_beyond_the_front_leave_the_same_sentences(tmp_path: Path) -> None:
    """Characters of a page are let go once it is laid out; what is read of a page does not depend on its number."""
    write_papers(tmp_path / "papers", 1, 6)
    (file,) = (tmp_path / "papers").iterdir()
    document = parse(file, Limits())
    pages = {f.page for s in document.sentences for f in s.fragments}
    assert pages == {1, 2, 3, 4, 5, 6}
    counts = [sum(f.page == page for s in document.sentences for f in s.fragments) for page in sorted(pages)]
    assert min(counts) > 0.7 * max(counts)
    assert {line.page for line in document.front} == {1, 2}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_book_of_a_thousand_pages_is_read_in_bounded_memory(tmp_path: Path) -> None:
    write_papers(tmp_path / "book", 1, 1000)
    result = read_apart(tmp_path / "book")
    assert result["pages read"] == 1000
    assert result["peak MB of a reader"] < 500
    assert result["peak MB while reading"] < 250


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_thousand_papers_are_read_in_bounded_memory(tmp_path: Path) -> None:
    write_papers(tmp_path / "papers", 1000, 1)
    result = read_apart(tmp_path / "papers")
    assert result["pages read"] == 1000
    assert result["peak MB of a reader"] < 200
    assert result["peak MB while reading"] < 150
