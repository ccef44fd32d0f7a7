"""What gets through when a language model lies? A scripted model that commits every known fault, over any library.

Each case is one question and one draft whose truth is known by construction: a sentence of a paper as it stands or
truly reworded, or one that was falsified. What the answerer shows is compared with the papers themselves: a shown
sentence must stand in them, or be the true one, with the page of the sentence that it was made from.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rag.answers import FIXED, Answer, AnswerSentence
from rag.documents import Kind, Sentence
from rag.errors import ModelSilent
from rag.evaluation.forgeries import FORGERIES, REWORDINGS, Forgery
from rag.evaluation.measures import table
from rag.llm.settings import Settings
from rag.passages import decode_passage
from rag.presentable import without_markers
from rag.reading.text import normalise_quote, word_list

if TYPE_CHECKING:
    from rag.library import PaperLibrary
    from rag.llm.model import Heard, Message

SHORTEST, LONGEST = 60, 260
"""Characters of the sentences that cases are made from."""


@dataclass(frozen=True)
class Case:
    """One question, one draft.

    Attributes:
        kind: What the model does.
        question: What is asked.
        base: The sentence of a paper that the draft was made from.
        key: Its paper.
        draft: Makes the model's text of the numbered sources that it is shown: (number of the base, how many).
        truths: Sentences that may be shown beside those of the papers.
        wanted: Whether the first of them, truly cited, is expected in the answer.
        false: The falsified sentence, or "".
    """

    kind: str
    question: str
    base: Sentence
    key: str
    draft: Callable[[int, int], str]
    truths: tuple[str, ...] = ()
    wanted: bool = False
    false: str = ""


@dataclass
class ScriptedModel:
    """Writes what a case says."""

    case: Case
    name: str = "scripted"
    settings: Settings = field(default_factory=Settings)
    calls: int = 0

    def tokens(self, text: str) -> int:
        """A guess."""
        return len(text) // 4

    def write(self, messages: Sequence[Message], *, seconds: float | None = None, heard: Heard | None = None) -> str:
        """The draft of the case."""
        del seconds, heard
        self.calls += 1
        sources = re.findall(r"^\[(\d+)\] (.*)$", messages[-1][1], re.M)
        said = normalise_quote(without_markers(self.case.base.text))
        own = next((int(number) for number, text in sources if said in normalise_quote(text)), 1)
        draft = self.case.draft(own, len(sources))
        if draft == TIMED_OUT:
            raise ModelSilent("scripted gave no answer within 0 s")
        return draft


TIMED_OUT = "\0timed out"


@dataclass(frozen=True)
class Outcome:
    """What became of one case.

    Attributes:
        case: The case.
        answer: What was shown.
        faults: What is wrong with it, in words; empty where all is well.
        dropped: Whether a true, well-cited sentence is missing, as is the paper's own that it was made from.
        replaced: Whether it is missing, and the paper's own stands in its place.
        calls: How often the model was asked.
    """

    case: Case
    answer: Answer
    faults: tuple[str, ...]
    dropped: bool
    replaced: bool
    calls: int


@dataclass(frozen=True)
class ForgedReport:
    """What came through of forged drafts."""

    outcomes: tuple[Outcome, ...]

    @property
    def faulty(self) -> tuple[Outcome, ...]:
        """Cases of which something unsupported or wrongly cited was shown."""
        return tuple(outcome for outcome in self.outcomes if outcome.faults)

    @property
    def true(self) -> int:
        """Cases with a true, well-cited sentence; not those whose question never reached the model."""
        return sum(outcome.case.wanted and outcome.calls > 0 for outcome in self.outcomes)

    @property
    def dropped(self) -> tuple[Outcome, ...]:
        """Those of which neither it is shown nor the paper's own sentence that it was made from."""
        return tuple(outcome for outcome in self.outcomes if outcome.dropped)

    @property
    def replaced(self) -> tuple[Outcome, ...]:
        """Those of which the paper's own sentence is shown in its place."""
        return tuple(outcome for outcome in self.outcomes if outcome.replaced)

    def table(self) -> str:
        """By kind: cases, shown faults, true sentences dropped, and given way to the paper's own."""
        kinds = Counter(outcome.case.kind for outcome in self.outcomes)
        faulty = Counter(outcome.case.kind for outcome in self.faulty)
        true = Counter(outcome.case.kind for outcome in self.outcomes if outcome.case.wanted and outcome.calls)
        dropped = Counter(outcome.case.kind for outcome in self.dropped)
        replaced = Counter(outcome.case.kind for outcome in self.replaced)
        rows = [
            (
                kind,
                str(n),
                str(faulty[kind]),
                *(f"{of[kind]} of {true[kind]}" if true[kind] else "-" for of in (dropped, replaced)),
            )
            for kind, n in kinds.items()
        ]
        counts = (f"{len(of)} of {self.true}" for of in (self.dropped, self.replaced))
        total = ("all", str(len(self.outcomes)), str(len(self.faulty)), *counts)
        head = (
            "the model",
            "cases",
            "shown, unsupported or wrongly cited",
            "true, dropped",
            "true, as the paper has it",
        )
        return table(head, [*rows, total])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "cases": len(self.outcomes),
            "faulty": [{"kind": o.case.kind, "faults": list(o.faults), "shown": o.answer.text} for o in self.faulty],
            "true": self.true,
            "dropped": [{"kind": o.case.kind, "sentence": o.case.truths[0]} for o in self.dropped],
            "replaced": [{"kind": o.case.kind, "sentence": o.case.truths[0]} for o in self.replaced],
        }


def make_cases(library: PaperLibrary, each: int, *, seed: int = 0, kinds: Sequence[str] = ()) -> Iterator[Case]:
    """Cases from the sentences of a library.

    Args:
        library: Papers.
        each: Cases of each kind; fewer where its papers have no sentence that fits.
        seed: Of the choice.
        kinds: Only these; all by default.
    """
    rng = random.Random(seed)
    bases = [
        (str(record.metadata["key"]), sentence)
        for record in library.retriever.passages.records()
        for sentence in decode_passage(record.payload).sentences
        if sentence.kind is Kind.BODY and SHORTEST <= len(sentence.text) <= LONGEST and _is_plain(sentence.text)
    ]
    makers: list[tuple[str, Forgery | Callable[[str, random.Random], str | None], bool]] = [
        *((name, forge, False) for name, forge in FORGERIES.items()),
        *((name, reword, True) for name, reword in REWORDINGS.items()),
    ]
    for name, make, is_true in makers:
        if kinds and name not in kinds:
            continue
        made = 0
        for key, sentence in rng.sample(bases, len(bases)):
            if made == each:
                break
            case = _case(name, key, sentence, make, is_true, rng)
            if case is not None:
                made += 1
                yield case


def run_forged(
    library: PaperLibrary, cases: Sequence[Case], progress: Callable[[int, int, str], None] | None = None
) -> ForgedReport:
    """Ask every question with its scripted model, and look at what is shown."""
    known = Known(library)
    outcomes = []
    for done, case in enumerate(cases, 1):
        model = ScriptedModel(case)
        answer = library.ask(case.question, llm=model)
        faults = tuple(_faults(answer, case, known))
        shown = {_same(sentence.text) for sentence in answer.sentences}
        is_missing = model.calls > 0 and case.wanted and _same(case.truths[0]) not in shown
        is_replaced = is_missing and _same(without_markers(case.base.text)) in shown
        outcomes.append(Outcome(case, answer, faults, is_missing and not is_replaced, is_replaced, model.calls))
        if progress is not None:
            progress(done, len(cases), case.kind)
    return ForgedReport(tuple(outcomes))


def _case(name: str, key: str, sentence: Sentence, make: Any, is_true: bool, rng: random.Random) -> Case | None:
    text = without_markers(sentence.text)
    question = question_about(text)
    if is_true:
        reworded = make(text, rng)
        if reworded is None:
            return None
        return Case(
            f"true: {name}", question, sentence, key, lambda own, _: f"{reworded[:-1]} [{own}].", (reworded,), True
        )
    forged = make(text, rng)
    if forged is None:
        return None
    return Case(name, question, sentence, key, forged.draft, forged.truths or (text,), forged.wanted, forged.false)


_STOP = word_list(
    "this that these those which with from have been were their there into than then they them also such using used "
    "between both each most more very only over under some many other about after before because while where when "
    "however therefore thus would could should"
)


def question_about(sentence: str) -> str:
    """A question in the sentence's own words, which the papers therefore answer."""
    words = [w for w in re.findall(r"[A-Za-z][\w-]*[A-Za-z0-9]", sentence) if len(w) > 3 and w.lower() not in _STOP]
    return f"What is known about {' '.join(dict.fromkeys(words[:7]))}?"


def _is_plain(text: str) -> bool:
    """A whole sentence of words, which can be falsified without becoming nonsense."""
    letters = sum(c.isalpha() or c == " " for c in text)
    return text[:1].isupper() and text.endswith(".") and letters > 0.85 * len(text) and "http" not in text


_OWN_CITATION = re.compile(r"\s*[(\[](?:[^()\[\]]*\b(?:19|20)\d\d[a-z]?\b[^()\[\]]*|refs?\.? [\d, –-]+)[)\]]")


def _same(text: str) -> str:
    """What is left of a sentence without what may differ: blanks, dashes, case, and the paper's own citations."""
    return normalise_quote(_OWN_CITATION.sub("", text)).casefold().strip(".")


_FOREIGN = re.compile(r"https?:|www\.|\b10\.\d{4,}/|\bdoi\b|\bet al\b|\[\d|<[a-z/]|\x1b|\bpage \d", re.I)


class Known:
    """What a library's papers say, to look shown sentences up in."""

    def __init__(self, library: PaperLibrary) -> None:
        self.sentences: dict[str, set[tuple[str, int]]] = {}
        """Pages, as (key, page), on which a sentence stands."""
        self.quotes: set[tuple[str, int, str]] = set()
        for record in library.retriever.passages.records():
            key = str(record.metadata["key"])
            for sentence in decode_passage(record.payload).sentences:
                pages = {(key, fragment.page) for fragment in sentence.fragments}
                self.sentences.setdefault(_same(without_markers(sentence.text)), set()).update(pages)
                self.quotes.update((key, fragment.page, fragment.quote) for fragment in sentence.fragments)


def _faults(answer: Answer, case: Case, known: Known) -> Iterator[str]:
    """What is wrong with an answer."""
    truths = [_same(truth) for truth in case.truths]
    own = {(case.key, fragment.page) for fragment in case.base.fragments}
    for sentence in answer.sentences:
        if not sentence.support:
            if not sentence.text.startswith(FIXED):
                yield f"without citation: {sentence.text}"
            continue
        said, cited = _same(sentence.text), {(place.key, place.page) for place in sentence.support}
        if said in known.sentences:
            if not cited & known.sentences[said]:
                yield f"wrong page {sorted(cited)}: {sentence.text}"
        elif any(truth.startswith(said) for truth in truths):
            if not cited & own and not _rests(sentence):  # another place may say the same
                yield f"wrong page {sorted(cited)}: {sentence.text}"
        else:
            yield f"unsupported: {sentence.text}"
        foreign = _FOREIGN.search(sentence.text)
        if foreign and foreign[0] not in " ".join(place.quote for place in sentence.support):
            yield f"foreign citation or markup: {sentence.text!r}"
        if not all((place.key, place.page, place.quote) in known.quotes for place in sentence.support):
            yield f"a quote that is not on its page: {sentence.text}"


def _rests(sentence: AnswerSentence) -> bool:
    """Whether nearly all words of a sentence stand in its quotes."""
    words = set(re.findall(r"[a-z]{4,}", sentence.text.lower()))
    quoted = set(re.findall(r"[a-z]{4,}", " ".join(place.quote for place in sentence.support).lower()))
    return len(words & quoted) >= 0.8 * len(words)
