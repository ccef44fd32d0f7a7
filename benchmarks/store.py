"""Speed and memory of `indexes` on synthetic passages: ``python benchmarks/store.py [--rows 50000] [--dimension 384]``.

Words follow Zipf's law, passages have about 900 characters, vectors come from a mixture of Gaussians. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from indexes import IndexPolicy, Manifest, Record, SQLiteStore

Array = npt.NDArray[Any]


def make_words(rng: np.random.Generator, size: int = 60_000) -> tuple[list[str], Array]:
    """A vocabulary and the probability of each word."""
    letters = list("abcdefghijklmnopqrstuvwxyz")
    words = ["".join(rng.choice(letters, size=rng.integers(3, 10))) for _ in range(size)]
    weights = 1 / np.arange(1, size + 1)
    return words, weights / weights.sum()


def make_vectors(rng: np.random.Generator, rows: int, dimension: int, clusters: int = 200) -> Array:
    """Clustered unit vectors, as sentence encoders make them: shape (rows, dimension)."""
    centres = rng.normal(size=(clusters, dimension))
    vectors = centres[rng.integers(clusters, size=rows)] + 0.8 * rng.normal(size=(rows, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def milliseconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return 1e3 * (time.perf_counter() - start)


def median_of(run: Callable[[int], object], times: int) -> float:
    return float(np.median([milliseconds(lambda i=i: run(i)) for i in range(times)]))


def recall(kind: str, vectors: Array, queries: Array, k: int = 10) -> dict[str, float]:
    """Recall@k and build time of one kind of FAISS index against the exact search."""
    from indexes.vectors import VectorIndex, Version

    policy = {
        "hnsw": IndexPolicy(flat_below=0, hnsw_below=len(vectors) + 1),
        "ivf": IndexPolicy(flat_below=0, hnsw_below=0),
    }[kind]
    manifest = Manifest("synthetic", "0", vectors.shape[1], "cosine")
    rids = np.arange(len(vectors), dtype=np.int64)
    start = time.perf_counter()
    index = VectorIndex.build(rids, vectors, Version(1, ""), manifest, policy)
    build = time.perf_counter() - start
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :k]
    search = median_of(lambda i: index.search(queries[i : i + 1], k, None, policy), len(queries))
    hits = [
        len(set(found.positions.tolist()) & set(truth.tolist())) / k
        for found, truth in zip(index.search(queries, k, None, policy), exact, strict=True)
    ]
    return {"recall@10": float(np.mean(hits)), "build_s": build, "search_ms_p50": search}


def fill(directory: Path, texts: list[str], vectors: Array) -> dict[str, Any]:
    """Make a store."""
    records = (
        Record(f"paper{i // 80}/{i}", text, {"file": f"paper{i // 80}.pdf"}, b"x" * 1000, vectors[i])
        for i, text in enumerate(texts)
    )
    store = SQLiteStore.open(directory)
    passages = store.collection("passages", Manifest("synthetic", "0", vectors.shape[1], "cosine"))
    result = {"upsert_rows_per_s": 1e3 * len(texts) / milliseconds(lambda: passages.upsert(records))}
    result["build_faiss_ms"] = milliseconds(lambda: passages.vector_search(vectors[0], 10))
    result["close_ms"] = milliseconds(store.close)
    result["store_mb"] = sum(file.stat().st_size for file in directory.iterdir()) / 1e6
    return result


def search(directory: Path, questions: list[str], queries: Array) -> dict[str, Any]:
    """Open a store again, search it, change it, verify it."""
    start = time.perf_counter()
    store = SQLiteStore.open(directory)
    passages = store.collection("passages")
    result = {"open_ms": 1e3 * (time.perf_counter() - start)}
    result["first_vector_search_ms"] = milliseconds(lambda: passages.vector_search(queries[0], 10))
    result["first_text_search_ms"] = milliseconds(lambda: passages.text_search(questions[0], 50))
    result["text_search_new_words_ms_p50"] = median_of(lambda i: passages.text_search(questions[i], 50), 40)
    for question in questions:
        passages.text_search(question, 50)
    result["text_search_ms_p50"] = median_of(lambda i: passages.text_search(questions[i], 50), len(questions))
    result["vector_search_ms_p50"] = median_of(lambda i: passages.vector_search(queries[i], 50), len(queries))
    where = {"file": {"$in": [f"paper{i}.pdf" for i in range(0, 400, 4)]}}
    result["new_filter_ms"] = milliseconds(lambda: passages.vector_search(queries[0], 50, where))
    result["filtered_vector_search_ms_p50"] = median_of(lambda i: passages.vector_search(queries[i], 50, where), 20)
    result["filtered_text_search_ms_p50"] = median_of(lambda i: passages.text_search(questions[i], 50, where), 20)
    result["upsert_one_commit_ms_p50"] = median_of(
        lambda i: passages.upsert([Record(f"new{i}", "one more", {}, b"", queries[i])]), 20
    )
    result["search_after_change_ms"] = milliseconds(lambda: passages.vector_search(queries[0], 50))
    result["deep_check_ms"] = milliseconds(store.verify)
    store.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--recall", action="store_true", help="also build HNSW and IVF over the vectors (minutes)")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    words, weights = make_words(rng)
    vectors = make_vectors(rng, options.rows, options.dimension)
    queries = make_vectors(rng, 50, options.dimension)
    texts = [" ".join(words[w] for w in rng.choice(len(words), size=130, p=weights)) for _ in range(options.rows)]
    questions = [" ".join(words[w] for w in rng.choice(len(words), size=12, p=weights)) for _ in range(200)]
    result: dict[str, Any] = {"rows": options.rows, "dimension": options.dimension}
    with tempfile.TemporaryDirectory() as directory:
        result["rss_mb_before"] = psutil.Process().memory_info().rss / 1e6
        result |= fill(Path(directory), texts, vectors)
        del texts, vectors
        result["rss_mb_between"] = psutil.Process().memory_info().rss / 1e6
        result |= search(Path(directory), questions, queries)
    result["rss_mb_peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    if options.recall:
        rng = np.random.default_rng(1)
        vectors = make_vectors(rng, options.rows + 100, options.dimension)
        vectors, queries = vectors[:-100], vectors[-100:]
        result |= {kind: recall(kind, vectors, queries) for kind in ("hnsw", "ivf")}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
