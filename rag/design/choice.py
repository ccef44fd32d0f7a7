"""Which compound the sentences answer with: weighed by what they say of it, not by which is named first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from clip_mat.crystal import NUMBERS
from clip_mat.facts import reduced
from clip_mat.generate.charge import charge_balanced
from clip_mat.generate.request import CrystalRequest, composition_meets
from clip_mat.language.formula_parser import SYMBOL
from clip_mat.language.formulas import conventional_formula
from clip_mat.language.names import ELEMENT_SYMBOLS
from rag.design.asked import Asked
from rag.design.compounds import Compound
from rag.design.gloss import Words, words_at
from rag.design.nearness import has_asked_number, nearness, told_by_numbers
from rag.design.stance import (
    COMPARED,
    OFFERED,
    REFUSED,
    is_analogue,
    removed_elements,
    stance,
    symbol_of,
)
from rag.design.statements import Statement
from rag.design.structure_types import possible_type
from rag.retrieval import Query

LEAST = 0.12
"""Score below which a compound is merely mentioned."""
ALTERNATIVE = 0.4
"""Share of the best score from which a compound is an alternative."""
MOST_ALTERNATIVES = 6
_UNASKED = 0.15
"""By which the score of a compound that lacks what the question asks for is multiplied."""
_UNNAMED = 0.7
"""... once for each element that the question's name of the compound ("tin oxide") does not hold."""
_UNBALANCED = 0.9
_STANDS_IN = 0.8
"""... that is made in place of a solid solution or a doped compound."""
_MISCALLED = 0.5
"""... that cannot have the structure type asked for: papers call many a compound a perovskite."""
_REPEATED = 0.15
"""Share of the scores of further sentences that counts, ..."""
_MOST_REPEATED = 2.0
"""... up to so many times that of the best one."""
_LEAST_SHARE = 0.4
"""Share of the score of the best sentence from which another that names a compound counts as saying so, too."""
_UNASKED_KIND = 0.5
"""... where elements are asked for and a compound is named."""
_TOPIC = 2.0


@dataclass
class Candidate:
    """A compound, or elements, that the sentences may answer with.

    Attributes:
        counts: Atoms of each element; empty where only elements are named, or no crystal can be made.
        elements: Where no compound is named: elements that it shall have.
        reason: Why no crystal can be made; empty otherwise.
        name: As it stands in the best sentence.
        remark: What is not quite as the paper has it.
        score: Higher is better.
        mentions: Sentences that name it, the best first, and those beside which it stands there.
        is_analogue: Whether a sentence names it as the inorganic counterpart of a compound that cannot be made.
        parent: The compound in which `elements` take the place of others, where it is derived from one.
    """

    counts: dict[str, int]
    elements: tuple[str, ...] = ()
    reason: str = ""
    name: str = ""
    remark: str = ""
    score: float = 0.0
    mentions: list[tuple[Statement, list[Compound]]] = field(default_factory=list)
    is_analogue: bool = False
    parent: Compound | None = None


@dataclass(frozen=True)
class _Mention:
    """A place where a candidate is named, and what that is worth."""

    statement: Statement
    compound: Compound
    together: list[Compound]
    score: float
    elements: tuple[str, ...] = ()
    is_analogue: bool = False


def choose(asked: Asked, statements: Sequence[Statement], query: Query, words_of: Words) -> list[Candidate]:
    """Compounds that answer, best first; those of which no crystal can be made among them.

    Args:
        asked: Demands of the question.
        statements: What the papers say.
        query: The question's words and how rare they are.
        words_of: Folds and stems words as `query` has them.
    """
    mentions: dict[object, list[_Mention]] = {}
    for statement in statements:
        places = words_at(statement.text, statement.compounds, asked, query, words_of)
        for mention in _compounds(statement, asked, query, places):
            counts = mention.compound.counts
            name = frozenset(counts.items()) if counts else mention.compound.name
            mentions.setdefault(name, []).append(mention)
        for mention in _elements(statement, asked, query, places):
            mentions.setdefault(mention.elements, []).append(mention)
    found = [_candidate(named, asked) for named in mentions.values()]
    return sorted((one for one in found if one.score >= LEAST), key=lambda one: -one.score)


def _compounds(
    statement: Statement, asked: Asked, query: Query, places: Sequence[tuple[int, str]]
) -> Iterator[_Mention]:
    """Every compound that a sentence names, and what that is worth."""
    text = statement.text
    for together in statement.lists:
        worth = stance(text, together[0].start, together[-1].end, asked.text)
        chosen = told_by_numbers(text, together, asked.text)
        for rank, compound in enumerate(together):
            own = min(worth, stance(text, compound.start, compound.end, asked.text))
            if chosen is not None:
                own = OFFERED if chosen is compound else COMPARED
            elif own and has_asked_number(text, compound, asked.text):
                own = OFFERED
            analogue = bool(compound.counts and is_analogue(text, compound.start, compound.end))
            own = max(own, OFFERED) if analogue else own
            near = nearness(text, places, query, compound, together, statement.compounds)
            kind = _UNASKED_KIND if asked.wants_elements else 1.0
            score = statement.weight * own * kind * (0.4 + near) * fit(compound, asked) * (1 - 0.02 * rank)
            yield _Mention(statement, compound, together, score, is_analogue=analogue)


def _elements(
    statement: Statement, asked: Asked, query: Query, places: Sequence[tuple[int, str]]
) -> Iterator[_Mention]:
    """Elements that a sentence offers without naming a compound, and what that is worth."""
    for compound, elements in _offered_elements(statement, asked):
        near = nearness(statement.text, places, query, compound, [compound], statement.compounds)
        worth = stance(statement.text, compound.start, compound.end, asked.text)
        named = Compound(compound.start, compound.end, "", dict.fromkeys(elements, 1))
        suits = content_fit(named, asked.one_of)
        score = statement.weight * max(worth, OFFERED * (worth > REFUSED)) * (0.4 + near) * suits
        yield _Mention(statement, compound, [compound], score, elements)


def _candidate(named: list[_Mention], asked: Asked) -> Candidate:
    named.sort(key=lambda mention: -mention.score)
    best = named[0]
    counts = dict(best.compound.counts)
    own = {mention.statement.text: mention for mention in reversed(named) if mention.score > 0}
    others = sum(mention.score for mention in own.values()) - best.score if own else 0.0
    score = best.score + _REPEATED * min(max(0.0, others), _MOST_REPEATED * best.score)
    topics = [topic.counts or topic.name for topic in asked.subject]
    if (counts or best.compound.name) in topics:
        score *= _TOPIC
    return Candidate(
        counts=counts,
        elements=best.elements,
        reason=best.compound.reason,
        name=best.compound.name,
        remark=best.compound.remark,
        score=score,
        mentions=[(mention.statement, mention.together) for mention in _telling(named)],
        is_analogue=any(mention.is_analogue and mention.score > 0 for mention in named),
    )


def _telling(named: Sequence[_Mention]) -> list[_Mention]:
    """The mentions, best first, that a request is read from: those of the answer, else those that it missed."""
    strong = [mention for mention in named if mention.score > _LEAST_SHARE * named[0].score]
    if all(mention.statement.apart for mention in strong):
        return strong
    return [mention for mention in named if mention.score > 0 and not mention.statement.apart]


def derived(candidate: Candidate, asked: Asked) -> Candidate | None:
    """The compound that follows where elements take the place of another in a compound that question or sentence names.

    One element replaces another atom by atom; two share its places in a cell of twice the size (cation mutation;
    Pamplin, J. Phys. Chem. Solids 25, 675 (1964)).

    Returns:
        None where no parent is named, or charges would not balance.
    """
    for statement, together in candidate.mentions:
        removed = {**removed_elements(statement.text), **dict.fromkeys(asked.exclude, "")}
        parents = [*asked.subject, *asked.set_aside, *statement.compounds]
        for parent in parents:
            gone = [symbol for symbol in parent.counts if symbol in removed]
            if len(gone) != 1 or set(candidate.elements) & set(parent.counts) or len(candidate.elements) > 2:
                continue
            counts = _swapped(parent.counts, gone[0], candidate.elements)
            if charge_balanced(Counter(counts)):
                names = " and ".join(candidate.elements)
                return Candidate(
                    counts=counts,
                    elements=candidate.elements,
                    name=conventional_formula(counts),
                    remark=f"{conventional_formula(counts)} is {parent.formula} with {names} in place of {gone[0]}",
                    score=candidate.score,
                    mentions=[(statement, together)],
                    parent=parent,
                )
    return None


def _swapped(counts: Mapping[str, int], gone: str, elements: Sequence[str]) -> dict[str, int]:
    times = len(elements)
    kept = {symbol: count * times for symbol, count in counts.items() if symbol != gone}
    return reduced({**kept, **dict.fromkeys(elements, counts[gone])})


def fit(compound: Compound, asked: Asked) -> float:
    """How well what a compound is made of goes with the question: 0 for what must not be, 1 for all that is asked."""
    symbols = set(compound.counts) or set(re.findall(SYMBOL, compound.name))
    if symbols & set(asked.exclude) or asked.sets_aside(compound):
        return 0.0
    worth = 1.0
    for symbol in asked.elements:
        worth *= 1.0 if symbol in symbols else _UNASKED
    worth *= content_fit(compound, asked.one_of)
    worth *= _UNNAMED ** len(symbols - asked.only) if asked.only else 1.0
    if compound.stands_in:
        worth *= _STANDS_IN
    if compound.counts:
        if not charge_balanced(Counter(compound.counts)):
            worth *= _UNBALANCED
        if not meets_conditions(compound.counts, asked.conditions):
            worth *= _UNASKED
        if asked.prototypes and not any(possible_type(name, compound.counts) for name in asked.prototypes):
            worth *= _MISCALLED
    return worth


def content_fit(compound: Compound, one_of: Sequence[Sequence[str]]) -> float:
    """1 where a compound has one element of each group, less for each group of which it has none."""
    symbols = set(compound.counts) or set(re.findall(SYMBOL, compound.name))
    return float(np.prod([1.0 if symbols & set(group) else _UNASKED for group in one_of]))


def meets_conditions(counts: Mapping[str, int], conditions: Sequence[str]) -> bool:
    """Whether a composition meets those conditions that speak of compositions."""
    return all(composition_meets(dict(counts), CrystalRequest(filter=clause)) for clause in conditions)


_NAMES = "|".join(ELEMENT_SYMBOLS)
_ONE = rf"(?:(?i:{_NAMES})(?![a-z])|{SYMBOL}(?:\^\d?[+-])?(?![A-Za-z0-9]))"
_CLASS = r"(?:halides?|iodides?|bromides?|chlorides?|oxides?|sulfides?|selenides?|nitrides?|fluorides?)"
_PUT_IN = re.compile(
    rf"\b(?:replac\w+|substitut\w+)\b[^.;]{{0,40}}?\b(?:with|by)\b(?P<list>(?:[^.;]|\.(?!\s+[A-Z])){{0,120}})|"
    rf"\bsubstitut(?:ing|ion of)\s+(?P<first>{_ONE})(?=\s+for\b)",
)
_CLASS_OF = re.compile(rf"(?<![\w-])(?P<one>{_ONE})(?:-based)?(?:\s{_CLASS})?\s(?P<noun>[a-z-]{{4,}})")
_WITH = re.compile(rf"{_CLASS}\s(?:with|containing|based on|of)\s(?P<list>{_ONE}(?:(?:,\s|\sand\s|,\sand\s){_ONE})*)")
_EACH = re.compile(rf"(?<![\w-]){_ONE}")
_NO_NOUNS = frozenset(["atoms", "vacancy", "vacancies", "content", "cations", "cation", "ions", "leakage", "toxicity"])


def _offered_elements(statement: Statement, asked: Asked) -> list[tuple[Compound, tuple[str, ...]]]:
    """Elements that a sentence puts in the place of others, or whose compounds it calls promising."""
    text, found = statement.text, []
    wants_elements = asked.wants_elements
    for match in _PUT_IN.finditer(text):
        part = "first" if match["first"] else "list"
        listed = list(_EACH.finditer(text, match.start(part), match.end(part)))
        symbols = _symbols(listed)
        if 1 <= len(symbols) <= 3 and not set(symbols) & set(asked.exclude):
            start, end = listed[0].start(), listed[-1].end()
            found.append((Compound(start, end, text[start:end], {}), symbols))
    for match in _WITH.finditer(text) if wants_elements else ():
        listed = list(_EACH.finditer(text, match.start("list"), match.end("list")))
        found.append((Compound(match.start("list"), match.end("list"), match["list"], {}), _symbols(listed)))
    for match in _CLASS_OF.finditer(text):
        symbol = symbol_of(match["one"])
        if symbol in asked.exclude or match["noun"] in _NO_NOUNS or symbol not in NUMBERS:
            continue
        worth = stance(text, match.start("one"), match.end(), asked.text)
        is_class = re.match(r"perovskites?|oxides?|chalcogenides?|halides?|materials?|compounds?", match["noun"])
        if is_class and (worth == OFFERED or (wants_elements and worth > COMPARED)):
            found.append((Compound(match.start("one"), match.end("one"), match["one"], {}), (symbol,)))
    return found


def _symbols(listed: Sequence[re.Match[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(symbol_of(one[0]) for one in listed))
