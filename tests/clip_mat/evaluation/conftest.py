"""A gallery in which many crystals tie, and a perfect model of it."""

from __future__ import annotations

import random

import pytest
from known_model import OneHot, crystal

from clip_mat.evaluation import Gallery, Query
from clip_mat.facts import Facts


@pytest.fixture(scope="session")
def gallery() -> Gallery:
    """120 crystals of few formulas and space groups, so that many tie."""
    rng = random.Random(0)
    formulas = [{"Cl": 1, "Na": 1}, {"Li": 1, "O": 2}, {"Cs": 1, "I": 3, "Pb": 1}, {"O": 3, "Sr": 1, "Ti": 1}]
    facts = [
        Facts(
            rng.choice(formulas),
            rng.choice([1, 62, 139, 194, 221, 225]),
            ("perovskite",) if place % 10 == 0 else (),
            rng.choice([None, 0.0, 1.5, 5.0]),
            rng.choice([0.0, 0.2]),
        )
        for place in range(120)
    ]
    return Gallery([f"m-{place}" for place in range(120)], [crystal(place) for place in range(120)], facts)


@pytest.fixture(scope="session")
def queries(gallery: Gallery) -> list[Query]:
    """Texts on every crystal that state its formula, and sometimes its space group or a bound of the gap."""
    found = []
    for place, (name, facts) in enumerate(zip(gallery.ids, gallery.facts, strict=True)):
        kinds = ("formula", "spacegroup") if place % 2 else ("formula",)
        states = frozenset(key for key in facts.keys if key[0] in kinds)
        gap = 1.0 if place % 3 == 0 and (facts.band_gap or 0) > 1 else None
        found.append(Query(name, f"text {place}", states, gap, frozenset(["U"]) if place % 5 == 0 else frozenset()))
    return found


@pytest.fixture
def perfect(gallery: Gallery, queries: list[Query]) -> OneHot:
    """Reaches every ceiling."""
    return OneHot(gallery, queries)
