"""From a question to a plan: the cited answer, the request that it comes to, and why - before anything is made.

>>> from rag import PaperLibrary, design
>>> with PaperLibrary("papers.db") as papers:                             # doctest: +SKIP
...     plan = design.plan(papers, "Which lead-free double perovskite absorbs best?")
...     plan = plan.changed(spacegroup=225, n=8)
...     made = plan.make()
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from clip_mat.errors import RequestError
from clip_mat.files import write_file
from rag.answers import Answer
from rag.design.asked import Asked, read_question
from rag.design.choice import ALTERNATIVE, MOST_ALTERNATIVES, Candidate, choose, derived
from rag.design.demands import Draft, draft
from rag.design.evidence import Evidence
from rag.design.parts import PARTS
from rag.design.plan_files import read_plan
from rag.design.statements import Statement, says, statements, told_too
from rag.design.wish import Wish
from rag.errors import QuestionError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from langchain_core.language_models import BaseChatModel

    from clip_mat import CrystalClip, Generator, MaterialsIndex
    from indexes import Filter
    from rag.design.designs import Design
    from rag.library import PaperLibrary

SILENT = "the papers do not answer the question, so nothing is made"
NO_COMPOUND = (
    "the answer names no compound and no class of compounds, so nothing is made; ask which compound, or give one with "
    "--composition or --prototype"
)


@dataclass(frozen=True)
class Alternative:
    """Another request that the answer could mean.

    Attributes:
        wish: The request.
        evidence: Why it demands what it demands.
        notes: What was left out, and why.
    """

    wish: Wish
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "request": self.wish.to_dict(),
            "evidence": [one.to_dict() for one in self.evidence],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Plan:
    """What shall be made, and why.

    Attributes:
        question: As asked.
        answer: What the papers say; None where the plan was written by hand.
        wish: The request; asks for nothing where nothing can be made.
        evidence: Why it demands what it demands.
        alternatives: Other requests that the answer could mean, the likelier first.
        notes: What was understood, left out or is missing, for people.
    """

    question: str
    answer: Answer | None
    wish: Wish
    evidence: tuple[Evidence, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is to be made."""
        return self.wish.asks_for_something

    def changed(self, **given: Any) -> Self:
        """The plan with parts of its request replaced; what was changed is the user's demand from then on.

        Args:
            given: Parts of `rag.design.Wish`: composition, elements, exclude, prototypes, spacegroup, n, ...

        Raises:
            RequestError: If a part is unknown, cannot be understood, or contradicts another.
        """
        wish = self.wish.changed(**given)
        if self.wish.composition != wish.composition and wish.composition:
            wish = wish.changed(words="" if given.get("words") is None else wish.words)
        return replace(self, wish=wish, evidence=_still_true(self.wish, wish, self.evidence))

    def alternative(self, number: int) -> Self:
        """The plan for another request that the answer could mean.

        Args:
            number: 1 for the first alternative; 0 is the plan itself.

        Raises:
            QuestionError: If there are fewer.
        """
        if number == 0:
            return self
        if not 1 <= number <= len(self.alternatives):
            known = f"choose up to {len(self.alternatives)}" if self.alternatives else "there is none, leave it out"
            raise QuestionError(f"alternative {number} was asked for: {known}")
        chosen = self.alternatives[number - 1]
        others = [Alternative(self.wish, self.evidence)] if self else []
        others += [one for one in self.alternatives if one is not chosen]
        return replace(self, wish=chosen.wish, evidence=chosen.evidence, alternatives=tuple(others), notes=chosen.notes)

    def vector(self, clip: CrystalClip) -> npt.NDArray[np.float32]:
        """The text vector (d,) of the sentences behind the request, which guides the generator."""
        vector: npt.NDArray[np.float32] = clip.encode_text([self.wish.words or self.wish.composition or ""])[0]
        return vector

    def make(self, generator: Generator | MaterialsIndex | Path | str | None = None, *, all: bool = False) -> Design:
        """Make the crystals.

        Args:
            generator: What makes them, or an index of structures that templates come from, or its folder; by default
                the bundled prototypes.
            all: Also for every alternative.

        Raises:
            RequestError: If the request contradicts itself, or the index cannot be used.
            WeightsError: If weights are missing or damaged.
        """
        from rag.design.designs import make

        return make(self, generator, all=all)

    def to_dict(self) -> dict[str, Any]:
        """As JSON; `from_dict` reads it."""
        return {
            "question": self.question,
            "answer": self.answer.to_dict() if self.answer else {},
            "request": self.wish.to_dict(),
            "evidence": [one.to_dict() for one in self.evidence],
            "alternatives": [one.to_dict() for one in self.alternatives],
            "notes": list(self.notes),
        }

    def save(self, file: Path | str) -> None:
        """Write it as JSON, to be read, edited and gone on with (`load`)."""
        text = json.dumps(self.to_dict(), ensure_ascii=False, indent=2)
        write_file(file, text + "\n")

    @classmethod
    def load(cls, file: Path | str, papers: PaperLibrary | None = None) -> Self:
        """Read what `save` wrote, perhaps edited since.

        Args:
            file: Of JSON, or of TOML with the parts of a request.
            papers: Where the quotes are looked up again; evidence that is not there is dropped, and that is said.

        Raises:
            RequestError: If it cannot be read, or its request cannot be understood.
        """
        saved = read_plan(Path(file))
        try:
            evidence = _still_true(saved.wish, saved.wish, saved.evidence)
        except RequestError as error:
            raise RequestError(f"{file}: evidence: {error}") from None
        plan = cls(saved.question, saved.answer, saved.wish, evidence, notes=saved.notes)
        return plan if papers is None else plan.checked(papers)

    def checked(self, papers: PaperLibrary) -> Self:
        """The plan without evidence whose quote does not stand on its page of these papers, or lacks the words."""
        places = {(file, page, quote) for file, page, quote in papers.quotes()}
        kept = tuple(
            one
            for one in self.evidence
            if one.place is None
            or (
                one.holds
                and says(one.sentence, one.words)
                and (one.place.file, one.place.page, one.place.quote) in places
            )
        )
        lost = len(self.evidence) - len(kept)
        notes = (f"{lost} quotes of the plan do not stand in the papers, and are left out",) if lost else ()
        return replace(self, evidence=kept, notes=(*self.notes, *notes))

    def __str__(self) -> str:
        rows = [f"{name}: {value}" for name, value in self.wish.to_rows()]
        return "\n".join([str(self.answer or ""), "", *rows, *self.notes])

    def _repr_html_(self) -> str:
        """For notebooks: the answer, the request, and the page behind every demand."""
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in self.wish.to_rows()
        )
        why = "".join(f"<li>{line}</li>" for line in (_evidence_html(one) for one in self.evidence))
        notes = "".join(f"<p><i>{html.escape(note)}</i></p>" for note in self.notes)
        answer = self.answer._repr_html_() if self.answer else ""
        return f"<p><b>{html.escape(self.question)}</b></p>{answer}<table>{rows}</table><ul>{why}</ul>{notes}"


def _evidence_html(one: Evidence) -> str:
    said = html.escape(f"{one.demand} {one.value}")
    if one.place is None:
        return f"{said}: {html.escape(one.source)}"
    return f'{said}: <span title="{html.escape(one.place.quote)}">{html.escape(one.place.citation)}</span>'


def _still_true(before: Wish, after: Wish, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Evidence of demands that a changed request still makes, and the user's own."""
    kept = [one for one in evidence if demanded(after, one)]
    changed = []
    for name, value in after.to_dict().items():
        demand = PARTS.get(name)
        if demand is None or value == before.to_dict()[name]:
            continue
        listed = value if isinstance(value, list) else [value] if value not in (None, "") else []
        old = before.to_dict()[name]
        known = old if isinstance(old, list) else []
        changed += [Evidence(demand, str(one), "user", str(one), "") for one in listed if one not in known]
    return tuple(dict.fromkeys([*kept, *changed]))


def demanded(wish: Wish, evidence: Evidence) -> bool:
    """Whether a request demands what a piece of evidence is for."""
    from clip_mat.facts import crystal_system as system_of
    from clip_mat.facts import reduced
    from clip_mat.generate.inputs import counts_of

    if evidence.demand == "composition":
        if wish.composition is None:
            return False
        wanted, told = counts_of(wish.composition, "composition"), counts_of(evidence.value, "composition")
        return reduced(wanted) == reduced(told)
    if evidence.demand == "crystal_system" and wish.spacegroup is not None:
        return system_of(wish.spacegroup) == evidence.value
    if evidence.demand == "element" and wish.composition is not None:
        return evidence.value in counts_of(wish.composition, "composition")
    parts = {demand: name for name, demand in PARTS.items()}
    held = getattr(wish, parts[evidence.demand])
    if evidence.demand == "filter":
        return evidence.value in (held or "")
    return evidence.value in held if isinstance(held, tuple) else str(held) == evidence.value


def plan(
    papers: PaperLibrary,
    question: str,
    *,
    llm: str | BaseChatModel | None = None,
    where: Filter | None = None,
    n: int = 4,
    seed: int = 0,
    from_noise: bool = False,
) -> Plan:
    """Ask the papers, and turn their answer into a request to the generator; nothing is made yet.

    Args:
        papers: What is asked.
        question: In plain words. What it demands itself ("lead-free", "cubic") is demanded, too.
        llm: A language model that writes the answer, as `PaperLibrary.ask` takes it. Demands are read from the
            sentences of the papers behind the answer, never from the model's own words.
        where: Only papers whose passages match.
        n: How many crystals.
        seed: Decides everything that is drawn.
        from_noise: Without templates.

    Raises:
        QuestionError: If the question is empty or too long.
        LibraryError: If the library is damaged.
    """
    told: dict[str, Any] = {} if llm is None else {"llm": llm}
    answer = papers.ask(question, where=where, **told)
    settings: dict[str, object] = {"n": n, "seed": seed, "from_noise": from_noise}
    empty = Wish().changed(**settings)
    asked = read_question(answer.question)
    said = statements(papers, answer, asked, where)
    if answer.abstained and not said:
        return Plan(answer.question, answer, empty, notes=(SILENT,))
    query = papers.retriever.query(answer.question)
    chosen = choose(asked, said, query, papers.retriever.words)
    if asked.names_content:
        chosen = [one for one in chosen if asked.suits(one.counts, one.elements, one.name)]
    if chosen and all(statement.apart for statement, _ in chosen[0].mentions):
        answer = told_too(papers, answer, chosen[0].mentions[0][0])
    elif answer.abstained:
        return Plan(answer.question, answer, empty, notes=(SILENT,))
    drafts, notes = _drafts(asked, said, chosen, settings)
    if not drafts:
        return Plan(answer.question, answer, empty, notes=tuple(notes) or (NO_COMPOUND,))
    best, *others = drafts
    alternatives = tuple(Alternative(other.wish, other.evidence, other.notes) for other in others[:MOST_ALTERNATIVES])
    return Plan(answer.question, answer, best.wish, best.evidence, alternatives, (*best.notes, *notes))


def _drafts(
    asked: Asked, said: Sequence[Statement], candidates: Sequence[Candidate], settings: dict[str, object]
) -> tuple[list[Draft], list[str]]:
    """Requests, the best first, and what is to be said of compounds of which no crystal can be made.

    Where the answer is such a compound, another that is merely named beside it is no answer.
    """
    notes: list[str] = []
    drafts: list[Draft] = []
    best = candidates[0].score if candidates else 0.0
    for candidate in candidates:
        if candidate.score < ALTERNATIVE * best and not candidate.is_analogue:
            continue
        if candidate.reason:
            unmade = (
                f"{candidate.name} {candidate.reason}; no other compound stands in for it unless the papers name one"
            )
            notes += [unmade] if candidate.score >= _NEARLY * best else []
            continue
        if candidates[0].reason and candidate.score < _NEARLY * best and not candidate.is_analogue:
            continue
        for one in (derived(candidate, asked), candidate) if candidate.elements else (candidate,):
            try:
                made = draft(one, asked, said, **settings) if one else None
            except RequestError as error:
                notes.append(f"{candidate.name}: {error}")
                continue
            drafts += [made] if made is not None else []
    if not candidates and (asked.prototypes or asked.elements or asked.families):
        only_class = draft(Candidate({}, name=", ".join(asked.prototypes)), asked, said, **settings)
        drafts += [only_class] if only_class is not None else []
    return drafts, list(dict.fromkeys(notes))


_NEARLY = 0.8
"""Share of the score of a compound that cannot be made from which another counts as an answer, too."""
