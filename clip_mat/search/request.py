"""A question in plain words, split into a filter and words to rank by.

A vector holds formulas, structure types and classes of compounds well, and numbers, negations and lists of elements
badly. These become an OPTIMADE filter that is shown and can be changed. A wrong filter hides the right answer, so a
phrase becomes one only where its meaning is plain; everything else stays in the words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from clip_mat.errors import RequestError
from clip_mat.facts import METAL_BELOW, STABLE_BELOW
from clip_mat.language.formula_parser import plain_digits
from clip_mat.language.mentions import find_mentions
from clip_mat.search import element_phrases, number_phrases
from clip_mat.search.element_groups import FAMILY_ELEMENTS, TOXIC
from clip_mat.search.phrase import Phrase, has_any

MAX_LENGTH = 2000
"""Longest question in characters."""
ANYTHING = "a crystalline compound"
"""What the ranking goes by when every word of the question became part of the filter."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a question asks for.

    Attributes:
        filter: OPTIMADE filter for `clip_mat.search.optimade.compile_filter`; empty where nothing is to be filtered.
        text: The words to rank by; never empty.
        notes: How each phrase of the filter was understood, for the user to see.
    """

    filter: str
    text: str
    notes: tuple[str, ...] = ()


def interpret(text: str) -> Request:
    """Split a question into a filter and words to rank by.

    Args:
        text: Like ``lead-free halide perovskite with a gap above 1.5 eV``.

    Raises:
        RequestError: If there are no words, too many, or the text is no valid Unicode.
    """
    if not text.strip():
        raise RequestError("the question is empty: say what to look for, as in 'orthorhombic LiMnO2'")
    if len(text) > MAX_LENGTH:
        raise RequestError(f"the text has {len(text):,} characters; shorten it to {MAX_LENGTH:,}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RequestError(f"the question is not valid Unicode: {text[:40]!r}") from None
    phrases = list(_understand(plain_digits(text)))
    clauses = list(dict.fromkeys(phrase.filter for phrase in phrases))
    words = _without(text, [(phrase.start, phrase.end) for phrase in phrases if phrase.leaves])
    notes = tuple(f"{text[phrase.start : phrase.end].strip()}: {phrase.filter}" for phrase in phrases)
    return Request(" AND ".join(clauses), words or ANYTHING, notes)


def _understand(text: str) -> Iterator[Phrase]:
    """The phrases that become a filter, in the order of the text; no two overlap."""
    named = any(mention.kind == "formula" and len(mention.composition) > 1 for mention in find_mentions(text))
    taken = bytearray(len(text))
    found: list[Phrase] = []
    for finder in _FINDERS:
        for phrase in finder(text):
            if any(taken[phrase.start : phrase.end]):
                continue
            taken[phrase.start : phrase.end] = b"\x01" * (phrase.end - phrase.start)
            if not (_is_alternative(text, phrase) or (named and phrase.soft)):
                found.append(phrase)
    yield from sorted(found, key=lambda phrase: phrase.start)


_OR_BEFORE = re.compile(
    r"\b(?:or|either|maybe|perhaps|possibly|optionally|preferably|ideally) (?:a |an )?$",
    re.IGNORECASE,
)
_OR_BEHIND = re.compile(r",? or\b", re.IGNORECASE)


def _is_alternative(text: str, phrase: Phrase) -> bool:
    """Whether the phrase is one of several choices or a mere wish; then it must not hide anything."""
    before = _OR_BEFORE.search(text, max(0, phrase.start - 16), phrase.start)
    return before is not None or _OR_BEHIND.match(text, phrase.end) is not None


_NEGATION = re.compile(
    r"(?:(?<!\w)non-?|\bnot (?:an? |in (?:the |a )?|of (?:the )?)?|\bno |\bneither |\bnor |\bexcluding "
    r"|\bexcept (?:for )?|\bother than |\bwithout (?:an? |any )?|\bnever )$",
    re.IGNORECASE,
)
_METALLIC = re.compile(r"\b(?:non-?metallic|not (?:a metal|metals|metallic|conducting))\b", re.IGNORECASE)
_NON_TOXIC = re.compile(r"\b(?:non-?toxic|not toxic)\b", re.IGNORECASE)
_NEW_ANIONS = {
    re.compile(r"\b(?:di)?chalcogenides?\b", re.IGNORECASE): ("S", "Se", "Te"),
    re.compile(r"\bpnictides?\b", re.IGNORECASE): ("N", "P", "As", "Sb", "Bi"),
}


def _find_negated(text: str) -> Iterator[Phrase]:
    """``non-cubic``, ``not a perovskite``, ``non-oxide``, ``non-metallic``, ``non-toxic``."""
    for match in _METALLIC.finditer(text):
        yield Phrase(*match.span(), f"band_gap > {METAL_BELOW}", leaves=True)
    for match in _NON_TOXIC.finditer(text):
        yield Phrase(*match.span(), f"NOT {has_any(TOXIC)}", leaves=True)
    for mention in find_mentions(text):
        negation = _NEGATION.search(text, max(0, mention.start - 16), mention.start)
        if negation is None:
            continue
        condition = None
        if mention.kind == "crystal_system":
            condition = f'crystal_system != "{mention.name}"'
        elif mention.kind == "spacegroup":
            condition = f"spacegroup != {mention.spacegroup}"
        elif mention.kind == "prototype" and mention.name:
            condition = f'(prototypes IS UNKNOWN OR NOT prototypes HAS "{mention.name}")'
        elif mention.kind == "family" and mention.name in FAMILY_ELEMENTS:
            if not (negation[0].lower().startswith("non") or _NO_NOUN_BEHIND.match(text, mention.end)):
                continue  # "no oxide layer"
            condition = f"NOT {has_any(FAMILY_ELEMENTS[mention.name])}"
        if condition:
            yield Phrase(negation.start(), mention.end, condition, leaves=True)


_NO_NOUN_BEHIND = re.compile(
    r"\s*(?:$|[.,;:!?)]|(?:and|but|or|nor|with|in|that|which|perovskites?|compounds?|materials?)\b)"
)


def _find_anion_classes(text: str) -> Iterator[Phrase]:
    """Chalcogenides and pnictides: several families by one word."""
    for pattern, symbols in _NEW_ANIONS.items():
        for match in pattern.finditer(text):
            negation = _NEGATION.search(text, max(0, match.start() - 16), match.start())
            if negation:
                yield Phrase(negation.start(), match.end(), f"NOT {has_any(symbols)}", leaves=True)
            else:
                yield Phrase(*match.span(), has_any(symbols), soft=True)


_SYSTEM_BEFORE = re.compile(r"\b(?:system|chemsys|phase diagram)(?: of)?:? $", re.IGNORECASE)
_SYSTEM_BEHIND = re.compile(
    r" (?:chemical |ternary |binary |quaternary )?(?:system|phase diagram|chemical space)\b", re.I
)


def _find_systems(text: str) -> Iterator[Phrase]:
    """``Li-Mn-O system``: these elements, all of them and no others."""
    for mention in find_mentions(text):
        if mention.kind == "system" and (
            _SYSTEM_BEHIND.match(text, mention.end)
            or _SYSTEM_BEFORE.search(text, max(0, mention.start - 20), mention.start)
        ):
            symbols = [str(symbol) for symbol, _ in mention.composition]
            yield Phrase(mention.start, mention.end, element_phrases.only(symbols), soft=True)


_ON_HULL = re.compile(r"\b(?:(?:lying|lies|lie|are|is) )?on (?:the )?(?:convex )?hull\b", re.IGNORECASE)


def _find_on_hull(text: str) -> Iterator[Phrase]:
    for match in _ON_HULL.finditer(text):
        yield Phrase(*match.span(), f"energy_above_hull <= {STABLE_BELOW}", leaves=True)


_FINDERS: tuple[Callable[[str], Iterator[Phrase]], ...] = (
    number_phrases.find,
    _find_on_hull,
    element_phrases.find_excluded,
    _find_negated,
    _find_systems,
    element_phrases.find_only,
    element_phrases.find_required,
    _find_anion_classes,
    element_phrases.find_groups,
)

_LOOSE = r"(?:and|or|but|with|that|which|having|has|have|is|are)"
_LOOSE_START = re.compile(rf"^(?:\s|[,;:.]|{_LOOSE}\b)+", re.IGNORECASE)
_LOOSE_END = re.compile(rf"(?:\s|[,;:]|\b(?:{_LOOSE}|a|an|the|of|by)\b)+$", re.IGNORECASE)
_LOOSE_MIDDLE = re.compile(
    rf"\b(?:{_LOOSE}|a|an)\s*(?=[,;]|(?:and|but|with|that|which)\b)",
    re.IGNORECASE,
)


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without some of it, and without the conjunctions that are left hanging."""
    if not spans:
        return " ".join(text.split())
    kept, position = [], 0
    for start, end in spans:
        kept.append(text[position:start])
        position = end
    left = " ".join(" ".join([*kept, text[position:]]).split())
    left = re.sub(r" (?=[,;.])", "", _LOOSE_MIDDLE.sub("", left))
    left = re.sub(r"([,;])(?:\s*[,;])+", r"\1", left)
    return " ".join(_LOOSE_END.sub("", _LOOSE_START.sub("", left)).split())
