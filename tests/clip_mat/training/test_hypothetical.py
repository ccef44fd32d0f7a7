"""Known crystals with elements changed for neighbours."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from clip_mat.crystal import NUMBERS, SYMBOLS, Crystal
from clip_mat.generate.substitution import MENDELEEV
from clip_mat.training.hypothetical import CHANGED, KNOWN, NEAR, Substitutes

FCC = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2
RADII = {"Li": 0.9, "Na": 1.16, "K": 1.52, "Rb": 1.66, "F": 1.19, "Cl": 1.67, "Br": 1.82, "I": 2.06}


@pytest.fixture(scope="module")
def substitutes() -> Substitutes:
    """Alkali halides whose edges are twice the sum of radii, as often as an element must be known; one of gold."""
    salts = [
        Crystal.from_symbols([metal, halogen], [[0, 0, 0], [0.5, 0.5, 0.5]], 2 * (RADII[metal] + RADII[halogen]) * FCC)
        for metal in ("Li", "Na", "K", "Rb")
        for halogen in ("F", "Cl", "Br", "I")
    ]
    gold = Crystal.from_symbols(["Au"], [[0, 0, 0]], 4.08 * FCC)
    return Substitutes([*salts * (KNOWN // 4), gold])


def drawn(substitutes: Substitutes, symbols: list[str], count: int) -> list[tuple[tuple[str, ...], float]]:
    numbers = np.array([NUMBERS[symbol] for symbol in symbols])
    rng = np.random.default_rng(0)
    found = [substitutes.draw(numbers, rng) for _ in range(count)]
    assert all(change is not None for change in found)
    return [(tuple(SYMBOLS[n] for n in change[0]), change[1]) for change in found if change is not None]


def test_neighbours_of_a_kind_take_the_place(substitutes: Substitutes) -> None:
    made = drawn(substitutes, ["Na", "Cl"], 4000)
    assert all(metal in ("Li", "Na", "K", "Rb") and halogen in ("F", "Cl", "Br", "I") for (metal, halogen), _ in made)
    assert ("Na", "Cl") not in dict(made)
    both = sum(metal != "Na" and halogen != "Cl" for (metal, halogen), _ in made) / len(made)
    assert both == pytest.approx(CHANGED**2 + 2 * CHANGED * (1 - CHANGED) / 2, abs=0.03)
    shares = Counter(halogen for (_, halogen), _ in made if halogen != "Cl")
    near, far = (abs(MENDELEEV[NUMBERS[symbol]] - MENDELEEV[NUMBERS["Cl"]]) for symbol in ("Br", "I"))
    assert near < far <= NEAR
    assert shares["Br"] / shares["I"] == pytest.approx(np.exp((far - near) / 2), rel=0.15)


def test_atoms_of_an_element_change_together(substitutes: Substitutes) -> None:
    for symbols, _ in drawn(substitutes, ["Na", "Na", "Cl", "Cl"], 200):
        assert symbols[0] == symbols[1] != symbols[2] == symbols[3]


def test_larger_atoms_take_more_room(substitutes: Substitutes) -> None:
    for (metal, halogen), larger in drawn(substitutes, ["Na", "Cl"], 200):
        true = 3 * np.log((RADII[metal] + RADII[halogen]) / (RADII["Na"] + RADII["Cl"]))
        assert larger == pytest.approx(true, abs=0.3)  # what is seldom seen is believed in part
        assert abs(true) < 0.05 or np.sign(larger) == np.sign(true)


def test_what_has_no_known_neighbour_stays(substitutes: Substitutes) -> None:
    assert substitutes.draw(np.array([NUMBERS["Au"]]), np.random.default_rng(0)) is None
