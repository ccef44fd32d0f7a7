"""Does a sentence say what one sentence of a paper says, and nothing beside it?

A sentence retells another where it can be made from it by nothing but what leaves its meaning whole:

* linking words are left out ("however", "in this work", "also");
* an aside in brackets is left out that neither measures nor restricts;
* the clauses at its end are left out that only go on ("which ...", "leading to ...", "because ...");
* an opening phrase is told last, where one clause follows it;
* a word, or a fixed phrase, is another one for the same.

Whatever else is lost, added, moved or exchanged - a noun, its modifier, a preposition, an article, a number, a hedge, a
condition - is not looked into: such a sentence is none that the paper prints, and the paper's own takes its place. A
rule on single words is needed because what compares meanings (`rag.verify`) is blind to the loss of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache, partial

from rag.reading.text import word_list
from rag.verify.rewriting import other_words

_LINKING = word_list(
    "however therefore thus hence moreover furthermore additionally also indeed consequently nevertheless nonetheless"
)
"""Adverbs that tie a sentence to others wherever they stand, and say nothing of the matter."""

_OPENING = _LINKING | word_list(
    "interestingly notably importantly remarkably finally overall similarly likewise besides meanwhile recently here "
    "accordingly specifically then in on as for to of at by the this our a an other hand end first second third last "
    "next addition fact result consequence contrast example instance particular turn summary conclusion brief work "
    "study paper article section review manuscript chapter more same time respect regard context instead rather"
)
"""Words of phrases that do the same at the beginning: "on the other hand", "in this work"."""

_RESTRICTING = word_list(
    "not no never none neither nor only except unless if when whenever whether provided assuming without but until "
    "at in under below above within between for by with during after before upon using"
)
"""Words that make a sentence hold in fewer cases; what holds one of them cannot be left out of it."""

_GOING_ON = word_list(
    "which while whereas making leading resulting causing allowing enabling indicating suggesting highlighting showing "
    "where thus thereby hence therefore because since due including such especially particularly and so"
)
"""Words that begin a clause behind a comma without which the sentence stays whole and true."""

_FRONTED = word_list("in on at for by with during after before under among within from despite because throughout")
"""Words that begin an opening phrase which may as well stand last."""

_SUBORDINATE = word_list(
    "that which who whose where when while whereas because since as if although though unless so than"
)
"""Words that open a clause of their own."""

_JOINING = _SUBORDINATE | word_list("and or but")
"""Words in front of something to which a phrase behind it would seem to belong."""

_CONDITIONAL = word_list("if unless except only provided when whenever")
_COMPARISONS = frozenset("<>=≤≥≈≪≫")
_LABEL = re.compile(r"(?:supplementary|fig|figure|figs|table|tables|eq|eqn|equation|ref|refs|section|appendix)\b", re.I)

_SOFT = re.compile(r"(?:indicat|suggest|propos|seem|appear|possib|potential|promis|encourag)", re.IGNORECASE)
"""Words that claim less than those which stand for them elsewhere."""

_PHRASES = {
    "in order to": "to",
    "so as to": "to",
    "owing to": "due to",
    "because of": "due to",
    "as well as": "and",
    "a number of": "several",
    "e.g.": "for example",
    "i.e.": "that is",
    "for instance": "for example",
    "have to": "must",
    "has to": "must",
}
"""Fixed phrases, and others for the same."""

_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ"
_CITATION = re.compile(r"(?:(?<=[a-z]{3})|(?<=[.,;:)\]”’]))[⁰¹²³⁴⁵⁶⁷⁸⁹]+(?:[,⁻–][⁰¹²³⁴⁵⁶⁷⁸⁹]+)*")
"""Raised numbers behind a word or a stop are the paper's citations; behind a unit or a number they are powers."""
_POWER = re.compile(rf"[{_RAISED}]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−", "-"))
_TOKEN = re.compile(
    r"(?:(?<![\w)])[+-])?\d+(?:\.\d+)*(?:\^[+-]?\w+[+-]?)?"  # a number, with its sign and power
    r"|[^\W\d_][^\W_]*(?:['’][^\W\d_]+)?(?:\^[+-]?\w*[+-]?)?"  # a word or a formula
    r"|(?<=\d)\s*-\s*(?=\d)"  # from ... to
    r"|[<>=≤≥≈~±×·→←↔%°/+∼∝≡≪≫∞√∑∫∂∆¼½¾]"
    r"|[,;:]|(?<!\w)[(\[]|[)\]](?!\w)"  # brackets within a word, as in a formula, set nothing apart
)
_STOPS = frozenset(",;:()[]")


@dataclass(frozen=True, slots=True)
class _Words:
    """A sentence, cut.

    Attributes:
        words: Words, numbers and operators.
        before: What stands in front of each, and behind the last, of commas, colons and brackets.
    """

    words: tuple[str, ...]
    before: tuple[str, ...]


def retells(text: str, quote: str) -> bool:
    """Whether a sentence says what a sentence of a paper says, in its words.

    Args:
        text: The sentence.
        quote: Of the paper, without its citations in brackets.
    """
    ours, theirs = _read(text), _read(quote)
    if not ours.words:
        return False
    return _is_part(ours.words, theirs) or any(_is_part(ours.words, moved) for moved in _opening_last(theirs))


def copied(text: str, quote: str) -> float:
    """Share of a sentence's words that stand in a quote in the same order, 0 to 1."""
    ours, theirs = ([word.lower() for word in _read(one).words] for one in (text, quote))
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks()) / max(len(ours), 1)


def _is_part(words: Sequence[str], theirs: _Words) -> bool:
    """Whether words are all of a sentence but what can be left out, in its order."""
    skips: dict[int, list[int]] = {}
    for start, end in _omissible(theirs):
        skips.setdefault(start, []).append(end)
    places = _reached({0}, skips)
    for number, word in enumerate(words):
        known = [at for at in places if at < len(theirs.words)]
        places = _reached({at + 1 for at in known if _means(word, theirs.words[at], is_first=not number)}, skips)
    return len(theirs.words) in places or any(_goes_on(theirs, at) for at in places)


def _reached(places: set[int], skips: dict[int, list[int]]) -> set[int]:
    """Some places of a sentence, and those that are reached from them by leaving something out."""
    found, new = set(places), list(places)
    while new:
        for end in skips.get(new.pop(), ()):
            if end not in found:
                found.add(end)
                new.append(end)
    return found


def _omissible(theirs: _Words) -> Iterator[tuple[int, int]]:
    """(first, behind the last) of the words that can be left out where they stand."""
    for at, word in enumerate(theirs.words):
        if word.lower() in _LINKING:
            yield at, at + 1
    yield from ((0, comma) for comma in _openings(theirs))
    opened: list[int] = []
    for at, stops in enumerate(theirs.before):
        for stop in stops:
            if stop in "([":
                opened.append(at)
            elif stop in ")]" and opened:
                start = opened.pop()
                if not _restricts(theirs.words[start:at]):
                    yield start, at


def _openings(theirs: _Words) -> Iterator[int]:
    """Where what follows phrases at the beginning that only link begins: behind one comma, behind two."""
    for at, word in enumerate(theirs.words):
        if at and theirs.before[at]:
            if theirs.before[at] != ",":
                return
            yield at
        if word.lower() not in _OPENING:
            return


def _restricts(words: Sequence[str]) -> bool:
    """Whether words measure, compare, or say when something holds; an example does not, nor a place to look it up."""
    first = [word.lower() for word in words[:2]]
    if first in (["for", "example"], ["that", "is"]) or first[:1] == ["see"] or _LABEL.match(" ".join(first)):
        return False
    return any(not word[0].isalpha() or word.lower() in _RESTRICTING for word in words)


def _goes_on(theirs: _Words, at: int) -> bool:
    """Whether all from a place on are clauses that only go on, and a whole sentence stands before it."""
    if not 0 < at < len(theirs.words):
        return False
    words, marks = [word.lower() for word in theirs.words], [_outer(stops) for stops in theirs.before]
    if words[0] in _SUBORDINATE | _FRONTED and not any(marks[1:at]):
        return False  # "If it rains, and ..." has not said yet what is then
    depth = 0
    for place in range(at, len(words)):
        if (
            not depth
            and (marks[place] or place == at)
            and (marks[place] not in (",", ";") or words[place] not in _GOING_ON)
        ):
            return False
        depth += sum((stop in "([") - (stop in ")]") for stop in theirs.before[place]) if place > at else 0
    rest = words[at:]
    is_list = rest[0] in ("and", "such", "including") and any("," in stops for stops in marks[1:at])
    is_condition = rest[0] in ("and", "so") and not _CONDITIONAL.isdisjoint(rest)
    return not is_list and not is_condition and _COMPARISONS.isdisjoint(rest)


def _outer(stops: str) -> str:
    """Marks without brackets."""
    return stops.strip("()[]")


def _opening_last(theirs: _Words) -> Iterator[_Words]:
    """A sentence with its opening phrase at the end: "in tin, the gap is small" as "the gap is small in tin"."""
    for start in (0, *_openings(theirs)):  # or behind a linking phrase
        comma = next((at for at in range(start + 1, len(theirs.words)) if theirs.before[at]), -1)
        if comma < 0 or theirs.before[comma] != ",":
            return
        opening, rest = theirs.words[start:comma], theirs.words[comma:]
        links = all(word.lower() in _OPENING for word in opening)
        is_one_clause = not any(theirs.before[comma + 1 : -1]) and _JOINING.isdisjoint(map(str.lower, rest))
        if opening[0].lower() in _FRONTED and (links or is_one_clause):
            yield _Words((*rest, *opening), (*theirs.before[comma:-1], *("",) * (len(opening) + 1)))


def _means(word: str, other: str, *, is_first: bool) -> bool:
    """Whether a word says what another says; the first of a sentence may be written with a capital."""
    if word == other or (is_first and len(word) > 2 and word == other[:1].upper() + other[1:]):
        return True
    if not (_is_plain(word) and _is_plain(other)):
        return False
    ours, theirs = word.lower(), other.lower()
    return ours == theirs or (ours in other_words(theirs) and not _SOFT.match(theirs))


def _is_plain(word: str) -> bool:
    """Whether case means nothing in a word: it is no formula, symbol or acronym."""
    return word.isalpha() and (len(word) > 2 or word.islower()) and not any(c.isupper() for c in word[1:])


@lru_cache(maxsize=4096)
def _read(text: str) -> _Words:
    plain = _POWER.sub(lambda m: "^" + m[0], _CITATION.sub("", text))
    plain = _THOUSANDS.sub("", unicodedata.normalize("NFKC", plain).translate(_DASHES))
    for phrase, other in _PHRASES.items():
        plain = re.sub(rf"(?<!\w){re.escape(phrase)}(?!\w)", partial(_like, other), plain, flags=re.I)
    words: list[str] = []
    before = [""]
    for match in _TOKEN.finditer(plain):
        token = match[0].strip()
        if token in _STOPS:
            before[-1] += token
        else:
            # Within a sentence "In" is indium.
            words.append(token if words or not token.istitle() else token.lower())
            before.append("")
    return _Words(tuple(words), tuple(before))


def _like(phrase: str, written: re.Match[str]) -> str:
    return phrase[0].upper() + phrase[1:] if written[0][0].isupper() else phrase
