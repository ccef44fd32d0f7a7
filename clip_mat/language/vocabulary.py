"""Words that crystals are described with in captions, and which words of a question are none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from clip_mat.facts import CRYSTAL_SYSTEMS
from clip_mat.language import wordings
from clip_mat.language.classes import FAMILY_ELEMENTS, find_classes
from clip_mat.language.mentions import find_mentions
from clip_mat.language.names import ELEMENT_SYMBOLS, aliases, prototype_names
from clip_mat.language.words import WORD_MENTIONS

_WORD = re.compile(r"[^\W\d_]{4,}")
_PLAIN = (
    "about above also although among analysis another anything around attributes based because been being below best "
    "better between beyond bigger both candidate candidates cheap cheaper common complex conditions could "
    "crystallographic demonstrates demonstrating desired distinctive does doing each easily either else ever every "
    "example examples exploring find finding from give good great have having help here high higher highlighting "
    "highlights highly hold ideal ideally inherent insights interested interesting into intriguing just kind know "
    "known larger less like likely list look looking lower make makes many materials maybe mean more most mostly "
    "much must narrower need needed needs never nice nonetheless novel only other others otherwise over perfect "
    "perhaps please possible possibly potential prefer preferably presents pretty promising properties property "
    "quite rather really remarkable reveals robust same search seeking should show showcases showcasing significant "
    "similar simple simpler small smaller some something sort still stronger such suggest suitable sure than that "
    "their them then there these they thing things this those through traits typical under unique unlike used "
    "useful using usually various very want wanted well were what when where whether which while wider will with "
    "within without work would your"
)
"""Words of any question, which say nothing of a crystal."""


def unfamiliar_words(text: str) -> list[str]:
    """Words that say something, but nothing that captions of crystals say; in the order of the text, each once.

    Args:
        text: A question without what of it became a filter.
    """
    taken = bytearray(len(text))
    spans = [(mention.start, mention.end) for mention in find_mentions(text)]
    spans += [(found.start, found.end) for found in find_classes(text)]
    for start, end in spans:
        taken[start:end] = b"\x01" * (end - start)
    words = [match[0] for match in _WORD.finditer(text) if not any(taken[match.start() : match.end()])]
    known = _vocabulary()
    return list(dict.fromkeys(word for word in words if not known & set(_stems(word.lower()))))


def near_word(word: str) -> str | None:
    """A name of an element or a structure type, or a family or crystal system, that a word may be a misspelling of."""
    close = get_close_matches(word.lower(), _names(), n=1, cutoff=_ALIKE)
    return close[0] if close else None


_ALIKE = 0.84
"""Least share of letters in common (Ratcliff and Obershelp) of a misspelling: one or two letters are wrong."""


@cache
def _names() -> tuple[str, ...]:
    types = prototype_names()
    told = [*ELEMENT_SYMBOLS, *types, *(other for name in types for other in aliases(name))]
    told += [*FAMILY_ELEMENTS, *CRYSTAL_SYSTEMS]
    return tuple(dict.fromkeys(name.lower() for name in told if _WORD.fullmatch(name)))


def _stems(word: str) -> Iterator[str]:
    """The word, and what it may be a form of."""
    yield word
    for ending in ("s", "es", "ed", "d", "ing", "ly", "al", "ally", "ic", "ity"):
        if word.endswith(ending) and len(word) - len(ending) > 3:
            yield word[: -len(ending)]
            yield word[: -len(ending)] + "e"
    if word.endswith("ies"):
        yield word[:-3] + "y"


@cache
def _vocabulary() -> frozenset[str]:
    tables = [value for name, value in vars(wordings).items() if not name.startswith("__")]
    told = " ".join(_texts(tables))
    found = {word.lower() for word in _WORD.findall(told)} | set(WORD_MENTIONS) | set(_PLAIN.split())
    return frozenset(stem for word in found for stem in _stems(word))


def _texts(value: object) -> Iterator[str]:
    """All wordings in the tables, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(key)
            yield from _texts(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _texts(one)
