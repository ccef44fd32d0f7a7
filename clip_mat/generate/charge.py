"""Whether a composition can be neutral: the test by which the field judges generated compositions.

It is that of CDVAE (Xie et al., ICLR 2022, appendix) and of all who compare with it: some choice of one oxidation
state for each element sums up to nothing, with every cation less electronegative than every anion. Elements by
themselves and alloys of metals pass. States and electronegativities are those of SMACT (Davies et al., Chem 1, 617
(2016); J. Open Source Softw. 4, 1361 (2019)).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import groupby

from clip_mat.facts import reduced


def charge_balanced(counts: Mapping[str, int]) -> bool:
    """Whether the composition passes the test.

    Args:
        counts: Atoms of each element.
    """
    return _balanced(tuple(reduced(counts).items()), common=False)


def usually_balanced(counts: Mapping[str, int]) -> bool:
    """Whether the composition passes the test with none but common oxidation states, as pymatgen lists them.

    The field's test lets GaN pass and MnN too; this one tells the compounds that a chemist expects.

    Args:
        counts: Atoms of each element.
    """
    return _balanced(tuple(reduced(counts).items()), common=True)


@lru_cache(maxsize=1 << 16)
def _balanced(counts: tuple[tuple[str, int], ...], common: bool) -> bool:
    """SMACT multiplies out all states, up to 100,000 choices; here only the sums that can be reached are kept.

    Cations less electronegative than anions is to say: with the elements in the order of electronegativity there is a
    cut before which no state is negative and after which none is positive. Elements that are equal are not cut apart,
    and are then not of opposite sign, as the strict comparison wants it.
    """
    symbols = [symbol for symbol, _ in counts]
    if len(symbols) == 1 or _metals().issuperset(symbols):
        return True
    states = _common_states() if common else {symbol: states for symbol, (states, _) in _states().items()}
    charges = {symbol: [count * state for state in states[symbol]] for symbol, count in counts}
    known = [(negativity, symbol) for symbol in symbols if (negativity := _states()[symbol][1]) is not None]
    if len(known) < len(symbols):
        return False
    tied = [[symbol for _, symbol in group] for _, group in groupby(sorted(known), key=lambda item: item[0])]
    for cut in range(len(tied) + 1):
        sums = {0}
        for place, group in enumerate(tied):
            sign = 1 if place < cut else -1
            for symbol in group:
                sums = {total + charge for total in sums for charge in charges[symbol] if sign * charge >= 0}
        if 0 in sums:
            return True
    return False


@cache
def _states() -> dict[str, tuple[tuple[int, ...], float | None]]:
    """Oxidation states and Pauling electronegativity of each element.

    The states are SMACT's list of 2014, which was its default when the published numbers were computed.
    """
    from smact import Element

    from clip_mat.crystal import NUMBERS

    elements = ((symbol, Element(symbol)) for symbol in NUMBERS)
    return {
        symbol: (tuple(element.oxidation_states_smact14 or ()), element.pauling_eneg) for symbol, element in elements
    }


@cache
def _common_states() -> dict[str, tuple[int, ...]]:
    """Common oxidation states of each element (Greenwood & Earnshaw, Chemistry of the Elements, 1997)."""
    from pymatgen.core.periodic_table import Element

    return {symbol: tuple(Element(symbol).common_oxidation_states) for symbol in _states()}


@cache
def _metals() -> frozenset[str]:
    from smact import metals

    return frozenset(metals)
