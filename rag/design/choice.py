"""Which compound the sentences answer with: weighed by what they say of it, not by which is named first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from clip_mat.crystal import NUMBERS
from clip_mat.facts import reduced
from clip_mat.generate.charge import charge_balanced
from clip_mat.generate.request import CrystalRequest, composition_meets
from clip_mat.language.formula_parser import SYMBOL
from clip_mat.language.names import ELEMENT_SYMBOLS
from clip_mat.search.formulas import conventional_formula
from rag.design.asked import Asked, removed_elements
from rag.design.compounds import Compound
from rag.design.shapes import possible_type
from rag.design.stance import COMPARED, OFFERED, REFUSED, stance
from rag.design.statements import Statement
from rag.retrieval import Query

LEAST = 0.12
"""Score below which a compound is merely mentioned."""
ALTERNATIVE = 0.4
"""Share of the best score from which a compound is an alternative."""
MOST_ALTERNATIVES = 6
_UNASKED = 0.15
"""By which the score of a compound that lacks what the question asks for is multiplied."""
_UNBALANCED = 0.7
_MISCALLED = 0.5
"""... that cannot have the structure type asked for: papers call many a compound a perovskite."""
_REPEATED = 0.15
_TOPIC = 2.0
_SCALE = 6.0
_BREAK = re.compile(r";|, (?:while|whereas|but)\b|\bas well as\b|\. [A-Z]|, and (?=\d|the |four |two |three )")
_WORD = re.compile(r"[^\W_][\w.%-]*")


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


def choose(
    asked: Asked, statements: Sequence[Statement], query: Query, words_of: Callable[[Sequence[str]], list[set[str]]]
) -> list[Candidate]:
    """Compounds that answer, best first; those of which no crystal can be made among them.

    Args:
        asked: Demands of the question.
        statements: What the papers say.
        query: The question's words and how rare they are.
        words_of: Folds and stems words as `query` has them.
    """
    mentions: dict[object, list[_Mention]] = {}
    for statement in statements:
        places = _words_at(statement.text, query, words_of)
        for together in statement.lists:
            worth = stance(statement.text, together[0].start, together[-1].end, asked.text)
            near = _closeness(statement.text, places, query, together[0].start, together[-1].end)
            for rank, compound in enumerate(together):
                own = min(worth, stance(statement.text, compound.start, compound.end, asked.text))
                analogue = bool(compound.counts and _is_analogue(statement.text, compound))
                own = max(own, OFFERED) if analogue else own
                score = statement.weight * own * (0.4 + near) * fit(compound, asked) * (1 - 0.02 * rank)
                name = frozenset(compound.counts.items()) if compound.counts else compound.name
                mentions.setdefault(name, []).append(
                    _Mention(statement, compound, together, score, is_analogue=analogue)
                )
        for compound, elements in _offered_elements(statement, asked):
            near = _closeness(statement.text, places, query, compound.start, compound.end)
            worth = stance(statement.text, compound.start, compound.end, asked.text)
            named = Compound(compound.start, compound.end, "", dict.fromkeys(elements, 1))
            suits = content_fit(named, asked.one_of)
            score = statement.weight * max(worth, OFFERED * (worth > REFUSED)) * (0.4 + near) * suits
            mentions.setdefault(elements, []).append(_Mention(statement, compound, [compound], score, elements))
    found = [_candidate(named, asked) for named in mentions.values()]
    return sorted((one for one in found if one.score >= LEAST), key=lambda one: -one.score)


def _candidate(named: list[_Mention], asked: Asked) -> Candidate:
    named.sort(key=lambda mention: -mention.score)
    best = named[0]
    counts = dict(best.compound.counts)
    own = {mention.statement.text: mention for mention in reversed(named) if mention.score > 0}
    others = sum(mention.score for mention in own.values()) - best.score if own else 0.0
    score = best.score + _REPEATED * max(0.0, others)
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
        mentions=[(mention.statement, mention.together) for mention in named if mention.score > 0],
        is_analogue=any(mention.is_analogue and mention.score > 0 for mention in named),
    )


_ANALOGUE = re.compile(
    r"\binorganic\s+(?:\w+\s)?(?:analog\w*|counterparts?|alternatives?|equivalents?|versions?|parents?)\b[^.;]{0,25}$",
    re.IGNORECASE,
)
_ANALOGUE_BEHIND = re.compile(
    r"[^.;]{0,25}\binorganic\s+(?:analog\w*|counterpart|alternative|equivalent)", re.IGNORECASE
)


def _is_analogue(text: str, compound: Compound) -> bool:
    """Whether a sentence calls a compound the inorganic counterpart of another."""
    before = text[max(0, compound.start - 70) : compound.start]
    return bool(_ANALOGUE.search(before) or _ANALOGUE_BEHIND.match(text, compound.end))


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
    if symbols & set(asked.exclude) or _is_set_aside(compound, asked):
        return 0.0
    worth = 1.0
    for symbol in asked.elements:
        worth *= 1.0 if symbol in symbols else _UNASKED
    worth *= content_fit(compound, asked.one_of)
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


def _is_set_aside(compound: Compound, asked: Asked) -> bool:
    return any(
        (compound.counts and compound.counts == other.counts) or compound.name == other.name
        for other in asked.set_aside
        if not any(other.counts == topic.counts for topic in asked.subject if topic.counts)
    )


def _words_at(text: str, query: Query, words_of: Callable[[Sequence[str]], list[set[str]]]) -> list[tuple[int, str]]:
    """Places of the question's words in a sentence: first character, and the word as the query has it."""
    found = list(_WORD.finditer(text))
    stems = words_of([match[0] for match in found])
    return [
        (match.start(), stem) for match, own in zip(found, stems, strict=True) for stem in own if stem in query.weights
    ]


def _closeness(text: str, places: Sequence[tuple[int, str]], query: Query, start: int, end: int) -> float:
    """How near to a mention the question's words stand, each by its rarity: 0 to 1."""
    best: dict[str, float] = {}
    for place, stem in places:
        between = "" if start <= place < end else text[end:place] if place >= end else text[place:start]
        distance = len(between.split()) + _SCALE * len(_BREAK.findall(between))
        best[stem] = max(best.get(stem, 0.0), 1 / (1 + distance / _SCALE))
    total = sum(query.weights.values())
    return sum(query.weights[stem] * near for stem, near in best.items()) / total if total else 0.0


_NAMES = "|".join(ELEMENT_SYMBOLS)
_ONE = rf"(?:(?i:{_NAMES})(?![a-z])|{SYMBOL}(?:\^\d?[+-])?(?![A-Za-z0-9]))"
_CLASS = r"(?:halides?|iodides?|bromides?|chlorides?|oxides?|sulfides?|selenides?|nitrides?|fluorides?)"
_PUT_IN = re.compile(
    rf"\b(?:replac\w+|substitut\w+)\b[^.;]{{0,40}}?\b(?:with|by)\b(?P<list>(?:[^.;]|\.(?!\s+[A-Z])){{0,120}})|"
    rf"\bsubstitut(?:ing|ion of)\s+(?P<first>{_ONE})(?=\s+for\b)",
)
_CLASS_OF = re.compile(rf"(?<![\w-])(?P<one>{_ONE})(?:-based)?(?:\s{_CLASS})?\s(?P<noun>[a-z-]{{4,}})")
_EACH = re.compile(rf"(?<![\w-]){_ONE}")
_ASKS_ELEMENTS = re.compile(
    r"\b(?:which|what)\s+(?:[\w-]+\s){0,2}?(?:elements?|metals?|cations?|anions?|ions?|dopants?|pair)\b", re.IGNORECASE
)
_NO_NOUNS = frozenset(["atoms", "vacancy", "vacancies", "content", "cations", "cation", "ions", "leakage", "toxicity"])


def _offered_elements(statement: Statement, asked: Asked) -> list[tuple[Compound, tuple[str, ...]]]:
    """Elements that a sentence puts in the place of others, or whose compounds it calls promising."""
    text, found = statement.text, []
    wants_elements = bool(_ASKS_ELEMENTS.search(asked.text))
    for match in _PUT_IN.finditer(text):
        part = "first" if match["first"] else "list"
        listed = list(_EACH.finditer(text, match.start(part), match.end(part)))
        symbols = tuple(dict.fromkeys(symbol_of(one[0]) for one in listed))
        if 1 <= len(symbols) <= 3 and not set(symbols) & set(asked.exclude):
            start, end = listed[0].start(), listed[-1].end()
            found.append((Compound(start, end, text[start:end], {}), symbols))
    for match in _CLASS_OF.finditer(text):
        symbol = symbol_of(match["one"])
        if symbol in asked.exclude or match["noun"] in _NO_NOUNS or symbol not in NUMBERS:
            continue
        worth = stance(text, match.start("one"), match.end(), asked.text)
        is_class = re.match(r"perovskites?|oxides?|chalcogenides?|halides?|materials?|compounds?", match["noun"])
        if is_class and (worth == OFFERED or (wants_elements and worth > COMPARED)):
            found.append((Compound(match.start("one"), match.end("one"), match["one"], {}), (symbol,)))
    return found


def symbol_of(word: str) -> str:
    """The symbol of an element that is written by name or by symbol, with its charge or without."""
    plain = re.sub(r"\^?\d?[+-]$", "", word)
    return ELEMENT_SYMBOLS.get(plain.lower(), plain)
