"""The words beside a word: which of them mean something, and whether two texts have the same ones."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.reading.text import word_list
from rag.verify.opposites import are_alike
from rag.verify.wording import STOP_WORDS, stem

TOKEN = re.compile(r"[^\W_]+(?:[.,]\d+)*(?:\+{1,2}(?!\w))?")
"""A word, a number with its decimals, an ion."""
BREAK = re.compile(r"[,;:.!?—–]")
"""Where a clause ends."""
TIED = word_list("of to by at than from in with for")
"""Words that tie what follows to what stands before."""
ABOUT = word_list("about around approximately roughly nearly almost only over some just ca")
"""Words between these and a number."""
_PLAIN = word_list(
    "reach reached reaches obtain obtained achieve achieved achieves report reported give given gives know known call "
    "called name named equal equals be been have has had do does did make made makes lead leads led exhibit exhibits "
    "exhibited demonstrate demonstrated demonstrates show shows shown describe described study studied investigate "
    "investigated employ employed utilize utilized utilise utilised present presented provide provides provided "
    "consider considered propose proposed suggest suggested indicate indicates paper article work study authors "
    "researchers result results value values approximately various several certain specific particular commonly often "
    "typically usually generally respectively currently recently now today addition example case way means order "
    "include includes including included order great large number amount order possible able first also"
)
"""Words of every scientific text, which add nothing of the matter."""


def content_of(text: str, most: int, *, from_end: bool, clause: bool) -> tuple[str, ...]:
    """Stems of the content words of a stretch, from the number on; a clause ends where one was found."""
    matches = list(TOKEN.finditer(text))
    found: list[str] = []
    edge = len(text) if from_end else 0
    for match in reversed(matches) if from_end else matches:
        between = text[match.end() : edge] if from_end else text[edge : match.start()]
        if clause and BREAK.search(between) and (found or not from_end):
            break
        edge = match.start() if from_end else match.end()
        if is_content(match[0]):
            found.append(stem(match[0]))
        if len(found) == most:
            break
    return tuple(found)


def is_content(word: str) -> bool:
    """Whether a word means something by itself."""
    lowered = word.lower()
    return (
        len(word) > 1
        and not word[0].isdecimal()
        and not {lowered, stem(word)} & STOP_WORDS
        and lowered not in _PLAIN
        and lowered not in TIED
        and lowered not in ABOUT
    )


def is_among(word: str, others: Sequence[str] | set[str]) -> bool:
    """Whether a word, or one of the same root, is among others."""
    if word in others:
        return True
    return len(word) > 5 and any(word[:6] == other[:6] or are_alike(word, other) for other in others)


def acronyms_of(text: str) -> set[str]:
    """Acronyms of a text, in lower case and without their plural."""
    return {word.removesuffix("s").lower() for word in re.findall(r"\b[A-Z]{2,6}s?\b", text)}


def is_spelled(word: str, row: Sequence[str], beside: Sequence[str], acronyms: set[str]) -> bool:
    """Whether a word is one of a row that an acronym beside the other number stands for, or is that acronym."""
    for acronym in acronyms:
        for words, initials in ((row, acronym in beside), (beside, acronym == word)):
            if not initials:
                continue
            for line in (words, words[::-1]):
                letters = "".join(other[0] for other in line)
                at = letters.find(acronym)
                if at >= 0 and (words is beside or word in line[at : at + len(acronym)]):
                    return True
    return False
