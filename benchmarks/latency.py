"""How long a question takes in a large library, and how much memory: real papers among synthetic passages.

The fill is written with the library's own words, drawn by Zipf's law, and with vectors strewn around those of
the real passages, through the same store; the questions are real, and so is all of ``ask``. The measurement
runs in a process of its own that has only opened the library.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexes import Collection, Manifest, Record, SQLiteStore
from rag.documents import Box, Fragment, Kind, Sentence
from rag.evaluation import read_questions
from rag.evaluation.measures import table
from rag.library import PaperLibrary
from rag.metadata import Paper
from rag.passages import Passage, encode_payload

DATA = Path(__file__).parents[2] / "shared" / "data"
ROOT = Path(__file__).parents[1]
QUESTIONS = ROOT / "tests" / "data" / "on_topic.jsonl"
PASSAGES_PER_PAPER = 80
SENTENCES_PER_PASSAGE = 5
WORDS_PER_SENTENCE = 24
SPREAD = 0.6
"""Length of the noise added to a real passage's unit vector."""
WARM_QUESTIONS = 10
ROUNDS = 3
KILO = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of ``ru_maxrss``."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns an exit status."""
    options = parser().parse_args(arguments)
    if options.measure:
        print(json.dumps(measure(options.measure, [question.text for question in read_questions(options.questions)])))
        return 0
    papers = sorted(options.papers.glob("*.pdf"))
    if not papers:
        print(f"nothing to measure: no PDF in {options.papers}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        index = options.index or Path(folder) / "papers.db"
        if not index.exists():
            with PaperLibrary(index) as library:
                library.add(papers)
                manifest = Manifest(library.encoder.name, library.encoder.fingerprint, library.encoder.dimension)
            fill(index, manifest, options.passages)
        command = [sys.executable, "-m", "benchmarks.latency", "--measure", str(index.resolve())]
        command += ["--questions", str(options.questions.resolve())]
        threads = {"OMP_NUM_THREADS": str(options.cores), "MKL_NUM_THREADS": str(options.cores)}
        done = subprocess.run(command, cwd=ROOT, env=os.environ | threads, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            return done.returncode
        result = json.loads(done.stdout)
    print(json.dumps(result) if options.json else show(result))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--papers", type=Path, default=DATA / "papers", help="folder of PDF files")
    parser.add_argument("--questions", type=Path, default=QUESTIONS, help="JSON Lines")
    parser.add_argument("--passages", type=int, default=50_000, help="size of the library")
    parser.add_argument("--index", type=Path, help="where to keep the library; one that is there is used as it is")
    parser.add_argument("--cores", type=int, default=2, help="threads of the encoder")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser


def fill(index: Path, manifest: Manifest, size: int, *, seed: int = 0) -> None:
    """Add synthetic papers until the library has ``size`` passages."""
    rng = np.random.default_rng(seed)
    with SQLiteStore.open(index) as store:
        papers, passages = store.collection("papers"), store.collection("passages", manifest)
        ids = passages.ids()
        centres = passages.vectors(ids)
        words = vocabulary(passages)
        missing = max(0, size - len(ids))
        for number, start in enumerate(range(0, missing, PASSAGES_PER_PAPER)):
            count = min(PASSAGES_PER_PAPER, missing - start)
            key = f"Synthetic{number}"
            with store.transaction():
                papers.upsert([paper_record(key)])
                passages.upsert(passage_records(key, count, words, centres, rng))


def vocabulary(passages: Collection) -> list[str]:
    """Words of the real passages, the most frequent first."""
    counts = Counter(word for record in passages.records() for word in record.text.split())
    return [word for word, _ in counts.most_common()]


def paper_record(key: str) -> Record:
    """A paper that nobody wrote, as an ingest would leave it."""
    paper = Paper(title=f"Synthetic paper {key}")
    file = f"{key}.pdf"
    metadata = {
        "file": file,
        "path": file,
        "sha256": key,
        "pages": 20,
        "paper": paper.to_dict(),
        "reference": key,
        "bibtex": "",
    }
    return Record(key, text=paper.title, metadata=metadata)


def passage_records(
    key: str, count: int, words: Sequence[str], centres: npt.NDArray[np.float32], rng: np.random.Generator
) -> Iterator[Record]:
    """``count`` passages of one synthetic paper.

    Args:
        key: Citation key of the paper.
        count: Number of passages.
        words: Vocabulary; the word of rank r is drawn in proportion to 1/r.
        centres: (n, d) float32, unit vectors of real passages.
        rng: Source of chance.
    """
    shares = np.cumsum(1 / np.arange(1, len(words) + 1))
    for number in range(count):
        draws = rng.random((SENTENCES_PER_PASSAGE, WORDS_PER_SENTENCE)) * shares[-1]
        page = 1 + number * 20 // PASSAGES_PER_PAPER
        sentences = tuple(
            sentence(" ".join(words[rank] for rank in ranks), page) for ranks in np.searchsorted(shares, draws)
        )
        passage = Passage(sentences)
        centre = centres[rng.integers(len(centres))]
        vector, *parts = strewn(np.repeat(centre[None], 1 + len(sentences), axis=0), rng)
        yield Record(
            id=f"{key}:{number:06d}",
            text=passage.text,
            metadata={"key": key, "file": f"{key}.pdf", "page": page},
            payload=encode_payload(passage, np.stack(parts)),
            vector=vector,
        )


def sentence(text: str, page: int) -> Sentence:
    """A sentence of body text, two lines long."""
    boxes = (Box(50.0, 400.0, 290.0, 410.0), Box(50.0, 388.0, 290.0, 398.0))
    return Sentence(text.capitalize() + ".", Kind.BODY, (Fragment(page, str(page), text, boxes),), "Synthetic", 1)


def strewn(vectors: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Unit vectors near the given ones. Shape: (n, d) -> (n, d)."""
    noise = rng.standard_normal(vectors.shape).astype(np.float32)
    moved = vectors + SPREAD * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    unit: npt.NDArray[np.float32] = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return unit


def measure(index: Path, questions: Sequence[str]) -> dict[str, Any]:
    """Times in milliseconds and peak memory in MB of a process that only asks."""
    with SQLiteStore.open(index, read_only=True) as store:
        size = len(store.collection("passages"))
    begun = time.perf_counter()
    with PaperLibrary(index, create=False) as library:
        library.ask(questions[0])
        first = time.perf_counter() - begun
        for question in questions[:WARM_QUESTIONS]:
            library.ask(question)
        asked, compared, searched = [], [], []
        for question in [*questions] * ROUNDS:
            asked.append(seconds(library.ask, question))
            compared.append(seconds(partial(library.ask, compare=True), question))
            searched.append(seconds(library.passages, question))
    return {
        "passages": size,
        "questions": len(asked),
        "open_and_first_answer_ms": first * 1e3,
        "ask_ms": percentiles(asked),
        "compare_ms": percentiles(compared),
        "passages_ms": percentiles(searched),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILO / 1e6,
    }


def seconds(call: Callable[[str], object], question: str) -> tuple[float, float]:
    """How long a call takes by the clock, and how much processor time it uses."""
    begun, used = time.perf_counter(), time.process_time()
    call(question)
    return time.perf_counter() - begun, time.process_time() - used


def percentiles(times: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Median and 95th percentile by the clock and of processor time, in milliseconds."""
    clock, processor = np.array(times).T * 1e3
    p50, p95 = np.quantile(clock, (0.5, 0.95))
    used50, used95 = np.quantile(processor, (0.5, 0.95))
    return {"p50": float(p50), "p95": float(p95), "processor_p50": float(used50), "processor_p95": float(used95)}


def show(result: dict[str, Any]) -> str:
    """The measurement as a Markdown table."""
    rows = [
        *(
            (
                f"{name}, p50 / p95 (of processor time)",
                "{p50:.1f} / {p95:.1f} ({processor_p50:.1f} / {processor_p95:.1f}) ms".format(**times),
            )
            for name, times in ((step, result[f"{step}_ms"]) for step in ("ask", "compare", "passages"))
        ),
        ("open and first answer", f"{result['open_and_first_answer_ms']:.0f} ms"),
        ("peak memory", f"{result['peak_rss_mb']:.0f} MB"),
    ]
    return table((f"{result['questions']} questions", f"{result['passages']:,} passages"), rows)


if __name__ == "__main__":
    sys.exit(main())
