"""Distances, charges, uniqueness and novelty of crystals."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
from fact_encoder import FactEncoder

from clip_mat import MaterialsIndex
from clip_mat.crystal import Crystal
from clip_mat.generate.checks import (
    CLOSEST,
    Checks,
    Distinct,
    KnownCrystals,
    check,
    field_valid,
    first_alike,
    nearest,
    same,
)

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def rock_salt(first: str = "Na", second: str = "Cl", edge: float = 5.64) -> Crystal:
    return Crystal.from_symbols([first, second], [[0, 0, 0], [0.5, 0.5, 0.5]], edge * FCC)


def caesium_chloride(first: str = "Na", second: str = "Cl") -> Crystal:
    return Crystal.from_symbols([first, second], [[0, 0, 0], [0.5, 0.5, 0.5]], 3.6 * np.eye(3))


def doubled(crystal: Crystal) -> Crystal:
    """Twice the cell, in a skewed setting, from another origin."""
    cells = np.array([[0, 0, 0], [0, 0, 1]])
    positions = ((crystal.positions[:, None] + cells) / [1, 1, 2]).reshape(-1, 3) + np.array([0.1, 0.2, 0.3])
    skew = np.array([[1, 0, 0], [2, 1, 0], [-1, 3, 1]])
    lattice = crystal.lattice * [[1], [1], [2]]
    return Crystal(np.repeat(crystal.numbers, 2), positions @ np.linalg.inv(skew), skew @ lattice)


def test_a_good_crystal() -> None:
    checks = check(rock_salt())
    assert checks == Checks(valid=True, charge_balanced=True, min_distance=pytest.approx(2.82))
    assert checks.to_dict() == {
        "valid": True,
        "charge_balanced": True,
        "min_distance": 2.82,
        "unique": None,
        "novel": None,
    }


def test_atoms_too_close_for_their_size_are_no_crystal() -> None:
    near = Crystal.from_symbols(["Cs", "Cs"], [[0, 0, 0], [0.2, 0, 0]], 6 * np.eye(3))
    assert field_valid(near)
    assert not check(near).valid
    on_top = Crystal.from_symbols(["Cs", "Cs"], [[0, 0, 0], [0.05, 0, 0]], 6 * np.eye(3))
    assert not field_valid(on_top)
    thin = Crystal.from_symbols(["Cu"], [[0, 0, 0]], np.diag([CLOSEST / 2, 9.0, 9.0]))
    assert not field_valid(thin)


def test_the_nearest_image_of_any_cell() -> None:
    """Against all images one by one; twice the cell in other axes is as close."""
    rng = np.random.default_rng(1)
    shifts = np.stack(np.meshgrid(*[np.arange(-8, 9)] * 3), -1).reshape(-1, 3)
    for _ in range(100):
        lattice = rng.uniform(-4, 4, (3, 3))
        if abs(np.linalg.det(lattice)) < 3:
            continue
        crystal = Crystal(np.array([11, 17]), rng.random((2, 3)), lattice)
        between = np.linalg.norm((crystal.positions[1] - crystal.positions[0] + shifts) @ lattice, axis=1).min()
        own = np.linalg.norm(shifts[shifts.any(axis=1)] @ lattice, axis=1).min()
        assert nearest(crystal)[1] == pytest.approx(min(between, own))
        assert nearest(doubled(crystal)) == pytest.approx(nearest(crystal))


def test_the_same_crystal_in_another_cell_and_volume() -> None:
    assert same(rock_salt(), doubled(rock_salt(edge=5.2)))
    assert not same(rock_salt(), rock_salt("K"))
    assert not same(rock_salt(), caesium_chloride())


def test_first_of_their_kind() -> None:
    crystals = [rock_salt(), caesium_chloride(), doubled(rock_salt()), rock_salt("K"), caesium_chloride()]
    assert first_alike(crystals) == [0, 1, 0, 3, 1]
    assert first_alike([]) == []


def test_unique_among_others_and_new_to_what_is_known() -> None:
    known = KnownCrystals.of_crystals([rock_salt(edge=5.5), rock_salt("K")])
    checks = check(doubled(rock_salt()), others=[caesium_chloride()], known=known)
    assert (checks.unique, checks.novel) == (True, False)
    checks = check(caesium_chloride(), others=[caesium_chloride()], known=known)
    assert (checks.unique, checks.novel) == (False, True)
    assert check(rock_salt("Rb"), known=known).novel


def test_known_crystals_are_asked_for_once_and_together() -> None:
    asked: list[list[str]] = []

    def of_formulas(formulas: Collection[str]) -> dict[str, list[Crystal]]:
        asked.append(sorted(formulas))
        return {"ClNa": [rock_salt()]}

    known = KnownCrystals(of_formulas)
    known.expect([rock_salt(), caesium_chloride(), rock_salt("K")])
    assert known.hold(rock_salt())
    assert not known.hold(caesium_chloride())
    assert not known.hold(rock_salt("K"))
    assert known.hold(doubled(rock_salt()))
    assert not known.hold(rock_salt("Rb"))
    assert asked == [["ClK", "ClNa"], ["ClRb"]]


def test_known_to_an_index(tmp_path: Path) -> None:
    with MaterialsIndex.open(tmp_path / "index", FactEncoder()) as index:
        index.add([rock_salt(edge=5.5), rock_salt("K")])
        known = KnownCrystals.of_index(index)
        assert known.hold(rock_salt())
        assert not known.hold(caesium_chloride())


def test_cells_that_are_hardly_any_do_no_harm() -> None:
    """What a model that has just begun to learn makes."""
    rng = np.random.default_rng(2)
    odd = [
        Crystal(np.array([11, 17]), np.zeros((2, 3)), np.diag([1e-1, 1e-1, 1e-1])),
        Crystal(np.array([11, 17]), rng.random((2, 3)), np.diag([1e-3, 1e-3, 1e4])),
        Crystal(np.array([11, 17]), rng.random((2, 3)), np.array([[1, 0, 0], [1, 1e-3, 0], [0, 0, 9.0]])),
        Crystal(np.array([11] * 6 + [17] * 6), np.zeros((12, 3)), 4 * np.eye(3)),
    ]
    rod = Crystal(np.array([11, 17]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), np.diag([3.0, 3.0, 1e4]))
    known = KnownCrystals.of_crystals([rock_salt()])
    found = [check(crystal, known=known) for crystal in [*odd, rod]]
    assert [checks.valid for checks in found] == [False, False, False, False, True]
    assert all(checks.novel for checks in found)
    assert first_alike([*odd, rod]) == [0, 1, 2, 3, 4]


def test_real_crystals_are_valid(shared_data: Path) -> None:
    """All but very few are, by either rule; and most that are no alloys are balanced."""
    from pyarrow import parquet

    from clip_mat.structures import parse_cif

    table = parquet.read_table(shared_data / "crystals" / "mp_train.parquet", columns=["cif"]).slice(1000, 400)
    crystals = [parse_cif(text) for text in table["cif"].to_pylist()]
    found = [check(crystal) for crystal in crystals]
    assert sum(checks.valid for checks in found) >= 399
    assert sum(map(field_valid, crystals)) == 400
    assert sum(checks.charge_balanced for checks in found) > 320


def test_a_collection_takes_no_crystal_twice() -> None:
    held = Distinct([rock_salt()])
    assert not held.add(rock_salt(edge=5.8))
    assert not held.add(doubled(rock_salt()))
    assert held.add(caesium_chloride())
    assert held.add(rock_salt("K"))
    assert not held.add(caesium_chloride())
