"""Symmetrised crystals have their symmetry exactly, are near to what was given, and are what was asked for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_mat.crystal import Crystal
from clip_mat.generate.checks import same
from clip_mat.generate.symmetrise import symmetrise
from clip_mat.structures import parse_cif, write_crystal
from clip_mat.symmetry import find_spacegroup

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
ROCK_SALT = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 5.64 * FCC)
RUTILE = Crystal.from_symbols(
    ["Ti", "Ti", "O", "O", "O", "O"],
    [[0, 0, 0], [0.5] * 3, [0.305, 0.305, 0], [0.695, 0.695, 0], [0.195, 0.805, 0.5], [0.805, 0.195, 0.5]],
    np.diag([4.6, 4.6, 2.96]),
)
WURTZITE = Crystal.from_symbols(
    ["Zn", "Zn", "O", "O"],
    [[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5], [1 / 3, 2 / 3, 0.382], [2 / 3, 1 / 3, 0.882]],
    [[3.25, 0, 0], [-1.625, 2.8146, 0], [0, 0, 5.2]],
)
CRYSTALS = {225: ROCK_SALT, 136: RUTILE, 186: WURTZITE}


def shaken(crystal: Crystal, seed: int, far: float = 0.04, strain: float = 0.01) -> Crystal:
    """Atoms moved by ``far`` Å in each direction, more or less, and the cell strained."""
    rng = np.random.default_rng(seed)
    ways = rng.normal(scale=far, size=(len(crystal), 3)) @ np.linalg.inv(crystal.lattice)
    return Crystal(
        crystal.numbers, crystal.positions + ways, crystal.lattice @ (np.eye(3) + strain * rng.normal(size=(3, 3)))
    )


def repeated(crystal: Crystal, repeats: tuple[int, int, int]) -> Crystal:
    cells = np.stack(np.meshgrid(*map(np.arange, repeats), indexing="ij"), -1).reshape(-1, 3)
    positions = ((crystal.positions[:, None] + cells) / repeats).reshape(-1, 3)
    return Crystal(np.repeat(crystal.numbers, len(cells)), positions, crystal.lattice * np.array(repeats)[:, None])


@settings(max_examples=25, deadline=None)
@given(group=st.sampled_from(sorted(CRYSTALS)), seed=st.integers(0, 999), keep_cell=st.booleans())
def test_noise_is_taken_back(group: int, seed: int, keep_cell: bool) -> None:
    given_crystal = shaken(CRYSTALS[group], seed)
    found = symmetrise(given_crystal, spacegroup=group, keep_cell=keep_cell)
    assert found is not None
    assert found.spacegroup == group == find_spacegroup(found.crystal, 1e-5)
    assert Counter(found.crystal.symbols) == Counter(given_crystal.symbols)
    assert same(found.crystal, CRYSTALS[group])
    assert 0 < found.moved < 0.3
    assert found.crystal.volume == pytest.approx(given_crystal.volume, rel=0.02)


@settings(max_examples=40, deadline=None)
@given(
    group=st.sampled_from(sorted(CRYSTALS)),
    seed=st.integers(0, 999),
    far=st.sampled_from([0.003, 0.01, 0.03, 0.1]),
    repeats=st.sampled_from([(1, 1, 1), (1, 1, 2)]),
)
def test_the_group_is_what_spglib_finds_afterwards(
    group: int, seed: int, far: float, repeats: tuple[int, int, int]
) -> None:
    found = symmetrise(shaken(repeated(CRYSTALS[group], repeats), seed, far, far / 10), keep_cell=True)
    assert found is not None
    if found.spacegroup > 1:
        assert found.spacegroup == find_spacegroup(found.crystal, 1e-3)


@pytest.mark.parametrize("group", CRYSTALS)
def test_what_is_symmetric_stays(group: int) -> None:
    found = symmetrise(CRYSTALS[group])
    assert found is not None
    assert found.spacegroup == group
    assert found.moved < 1e-6
    np.testing.assert_allclose(found.crystal.lattice, CRYSTALS[group].lattice, atol=1e-3)


@pytest.mark.parametrize("repeats", [(2, 1, 1), (1, 2, 2), (3, 1, 2)])
@pytest.mark.parametrize("group", CRYSTALS)
def test_the_content_of_a_cell_is_kept(group: int, repeats: tuple[int, int, int]) -> None:
    """Atoms in their order, each within the noise of where it was; and the primitive cell where that is asked for."""
    large = shaken(repeated(CRYSTALS[group], repeats), 7, far=0.02, strain=0.003)
    found = symmetrise(large, keep_cell=True)
    assert found is not None
    assert found.spacegroup == group == find_spacegroup(found.crystal, 1e-4)
    np.testing.assert_array_equal(found.crystal.numbers, large.numbers)
    apart = found.crystal.positions - large.positions
    apart -= np.rint(apart)
    assert np.linalg.norm(apart @ large.lattice, axis=1).max() < 0.15
    small = symmetrise(large)
    assert small is not None
    assert len(small.crystal) == len(CRYSTALS[group])
    assert small.spacegroup == group


def test_a_crystal_is_not_turned() -> None:
    """So that the last picture of a trajectory fits the ones before it."""
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
    turned = Crystal(RUTILE.numbers, RUTILE.positions, RUTILE.lattice @ rotation)
    found = symmetrise(shaken(turned, 1))
    assert found is not None
    np.testing.assert_allclose(found.crystal.lattice, turned.lattice, atol=0.2)


def test_what_is_asked_for_is_given_or_refused() -> None:
    slightly_long = Crystal(RUTILE.numbers[:2], RUTILE.positions[:2], np.diag([3.0, 3.0, 3.1]))
    assert symmetrise(slightly_long).spacegroup == 139  # type: ignore[union-attr]
    assert symmetrise(slightly_long, crystal_system="cubic").spacegroup == 229  # type: ignore[union-attr]
    assert symmetrise(slightly_long, spacegroup=229).spacegroup == 229  # type: ignore[union-attr]
    assert symmetrise(slightly_long, spacegroup=225) is None
    assert symmetrise(ROCK_SALT, crystal_system="hexagonal") is None
    assert symmetrise(ROCK_SALT, spacegroup=1) is None  # it has more


def test_less_symmetry_where_all_tolerances_give_more_or_none() -> None:
    """A cubic perovskite whose titanium is off along one edge, under noise of the same size."""
    off = 0.03
    ideal = Crystal.from_symbols(
        ["Ba", "Ti", "O", "O", "O"],
        [[0, 0, 0], [0.5, 0.5, 0.5 + off], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]],
        4.0 * np.eye(3),
    )
    reached = []
    for seed in range(20):
        found = symmetrise(shaken(ideal, seed, far=0.06, strain=0.012), spacegroup=99)
        reached.append(found is not None)
        if found is not None:
            assert found.spacegroup == 99 == find_spacegroup(found.crystal, 1e-4)
            assert found.moved < 0.4
    assert sum(reached) >= 18


def test_no_symmetry_is_p1() -> None:
    rng = np.random.default_rng(5)
    crystal = Crystal(np.arange(3, 9), rng.random((6, 3)), 9 * np.eye(3) + rng.random((3, 3)))
    found = symmetrise(crystal)
    assert found is not None
    assert found.spacegroup == 1
    np.testing.assert_allclose(found.crystal.positions, crystal.positions)
    assert symmetrise(crystal, spacegroup=1) is not None
    assert symmetrise(crystal, crystal_system="triclinic") is not None
    assert symmetrise(crystal, crystal_system="cubic") is None


def test_atoms_do_not_fall_into_one() -> None:
    """Two hydrogen atoms on the two sides of a mirror, closer than the tolerance."""
    crystal = Crystal.from_symbols(["Cu", "H", "H"], [[0, 0, 0], [0.5, 0.5, 0.41], [0.5, 0.5, 0.59]], 4 * np.eye(3))
    found = symmetrise(crystal, tolerances=(1.0, 0.8, 0.1))
    assert found is not None
    assert len(found.crystal) == 3
    apart = np.diff(found.crystal.cartesian[1:], axis=0)
    assert np.linalg.norm(apart) == pytest.approx(0.72, abs=0.05)


@pytest.mark.parametrize(
    "crystal",
    [
        Crystal(np.array([11, 17, 17]), np.zeros((3, 3)), 4 * np.eye(3)),
        Crystal(np.array([11, 17]), np.array([[0, 0, 0], [0.3, 0.2, 0.1]]), np.diag([1e-3, 1e-3, 1e4])),
        Crystal(np.array([11, 17]), np.array([[0] * 3, [0.3] * 3]), np.array([[9, 0, 0], [9, 0.1, 0], [0, 0, 8]])),
        Crystal(np.array([11, 17]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), np.diag([3.0, 3.0, -3.0])),
    ],
)  # fmt: skip
def test_what_is_hardly_a_crystal_does_no_harm(crystal: Crystal) -> None:
    found = symmetrise(crystal)
    assert found is not None
    assert sorted(found.crystal.numbers) == sorted(crystal.numbers)


def test_a_symmetrised_crystal_is_written_in_its_group() -> None:
    found = symmetrise(shaken(WURTZITE, 4))
    assert found is not None
    text = write_crystal(found.crystal)
    assert "P6_3mc" in text
    assert same(parse_cif(text), WURTZITE)


def test_relaxed_crystals_keep_their_group(shared_data: Path) -> None:
    from pyarrow import parquet

    columns = ["cif", "spacegroup"]
    table = parquet.read_table(shared_data / "crystals" / "mp_train.parquet", columns=columns).slice(2000, 150)
    rows = [row for row in table.to_pylist() if len(row["cif"]) < 2500]
    found = [symmetrise(parse_cif(row["cif"])) for row in rows]
    kept = [one is not None and one.spacegroup == row["spacegroup"] for one, row in zip(found, rows, strict=True)]
    assert sum(kept) >= 0.98 * len(rows)
