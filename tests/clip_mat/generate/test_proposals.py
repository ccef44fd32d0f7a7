"""Templates, elements changed, and the order of proposals."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fact_encoder import FactEncoder

from clip_mat import MaterialsIndex
from clip_mat.crystal import NUMBERS, Crystal
from clip_mat.errors import RequestError, WeightsError
from clip_mat.generate.checks import check
from clip_mat.generate.proposals import propose
from clip_mat.generate.ranking import FORMAT, NearestElements, Ranker, Votes
from clip_mat.generate.substitution import MENDELEEV, Slots, orders, repeated, scaled, substitute
from clip_mat.generate.templates import IndexTemplates, Pattern, Template, TemplateLibrary
from clip_mat.structures import Entry
from clip_mat.symmetry import find_spacegroup

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def binary(first: str, second: str, spacegroup: int, edge: float = 5.6) -> Crystal:
    """Rock salt (225), zinc blende (216) or caesium chloride (221)."""
    lattice = edge * (np.eye(3) if spacegroup == 221 else FCC)
    place = [0.25] * 3 if spacegroup == 216 else [0.5] * 3
    return Crystal.from_symbols([first, second], [[0, 0, 0], place], lattice)


def perovskite(a: str, b: str, x: str, edge: float = 4.0) -> Crystal:
    places = [[0.5, 0.5, 0.5], [0, 0, 0], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    return Crystal.from_symbols([a, b, x, x, x], places, edge * np.eye(3))


def library() -> TemplateLibrary:
    salts = [Template(f"{metal}Cl", binary(metal, "Cl", 225), 0.0) for metal in ("Na", "K", "Rb", "Ag")]
    salts += [Template(f"{metal}S", binary(metal, "S", 216), 0.0) for metal in ("Zn", "Cd", "Be")]
    salts += [Template(f"Cs{halide}", binary("Cs", halide, 221, 4.1), 0.0) for halide in ("Cl", "Br")]
    salts += [Template("NaCl-high", binary("Na", "Cl", 221, 3.5), 0.15)]
    return TemplateLibrary([*salts, Template("SrTiO3", perovskite("Sr", "Ti", "O"), 0.0)])


def test_slots_are_the_same_for_any_multiple_and_order() -> None:
    assert Slots.of({"O": 6, "Ti": 2, "Sr": 2}) == Slots((NUMBERS["Ti"], NUMBERS["Sr"], NUMBERS["O"]), (1, 1, 3))
    assert Slots.of({"Sr": 1, "Ti": 1, "O": 3}).atoms == 5


@pytest.mark.parametrize("counts", [{}, {"Xx": 1}, {"Na": 0}, {"Na": -1, "Cl": 1}])
def test_what_is_no_composition_is_refused(counts: dict[str, int]) -> None:
    with pytest.raises(RequestError, match="composition"):
        Slots.of(counts)


def test_orders_change_only_elements_of_equal_count() -> None:
    assert orders((1, 1, 3)).tolist() == [[0, 1, 2], [1, 0, 2]]
    assert orders((1, 2, 3)).tolist() == [[0, 1, 2]]
    assert len(orders((1,) * 4)) == math.factorial(4)
    assert len(orders((1,) * 8)) == 720


def test_the_scale_holds_every_element_once_and_neighbours_are_alike() -> None:
    assert sorted(MENDELEEV[1:].tolist()) == list(range(103))
    place = {symbol: MENDELEEV[number] for symbol, number in NUMBERS.items()}
    assert abs(place["Na"] - place["K"]) < abs(place["Na"] - place["Cl"])
    assert abs(place["S"] - place["Se"]) < abs(place["S"] - place["Na"])


def test_substitution_keeps_places_and_scaling_keeps_shape() -> None:
    template = perovskite("Sr", "Ti", "O")
    made = substitute(
        template, {NUMBERS["Sr"]: NUMBERS["Ba"], NUMBERS["Ti"]: NUMBERS["Zr"], NUMBERS["O"]: NUMBERS["O"]}
    )
    assert made.symbols == ["Ba", "Zr", "O", "O", "O"]
    np.testing.assert_array_equal(made.positions, template.positions)
    larger = scaled(made, 100.0)
    assert larger.volume == pytest.approx(100.0)
    np.testing.assert_allclose(larger.lattice / larger.lattice[0, 0], np.eye(3))
    with pytest.raises(RequestError, match="place of Ti"):
        substitute(template, {NUMBERS["Sr"]: NUMBERS["Ba"], NUMBERS["O"]: NUMBERS["O"]})


@pytest.mark.parametrize("times", [1, 2, 4, 6, 7])
def test_a_supercell_is_the_same_crystal(times: int) -> None:
    cell = perovskite("Sr", "Ti", "O")
    made = repeated(cell, times)
    assert len(made) == 5 * times
    assert made.volume == pytest.approx(times * cell.volume)
    assert find_spacegroup(made) == 221
    assert check(made).min_distance == pytest.approx(check(cell).min_distance)


@pytest.mark.parametrize("judge", [NearestElements(), None])
def test_the_nearest_compounds_decide(judge: NearestElements | None) -> None:
    for counts, group in (({"Li": 1, "Cl": 1}, 225), ({"Hg": 1, "S": 1}, 216), ({"Cs": 1, "I": 1}, 221)):
        found = propose(library(), counts, judge=judge)
        assert found[0].spacegroup == group
        assert find_spacegroup(found[0].crystal) == group
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_one_proposal_for_each_structure_type_however_many_templates() -> None:
    found = propose(library(), {"Li": 1, "F": 1})
    assert sorted(one.spacegroup for one in found) == [216, 221, 225]
    assert len({one.type for one in found}) == 3
    assert sum(one.score for one in found) == pytest.approx(1.0)


def test_elements_of_equal_count_take_both_orders() -> None:
    found = propose(library(), {"Ba": 1, "Zr": 1, "O": 3})
    assert len(found) == 2
    assert found[0].template.id == "SrTiO3"
    centre = found[0].crystal.symbols[0]
    assert centre == "Ba"
    assert {one.crystal.symbols[0] for one in found} == {"Ba", "Zr"}


def test_a_known_compound_comes_first_and_the_more_stable_form_of_it() -> None:
    found = propose(library(), {"Na": 1, "Cl": 1})
    assert found[0].template.id == "NaCl"
    assert found[0].crystal.volume == pytest.approx(binary("Na", "Cl", 225).volume)


def test_constraints_are_met_or_nothing_is_proposed() -> None:
    lib = library()
    assert {one.spacegroup for one in propose(lib, {"Li": 1, "F": 1}, spacegroup=221)} == {221}
    assert propose(lib, {"Li": 1, "F": 1}, spacegroup=62) == []
    assert len(propose(lib, {"Li": 1, "F": 1}, crystal_system="cubic")) == 3
    assert propose(lib, {"Li": 1, "F": 1}, crystal_system="hexagonal") == []
    assert [one.spacegroup for one in propose(lib, {"Li": 1, "F": 1}, prototypes=["rock salt"])] == [225]
    assert propose(lib, {"Li": 7, "F": 3}) == []
    assert propose(lib, {"Li": 1, "F": 1}, limit=0) == []
    eased = propose(lib, {"Li": 1, "F": 1}, spacegroup=221, any_symmetry=True)
    assert eased[0].spacegroup == 221
    assert {one.spacegroup for one in eased[1:]} == {216, 225}
    assert eased[1].score < 1e-3 * eased[0].score
    assert len(propose(lib, {"Li": 1, "F": 1}, spacegroup=62, any_symmetry=True)) == 3
    others = propose(lib, {"Na": 1, "Cl": 1}, exclude=["NaCl", "NaCl-high"])
    assert not {"NaCl", "NaCl-high"} & {one.template.id for one in others}


@pytest.mark.parametrize("units", [1, 2, 4, 6])
def test_the_content_of_the_cell_is_exact(units: int) -> None:
    found = propose(library(), {"Ba": units, "Zr": units, "O": 3 * units}, cell=True)
    assert len(found) == 2
    for one in found:
        assert Counter(one.crystal.symbols) == {"Ba": units, "Zr": units, "O": 3 * units}
        assert find_spacegroup(one.crystal) == 221


def test_templates_in_larger_cells_are_reduced() -> None:
    lib = TemplateLibrary([Template("big", repeated(binary("Na", "Cl", 225), 4), 0.0)])
    (made,) = propose(lib, {"K": 1, "Br": 1})
    assert len(made.crystal) == 2
    (exact,) = propose(lib, {"K": 2, "Br": 2}, cell=True)
    assert len(exact.crystal) == 4


def test_volumes_follow_the_elements() -> None:
    lib = TemplateLibrary([Template("NaCl", binary("Na", "Cl", 225), 0.0)])
    for judge in (None, NearestElements()):
        (larger,) = propose(lib, {"Rb": 1, "I": 1}, judge=judge)
        (smaller,) = propose(lib, {"Li": 1, "F": 1}, judge=judge)
        assert smaller.crystal.volume < binary("Na", "Cl", 225).volume < larger.crystal.volume
    edge = (4 * larger.crystal.volume) ** (1 / 3)
    assert edge == pytest.approx(7.34, rel=0.25)


def test_an_index_gives_what_a_library_gives(tmp_path: Path) -> None:
    lib = library()
    entries = [Entry(one.id, one.crystal, {"energy_above_hull": one.energy_above_hull}) for one in lib]
    with MaterialsIndex.open(tmp_path / "index", FactEncoder()) as index:
        index.add(entries)
        templates = IndexTemplates(index)
        for counts in ({"Li": 1, "F": 1}, {"Ba": 1, "Zr": 1, "O": 3}):
            ours, theirs = propose(templates, counts), propose(lib, counts)
            assert [(one.template.id, one.type) for one in ours] == [(one.template.id, one.type) for one in theirs]
            np.testing.assert_allclose([one.score for one in ours], [one.score for one in theirs])
        assert propose(templates, {"Li": 7, "F": 3}) == []


def test_decorations_are_equal_where_crystals_are() -> None:
    pattern = Pattern([Template("NaCl", binary("Na", "Cl", 225))])
    kind = pattern.structure_type(0)
    assert kind is not None
    assert kind.decorated([0, 1]) == kind.decorated([1, 0])
    pattern = Pattern([Template("SrTiO3", perovskite("Sr", "Ti", "O"))])
    kind = pattern.structure_type(0)
    assert kind is not None
    assert kind.decorated([0, 1, 2]) != kind.decorated([1, 0, 2])


def votes() -> Votes:
    return Votes(
        counts=(1, 1),
        wanted=np.array([[3, 9]] * 3),
        elements=np.array([[11, 17], [55, 17], [30, 16]]),
        hull=np.array([0.0, 0.0, 0.1]),
        group=np.array([0, 1, 2]),
        units=np.array([1, 1, 1]),
        spacegroup=np.array([225, 221, 216]),
    )


def test_the_ranker_does_not_care_for_the_order_of_votes() -> None:
    ranker, asked = Ranker.load(), votes()
    types, rows = ranker.judge(asked)
    turned = [2, 0, 1]
    other = Votes(
        asked.counts,
        asked.wanted[turned],
        asked.elements[turned],
        asked.hull[turned],
        asked.group[turned],
        asked.units,
        asked.spacegroup,
    )
    types_again, rows_again = ranker.judge(other)
    np.testing.assert_allclose(types_again, types, rtol=1e-5)
    np.testing.assert_allclose(rows_again, rows[turned], rtol=1e-5)


def test_damaged_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no usable ranker there"):
        Ranker.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"format": 99}))
    source = Path(__file__).parents[3] / "clip_mat" / "weights" / "ranker" / "model.safetensors"
    whole = source.read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole)
    with pytest.raises(WeightsError, match="this version reads a ranker of format"):
        Ranker.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"format": FORMAT}))
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WeightsError, match="damaged"):
        Ranker.load(tmp_path)
    with pytest.raises(WeightsError, match="missing"):
        Ranker({})


def test_a_cell_that_is_not_primitive_is_met_by_templates_in_the_same_cell() -> None:
    lib = TemplateLibrary([Template(f"{m}Cl", repeated(binary(m, "Cl", 225), 4), 0.0) for m in ("Na", "K")])
    (made,) = propose(lib, {"Na": 4, "Br": 4}, cell=True)
    assert Counter(made.crystal.symbols) == {"Na": 4, "Br": 4}
    assert find_spacegroup(made.crystal) == 225
    (same,) = propose(lib, {"Na": 2, "Br": 2}, cell=True)
    assert len(same.crystal) == 4
