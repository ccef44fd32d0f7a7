"""The matcher against pymatgen's own, and what it must survive."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clip_mat.crystal import Crystal
from clip_mat.evaluation.matching import Reduced, rms_distance, rms_distances
from clip_mat.generate.substitution import repeated, scaled
from clip_mat.structures import read_crystals

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
ROCK_SALT = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 5.64 * FCC)
CAESIUM_CHLORIDE = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 3.6 * np.eye(3))


def shaken(crystal: Crystal, by: float, seed: int) -> Crystal:
    moved = crystal.cartesian + np.random.default_rng(seed).normal(0, by, (len(crystal), 3))
    return Crystal(crystal.numbers, moved @ np.linalg.inv(crystal.lattice), crystal.lattice)


def test_a_crystal_matches_itself_in_any_cell_and_volume() -> None:
    for other in (ROCK_SALT, repeated(ROCK_SALT, 4), scaled(ROCK_SALT, 30.0)):
        assert rms_distance(ROCK_SALT, other) == pytest.approx(0.0, abs=1e-6)


def test_other_structures_and_other_elements_do_not_match() -> None:
    assert rms_distance(ROCK_SALT, CAESIUM_CHLORIDE) is None
    potassium = Crystal.from_symbols(["K", "Cl"], ROCK_SALT.positions, ROCK_SALT.lattice)
    assert rms_distance(ROCK_SALT, potassium) is None


@pytest.mark.parametrize(
    ("positions", "lattice"),
    [
        ([[0, 0, 0], [0, 0, 0]], 4.0 * np.eye(3)),
        ([[0, 0, 0], [0.5, 0.5, 0.5]], np.diag([0.01, 0.01, 1e5])),
        ([[0, 0, 0], [0.5, 0.5, 0.5]], np.diag([1.0, 1.0, 1e4])),
    ],
)
def test_what_is_no_crystal_matches_nothing(positions: list[list[float]], lattice: np.ndarray) -> None:
    broken = Crystal.from_symbols(["Na", "Cl"], positions, lattice)
    assert rms_distance(ROCK_SALT, broken) is None
    assert rms_distance(broken, broken) is None


def test_distances_are_those_of_the_matcher_of_the_field(shared_data: Path) -> None:
    from pymatgen.analysis.structure_matcher import StructureMatcher

    matcher = StructureMatcher(ltol=0.3, stol=0.5, angle_tol=10)
    entries = read_crystals(shared_data / "crystals" / "mp_val.parquet")
    crystals = [entry.crystal for entry, _ in zip(entries, range(12), strict=False)]  # type: ignore[union-attr]
    found = 0
    for seed, crystal in enumerate(crystals):
        for by in (0.0, 0.05, 0.3, 0.8):
            other = shaken(crystal, by, seed)
            expected = matcher.get_rms_dist(crystal.to_structure(), other.to_structure())
            distance = rms_distance(crystal, other)
            assert (distance is None) == (expected is None)
            if expected is not None:
                found += 1
                assert distance == pytest.approx(expected[0], abs=1e-6)
    assert found > 12


def test_many_are_compared_as_one_is_with_any_number_of_processes() -> None:
    jobs = [(ROCK_SALT, [CAESIUM_CHLORIDE, shaken(ROCK_SALT, 0.1, seed)]) for seed in range(20)]
    told: list[int] = []
    alone = rms_distances(jobs, progress=lambda done, total, name: told.append(done))
    shared = rms_distances(jobs, processes=2)
    assert told == list(range(1, 21))
    for (_, candidates), one, other in zip(jobs, alone, shared, strict=True):
        np.testing.assert_array_equal(one, other)
        assert np.isnan(one[0])
        assert one[1] == rms_distance(ROCK_SALT, candidates[1])


def test_a_reduced_crystal_serves_as_well() -> None:
    other = shaken(ROCK_SALT, 0.1, 0)
    assert rms_distance(Reduced.of(ROCK_SALT), Reduced.of(other)) == rms_distance(ROCK_SALT, other)
