"""How often contradictions between papers are seen, and how often something else is taken for one.

Sentences of real papers are made false in one place (another number, more for less, a denial), said in other words, or
moved to another substance. Only the false ones contradict the original. Two measures: of pairs of sentences, and of a
library that holds the papers and a paper of the changed sentences, asked about each of them. And all pairs of sentences
that different papers really have, of which hardly any contradict each other: what is flagged there is printed.

    python -m benchmarks.disagreements --index INDEX [--sentences 300] [--asked 30] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from indexes import SQLiteStore
from rag.contrast import relation
from rag.evaluation.measures import table
from rag.library import PaperLibrary
from rag.passages import decode_passage, decode_vectors
from rag.verify.corruptions import flip_direction, negate, swap_element, swap_number
from rag.verify.rewriting import rewrite

SEED = 5
NEAR = 0.5
"""Least cosine of the real pairs that are tried, as in `rag.compare`."""
CONTRARY = ("number", "direction", "negation")
Make = Callable[[str, random.Random], str | None]

FALSE: dict[str, Make] = {"another number": swap_number, "more for less": flip_direction, "denied": negate}


def tell(text: str, rng: random.Random) -> str | None:
    """The same in other words."""
    told, ways = rewrite(text, rng)
    return told if ways else None


def retold(make: Make) -> Make:
    """Changed, and then told in other words."""

    def both(text: str, rng: random.Random) -> str | None:
        other = make(text, rng)
        return None if other is None else tell(other, rng)

    return both


TRUE: dict[str, Make] = {"another substance": swap_element, "the same in other words": tell}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns an exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.disagreements", description=__doc__)
    parser.add_argument("--index", type=Path, required=True, help="of real papers, made by clip-mat ingest")
    parser.add_argument("--sentences", type=int, default=300, help="changed in each way")
    parser.add_argument("--asked", type=int, default=30, help="contradictions that the library is asked about")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    texts, keys, vectors = sentences(options.index)
    rng = random.Random(SEED)
    chosen = [texts[place] for place in rng.sample(range(len(texts)), len(texts))]
    result = {
        "pairs": {name: seen(changed(chosen, make, options.sentences, rng)) for name, make in (FALSE | TRUE).items()},
        "retold": {name: seen(changed(chosen, retold(make), options.sentences, rng)) for name, make in FALSE.items()},
        "real": real_pairs(texts, keys, vectors),
        "asked": ask(options.index, chosen, options.asked, rng),
    }
    print(json.dumps(result, ensure_ascii=False) if options.json else show(result))
    return 0


def sentences(index: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Texts, citation keys and unit vectors (n, d) of every sentence that stands by itself."""
    texts, keys, vectors = [], [], []
    with SQLiteStore.open(index, read_only=True) as store:
        for record in store.collection("passages").records():
            spans = decode_vectors(record.payload)
            for sentence, vector in zip(decode_passage(record.payload).sentences, spans, strict=True):
                if 40 <= len(sentence.text) <= 400:
                    texts.append(sentence.text)
                    keys.append(str(record.metadata["key"]))
                    vectors.append(vector)
    return texts, keys, np.stack(vectors)


def changed(texts: Sequence[str], make: Make, number: int, rng: random.Random) -> list[tuple[str, str]]:
    """The first sentences that can be changed, each with its changed form."""
    pairs = []
    for text in texts:
        other = make(text, rng)
        if other is not None and other != text:
            pairs.append((text, other))
        if len(pairs) == number:
            break
    return pairs


def seen(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """How many pairs are called a contradiction."""
    called = [pair for pair in pairs if relation(*pair) in CONTRARY]
    return {"pairs": len(pairs), "called": len(called), "examples": called[:10]}


def real_pairs(texts: Sequence[str], keys: Sequence[str], vectors: np.ndarray) -> dict[str, Any]:
    """Sentences of different papers that are near in meaning."""
    cosines = np.triu(vectors @ vectors.T, 1)
    places = [(i, j) for i, j in zip(*np.where(cosines >= NEAR), strict=True) if keys[i] != keys[j]]
    return seen([(texts[i], texts[j]) for i, j in places])


def ask(index: Path, texts: Sequence[str], number: int, rng: random.Random) -> dict[str, Any]:
    """A paper of false sentences is added to the papers; each sentence, without its numbers, is asked about."""
    pairs = [
        (name, *pair)
        for name, make in FALSE.items()
        for pair in changed(texts, make, number, rng)
        if relation(*pair) in CONTRARY
    ][:number]
    found = dict.fromkeys(("disagreement", "answered", "others"), 0)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "papers"
        copy.mkdir()
        for file in index.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        paper = Path(folder) / "second.md"
        paper.write_text("# Second thoughts\n\n" + "\n\n".join(false for _, _, false in pairs), encoding="utf-8")
        with PaperLibrary(copy) as library:
            library.add(paper)
            for _, text, false in pairs:
                question = re.sub(r"\s*\b[\d.,–-]+\b\s*", " ", text)
                answer = library.ask(question, compare=True)
                found["answered"] += not answer.abstained
                told = [{d.first.text, d.second.text} for d in answer.disagreements]
                mine = [pair for pair in told if any(bare(false) == bare(side) for side in pair)]
                found["disagreement"] += bool(mine)
                planted = {bare(false) for _, _, false in pairs}
                found["others"] += sum(not any(bare(side) in planted for side in pair) for pair in told)
    return {"asked": len(pairs), **found}


def bare(text: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"\[[\d, –-]+\]|\W", "", text)


def show(result: dict[str, Any]) -> str:
    """The measurement as Markdown."""
    groups = result["pairs"] | {f"{name}, in other words": group for name, group in result["retold"].items()}
    rows = [(name, f"{group['called']} of {group['pairs']}") for name, group in groups.items()]
    rows.append(("real sentences of two papers", f"{result['real']['called']} of {result['real']['pairs']}"))
    asked = result["asked"]
    rows.append(("asked about: told", f"{asked['disagreement']} of {asked['asked']} ({asked['answered']} answered)"))
    rows.append(("asked about: other pairs told", str(asked["others"])))
    lines = [table(("a sentence and its changed form", "called a contradiction"), rows)]
    wrong = [*(result["pairs"][name] for name in TRUE), result["real"]]
    lines += ["\n  ".join(("taken for one:", *pair)) for group in wrong for pair in group["examples"]]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
