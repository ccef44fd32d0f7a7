"""Crystals as arrays, and to and from the objects of pymatgen and ASE."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Lattice, Structure

from clip_mat.crystal import NUMBERS, SYMBOLS, Crystal
from clip_mat.errors import CrystalError

CUBE = 4 * np.eye(3)


@st.composite
def crystals(draw: st.DrawFn) -> Crystal:
    """Any ordered crystal of up to six atoms."""
    count = draw(st.integers(1, 6))
    numbers = draw(st.lists(st.integers(1, 103), min_size=count, max_size=count))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lattice = 4 * np.eye(3) + rng.uniform(-1, 1, (3, 3))
    return Crystal(np.array(numbers), rng.uniform(-2, 2, (count, 3)), lattice)


def same(first: Crystal, second: Crystal) -> None:
    assert first.symbols == second.symbols
    np.testing.assert_allclose(first.lattice, second.lattice, atol=1e-12)
    apart = first.positions - second.positions
    np.testing.assert_allclose(apart - np.rint(apart), 0, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(crystals())
def test_pymatgen_and_back(crystal: Crystal) -> None:
    same(Crystal.from_structure(crystal.to_structure()), crystal)


@settings(max_examples=50, deadline=None)
@given(crystals())
def test_ase_and_back(crystal: Crystal) -> None:
    atoms = crystal.to_atoms()
    same(Crystal.from_atoms(atoms), crystal)
    np.testing.assert_allclose(atoms.get_volume(), crystal.volume)
    np.testing.assert_allclose(atoms.positions, crystal.cartesian)


@settings(max_examples=50, deadline=None)
@given(crystals())
def test_positions_are_in_the_cell(crystal: Crystal) -> None:
    assert (crystal.positions >= 0).all()
    assert (crystal.positions < 1).all()


def test_a_tiny_negative_coordinate_is_zero() -> None:
    crystal = Crystal(np.array([1]), np.array([[-1e-17, 1.0, 0.5]]), CUBE)
    assert crystal.positions.tolist() == [[0.0, 0.0, 0.5]]


def test_oxidation_states_are_left_behind() -> None:
    structure = Structure(Lattice.cubic(5), ["Na+", "Cl-"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert Crystal.from_structure(structure).symbols == ["Na", "Cl"]


def test_deuterium_is_hydrogen() -> None:
    structure = Structure(Lattice.cubic(5), ["D", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert Crystal.from_structure(structure).symbols == ["H", "Cl"]


@pytest.mark.parametrize("species", [{"Na": 0.5}, {"Na": 0.5, "K": 0.5}])
def test_disorder_is_refused(species: dict[str, float]) -> None:
    with pytest.raises(CrystalError, match="disordered"):
        Crystal.from_structure(Structure(Lattice.cubic(5), [species], [[0, 0, 0]]))


def test_a_dummy_is_refused_by_name() -> None:
    with pytest.raises(CrystalError, match="no such element: Xa"):
        Crystal.from_structure(Structure(Lattice.cubic(5), ["Xa"], [[0, 0, 0]]))


def test_a_slab_and_a_molecule_are_refused() -> None:
    for periodic in ([True, True, False], False):
        with pytest.raises(CrystalError, match="periodic"):
            Crystal.from_atoms(Atoms("H", cell=CUBE, pbc=periodic))


@pytest.mark.parametrize(
    ("numbers", "positions", "lattice", "reason"),
    [
        ([], np.zeros((0, 3)), CUBE, "at least one atom"),
        ([1, 1], np.zeros((1, 3)), CUBE, "do not fit 2 atoms"),
        ([1], np.zeros((1, 3)), np.eye(2), "do not fit"),
        ([1], [[np.nan, 0, 0]], CUBE, "finite"),
        ([1], [[0, 0, 0]], np.full((3, 3), np.inf), "finite"),
        ([1], [[0, 0, 0]], np.ones((3, 3)), "no volume"),
        ([0], [[0, 0, 0]], CUBE, "1 to 103"),
        ([104], [[0, 0, 0]], CUBE, "1 to 103"),
    ],
)
def test_what_is_no_crystal(numbers: list[int], positions: Any, lattice: npt.NDArray[np.float64], reason: str) -> None:
    with pytest.raises(CrystalError, match=reason):
        Crystal(np.array(numbers), np.array(positions), lattice)


def test_unknown_symbols_are_named() -> None:
    with pytest.raises(CrystalError, match="no such element: Foo, Xx"):
        Crystal.from_symbols(["Xx", "Na", "Foo"], np.zeros((3, 3)), CUBE)


def test_numbers_are_the_periodic_tables() -> None:
    from ase.data import chemical_symbols

    assert list(SYMBOLS) == chemical_symbols[:104]
    assert NUMBERS["Lr"] == 103


@pytest.mark.parametrize(
    "vectors",
    [np.eye(3), np.diag([2, 1, 3]), [[1, 1, 0], [-1, 1, 0], [0, 0, 1]], [[-1, 1, 1], [1, -1, 1], [1, 1, -1]]],
)
def test_the_same_crystal_in_another_cell(vectors: npt.ArrayLike) -> None:
    """Every atom of it falls on one of the crystal, and no two on one."""
    rng = np.random.default_rng(0)
    crystal = Crystal(np.array([3, 9, 9]), rng.random((3, 3)), 4 * np.eye(3) + rng.random((3, 3)))
    cells = round(abs(np.linalg.det(vectors)))
    found = crystal.in_cell(vectors)
    assert len(found) == cells * len(crystal)
    assert found.volume == pytest.approx(cells * crystal.volume)
    places = found.cartesian @ np.linalg.inv(crystal.lattice)
    for number in (3, 9):
        homes = crystal.positions[crystal.numbers == number]
        apart = places[found.numbers == number][:, None] - homes
        assert np.abs(apart - np.rint(apart)).max(axis=-1).min(axis=1).max() < 1e-9
    own = found.positions[:, None] - found.positions
    own -= np.rint(own)
    assert np.linalg.norm(own @ found.lattice, axis=-1)[~np.eye(len(found), dtype=bool)].min() > 0.1


def test_vectors_that_span_no_cell() -> None:
    crystal = Crystal(np.array([3]), np.zeros((1, 3)), np.eye(3))
    with pytest.raises(CrystalError, match="span no cell"):
        crystal.in_cell([[1, 0, 0], [2, 0, 0], [0, 0, 1]])
