"""What chemists' words for many elements or kinds of compound stand for."""

from __future__ import annotations

import re

import pytest

from clip_mat.crystal import SYMBOLS
from clip_mat.facts import FAMILIES
from clip_mat.language.classes import FAMILY_ELEMENTS, GROUPS, MIXED_CLASSES, find_classes
from clip_mat.language.vocabulary import unfamiliar_words


@pytest.mark.parametrize(
    ("text", "any_of", "all_of", "families"),
    [
        ("alkali metal", ("Li", "Na", "K", "Rb", "Cs"), (), ()),
        ("an alkaline earth compound", ("Be", "Mg", "Ca", "Sr", "Ba", "Ra"), (), ()),
        ("coinage-metal phase", ("Cu", "Ag", "Au"), (), ()),
        ("platinum group metals", ("Ru", "Rh", "Pd", "Os", "Ir", "Pt"), (), ()),
        ("post-transition metal", ("Al", "Ga", "In", "Tl", "Sn", "Pb", "Bi", "Po"), (), ()),
        ("transition metal dichalcogenide", None, (), ()),
        ("layered chalcogenides", (), (), ("sulfide", "selenide", "telluride")),
        ("a Silicate", (), ("Si",), ("oxide",)),
        ("ferrites", (), ("Fe",), ("oxide",)),
        ("oxyfluoride", (), ("O", "F"), ()),
        ("oxyhalides", ("F", "Cl", "Br", "I"), ("O",), ()),
        ("a hydroxide", (), ("O", "H"), ()),
        ("oxysulphides", (), ("O", "S"), ()),
        ("a lithium thiophosphate", (), ("P", "S"), ()),
    ],
)
def test_meaning(text: str, any_of: tuple[str, ...] | None, all_of: tuple[str, ...], families: tuple[str, ...]) -> None:
    found = find_classes(text)[0]
    assert any_of is None or found.any_of == any_of
    assert found.all_of == all_of
    assert found.families == families


@pytest.mark.parametrize(
    "text",
    [
        "no rare earths",
        "lanthanide-free",
        "non-radioactive",
        "without any chalcogens",
        "not a silicate",
        "rock salt",
        "superalloy",
        "radioactive waste",
        "alkali-like",
        "metal",
        "rate of ferritic steel",
    ],
)
def test_what_is_denied_or_another_word_is_none(text: str) -> None:
    assert find_classes(text) == []


def test_several_are_found_in_their_order() -> None:
    dichalcogenide = find_classes("transition metal dichalcogenide")
    assert [len(each.any_of) for each in dichalcogenide] == [29, 0]
    assert dichalcogenide[1].families == ("sulfide", "selenide", "telluride")
    assert dichalcogenide[0].end < dichalcogenide[1].start


def test_tables_name_what_exists() -> None:
    tables = (GROUPS, FAMILY_ELEMENTS, MIXED_CLASSES)
    assert {symbol for table in tables for group in table.values() for symbol in group} <= set(SYMBOLS)
    assert set(FAMILY_ELEMENTS) <= set(FAMILIES)
    assert all(re.compile(name) for name in GROUPS)


def test_words_that_say_nothing_of_crystals_are_told() -> None:
    assert unfamiliar_words("a cubic oxide whose anions enchant, a verb") == ["anions", "enchant", "verb"]
    assert unfamiliar_words("lithium thiophosphate with rock salt structure") == []
