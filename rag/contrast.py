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
from rag.values import compare_values, same_conditions, values_of
from rag.verify.opposites import CONTRASTS, DIRECTED, are_opposites
from rag.verify.quantities import agrees, find_numbers, plain_numbers
from rag.verify.rules import check_direction, check_names, check_negation, check_substances
from rag.verify.wording import Word, Wording, read_words

Relation = Literal["agrees", "number", "direction", "negation"]
"""That two sentences say the same of the same thing, or the way in which they contradict each other."""

LONGER = 0.4
"""Least share of the words of the longer sentence that the shorter one has."""

OWN_WORDS = 0.125
"""Largest share of the words of the shorter sentence that the longer one lacks: one could name another thing."""

ALIKE = 0.75
"""Least share of the words of the longer sentence that the shorter one has, where they agree without a number."""

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
_KIND = re.compile(
    r"(?:nano|micro|mono-?layer|bi-?layer|few-layer|quantum|dots?$|surface|interface|amorphous|strain|doped|undoped|alloy|"
    r"cluster|liquid|molt|gas|molecul|isolated|pristine|ideal|theoretical|experimental|simulat|predict|hydrat)",
    re.IGNORECASE,
)
"""Words that make another thing of a material, or another thing of what is known of it."""
_PLAIN_WORD = re.compile(r"\b[^\W\d_]{5,}\b")
_TWO_WORDS = re.compile(r"\b([^\W\d_]{2,})[ -](?=([^\W\d_]{2,})\b)")
_PERHAPS = re.compile(
    r"\b(?:may|might|could|can|possibly|perhaps|whether|if|potentially|likely|unlikely)\b", re.IGNORECASE
)
_LISTS = re.compile(r"\brespectively\b", re.IGNORECASE)


def relation(a: str, b: str) -> Relation | None:
    """How two sentences stand to each other; None where they speak of different things, or it cannot be told.

    >>> relation("The gap of CsPbI3 is 1.7 eV.", "CsPbI3 has a gap of 2.1 eV.")
    'number'
    >>> relation("The gap of CsPbI3 is 1.7 eV.", "CsPbBr3 has a gap of 2.3 eV.")
    """
    if any(_LISTS.search(text) or text.rstrip().endswith("?") for text in (a, b)):
        return None
    bare, other = _spelled_alike(_without_numbers(a), _without_numbers(b))
    ours, theirs = read_words(bare), read_words(other)
    turns = list(_opposites(ours, theirs))
    if any(not turn.stated for turn in turns) or not _same_matter(ours, theirs, turns):
        return None
    if any(check(x, y) for check in (check_substances, check_names) for x, y in ((bare, other), (other, bare))):
        return None
    values = values_of(a), values_of(b)
    if not same_conditions(*values):
        return None
    mine, yours = ([value for value in side if not value.condition] for side in values)
    numbers = compare_values(mine, yours, copies=_share(ours, theirs, ()) >= _COPY)
    if numbers in ("number", "unclear"):
        return "number" if numbers == "number" and not turns else None
    hedged = bool(_PERHAPS.search(a) or _PERHAPS.search(b))
    contrary = sum(not turn.cancelled for turn in turns)
    if contrary or any(finding.words == "than" for finding in check_direction(bare, other)):
        return "direction" if contrary <= 1 and not hedged else None
    if not turns and check_negation(bare, other):
        return None if hedged else "negation"
    alike = numbers == "agrees" or (not (mine and yours) and _share(ours, theirs, turns) >= ALIKE)
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


def _spelled_alike(a: str, b: str) -> tuple[str, str]:
    """Two texts in which what one writes as a word and the other as two, or with a hyphen, is one word in both:
    "band gap", "band-gap", "bandgap"."""
    solid = {word.lower() for text in (a, b) for word in _PLAIN_WORD.findall(text)}

    def join(match: re.Match[str]) -> str:
        return match[1] if (match[1] + match[2]).lower() in solid else match[0]

    return _TWO_WORDS.sub(join, a), _TWO_WORDS.sub(join, b)


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


def _share(ours: Wording, theirs: Wording, turns: Sequence[_Turn]) -> float:
    """Share of the matter of the longer sentence that the shorter one has."""
    one, other = _without(_matter(ours), [t.ours for t in turns]), _without(_matter(theirs), [t.theirs for t in turns])
    return len(one & other) / max(len(one), len(other), 1)


def _without(matter: dict[int, str], places: Sequence[int]) -> set[str]:
    return {stem for place, stem in matter.items() if place not in places}


def _same_matter(ours: Wording, theirs: Wording, turns: Sequence[_Turn]) -> bool:
    one, other = _matter(ours), _matter(theirs)
    mine, yours = _without(one, [t.ours for t in turns]), _without(other, [t.theirs for t in turns])
    shared, (short, long) = len(mine & yours), sorted((len(mine), len(yours)))
    if shared < _LEAST_SHARED or shared < long * LONGER or short - shared > short * OWN_WORDS:
        return False
    if _is_qualified(ours, one, yours, turns) or _is_qualified(theirs, other, mine, turns):
        return False
    return not _is_substituted(one, other, turns)


def _is_qualified(wording: Wording, matter: dict[int, str], known: set[str], turns: Sequence[_Turn]) -> bool:
    """Whether a word that the other sentence lacks says which kind is meant: "amorphous TiO2", "TiO2 nanotubes"."""
    turned = {turn.ours for turn in turns} | {turn.theirs for turn in turns}
    for place, root in matter.items():
        if root in known or place in turned:
            continue
        if _KIND.match(wording.words[place].text):
            return True
        amount = any(pole.axis in DIRECTED for pole in wording.words[place].poles)
        if not amount and matter.get(place + 1) in known:
            return True
    return False


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
            if against.stem in one or not (are_opposites(word.text, against.text) or _pull_apart(word, against)):
                continue
            stated = _is_stated(ours, place) and _is_stated(theirs, at)
            cancelled = ours.is_denied(place, widely=True) != theirs.is_denied(at, widely=True)
            yield _Turn(place, at, stated, cancelled)


def _pull_apart(word: Word, other: Word) -> bool:
    """Whether one verb says more and the other less, though not of one contrast: "enhances", "suppresses"."""
    return _is_change(word) and _is_change(other) and _pulls(word).isdisjoint(_pulls(other))


def _pulls(word: Word) -> set[int]:
    return {pole.side for pole in word.poles if pole.axis in DIRECTED and CONTRASTS[pole.contrast].word_class == "verb"}


def _is_stated(wording: Wording, place: int) -> bool:
    """Whether a word is what its sentence states ("increases", "is stable"), not a part of what it is about ("the
    stable phase")."""
    word = wording.words[place]
    classes = {CONTRASTS[pole.contrast].word_class for pole in word.poles}
    before = [w.text.lower() for w in wording.words[max(0, place - 4) : place]]
    behind = [w.text.lower() for w in wording.words[place + 1 : place + 2]]
    told = any(text in _PREDICATES for text in before)
    if _is_joined(wording, word):
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
