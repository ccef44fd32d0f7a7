"""Facts of what was read: the source's word first, spglib's where it is silent."""

from __future__ import annotations

import pytest

from clip_mat.crystal import Crystal
from clip_mat.entry_facts import facts_of
from clip_mat.structures import Entry

FACES = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]
ROCK_SALT = Crystal.from_symbols(
    ["Na"] * 4 + ["Cl"] * 4,
    FACES + [[x, y, (z + 0.5) % 1] for x, y, z in FACES],
    [[5.64, 0, 0], [0, 5.64, 0], [0, 0, 5.64]],
)


def test_a_bare_crystal_is_told_by_its_symmetry() -> None:
    facts = facts_of(Entry("NaCl", ROCK_SALT))
    assert facts.formula == "ClNa"
    assert facts.spacegroup == 225
    assert facts.prototypes == ("rock salt",)
    assert facts.band_gap is facts.energy_above_hull is facts.formation_energy is None


def test_the_source_has_the_first_word() -> None:
    properties = {
        "spacegroup": 62.0,
        "label": "AB3C_cP5_221_a_c_b",
        "prototypes": ["Halite, Rock Salt", "spinels of nowhere", "wurtzite structure"],
        "band_gap": 5,
        "energy_above_hull": 0.25,
        "formation_energy": -1.5,
    }
    facts = facts_of(Entry("NaCl", ROCK_SALT, properties))
    assert facts.spacegroup == 62
    assert facts.prototypes == ("cubic perovskite", "perovskite", "rock salt", "wurtzite")
    assert (facts.band_gap, facts.energy_above_hull, facts.formation_energy) == (5.0, 0.25, -1.5)


@pytest.mark.parametrize("nonsense", [0, 231, -1, 62.5, True, "Fm-3m", None, [225]])
def test_nonsense_is_not_believed(nonsense: object) -> None:
    facts = facts_of(Entry("NaCl", ROCK_SALT, {"spacegroup": nonsense, "band_gap": "wide", "prototypes": "spinel"}))
    assert facts.spacegroup == 225
    assert facts.prototypes == ("rock salt",)
    assert facts.band_gap is None
