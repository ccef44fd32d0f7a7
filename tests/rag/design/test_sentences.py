"""How a sentence speaks of a compound: offered, compared with, turned down; which structure it ascribes to it."""

from __future__ import annotations

import pytest

from rag.answers import Support
from rag.design.asked import excluded_elements, read_question
from rag.design.demands import _bare
from rag.design.shapes import shapes_of
from rag.design.stance import COMPARED, OFFERED, REFUSED, TOLD, stance
from rag.design.statements import Statement, says
from rag.design.structure_types import possible_type


def _stance(text: str, name: str, question: str = "") -> float:
    start = text.index(name)
    return stance(text, start, start + len(name), question)


@pytest.mark.parametrize(
    ("text", "name", "worth"),
    [
        ("CsSnI3 is the most promising candidate.", "CsSnI3", OFFERED),
        ("We recommend BaTiO3 rather than PbTiO3 for actuators.", "BaTiO3", OFFERED),
        ("We recommend BaTiO3 rather than PbTiO3 for actuators.", "PbTiO3", REFUSED),
        ("Unlike PbTiO3, KNbO3 is free of lead.", "PbTiO3", COMPARED),
        ("Unlike PbTiO3, KNbO3 is free of lead.", "KNbO3", TOLD),
        ("The gap of ZnO is larger than that of CdO.", "CdO", COMPARED),
        ("SnO does not conduct electrons.", "SnO", REFUSED),
        ("CdTe should be avoided because it is toxic.", "CdTe", REFUSED),
        ("The model predicts KF6 and SeF9 to be stable, which is unlikely.", "SeF9", REFUSED),
        ("Films were made from SnCl2 precursors.", "SnCl2", COMPARED),
        ("The third compound, Zn6S5Cl2, has a gap of 2.7 eV.", "Zn6S5Cl2", TOLD),
    ],
)
def test_stance(text: str, name: str, worth: float) -> None:
    assert _stance(text, name) == worth


def test_a_role_that_the_question_asks_about_is_no_reason_against() -> None:
    text = "Films decompose into PbI2 impurities in air."
    assert _stance(text, "PbI2") < TOLD
    assert _stance(text, "PbI2", "Which impurities do the films decompose into?") >= TOLD


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("Lead-free alternatives are sought.", {"Pb"}),
        ("The toxic Pb^2+ cation is replaced with Ag^+ and Bi^3+.", {"Pb"}),
        ("Toxic lead should be avoided.", {"Pb"}),
        ("Batteries without cobalt or nickel are cheaper.", {"Co", "Ni"}),
        ("These results lead to a better understanding.", set()),
        ("Lead halide perovskites are efficient.", set()),
    ],
)
def test_forbidden_elements(text: str, symbols: set[str]) -> None:
    assert set(excluded_elements(text)) == symbols


def _statement(text: str) -> Statement:
    return Statement(text, (Support("Key2020", "a.pdf", 3, "17", text, (), 1.0),), 1.0)


def _shapes(text: str, name: str) -> set[tuple[str, str]]:
    statement = _statement(text)
    (together,) = [one for one in statement.lists if any(compound.name == name for compound in one)]
    return {(shape.kind, shape.value) for shape in shapes_of(statement, together)}


def test_structure_and_symmetry_go_to_their_own_compound() -> None:
    text = "CuInSe2 crystallizes in the chalcopyrite structure, whereas Cu2ZnSnS4 adopts the kesterite structure."
    assert _shapes(text, "CuInSe2") == {("prototype", "chalcopyrite")}
    assert _shapes(text, "Cu2ZnSnS4") == {("prototype", "kesterite")}
    text = "At room temperature BaTiO3 is tetragonal with space group P4mm."
    assert _shapes(text, "BaTiO3") == {("crystal_system", "tetragonal"), ("spacegroup", "99")}


def test_what_is_denied_or_refuted_is_not_ascribed() -> None:
    text = "NaSbO3 is commensurate with cubic perovskite, but it forms the non-perovskite ilmenite structure."
    assert _shapes(text, "NaSbO3") == {("prototype", "ilmenite")}
    assert _shapes("Unlike CaTiO3, MgO is not a perovskite.", "MgO") == set()


def test_a_device_is_no_structure() -> None:
    assert _shapes("SnO2 is used in perovskite solar cells.", "SnO2") == set()


def test_a_type_must_be_possible() -> None:
    assert possible_type("perovskite", {"Cs": 1, "Pb": 1, "I": 3}) == "perovskite"
    assert possible_type("perovskite", {"Cs": 2, "Ag": 1, "Bi": 1, "Br": 6}) == "double perovskite"
    assert possible_type("perovskite", {"Cs": 3, "Bi": 2, "I": 9}) is None
    assert possible_type("rock salt", {"Na": 1, "Cl": 1}, spacegroup=221) is None
    assert possible_type("rock salt", {"Na": 1, "Cl": 1}, crystal_system="cubic") == "rock salt"


def test_a_question_states_demands() -> None:
    asked = read_question("Which lead-free double perovskite has a larger band gap than Cs2AgSbBr6?")
    assert asked.exclude == ("Pb",)
    assert asked.prototypes == ("double perovskite",)
    assert [compound.name for compound in asked.set_aside] == ["Cs2AgSbBr6"]
    assert not asked.subject
    asked = read_question("Find a wide-gap cadmium oxyiodide with a gap above 2 eV")
    assert set(asked.elements) == {"Cd", "O", "I"}
    assert asked.gap == "wide gap"
    assert asked.conditions == ("band_gap > 2",)
    asked = read_question(
        "Which structure does NaSbO3 form, although its tolerance factor is that of a cubic perovskite?"
    )
    assert [compound.name for compound in asked.subject] == ["NaSbO3"]
    assert not asked.prototypes
    assert asked.crystal_system is None


def test_quotes_are_compared_without_blanks_hyphens_and_subscripts() -> None:
    assert says("of phase-pure Cs2-AgSbBr6 thin", "Cs2AgSbBr6")
    assert says("CsPbI₃ and others", "CsPbI3")
    assert not says("CsPbBr₃ and others", "CsPbI3")


@pytest.mark.parametrize(
    ("page", "words", "written"),
    [
        ("materials (LiFePO₄,", "LiFePO4", "LiFePO₄"),
        ("of Cs₂AgBiBr₆.²⁵,²⁷", "Cs2AgBiBr6", "Cs₂AgBiBr₆"),
        ("compound, Sn(II)5S4Cl2,", "Sn5S4Cl2", "Sn(II)5S4Cl2"),
    ],
)
def test_words_stand_as_the_page_has_them(page: str, words: str, written: str) -> None:
    assert _bare(page.split()[-1], words) == written
