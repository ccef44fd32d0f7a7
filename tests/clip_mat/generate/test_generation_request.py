"""What the generator is asked: read from words and options, or refused with a reason."""

from __future__ import annotations

import pytest

from clip_mat import RequestError
from clip_mat.facts import Facts
from clip_mat.generate.request import CrystalRequest
from clip_mat.search.filter_check import meets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "crystal structure of LiMnO2 with orthorhombic symmetry",
            {"composition": "LiMnO2", "crystal_system": "orthorhombic"},
        ),
        ("Fm-3m NaCl", {"composition": "NaCl", "spacegroup": 225, "crystal_system": "cubic"}),
        ("wide-gap nitride in the wurtzite structure", {"families": ["nitride"], "prototypes": ["wurtzite"]}),
        ("anatase titania", {"composition": "TiO2", "prototypes": ["anatase"]}),
        ("ABX3 perovskite", {"anonymous": "A3BC", "prototypes": ["perovskite"]}),
        ("metallic carbide", {"gap": "metal", "families": ["carbide"]}),
        ("an alkali metal oxide", {"families": ["oxide"]}),
        ("ternary compound containing Li and Mn", {"elements": ["Li", "Mn"]}),
    ],
)
def test_words_are_read(text: str, expected: dict[str, object]) -> None:
    read = CrystalRequest.read(text).to_dict()
    assert expected.items() <= read.items()


def test_metals_in_names_of_groups_are_no_metallic_compounds() -> None:
    assert CrystalRequest.read("transition metal oxide").gap is None
    assert CrystalRequest.read("alkali metal halide").gap is None


def test_what_a_vector_cannot_hold_becomes_a_filter() -> None:
    read = CrystalRequest.read("lead-free halide perovskite, gap above 1.5 eV")
    assert read.filter == 'NOT elements HAS "Pb" AND band_gap > 1.5'
    assert read.words == "halide perovskite"
    assert read.properties == ("band_gap",)
    assert not read.elements


def test_a_cell_keeps_its_content_and_gives_the_composition() -> None:
    read = CrystalRequest.read(cell="Li4Mn4O8")
    assert read.cell == {"Li": 4, "Mn": 4, "O": 8}
    assert read.composition == {"Li": 1, "Mn": 1, "O": 2}
    assert CrystalRequest.read(cell={"O": 8, "Mn": 4, "Li": 4}).cell == read.cell
    assert CrystalRequest.read(composition="Li4Mn4O8").composition == read.composition


def test_brackets_are_counted() -> None:
    assert CrystalRequest.read(composition="Mg(OH)2").composition == {"H": 2, "Mg": 1, "O": 2}
    assert CrystalRequest.read(cell="Mg2(OH)4").cell == {"H": 4, "Mg": 2, "O": 4}


def test_options_come_before_the_text_and_this_is_said() -> None:
    read = CrystalRequest.read("cubic NaCl", composition="KBr", spacegroup="P4/nmm")
    assert read.composition == {"Br": 1, "K": 1}
    assert (read.spacegroup, read.crystal_system) == (129, "tetragonal")
    assert any("replaces" in note for note in read.notes)


def test_several_systems_are_alternatives() -> None:
    read = CrystalRequest.read("cubic or tetragonal BaTiO3")
    assert read.crystal_system is None
    assert meets({"crystal_system": "cubic"}, read.filter)
    assert not meets({"crystal_system": "triclinic"}, read.filter)


def test_states_are_what_a_crystal_must_have() -> None:
    read = CrystalRequest.read("cubic NaCl")
    assert read.states <= Facts({"Cl": 1, "Na": 1}, 225).keys
    assert not read.states <= Facts({"Cl": 1, "Na": 1}, 129).keys
    assert not read.states <= Facts({"Cl": 2, "Na": 1}, 225).keys


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"composition": "Xx2"}, "Xx2"),
        ({"composition": "Na0.5Cl"}, "Na0.5Cl"),
        ({"composition": ""}, "no formula"),
        ({"cell": "NaCl", "composition": "NaCl"}, "not both"),
        ({"cell": {"Na": 1.5}}, "whole number"),
        ({"cell": {"Qq": 1}}, "Qq"),
        ({"cell": "Na40Cl40"}, "80 atoms"),
        ({"composition": 5}, "must be a formula"),
        ({"spacegroup": 231}, "231"),
        ({"spacegroup": 2.5}, "2.5"),
        ({"spacegroup": "Zz"}, "Zz"),
        ({"composition": "NaCl", "spacegroup": 225, "crystal_system": "hexagonal"}, "cubic"),
        ({"crystal_system": "round"}, "round"),
        ({"n": 0}, "n must"),
        ({"n": True}, "n must"),
        ({"n": 100_000}, "n must"),
        ({"seed": "x"}, "seed"),
        ({"from_noise": "yes"}, "from_noise"),
        ({"new": 1}, "new"),
        ({"text": 5}, "text"),
        ({"text": "x" * 100_000}, "characters"),
        ({"filter": "nelements >"}, "filter"),
        ({"text": "lead-free", "composition": "PbTiO3"}, "cannot meet"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object], word: str | None) -> None:
    if word is None:
        assert CrystalRequest.read(**given).is_open
        return
    with pytest.raises(RequestError, match=word):
        CrystalRequest.read(**given)


def test_nothing_asked_is_open() -> None:
    assert CrystalRequest.read().is_open
    assert not CrystalRequest.read("oxide").is_open
    assert not CrystalRequest.read(spacegroup=225).is_open


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("a new ternary oxide photocatalyst", True),
        ("novel cubic nitride", True),
        ("cubic nitride", False),
        ("renewable energy oxide", False),
    ],
)
def test_a_text_that_asks_for_a_new_compound_means_one_that_the_index_does_not_hold(text: str, new: bool) -> None:
    request = CrystalRequest.read(text)
    assert request.new is new
    assert any("does not hold" in note for note in request.notes) is new


def test_a_salt_or_a_systematic_name_asks_for_all_its_elements() -> None:
    read = CrystalRequest.read("sodium iron phosphate")
    assert (read.elements, read.filter) == (("Na", "Fe", "P", "O"), "nelements = 4")
    assert CrystalRequest.read("a titanate").elements == ("Ti", "O")
    read = CrystalRequest.read("iron sulfide")
    assert (read.elements, read.families, read.filter) == (("Fe",), ("sulfide",), "nelements = 2")
    assert CrystalRequest.read("iron oxide or iron sulfide").filter == ""
