"""Which compounds a sentence names, in all the ways that papers write them."""

from __future__ import annotations

import pytest

from rag.design.compounds import definitions, find_compounds, lists_of, readable


def _named(text: str) -> list[tuple[str, dict[str, int]]]:
    return [(compound.name, dict(compound.counts)) for compound in find_compounds(readable(text))]


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("We studied CsPbI3 in air.", {"Cs": 1, "Pb": 1, "I": 3}),
        ("We studied CsPbI₃ in air.", {"Cs": 1, "Pb": 1, "I": 3}),
        ("The gap of Cs2-AgSbBr6 was measured.", {"Cs": 2, "Ag": 1, "Sb": 1, "Br": 6}),
        ("The compound Sn(II)5S4Cl2 adopts a new structure.", {"Sn": 5, "S": 4, "Cl": 2}),
        ("This gives Cu(I)Ga(III)S2 by mutation.", {"Cu": 1, "Ga": 1, "S": 2}),
        ("Both Cd2O6I2 and glass were found.", {"Cd": 1, "I": 1, "O": 3}),
        ("Vacancies in ceria form at 1500 K.", {"Ce": 1, "O": 2}),
        ("It follows from zinc sulfide.", {"Zn": 1, "S": 1}),
        ("The critical temperature of YBCO is 92 K.", {"Y": 1, "Ba": 2, "Cu": 3, "O": 7}),
        ("LLZO conducts lithium ions.", {"Li": 7, "La": 3, "Zr": 2, "O": 12}),
        ("The cathode LiNi0.5Mn1.5O4 delivers 4.7 V.", {"Li": 2, "Ni": 1, "Mn": 3, "O": 8}),
        ("The nitride BN is hard.", {"B": 1, "N": 1}),
    ],
)
def test_a_compound_is_read_however_it_is_written(text: str, counts: dict[str, int]) -> None:
    assert [found for _, found in _named(text)] == [counts]


@pytest.mark.parametrize(
    "text",
    [
        "The PCE and VOC of PSCs are limited by NPs.",
        "We use LOCO CV and GNNs on CPUs.",
        "Dissolved in DMF, CO2 and H2O evaporate.",
        "C60 and PCBM are acceptors.",
        "The BF4^- ion binds to Pb^2+.",
        "Fe(II) and Co(III) ions.",
        "General compositions LiMO2 and Li2MO3 were screened.",
        "Edge-sharing OAc4 tetrahedra and octahedra of ZnBr6.",
        "The UMAP projection of FA molecules.",
        "In the as-grown state no difference is seen. I was told so.",
    ],
)
def test_what_only_looks_like_a_formula_is_none(text: str) -> None:
    assert _named(text) == []


def test_organic_ions_are_told_not_to_be_makeable() -> None:
    for name in ("MAPbI3", "FAPbI3", "FA0.8Cs0.2PbI3", "MA0.3FA0.7Pb0.5Sn0.5I3", "FASnI3"):
        (compound,) = find_compounds(readable(f"The best absorber is {name} on glass."))
        assert compound.name == name
        assert not compound.counts
        assert "organic ions" in compound.reason


def test_a_doped_compound_stands_for_its_host_and_says_so() -> None:
    (compound,) = find_compounds("YSZ conducts oxygen ions.")
    assert compound.formula == "ZrO2"
    assert "yttria-stabilised" in compound.remark


def test_a_solid_solution_gives_its_ends() -> None:
    found = find_compounds(readable("Films of Cs2Ag(SbxBi1−x)Br6 were grown."))
    assert {compound.formula for compound in found} == {"Cs2AgSbBr6", "Cs2AgBiBr6"}
    assert all("solid solution" in compound.remark for compound in found)


def test_a_paper_defines_its_own_acronyms() -> None:
    texts = ["Bi4Ti3O12 (BTO) was grown.", "Light-emitting diodes (LED) were not."]
    defined = definitions(iter(texts))
    assert defined == {"BTO": "Bi4Ti3O12"}
    (compound,) = find_compounds("BTO kept its polarisation.", defined)
    assert compound.counts == {"Bi": 4, "Ti": 3, "O": 12}


def test_fractions_that_no_small_cell_holds_are_refused_with_the_reason() -> None:
    (compound,) = find_compounds("Ba0.47Sr0.53Co0.81Fe0.19O3 is a cathode.")
    assert not compound.counts
    assert "fractions" in compound.reason


def test_compounds_of_one_list_stand_together() -> None:
    text = "MnZnBr4 is stable, as well as four others, MnCdBr4, MnRu2Br8 and ZnCoBr4, which are not."
    lists = lists_of(text, find_compounds(text))
    assert [[compound.name for compound in one] for one in lists] == [["MnZnBr4"], ["MnCdBr4", "MnRu2Br8", "ZnCoBr4"]]
