"""What a text names stands first: structure types with what they are made of, salts, compounds by systematic names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fact_encoder import FactEncoder

from clip_mat import MaterialsIndex
from clip_mat.crystal import Crystal
from clip_mat.search.optimade import compile_filter
from clip_mat.search.request import interpret
from clip_mat.structures import Entry

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


@pytest.mark.parametrize(
    ("text", "filter"),
    [
        ("rock salt structure", 'prototypes HAS ANY "rock salt"'),
        ("a nitride with the spinel structure", 'prototypes HAS ANY "spinel" AND elements HAS "N"'),
        ("zinc blende or wurtzite sulfide", 'prototypes HAS ANY "zinc blende","wurtzite" AND elements HAS "S"'),
        ("halide perovskite", 'prototypes HAS ANY "perovskite" AND elements HAS ANY "F","Cl","Br","I"'),
        ("oxide or sulfide, rock salt", 'prototypes HAS ANY "rock salt" AND elements HAS ANY "O","S"'),
        ("spinel but not an oxide", 'prototypes HAS ANY "spinel"'),
        ("oxynitride perovskite", 'prototypes HAS ANY "perovskite" AND elements HAS ALL "O","N"'),
        ("iron sulfide", 'elements HAS ALL "Fe","S" AND nelements = 2'),
        ("iron(III) oxide", 'elements HAS ALL "Fe","O" AND nelements = 2'),
        ("lithium iron phosphates", 'elements HAS ALL "Li","Fe","P","O" AND nelements = 4'),
        ("lithium iron phosphate in P2_1/c", 'elements HAS ALL "Li","Fe","P","O" AND nelements = 4'),
        ("a titanate", 'elements HAS ALL "Ti","O" AND nelements >= 3'),
        ("iron sulfide without copper", 'elements HAS ALL "Fe","S" AND nelements = 2'),
    ],
)
def test_kinds_that_a_text_names(text: str, filter: str) -> None:
    kind = interpret(text).kind
    assert kind is not None
    assert compile_filter(kind.filter) == compile_filter(filter)


@pytest.mark.parametrize(
    "text",
    [
        "not a perovskite",
        "a nitride harder than diamond",
        "inverse spinel",
        "perovskite-related iodide",
        "a substrate for gallium nitride",
        "cheaper than gallium nitride",
        "aluminium-doped zinc oxide",  # not all of its elements are in the name
        "lithium cobalt oxide with manganese",
        "iron oxide or iron sulfide",
        "carbon dioxide capture",
        "nickel oxide reduction",
        "a titanate or a niobate",
        "lithium titanate/sodium niobate",
        "NaCl, rock salt",  # the formula decides
        "a wide-gap oxide",
    ],
)
def test_no_kind_is_sought(text: str) -> None:
    assert interpret(text).kind is None


class AlwaysChloride(FactEncoder):
    """Takes every text for one about a chloride."""

    def encode_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return super().encode_text(["CsCl"] * len(texts))


def _entries() -> list[Entry]:
    halves = [[0.0] * 3, [0.5] * 3]
    salts = [
        Entry(name, Crystal.from_symbols(symbols, halves, size * FCC))
        for name, symbols, size in (("mgo", ["Mg", "O"], 4.2), ("nacl", ["Na", "Cl"], 5.6), ("tin", ["Ti", "N"], 4.2))
    ]
    return [*salts, Entry("cscl", Crystal.from_symbols(["Cs", "Cl"], halves, 4.1 * np.eye(3)))]


def test_what_is_named_stands_before_what_a_vector_finds(tmp_path: Path) -> None:
    with MaterialsIndex.open(tmp_path / "index", AlwaysChloride()) as index:
        index.add(_entries())
        assert index.search("rock salt", 1, filter="")[0].id == "cscl"  # the vector alone
        found = index.search("rock salt structure", 4)
        assert {hit.id for hit in found[:3]} == {"mgo", "nacl", "tin"}
        assert found[3].id == "cscl"
        assert "rock salt: such crystals stand first, being named, though the vector is nearer to others" in found.notes
        assert index.search("a nitride with the rock salt structure", 4)[0].id == "tin"
        assert index.search("magnesium oxide", 4)[0].id == "mgo"
        assert [hit.id for hit in index.search("rock salt without oxygen", 4)][:2] == ["nacl", "tin"]
        assert [hit.rank for hit in found] == [1, 2, 3, 4]


def test_a_kind_that_is_not_here_is_said_to_be_missing_and_hides_nothing(tmp_path: Path) -> None:
    with MaterialsIndex.open(tmp_path / "index", AlwaysChloride()) as index:
        index.add(_entries())
        found = index.search("a sulfide with the rock salt structure", 4)
        assert len(found) == 4
        assert 'rock salt: nothing here has prototypes HAS ANY "rock salt" AND elements HAS "S"' in found.notes
        told = index.search("iron sulfide, stable", 2).notes
        assert any(note.startswith("iron sulfide: nothing here has") and "meets the filter" in note for note in told)
