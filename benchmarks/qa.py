"""Find the page that answers: this project beside its peers, in one run.

Every system works in a process of its own, one after the other, on the same papers and questions, with the
same encoder and no language model. A system whose packages are missing is named and left out.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.system import Found
from rag.evaluation import Estimate, Question, RetrievalReport, compare, evaluate_retrieval, read_questions
from rag.evaluation.measures import table

DATA = Path(__file__).parents[2] / "shared" / "data"
ROOT = Path(__file__).parents[1]
SYSTEMS = {
    "clip-mat": "benchmarks.ours:Ours",
    "bm25": "benchmarks.peers:PlainBM25",
    "langchain": "benchmarks.peers:PlainLangChain",
    "paperqa": "benchmarks.peers:PaperQA",
}
NEEDS = {
    "clip-mat": "rag",
    "bm25": "langchain_text_splitters",
    "langchain": "langchain_text_splitters",
    "paperqa": "paperqa",
}
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
OFFLINE = {"HF_HUB_OFFLINE": "1", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "TOKENIZERS_PARALLELISM": "false"}
WATCH_SECONDS = 0.1
"""Time between two looks at the memory."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns an exit status."""
    options = parser().parse_args(arguments)
    papers = sorted(options.papers.glob("*.pdf"))
    if not papers or not options.questions.exists():
        print(f"nothing to measure: no PDF in {options.papers}, or no file {options.questions}", file=sys.stderr)
        return 1
    questions = [question for question in read_questions(options.questions) if question.file and question.pages]
    results: list[dict[str, Any]] = []
    for system in options.systems:
        print(f"{system} ...", file=sys.stderr)
        python = sys.executable if system == "clip-mat" else options.python
        result = run(system, python, papers, questions, options.cores)
        if isinstance(result, str):
            print(f"{system} left out: {result}", file=sys.stderr)
        else:
            results.append(result)
    reports = [score(result, questions) for result in results]
    if options.json:
        systems = [summary(*pair) for pair in zip(results, reports, strict=True)]
        print(json.dumps({"papers": len(papers), "cores": options.cores, "systems": systems}))
    elif results:
        print(f"{len(papers)} papers, {len(questions)} questions, {options.cores} cores\n")
        print(show(results, reports))
    return 0 if results else 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.qa", description=__doc__)
    parser.add_argument("--papers", type=Path, default=DATA / "papers", help="folder of PDF files")
    parser.add_argument("--questions", type=Path, default=DATA / "qa" / "perovskite_pages.jsonl", help="JSON Lines")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--python", default=sys.executable, help="interpreter of the environment that holds the peers")
    parser.add_argument("--cores", type=int, default=2, help="cores that a system may use")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def run(
    system: str, python: str, papers: Sequence[Path], questions: Sequence[Question], cores: int
) -> dict[str, Any] | str:
    """Measurements of one system, or why there are none."""
    probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({NEEDS[system]!r}) is None)"
    if subprocess.run([python, "-c", probe], cwd=ROOT, check=False).returncode:
        return f"{python} has no {NEEDS[system]}; install the bench extra, or name another --python"
    with tempfile.TemporaryDirectory() as folder:
        out, log, task = (Path(folder) / name for name in ("result.json", "log.txt", "task.json"))
        content = {
            "system": SYSTEMS[system],
            "papers": [str(path.resolve()) for path in papers],
            "questions": [question.text for question in questions],
            "cores": cores,
            "out": str(out),
        }
        task.write_text(json.dumps(content))
        with log.open("w") as stream:
            worker = subprocess.Popen(
                [python, "-m", "benchmarks.worker", str(task)],
                cwd=ROOT,
                env=os.environ | OFFLINE | dict.fromkeys(THREADS, str(cores)),
                stdout=subprocess.DEVNULL,
                stderr=stream,
            )
            peak = watch(worker)
        if worker.returncode:
            return (log.read_text().strip().splitlines() or [f"exit status {worker.returncode}"])[-1]
        return json.loads(out.read_text()) | {"peak_rss": peak}


def watch(worker: subprocess.Popen[bytes]) -> int:
    """Wait for a process; returns the most memory that it and its children held at once, in bytes."""
    import psutil

    peak = 0
    while worker.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(worker.pid)
            family = [process, *process.children(recursive=True)]
            peak = max(peak, sum(one.memory_info().rss for one in family))
        time.sleep(WATCH_SECONDS)
    return peak


def score(result: dict[str, Any], questions: Sequence[Question]) -> RetrievalReport:
    """Page hits of what a system found."""
    found = {
        question.text: [Found(file, tuple(pages)) for file, pages in passages]
        for question, passages in zip(questions, result["found"], strict=True)
    }
    return evaluate_retrieval(result["name"], lambda query, k: found[query][:k], questions)


def summary(result: dict[str, Any], report: RetrievalReport) -> dict[str, Any]:
    """One system's numbers as plain JSON."""
    p50, p95 = np.quantile(result["latencies"], (0.5, 0.95)) * 1e3
    return report.to_dict() | {
        "parse_pages_per_second": rates(result["pages"], result["parse_seconds"]),
        "ingest_pages_per_second": rates(result["pages"], result["ingest_seconds"]),
        "question_ms": {"p50": p50, "p95": p95},
        "peak_rss_mb": result["peak_rss"] / 1e6,
        "index_mb": result["index_bytes"] / 1e6,
    }


def show(results: Sequence[dict[str, Any]], reports: Sequence[RetrievalReport]) -> str:
    """All systems side by side, one measure a row."""
    numbers = [summary(*pair) for pair in zip(results, reports, strict=True)]
    rows = [
        ("page hit@1", *(interval(report.hits[1]) for report in reports)),
        ("page hit@5", *(interval(report.hits[5]) for report in reports)),
        ("first less theirs, @1", *(interval(compare(reports[0], report)) for report in reports)),
        ("pages a passage", *(f"{report.pages_per_passage:.2f}" for report in reports)),
        ("parse alone, pages/s", *(paired(one["parse_pages_per_second"]) for one in numbers)),
        ("ingest, pages/s", *(paired(one["ingest_pages_per_second"]) for one in numbers)),
        (
            "question p50 / p95, ms",
            *("{p50:.1f} / {p95:.1f}".format(**one["question_ms"]) for one in numbers),
        ),
        ("peak memory, MB", *(f"{one['peak_rss_mb']:.0f}" for one in numbers)),
        ("index on disk, MB", *(f"{one['index_mb']:.1f}" for one in numbers)),
    ]
    return table(("", *(report.system for report in reports)), rows)


def rates(pages: int, seconds: Sequence[float]) -> dict[str, float]:
    """Pages a second: by the clock, and a second of processor time, which a busy machine disturbs less."""
    clock, processor = seconds
    return {"clock": pages / clock, "processor": pages / processor if processor else float("inf")}


def paired(rate: dict[str, float]) -> str:
    """A rate by the clock, and by processor time in brackets."""
    return f"{rate['clock']:.1f} ({rate['processor']:.1f})"


def interval(estimate: Estimate) -> str:
    """To two places, which is what a few dozen questions tell."""
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


if __name__ == "__main__":
    sys.exit(main())
