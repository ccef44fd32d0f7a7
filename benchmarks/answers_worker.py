"""Ask one system all questions, in a process of its own: if it breaks, only its own answers are lost.

Run by :mod:`benchmarks.answers`. Every answer is written as soon as it is there, and what has been answered is not
asked again, so that a run that was stopped goes on where it was. A peer needs nothing of this project but this folder.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.answering import Answering
from benchmarks.worker import begin


def main() -> None:
    """Read a task from a JSON file, add the answers to the JSON Lines file that it names."""
    task, system_type = begin(main.__doc__)
    out = Path(task["out"])
    known = {(row["set"], row["question"]) for row in read_rows(out)}
    if all((stage["set"], question) in known for stage in task["stages"] for question in stage["questions"]):
        return
    folder = Path(task["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8") as stream:
        for row in answers(system_type(folder, task["llm"]), task["stages"], task["llm"], known):
            stream.write(json.dumps(row) + "\n")
            stream.flush()


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON Lines file; a last line that was cut off, and a missing file, count for nothing."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = []
    for number, line in enumerate(lines):
        try:
            rows.append(json.loads(line))
        except ValueError:
            if number + 1 < len(lines):
                raise
            path.write_text("".join(f"{whole}\n" for whole in lines[:-1]), encoding="utf-8")
    return rows


def answers(
    system: Answering, stages: Sequence[dict[str, Any]], llm: str, known: set[tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    """One row an answer: what was said, what it cost, or why there is none.

    Args:
        system: Is asked.
        stages: In order: ``papers`` to be added, then ``questions`` to be asked, under the name ``set``.
        llm: The model's server, which counts.
        known: (set, question) of what is not asked again.
    """
    for stage in stages:
        if stage["papers"]:
            system.ingest([Path(path) for path in stage["papers"]])
        for question in stage["questions"]:
            if (stage["set"], question) in known:
                continue
            before, begun, used = counts(llm), time.perf_counter(), time.process_time()
            row: dict[str, Any] = {"set": stage["set"], "question": question}
            try:
                row |= asdict(system.ask(question))
            except Exception as error:  # noqa: BLE001 - whatever a system raises, the next question is asked
                row["error"] = f"{type(error).__name__}: {error}"[:500]
            row["seconds"] = time.perf_counter() - begun
            after = counts(llm)
            row |= {name: after[name] - before[name] for name in ("calls", "prompt_tokens", "completion_tokens")}
            row["processor_seconds"] = (
                time.process_time() - used + after["processor_seconds"] - before["processor_seconds"]
            )
            yield row


def counts(llm: str) -> dict[str, float]:
    """What the model's server has counted so far."""
    with urllib.request.urlopen(llm.removesuffix("/v1") + "/stats", timeout=600) as reply:
        stats: dict[str, float] = json.load(reply)
    return stats


if __name__ == "__main__":
    main()
