"""Dimensions and what they are of."""

from __future__ import annotations

import pytest

from rag.dimensions import Dimensions


@pytest.mark.parametrize(
    ("question", "text", "strays"),
    [
        ("Why are 2D/3D perovskites stable?", "We measured 2D XRD patterns.", {"2d"}),
        ("Why are 2D/3D perovskites stable?", "A 2D/3D perovskite keeps water out.", set()),
        ("Why are 2D/3D perovskites stable?", "A quasi-2D layered perovskite keeps water out.", set()),
        ("Why are 2D/3D perovskites stable?", "It is 2D, and samples are made by 3D printing.", {"3d"}),
        ("Why are 2D and 3D perovskites stable?", "Both 2D and 3D images show it.", {"2d", "3d"}),
        ("Which perovskites are 2D?", "We measured 2D XRD patterns.", {"2d"}),
        ("Which perovskites are 2D?", "Those of large cations are 2D or 3D.", set()),
        ("Which is 2D?", "We measured 2D XRD patterns.", set()),  # of what is not asked
        ("How is a 3D image made?", "Two 2D images make one of 3D printing.", {"3d"}),
        ("Why are perovskites stable?", "We measured 2D XRD patterns.", set()),
    ],
)
def test_a_dimension_of_another_thing_is_no_answer(question: str, text: str, strays: set[str]) -> None:
    subjects = ["perovskites"] if "perovskites" in question else []
    assert Dimensions(question, subjects).strays(text) == strays
