"""One element in place of another in a compound that is named."""

from __future__ import annotations

import pytest

from clip_mat.generate.request import CrystalRequest
from clip_mat.language.replaced import put_in_place
from clip_mat.search.request import interpret


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("CsPbI3 but with tin instead of lead", "CsSnI3"),
        ("CsPbI3, with Sn in place of Pb, cubic", "CsSnI3, cubic"),
        ("BaTiO3 with barium replaced by strontium", "SrTiO3"),
        ("replacing the Pb in CsPbI3 by Sn", "CsSnI3"),
        ("Replace Fe by Co in LiFePO4", "LiCoPO4"),
        ("MoS2 with Te instead of sulfur", "MoTe2"),
        ("BaSrTiO3 with barium instead of strontium", "Ba2TiO3"),
    ],
)
def test_the_compound_that_is_meant_stands_in_the_text(text: str, meant: str) -> None:
    found, told = put_in_place(text)
    assert found == meant
    assert len(told) == 1
    assert told[0].endswith(meant.split(",")[0])


@pytest.mark.parametrize(
    "text",
    [
        "CsPbI3 without lead",
        "NaCl with tin instead of lead",  # holds no lead
        "a perovskite with tin instead of lead",
        "CsPbI3 with lead instead of lead",
        "Cs0.5PbI3 with tin instead of lead",
    ],
)
def test_everything_else_stays_as_it_is(text: str) -> None:
    assert put_in_place(text) == (text, ())


def test_searches_and_requests_mean_it() -> None:
    found = interpret("CsPbI₃ but with tin instead of lead")
    assert (found.formula, found.filter, found.text) == ("CsI3Sn", "", "CsSnI3")
    assert found.notes == ("CsPbI3 but with tin instead of lead: CsSnI3",)
    assert CrystalRequest.read("CsPbI3 with tin instead of lead").composition == {"Cs": 1, "I": 3, "Sn": 1}
