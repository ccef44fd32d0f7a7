"""Structures that share a structure type."""

from __future__ import annotations

import numpy as np
import pytest

from clip_mat.crystal import Crystal
from clip_mat.generate.consensus import fingerprint
from clip_mat.generate.proposals import propose
from clip_mat.generate.templates import Template, TemplateLibrary
from clip_mat.generate.variants import differences, pick_variants, reordered


def stretched(metal: str, height: float) -> Crystal:
    """Caesium chloride stretched along c."""
    return Crystal.from_symbols([metal, "Cl"], [[0, 0, 0], [0.5] * 3], np.diag([3.0, 3.0, 3.0 * height]))


def slots(order: tuple[int, int, int]) -> Crystal:
    """Three elements on places that all differ, in some order."""
    places = [[0.0, 0.0, 0.0], [0.5, 0.4, 0.3], [0.1, 0.7, 0.6]]
    return Crystal(np.array(order), np.array(places), np.diag([4.0, 5.0, 7.0]))


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 1, 0)])
def test_a_fingerprint_is_reordered_as_elements_are(order: tuple[int, int, int]) -> None:
    template = fingerprint(slots((1, 2, 3)))
    first, second, third = (slot + 1 for slot in order)
    made = fingerprint(slots((first, second, third)))
    np.testing.assert_allclose(reordered(template, np.array(order)), made)


def test_differences_are_those_of_vectors() -> None:
    prints = np.array([[3.0, 4.0], [3.0, 4.0], [0.0, 5.0]])
    np.testing.assert_allclose(differences(prints), np.array([[0, 0, 2], [0, 0, 2], [2, 2, 0]]) ** 0.5 * (5**0.5 / 5))


def test_the_most_voted_structure_comes_first_and_nobody_votes_twice() -> None:
    same = np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.0], [0.0, 0.0, 1.0]])
    found = pick_variants(same, np.array([0.3, 0.25, 0.45]), 3)
    assert [place for place, _ in found] == [0, 2, 1]  # two that are alike outvote the loudest
    np.testing.assert_allclose([share for _, share in found], [0.3 + 0.9 * 0.25, 0.45, 0.1 * 0.25])
    assert pick_variants(same, np.array([0.3, 0.25, 0.45]), 1) == found[:1]


def test_equal_templates_are_one_structure() -> None:
    assert pick_variants(np.ones((4, 4)), np.array([0.1, 0.4, 0.3, 0.2]), 20) == [(1, pytest.approx(1.0))]


def test_isopointal_structures_are_proposed_apart() -> None:
    lib = TemplateLibrary(
        Template(f"{metal}{height}", stretched(metal, height), 0.0)
        for metal, height in (("Na", 1.3), ("K", 1.32), ("Rb", 3.0), ("Cs", 3.05))
    )
    found = propose(lib, {"Li": 1, "Cl": 1})
    assert len({one.type for one in found}) == 1
    heights = [np.linalg.norm(one.crystal.lattice, axis=1).max() ** 3 / one.crystal.volume for one in found[:2]]
    assert sorted(height > 4.0 for height in heights) == [False, True]
    assert sum(one.score for one in found) == pytest.approx(1.0, abs=0.02)
