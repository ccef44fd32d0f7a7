"""Fits the weights of `rag.answerable` and shows how often they are right.

Calibration: ChemLit-QA training questions, asked of their own contexts (answerable) and of the papers (not); the even
lines of ``tests/data/on_topic.jsonl`` (answerable) and of ``off_topic.jsonl`` (not, asked of both). Test: the odd
lines, and ``perovskite_pages.jsonl`` asked of all papers and of all but the two that it is about.

    python -m benchmarks.answerable --papers PAPERS_INDEX --contexts CONTEXTS_INDEX --data ../shared/data/qa

Both indexes are made by ``clip-mat ingest``; the contexts lie in a folder, one file each.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from rag import PaperLibrary
from rag.answerable import BIAS, COSINE, COVERAGE, is_answer
from rag.candidates import Candidate, weigh
from rag.extract import PASSAGES

OWN = Path(__file__).parent.parent / "tests" / "data"
EVERY = 4
"""Of the ChemLit-QA questions every fourth is used; more change nothing."""


def measures(library: PaperLibrary, question: str, where: dict[str, Any] | None = None) -> list[list[float]]:
    """Cosine and coverage of every candidate sentence."""
    retriever = library.retriever
    query = retriever.query(question)
    candidates: list[Candidate] = weigh(query, retriever.search(query, PASSAGES, where), retriever.words)
    return [[c.cosine, c.coverage] for c in candidates]


def fit(samples: list[tuple[np.ndarray, int, float]], rounds: int = 10) -> np.ndarray:
    """Logistic regression on the best sentence of each question, which is chosen anew with the weights so far."""
    weights = np.array([COSINE, COVERAGE, BIAS])
    labels = np.array([label for _, label, _ in samples], float)
    shares = np.array([share for _, _, share in samples])
    for _ in range(rounds):
        best = np.stack([m[np.argmax(m @ weights[:2])] for m, _, _ in samples])
        x = np.column_stack([best, np.ones(len(best))])
        for _ in range(50):
            p = 1 / (1 + np.exp(-x @ weights))
            gradient = x.T @ (shares * (labels - p)) - 1e-2 * weights
            hessian = (x * (shares * p * (1 - p))[:, None]).T @ x + 1e-2 * np.eye(3)
            weights = weights + np.linalg.solve(hessian, gradient)
    return weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=Path, required=True, help="index of the papers")
    parser.add_argument("--contexts", type=Path, required=True, help="index of the ChemLit-QA contexts")
    parser.add_argument("--data", type=Path, required=True, help="folder of the question files")
    args = parser.parse_args()

    def rows(path: Path) -> list[dict[str, Any]]:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    papers, contexts = PaperLibrary(args.papers, create=False), PaperLibrary(args.contexts, create=False)
    on, off = rows(OWN / "on_topic.jsonl"), rows(OWN / "off_topic.jsonl")
    chemistry = [row["question"] for row in rows(args.data / "chemlitqa_train.jsonl")][::EVERY]
    perovskite = [row["query"] for row in rows(args.data / "perovskite_pages.jsonl")]
    others = {"file": {"$nin": ["perov_s40820-021-00672-w.pdf", "perov_s41467-018-07255-1.pdf"]}}

    # name: library, questions, answerable, weight of the whole group in the fit (0 for test), filter
    groups: dict[str, tuple[PaperLibrary, list[str], int, float, dict[str, Any] | None]] = {
        "chemistry, own contexts": (contexts, chemistry, 1, 2.0, None),
        "chemistry, papers": (papers, chemistry, 0, 1.0, None),
        "on topic, calibration": (papers, [r["question"] for r in on[::2]], 1, 2.0, None),
        "off topic, calibration": (papers, [r["question"] for r in off[::2]], 0, 2.0, None),
        "off topic, contexts, calibration": (contexts, [r["question"] for r in off[::2]], 0, 1.0, None),
        "on topic, test": (papers, [r["question"] for r in on[1::2]], 1, 0.0, None),
        "off topic, test": (papers, [r["question"] for r in off[1::2]], 0, 0.0, None),
        "off topic, contexts, test": (contexts, [r["question"] for r in off[1::2]], 0, 0.0, None),
        "perovskite": (papers, perovskite, 1, 0.0, None),
        "perovskite, other papers": (papers, perovskite, 0, 0.0, others),
    }
    found = {
        name: [np.array(m) for q in questions if (m := measures(library, q, where))]
        for name, (library, questions, _, _, where) in groups.items()
    }
    samples = [
        (m, groups[name][2], 100 * groups[name][3] / len(found[name]))
        for name in groups
        if groups[name][3]
        for m in found[name]
    ]
    weights = fit(samples)
    print("fitted: cosine {:.1f}, coverage {:.1f}, bias {:.1f}".format(*weights))
    print(f"{'questions':34s} {'n':>4s} {'right, fitted':>14s} {'right, shipped':>15s}")
    for name, (_, questions, label, _, _) in groups.items():
        fitted = sum(bool((m @ weights[:2] + weights[2]).max() > 0) for m in found[name])
        shipped = sum(any(is_answer(*row) for row in m) for m in found[name])
        n = len(questions)
        right = [count / n if label else 1 - count / n for count in (fitted, shipped)]
        print(f"{name:34s} {n:4d} {right[0]:14.2f} {right[1]:15.2f}")


if __name__ == "__main__":
    main()
