"""What a verifier learns from: pairs of a claim and a text that supports it, contradicts it, or does not tell.

True claims are sentences of papers in other words, and what people wrote of passages that they cite; false ones are the
same sentences changed in one place. Both are rewritten alike, so that likeness alone tells nothing.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rag.errors import LibraryError
from rag.verify.corruptions import CONTRADICTIONS, add_clause, is_stated, mix, swap_word
from rag.verify.quantities import find_numbers
from rag.verify.rewriting import rewrite
from rag.verify.windows import best_windows, split_sentences
from rag.verify.wording import coverage, read_words

T = TypeVar("T")

SUPPORTS, CONTRADICTS, UNTOLD = 0, 1, 2

QUESTIONS = "chemlitqa_train.jsonl"
ANSWERS = "scholarqabench_multi_human_answers.json"

LEAST_SHARED = 0.45
"""Share of the content words of a cited claim that its passage must have; below, people cite for other reasons."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One pair to learn from.

    Attributes:
        claim: One sentence.
        text: What it is compared with.
        label: SUPPORTS, CONTRADICTS or UNTOLD.
        kind: How it was made.
        weight: Of its loss; less than 1 where the label is doubtful.
    """

    claim: str
    text: str
    label: int
    kind: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Source:
    """A document, and what is known to be true of it.

    Attributes:
        name: Of the document; decides to which side of a split it goes.
        passages: Each a list of sentences in their order.
        claims: What people say of it, with the passages that they mean.
        collection: Where it comes from: papers, questions or answers.
    """

    name: str
    passages: tuple[tuple[str, ...], ...]
    claims: tuple[tuple[str, tuple[str, ...]], ...]
    collection: str


@dataclass(frozen=True, slots=True)
class Split:
    """Documents to learn from, to choose by, and to measure with; none in two."""

    fit: tuple[Source, ...]
    validation: tuple[Source, ...]
    test: tuple[Source, ...]


def read_sources(folder: Path, told: Callable[[str], None] | None = None) -> list[Source]:
    """Every document below a folder: papers (PDF), and the files of questions and of answers where they are there.

    Args:
        folder: Searched with all its folders.
        told: Told of each file.

    Raises:
        LibraryError: If nothing usable is there.
    """
    tell = told or (lambda _: None)
    sources: list[Source] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".pdf":
            tell(f"reading {path.name}")
            sources.append(_read_paper(path))
        elif path.name == QUESTIONS:
            sources += _read_questions(path)
        elif path.name == ANSWERS:
            sources += _read_answers(path)
    if not any(source.passages for source in sources):
        raise LibraryError(f"{folder}: no papers and no {QUESTIONS} or {ANSWERS} there to learn from")
    return sources


def split_sources(sources: Sequence[Source]) -> Split:
    """An eighth of the documents to choose by, three sixteenths to measure with, the rest to learn from.

    The hash of the name decides, so that a document is always on the same side; documents that share sentences (a
    preprint and its paper) stay together.
    """
    sides: dict[str, list[Source]] = {"fit": [], "validation": [], "test": []}
    for group in _related(sources):
        name = min(source.name for source in group)
        draw = int.from_bytes(hashlib.sha256(f"verifier-1{name}".encode()).digest()[:4]) % 16
        sides["test" if draw < 3 else "validation" if draw < 5 else "fit"] += group
    return Split(tuple(sides["fit"]), tuple(sides["validation"]), tuple(sides["test"]))


def _related(sources: Sequence[Source]) -> list[list[Source]]:
    """Documents in groups; two that share a tenth of the sentences of one are of one group."""
    held = [{sentence for passage in source.passages for sentence in passage} for source in sources]
    owners: dict[str, list[int]] = {}
    for place, sentences in enumerate(held):
        for sentence in sentences:
            if len(sentence) > 60:
                owners.setdefault(sentence, []).append(place)
    parent = list(range(len(sources)))

    def root(place: int) -> int:
        while parent[place] != place:
            place = parent[place]
        return place

    shared: dict[tuple[int, int], int] = {}
    for places in owners.values():
        for one in places[1:]:
            pair = (places[0], one)
            shared[pair] = shared.get(pair, 0) + 1
    for (one, other), number in shared.items():
        if number >= 0.1 * min(len(held[one]), len(held[other])):
            parent[root(other)] = root(one)
    groups: dict[int, list[Source]] = {}
    for place, source in enumerate(sources):
        groups.setdefault(root(place), []).append(source)
    return list(groups.values())


def _read_paper(path: Path) -> Source:
    from rag.passages import make_passages
    from rag.reading import read_document

    passages = make_passages(read_document(path))
    kept = (tuple(_tidy(s.text) for s in passage.sentences if is_plain(s.text)) for passage in passages)
    return Source(path.name, tuple(passage for passage in kept if passage), (), "papers")


def _read_questions(path: Path) -> list[Source]:
    claims: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for row in _json_lines(path):
        context = " ".join(str(row["context"]).split())
        claim = claim_of(str(row["question"]), str(row["answer"]))
        claims.setdefault(context, [])
        if claim:
            claims[context].append((claim, (context,)))
    return [
        Source(context[:80], (_plain_sentences(context),), tuple(said), "questions") for context, said in claims.items()
    ]


_CITED = re.compile(r"\s?\[(\d+(?:\s?[,;]\s?\d+)*)\]")


def _read_answers(path: Path) -> list[Source]:
    sources = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        texts = [" ".join(str(passage["text"]).split()) for passage in row["ctxs"]]
        claims = []
        for sentence in split_sentences(str(row["output"])):
            cited = [int(n) for match in _CITED.finditer(sentence) for n in re.findall(r"\d+", match[1])]
            evidence = tuple(texts[n] for n in cited if n < len(texts))
            claim = _CITED.sub("", sentence).strip()
            if evidence and is_plain(claim):
                words = read_words(claim)
                if max(coverage(words, read_words(text)) for text in evidence) >= LEAST_SHARED:
                    claims.append((claim, evidence))
        passages = tuple(_plain_sentences(text) for text in texts)
        sources.append(Source(str(row["id"]), tuple(p for p in passages if p), tuple(claims), "answers"))
    return sources


def _json_lines(path: Path) -> Iterable[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _plain_sentences(text: str) -> tuple[str, ...]:
    return tuple(_tidy(sentence) for sentence in split_sentences(text) if is_plain(sentence))


def _tidy(text: str) -> str:
    return " ".join(text.split())


def is_plain(sentence: str) -> bool:
    """Whether a sentence is prose of a usual length, and no question."""
    words = sentence.split()
    letters = sum(c.isalpha() for c in sentence)
    return 6 <= len(words) <= 60 and letters > 0.65 * len(sentence) and sentence[0].isupper() and sentence[-1] == "."


_WHICH = re.compile(r"\b(?:[Ww]hich|[Ww]hat)(?: (?:[a-z-]+ )?[a-z-]+)?(?=\?$)")
_IS = re.compile(r"^(?:What|Which|Who) (is|are|was|were) (the .+?|an? .+?)(?: according to the text| in the study)?\?$")


def claim_of(question: str, answer: str) -> str | None:
    """A question and its answer as one statement; None where that takes more than putting them together."""
    answer = re.sub(r"^Answer:\s*", "", " ".join(answer.split())).strip()
    answer = re.sub(r"^(?:Yes|No)[,.]\s+", "", answer)
    if not answer or re.search(r"not (?:available|mentioned|specified)", answer):
        return None
    sentences = split_sentences(answer)
    if len(answer.split()) >= 7 and re.search(r"\b(?:is|are|was|were|has|have|can|will|may|\w+s|\w+ed)\b", answer):
        claim = sentences[0][:1].upper() + sentences[0][1:]
    elif match := _IS.match(question):
        claim = f"{match[2][0].upper()}{match[2][1:]} {match[1]} {answer}"
    elif match := _WHICH.search(question):
        claim = question[: match.start()] + answer
    else:
        return None
    claim = claim.rstrip(" .") + "."
    return claim if 4 <= len(claim.split()) <= 60 and len(claim) < 400 else None


class Teacher:
    """Makes lessons from documents, as many as are wanted, always the same for one seed.

    Args:
        sources: Documents.
        seed: Decides all that is drawn.
    """

    def __init__(self, sources: Sequence[Source], seed: int = 0) -> None:
        self._seed = seed
        self._passages = {
            name: [
                (source, passage)
                for source in sources
                if source.collection == name
                for passage in source.passages
                if passage
            ]
            for name in ("papers", "questions", "answers")
        }
        self._said = {
            name: [(source, said) for source in sources if source.collection == name for said in source.claims]
            for name in ("questions", "answers")
        }
        everything = [s for found in self._passages.values() for _, passage in found for s in passage]
        if not everything:
            raise LibraryError("no sentences to make lessons from (give a folder with papers)")
        self._sentences = everything
        rng = random.Random(seed)
        sample = rng.sample(everything, min(400, len(everything)))
        self._words = sorted({word for s in sample for word in re.findall(r"\b[a-z]{5,}\b", s)})

    def lesson(self, number: int) -> Lesson:
        """The lesson of a number, from 0."""
        rng = random.Random(self._seed * 1_000_003 + number)
        while True:
            lesson = self._draw(rng)
            if lesson is not None and lesson.claim.strip() and lesson.text.strip():
                return lesson

    def _draw(self, rng: random.Random) -> Lesson | None:
        kind = rng.choices(("sentence", "claim", "answer", "neighbour"), (0.46, 0.20, 0.20, 0.14))[0]
        if kind == "claim":
            said = _one_of(list(self._said.values()), (4, 4), rng)
            return None if said is None else self._of_claim(rng, *said)
        if kind == "answer":
            said = _one_of([self._said["answers"]], (1,), rng)
            return None if said is None else self._of_claim(rng, *said)
        passage = _one_of(list(self._passages.values()), (4, 4, 3), rng)
        if passage is None:
            return None
        make = self._of_sentence if kind == "sentence" else self._of_neighbour
        return make(rng, *passage)

    def _of_sentence(self, rng: random.Random, source: Source, passage: tuple[str, ...]) -> Lesson | None:
        """A sentence against itself and what stands around it."""
        del source
        place = rng.randrange(len(passage))
        sentence = passage[place]
        before, behind = rng.choice(((0, 0), (0, 0), (1, 0), (0, 1), (1, 1)))
        around = passage[max(0, place - before) : place], passage[place + 1 : place + 1 + behind]
        return self._either(rng, sentence, sentence, lambda own: " ".join((*around[0], own, *around[1])))

    def _of_claim(self, rng: random.Random, source: Source, said: tuple[str, tuple[str, ...]]) -> Lesson | None:
        """What somebody wrote of a passage."""
        claim, evidence = said
        windows = best_windows(claim, evidence, 2)
        text = windows[0].text if len(windows) == 1 or rng.random() < 0.75 else windows[1].text
        weight = 1.0 if source.collection == "questions" else 0.6
        lesson = self._either(rng, claim, None, lambda _: text)
        return None if lesson is None else Lesson(lesson.claim, text, lesson.label, lesson.kind, weight)

    def _either(self, rng: random.Random, claim: str, own: str | None, in_place: Callable[[str], str]) -> Lesson | None:
        """The claim as it is or rewritten, or changed; `own` is the sentence of the evidence that says it, if any."""
        text = in_place(own or "")
        said, how = (claim, ()) if rng.random() < 0.15 else rewrite(claim, rng, 4)
        draw = rng.random()
        if draw < 0.42:
            return Lesson(said, text, SUPPORTS, "/".join(how) or "as it stands")
        if draw < 0.86:
            kind = rng.choices(*zip(*_SHARES.items(), strict=True))[0]
            if own is not None and rng.random() < 0.25:  # the evidence says otherwise, not the claim
                changed = CONTRADICTIONS[kind](own, rng)
                return None if changed is None else Lesson(said, in_place(changed), CONTRADICTS, kind)
            changed = CONTRADICTIONS[kind](said, rng)
            if changed is None or (kind == "number" and _is_still_stated(changed, text)):
                return None
            return Lesson(changed, text, CONTRADICTS, kind)
        other = rng.choice(self._sentences)
        makers: tuple[tuple[str, Callable[[], str | None]], ...] = (
            ("clause", lambda: add_clause(said, other, rng)),
            ("mixed", lambda: mix(said, other, rng)),
            ("word", lambda: swap_word(said, self._words, rng)),
        )
        kind, make = rng.choice(makers)
        changed = make()
        return None if changed is None or changed == said else Lesson(changed, text, UNTOLD, kind)

    def _of_neighbour(self, rng: random.Random, source: Source, passage: tuple[str, ...]) -> Lesson | None:
        """A sentence against the nearest text of its own document that does not hold it."""
        place = rng.randrange(len(passage))
        claim = passage[place]
        others = rng.sample(source.passages, min(4, len(source.passages)))
        rest = [" ".join(s for s in other if s != claim) for other in others]
        rest.append(" ".join(passage[:place] + passage[place + 1 :]))
        windows = best_windows(claim, [text for text in rest if text], 1)
        if not windows or windows[0].coverage > 0.8:
            return None
        if rng.random() < 0.3:
            claim, _ = rewrite(claim, rng)
        return Lesson(claim, windows[0].text, UNTOLD, "neighbour")


def _one_of(pools: Sequence[Sequence[T]], weights: Sequence[float], rng: random.Random) -> T | None:
    """One of one of the pools, those that are empty left out; None where all are."""
    filled = [(pool, weight) for pool, weight in zip(pools, weights, strict=True) if pool]
    if not filled:
        return None
    return rng.choice(rng.choices([pool for pool, _ in filled], [weight for _, weight in filled])[0])


_SHARES = {
    "direction": 0.38,
    "negation": 0.2,
    "role": 0.1,
    "number": 0.1,
    "quantifier": 0.08,
    "element": 0.08,
    "unit": 0.06,
}
"""Shares of the kinds of contradiction; the rules see numbers and elements already."""


def _is_still_stated(changed: str, text: str) -> bool:
    return all(is_stated(quantity, text) for quantity in find_numbers(changed))
