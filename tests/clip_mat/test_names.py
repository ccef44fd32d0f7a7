"""Names of elements, structure types and compounds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from clip_mat.crystal import SYMBOLS
from clip_mat.language import names


def test_every_element_has_a_name_and_every_name_its_element() -> None:
    assert list(names.ELEMENT_NAMES) == list(SYMBOLS[1:])
    for symbol, spellings in names.ELEMENT_NAMES.items():
        assert all(names.ELEMENT_SYMBOLS[spelling] == symbol for spelling in spellings)
    assert {names.ELEMENT_SYMBOLS[name] for name in ("aluminium", "aluminum")} == {"Al"}
    assert names.ELEMENT_SYMBOLS["sulphur"] == "S"
    assert names.ELEMENT_SYMBOLS["cesium"] == "Cs"


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("Halite", "rock salt"),
        ("rocksalt structure", "rock salt"),
        ("NaCl-type", "rock salt"),
        ("B1", "rock salt"),
        ("ZnS structure", "zinc blende"),
        ("sphalerite", "zinc blende"),
        ("cesium chloride", "cesium chloride"),
        ("L2_1", "Heusler"),
        ("l21", "Heusler"),
        ("L1₂", "auricupride"),
        ("Cu3Au type", "auricupride"),
        ("AuCu3-type structure", "auricupride"),
        ("L1_0", "tetraauricupride"),
        ("C14", "Laves C14"),
        ("MgZn2-type", "Laves C14"),
        ("caswellsilverite", "alpha sodium ferrite"),
        ("Perovskite", "perovskite"),
        ("bcc", "body-centred cubic"),
    ],
)
def test_aliases_lead_to_the_canonical_name(name: str, canonical: str) -> None:
    assert names.canonical_prototype(name) == canonical


@pytest.mark.parametrize("name", ["NaCl", "copper", "iodine", "structure", "type", "", "oxide", "Li-Mn-O"])
def test_what_is_no_structure_type_is_none(name: str) -> None:
    assert names.canonical_prototype(name) is None


def test_every_name_and_alias_leads_back_to_its_own_type() -> None:
    for name in names.prototype_names():
        for alias in (name, *names.aliases(name), *names.loose_aliases(name)):
            assert names.canonical_prototype(alias) == name, alias


def test_a_label_is_read_in_any_order_of_its_elements() -> None:
    assert names.prototypes_of("A2B_cF24_227_d_a") == names.prototypes_of("AB2_cF24_227_a_d") == ("Laves C15", "Laves")
    assert names.prototypes_of("A2B3_hR10_167_c_e") == names.prototypes_of("A2B3_hR30_167_c_e") == ("corundum",)
    assert names.prototypes_of("AB3C_oP20_62_c_cd_a") == ("orthorhombic perovskite", "perovskite")
    assert names.prototypes_of("AB3C_cP5_221_a_c_b") == ("cubic perovskite", "perovskite")
    assert names.prototypes_of("AB_cF8_216_a_c") != names.prototypes_of("AB_cF8_225_a_b")
    assert names.prototypes_of("ABC_aP6_1_a_a_a") == ()


def test_a_label_of_several_minerals_has_the_names_of_all() -> None:
    assert set(names.prototypes_of("AB2_oP6_58_a_g")) == {"marcasite", "hydrophilite", "zeta iron carbide"}


def test_names_as_the_lists_write_them() -> None:
    assert names.from_aflow_names("Halite, Rock Salt") == ("rock salt",)
    assert names.from_aflow_names("Hydrophilite|Marcasite|zeta iron carbide") == (
        "hydrophilite",
        "marcasite",
        "zeta iron carbide",
    )
    assert names.from_aflow_names("Hexagonal Laves") == ("Laves",), "C14 or C36, which the name does not say"
    assert names.from_aflow_names("alpha") == ()


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("file", ["aflow_prototypes_pymatgen_288.csv", "robocrys_minerals.csv"])
def test_every_label_with_a_mineral_has_a_name(shared_data: Path, file: str) -> None:
    for row in _rows(shared_data / "crystals" / file):
        if not row["mineral"]:
            continue
        found = names.prototypes_of(row["aflow"])
        assert found, row
        known = set(names.from_aflow_names(row["mineral"])) & set(found)
        unsaid = row["mineral"] in ("alpha", "beta", "Theoretical Carbon Structure", "Uranium Silicide")
        assert known or unsaid, (row, found)


def test_strukturbericht_symbols_agree_with_the_list(shared_data: Path) -> None:
    shared_by_two = {"C19", "A3'", '"40"', "C25", "B29", "B21"}
    for row in _rows(shared_data / "crystals" / "aflow_prototypes_pymatgen_288.csv"):
        canonical = names.canonical_prototype(row["strukturbericht"])
        if canonical is not None and row["strukturbericht"] not in shared_by_two:
            assert canonical in names.prototypes_of(row["aflow"]), row


def test_names_agree_with_the_structures_own(shared_data: Path) -> None:
    table = pytest.importorskip("pyarrow.parquet").read_table(
        shared_data / "crystals" / "mp_train.parquet", columns=["label", "prototype_names"]
    )
    pairs = {(row["label"], row["prototype_names"]) for row in table.to_pylist() if row["prototype_names"]}
    assert len(pairs) > 100
    for label, raw in pairs:
        assert set(names.from_aflow_names(raw)) <= set(names.prototypes_of(label)), (label, raw)


def test_everyday_names_are_formulas_of_elements() -> None:
    for formula in names.COMMON_COMPOUNDS.values():
        assert formula.translate(str.maketrans("", "", "()0123456789")).isalpha()
    assert names.COMMON_COMPOUNDS["titania"] == "TiO2"
