"""Measure one system in a process of its own, so that nobody's imports or memory are counted for another.

Run by :mod:`benchmarks.qa`. A peer needs nothing of this project but this folder, so that it can run in
another environment.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.system import System

DEPTH = 10
"""Passages asked for."""
ROUNDS = 3
"""How often every question is asked for its latency."""


def main() -> None:
    """Read a task from a JSON file, write the measurements to the file that it names."""
    task, system_type = begin(main.__doc__)
    with tempfile.TemporaryDirectory() as folder:
        result = measure(system_type, Path(folder), [Path(path) for path in task["papers"]], task["questions"])
    Path(task["out"]).write_text(json.dumps(result))


def begin(description: str | None) -> tuple[dict[str, Any], Any]:
    """The task that the command line names, and the type of its system; this process keeps to the cores it is given."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("task", type=Path)
    task: dict[str, Any] = json.loads(parser.parse_args().task.read_text())
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: task["cores"]])
    module, _, name = task["system"].partition(":")
    return task, getattr(importlib.import_module(module), name)


def measure(system_type: type[System], folder: Path, papers: list[Path], questions: list[str]) -> dict[str, Any]:
    """Times in seconds (by the clock, and of all cores), sizes in bytes."""
    system = system_type(folder)
    start = clocks()
    pages = system.parse(papers)
    parsed = clocks()
    system.ingest(papers)
    ingested = clocks()
    found = [system.search(question, DEPTH) for question in questions]
    latencies = []
    for _ in range(ROUNDS):
        for question in questions:
            begun = time.perf_counter()
            system.search(question, DEPTH)
            latencies.append(time.perf_counter() - begun)
    return {
        "name": system.name,
        "pages": pages,
        "parse_seconds": [end - begin for begin, end in zip(start, parsed, strict=True)],
        "ingest_seconds": [end - begin for begin, end in zip(parsed, ingested, strict=True)],
        "latencies": latencies,
        "found": [[(passage.file, passage.pages) for passage in passages] for passages in found],
        "index_bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    }


def clocks() -> tuple[float, float]:
    """Now by the clock, and the processor time spent so far by this process and the children that ended."""
    times = os.times()
    return time.perf_counter(), times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
