"""Facts of what was read: the source's word first, spglib's where it is silent."""

from __future__ import annotations

import numpy as np
import pytest

from clip_mat import symmetry
from clip_mat.crystal import Crystal
from clip_mat.entry_facts import facts_of
from clip_mat.structures import Entry
from clip_mat.towers.graphs import make_graph

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


def test_symmetry_is_looked_for_once_where_vector_and_facts_both_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    find = symmetry.find_dataset

    def counting(crystal: Crystal, tolerance: float = symmetry.TOLERANCE) -> object:
        asked.append(tolerance)
        return find(crystal, tolerance)

    monkeypatch.setattr(symmetry, "find_dataset", counting)
    rock_salt = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 2.82 * (1 - np.eye(3)))
    graph = make_graph(rock_salt)
    assert facts_of(Entry("a", rock_salt)).spacegroup == graph.symmetry[0] == 225
    assert asked == [symmetry.TOLERANCE]
    facts_of(Entry("b", Crystal(rock_salt.numbers, rock_salt.positions, 1.1 * rock_salt.lattice)))
    assert len(asked) == 2  # another crystal is looked at anew
