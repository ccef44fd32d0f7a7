"""How often the judge of :mod:`benchmarks.judge` is wrong, on pairs whose truth is known by construction.

``python -m benchmarks.judge_error``. True pairs: sentences of the papers and their page, as they stand, trimmed and
lightly reworded; written answers of ChemLit-QA and their own context. False pairs: the same with a number, a unit, an
element, a negation or a direction changed, or with the end of another sentence; sentences against another page;
answers against another context. The even rows of ChemLit-QA chose the judge's two thresholds, the odd rows are counted.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.foreign_pages import read_pages
from benchmarks.judge import ELEMENTS, Encode, Judge, plain, split_sentences
from rag.evaluation import Estimate, bootstrap, read_contexts
from rag.evaluation.measures import table

DATA = Path(__file__).parents[2] / "shared" / "data"
SHORTEST, LONGEST = 60, 300
"""Characters of a sentence that is drawn."""

_UNIT_SWAPS = {
    "nm": "µm", "µm": "nm", "eV": "meV", "meV": "eV", "K": "°C", "°C": "K", "GPa": "MPa", "h": "min", "mV": "V",
    "kJ": "J", "cm": "mm", "mm": "cm", "ps": "ns", "fs": "ps", "Å": "nm", "%": "ppm",
}  # fmt: skip
_TURNS = {
    "increase": "decrease", "increases": "decreases", "increased": "decreased", "increasing": "decreasing",
    "decrease": "increase", "decreases": "increases", "decreased": "increased", "decreasing": "increasing",
    "higher": "lower", "lower": "higher", "larger": "smaller", "smaller": "larger", "enhanced": "reduced",
    "reduce": "increase", "reduces": "increases", "reduced": "increased", "above": "below", "below": "above",
    "greater": "smaller", "improved": "reduced", "improve": "reduce", "improves": "reduces",
}  # fmt: skip
_OTHER_WORDS = {
    "show": "demonstrate", "shows": "demonstrates", "shown": "demonstrated", "obtained": "achieved", "large": "big",
    "method": "approach", "methods": "approaches", "important": "essential", "many": "numerous", "often": "frequently",
    "because": "since", "however": "yet", "use": "employ", "uses": "employs", "used": "employed", "can": "may",
    "different": "distinct", "help": "aid", "needed": "required", "several": "various", "such as": "like",
}  # fmt: skip
_OPENING = re.compile(r"^(?:However|Therefore|Thus|Moreover|Furthermore|In addition|For example|Additionally|Hence), ")
_BRACKETS = re.compile(r" \([^()]*\)|\[\d[\d,–-]*\]")


@dataclass(frozen=True, slots=True)
class Pair:
    """A sentence, the place that it names, and whether that place says it."""

    kind: str
    sentence: str
    place: tuple[str, int]
    true: bool


def other_number(sentence: str, rng: random.Random) -> str | None:
    """One free number changed."""
    found = list(re.finditer(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w.,-]*\d)(?!\])", sentence))
    if not found:
        return None
    match = rng.choice(found)
    digits = list(match[0])
    places = [row for row, digit in enumerate(digits) if digit.isdigit()]
    row = rng.choice(places)
    digits[row] = rng.choice([digit for digit in "123456789" if digit != digits[row]])
    return sentence[: match.start()] + "".join(digits) + sentence[match.end() :]


def other_unit(sentence: str, rng: random.Random) -> str | None:
    """The unit behind one number changed."""
    found = list(re.finditer(r"(?<=\d)(\s?)(nm|µm|meV|eV|°C|K|GPa|h|mV|kJ|cm|mm|ps|fs|Å|%)(?![\w°/])", sentence))
    if not found:
        return None
    match = rng.choice(found)
    return sentence[: match.start()] + match[1] + _UNIT_SWAPS[match[2]] + sentence[match.end() :]


def other_element(sentence: str, rng: random.Random) -> str | None:
    """One element of a formula replaced."""
    elements = "|".join(element for element in sorted(ELEMENTS) if len(element) == 2)
    found = list(re.finditer(rf"(?<![a-z])(?:{elements})(?=\d|[A-Z])", sentence))
    if not found:
        return None
    match = rng.choice(found)
    other = rng.choice([one for one in sorted(ELEMENTS) if len(one) == 2 and one != match[0]])
    return sentence[: match.start()] + other + sentence[match.end() :]


def negated(sentence: str, _: random.Random) -> str | None:
    """A "not" put behind a verb, or taken away."""
    if re.search(r"\b(is|are|was|were|can|does|do|has|have|will|could) not\b", sentence):
        return re.sub(r"\b(is|are|was|were|can|does|do|has|have|will|could) not\b", r"\1", sentence, count=1)
    match = re.search(r"\b(is|are|was|were|can|will|could)\b", sentence)
    return f"{sentence[: match.end()]} not{sentence[match.end() :]}" if match else None


def turned(sentence: str, rng: random.Random) -> str | None:
    """One word of direction replaced by its opposite."""
    found = [match for match in re.finditer(r"[a-z]+", sentence) if match[0] in _TURNS]
    if not found:
        return None
    match = rng.choice(found)
    return sentence[: match.start()] + _TURNS[match[0]] + sentence[match.end() :]


def trimmed(sentence: str, _: random.Random) -> str | None:
    """Without its opening word and its brackets."""
    short = _BRACKETS.sub("", _OPENING.sub("", sentence))
    return short[:1].upper() + short[1:] if short != sentence and len(short) >= SHORTEST else None


def reworded(sentence: str, rng: random.Random) -> str | None:
    """Some words replaced by others of the same meaning, behind a short opening."""
    words = re.sub(r"[A-Za-z]+", lambda match: _OTHER_WORDS.get(match[0], match[0]), sentence)
    if words == sentence:
        return None
    first = words[0].lower() + words[1:] if words[1:2].islower() else words
    return f"{rng.choice(('The paper reports that', 'It is found that', 'According to the authors,'))} {first}"


def grafted(sentence: str, other: str) -> str:
    """The beginning of one sentence with the end of another, as small models join what does not belong together."""
    head, tail = sentence.split(), other.split()
    return " ".join(head[: len(head) // 2] + tail[len(tail) // 2 :])


CORRUPTIONS: dict[str, Callable[[str, random.Random], str | None]] = {
    "number": other_number,
    "unit": other_unit,
    "element": other_element,
    "negation": negated,
    "direction": turned,
}
REWORDINGS: dict[str, Callable[[str, random.Random], str | None]] = {"trimmed": trimmed, "reworded": reworded}


def page_pairs(pages: dict[tuple[str, int], Sequence[str]], number: int, seed: int) -> list[Pair]:
    """Up to ``number`` pairs of each kind from the pages of papers."""
    rng = random.Random(seed)
    pool = [
        (place, sentence)
        for place, texts in pages.items()
        for sentence in split_sentences(plain(texts[0]))
        if SHORTEST <= len(sentence) <= LONGEST and sentence[0].isupper() and sentence.endswith(".")
        and sum(map(str.isalpha, sentence)) > 0.7 * len(sentence)
    ]  # fmt: skip
    rng.shuffle(pool)
    pairs = [Pair("verbatim", sentence, place, True) for place, sentence in pool[:number]]
    changes = [(kind, change, True) for kind, change in REWORDINGS.items()]
    changes += [(kind, change, False) for kind, change in CORRUPTIONS.items()]
    for kind, change, true in changes:
        made = ((place, change(sentence, rng)) for place, sentence in pool)
        pairs += [Pair(kind, text, place, true) for place, text in _first(made, number)]
    # Another sentence, or some other page, of the same paper, which speaks of the same things.
    for place, sentence in pool[:number]:
        kin = [other for found, other in pool if found[0] == place[0] and found != place]
        if kin:
            pairs.append(Pair("grafted", grafted(sentence, rng.choice(kin)), place, False))
        others = [other for other in pages if other[0] == place[0] and abs(other[1] - place[1]) > 1]
        if others:
            pairs.append(Pair("other page", sentence, rng.choice(others), False))
    return pairs


def _first(made: Iterable[tuple[tuple[str, int], str | None]], number: int) -> list[tuple[tuple[str, int], str]]:
    kept = []
    for place, text in made:
        if text is not None:
            kept.append((place, text))
        if len(kept) == number:
            break
    return kept


def context_pairs(
    contexts: Path, half: int, number: int, seed: int
) -> tuple[dict[tuple[str, int], Sequence[str]], list[Pair]]:
    """Contexts as pages, and written answers against their own, changed, and against others; every second row."""
    rng = random.Random(seed)
    pool = read_contexts(contexts)
    pages = {(name, 1): (text,) for name, text in pool.contexts.items()}
    rows = []
    for question in pool.questions[half::2]:
        for sentence in split_sentences(question.answer.removeprefix("Answer:").strip()):
            if SHORTEST <= len(sentence) <= LONGEST and sentence[0].isupper():
                rows.append(((question.file, 1), sentence))
    rng.shuffle(rows)
    pairs = [Pair("answer", sentence, place, True) for place, sentence in rows[:number]]
    for kind, change in CORRUPTIONS.items():
        made = ((place, change(sentence, rng)) for place, sentence in rows)
        pairs += [Pair(f"answer, {kind}", text, place, False) for place, text in _first(made, number)]
    for place, sentence in rows[:number]:
        other = rng.choice([one for one in pages if one != place])
        pairs.append(Pair("answer, other context", sentence, other, False))
    for (place, sentence), (_, other) in pairwise(rows[: number + 1]):
        pairs.append(Pair("answer, grafted", grafted(sentence, other), place, False))
    return pages, pairs


@dataclass(frozen=True, slots=True)
class Error:
    """Share of wrong verdicts on one kind of pair."""

    kind: str
    true: bool
    rate: Estimate


def errors(judge: Judge, pairs: Sequence[Pair]) -> list[Error]:
    """Share of wrong verdicts by kind, true kinds first."""
    kinds = dict.fromkeys((pair.kind, pair.true) for pair in pairs)
    found = []
    for kind, true in sorted(kinds, key=lambda one: not one[1]):
        wrong = [judge.check(pair.sentence, [pair.place]).held != true for pair in pairs if pair.kind == kind]
        found.append(Error(kind, true, bootstrap(wrong)))
    return found


def minilm() -> Encode:
    """The shared MiniLM in fp32, unit vectors."""
    from benchmarks.peers import encoder

    model = encoder()
    return lambda texts: model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the judge's error by kind of pair."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judge_error", description=__doc__)
    parser.add_argument("--papers", type=Path, default=DATA / "papers", help="folder of PDF files")
    parser.add_argument("--contexts", type=Path, default=DATA / "qa" / "chemlitqa_train.jsonl", help="JSON Lines")
    parser.add_argument("--number", type=int, default=100, help="pairs of a kind")
    parser.add_argument("--half", type=int, choices=(0, 1), default=1, help="even or odd rows of the contexts")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args(arguments)
    papers = sorted(options.papers.glob("*.pdf"))
    if not papers or not options.contexts.exists():
        print(f"nothing to measure: no PDF in {options.papers}, or no file {options.contexts}", file=sys.stderr)
        return 1
    encode = minilm()
    pages = read_pages(papers)
    found = errors(Judge(pages, encode), page_pairs(pages, options.number, options.seed))
    contexts, pairs = context_pairs(options.contexts, options.half, options.number, options.seed)
    found += errors(Judge(contexts, encode), pairs)
    if options.json:
        print(json.dumps([{"kind": one.kind, "true": one.true, **one.rate.to_dict()} for one in found]))
    else:
        print(table(("pairs", "truth", "wrong verdicts", "n"), [_row(one) for one in found]))
    return 0


def _row(error: Error) -> tuple[str, str, str, str]:
    rate = error.rate
    wrong = f"{rate.value:.2f} [{rate.low:.2f}, {rate.high:.2f}]"
    return error.kind, "held" if error.true else "not held", wrong, str(rate.n)


if __name__ == "__main__":
    sys.exit(main())
