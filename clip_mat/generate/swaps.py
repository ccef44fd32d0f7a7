"""Which elements to put into a template when a request names a kind of compound but no formula.

The elements asked for take places of their kind, and where that upsets the charges other elements make up for it; in a
template that already fits, one element at a time gives way to a neighbour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, combinations, product

from clip_mat.crystal import NUMBERS, SYMBOLS
from clip_mat.facts import Facts, reduced
from clip_mat.generate.charge import charge_balanced, usually_balanced
from clip_mat.generate.request import CrystalRequest, composition_meets
from clip_mat.generate.substitution import MENDELEEV, of_a_kind
from clip_mat.language.classes import FAMILY_ELEMENTS

NEAR = 5
"""Steps on Mendeleev's scale within which elements replace each other where the choice is free."""
_FAR = 12.0
"""Steps beyond which all elements are equally far."""
_ODD = 40.0
"""What an unlikely composition costs, in steps."""
_RADIOACTIVE = frozenset(["Tc", "Pm", *SYMBOLS[SYMBOLS.index("Po") :]])
_USABLE = tuple(s for s in SYMBOLS[1:] if s not in _RADIOACTIVE and s not in ("He", "Ne", "Ar", "Kr", "Xe"))


def swaps(
    request: CrystalRequest, counts: Mapping[str, int], *, thorough: bool = False
) -> Iterator[tuple[float, dict[str, str]]]:
    """Ways to hand new elements to a template.

    Args:
        request: What is asked of elements and composition; every way meets it.
        counts: Composition of the template.
        thorough: Also try any elements at all where charges must be balanced anew, which takes a second or two.

    Yields:
        How far-fetched the way is, and new element by old one.
    """
    same = {symbol: symbol for symbol in counts}
    ways = chain(_required(request, counts), _neighbours(request, same))
    if thorough:
        ways = chain(ways, _balancing(request, counts))
    for way in ways:
        new = {way[symbol]: count for symbol, count in counts.items()}
        if len(new) == len(counts) and _obeys(new, request):
            yield steps(way) + _ODD * oddness(new), way


def oddness(counts: Mapping[str, int]) -> int:
    """0 for a composition that a chemist expects, to 3: charges balance by rare states only, or not at all; an element
    decays."""
    odd = 0 if usually_balanced(counts) else 1 if charge_balanced(counts) else 2
    return odd + (not _RADIOACTIVE.isdisjoint(counts))


def _required(request: CrystalRequest, elements: Mapping[str, int]) -> Iterator[dict[str, str]]:
    """The fewest changes after which the elements asked for are there, each in a place of its kind if there is one."""
    same = {symbol: symbol for symbol in elements}
    choices: list[tuple[str, ...]] = [(symbol,) for symbol in request.elements]
    choices += [FAMILY_ELEMENTS[name] for name in request.families if name in FAMILY_ELEMENTS]
    ways = [same]
    for wanted in choices:
        following: list[dict[str, str]] = []
        for way in ways:
            if set(wanted) & set(way.values()):
                following.append(way)
                continue
            free = [old for old, new in way.items() if new not in request.elements]
            for symbol in wanted:
                places = [old for old in free if of_a_kind(old, symbol)] or free
                following += [{**way, old: symbol} for old in places]
        ways = following
    yield from (way for way in ways if way != same)


def _balancing(request: CrystalRequest, counts: Mapping[str, int]) -> Iterator[dict[str, str]]:
    """Where the elements asked for upset the charges: one or two others that balance them again."""
    given = {*request.elements, *chain.from_iterable(FAMILY_ELEMENTS.get(name, ()) for name in request.families)}
    for way in _required(request, counts):
        if usually_balanced({way[symbol]: count for symbol, count in counts.items()}):
            continue
        places = [old for old, new in way.items() if new not in given]
        for changed in chain(combinations(places, 1), combinations(places, 2)):
            pools = ([symbol for symbol in _USABLE if of_a_kind(old, symbol)] for old in changed)
            for others in product(*pools):
                made = {**way, **dict(zip(changed, others, strict=True))}
                if usually_balanced({made[symbol]: count for symbol, count in counts.items()}):
                    yield made


def _neighbours(request: CrystalRequest, way: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """One element that was not asked for changed for one that is near to it."""
    for old, new in way.items():
        if new in request.elements:
            continue
        for symbol in SYMBOLS[1:]:
            near = abs(MENDELEEV[NUMBERS[symbol]] - MENDELEEV[NUMBERS[new]]) <= NEAR
            if near and symbol not in way.values() and of_a_kind(new, symbol):
                yield {**way, old: symbol}


def steps(way: Mapping[str, str]) -> float:
    """On Mendeleev's scale, from each element to the one that takes its place."""
    apart = (abs(MENDELEEV[NUMBERS[old]] - MENDELEEV[NUMBERS[new]]) for old, new in way.items())
    return float(sum(min(steps, _FAR) for steps in apart))


def _obeys(counts: Mapping[str, int], request: CrystalRequest) -> bool:
    """Whether a composition is what was asked for, before a crystal is made of it."""
    composition = reduced(counts)
    asked = {key for key in request.states if key[0] in ("element", "family", "anonymous")}
    return asked <= Facts(composition).keys and composition_meets(composition, request)
