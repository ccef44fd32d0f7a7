"""Answers that a language model drafts, and that are shown only as far as the papers say the same.

The papers decide whether there is an answer at all, exactly as without a model (`rag.answerable`); a question that they
do not answer never reaches it. Then the model drafts from numbered passages, and each of its sentences is compared
with sentences of the papers. One that says nothing but what one of them says (`rag.retelling`), and that the verifier
finds supported by it, is shown with it as its quote, whatever the model cited. One that does not is replaced by the
sentence of the papers nearest in meaning that answers, or dropped. So a draft can only ever choose and shorten what the
papers say.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from indexes import Filter
from rag.answerable import is_answer
from rag.answers import Answer, AnswerSentence
from rag.candidates import MOST_SENTENCES, Candidate, in_reading_order
from rag.draft import FEWEST_WORDS, DraftSentence, as_copied, holds_citation, parse_draft, says_something
from rag.errors import ModelSilent
from rag.evidence import Place, Pool, Source, number_sources
from rag.extract import Answerer, Evidence, cite
from rag.llm.model import LanguageModel
from rag.llm.prompts import first_call, second_call
from rag.retelling import copied, retells
from rag.verify.verdict import Verdict
from rag.wants import states_number, wants_number

SMALL_CONTEXT = 1_500
"""Tokens; a model with a smaller window is shown the best sentences alone."""

NEAR = 0.55
"""Cosine from which on a sentence of the papers is what a failed sentence of the draft was about."""

COPIED = 0.6
"""Share of a failed sentence's words in a sentence of the papers, in their order, from which on it was made from it."""

LEAST_SECONDS = 3.0
"""Time left at which a model is not asked again."""

Progress = Callable[[str], None]
"""Told in a few words what is being done."""


class Checker(Protocol):
    """Compares claims with evidence; `rag.verify.Verifier`."""

    def check(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Verdict]: ...


@dataclass(frozen=True)
class Grounded:
    """A sentence of the answer and where it came from.

    Attributes:
        sentence: As shown.
        places: Sentences of the papers that say it.
        kept: Whether it is the model's own; else an extract took its place.
        as_cited: Whether the model had cited one of the places.
    """

    sentence: AnswerSentence
    places: tuple[Place, ...]
    kept: bool
    as_cited: bool = False


class GroundedAnswerer:
    """Answers with a language model.

    Args:
        answerer: Finds the evidence and the extracts.
        encode: Texts to unit vectors (n, d).
        checker: Decides what is supported; by default the packaged verifier.
    """

    def __init__(
        self,
        answerer: Answerer,
        encode: Callable[[Sequence[str]], npt.NDArray[np.float32]],
        checker: Checker | None = None,
    ) -> None:
        self._answerer = answerer
        self._encode = encode
        self._checker = checker

    def ask(
        self, question: str, model: LanguageModel, where: Filter | None = None, progress: Progress | None = None
    ) -> Answer:
        """Answer a question; at most two calls of the model.

        Raises:
            ModelError: If the model cannot be used as asked. One that is only too slow, or writes nothing that stands
                in the papers, is passed over: then the answer is an extract, and its `model` says so.
        """
        started = time.perf_counter()
        tell = progress or (lambda _: None)
        tell("searching the papers")
        evidence = self._answerer.weigh_parts(question, where)
        answered = [part for part in evidence if part.groups]
        timings = {"search": time.perf_counter() - started}
        if not answered:
            return self._answerer.finish(question, evidence, (), started, model.name, timings)
        grounded, failure = self._draft_and_check(answered, model, tell, timings)
        if not any(g.kept for g in grounded):
            sentences = [cite(group) for part in answered for group in in_reading_order(part.groups)]
            return self._answerer.finish(question, evidence, sentences, started, f"extractive ({failure})", timings)
        shown = [g.sentence for g in _without_twins(complete(grounded, answered))]
        return self._answerer.finish(question, evidence, shown, started, model.name, timings)

    def _draft_and_check(
        self, answered: Sequence[Evidence], model: LanguageModel, tell: Progress, timings: dict[str, float]
    ) -> tuple[list[Grounded], str]:
        """Sentences that stand, and why there are none where there are none."""
        deadline = time.monotonic() + model.settings.timeout
        question = " ".join(part.part for part in answered)
        small = model.settings.context < SMALL_CONTEXT
        best = [Source.of_sentence(c.scored, c.index) for part in answered for c, *_ in part.groups]
        sources = best if small else number_sources(answered, model)
        pool = Pool(answered)
        failure = f"{model.name} wrote nothing that stands in the papers"
        for attempt in range(2):
            shown = best if attempt else sources
            texts = [source.text for source in shown]
            asked = (
                second_call(question, texts)
                if attempt and not small
                else first_call(question, texts, sentences=MOST_SENTENCES * len(answered), small=small)
            )
            left = deadline - time.monotonic()
            if left < LEAST_SECONDS and attempt:
                break
            begun = time.perf_counter()
            try:
                tell(f"{model.name} is asked")
                draft = model.write(
                    asked, seconds=left, heard=lambda length: tell(f"{model.name} writes: {length} characters")
                )
            except ModelSilent as error:
                failure = str(error)
                continue
            finally:
                timings["model"] = timings.get("model", 0.0) + time.perf_counter() - begun
            begun = time.perf_counter()
            tell("checking each sentence")
            sentences = parse_draft(draft, len(shown), _places(shown))
            grounded = self.ground(sentences, shown, pool, answered)
            timings["check"] = timings.get("check", 0.0) + time.perf_counter() - begun
            if any(g.kept for g in grounded):
                return grounded, ""
            failure = f"{model.name} wrote nothing that stands in the papers"
            if small:  # it was shown the best sentences already, and would write the same again
                break
        return [], failure

    def ground(
        self, sentences: Sequence[DraftSentence], sources: Sequence[Source], pool: Pool, answered: Sequence[Evidence]
    ) -> list[Grounded]:
        """Each sentence of a draft with what supports it; what nothing supports is replaced by an extract, or left out.

        Args:
            sentences: Of the draft.
            sources: As numbered for the model.
            pool: All sentences that may support them.
            answered: The parts of the question, with their extracts.
        """
        found = self._support(sentences, sources, pool)
        # Small models like to add a clause too many: the sentence without it gets a chance of its own.
        failed = [place for place, grounded in enumerate(found) if grounded is None]
        shorter = [(place, text) for place in failed for text in shortened(sentences[place].text)]
        again = self._support([replace(sentences[place], text=text) for place, text in shorter], sources, pool)
        for (place, _), grounded in zip(shorter, again, strict=True):
            found[place] = found[place] or grounded
        quoted = {place.id for grounded in found if grounded is not None for place in grounded.places}
        free = [group for part in answered for group in part.groups]
        free = [group for group in free if not any((c.scored.id, c.index) in quoted for c in group)]
        lost = [at for at, grounded in enumerate(found) if grounded is None]
        for at, (vector, tries) in zip(lost, self._tries([sentences[at] for at in lost], sources, pool), strict=True):
            if (origin := _origin(sentences[at].text, [place for place, _ in tries])) is not None:
                found[at] = Grounded(AnswerSentence(origin.text, tuple(origin.supports())), (origin,), False)
            elif (nearest := _nearest(vector, free, pool)) is not None:
                free.remove(nearest)
                found[at] = Grounded(cite(nearest), tuple(pool.place(c) for c in nearest), False)
        return _without_twins([grounded for grounded in found if grounded is not None])

    def _tries(
        self, sentences: Sequence[DraftSentence], sources: Sequence[Source], pool: Pool
    ) -> list[tuple[npt.NDArray[np.float32], list[tuple[Place, bool]]]]:
        """Each sentence's vector, and the places that it is compared with; whether it cited them."""
        if not sentences:
            return []
        texts = [sentence.text for sentence in sentences]
        rows = zip(sentences, self._encode(texts), self._answerer.retriever.words(texts), strict=True)
        cited = [{sources[number - 1].scored.id for number in sentence.cited} for sentence in sentences]
        return [
            (vector, list(pool.tries(vector, words, known)))
            for (_, vector, words), known in zip(rows, cited, strict=True)
        ]

    def _support(
        self, sentences: Sequence[DraftSentence], sources: Sequence[Source], pool: Pool
    ) -> list[Grounded | None]:
        """Each sentence with the place that supports it; None where nothing does."""
        texts = [sentence.text for sentence in sentences]
        tries = [
            (row, place, as_cited)
            for row, (_, known) in enumerate(self._tries(sentences, sources, pool))
            for place, as_cited in known
            if retells(texts[row], as_copied(place.text)) and not holds_citation(texts[row])
        ]
        verdicts = self._check([(texts[row], [place.text]) for row, place, _ in tries])
        found: list[Grounded | None] = [None] * len(sentences)
        # What was copied whole first, then the cited source, then the surer one.
        ranked = sorted(
            (as_copied(place.text) == texts[row], as_cited, verdict.score, -at)
            for at, ((row, place, as_cited), verdict) in enumerate(zip(tries, verdicts, strict=True))
            if verdict.supported
        )
        for whole, as_cited, _, at in reversed(ranked):
            row, place, _ = tries[-at]
            # What was copied whole is shown as printed: taking a draft apart may have cost it an address of its own.
            sentence = AnswerSentence(place.text if whole else texts[row], tuple(place.supports()))
            found[row] = found[row] or Grounded(sentence, (place,), True, as_cited)
        return found

    def _check(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Verdict]:
        if self._checker is None:
            from rag.verify.verifier import default_verifier

            self._checker = default_verifier()
        return self._checker.check(pairs) if pairs else []


_CLAUSE = re.compile(
    r"(?:,|;| –| —)\s+(?=(?:which|making|leading|resulting|causing|allowing|indicating|suggesting|highlighting|thus|"
    r"thereby|due to|because|as|and|so|with|where|while|whereas|including|such as|especially|particularly)\b)|;\s+"
)
"""Where a sentence may end sooner. Never before what takes something back: but, unless, except, only, if."""

_GOES_ON = re.compile(
    r",\s+(?:is|are|was|were|can|could|has|have|had|will|would|should|must|do|does|did|may|might)\b", re.I
)


def shortened(text: str) -> list[str]:
    """A sentence without its last clauses, the longest first; nothing where it has but one, or goes on behind it."""
    ends = [match.start() for match in _CLAUSE.finditer(text) if not _GOES_ON.search(text, match.start())]
    shorter = [f"{text[:end].rstrip()}." for end in reversed(ends) if len(text[:end].split()) >= FEWEST_WORDS]
    return [one for one in shorter if says_something(one)][:2]


def _origin(text: str, places: Sequence[Place]) -> Place | None:
    """The sentence that a lost one was made from, if most of its words are."""
    shares = [copied(text, place.text) for place in places]
    best = int(np.argmax(shares)) if shares else 0
    return places[best] if shares and shares[best] >= COPIED else None


def _nearest(
    vector: npt.NDArray[np.float32], groups: Sequence[Sequence[Candidate]], pool: Pool
) -> Sequence[Candidate] | None:
    """The extract that a lost sentence was about, if any is near enough."""
    if not groups:
        return None
    likeness = [float(pool.vector(group[0]) @ vector) for group in groups]
    best = int(np.argmax(likeness))
    return groups[best] if likeness[best] >= NEAR else None


def complete(grounded: Sequence[Grounded], answered: Sequence[Evidence]) -> list[Grounded]:
    """What a draft has left out: for each part of the question its strongest extract stays, unless a sentence that
    rests on evidence as strong is shown already, with a number where one is asked for."""
    shown = list(grounded)
    faithful = all(g.kept and g.as_cited for g in grounded)
    for part in answered:
        strongest = part.groups[0]
        if faithful and _answers(grounded, part):
            continue
        extract = Grounded(cite(strongest), (), False)
        numeric = wants_number(part.part)
        said = [g for g in grounded if g.kept and _are_twins(g, extract)]
        if _best(shown, part) >= strongest[0].relevance or any(
            states_number(g.sentence.text) or not numeric for g in said
        ):
            continue
        shown.insert(0, extract)
    return shown


def _answers(grounded: Iterable[Grounded], part: Evidence) -> bool:
    """Whether one of the sentences rests on one that answers by itself."""
    known = {(c.scored.id, c.index): c for c in part.candidates}
    numeric = wants_number(part.part)
    for g in grounded:
        if numeric and not states_number(g.sentence.text):
            continue
        quoted: list[Candidate] = [known[place.id] for place in g.places if place.id in known]
        if any(is_answer(c.cosine, c.coverage) for c in quoted):
            return True
    return False


def _best(grounded: Iterable[Grounded], part: Evidence) -> float:
    """Relevance of the strongest sentence that the answer rests on."""
    known = {(c.scored.id, c.index): c.relevance for c in part.candidates}
    numeric = wants_number(part.part)
    return max(
        (
            known[place.id]
            for g in grounded
            if not g.kept or not numeric or states_number(g.sentence.text)
            for place in g.places
            if place.id in known
        ),
        default=-np.inf,
    )


def _places(sources: Sequence[Source]) -> dict[tuple[str, int], list[int]]:
    """Numbers of the sources by (key, page) and by (key, 0), as models cite them in our own style."""
    places: dict[tuple[str, int], list[int]] = {}
    for number, source in enumerate(sources, 1):
        for page in [0, *source.pages]:
            places.setdefault((source.scored.key.casefold(), page), []).append(number)
    return places


def _quotes(grounded: Grounded) -> set[tuple[str, int, str]]:
    return {(place.key, place.page, place.quote) for place in grounded.sentence.support}


def _are_twins(one: Grounded, other: Grounded) -> bool:
    """Whether two sentences have a quote in common, and nearly the same words."""
    if not _quotes(one) & _quotes(other):
        return False
    ours, theirs = (set(g.sentence.text.lower().split()) for g in (one, other))
    return len(ours & theirs) >= 0.7 * min(len(ours), len(theirs))


def _without_twins(grounded: Sequence[Grounded]) -> list[Grounded]:
    """Each statement once: of twins the first stays."""
    kept: list[Grounded] = []
    for g in grounded:
        if not any(_are_twins(g, other) for other in kept):
            kept.append(g)
    return kept
