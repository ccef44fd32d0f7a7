"""What answers are worth: citations, support, gold strings, silence, cost. Intervals are over questions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.judge import Judge, content, split_sentences
from rag.evaluation import Estimate, Question, bootstrap
from rag.evaluation.questions import same_file
from rag.reading.text import normalise_quote

RESAMPLES = 10_000
FEWEST_WORDS = 2
"""Content words of a sentence that claims something."""

_REFUSAL = re.compile(
    r"\b(?:(?:I|we) (?:can(?:no|')t|am (?:not able|unable)|do(?: not|n['’]t) (?:know|have)|could not)"
    r"|cannot (?:answer|be (?:answered|determined))|unable to (?:answer|provide|determine)"
    r"|(?:insufficient|not enough|no (?:relevant|specific|direct)?) ?information"
    r"|do(?:es)? not (?:answer|mention|contain|provide|specify|hold)"
    r"|(?:is|are) not (?:mentioned|provided|specified|given|stated|answered)|not applicable|don['’]t know)\b",
    re.IGNORECASE,
)
_HEDGE = re.compile(r"^(?:about|approximately|around|over|more than)\s+", re.IGNORECASE)
_MARKUP = re.compile(r"\*\*|__|^#+\s*|^\s*(?:[-*•]|\d+[.)])\s+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class JudgedSentence:
    """A sentence of an answer, as it is written out for people to read.

    Attributes:
        system, set, question: Where it comes from.
        sentence: Its text.
        citations: (file, pages) of each citation of its piece.
        supports: Whether each of them alone says it.
        held: Whether all of them together say it.
        how: The judge's reason.
        window: The words that come closest.
        elsewhere: Some other page of the papers that says it, or None.
    """

    system: str
    set: str
    question: str
    sentence: str
    citations: tuple[tuple[str, tuple[int, ...]], ...]
    supports: tuple[bool, ...]
    held: bool
    how: str
    window: str
    elsewhere: tuple[str, int] | None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class JudgedAnswer:
    """An answer with its verdicts.

    Attributes:
        row: As the worker wrote it.
        abstained: It says nothing, or only that it cannot answer.
        pieces: Its sentences, piece by piece; those of one piece share their citations.
    """

    row: Mapping[str, Any]
    abstained: bool
    pieces: tuple[tuple[JudgedSentence, ...], ...]

    @property
    def sentences(self) -> list[JudgedSentence]:
        """All of them."""
        return [sentence for piece in self.pieces for sentence in piece]


def claims(text: str) -> list[str]:
    """The sentences of a text that claim something: no headings, questions and refusals."""
    lines = (line for line in _MARKUP.sub("", text).splitlines() if line.strip())
    # Small models say the same over and over: once counts.
    sentences = dict.fromkeys(sentence for line in _joined(lines) for sentence in split_sentences(line))
    return [
        sentence
        for sentence in sentences
        if len(content(sentence)) >= FEWEST_WORDS and not sentence.endswith((":", "?")) and not refuses(sentence)
    ]


def _joined(lines: Iterable[str]) -> list[str]:
    """Lines, with those that go on in small letters joined to the one before."""
    joined: list[str] = []
    for line in lines:
        if joined and line.lstrip()[:1].islower():
            joined[-1] += " " + line.strip()
        else:
            joined.append(line.strip())
    return joined


def refuses(sentence: str) -> bool:
    """Does it say that there is no answer?"""
    return _REFUSAL.search(sentence) is not None


def abstains(text: str) -> bool:
    """An answer that claims nothing, or that begins with a refusal, which is kind to who goes on talking."""
    first = next(iter(split_sentences(_MARKUP.sub("", text).strip())), "")
    return not claims(text) or refuses(first)


def judge_answer(row: Mapping[str, Any], system: str, judge: Judge) -> JudgedAnswer:
    """Hold every sentence of an answer against what it cites, and against all other pages."""
    if "error" in row:
        return JudgedAnswer(row, False, ())
    pieces = []
    for piece in row["pieces"]:
        citations = tuple((file, tuple(pages)) for file, pages in piece["citations"])
        judged = []
        for sentence in claims(piece["text"]):
            supports = tuple(judge.check(sentence, _places([one])).held for one in citations)
            verdict = judge.check(sentence, _places(citations))
            elsewhere = None if verdict.held else judge.elsewhere(sentence, _places(citations))
            judged.append(
                JudgedSentence(
                    system, row["set"], row["question"], sentence, citations, supports, verdict.held, verdict.how,
                    verdict.window, elsewhere,
                )
            )  # fmt: skip
        if judged:
            pieces.append(tuple(judged))
    return JudgedAnswer(row, abstains(" ".join(piece["text"] for piece in row["pieces"])), tuple(pieces))


def _places(citations: Sequence[tuple[str, Sequence[int]]]) -> list[tuple[str, int]]:
    return [(file, page) for file, pages in citations for page in pages]


def holds_gold(row: Mapping[str, Any], gold: str) -> bool:
    """Does the answer hold the gold string, without its hedge and not as the tail of a longer number?"""
    core = normalise_quote(_HEDGE.sub("", gold.strip())).casefold()
    said = normalise_quote(" ".join(piece["text"] for piece in row.get("pieces", ()))).casefold()
    return re.search(rf"(?<![\d.]){re.escape(core)}" if core[:1].isdigit() else re.escape(core), said) is not None


def cites_gold(row: Mapping[str, Any], question: Question) -> bool:
    """Does the answer cite a page that states the gold answer?"""
    places = (citation for piece in row.get("pieces", ()) for citation in piece["citations"])
    return any(same_file(file, question.file) and set(pages) & set(question.pages) for file, pages in places)


@dataclass(frozen=True, slots=True)
class Scores:
    """One system's measures.

    Attributes:
        system: Its name.
        answered: Share of the answerable questions that it answered.
        gold_held: Share whose answer holds the gold string.
        gold_cited: Share whose answer cites a page with it.
        precision: Share of citations that say (one of) the sentences of their piece, alone or as a part that is needed.
        recall: Share of sentences that their citations say.
        wrong_pages: Share of citations that do not, while another page does.
        unsupported: Share of sentences that no page of the papers says.
        pages_a_citation: How wide the net of a citation is.
        silent: By set of questions without an answer: share on which it abstained.
        failed: Questions that ended in an error.
        calls, tokens: Of the model, an answer.
        seconds, processor_seconds: An answer to an answerable question: median and 95th percentile.
    """

    system: str
    answered: Estimate
    gold_held: Estimate
    gold_cited: Estimate
    precision: Estimate
    recall: Estimate
    wrong_pages: Estimate
    unsupported: Estimate
    pages_a_citation: float
    silent: Mapping[str, Estimate]
    failed: int
    calls: float
    tokens: float
    seconds: tuple[float, float]
    processor_seconds: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def score(system: str, answers: Sequence[JudgedAnswer], questions: Sequence[Question]) -> Scores:
    """Measures over answers; those to the set ``answerable`` are answers to ``questions``."""
    gold = {question.text: question for question in questions}
    told = [answer for answer in answers if answer.row["set"] == "answerable"]
    sets = dict.fromkeys(answer.row["set"] for answer in answers if answer.row["set"] != "answerable")
    rows = [answer.row for answer in told]
    citations = [_citations(answer) for answer in told]
    widths = [len(pages) for a in told for piece in a.pieces for _, pages in piece[0].citations]
    return Scores(
        system,
        bootstrap([not answer.abstained and "error" not in answer.row for answer in told]),
        bootstrap([holds_gold(row, gold[row["question"]].answer) for row in rows]),
        bootstrap([cites_gold(row, gold[row["question"]]) for row in rows]),
        ratio([(sum(right for right, _ in one), len(one)) for one in citations]),
        ratio([(sum(s.held for s in a.sentences), len(a.sentences)) for a in told]),
        ratio([(sum(wrong for _, wrong in one), len(one)) for one in citations]),
        ratio([(sum(not s.held and s.elsewhere is None for s in a.sentences), len(a.sentences)) for a in told]),
        float(np.mean(widths)) if widths else float("nan"),
        {name: bootstrap([answer.abstained for answer in answers if answer.row["set"] == name]) for name in sets},
        sum("error" in answer.row for answer in answers),
        _mean([row["calls"] for row in rows]),
        _mean([row["prompt_tokens"] + row["completion_tokens"] for row in rows]),
        _quantiles([row["seconds"] for row in rows]),
        _quantiles([row["processor_seconds"] for row in rows]),
    )


def _citations(answer: JudgedAnswer) -> list[tuple[bool, bool]]:
    """(right, on the wrong page) of every citation of an answer (precision as ALCE defines it, Gao et al. 2023)."""
    found = []
    for piece in answer.pieces:
        for column in range(len(piece[0].citations)):
            # One that does not say it alone is right where all together do and no other does alone.
            right = any(s.supports[column] or (s.held and not any(s.supports)) for s in piece)
            found.append((right, not right and any(s.elsewhere is not None for s in piece)))
    return found


def ratio(counts: Sequence[tuple[int, int]], seed: int = 0) -> Estimate:
    """A ratio of sums with its 95% interval by bootstrap over answers, since the parts of one answer hang together."""
    table = np.asarray([pair for pair in counts if pair[1]], dtype=np.float64).reshape(-1, 2)
    if not len(table):
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    draws = np.random.default_rng(seed).integers(len(table), size=(RESAMPLES, len(table)))
    sums = table[draws].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / sums[:, 1], (0.025, 0.975))
    total = table.sum(axis=0)
    return Estimate(float(total[0] / total[1]), float(low), float(high), int(total[1]))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


def _quantiles(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return float("nan"), float("nan")
    p50, p95 = np.quantile(values, (0.5, 0.95))
    return float(p50), float(p95)
