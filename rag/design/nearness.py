"""How near to a compound a sentence says what the question asks, and which of several its numbers speak for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.design.compounds import Compound
from rag.design.stance import direction
from rag.retrieval import Query

_SCALE = 6.0
"""Words after which nearness has halved."""
_BREAK = re.compile(r";|, (?:while|whereas|but|and|as|since|because)\b|\bas well as\b|\. [A-Z]")
_VALUE = re.compile(r"\s*\(?\s*(?:about |of |around |~|≈|=)?\s*([-−]?\d+(?:\.\d+)?)\s*(%|[A-Za-zμΩ°][\w/^-]*)?")
_NUMBER = re.compile(r"(?<![\w.])\d+\.?\d+(?![\w.]*\d)")
_IN_TURN = re.compile(
    r"(?P<first>[-−]?\d+(?:\.\d+)?)(?P<more>(?:[\s\w%/^]*?(?:,|and|,\s*and)\s*[-−]?\d+(?:\.\d+)?)+)[^.;]{0,25}\brespectively\b"
)


def nearness(
    text: str,
    places: Sequence[tuple[int, str]],
    query: Query,
    compound: Compound,
    together: Sequence[Compound],
    others: Sequence[Compound] = (),
) -> float:
    """How near to a compound the question's words stand, each by its rarity: 0 to 1.

    What stands in brackets behind a compound is said of it alone; all else is said of every compound of a list.

    Args:
        text: The sentence.
        places: Where it has which word of the question, as `rag.design.gloss.words_at` finds them.
        query: The question's words and how rare they are.
        compound: Of the sentence.
        together: The list that it stands in.
        others: All compounds of the sentence.
    """
    best: dict[str, float] = {}
    for place, stem in places:
        distance = _distance(text, place, compound, together, others)
        best[stem] = max(best.get(stem, 0.0), 1 / (1 + distance / _SCALE))
    total = sum(query.weights.values())
    # In the order of the question: that of sets, which differs from run to run, would decide ties by the last digit.
    said = sum(weight * best.get(stem, 0.0) for stem, weight in query.weights.items())
    return said / total if total else 0.0


def _distance(
    text: str, place: int, compound: Compound, together: Sequence[Compound], others: Sequence[Compound]
) -> float:
    if compound.start <= place < compound.end:
        return 0.0
    start, end = together[0].start, together[-1].end
    owner = _owner(text, place, together)
    if owner is compound:
        between = text[compound.end : place] if place >= compound.end else text[place : compound.start]
        return float(len(between.split()))
    if start <= place < end or owner is not None:
        between = text[min(place, compound.end) : max(place, compound.start)]
        return len(between.split()) + _SCALE
    between, span = (text[end:place], (end, place)) if place >= end else (text[place:start], (place, start))
    crossed = sum(span[0] < other.start < span[1] - 1 for other in others)
    return len(between.split()) + _SCALE * (len(_BREAK.findall(between)) + 0.5 * crossed)


def _owner(text: str, place: int, together: Sequence[Compound]) -> Compound | None:
    """The compound of a list of which alone something is said: in its name, or in brackets behind it."""
    for one in together:
        if one.start <= place < one.end:
            return one
        behind = re.match(r"\s?\([^()]*\)", text[one.end :])
        if behind and len(together) > 1 and one.end <= place < one.end + behind.end():
            return one
    return None


def told_by_numbers(text: str, together: Sequence[Compound], question: str) -> Compound | None:
    """Of compounds with a number each, the one that has most or least of what the question asks for.

    ``the bandgap of Cs2AgSbBr6 (2.18 eV) and Cs2AgBiBr6 (2.25 eV)``, ``A and B are 1.4 and 2.6 eV, respectively``.
    """
    wanted = direction(question)
    if not wanted or len(together) < 2:
        return None
    values = _values(text, together)
    if values is None or len(set(values)) < len(values):
        return None
    chosen = max(range(len(values)), key=lambda place: wanted * values[place])
    return together[chosen]


def has_asked_number(text: str, compound: Compound, question: str) -> bool:
    """Whether a number of the question stands in the brackets behind a compound: ``Cs2AgBiBr6 (3.86 eV)``."""
    behind = re.match(r"\s?\(([^()]*)\)", text[compound.end :])
    return behind is not None and bool(set(_NUMBER.findall(behind[1])) & set(_NUMBER.findall(question)))


def _values(text: str, together: Sequence[Compound]) -> list[float] | None:
    behind = [_VALUE.match(text, one.end) for one in together]
    if all(behind):
        found = [match for match in behind if match]
        if len({match[2] for match in found}) == 1:
            return [float(match[1].replace("−", "-")) for match in found]
    turns = _IN_TURN.search(text, together[-1].end)
    if turns:
        listed = re.findall(r"[-−]?\d+(?:\.\d+)?", turns["first"] + turns["more"])
        if len(listed) == len(together):
            return [float(one.replace("−", "-")) for one in listed]
    return None
