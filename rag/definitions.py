"""Questions that ask what something is, and sentences that say so.

A sentence defines its subject in few ways: it says what the thing *is* or what its name *refers to*; it introduces the
thing (*we present X, a ...*); it puts the name beside a description (*X, a ...*; *a ... called X*) or beside what it is
short for (*X (long name)*). Hearst (COLING 1992) found hyponyms by such patterns, Saggion (LREC 2004) definitions.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_MOST_WORDS = 6
_ASKS = (
    re.compile(r"what(?:'s| is| are| was| were)(?: meant by)? (?P<term>.+)", re.IGNORECASE),
    re.compile(r"what (?:do|does) (?P<term>.+?) (?:mean|stand for|refer to|denote|do)", re.IGNORECASE),
    re.compile(r"(?:please )?(?:define|explain what) (?P<term>.+?)(?: is| are)?", re.IGNORECASE),
)
_ARTICLE = re.compile(r"^(?:an?|the)\s+(?:(?:term|word|abbreviation|acronym)\s+)?(?=\S)", re.IGNORECASE)
_MORE_THAN_A_NAME = re.compile(
    r"\b(?:of|for|in|on|at|with|by|from|to|between|than|used|most|best|main|and|or|that|which|how|why|known|difference|"
    r"advantages?|reasons?|role|effects?|purpose|cause|problem|your|my|this|these|there|it|typical|common|usual|good|"
    r"reasonable|suitable|safe|proper|right|realistic|recommended|record|highest|lowest)\b",
    re.IGNORECASE,
)
_ONE_IN_A_FIELD = re.compile(r"^(?P<one>an?\s.+?)\s(?:in|within)\s.+$", re.IGNORECASE)
"""``a thermostat in molecular dynamics``, but not ``the band gap in silicon``, which asks for a value."""
SAYS, INTRODUCES, DESCRIBES = 3, 2, 1
"""How well a sentence defines: it says what the thing is; it introduces the thing, or says what its name is short for;
it describes the thing in passing, or says what it is there for."""

_IS = r"(?:is|are|was|were|(?:can|may) be)"
_KIND = (
    r"(?:(?:an?|the|one|any|all|those)\s|(?:[\w-]+\s){0,3}(?:materials?|compounds?|crystals?|structures?|methods?|models?|"
    r"algorithms?|frameworks?|packages?|libraries|tools?|techniques?|processes|phases|devices?)\b)"
)
_MEANS = (
    r"(?:refers?|denotes?|means|stands? for|consists?|comprises?|provides?|adopts?|focus(?:es)? on|"
    r"(?:has|have) the (?:\w+ )?(?:formula|composition|structure|form)|"
    r"(?:is|are|was|were|can be) (?:\w+ly )?"
    r"(?:defined|described|understood|known as|designed|developed|meant|composed))\s"
)
_SERVES = (
    r"(?:(?:can )?(?:allow|enable|let|measure|describe|quantif(?:y|ies)|control|maintain|keep|represent|encode)s?|"
    r"serves?|(?:is|are|was|were|can be) used)\s"
)
_FRONTED = (
    "(?i:upon|in|for|with|as|by|on|at|to|from|after|before|unlike|like|compared|using|similar|since|when|while|if|"
    "although|among|within|via|through|despite)"
)
"""What begins a sentence whose comma closes an adverbial: "Upon addition of X, the band falls"."""
_HEAD = r"(?=\s*(?:$|[.,;:(]|(?:that|which|for|to|with|as|in|of|on|by|using|and|from|at)\b))"
"""Behind a name that is not merely beside a noun: "we develop a machine learning approach" introduces an approach."""
_WE = r"(?i:we|the authors|(?:this|our|the present) (?:paper|work|article|study|review)|here)"
_INTRODUCING = (
    r"(?:present|introduc|develop|propos|report|describ|devis|design|creat|releas|establish|implement|construct|call|"
    r"nam|dub|term|refer to (?:\w+ ){0,5}as)(?:s|es|bed|ed|d|e|ing)?"
)


def term_asked(question: str) -> str | None:
    """The thing that a question asks the meaning of, as it is written there; None where it asks something else.

    >>> term_asked("What is a tolerance factor?")
    'tolerance factor'
    >>> term_asked("What is the band gap of GaN?") is None
    True
    """
    asked = " ".join(question.split()).rstrip(" ?.!")
    for pattern in _ASKS:
        match = pattern.fullmatch(asked)
        if match:
            named = match["term"].strip("\"'“”‘’ ")
            named = found["one"] if (found := _ONE_IN_A_FIELD.match(named)) else named
            term = _ARTICLE.sub("", named, count=1).strip("\"'“”‘’ ")
            words = term.split()
            if words and len(words) <= _MOST_WORDS and not _MORE_THAN_A_NAME.search(term):
                return term
    return None


def defines(term: str, sentence: str) -> int:
    """How well a sentence says what a thing is: 0, or one of `DESCRIBES`, `INTRODUCES` and `SAYS`.

    >>> defines("barostat", "A barostat is an algorithm that keeps the pressure.") == SAYS
    True
    >>> defines("barostat", "The barostat is slow.")
    0
    """
    if _spells_out(term, sentence):
        return INTRODUCES
    for strength, patterns in _patterns(term):
        if any(pattern.search(sentence) for pattern in patterns):
            return strength
    return 0


def _spells_out(term: str, sentence: str) -> bool:
    """Whether a sentence gives the words that an abbreviation is short for: *X (long name)*, or *long name (X)*."""
    letters = [letter.lower() for letter in term.removesuffix("s") if letter.isupper()]
    if len(letters) < 2:
        return False
    short = re.escape(term.removesuffix("s")) + "s?"
    behind = [match[1] for match in re.finditer(rf"\b{short}\s*\(([^()]{{6,120}})\)", sentence)]
    ahead = [match[1] for match in re.finditer(rf"((?:[\w-]+\s){{1,12}})\(\s*{short}\s*[),;]", sentence)]
    starts = [re.findall(r"(?:^|[\s-])(\w)", words.lower()) for words in behind]
    ends = [re.findall(r"(?:^|[\s-])(\w)", words.lower()) for words in ahead]
    return any(_in_order(letters, found) and found[0] == letters[0] for found in starts if found) or any(
        _in_order(letters, found) for found in ends
    )


def _in_order(letters: Sequence[str], initials: Sequence[str]) -> bool:
    """Whether most of the letters are among the initials, in their order."""
    left = iter(initials)
    return sum(letter in left for letter in letters) >= max(2, len(letters) - 1)


@lru_cache(maxsize=64)
def _patterns(term: str) -> tuple[tuple[int, tuple[re.Pattern[str], ...]], ...]:
    """What to look for, the most telling first."""
    name = _written(term)
    aside = r"(?:\s*\([^()]{1,80}\))?(?:\s\w+ly)?"
    noun = r"(?:\s(?:method|technique|algorithm|approach|scheme|model|package|code|toolkit|library|framework)s?)?"
    purpose = r"(?i:^the (?:main )?(?:goal|purpose|aim|idea|task|role|function) of (?:an?\s|the\s)?)"
    opening = r"^(?:In (?:general|short|this \w+), )?(?:(?:an?|the|our|here,?|overall,?)\s+)?"
    case = re.RegexFlag(0) if any(letter.isupper() for letter in term[1:]) else re.IGNORECASE
    strong = rf"(?i:{opening}){name}{noun}{aside},?\s+(?:{_IS}\s+(?:\w+ly )?{_KIND}|{_MEANS})"
    called = rf"\b(?:defined as|called|known as|termed|refer(?:red)? to (?:\w+ ){{0,5}}as) (?:an?\s|the\s)?{name}\b"
    serves = rf"(?i:{opening}){name}{noun}{aside},?\s+{_SERVES}|{purpose}{name}\s{_IS}\s"
    introduced = rf"\b{_WE}\b.{{0,60}}?\b{_INTRODUCING}\b(?:\W+\w[\w-]*){{0,8}}?\W+{name}"
    told = rf"{introduced}(?:,\s(?:an?|the|which)\s|\s\(|\s(?:that|which|for|to)\s)"
    beside = rf"^(?!(?:{_FRONTED})\b[^,]*\b{name},)(?:.*\W)?{name},\s+(?:an?|the|one of|our)\s"
    return (
        (SAYS, (re.compile(strong, case), re.compile(called, case))),
        (INTRODUCES, (re.compile(told, case),)),
        (DESCRIBES, (re.compile(introduced + _HEAD, case), re.compile(beside, case), re.compile(serves, case))),
    )


def _written(term: str) -> str:
    """A pattern of the name: in singular or plural, its words joined by blanks or hyphens."""
    *words, last = [re.escape(word) for word in re.split(r"[\s-]+", term)]
    stem = last.removesuffix("s") if last.islower() and not last.endswith("ss") else last
    return r"\b" + r"[\s-]+".join([*words, stem]) + r"(?:e?s)?\b"
