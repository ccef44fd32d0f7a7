"""A question in plain words, split into a filter and words to rank by.

A vector holds formulas, structure types and classes of compounds well, and numbers, negations and lists of elements
badly. These become an OPTIMADE filter that is shown and can be changed. A wrong filter hides the right answer, so a
phrase becomes one only where its meaning is plain; everything else stays in the words. What a compound is wanted for is
told by known compounds that serve.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from clip_mat.errors import RequestError
from clip_mat.facts import METAL_BELOW, STABLE_BELOW
from clip_mat.language.classes import ANION_CLASSES, FAMILY_ELEMENTS, TOXIC
from clip_mat.language.formula_parser import plain_digits
from clip_mat.language.mentions import Mention, find_mentions
from clip_mat.language.replaced import put_in_place
from clip_mat.language.uses import find_uses
from clip_mat.language.vocabulary import near_word, unfamiliar_words
from clip_mat.search import element_phrases, number_phrases
from clip_mat.search.named import NamedKind, named_formula, named_kind
from clip_mat.search.phrase import Phrase, has_any

MAX_LENGTH = 2000
"""Longest question in characters."""
ANYTHING = "a crystalline compound"
"""What the ranking goes by when every word of the question became part of the filter."""
_MOST_TOLD = 3
"""Most words that the user is told to be unfamiliar."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a question asks for.

    Attributes:
        filter: OPTIMADE filter for `clip_mat.search.optimade.compile_filter`; empty where nothing is to be filtered.
        text: The words to rank by; never empty.
        notes: How each phrase of the filter was understood, for the user to see.
        remarks: How the words that rank were understood, or that they hardly were.
        examples: Known compounds that serve for the use that is named; what is sought is like one of them.
        beside: The text without that use.
        formula: Reduced, elements in alphabetical order, where the text names one compound; else None.
        kind: The structure type or the salt that it names, where it names no compound; else None.
    """

    filter: str
    text: str
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    beside: str = ""
    formula: str | None = None
    kind: NamedKind | None = None


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
    plain = plain_digits(text)
    meant, exchanged = put_in_place(plain)
    if exchanged:
        text = plain = meant
    mentions = find_mentions(plain)
    named = any(mention.kind == "formula" and len(mention.composition) > 1 for mention in mentions)
    phrases = list(_understand(plain, mentions, named))
    clauses = list(dict.fromkeys(phrase.filter for phrase in phrases if phrase.filter))
    taken = [(phrase.start, phrase.end) for phrase in phrases if phrase.leaves]
    words = _without(text, taken)
    notes = exchanged + tuple(
        f"{text[phrase.start : phrase.end].strip()}: {phrase.filter or 'hides and ranks nothing'}" for phrase in phrases
    )
    uses = [] if named else list(find_uses(words))
    return Request(
        " AND ".join(clauses),
        words or ANYTHING,
        notes,
        remarks=(
            *(f"{words[start:end]}: like {', '.join(use.examples)} ({use.source})" for start, end, use in uses),
            *_unfamiliar(text, phrases, [words[start:end] for start, end, _ in uses]),
            *_unmet(text, phrases),
        ),
        examples=tuple(dict.fromkeys(example for _, _, use in uses for example in use.examples)),
        beside=_without(words, [(start, end) for start, end, _ in uses]),
        formula=named_formula(plain, mentions),
        kind=None if any(mention.kind == "formula" for mention in mentions) else named_kind(plain, mentions, taken),
    )


def _unfamiliar(text: str, phrases: Sequence[Phrase], uses: Sequence[str]) -> Iterator[str]:
    """A warning where words of the question tell the vectors nothing."""
    left = _without(text, [(phrase.start, phrase.end) for phrase in phrases])
    strange = []
    for word in unfamiliar_words(left):
        if near := near_word(word):
            yield f"“{word}”: did you mean “{near}”?"
        elif not any(word in use for use in uses):
            strange.append(word)
    if strange:
        told = ", ".join(f"“{word}”" for word in strange[:_MOST_TOLD]) + (", ..." if strange[_MOST_TOLD:] else "")
        yield f"{told}: crystals were not described so, and hardly rank by it"


_DIRECT = re.compile(r"\b(?:in)?direct\b", re.IGNORECASE)


def _unmet(text: str, phrases: Sequence[Phrase]) -> Iterator[str]:
    """A warning where a filter holds less than the words that it took: of a gap nobody here knows if it is direct."""
    taken = (match[0] for phrase in phrases for match in _DIRECT.finditer(text, phrase.start, phrase.end))
    for word in dict.fromkeys(taken):
        yield f"“{word}”: not known of the compounds here, so it hides nothing and ranks nothing"


def _understand(text: str, mentions: Sequence[Mention], named: bool) -> Iterator[Phrase]:
    """The phrases that become a filter, in the order of the text; no two overlap.

    Args:
        text: With plain digits.
        mentions: What it says of a crystal.
        named: Whether it names a compound, of which soft phrases must not hide anything.
    """
    finders = (
        number_phrases.find(text),
        _find_stability(text),
        _find_wide_gap(text),
        element_phrases.find_excluded(text),
        element_phrases.find_compared(text),
        _find_negated(text, mentions),
        _find_systems(text, mentions),
        element_phrases.find_semiconductors(text),
        element_phrases.find_only(text),
        element_phrases.find_required(text),
        _find_anion_classes(text),
        element_phrases.find_groups(text),
    )
    taken = bytearray(len(text))
    found: list[Phrase] = []
    for phrase in chain.from_iterable(finders):
        if not any(taken[phrase.start : phrase.end]):
            taken[phrase.start : phrase.end] = b"\x01" * (phrase.end - phrase.start)
            found.append(phrase)
    for phrase in _either(text, sorted(found, key=lambda phrase: phrase.start)):
        if named and phrase.soft:
            continue
        if not _is_alternative(text, phrase):
            yield phrase
        elif phrase.leaves and phrase.filter.startswith("NOT "):  # "ideally lead-free" is no wish for lead
            wish = _WISH_BEFORE.search(text, max(0, phrase.start - 16), phrase.start)
            yield replace(phrase, start=wish.start() if wish else phrase.start, filter="")


def _either(text: str, phrases: Sequence[Phrase]) -> Iterator[Phrase]:
    """Phrases with nothing but an "or" between them as one: ``lead-free or tin-free``."""
    left = list(phrases)
    while left:
        phrase = left.pop(0)
        clauses = [phrase.filter]
        while left and phrase.filter and left[0].filter and _ONLY_OR.fullmatch(text, phrase.end, left[0].start):
            other = left.pop(0)
            clauses.append(other.filter)
            phrase = replace(
                phrase, end=other.end, leaves=phrase.leaves or other.leaves, soft=phrase.soft or other.soft
            )
        if len(clauses) > 1:
            either = " OR ".join(f"({clause})" if " AND " in clause else clause for clause in clauses)
            phrase = replace(phrase, filter=f"({either})")
        yield phrase


_ONLY_OR = re.compile(r",? or (?:an? )?", re.IGNORECASE)
_OR_BEFORE = re.compile(
    r"\b(?:or|either|maybe|perhaps|possibly|optionally|preferably|ideally) (?:a |an )?$",
    re.IGNORECASE,
)
_WISH_BEFORE = re.compile(r"\b(?:maybe|perhaps|possibly|optionally|preferably|ideally) (?:a |an )?$", re.IGNORECASE)
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
_METALLIC = re.compile(
    r"\b(?:non-?metallic|not (?:a metal|metals|metallic|conducting)|(?:do|does) not conduct(?: like a metal)?"
    r"|without (?:any )?metallic (?:conduct(?:ion|ivity)|behaviou?r|character))\b(?! heat)",
    re.IGNORECASE,
)
_NON_TOXIC = re.compile(r"\b(?:non-?toxic|not toxic)\b", re.IGNORECASE)
_NEW_ANIONS = {
    re.compile(r"\b(?:di)?chalcogenides?\b", re.IGNORECASE): ANION_CLASSES["chalcogenide"],
    re.compile(r"\bpnictides?\b", re.IGNORECASE): ANION_CLASSES["pnictide"],
}


def _find_negated(text: str, mentions: Sequence[Mention]) -> Iterator[Phrase]:
    """``non-cubic``, ``not a perovskite``, ``non-oxide``, ``non-metallic``, ``non-toxic``."""
    for match in _METALLIC.finditer(text):
        yield Phrase(*match.span(), f"band_gap > {METAL_BELOW}", leaves=True)
    for match in _NON_TOXIC.finditer(text):
        yield Phrase(*match.span(), f"NOT {has_any(TOXIC)}", leaves=True)
    for place, mention in enumerate(mentions):
        negation = _NEGATION.search(text, max(0, mention.start - 16), mention.start)
        if negation is None:
            continue
        end, clauses = mention.end, [_denied(text, mention, negation[0])]
        for other in mentions[place + 1 :]:  # "not cubic or hexagonal"
            if not (_ANOTHER.fullmatch(text, end, other.start) and other.kind == mention.kind):
                break
            end = other.end
            clauses.append(_denied(text, other, negation[0]))
        if all(clauses):
            yield Phrase(negation.start(), end, " AND ".join(clause for clause in clauses if clause), leaves=True)


def _denied(text: str, mention: Mention, negation: str) -> str | None:
    """The condition that something is not so; None where that cannot be told by one."""
    if mention.kind == "crystal_system":
        return f'crystal_system != "{mention.name}"'
    if mention.kind == "spacegroup":
        return f"spacegroup != {mention.spacegroup}"
    if mention.kind == "prototype" and mention.name:
        return f'(prototypes IS UNKNOWN OR NOT prototypes HAS "{mention.name}")'
    sure = negation.lower().startswith("non") or _NO_NOUN_BEHIND.match(text, mention.end)  # no "no oxide layer"
    if mention.kind == "family" and mention.name in FAMILY_ELEMENTS and sure:
        return f"NOT {has_any(FAMILY_ELEMENTS[mention.name])}"
    return None


_ANOTHER = re.compile(r"(?: ?, ?(?:or |nor )?| or | nor )(?:an? )?", re.IGNORECASE)
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


def _find_systems(text: str, mentions: Sequence[Mention]) -> Iterator[Phrase]:
    """``Li-Mn-O system``: these elements, all of them and no others."""
    for mention in mentions:
        if mention.kind == "system" and (
            _SYSTEM_BEHIND.match(text, mention.end)
            or _SYSTEM_BEFORE.search(text, max(0, mention.start - 20), mention.start)
        ):
            symbols = [str(symbol) for symbol, _ in mention.composition]
            yield Phrase(mention.start, mention.end, element_phrases.only(symbols), soft=True)


_ON_HULL = re.compile(r"\b(?:(?:lying|lies|lie|are|is) )?on (?:the )?(?:convex )?hull\b", re.IGNORECASE)


_STABLE = re.compile(
    r"(?<![\w-])(?<!not )(?<!dynamically )(?<!thermally )(?<!chemically )(?<!mechanically )(?<!nearly )(?<!almost )"
    r"(?<!un)(?:thermodynamically )?stable(?![\w-]| (?:at|in|under|up|above|to|against|toward|when|on)\b)",
    re.IGNORECASE,
)
_NO_WORSE = 0.05
"""Energy above the hull in eV/atom up to which a compound passes for stable: of the metastable ones that exist half lie
up to 0.015, nine in ten up to 0.067 (Sun et al., Sci. Adv. 2, e1600225 (2016))."""
_WIDE_GAP = re.compile(r"\b(?:wide|large)[- ](?:(?:in)?direct[- ])?(?:band[- ]?)?gap\b", re.IGNORECASE)
_NARROW = 2.0
"""Computed gap in eV below which none counts as wide: they come out a third too small, and wide begins at 3."""


def _find_stability(text: str) -> Iterator[Phrase]:
    """``on the hull``, and ``stable``, which hides nothing of unknown energy."""
    for match in _ON_HULL.finditer(text):
        yield Phrase(*match.span(), f"energy_above_hull <= {STABLE_BELOW}", leaves=True)
    for match in _STABLE.finditer(text):
        yield Phrase(*match.span(), _if_known("energy_above_hull", f"<= {_NO_WORSE}"), soft=True)


def _find_wide_gap(text: str) -> Iterator[Phrase]:
    """``wide-gap``, which hides nothing of unknown gap."""
    for match in _WIDE_GAP.finditer(text):
        yield Phrase(*match.span(), _if_known("band_gap", f">= {_NARROW}"), soft=True)


def _if_known(name: str, bound: str) -> str:
    return f"({name} IS UNKNOWN OR {name} {bound})"


_LOOSE = r"(?:and|or|but|with|that|which|having|has|have|is|are)"
_LOOSE_START = re.compile(rf"^(?:\s|[,;:.]|{_LOOSE}\b)+", re.IGNORECASE)
_LOOSE_END = re.compile(rf"(?:\s|[,;:]|\b(?:{_LOOSE}|a|an|the|of|by)\b)+$", re.IGNORECASE)
_LOOSE_MIDDLE = re.compile(
    rf"(?<![\w/])(?:{_LOOSE}|a|an)\s*(?=[,;]|(?:and|but|with|that|which)\b)",
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
