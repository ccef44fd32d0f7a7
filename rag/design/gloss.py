"""What formulas say in words: ``AgBr`` answers to "silver halide", ``Sb`` to "antimony", ``KNbO3`` to "lead-free".

A question calls a compound by its class, a paper writes its formula. Each formula is read as the words that it stands
for, at the place where it stands, so that a sentence can be found and weighed by them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from clip_mat.facts import families
from clip_mat.language.classes import ANION_CLASSES, FAMILY_ELEMENTS, MIXED_CLASSES
from clip_mat.language.formula_parser import SYMBOL
from clip_mat.language.names import ELEMENT_NAMES, ELEMENT_SYMBOLS
from rag.design.asked import Asked
from rag.design.compounds import Compound
from rag.design.structure_types import possible_type
from rag.retrieval import Query

Words = Callable[[Sequence[str]], list[set[str]]]
"""Content words of texts, folded and stemmed as a query has them: `rag.retrieval.Retriever.words`."""

_NUMBERS = {2: "binary", 3: "ternary", 4: "quaternary", 5: "quinary"}
_HALIDES = frozenset(FAMILY_ELEMENTS["halide"])
_CHALCOGENS = frozenset(ANION_CLASSES["chalcogenide"])
_WORD = re.compile(r"[^\W_][\w.%-]*")
_ELEMENT = re.compile(rf"(?<![\w-])(?:{SYMBOL}(?=\^|-|\b)|(?i:{'|'.join(ELEMENT_SYMBOLS)})\b)(?![a-z])")
_LIKE_PEROVSKITE = re.compile(r"(?:I|Br|Cl)3$")
_RATHER_WORDS = frozenset(["In", "As", "At", "He", "No", "Be", "I", "Am"])
"""Symbols that are words, too; they count where a charge or a hyphen follows."""


def gloss(compound: Compound, asked: Asked) -> str:
    """The words that a compound stands for: its elements, its classes, and what of the question is true of it."""
    counts = compound.counts
    symbols = set(counts) or set(re.findall(SYMBOL, compound.name))
    said = [name for symbol in symbols for name in (symbol, *ELEMENT_NAMES.get(symbol, ()))]
    said += _classes(frozenset(symbols))
    if counts:
        said += [*families(counts), _NUMBERS.get(len(counts), "")]
    if "organic" in compound.reason:
        said += ["organic", "inorganic", "hybrid", compound.reason]
    for demand, value, words in asked.words:
        if demand == "exclude" and value not in symbols:
            said.append(words)
        if demand == "prototype" and (
            possible_type(value, counts) if counts else _LIKE_PEROVSKITE.search(compound.name)
        ):
            said.append(words)
    return " ".join(said)


@lru_cache(4096)
def _classes(symbols: frozenset[str]) -> tuple[str, ...]:
    """Names of classes by anions: ``chloride``, ``halide``, ``phosphate``, ``chalcohalide``."""
    named = [name for name, (symbol, *others) in FAMILY_ELEMENTS.items() if not others and symbol in symbols]
    named += [name for name, needed in MIXED_CLASSES.items() if set(needed) <= symbols]
    if symbols & _HALIDES:
        named += ["halide", *["chalcohalide"] * bool(symbols & _CHALCOGENS)]
    if symbols & _CHALCOGENS:
        named.append("chalcogenide")
    return tuple(named)


def words_at(
    text: str, compounds: Sequence[Compound], asked: Asked, query: Query, words_of: Words
) -> list[tuple[int, str]]:
    """Places of the question's words in a sentence, written or meant: first character, the word as the query has it."""
    told = [(match.start(), match[0]) for match in _WORD.finditer(text)]
    told += [(compound.start, gloss(compound, asked)) for compound in compounds]
    told += list(_elements(text))
    stems = words_of([said for _, said in told])
    return [(place, stem) for (place, _), own in zip(told, stems, strict=True) for stem in own if stem in query.weights]


def glossed(text: str, compounds: Sequence[Compound], asked: Asked) -> str:
    """A sentence followed by all that its formulas stand for."""
    return " ".join((text, *(gloss(compound, asked) for compound in compounds), *(said for _, said in _elements(text))))


def _elements(text: str) -> Iterator[tuple[int, str]]:
    """Elements by themselves (``Sb-rich``, ``antimony``): each by every name, and by its symbol."""
    for match in _ELEMENT.finditer(text):
        symbol = ELEMENT_SYMBOLS.get(match[0].lower(), match[0]) if len(match[0]) > 2 else match[0]
        if match[0] in _RATHER_WORDS and text[match.end() : match.end() + 1] not in ("^", "-"):
            continue
        yield match.start(), " ".join((symbol, *ELEMENT_NAMES.get(symbol, ())))
