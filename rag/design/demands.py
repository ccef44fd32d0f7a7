"""From a candidate to the request: every demand with the words and the page, or the question, that it comes from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from clip_mat.facts import Facts
from clip_mat.facts import crystal_system as system_of
from clip_mat.language.formulas import conventional_formula
from clip_mat.language.names import ELEMENT_NAMES
from clip_mat.search.request import ANYTHING, interpret
from rag.design.asked import DEVICE_BEHIND, Asked, excluded_elements, gap_class
from rag.design.choice import Candidate, meets_conditions
from rag.design.compounds import Compound
from rag.design.evidence import Evidence, Source
from rag.design.parts import Demand
from rag.design.shapes import Shape, shapes_of
from rag.design.statements import Statement, says
from rag.design.structure_types import possible_type
from rag.design.wish import Wish
from rag.mentions import mentions_of

MOST_WORDS = 600
"""Characters of the sentences that the text vector is made of."""
_MOST_SENTENCES = 3
_NEAR_GAP = 60
_FIRM = 0.6
"""Least weight of a sentence that forbids an element without naming the compound."""


@dataclass(frozen=True)
class Draft:
    """A request and what it comes from.

    Attributes:
        wish: The request.
        evidence: Why it demands what it demands.
        notes: What was left out or is not quite as the paper has it, and why.
        score: Of the compound; comparable within one question.
    """

    wish: Wish
    evidence: tuple[Evidence, ...]
    notes: tuple[str, ...]
    score: float


def draft(candidate: Candidate, asked: Asked, statements: Sequence[Statement], **settings: object) -> Draft | None:
    """The request for a candidate; None where no page says in so many words what it is."""
    return _Draft(candidate, asked, statements).finished(settings)


class _Draft:
    """Collects the demands of one request."""

    def __init__(self, candidate: Candidate, asked: Asked, statements: Sequence[Statement]) -> None:
        self.candidate, self.asked, self.statements = candidate, asked, statements
        self.counts = candidate.counts
        self.evidence: list[Evidence] = []
        self.notes = [f"{candidate.remark}"] if candidate.remark else []
        self.naming = [statement for statement, _ in candidate.mentions]

    def finished(self, settings: dict[str, object]) -> Draft | None:
        """The request, once all is collected."""
        if not self._content():
            return None
        exclude = self._exclusions()
        spacegroup, system = self._symmetry()
        prototypes = self._prototypes(spacegroup, system)
        if prototypes is None:
            return None
        conditions = self._conditions()
        families = tuple(name for name in self.asked.families if not self.counts)
        self._say_all("family", families, self._of_question)
        wish = Wish().changed(
            composition=conventional_formula(self.counts) if self.counts else None,
            elements=self._elements(),
            families=families,
            exclude=exclude,
            prototypes=prototypes,
            spacegroup=spacegroup,
            crystal_system=None if spacegroup else system,
            gap=self._gap(),
            filter=" AND ".join(conditions),
            words=self._words(),
            **settings,
        )
        return Draft(wish, tuple(dict.fromkeys(self.evidence)), tuple(dict.fromkeys(self.notes)), self.candidate.score)

    # --- one part of the request each ---------------------------------------------------------------------------

    def _content(self) -> bool:
        """The compound, or the elements; every page that names them."""
        found = False
        parent = self.candidate.parent
        if parent is not None:
            self._of_parent(parent)
        for statement, together in self.candidate.mentions:
            if self.counts and parent is None:
                same = [c for c in together if c.counts == self.counts]
                value = conventional_formula(self.counts)
                found |= bool(same) and self._paper("composition", value, same[0].name, statement)
            for symbol in self.candidate.elements:
                said = _element_words(statement.text, symbol)
                found |= bool(said) and self._paper("element", symbol, said, statement)
        if not self.counts and not self.candidate.elements:
            return self._class_named()
        return found

    def _of_parent(self, parent: Compound) -> None:
        """The compound that others are put into, as a sentence or the question names it."""
        for symbol in parent.counts:
            if symbol in self.counts:
                for statement in self.naming:
                    if any(c.counts == parent.counts for c in statement.compounds):
                        self._paper("element", symbol, parent.name, statement)
                        break
                else:
                    self.evidence.append(Evidence("element", symbol, "question", parent.name, self.asked.text))

    def _class_named(self) -> bool:
        """Where only the question says what it shall be: a page that speaks of such compounds."""
        for statement in self.statements:
            for mention in mentions_of(statement.text):
                if mention.kind == "prototype" and mention.name in self.asked.prototypes:
                    said = statement.text[mention.start : mention.end]
                    if not DEVICE_BEHIND.match(statement.text, mention.end):
                        return self._paper("prototype", str(mention.name), said, statement)
        return False

    def _elements(self) -> tuple[str, ...]:
        if self.counts:
            return ()
        wanted = [symbol for symbol in self.asked.elements if symbol not in self.candidate.elements]
        self._say_all("element", wanted, self._of_question)
        return (*self.candidate.elements, *wanted)

    def _exclusions(self) -> tuple[str, ...]:
        """Elements that must not be there: those of the question, and those that the sentences turn down."""
        own = set(self.counts) | set(self.candidate.elements)
        said = {value: words for demand, value, words in self.asked.words if demand == "exclude"}
        found: dict[str, None] = {}
        for symbol in self.asked.exclude:
            found[symbol] = None
            self.evidence.append(Evidence("exclude", symbol, "question", said.get(symbol, symbol), self.asked.text))
        for statement in self.statements:
            if statement not in self.naming and statement.weight < _FIRM:
                continue
            for symbol, words in excluded_elements(statement.text).items():
                if symbol not in own and self._paper("exclude", symbol, words, statement):
                    found[symbol] = None
        return tuple(found)

    def _shapes(self) -> list[Shape]:
        return [shape for statement, together in self.candidate.mentions for shape in shapes_of(statement, together)]

    def _symmetry(self) -> tuple[int | None, str | None]:
        """Space group and crystal system: the question's, else what the sentences agree on."""
        asked = self.asked
        if asked.spacegroup is not None or asked.crystal_system is not None:
            name: Demand = "spacegroup" if asked.spacegroup is not None else "crystal_system"
            self._say_all(name, [str(asked.spacegroup or asked.crystal_system)], self._of_question)
            self._repeat(name, str(asked.spacegroup or asked.crystal_system))
            return asked.spacegroup, asked.crystal_system
        shapes = self._shapes()
        groups = dict.fromkeys(shape.value for shape in shapes if shape.kind == "spacegroup")
        systems = dict.fromkeys(shape.value for shape in shapes if shape.kind == "crystal_system")
        if len(groups) > 1 or (not groups and len(systems) > 1):
            several = ", ".join((*groups, *systems))
            self.notes.append(f"the pages name several symmetries of {self._name}: {several}; none is asked for")
            return None, None
        group = int(next(iter(groups))) if groups else None
        system = next(iter(systems)) if len(systems) == 1 else None
        if group is not None:
            self._repeat("spacegroup", str(group))
            system = system_of(group)
        if system is not None and system in systems:
            self._repeat("crystal_system", system)
        return group, None if group is not None else system

    def _prototypes(self, spacegroup: int | None, system: str | None) -> tuple[str, ...] | None:
        """Structure types that the compound can have; None where the question's cannot be had by elements alone."""
        said = {value: words for demand, value, words in self.asked.words if demand == "prototype"}
        for name in self.asked.prototypes:
            possible = self._possible(name, spacegroup, system)
            if possible is not None:
                self.evidence.append(Evidence("prototype", possible, "question", said.get(name, name), self.asked.text))
                self._repeat("prototype", possible)
                return (possible,)
        for shape in (shape for shape in self._shapes() if shape.kind == "prototype"):
            possible = self._possible(shape.value, spacegroup, system)
            if possible is not None and self._paper("prototype", possible, shape.words, shape.statement):
                return (possible,)
        return ()

    def _possible(self, name: str, spacegroup: int | None, system: str | None) -> str | None:
        if not self.counts:
            return name
        possible = possible_type(name, self.counts, spacegroup, system)
        if possible is None:
            pattern = Facts(self.counts).anonymous
            reason = f"{self._name} ({pattern}) cannot have the structure type {name}"
            if possible_type(name, self.counts) is not None:
                reason = f"the structure type {name} does not have the symmetry that is asked for"
            self.notes.append(f"{reason}; it is not asked for")
        return possible

    def _conditions(self) -> list[str]:
        """Bounds of the question. A gap that a page tells of the compound is measured, not what a filter compares."""
        kept = []
        for clause in self.asked.conditions:
            if self.counts and re.match(r"\(?(?:band_gap|formation_energy|energy_above_hull)", clause):
                self.notes.append(f"{clause}: of {self._name} the pages speak; the crystals are not filtered by it")
            elif self.counts and not meets_conditions(self.counts, [clause]):
                self.notes.append(f"{self._name} does not meet {clause}, which the question seems to ask for")
            else:
                kept.append(clause)
                self.evidence.append(Evidence("filter", clause, "question", clause, self.asked.text))
        return kept

    def _gap(self) -> str | None:
        """The class of band gap that the question asks for, or that a sentence says of the compound."""
        if self.asked.gap:
            self._say_all("gap", [self.asked.gap], self._of_question)
            return self.asked.gap
        for statement, together in self.candidate.mentions:
            start, end = together[0].start, together[-1].end
            window = statement.text[max(0, start - _NEAR_GAP) : end + _NEAR_GAP]
            match = re.search(r"\b(?:wide|large|narrow|small)[- ](?:band[- ]?)?gap\b", window, re.IGNORECASE)
            gap = gap_class(match[0]) if match else None
            if match and gap and len(statement.lists) == 1 and self._paper("gap", gap, match[0], statement):
                return gap
        return None

    def _words(self) -> str:
        """What the text vector is made of: the sentences that the demands were read from, without what is forbidden."""
        told = [one for one in self.evidence if one.place is not None and one.demand != "exclude"]
        sentences = [self._without_others(text) for text in dict.fromkeys(one.sentence for one in told)]
        joined = " ".join(sentences[:_MOST_SENTENCES])
        if len(joined) > MOST_WORDS:
            joined = joined[:MOST_WORDS].rsplit(" ", 1)[0]
        understood = interpret(joined).text if joined else ANYTHING
        return "" if understood == ANYTHING else understood

    def _without_others(self, text: str) -> str:
        """A sentence that names no compound but this one, by its formula: others would draw the vector to them."""
        statement = next((one for one in self.statements if one.text == text), None)
        for compound in reversed(statement.compounds if statement else []):
            own = self.counts and compound.counts == self.counts
            text = text[: compound.start] + (self._name if own else "...") + text[compound.end :]
        return text

    # --- where a demand comes from ------------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        return conventional_formula(self.counts) if self.counts else self.candidate.name

    def _paper(self, demand: Demand, value: str, words: str, statement: Statement) -> bool:
        """Add what a page says; False where its quote does not have the words."""
        place = statement.place_of(words)
        if place is None:
            return False
        if words not in place.quote:  # as it stands on the page: Sn(II)5S4Cl2
            words = next((_bare(token, words) for token in place.quote.split() if says(token, words)), words)
        self.evidence.append(Evidence(demand, value, "paper", words, statement.text, place))
        return True

    def _repeat(self, demand: Demand, value: str) -> None:
        """Pages that say of the compound what is demanded already."""
        for shape in self._shapes():
            if shape.kind == demand and (shape.value == value or value.endswith(f" {shape.value}")):
                self._paper(demand, value, shape.words, shape.statement)

    def _say_all(self, demand: Demand, values: Sequence[str], source: Source) -> None:
        for value in values:
            self.evidence.append(Evidence(demand, value, source, value, self.asked.text))

    _of_question: Source = "question"


def _bare(token: str, words: str) -> str:
    """The least of a word of a page that still has certain words: without brackets and marks of references."""
    while says(token[:-1], words):
        token = token[:-1]
    while says(token[1:], words):
        token = token[1:]
    return token


def _element_words(text: str, symbol: str) -> str:
    """How a text writes an element, by name or by symbol; empty where it does not."""
    names = "|".join(ELEMENT_NAMES.get(symbol, ()))
    match = re.search(rf"(?<![\w-])(?:(?i:{names})|{symbol}(?:\^\d?[+-])?)(?![A-Za-z0-9])", text)
    return match[0] if match else ""
