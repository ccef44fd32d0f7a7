"""What a text names so plainly that it stands before all that is like it: a compound, a structure type, a salt.

Vectors hold names of structure types well, and names of classes, but both together less well: asked for "a nitride with
the spinel structure" they find carbodiimides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from clip_mat.facts import write_formula
from clip_mat.language.classes import FAMILY_ELEMENTS, OXYANIONS, CompoundClass, find_classes
from clip_mat.language.mention import Mention
from clip_mat.search.phrase import has_all, has_any

_MOLECULES = frozenset(["H2O", "CO2", "CO", "H3N", "CH4", "N2O", "NO", "NO2", "O2S", "H2O2", "H2S", "ClH"])
"""What a crystal rather meets than is, spelt as OPTIMADE does."""
_BESIDE = (
    r"\b(?:not|no|non|neither|nor|than|without|excluding|except|for|on|onto|into|from|against|replac\w+|instead of"
    r"|alternatives? to{})[ -](?:an? |the )?$"
)
_BESIDE_IT = re.compile(_BESIDE.format("|to|with|like|by|via|under|over"), re.IGNORECASE)
"""Before a compound that is not itself what is sought: "a substrate for GaN"."""
_ANOTHER_KIND = re.compile(_BESIDE.format("|inverse|defect|disordered|pseudo|quasi"), re.IGNORECASE)
"""Before a structure type that is not what is sought: "harder than diamond", "inverse spinel"."""
_PART_OF_A_WORD = re.compile(
    r"-\w| (?:reduction|capture|storage|splitting|sensors?|sensing|substrates?|electrolytes?)\b"
)
_ONLY_NEAR = re.compile(r"[- ](?:derived|derivatives?|related|inspired|substrates?)\b", re.IGNORECASE)
_SAME_NAME = re.compile(r"(?: ?\((?:I{1,3}|IV|VI{0,3})\))?[ -]", re.IGNORECASE)
"""Between the words of one name: "iron(III) oxide"."""
_OF_MOLECULES = frozenset("CHNO")
_EITHER = re.compile(r"\bor\b|(?<=[a-z])/(?=[a-z])|(?<=\s)/(?=\s)", re.IGNORECASE)
"""Not the stroke of a space group: "I4/mcm"."""


@dataclass(frozen=True, slots=True)
class NamedKind:
    """A kind of crystal that a text names.

    Attributes:
        words: As the text has them.
        types: Structure types, each as good as the others.
        elements: That are all in it.
        any_of: Groups of elements of each of which there is one.
        number: OPTIMADE filter on how many elements there are; empty where that is open.
    """

    words: tuple[str, ...]
    types: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    any_of: tuple[tuple[str, ...], ...] = ()
    number: str = ""

    @property
    def filter(self) -> str:
        """OPTIMADE filter that those of the kind meet."""
        names = ",".join(f'"{name}"' for name in self.types)
        clauses = [f"prototypes HAS ANY {names}"] if names else []
        clauses += [has_all(self.elements)] if self.elements else []
        clauses += [*(has_any(group) for group in self.any_of), *([self.number] if self.number else [])]
        return " AND ".join(clauses)


def named_formula(text: str, mentions: Sequence[Mention]) -> str | None:
    """The one compound that is sought by its formula: of "a substrate for GaN" it is not GaN."""
    formulas = [mention for mention in mentions if mention.kind == "formula"]
    if len({mention.composition for mention in formulas}) != 1:
        return None
    first = formulas[0]
    if _BESIDE_IT.search(text, max(0, first.start - 24), first.start) or _PART_OF_A_WORD.match(text, first.end):
        return None
    formula = write_formula(first.counts)
    return None if formula in _MOLECULES else formula or None  # fractions have no counts


def named_kind(text: str, mentions: Sequence[Mention], taken: Sequence[tuple[int, int]] = ()) -> NamedKind | None:
    """The structure types that are sought, the salt of an oxo acid, or the compound by its systematic name.

    Elements and families beside a structure type belong to it: "nitride with the spinel structure" is what has that
    type, and nitrogen. A titanate has titanium, oxygen and something else; a barium titanate nothing but barium,
    titanium and oxygen.

    Args:
        text: With plain digits.
        mentions: What it says of a crystal.
        taken: (first, behind the last) of the words that a filter has taken out of it: "not a perovskite".
    """
    meant = [
        mention
        for mention in mentions
        if not any(start < mention.end and mention.start < end for start, end in taken)
        and not _ANOTHER_KIND.search(text, max(0, mention.start - 24), mention.start)
        and not _ONLY_NEAR.match(text, mention.end)
    ]
    types = [mention for mention in meant if mention.kind == "prototype" and mention.name]
    classes = find_classes(text)
    salts = [found for found in classes if text[found.start : found.end].lower().rstrip("s") in OXYANIONS]
    either = _EITHER.search(text) is not None
    name = None if types or either else _systematic_name(text, meant, salts)
    if not types and (either or (not salts and name is None)):
        return None
    elements, groups = _elements_beside(meant, classes, either)
    number = f"nelements = {name.elements}" if name else "" if types else "nelements >= 3"
    spans = [(one.start, one.end) for one in types] or [(one.start, one.end) for one in salts]
    words = dict.fromkeys(text[start:end] for start, end in ([(name.start, name.end)] if name else spans))
    names = dict.fromkeys(one.name for one in types if one.name)
    return NamedKind(tuple(words), tuple(names), elements, groups, number)


@dataclass(frozen=True, slots=True)
class _Name:
    """Where the systematic name of a compound stands, and how many elements it has."""

    start: int
    end: int
    elements: int


def _systematic_name(text: str, meant: Sequence[Mention], salts: Sequence[CompoundClass]) -> _Name | None:
    """The one name that lists all elements of a compound: "iron sulfide", "lithium iron phosphate"; None where other
    elements are named beside it, too."""
    anions = [(one.start, one.end, FAMILY_ELEMENTS.get(one.name or "", ())) for one in meant if one.kind == "family"]
    anions = sorted(
        [(start, end, known) for start, end, known in anions if len(known) == 1]
        + [(one.start, one.end, (*one.all_of, "O")) for one in salts]
    )
    elements = [one for one in meant if one.kind == "element"]
    if not anions or not elements:
        return None
    start, symbols = anions[0][0], {symbol for _, _, known in anions for symbol in known}
    for one in reversed([one for one in elements if one.end <= start]):
        if not _SAME_NAME.fullmatch(text, one.end, start):
            return None
        start = one.start
    whole = all(_SAME_NAME.fullmatch(text, end, behind) for (_, end, _), (behind, _, _) in pairwise(anions))
    if not whole or elements[-1].end > anions[0][0] or _PART_OF_A_WORD.match(text, anions[-1][1]):
        return None
    symbols |= {str(symbol) for one in elements for symbol, _ in one.composition}
    return None if symbols <= _OF_MOLECULES else _Name(start, anions[-1][1], len(symbols))


def _elements_beside(
    meant: Sequence[Mention], classes: Sequence[CompoundClass], either: bool
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The elements that are asked for, and groups of which one is; of "oxide or sulfide" one."""
    single = [str(symbol) for one in meant if one.kind in ("element", "system") for symbol, _ in one.composition]
    families = [FAMILY_ELEMENTS.get(one.name or "", ()) for one in meant if one.kind == "family"]
    if either:
        named = single, [symbol for family in families for symbol in family]
        return (), tuple(tuple(dict.fromkeys(group)) for group in named if group)
    for found in classes:
        single += found.all_of
        families += [found.any_of, tuple(s for name in found.families for s in FAMILY_ELEMENTS.get(name, ()))]
    single += [family[0] for family in families if len(family) == 1]
    return tuple(dict.fromkeys(single)), tuple(family for family in dict.fromkeys(families) if len(family) > 1)
