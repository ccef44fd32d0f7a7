"""Whether two sentences of different papers speak of the same thing, and if so, whether they agree.

Built for precision: where something else could explain a difference - another substance, another condition, another
layer of the same device - the sentences are not comparable and nothing is said of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag.reading.text import word_list
from rag.verify.opposites import CONTRASTS, DIRECTED, are_opposites
from rag.verify.quantities import Quantity, agrees, find_numbers, plain_numbers
from rag.verify.rules import check_direction, check_names, check_negation, check_substances
from rag.verify.units import Dimension, parse_unit
from rag.verify.wording import Word, Wording, read_words

Relation = Literal["agrees", "number", "direction", "negation"]
"""That two sentences say the same of the same thing, or the way in which they contradict each other."""

SHORTER, LONGER = 0.75, 0.4
"""Least shares of the words of the shorter and the longer sentence that the other one has."""

APART = 0.02
"""Two values contradict where they lie further apart than this share of the larger, and no rounding explains it."""
APART_ABOUT = 0.15
""" ... and where one of them is said to be rough."""

_LEAST_SHARED = 2
_COPY = 0.8  # share of words from which a number without a unit counts, too

_TELLING = word_list(
    "find found report reported measure measured observe observed calculate calculated compute computed obtain "
    "obtained value result experiment study studied paper work determine determined estimate estimated reveal indicate "
    "demonstrate confirm investigate accord approximate approximately give given yield exhibit possess display amount "
    "reach equal lie occur become remain correspond range take about around roughly nearly recent previous present "
    "material sample case example fact note see say state typical typically usual usually generally well known "
    "measurement calculation make large exactly upon thus clearly with"
)
"""Words with which a thing is told, and which are not the thing."""
_TELLING_STEMS = frozenset(word.stem for word in read_words(" ".join(_TELLING)).words) | _TELLING
_PREDICATES = word_list(
    "is are was were be been being becomes become became remains remain remained has have had shows show showed "
    "exhibits exhibit exhibited possesses possess seems seem appears appear yields yield gives give makes make made"
)
_AMONG = word_list("by with when upon after from in on as to at than during if because due owing through under")
_COMPARATIVES = word_list(
    "more less fewer higher lower larger smaller greater stronger weaker faster slower better worse"
)
_ENDING = re.compile(r"(?<=.{5})(?:ations?|ions?|ivit(?:y|ies)|iv|ments?|anc|enc|al|ic|it(?:y|ies)|ness|or|er|at)$")
_SHORTEST_ROOT = 6
_PERHAPS = re.compile(
    r"\b(?:may|might|could|can|possibly|perhaps|whether|if|potentially|likely|unlikely)\b", re.IGNORECASE
)
_LISTS = re.compile(r"\brespectively\b", re.IGNORECASE)
_BOUND = re.compile(
    r"(?:up to|over|(?:more|less|fewer) than|below|above|under|at least|at most|as (?:high|low|much|many|large) as|"
    r"exceed(?:s|ing)?|within|maximum of|minimum of|order of|[><≥≤≳≲]) ?$",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:at|above|below|near|after|until|under|during|for|over|within|beyond|when|between|every|in|from)\b"
    r"(?: (?!(?:is|are|was|were|has|have|had|reach\w*|equal\w*)\b)[\w-]+){0,4} ?$",
    re.IGNORECASE,
)
_CONDITIONS: frozenset[Dimension] = frozenset(
    known[1] for unit in ("K", "s", "Pa", "T", "Hz") if (known := parse_unit(unit)) is not None
)
_KELVIN: Dimension = (("temperature", 1),)
_ROOM = re.compile(r"\b(?:room|ambient) temperatures?\b", re.IGNORECASE)
_ROOM_KELVIN = (290.0, 303.0)
_YEARS = range(1850, 2101)


def relation(a: str, b: str) -> Relation | None:
    """How two sentences stand to each other; None where they speak of different things, or it cannot be told.

    >>> relation("The gap of CsPbI3 is 1.7 eV.", "CsPbI3 has a gap of 2.1 eV.")
    'number'
    >>> relation("The gap of CsPbI3 is 1.7 eV.", "CsPbBr3 has a gap of 2.3 eV.")
    """
    if any(_LISTS.search(text) or text.rstrip().endswith("?") for text in (a, b)):
        return None
    bare, other = _without_numbers(a), _without_numbers(b)
    if any(check(x, y) for check in (check_substances, check_names) for x, y in ((bare, other), (other, bare))):
        return None
    ours, theirs = read_words(bare), read_words(other)
    turns = list(_opposites(ours, theirs))
    if any(not turn.stated for turn in turns) or not _same_matter(ours, theirs, turns):
        return None
    values = _values(a), _values(b)
    if not _same_conditions(*values):
        return None
    mine, yours = ([value for value in side if not value.condition] for side in values)
    numbers = _compare_values(mine, yours, copies=_shares(ours, theirs, ())[1] >= _COPY)
    if numbers in ("number", "unclear"):
        return "number" if numbers == "number" and not turns else None
    hedged = bool(_PERHAPS.search(a) or _PERHAPS.search(b))
    contrary = sum(not turn.cancelled for turn in turns)
    if contrary or any(finding.words == "than" for finding in check_direction(bare, other)):
        return "direction" if contrary <= 1 and not hedged else None
    if not turns and check_negation(bare, other):
        return None if hedged else "negation"
    alike = numbers == "agrees" or (not (mine and yours) and _shares(ours, theirs, turns)[1] >= SHORTER)
    denied = abs(len(ours.negations) - len(theirs.negations)) == sum(turn.cancelled for turn in turns)
    return "agrees" if alike and denied and _all_stated(a, b) else None


def _all_stated(a: str, b: str) -> bool:
    """Whether every year and count of the sentence with fewer stands in the other."""
    few, many = sorted(([q for q in find_numbers(text) if q.dimension is None] for text in (a, b)), key=len)
    return all(any(agrees(q, other) for other in many) for q in few)


# --- the matter -----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def _without_numbers(text: str) -> str:
    """A sentence without its numbers and their units, which are compared by themselves."""
    plain = plain_numbers(text)
    for quantity in reversed(find_numbers(text)):
        plain = f"{plain[: quantity.start]} {plain[quantity.end :]}"
    return plain


@lru_cache(maxsize=1024)
def _matter(wording: Wording) -> dict[int, str]:
    """Place and root of the words that say what a sentence is about, not that something is told or changes."""
    return {
        place: _root(word.stem)
        for place, word in enumerate(wording.words)
        if word.is_content and word.stem not in _TELLING_STEMS and not _is_change(word)
    }


def _is_change(word: Word) -> bool:
    """Whether it is a verb of more or less: those are compared as opposites, and "raises" is no other matter than
    "increases"."""
    return any(p.axis in DIRECTED and CONTRASTS[p.contrast].word_class == "verb" for p in word.poles)


def _root(stem: str) -> str:
    """Without the endings that make nouns and adjectives of one another: "conductivity", "conductive", "conducting"."""
    return _ENDING.sub("", stem) if stem.isalpha() and len(stem) > _SHORTEST_ROOT else stem


def _shares(ours: Wording, theirs: Wording, turns: Sequence[_Turn]) -> tuple[float, float]:
    """Shares of the matter that the other sentence has: of the sentence with the larger share, and of the other."""
    one, other = _without(_matter(ours), [t.ours for t in turns]), _without(_matter(theirs), [t.theirs for t in turns])
    shared = len(one & other)
    if not shared:
        return 0.0, 0.0
    return max(shared / len(one), shared / len(other)), min(shared / len(one), shared / len(other))


def _without(matter: dict[int, str], places: Sequence[int]) -> set[str]:
    return {stem for place, stem in matter.items() if place not in places}


def _same_matter(ours: Wording, theirs: Wording, turns: Sequence[_Turn]) -> bool:
    one, other = _matter(ours), _matter(theirs)
    if len(_without(one, [t.ours for t in turns]) & _without(other, [t.theirs for t in turns])) < _LEAST_SHARED:
        return False
    high, low = _shares(ours, theirs, turns)
    return high >= SHORTER and low >= LONGER and not _is_substituted(one, other, turns)


def _is_substituted(one: dict[int, str], other: dict[int, str], turns: Sequence[_Turn]) -> bool:
    """Whether a word stands in one sentence where another stands in the other: "buffer layer", "absorber layer"."""
    mine, yours = set(one.values()) - set(other.values()), set(other.values()) - set(one.values())
    mine -= {one.get(turn.ours, "") for turn in turns}
    yours -= {other.get(turn.theirs, "") for turn in turns}
    here, there = _neighbours(one), _neighbours(other)
    return any(
        here[a][side] is not None and here[a][side] == there[b][side] for a in mine for b in yours for side in (0, 1)
    )


def _neighbours(matter: dict[int, str]) -> dict[str, tuple[str | None, str | None]]:
    """Of each stem the content words before and behind it, where they are next to it but for a small word."""
    places = sorted(matter)
    found = {}
    for at, place in enumerate(places):
        before = matter[places[at - 1]] if at and place - places[at - 1] <= 2 else None
        behind = matter[places[at + 1]] if at + 1 < len(places) and places[at + 1] - place <= 2 else None
        found[matter[place]] = (before, behind)
    return found


# --- opposites ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Turn:
    """Two words that contradict each other.

    Attributes:
        ours: Place of the one.
        theirs: Place of the other, in the other sentence.
        stated: Whether both are what the sentences state; else they say which of two things is meant.
        cancelled: Whether a negation before one of them makes them say the same.
    """

    ours: int
    theirs: int
    stated: bool
    cancelled: bool


def _opposites(ours: Wording, theirs: Wording) -> Iterator[_Turn]:
    """Every word of the one sentence with its opposite in the other, where neither stands in both."""
    one, other = {word.stem for word in ours.words}, {word.stem for word in theirs.words}
    for place, word in enumerate(ours.words):
        if not word.poles or word.stem in other:
            continue
        for at, against in enumerate(theirs.words):
            if against.stem in one or not are_opposites(word.text, against.text):
                continue
            stated = _is_stated(ours, place) and _is_stated(theirs, at)
            cancelled = ours.is_denied(place, widely=True) != theirs.is_denied(at, widely=True)
            yield _Turn(place, at, stated, cancelled)


def _is_stated(wording: Wording, place: int) -> bool:
    """Whether a word is what its sentence states ("increases", "is stable"), not a part of what it is about ("the
    stable phase")."""
    word = wording.words[place]
    classes = {CONTRASTS[pole.contrast].word_class for pole in word.poles}
    before = [w.text.lower() for w in wording.words[max(0, place - 4) : place]]
    behind = [w.text.lower() for w in wording.words[place + 1 : place + 2]]
    told = any(text in _PREDICATES for text in before)
    if "-" in word.text or _is_joined(wording, word):
        return False
    if "verb" in classes:
        participle = any(pole.form == "ed" for pole in word.poles) and not any(pole.form == "s" for pole in word.poles)
        return not participle or told or not behind or behind[0] in _AMONG or not _is_attribute(wording, place)
    if "noun" in classes and not {"adjective"} & classes:
        return True
    return told or (word.text.lower() in _COMPARATIVES and "than" in (w.text.lower() for w in wording.words[place:]))


def _is_attribute(wording: Wording, place: int) -> bool:
    """Whether a participle stands before a noun and behind an article or at the start: "the reduced form"."""
    return place == 0 or wording.words[place - 1].text.lower() in ("the", "a", "an", "this", "these", "of", "in", "for")


def _is_joined(wording: Wording, word: Word) -> bool:
    """Whether a hyphen ties a word to the next: "high-temperature"."""
    return wording.text[word.start + len(word.text) :].startswith("-")


# --- values ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Value:
    """A number, or a range of two.

    Attributes:
        low, high: In SI.
        quantities: As written.
        dimension: None of a number without a unit.
        bound: Whether it is only an upper or a lower bound.
        condition: Whether it says when something holds, and not what.
    """

    low: float
    high: float
    quantities: tuple[Quantity, ...]
    dimension: Dimension | None
    bound: bool
    condition: bool


def _values(text: str) -> list[_Value]:
    plain = plain_numbers(text)
    found: list[_Value] = []
    quantities = [q for q in find_numbers(text) if q.dimension is not None or q.number not in _YEARS]
    rest = iter(enumerate(quantities))
    for place, quantity in rest:
        behind = quantities[place + 1] if place + 1 < len(quantities) else None
        low, high = quantity.value, quantity.value
        used: tuple[Quantity, ...] = (quantity,)
        joint = plain[quantity.end : behind.start].strip() if behind is not None else ""
        if behind is not None and behind.dimension == quantity.dimension and joint in ("±", "+/-"):
            margin = behind.number * behind.scale
            low, high = quantity.value - margin, quantity.value + margin
            next(rest)
        elif behind is not None and behind.dimension == quantity.dimension and joint in ("to", "-"):
            low, high, used = min(low, behind.value), max(high, behind.value), (quantity, behind)
            next(rest)
        before = plain[: quantity.start]
        condition = quantity.dimension in _CONDITIONS and _CONDITION.search(before) is not None
        bound = _BOUND.search(before[-20:]) is not None
        found.append(_Value(low, high, used, quantity.dimension, bound, condition))
    if not any(value.condition for value in found) and _ROOM.search(text):
        found.append(_Value(*_ROOM_KELVIN, (), _KELVIN, False, True))
    if all(value.condition for value in found):  # then they are what is told: "melts at 505 K"
        return [_Value(v.low, v.high, v.quantities, v.dimension, v.bound, not v.quantities) for v in found]
    return found


def _same_conditions(ours: Sequence[_Value], theirs: Sequence[_Value]) -> bool:
    """Whether each condition of the one is one of the other."""
    one, other = [v for v in ours if v.condition], [v for v in theirs if v.condition]
    return all(any(_meet(v, w) for w in other) for v in one) and all(any(_meet(v, w) for w in one) for v in other)


def _compare_values(
    ours: list[_Value], theirs: list[_Value], *, copies: bool
) -> Literal["agrees", "number", "unclear"] | None:
    """Whether two sentences about one thing give the same numbers; None where there is nothing to compare.

    Only one number of a kind may differ: of several it could not be told which stands against which.
    """
    agreed, against = False, 0
    for dimension in dict.fromkeys(value.dimension for value in ours):
        one = [v for v in ours if v.dimension == dimension]
        other = [v for v in theirs if v.dimension == dimension]
        if not other or (dimension is None and not copies):
            continue
        mine = [v for v in one if not any(_meet(v, w) for w in other)]
        yours = [w for w in other if not any(_meet(v, w) for v in one)]
        agreed |= len(mine) < len(one)
        if len(mine) == len(yours) == 1 and len(one) == len(other):
            (v,), (w,) = mine, yours
            if v.bound or w.bound or (v.low <= w.high and w.low <= v.high):
                return "unclear"
            against += 1
        elif mine and yours:
            return "unclear"
    if against:
        return "number" if against == 1 else "unclear"
    return "agrees" if agreed else None


def _meet(v: _Value, w: _Value) -> bool:
    """Whether two values can be one: they overlap, one is the other rounded, or they hardly differ."""
    if v.dimension != w.dimension:
        return False
    if len(v.quantities) == len(w.quantities) == 2:  # two ranges: from here to there
        return all(agrees(a, b) or agrees(b, a) for a, b in zip(v.quantities, w.quantities, strict=True))
    if v.low <= w.high and w.low <= v.high:
        return True
    if any(agrees(a, b) or agrees(b, a) for a in v.quantities for b in w.quantities):
        return True
    gap = max(v.low - w.high, w.low - v.high)
    size = max(abs(end) for end in (v.low, v.high, w.low, w.high))
    if v.low == v.high and w.low == w.high and abs(abs(v.low) - abs(w.low)) <= APART * size:
        return True  # "changes by -3 K", "drops by 3 K"
    rough = any(q.about for q in (*v.quantities, *w.quantities)) and not (v.bound or w.bound)
    return gap <= (APART_ABOUT if rough else APART) * size
