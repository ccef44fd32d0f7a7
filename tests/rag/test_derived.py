"""Words made of one another."""

from __future__ import annotations

import pytest

from rag.derived import relatives


@pytest.mark.parametrize(
    ("word", "others"),
    [
        ("absorbs", ["absorption"]),
        ("absorption", ["absorb"]),
        ("reduces", ["reduction"]),
        ("decomposed", ["decomposition"]),
        ("dissolving", ["dissolution"]),
        ("transmitted", ["transmission"]),
        ("hydrolyzed", ["hydrolysis"]),
        ("stable", ["stability", "stabilise", "stabilize"]),
        ("instability", ["unstable"]),
        ("strength", ["strong"]),
        ("porous", ["porosity"]),
        ("migrate", []),  # its stem finds "migration"
        ("table", []),
        ("perovskite", []),
    ],
)
def test_relatives_of_a_word(word: str, others: list[str]) -> None:
    assert list(relatives(word)) == others
