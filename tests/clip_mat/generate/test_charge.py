"""Charge balance: known cases, and SMACT's own functions as the judge."""

from __future__ import annotations

import itertools
import random

import pytest

from clip_mat.crystal import SYMBOLS
from clip_mat.generate.charge import charge_balanced


@pytest.mark.parametrize(
    ("counts", "balanced"),
    [
        ({"Na": 1, "Cl": 1}, True),
        ({"Na": 4, "Cl": 4}, True),
        ({"Na": 1, "Cl": 2}, False),
        ({"Li": 1, "Mn": 1, "O": 2}, True),
        ({"Fe": 3, "O": 4}, False),  # one state for each element: mixed valence fails, as in the field's test
        ({"Cu": 1}, True),
        ({"S": 1}, True),
        ({"Al": 1, "Ni": 3}, True),  # an alloy
        ({"He": 1, "O": 1}, False),
        ({"Pm": 2, "O": 3}, False),  # SMACT has no electronegativity of promethium
        ({"Cl": 1, "Br": 1, "F": 4}, True),
    ],
)
def test_known_compositions(counts: dict[str, int], balanced: bool) -> None:
    assert charge_balanced(counts) is balanced


def test_it_is_smacts_test() -> None:
    """All choices of states multiplied out, as the field's code does it."""
    from smact import Element, neutral_ratios
    from smact.screening import pauling_test

    def by_hand(counts: dict[str, int]) -> bool:
        elements = [Element(symbol) for symbol in counts]
        negativities = [element.pauling_eneg for element in elements]
        for states in itertools.product(*(element.oxidation_states_smact14 or () for element in elements)):
            neutral = neutral_ratios(states, stoichs=[(count,) for count in counts.values()], threshold=99)
            if neutral and pauling_test(states, negativities):
                return True
        return False

    draw = random.Random(0)
    anions = ["O", "S", "F", "Cl", "N", "H", "C", "P", "Se", "As"]
    verdicts = []
    for _ in range(400):
        symbols = [*draw.sample(SYMBOLS[1:], draw.randint(1, 3)), draw.choice(anions)]
        counts = {symbol: draw.choice([1, 1, 2, 3, 4]) for symbol in dict.fromkeys(symbols)} | {symbols[-1]: 1}
        if len(counts) > 1:
            verdicts.append(by_hand(counts))
            assert charge_balanced(counts) is verdicts[-1], counts
    assert 0.2 < sum(verdicts) / len(verdicts) < 0.9
