"""What a text says of a crystal: formulas, elements, space groups, structure types, numbers - and where it says so.

Each kind is looked for over the whole text, in the order of `_FINDERS`; what an earlier kind has taken, a later one
leaves alone. English hides elements ("In", "As", "I", "lead to") and formulas hide in English ("CO", "P1"), so a
doubtful word counts only where its neighbours speak of chemistry.
"""

from __future__ import annotations

import re
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
from clip_mat.language.mentioned_groups import find_spacegroups
from clip_mat.language.mentioned_prototypes import find_compound_names, find_prototypes
from clip_mat.language.mentioned_words import find_quantities, find_words

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
    return _with_one_of_each(plain, sorted(found, key=lambda mention: mention.start))


_IN_PIECES = re.compile(r"[A-Z][a-z]?(?: [A-Z][a-z]?)*")
_OPEN = re.compile(r"(?: O|[a-zA-Z] \S+ (?:F|Cl|Br|I))$")
"""Behind this no compound ends that has one of each: by ``Li Mn O`` and ``Cs Pb Br`` people mean the system."""
_PART_BEFORE = re.compile(
    r"\b(?:contain\w*|with|without|no|lacking|includ\w+|excluding|not|plus|and|or|made|rich in|free of) $",
    re.IGNORECASE,
)
_PART_BEHIND = re.compile(r"-\w| (?:and|or|atoms?|ions?|cations?|anions?|content|doped|doping)\b")
_DOUBTFUL_BEHIND = re.compile(r" (In|As|I|At|Be)(?![\w-])")
"""Elements that are words, too, but hardly right behind an element: ``Fe As, Pnma``."""
_DOUBTFUL_BEFORE = re.compile(r"(?<!\w)(?:In|As|I|At|Be) $")
_SYMMETRY = frozenset(["spacegroup", "crystal_system"])


def _with_one_of_each(text: str, found: list[Mention]) -> list[Mention]:
    """Symbols in a row, or one, are a compound with one of each where nothing but their space group is told.

    ``Hf Pd, Cmcm`` and ``Si Fd-3m``, but not ``containing Ba, Cmcm``.
    """
    others = [mention for mention in found if mention.kind not in _SYMMETRY]
    if len(others) != 1 or others[0].kind not in ("system", "element") or len(found) == 1:
        return found
    (only,) = others
    if (
        any(mention.kind == "spacegroup" for mention in found)
        and _IN_PIECES.fullmatch(text, only.start, only.end)
        and not _OPEN.search(text, only.start, only.end)
        and not _PART_BEFORE.search(text, max(0, only.start - 16), only.start)
        and not _DOUBTFUL_BEFORE.search(text, max(0, only.start - 4), only.start)
        and not _PART_BEHIND.match(text, only.end)
    ):
        symbols = [symbol or "" for symbol, _ in only.composition]
        end = only.end
        if (doubtful := _DOUBTFUL_BEHIND.match(text, end)) and doubtful[1] not in symbols:
            symbols.append(doubtful[1])
            end = doubtful.end()
        compound = Mention(only.start, end, "formula", tuple((symbol, 1) for symbol in sorted(symbols)))
        return [compound if each is only else each for each in found]
    return found
