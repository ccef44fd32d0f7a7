"""A book of a thousand pages and a thousand papers: what taking them in costs, and how much memory at most.

Both are made of the bundled review's own sentences, drawn anew. Each is taken in by a process of its own, whose memory
is that of its whole life; the processes that read the files count apart.

    python -m benchmarks.large [--pages 1000] [--papers 1000] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.demo import TRUTH
from rag.documents import Document
from rag.evaluation.measures import table
from rag.reading import read_many

ROOT = Path(__file__).parents[1]
KILO = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of ``ru_maxrss``."""
LINES, WIDTH = 56, 95
QUESTION = "Are temperature effects important for defects?"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns an exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--pages", type=int, default=1000, help="of the book")
    parser.add_argument("--papers", type=int, default=1000, help="of a page each")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure or options.read:
        print(json.dumps(measure(options.measure) if options.measure else read(options.read)))
        return 0
    results: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (files, pages) in {"book": (1, options.pages), "papers": (options.papers, 1)}.items():
            place = Path(folder) / name
            write_papers(place, files, pages)
            results[name] = {}
            for step in ("--read", "--measure"):
                command = [sys.executable, "-m", "benchmarks.large", step, str(place)]
                done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
                if done.returncode:
                    return done.returncode
                results[name] |= json.loads(done.stdout)
    print(json.dumps(results) if options.json else show(results))
    return 0


def measure(folder: Path) -> dict[str, Any]:
    """Takes a folder of papers in and asks; how long it took, and the most memory of this process and its readers."""
    from rag.library import PaperLibrary

    told: list[str] = []
    begun, used = time.perf_counter(), time.process_time()
    with PaperLibrary(folder.with_suffix(".index")) as library:
        report = library.add(folder, progress=lambda done, total, name: told.append(f"{done} {total} {name}"))
        seconds, processor = time.perf_counter() - begun, time.process_time() - used
        answer = library.ask(QUESTION)
    return {
        "files": len(report.added),
        "skipped": len(report.skipped),
        "pages": report.pages,
        "passages": report.passages,
        "answered": not answer.abstained,
        "reports of progress": len(told),
        "seconds": seconds,
        "processor seconds": processor,
        "peak MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILO / 1e6,
    }


def read(folder: Path) -> dict[str, Any]:
    """Only reads a folder of papers, in a process that is small: a new process begins with the memory of its parent."""
    begun = time.perf_counter()
    pages = sum(
        len(outcome.pages) for _, outcome in read_many(sorted(folder.iterdir())) if isinstance(outcome, Document)
    )
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "pages read": pages,
        "seconds of reading": time.perf_counter() - begun,
        "readers' processor seconds": children.ru_utime,
        "peak MB of a reader": children.ru_maxrss * KILO / 1e6,
        "peak MB while reading": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KILO / 1e6,
    }


def write_papers(folder: Path, files: int, pages: int, seed: int = 0) -> None:
    """PDFs of so many pages each, every one another drawing of sentences."""
    rng = random.Random(seed)
    truth = json.loads(TRUTH.read_text(encoding="utf-8"))
    sentences = [s["text"] for s in truth["sentences"] if s["kind"] == "body" and s["text"].isascii()]
    folder.mkdir(parents=True)
    for number in range(files):
        texts = [page_lines(sentences, rng) for _ in range(pages)]
        (folder / f"paper{number:05}.pdf").write_bytes(pdf(texts, f"A drawing of sentences {number}"))


def page_lines(sentences: Sequence[str], rng: random.Random) -> list[str]:
    """One page of text."""
    lines: list[str] = []
    while len(lines) < LINES:
        lines += textwrap.wrap(" ".join(rng.choices(sentences, k=6)), WIDTH)
    return lines[:LINES]


def pdf(pages: Sequence[Sequence[str]], title: str) -> bytes:
    """A PDF of lines of text, one column a page."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >> >> >>",
    ]
    for number, lines in enumerate(pages):
        shown = "\n".join(f"({line.translate(_ESCAPES)}) Tj T*" for line in [title, "", *lines])
        content = f"BT /F 10 Tf 12 TL 60 780 Td\n{shown}\nET"
        page = f"/Parent 2 0 R /MediaBox [0 0 595 842] /Resources 3 0 R /Contents {5 + 2 * number} 0 R"
        objects.append(f"<< /Type /Page {page} >>")
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out, offsets = "%PDF-1.4\n", []
    parts = [out]
    place = len(out)
    for number, content in enumerate(objects, 1):
        offsets.append(place)
        parts.append(f"{number} 0 obj\n{content}\nendobj\n")
        place += len(parts[-1])
    parts.append(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n")
    parts += [f"{offset:010} 00000 n \n" for offset in offsets]
    parts.append(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{place}\n%%EOF\n")
    return "".join(parts).encode("ascii")


_ESCAPES = str.maketrans({"(": r"\(", ")": r"\)", "\\": r"\\"})


def show(results: dict[str, dict[str, Any]]) -> str:
    """The measurement as a Markdown table."""
    names = list(next(iter(results.values())))
    shown = [(name, *(_written(result[name]) for result in results.values())) for name in names]
    return table(("", *results), shown)


def _written(value: object) -> str:
    return f"{value:,.0f}" if isinstance(value, float) else f"{value:,}" if type(value) is int else str(value)


if __name__ == "__main__":
    sys.exit(main())
