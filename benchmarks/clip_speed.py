"""Speed of Crystal CLIP: structures and queries a second, and the time of a search.

Structures are those of a parquet with a column ``cif``. The store that is searched holds real vectors of these, strewn
to the size asked for. The cold search is a process of its own, over the bundled prototypes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.latency import DATA, ROOT, strewn
from clip_mat import CrystalClip
from clip_mat.evaluation import Gallery
from clip_mat.evaluation.queries import caption_queries
from clip_mat.structures import parse_cif
from clip_mat.towers.graphs import make_graph
from indexes import Manifest, Record, SQLiteStore
from rag.evaluation.measures import table

COLD_QUERY = "rock salt structure"
WARM_SEARCHES = 200
K = 10
ROUNDING = 1e-6
RATES = (
    ("graphs_per_s", "structures, from prepared graphs,"),
    ("crystals_per_s", "structures, from crystals,"),
    ("cifs_per_s", "structures, from CIF to vector,"),
    ("queries_per_s", "queries, in batches,"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line."""
    options = parser().parse_args(arguments)
    if options.measure:
        print(json.dumps(measure(options.structures, options.number, options.vectors, options.model)))
        return 0
    if not options.structures.exists():
        print(f"nothing to measure: {options.structures} is missing", file=sys.stderr)
        return 1
    command = [sys.executable, "-m", "benchmarks.clip_speed", "--measure"]
    command += ["--structures", str(options.structures.resolve()), "--number", str(options.number)]
    command += ["--vectors", str(options.vectors)]
    command += ["--model", str(options.model.resolve())] if options.model else []
    threads = {"OMP_NUM_THREADS": str(options.cores), "MKL_NUM_THREADS": str(options.cores)}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | threads, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        return done.returncode
    result = json.loads(done.stdout)
    if not options.model:  # the command line searches with the model that is shipped
        result["cold_search_s"] = cold_search(os.environ | threads)
    print(json.dumps(result) if options.json else show(result))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.clip_speed", description=__doc__)
    parser.add_argument("--structures", type=Path, default=DATA / "crystals" / "mp_val.parquet", help="parquet")
    parser.add_argument("--number", type=int, default=1000, help="how many of them")
    parser.add_argument("--vectors", type=int, default=45_000, help="size of the store that is searched")
    parser.add_argument("--model", type=Path, help="folder of a trained model; by default the one that is shipped")
    parser.add_argument("--cores", type=int, default=2, help="threads")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    return parser


def measure(structures: Path, number: int, size: int, model: Path | None) -> dict[str, Any]:
    """Everything but the cold search, with the model loaded and warm."""
    from pyarrow import parquet

    begun = time.perf_counter()
    clip = CrystalClip.load(model)
    loaded = time.perf_counter() - begun
    cifs = parquet.read_table(structures, columns=["cif"])["cif"].to_pylist()[:number]
    gallery = Gallery.read([structures])
    texts = [query.text for query in caption_queries(gallery, gallery.ids[:number], "any")]
    crystals = gallery.crystals[:number]
    graphs = [make_graph(crystal) for crystal in crystals]
    clip.encode_graphs(graphs[:64])  # warm
    clip.encode_text(texts[:64])
    queries, vectors = clip.encode_text(texts), clip.encode_graphs(graphs)
    return {
        "load_s": loaded,
        "structures": len(crystals),
        "graphs_per_s": rate(clip.encode_graphs, graphs),
        "crystals_per_s": rate(clip.encode_crystals, crystals),
        "cifs_per_s": rate(lambda cifs: clip.encode_crystals([parse_cif(cif) for cif in cifs]), cifs),
        "queries_per_s": rate(clip.encode_text, texts),
        "one_query_ms": median_ms(lambda text: clip.encode_text([text]), texts[:WARM_SEARCHES]),
        "vectors": size,
        **search_times(clip, vectors, queries, size),
    }


def rate(encode: Callable[[Any], object], items: Sequence[Any]) -> dict[str, float]:
    """Items a second, all at once: by the clock, and by processor time, which a busy machine disturbs less."""
    begun, used = time.perf_counter(), time.process_time()
    encode(items)
    return {
        "clock": len(items) / (time.perf_counter() - begun),
        "processor": len(items) / (time.process_time() - used),
    }


def median_ms(call: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Median time of one call, in milliseconds."""
    times = []
    for item in items:
        begun = time.perf_counter()
        call(item)
        times.append(time.perf_counter() - begun)
    return float(np.median(times)) * 1e3


def search_times(
    clip: CrystalClip, vectors: npt.NDArray[np.float32], queries: npt.NDArray[np.float32], size: int, seed: int = 0
) -> dict[str, Any]:
    """Time of a search by vector in the store, and whether its hits are those of trying all.

    Args:
        clip: Names the vectors.
        vectors: (n, d) real vectors, repeated and strewn up to ``size``.
        queries: (q, d).
        size: Vectors in the store.
        seed: Of the strewing.
    """
    rng = np.random.default_rng(seed)
    held = strewn(vectors[rng.integers(len(vectors), size=size)], rng)
    queries = queries[:WARM_SEARCHES]
    with tempfile.TemporaryDirectory() as folder, SQLiteStore.open(Path(folder) / "store") as store:
        collection = store.collection("materials", Manifest(clip.name, clip.fingerprint, clip.dimension, "cosine"))
        with store.transaction():
            collection.upsert(Record(f"{row:06d}", vector=vector) for row, vector in enumerate(held))
        collection.vector_search(queries[0], K)  # warm
        p50 = median_ms(lambda query: collection.vector_search(query, K), list(queries))
        found = [[hit.id for hit in collection.vector_search(query, K)] for query in queries]
    similarities = queries.astype(np.float64) @ held.T.astype(np.float64)
    best = -np.sort(-similarities, axis=1)[:, :K]
    hits = np.take_along_axis(similarities, np.array(found).astype(np.int64), axis=1)
    same = (np.abs(hits - best) < ROUNDING).all(axis=1)  # what ties but for rounding may change places
    return {"search_p50_ms": p50, "searches": len(queries), "identical_to_brute_force": int(same.sum())}


def cold_search(environment: dict[str, str]) -> float:
    """Seconds of ``clip-mat search`` in a process of its own, its prototypes indexed before."""
    command = [sys.executable, "-m", "app.cli", "search", COLD_QUERY, "--json"]
    seconds = 0.0
    for _ in range(2):  # the first makes the index
        begun = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=True)
        seconds = time.perf_counter() - begun
    return seconds


def show(result: dict[str, Any]) -> str:
    """The measurement as a Markdown table."""
    rows = [
        *(
            (f"{name} a second (of processor time)", "{clock:.0f} ({processor:.0f})".format(**result[key]))
            for key, name in RATES
        ),
        ("one query to vector, p50", f"{result['one_query_ms']:.1f} ms"),
        (f"search among {result['vectors']:,} vectors, p50", f"{result['search_p50_ms']:.2f} ms"),
        ("hits identical to trying all", f"{result['identical_to_brute_force']} of {result['searches']}"),
        ("loading the model", f"{result['load_s']:.1f} s"),
    ]
    if "cold_search_s" in result:
        rows.append(("cold search, a process of its own", f"{result['cold_search_s']:.1f} s"))
    return table(("what", f"{result['structures']:,} structures"), rows)


if __name__ == "__main__":
    sys.exit(main())
