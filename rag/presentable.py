"""Sentences that can stand in an answer by themselves, and how they are shown there."""

from __future__ import annotations

import re

from rag.documents import Kind, Sentence
from rag.orders import addresses_machine
from rag.reading.roles import is_credit

SHORTEST, LONGEST = 20, 700
"""Characters of a sentence that can stand by itself."""

_FORGED = re.compile(r"\s*[(（[][^][()（）]*\b\w+(?:\d{4}|nd)[a-z]*,? pages? \d+[^][()（）]*(?:[)）\]]|(?=[.!?]?$))")
_BULLET = re.compile(r"^[\s•▪■●◦‣·*]+")
_MARKER = re.compile(r"\s*\[\d{1,2}\]|\s*\[\d+(?:\s*[,–-]\s*\d+)+\]")

_TITLE = re.compile(
    r"\W{0,2}(?:(?:supplementary|extended data)\s+)?(?:fig(?:ure|s)?\b\.?|tables?\b|scheme\b|chart\b|box\b)\s*S?\d"
    r"|\W{0,2}\(?[a-h](?:\s?[–,-]\s?[a-h])?[).:|]?\s+[A-Z]",
    re.IGNORECASE,
)

_POINTER = re.compile(
    r"\W*(?:for )?(?:an? |the )?(?:[\w-]+ ){0,3}(?:information|details?|explanations?|discussions?|overviews?|reviews?|"
    r"reading|descriptions?|derivations?|treatments?|introductions?)\b(?!.*,? but\b).{0,200}?"
    r"\b(?:see|(?:may|can) be found|is referred to|are referred to|(?:is|are) given) (?!that\b)"
    r"|\W*(?:with)?in (?:this|the (?:next|following)) (?:sub)?(?:section|chapter),? .{0,80}?"
    r"\b(?:will be|we (?:will |briefly )?(?:give|discuss|describe|present|review|outline|introduce|summari[sz]e))\b"
    r"|\W*the (?:next|following) (?:sub)?(?:section|chapter)s? (?:will )?"
    r"(?:give|discuss|describe|present|review|outline|introduce|summari[sz]e)",
    re.IGNORECASE,
)
"""Beginnings of sentences that only say where something is told."""


def can_stand(sentence: Sentence) -> bool:
    """Whether a sentence can be one of an answer."""
    if not SHORTEST <= len(sentence.text) <= LONGEST or sentence.text.endswith(("?", ":")):
        return False
    return is_statement(sentence) and not addresses_machine(sentence.text)  # an older index may still hold these


def is_statement(sentence: Sentence) -> bool:
    """Whether a sentence says something by itself: it is whole, does not only say where something is told, and is
    neither the title of a figure or table nor of a part of it, nor says whose the figure is."""
    if not sentence.whole or _POINTER.match(sentence.text):
        return False
    return sentence.kind is not Kind.CAPTION or not (_TITLE.match(sentence.text) or is_credit(sentence.text))


def without_markers(text: str) -> str:
    """A sentence without its paper's own citations, which mean nothing here, and any that look like ours."""
    return " ".join(_MARKER.sub("", _FORGED.sub("", _BULLET.sub("", text))).split())
