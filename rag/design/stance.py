"""How a sentence speaks of a compound or an element that it names: offered, merely compared with, or turned down."""

from __future__ import annotations

import re

from clip_mat.language.formula_parser import SYMBOL
from clip_mat.language.names import ELEMENT_SYMBOLS
from rag.design import cues

OFFERED, TOLD, COMPARED, REFUSED = 1.15, 1.0, 0.35, 0.0
"""What a compound's place in a sentence is worth."""

_REACH = 80
"""Characters before and behind a compound in which words bear on it."""


def _before(said: str, words: int = 3) -> re.Pattern[str]:
    """What is said at most so many words in front of a compound."""
    return re.compile(
        rf"{said}\s?(?:the\s)?(?:(?:that|those)\s(?:of|for)\s)?(?:[\w()-]+[ -]){{0,{words}}}$", re.IGNORECASE
    )


def _behind(*said: str) -> re.Pattern[str]:
    return re.compile("|".join(said), re.IGNORECASE)


_IS = (
    r",?\s(?:which\s)?(?:[\w-]+\s){0,2}?(?:is|are|was|were|has been|have been|to be|proved|turned out)(?:\s\w+ly)?\s"
    r"(?:\w+, which is\s)?"
)
_REFUSED_BEFORE = _before(cues.REFUSED_BEFORE)
_REFUSED_BEHIND = _behind(
    rf"\s(?:[\w-]+\s){{0,4}}?{cues.REFUSED_BEHIND}",
    rf"{_IS}{cues.REFUSED_AS}",
    r"[^.;]{0,45}\bwhich is unlikely\b",
    rf"\s(?:[\w-]+\s){{0,2}}?{cues.UNABLE}",
    r"[- ]free\b|-poor\b",
)
_COMPARED_BEFORE = _before(cues.COMPARED_BEFORE)
_COMPARED_BEHIND = _behind(
    rf"\s{cues.COMPARED_BEHIND}",
    rf",?\s(?:which\s)?(?:(?:is|are|was|were)\s)?{cues.UNSTABLE}",
    rf"\s{cues.FALLS_APART}",
)
_OFFERED = re.compile(cues.OFFERED, re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:.()]\s|\b(?:and|but|while|whereas|which|that)\b(?! of\b)")
_CONCEDES = re.compile(r"\b(?:although|though|despite)\b", re.IGNORECASE)
"""In a question: who asks knows of an objection, so that it does not rule a compound out."""
_ROLES = (
    "precursor",
    "impurit",
    "substrate",
    "decompos",
    "degrad",
    "secondary",
    "stable",
    "electrode",
    "replac",
    "toxic",
)


def stance(text: str, start: int, end: int, question: str = "") -> float:
    """What the mention of a compound, or of a list of them, is worth: one of the four above.

    Args:
        text: The sentence.
        start: First character of the mention.
        end: One past its last.
        question: A role that the question itself asks about ("Which impurities ...?") is no reason against it.
    """
    before, behind = _clause_before(text, start), text[end : end + _REACH]
    refused = _said(_REFUSED_BEFORE, before) or _REFUSED_BEHIND.match(behind)
    if refused and not _asked_about(refused[0], question):
        return COMPARED if _CONCEDES.search(question) else REFUSED
    compared = _COMPARED_BEFORE.search(before) or _COMPARED_BEHIND.match(behind)
    if compared and not _asked_about(compared[0], question):
        return REVERSED if _is_reversed(text, question) else COMPARED
    if _is_reversed(text, question):
        return COMPARED
    return OFFERED if _OFFERED.search(f"{text[max(0, start - _REACH) : start]} | {text[end : end + 60]}") else TOLD


REVERSED = TOLD
"""Of "A has the larger gap than B", asked for the smaller gap: the worth of B."""
_THAN = re.compile(r"\b(?:than|relative to|compared (?:to|with)|in comparison (?:to|with))\b", re.IGNORECASE)
_MORE, _LESS = re.compile(cues.MORE, re.IGNORECASE), re.compile(cues.LESS, re.IGNORECASE)


def direction(text: str) -> int:
    """1 where a text asks for or tells of more of something, -1 for less, 0 for neither or both."""
    return bool(_MORE.search(text)) - bool(_LESS.search(text))


def _is_reversed(text: str, question: str) -> bool:
    """Whether a sentence compares in the direction opposite to the one that is asked for."""
    asked = direction(question)
    return bool(asked) and bool(_THAN.search(text)) and direction(text) == -asked


def _said(pattern: re.Pattern[str], before: str) -> re.Match[str] | None:
    """What is said last in front of a mention, unless the word before takes it back ("less toxic")."""
    found = pattern.search(before)
    return None if found is None or cues.EASED.search(before[: found.start()]) else found


def _clause_before(text: str, start: int) -> str:
    """What stands before a mention in its own clause."""
    before = text[max(0, start - _REACH) : start]
    ends = [match.end() for match in _CLAUSE_END.finditer(before)]
    return before[ends[-1] :] if ends else before


def _asked_about(reason: str, question: str) -> bool:
    return any(role in reason.lower() and role in question.lower() for role in _ROLES)


_ANALOGUE = re.compile(rf"{cues.ANALOGUE}[^.;]{{0,25}}$", re.IGNORECASE)
_ANALOGUE_BEHIND = re.compile(rf"[^.;]{{0,25}}{cues.ANALOGUE}", re.IGNORECASE)


def is_analogue(text: str, start: int, end: int) -> bool:
    """Whether a sentence calls a compound the inorganic counterpart of another."""
    return bool(_ANALOGUE.search(text[max(0, start - 70) : start]) or _ANALOGUE_BEHIND.match(text, end))


ELEMENT = re.compile(rf"(?<![\w-])(?:{SYMBOL}(?![A-Za-z0-9])|(?i:{'|'.join(ELEMENT_SYMBOLS)})(?![a-z]))")
"""An element, by symbol or by name."""
_REMOVED = re.compile(
    rf"{cues.REMOVED}\s?(?:the\s)?(?:use\sof\s)?(?:the\s)?(?:(?:toxic|poisonous|expensive|scarce|critical|rare)\s)*$",
    re.IGNORECASE,
)
_REMOVED_BEHIND = re.compile(
    r"(?:\^?\d?[+-]|\s*\([^)]*\))*\s*(?:cations?|ions?|atoms?|elements?|components?|content)?\s*" + cues.REMOVED_BEHIND,
    re.IGNORECASE,
)


def removed_elements(text: str) -> dict[str, str]:
    """Elements that a text wants replaced or avoided, and the words for it: ``the toxic Pb^2+ cation is replaced``."""
    found: dict[str, str] = {}
    for element in ELEMENT.finditer(text):
        before = _said(_REMOVED, text[max(0, element.start() - 50) : element.start()])
        behind = _REMOVED_BEHIND.match(text, element.end())
        if before or behind:
            start = element.start() - len(before[0]) if before else element.start()
            said = text[start : behind.end() if behind else element.end()]
            found.setdefault(symbol_of(element[0]), said)
    return found


def symbol_of(word: str) -> str:
    """The symbol of an element that is written by name or by symbol, with its charge or without."""
    plain = re.sub(r"\^?\d?[+-]$", "", word)
    return ELEMENT_SYMBOLS.get(plain.lower(), plain)
