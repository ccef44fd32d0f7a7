"""What captions state is read in them again: the writer of texts and their reader share no code."""

from __future__ import annotations

import random

import pytest

from clip_mat.entry_facts import facts_of
from clip_mat.facts import Facts, crystal_system
from clip_mat.language.captions import Tier, write_caption
from clip_mat.language.mentions import Mention, find_mentions
from clip_mat.search.bundled import bundled_entries

ROUNDS = 8
"""Captions of each crystal."""


@pytest.fixture(scope="module")
def crystals() -> list[Facts]:
    """Compounds of several elements, and their space groups."""
    facts = [facts_of(entry) for entry in bundled_entries()]
    return [each for each in facts if len(each.counts) > 1]


def composition(found: list[Mention]) -> dict[str, float]:
    """Elements, with their amounts where a formula has them."""
    formulas = [m for m in found if m.kind == "formula"]
    named = formulas or [m for m in found if m.kind in ("system", "element")]
    return {str(symbol): float(amount or 0) for m in named for symbol, amount in m.composition}


def symmetry(found: list[Mention]) -> tuple[set[int], set[str]]:
    """Space groups, and crystal systems that are told or follow from them."""
    groups = {m.spacegroup or 0 for m in found if m.kind == "spacegroup"}
    systems = {str(m.name) for m in found if m.kind == "crystal_system"}
    return groups, systems | {str(crystal_system(group)) for group in groups}


def is_read(facts: Facts, text: str, tier: Tier) -> bool:
    found = find_mentions(text)
    groups, systems = symmetry(found)
    amounts = {symbol: float(count) for symbol, count in facts.counts.items()}
    wanted = amounts if tier.startswith("formula") else dict.fromkeys(amounts, 0.0)
    told = {facts.spacegroup} if tier.endswith("spacegroup") else set()
    return composition(found) == wanted and groups == told and systems == {facts.crystal_system}


@pytest.mark.parametrize(
    ("tier", "share"), [("formula+spacegroup", 0.99), ("formula+system", 0.985), ("chemsys+system", 0.99)]
)
def test_captions_are_read_as_they_were_meant(crystals: list[Facts], tier: Tier, share: float) -> None:
    """Not all: "Ga Te" is no formula to the reader where only a crystal system is told."""
    rng = random.Random(f"read/{tier}")
    texts = [(facts, write_caption(facts, rng, tier).text) for facts in crystals for _ in range(ROUNDS)]
    misread = [(text, facts.formula, facts.spacegroup) for facts, text in texts if not is_read(facts, text, tier)]
    assert len(misread) <= (1 - share) * len(texts), misread[:20]
