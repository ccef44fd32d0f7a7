"""Sentences that can stand in an answer by themselves, and how they are shown there."""

from __future__ import annotations

import re

from rag.documents import Kind, Sentence
from rag.orders import addresses_machine
from rag.reading.roles import is_credit

SHORTEST, LONGEST = 20, 700
"""Characters of a sentence that can stand by itself."""

_FORGED = re.compile(r"\s*[(（[][^][()（）]*\b\w+(?:\d{4}|nd)[a-z]*,? pages? \d+[^][()（）]*(?:[)）\]]|(?=[.!?]?$))")
_BULLET = re.compile(r"^(?:[\s•▪■●◦‣·*\ufffd]|[-–—]\s)+")
_LABEL = re.compile(r"^(?:ABSTRACT|SUMMARY|HIGHLIGHTS|INTRODUCTION|CONCLUSIONS?|RESULTS|METHODS)\b[:.]?\s+(?=[A-Z])")
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

_GARBLED = re.compile(r"ð[^ð]*Þ|(?<=\S )\ufffd [A-Z]")
"""Brackets of a formula, or bullets between the items of a list, whose font does not say what its glyphs are."""
_VERB = re.compile(
    r"\b(?:is|are|was|were|be|been|has|have|had|do|does|did|can|could|may|might|will|would|should|must)\b"
    r"|(?<![-\w])[a-z]+ed\b|n['’]t\b",
    re.IGNORECASE,
)
_HEADING = 8
"""Words of a heading at most."""
_LABEL_WORDS = 4
"""Words of what is no sentence for sure, where none of them is a verb."""


def can_stand(sentence: Sentence) -> bool:
    """Whether a sentence can be one of an answer."""
    if not SHORTEST <= len(sentence.text) <= LONGEST or sentence.text.endswith(("?", ":", ",")):
        return False
    is_printed = any(fragment.boxes for fragment in sentence.fragments)  # in notes headings are marked, and facts short
    if sentence.kind is Kind.BODY and is_printed and is_heading(sentence.text):
        return False
    return is_statement(sentence) and not addresses_machine(sentence.text)  # an older index may still hold these


def is_statement(sentence: Sentence) -> bool:
    """Whether a sentence says something by itself: it is whole and readable, does not only say where something is
    told, and is neither the title of a figure or table nor of a part of it, nor says whose the figure is."""
    if not sentence.whole or _GARBLED.search(sentence.text) or _POINTER.match(sentence.text):
        return False
    return sentence.kind is not Kind.CAPTION or not (_TITLE.match(sentence.text) or is_credit(sentence.text))


def is_heading(text: str) -> bool:
    """Whether a sentence on a printed page is a heading or an item of a list for sure: it is like one, and has four
    words at most, or writes most of them large, or does not end as a sentence does."""
    if not is_like_heading(text):
        return False
    words = re.findall(r"[^\W\d_][\w-]*", without_markers(text))
    large = sum(word[0].isupper() for word in words if len(word) > _LABEL_WORDS)
    small = sum(word[0].islower() for word in words if len(word) > _LABEL_WORDS)
    return len(words) <= _LABEL_WORDS or large > small or not text.rstrip().endswith((".", "!", "”", ")"))


def is_like_heading(text: str) -> bool:
    """Whether a sentence is so short, and has so little of a verb, that it may be a heading that runs into the text."""
    return len(text.split()) <= _HEADING and not _VERB.search(text)


def without_markers(text: str) -> str:
    """A sentence without its paper's own citations, which mean nothing here, any that look like ours, and the label of
    the part of the paper that it begins."""
    return " ".join(_MARKER.sub("", _FORGED.sub("", _LABEL.sub("", _BULLET.sub("", text)))).split())
