"""From candidates to results: only what was asked for, only once, on symmetric places, best first."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from clip_mat import Crystal
from clip_mat.generate.candidates import Candidate, finish, obeys
from clip_mat.generate.checks import KnownCrystals
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import Origin
from clip_mat.search.bundled import bundled_entries
from clip_mat.symmetry import conventional, find_spacegroup

BUNDLED = {entry.id: entry.crystal for entry in bundled_entries()}
ROCK_SALT = BUNDLED["aflow:NaCl_cF8_225"]
PEROVSKITE = BUNDLED["aflow:CaTiO3_cP5_221"]


def candidate(crystal: Crystal, score: float = 1.0, **properties: float) -> Candidate:
    return Candidate(crystal, score, Origin("retrieved", "x"), properties)


def shaken(crystal: Crystal, by: float, seed: int = 0) -> Crystal:
    moves = np.random.default_rng(seed).normal(size=crystal.positions.shape) * by
    return Crystal(crystal.numbers, crystal.positions + moves @ np.linalg.inv(crystal.lattice), crystal.lattice)


def test_a_shaken_crystal_comes_out_on_its_symmetric_places() -> None:
    (made,) = finish(CrystalRequest.read("NaCl"), [candidate(shaken(ROCK_SALT, 0.02))], None)
    assert made.spacegroup == 225
    assert find_spacegroup(made.crystal, 1e-4) == 225
    assert made.checks.valid
    assert made.checks.unique
    assert made.checks.novel is None


def test_what_noise_left_without_symmetry_is_tried_in_the_group_planned_for_it() -> None:
    rng = np.random.default_rng(1)
    positions = PEROVSKITE.positions + rng.normal(0, 0.25, (5, 3)) / 4.0
    crystal = Crystal(PEROVSKITE.numbers, positions, 4.0 * np.eye(3) * (1 + rng.normal(0, 0.02, (3, 3))))
    request = CrystalRequest.read(cell="CaTiO3")

    def group(planned: int | None, kind: Literal["noise", "retrieved"] = "noise") -> int:
        (made,) = finish(request, [Candidate(crystal, 1.0, Origin(kind), planned=planned)], None)
        return made.spacegroup

    assert group(None) == 1
    assert group(221) == 221
    assert group(194) == 1


def test_the_same_crystal_counts_once_whatever_its_cell() -> None:
    double = Crystal(
        np.tile(ROCK_SALT.numbers, 2),
        np.concatenate([ROCK_SALT.positions * [1, 1, 0.5], ROCK_SALT.positions * [1, 1, 0.5] + [0, 0, 0.5]]),
        ROCK_SALT.lattice * [[1], [1], [2]],
    )
    made = finish(CrystalRequest.read("NaCl"), [candidate(ROCK_SALT, 0.5), candidate(double, 0.9)], None)
    assert [one.score for one in made] == [0.9]


def test_what_was_not_asked_for_is_left_out() -> None:
    both = [candidate(ROCK_SALT), candidate(PEROVSKITE)]
    assert [one.formula for one in finish(CrystalRequest.read("CaTiO3"), both, None)] == ["CaTiO3"]
    assert not finish(CrystalRequest.read("NaCl", spacegroup=221), both, None)
    assert not finish(CrystalRequest.read("hexagonal CaTiO3"), both, None)
    assert [one.formula for one in finish(CrystalRequest.read("oxygen-free"), both, None)] == ["NaCl"]
    assert [one.formula for one in finish(CrystalRequest.read("rock salt"), both, None)] == ["NaCl"]


def test_the_content_of_a_cell_is_kept_atom_by_atom() -> None:
    request = CrystalRequest.read(cell="Na4Cl4")
    (made,) = finish(request, [candidate(ROCK_SALT, 2.0), candidate(conventional(ROCK_SALT), 1.0)], None)
    assert len(made.crystal) == 8
    assert made.score == 1.0
    assert made.cif.count("\nNa Na") == 4
    assert made.cif.count("\nCl Cl") == 4


def test_an_estimated_property_decides_where_it_is_known() -> None:
    request = CrystalRequest.read("a compound with a gap above 3 eV")
    assert obeys(ROCK_SALT, 225, request, {"band_gap": 5.0})
    assert not obeys(ROCK_SALT, 225, request, {"band_gap": 1.0})
    assert obeys(ROCK_SALT, 225, request, {})


def test_atoms_on_top_of_each_other_are_no_result() -> None:
    crushed = Crystal(ROCK_SALT.numbers, ROCK_SALT.positions * 0.1, ROCK_SALT.lattice)
    assert not finish(CrystalRequest.read("NaCl"), [candidate(crushed)], None)


def test_novelty_is_told_against_what_is_known() -> None:
    known = KnownCrystals.of_crystals([ROCK_SALT])
    (made,) = finish(CrystalRequest.read("NaCl"), [candidate(shaken(ROCK_SALT, 0.01))], known)
    assert made.checks.novel is False
    (made,) = finish(CrystalRequest.read("CaTiO3"), [candidate(PEROVSKITE)], known)
    assert made.checks.novel is True


@pytest.mark.parametrize("most", [0, 1, 2])
def test_the_best_come_first_and_no_more_than_asked_for(most: int) -> None:
    others = [candidate(ROCK_SALT, 0.1), candidate(PEROVSKITE, 0.2)]
    made = finish(CrystalRequest.read(), others, None, most=most)
    assert [one.score for one in made] == [0.2, 0.1][:most]
