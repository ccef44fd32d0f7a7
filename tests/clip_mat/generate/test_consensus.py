"""The crystal that the others agree with."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from clip_mat.crystal import Crystal
from clip_mat.generate.cells import niggli
from clip_mat.generate.consensus import FARTHEST, agreement, best_first, fingerprint, standing
from clip_mat.towers.graphs import shaken

SALT = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], [[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.8, 0]])
CAESIUM_LIKE = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 3.5 * np.eye(3))


def test_the_odd_one_out() -> None:
    rng = np.random.default_rng(0)
    crystals = [CAESIUM_LIKE, *(shaken(SALT, 0.05, rng) for _ in range(4))]
    agreed = agreement(crystals)
    assert agreed.argmin() == 0
    assert agreed[0] == pytest.approx(1, abs=0.1)
    assert agreed[1:].min() > 3


def test_other_elements_do_not_agree() -> None:
    other = Crystal.from_symbols(["K", "Cl"], SALT.positions, SALT.lattice)
    np.testing.assert_allclose(agreement([SALT, SALT, other]), [2, 2, 1])


def test_description_and_volume_do_not_matter() -> None:
    skew = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]])
    other = Crystal(SALT.numbers, SALT.positions @ np.linalg.inv(skew) + 0.3, 1.2 * skew @ SALT.lattice)
    turned = Crystal(SALT.numbers[::-1], other.positions[::-1], other.lattice)
    one, same = fingerprint(niggli(SALT)), fingerprint(niggli(turned))
    assert np.linalg.norm(one - same) < 0.05 * np.linalg.norm(one)
    assert agreement([niggli(SALT), niggli(turned)]).min() > 1.95


@pytest.mark.parametrize(("atoms", "reach"), [(1, 3), (2, 3), (5, 2), (10, 1)])
def test_a_fingerprint_is_distances_counted_one_by_one(atoms: int, reach: int) -> None:
    rng = np.random.default_rng(atoms)
    crystal = Crystal(rng.choice([8, 26, 3], atoms), rng.random((atoms, 3)), 3 * np.eye(3) + rng.random((3, 3)))
    elements = sorted(set(crystal.numbers.tolist()))
    blocks = [(a, b) for place, a in enumerate(elements) for b in elements[place:]]
    points = np.arange(0, FARTHEST, 0.025)
    expected = np.zeros((len(blocks), len(points)))
    spacing = (crystal.volume / atoms) ** (1 / 3)
    for one, other in product(range(atoms), repeat=2):
        apart = crystal.positions[one] - crystal.positions[other]
        block = blocks.index(tuple(sorted((crystal.numbers[one], crystal.numbers[other]))))
        for shift in product(range(-reach, reach + 1), repeat=3):
            far = np.linalg.norm((apart - np.rint(apart) + shift) @ crystal.lattice) / spacing
            if not 1e-3 < far < FARTHEST - 0.05:
                continue
            low = int(far / 0.025)
            for point, share in ((low, 1 - (far / 0.025 - low)), (low + 1, far / 0.025 - low)):
                smeared = np.exp(-(((points - points[point]) / 0.08) ** 2)) / np.maximum(points, 0.3)
                expected[block] += share * smeared / atoms
    np.testing.assert_allclose(fingerprint(crystal), expected.ravel(), atol=1e-9)


def test_none_agrees_alone() -> None:
    assert agreement([SALT]).tolist() == [1.0]


def test_keeping_to_the_plan_counts_more_than_being_like_others() -> None:
    rng = np.random.default_rng(0)
    crystals = [*(shaken(SALT, 0.05, rng) for _ in range(3)), CAESIUM_LIKE]
    nothing_planned = standing(crystals, [None] * 4)
    assert nothing_planned.argmin() == 3
    assert nothing_planned.max() <= 1
    planned = standing(crystals, [None, 221, 225, 221])  # the second and the last were to be caesium chloride
    assert planned.argsort()[::-1][:2].tolist() == [2, 3]
    assert planned[2] == pytest.approx(nothing_planned[2] + 1)
    assert planned[1] == pytest.approx(nothing_planned[1])


@pytest.mark.parametrize("groups", [(None,) * 4, (None, 221, 225, 221), (221, 221, 221, 221), (225, None, 221, 225)])
def test_the_best_is_found_without_asking_for_all_groups(groups: tuple[int | None, ...]) -> None:
    rng = np.random.default_rng(1)
    crystals = [*(shaken(SALT, 0.05, rng) for _ in range(3)), CAESIUM_LIKE]
    scores = standing(crystals, groups)
    (best, score), *others = best_first(crystals, groups)
    assert best == scores.argmax()
    assert score == pytest.approx(scores.max())
    assert sorted([best, *(place for place, _ in others)]) == [0, 1, 2, 3]
    shares = [share for _, share in others]
    assert shares == sorted(shares, reverse=True)
    assert score >= max(shares)
