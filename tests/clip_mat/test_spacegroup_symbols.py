"""Every symbol of every setting of every space group, however it is written, is read as the right number."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator

import gemmi
import pytest
import spglib

from clip_mat.generate.inputs import spacegroup_of
from clip_mat.language.mentions import find_mentions
from clip_mat.language.spacegroups import find_symbol


def said(text: str) -> list[int | None]:
    return [mention.spacegroup for mention in find_mentions(text) if mention.kind == "spacegroup"]


def all_settings() -> Iterator[tuple[str, int]]:
    """Symbols of every setting that gemmi and spglib know, as they write them, and their number."""
    for group in gemmi.spacegroup_table():
        if not group.hm.endswith(("2a", "a)")):  # gemmi's own names for shifted origins
            yield group.hm, group.number
            yield group.xhm(), group.number
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kinds = [spglib.get_spacegroup_type(hall) for hall in range(1, 531)]
    for kind in kinds:
        yield kind.international_short, kind.number
        yield kind.international_full, kind.number


def test_every_setting_by_its_symbol_in_every_way_of_writing_it() -> None:
    ways = {
        "as it is": lambda symbol: symbol,
        "closed": lambda symbol: symbol.replace(" ", ""),
        "no underscores": lambda symbol: symbol.replace("_", ""),
        "closed, no underscores": lambda symbol: symbol.replace(" ", "").replace("_", ""),
        "LaTeX": lambda symbol: re.sub(r"-([1-6])", r"\\bar{\1}", re.sub(r"_([1-5])", r"_{\1}", symbol)),
        "overlined": lambda symbol: re.sub(r"-([1-6])", "\\1\u0305", symbol),
        "barred before": lambda symbol: re.sub(r"-([1-6])", "\u00af\\1", symbol),
        "in HTML": lambda symbol: re.sub(r"_([1-5])", r"<sub>\1</sub>", symbol),
        "in brackets": lambda symbol: re.sub(r"_([1-5])", r"(\1)", symbol),
    }
    symbols = sorted(set(all_settings()))
    assert len(symbols) > 1000
    assert {number for _, number in symbols} == set(range(1, 231))
    wrong = [
        (way, symbol, number, find_symbol(written, 0))
        for symbol, number in symbols
        for way, write in ways.items()
        if (find_symbol(written := write(symbol), 0) or (0, 0))[:2] != (len(written), number)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("LiFePO4 in Pbnm", 62),
        ("CaTiO3, P 2_1/n 2_1/m 2_1/a", 62),
        ("NaCl (F 4/m -3 2/m)", 225),
        ("quartz P3_221", 154),
        ("quartz P3_121", 152),  # its mirror image
        ("ZrO2 P2(1)/c", 14),
        ("BaTiO3 R3m:H", 160),
        ("MgAl2O4 Fd-3m:2", 227),
        ("Bi2Te3 R3\u0305m", 166),
        ("TiO2 I4₁/amd", 141),
        ("NaCl in Fm−3m", 225),
        ("Formula - P4Ru. space group - 14", 14),
        ("H6SeC2O with space group numbeer 2", 2),
        ("La2C2N4O - spacegrup 15.", 15),
        ("r3c KIO3", 161),
        ("FePb2ReO6 in i4", 79),
        ("LiMg5 solid (cm)", 8),
        ("Ag<sub>2</sub>O R3 solid", 146),
    ],
)
def test_space_groups_as_people_write_them(text: str, number: int) -> None:
    assert said(text) == [number]


@pytest.mark.parametrize("text", ["5 cm LiMg5 wafers", "bonds of 200 pm in NaCl2", "space group not 14", "PbTe"])
def test_what_only_looks_like_a_space_group(text: str) -> None:
    assert said(text) == []


@pytest.mark.parametrize("written", ["Fd-3m:2", "P6₃/mmc", "F 4_1/d -3 2/m", "Fd−3m", " 227 ", "227"])
def test_a_space_group_that_is_asked_for(written: str) -> None:
    assert spacegroup_of(written) == (194 if "6" in written else 227)
