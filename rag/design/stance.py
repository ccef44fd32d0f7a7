"""How a sentence speaks of a compound or an element that it names: offered, merely compared with, or turned down."""

from __future__ import annotations

import re

OFFERED, TOLD, COMPARED, REFUSED = 1.15, 1.0, 0.35, 0.0
"""What a compound's place in a sentence is worth."""

_FEW_WORDS = r"(?:[\w()-]+[ -]){0,3}$"
_REFUSED_BEFORE = re.compile(
    r"\b(?:not|never|without|avoid(?:s|ing|ed)?|free (?:of|from)|exclud\w+|except(?: for)?|other than|neither|nor|"
    r"lacks?|"
    r"absence of|instead of|rather than|replac(?:e|es|ing|ement of|ements? for)|substitut(?:es? for|ing)|"
    r"alternatives? (?:to|for)|eliminat\w+|toxicity of|get(?:ting)? rid of|do(?:es)? not form|toxic|problems? (?:of|"
    r"with)) "
    rf"{_FEW_WORDS}",
    re.IGNORECASE,
)
_COMPARED_BEFORE = re.compile(
    r"\b(?:unlike|than|relative to|compared (?:to|with)|comparison (?:to|with)|in contrast (?:to|with)|"
    r"as opposed to|versus|"
    r"vs\.?|outperform\w*|surpass\w*|exceed\w*|superior to|inferior to|similar to|analog\w+ (?:of|to)|counterparts?|"
    r"that of|those of|derived from|over|above|below|from|precursors?(?: such as| of| like)?|decompos\w+ (?:in)?to|"
    rf"degrad\w+ (?:in)?to) (?:the )?(?:(?:that|those) (?:of|for) )?{_FEW_WORDS}",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[,;:.()]\s|\b(?:and|but|while|whereas|which|that)\b(?! of\b)")
_REFUSED_BEHIND = re.compile(
    r"(?:\s(?:[\w-]+\s){0,4}?(?:should|must|has to|have to|needs? to) be (?:avoided|replaced|excluded|eliminated|"
    r"discarded|left)"
    r"|,?\s(?:which )?(?:[\w-]+\s){0,2}?(?:is|are|was|were|has been|have been|to be|proved|turned out)(?: \w+ly)? "
    r"(?:\w+, which is )?(?:not|toxic|poisonous|unsuitable|unlikely|excluded|ruled out|avoided|discarded|inferior|"
    r"impossible)\b"
    r"|[^.;]{0,45}\bwhich is unlikely\b"
    r"|\s(?:[\w-]+\s){0,2}?(?:(?:do|does|did|can|could|will|would) ?not|cannot|fails? to|failed to|lacks?)\b"
    r"|[- ]free\b|-poor\b)",
    re.IGNORECASE,
)
_COMPARED_BEHIND = re.compile(
    r"\s(?:precursors?|impurit\w+|substrates?|electrodes?|secondary phases?|contacts?|reference)\b"
    r"|,?\s(?:which )?(?:(?:is|are|was|were) )?(?:un|meta)stable\b|\s(?:decompos|degrad)\w+",
    re.IGNORECASE,
)
_OFFERED = re.compile(
    r"\b(?:promising|recommend\w*|best|ideal|excellent|suitable|candidates?|outstanding|favou?rable|preferred|"
    r"attractive|"
    r"superior|most (?:stable|efficient|active|used|studied)|identif\w+|discover\w+|thermodynamically stable|focus on|"
    r"demonstrated|successful\w*|emerg\w+)\b",
    re.IGNORECASE,
)


def stance(text: str, start: int, end: int, question: str = "") -> float:
    """What the mention of a compound, or of a list of them, is worth: one of the four above.

    Args:
        text: The sentence.
        start: First character of the mention.
        end: One past its last.
        question: A role that the question itself asks about ("Which impurities ...?") is no reason against it.
    """
    before, behind = _clause_before(text, start), text[end : end + 80]
    refused = _REFUSED_BEFORE.search(before) or _REFUSED_BEHIND.match(behind)
    if refused and not _asked_about(refused[0], question):
        return REFUSED
    compared = _COMPARED_BEFORE.search(before) or _COMPARED_BEHIND.match(behind)
    if compared and not _asked_about(compared[0], question):
        return COMPARED
    return OFFERED if _OFFERED.search(text[max(0, start - 80) : start] + " | " + text[end : end + 60]) else TOLD


def _clause_before(text: str, start: int) -> str:
    """What stands before a mention in its own clause, the last 80 characters."""
    before = text[max(0, start - 80) : start]
    ends = [match.end() for match in _CLAUSE_END.finditer(before)]
    return before[ends[-1] :] if ends else before


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


def _asked_about(reason: str, question: str) -> bool:
    return any(role in reason.lower() and role in question.lower() for role in _ROLES)
