"""Elements for a kind of compound: what is asked for is there, charges balance, and kinds keep their places."""

from __future__ import annotations

import pytest

from clip_mat.facts import families
from clip_mat.generate.charge import charge_balanced, usually_balanced
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.swaps import oddness, swaps

PEROVSKITE = {"Ca": 1, "O": 3, "Ti": 1}


def compositions(text: str, counts: dict[str, int], **kwargs: bool) -> list[tuple[float, dict[str, int]]]:
    request = CrystalRequest.read(text)
    return [
        (distance, {way[symbol]: count for symbol, count in counts.items()})
        for distance, way in swaps(request, counts, **kwargs)
    ]


def test_a_family_brings_its_anion() -> None:
    found = compositions("halide perovskite", PEROVSKITE)
    assert found
    assert all("halide" in families(counts) for _, counts in found)


def test_charges_are_balanced_again() -> None:
    found = compositions("chloride perovskite", PEROVSKITE, thorough=True)
    balanced = [counts for _, counts in found if usually_balanced(counts)]
    assert {"Cs": 1, "Cl": 3, "Ca": 1} in balanced or {"Ca": 1, "Cl": 3, "Cs": 1} in balanced
    assert min(found, key=lambda item: item[0])[1] in balanced  # the best of all ways is one of these


def test_metals_take_no_places_of_nonmetals() -> None:
    for _, counts in compositions("a spinel containing Li", {"Al": 2, "Mg": 1, "O": 4}, thorough=True):
        anion = next(symbol for symbol, count in counts.items() if count == 4)
        assert anion in {
            "H",
            "C",
            "N",
            "O",
            "F",
            "P",
            "S",
            "Cl",
            "Se",
            "Br",
            "I",
            "B",
            "Si",
            "Ge",
            "As",
            "Sb",
            "Te",
            "At",
        }
        assert "Li" in counts


def test_what_is_excluded_stays_out() -> None:
    for _, counts in compositions("lead-free tin-free perovskite", {"O": 3, "Pb": 1, "Zr": 1}):
        assert not {"Pb", "Sn"} & set(counts)


def test_a_fitting_template_changes_one_element_at_a_time() -> None:
    request = CrystalRequest.read("an oxide containing Ca")
    for _, way in swaps(request, PEROVSKITE):
        assert sum(old != new for old, new in way.items()) <= 1
        assert way["Ca"] == "Ca"


@pytest.mark.parametrize(
    ("counts", "usual", "at_all"),
    [
        ({"Ga": 1, "N": 1}, True, True),
        ({"Cl": 1, "Na": 1}, True, True),
        ({"Mn": 1, "N": 1}, False, True),
        ({"Cl": 2, "Na": 1}, False, False),
        ({"Al": 1, "Ni": 3}, True, True),
        ({"Cs": 1, "I": 3, "Sn": 1}, True, True),
    ],
)
def test_usual_charges(counts: dict[str, int], usual: bool, at_all: bool) -> None:
    assert usually_balanced(counts) == usual
    assert charge_balanced(counts) == at_all


def test_oddness_orders_compounds_as_chemists_do() -> None:
    table_salt, manganese_nitride, nothing = {"Cl": 1, "Na": 1}, {"Mn": 1, "N": 1}, {"Cl": 2, "Na": 1}
    assert oddness(table_salt) < oddness(manganese_nitride) < oddness(nothing)
    assert oddness({"Cl": 1, "Fr": 1}) > oddness(table_salt)
