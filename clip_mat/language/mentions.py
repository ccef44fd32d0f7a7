"""What a text says of a crystal: formulas, elements, space groups, structure types, numbers - and where it says so.

Each kind is looked for over the whole text, in the order of `_FINDERS`; what an earlier kind has taken, a later one
leaves alone. English hides elements ("In", "As", "I", "lead to") and formulas hide in English ("CO", "P1"), so a
doubtful word counts only where its neighbours speak of chemistry.
"""

from __future__ import annotations

from collections.abc import Callable

from clip_mat.language.formula_parser import plain_digits
from clip_mat.language.mention import Found, Kind, Mention
from clip_mat.language.mentioned_formulas import (
    find_anonymous,
    find_elements,
    find_formulas,
    find_sloppy_formulas,
    find_systems,
)
from clip_mat.language.mentioned_prototypes import find_compound_names, find_prototypes
from clip_mat.language.mentioned_words import find_quantities, find_spacegroups, find_words

__all__ = ["Kind", "Mention", "find_mentions"]

_FINDERS: tuple[Callable[[str], Found], ...] = (
    find_prototypes,
    find_spacegroups,
    find_quantities,
    find_systems,
    find_anonymous,
    find_formulas,
    find_compound_names,
    find_words,
    find_elements,
    find_sloppy_formulas,
)


def find_mentions(text: str) -> list[Mention]:
    """Everything that a text says of a crystal, in the order of the text; no two overlap."""
    plain = plain_digits(text)
    found: list[Mention] = []
    taken = bytearray(len(plain))
    for finder in _FINDERS:
        for mention in finder(plain):
            if not any(taken[mention.start : mention.end]):
                taken[mention.start : mention.end] = b"\x01" * (mention.end - mention.start)
                found.append(mention)
    return sorted(found, key=lambda mention: mention.start)
