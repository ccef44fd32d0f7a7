"""What comes through of a language model's draft.

    python -m benchmarks.grounded forged --papers INDEX [--each 8]
    python -m benchmarks.grounded model --papers INDEX --pdfs FOLDER --questions QUESTIONS.jsonl --llm local

`forged` asks with a scripted model that commits every known fault (`rag.evaluation.forged`). `model` asks a real one
the questions, then once more without the papers that answer them, and checks every citation by other means
(:mod:`benchmarks.citations`). Indexes are made by ``clip-mat ingest``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.citations import check_citations
from benchmarks.foreign_pages import read_pages
from benchmarks.judge import Judge
from benchmarks.judge_error import minilm
from rag import PaperLibrary
from rag.answers import Answer
from rag.evaluation import evaluate_answers, read_questions
from rag.evaluation.forged import make_cases, run_forged
from rag.evaluation.questions import same_file
from rag.llm import load_model


def main() -> int:
    """Run one of the two."""
    options = parser().parse_args()
    with PaperLibrary(options.papers, create=False) as library:
        if options.command == "forged":
            result, text = forged(library, options.each, options.seed)
        else:
            result, text = model(library, options.pdfs, options.questions, options.llm)
    print(json.dumps(result, ensure_ascii=False, indent=2) if options.json else text)
    return 0


def forged(library: PaperLibrary, each: int, seed: int) -> tuple[dict[str, Any], str]:
    """The scripted model's faults that were shown, and its true sentences that were not."""
    report = run_forged(library, list(make_cases(library, each, seed=seed)), note)
    lines = [report.table()]
    for outcome in report.faulty:
        lines.append(f"\n{outcome.case.kind}: {'; '.join(outcome.faults)}")
    for outcome in report.dropped:
        lines.append(f"\n{outcome.case.kind}: dropped {outcome.case.truths[0]}")
    return report.to_dict(), "\n".join(lines)


def model(library: PaperLibrary, pdfs: Path, questions: Path, spec: str) -> tuple[dict[str, Any], str]:
    """Gold strings, citations and silence of a real model."""
    asked = read_questions(questions)
    language_model = load_model(spec)
    answers: list[Answer] = []
    files = {file for file, _, _ in library.quotes()}
    about = {file for file in files if any(q.file and same_file(file, q.file) for q in asked)}
    elsewhere = {"file": {"$nin": sorted(about)}}
    seconds: list[float] = []

    def ask(question: str) -> Answer:
        begun = time.perf_counter()
        answers.append(library.ask(question, llm=language_model))
        seconds.append(time.perf_counter() - begun)
        note(len(answers), len(asked), question)
        return answers[-1]

    report = evaluate_answers(ask, asked, [])
    silent = [library.ask(q.text, where=elsewhere, llm=language_model).abstained for q in asked]
    paths = sorted(pdfs.rglob("*.pdf"))
    judge = Judge(read_pages(paths), minilm())
    citations = check_citations(answers, judge, {path.name: path for path in paths}.__getitem__)
    extracts = sum(answer.model.startswith("extractive") for answer in answers)
    result = {
        "model": language_model.name,
        "questions": len(asked),
        "contains_gold": report.contains_gold.to_dict(),
        "cites_gold": report.cites_gold.to_dict(),
        "answered": report.answered.to_dict(),
        "citations": citations.to_dict(),
        "wrong_corpus_answered": 1 - sum(silent) / len(silent),
        "fell_back_to_an_extract": extracts,
        "seconds": sum(seconds) / len(seconds),
    }
    text = (
        f"{language_model.name}, {len(asked)} questions\n"
        f"answered                          {report.answered}\n"
        f"answer holds the gold string      {report.contains_gold}\n"
        f"answer cites a gold page          {report.cites_gold}\n"
        f"answered from the wrong papers    {1 - sum(silent) / len(silent):.3f}\n"
        f"fell back to an extract           {extracts}\n"
        f"seconds an answer                 {sum(seconds) / len(seconds):.1f}\n{citations}"
    )
    return result, text


def note(done: int, total: int, what: str) -> None:
    """Progress on stderr."""
    print(f"\r{done} of {total} {what[:60]:60s}", end="", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("forged", "model"):
        command = commands.add_parser(name)
        command.add_argument("--papers", type=Path, required=True, help="index of the papers")
        command.add_argument("--json", action="store_true", help="print one JSON document")
        if name == "forged":
            command.add_argument("--each", type=int, default=8, help="cases of each kind")
            command.add_argument("--seed", type=int, default=0)
        else:
            command.add_argument("--pdfs", type=Path, required=True, help="folder of the papers' files")
            command.add_argument("--questions", type=Path, required=True, help="JSON Lines")
            command.add_argument("--llm", default="local", help="spec of the model")
    return parser


if __name__ == "__main__":
    sys.exit(main())
