"""Space groups, structure types and primitive cells, by construction and against the shared table."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_mat.crystal import Crystal
from clip_mat.structures import Entry, parse_cif, read_crystals
from clip_mat.symmetry import (
    conventional_vectors,
    find_spacegroup,
    find_symmetry,
    primitive,
    prototype_label,
    read_symmetry,
    spacegroup_symbol,
)

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def fluorite(first: str, second: str) -> Crystal:
    return Crystal.from_symbols([first, second, second], [[0, 0, 0], [0.25] * 3, [0.75] * 3], 5.6 * FCC)


def rock_salt(first: str = "Na", second: str = "Cl") -> Crystal:
    return Crystal.from_symbols([first, second], [[0, 0, 0], [0.5, 0.5, 0.5]], 5.6 * FCC)


CRYSTALS = {
    "AB_cF8_225_a_b": rock_salt(),
    "A_cF8_227_a": Crystal.from_symbols(["C", "C"], [[0, 0, 0], [0.25, 0.25, 0.25]], 3.57 * FCC),
    "AB_cF8_216_a_c": Crystal.from_symbols(["Zn", "S"], [[0, 0, 0], [0.25, 0.25, 0.25]], 5.4 * FCC),
    "AB2_cF12_225_a_c": Crystal.from_symbols(["Ca", "F", "F"], [[0] * 3, [0.25] * 3, [0.75] * 3], 5.46 * FCC),
    "AB_cP2_221_a_b": Crystal.from_symbols(["Cs", "Cl"], [[0] * 3, [0.5] * 3], 4.1 * np.eye(3)),
    "ABC3_cP5_221_a_b_c": Crystal.from_symbols(
        ["O", "Sr", "O", "Ti", "O"],
        [[0.5, 0.5, 0], [0, 0, 0], [0.5, 0, 0.5], [0.5, 0.5, 0.5], [0, 0.5, 0.5]],
        3.9 * np.eye(3),
    ),
}


@pytest.mark.parametrize("label", CRYSTALS)
def test_labels_of_well_known_types(label: str) -> None:
    assert prototype_label(CRYSTALS[label]) == label


@settings(max_examples=20, deadline=None)
@given(
    label=st.sampled_from(sorted(CRYSTALS)),
    shift=st.tuples(*[st.floats(0, 1)] * 3),
    repeats=st.tuples(*[st.integers(1, 2)] * 3),
    seed=st.integers(0, 99),
)
def test_any_cell_has_the_same_symmetry(
    label: str, shift: tuple[float, ...], repeats: tuple[int, ...], seed: int
) -> None:
    """Origin, order, supercell and orientation are choices."""
    crystal = CRYSTALS[label]
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    cells = np.array([[i, j, k] for i in range(repeats[0]) for j in range(repeats[1]) for k in range(repeats[2])])
    positions = ((crystal.positions[:, None] + cells + np.array(shift)) / repeats).reshape(-1, 3)
    numbers = np.repeat(crystal.numbers, len(cells))
    order = np.random.default_rng(seed).permutation(len(numbers))
    lattice = (crystal.lattice * np.array(repeats)[:, None]) @ rotation
    found = find_symmetry(Crystal(numbers[order], positions[order], lattice))
    assert found is not None
    assert found.prototype == label
    assert found.spacegroup == find_spacegroup(crystal)
    assert len(found.primitive) == len(crystal)
    assert found.primitive.volume == pytest.approx(crystal.volume)
    assert sorted(found.primitive.numbers) == sorted(crystal.numbers)


def test_a_primitive_cell_moves_no_atom() -> None:
    cells = np.array([[0, 0, 0], [0, 0, 1]])
    crystal = rock_salt()
    double = Crystal(
        np.repeat(crystal.numbers, 2),
        ((crystal.positions[:, None] + cells) / [1, 1, 2]).reshape(-1, 3),
        crystal.lattice * [[1], [1], [2]],
    )
    small = primitive(double)
    assert len(small) == 2
    for atom, place in zip(small.numbers, small.cartesian, strict=True):
        apart = (place - double.cartesian[double.numbers == atom]) @ np.linalg.inv(double.lattice)
        assert np.abs(apart - np.rint(apart)).max(axis=1).min() < 1e-9


def test_exchanged_elements_have_one_label() -> None:
    assert prototype_label(rock_salt("Cl", "Na")) == prototype_label(rock_salt())


@pytest.mark.parametrize(("first", "second"), [("Na", "Cl"), ("Cl", "Na")])
def test_letters_belong_to_their_elements_when_they_are_remembered(first: str, second: str) -> None:
    for one, other in ((first, second), ("K", "Br"), (first, second)):
        known = read_symmetry(f"AB2_cF12_225_a_c:{one}-{other}", fluorite(one, other))
        assert known is not None
        assert known.words == ({one: "a", other: "c"},)


def test_many_elements_of_equal_count() -> None:
    """Their order is chosen without trying all 10! of them."""
    rng = np.random.default_rng(0)
    symbols = ["Li", "Be", "B", "C", "N", "O", "F", "Na", "Mg", "Al"]
    crystal = Crystal.from_symbols(symbols, rng.random((10, 3)), 12 * np.eye(3) + rng.random((3, 3)))
    assert prototype_label(crystal) == "ABCDEFGHIJ_aP10_1_" + "_".join("a" * 10)


@pytest.mark.parametrize("label", CRYSTALS)
def test_vectors_of_the_conventional_cell(label: str) -> None:
    crystal = CRYSTALS[label]
    vectors = conventional_vectors(crystal)
    cell = crystal.in_cell(vectors)
    assert len(cell) == int("".join(filter(str.isdigit, label.split("_")[1])))
    np.testing.assert_allclose(
        cell.lattice @ cell.lattice.T, cell.lattice[0, :] @ cell.lattice[0] * np.eye(3), atol=1e-6
    )
    np.testing.assert_array_equal(conventional_vectors(crystal.in_cell(2 * np.eye(3))), np.eye(3))


def test_no_symmetry_is_none() -> None:
    crystal = Crystal.from_symbols(["H", "H"], [[0, 0, 0], [0, 0, 0.001]], np.eye(3))
    assert find_symmetry(crystal) is None
    assert find_spacegroup(crystal) is None
    assert prototype_label(crystal) is None
    assert primitive(crystal) is crystal


@pytest.mark.parametrize(
    ("number", "symbol"),
    [(1, "P1"), (2, "P-1"), (14, "P2_1/c"), (15, "C2/c"), (41, "Aea2"), (62, "Pnma"), (64, "Cmce"), (166, "R-3m"),
     (194, "P6_3/mmc"), (225, "Fm-3m"), (227, "Fd-3m"), (230, "Ia-3d")],
)  # fmt: skip
def test_symbols(number: int, symbol: str) -> None:
    assert spacegroup_symbol(number) == symbol


@pytest.mark.filterwarnings("ignore:Set OLD_ERROR_HANDLING")
def test_symbols_are_spglibs() -> None:
    import spglib

    theirs: dict[int, str] = {}
    for hall_number in range(1, 531):
        known = spglib.get_spacegroup_type(hall_number)
        theirs.setdefault(known.number, known.international_short)
    assert {number: spacegroup_symbol(number) for number in range(1, 231)} == theirs


@pytest.mark.parametrize("number", [0, 231])
def test_there_is_no_such_group(number: int) -> None:
    with pytest.raises(ValueError, match="1 to 230"):
        spacegroup_symbol(number)


def test_labels_of_the_shared_table(shared_data: Path) -> None:
    """Found once by other code, with the same tolerance."""
    from pyarrow import parquet

    columns = ["cif", "label", "spacegroup"]
    rows = parquet.read_table(shared_data / "crystals" / "mp_train.parquet", columns=columns).to_pylist()
    rows = random.Random(1).sample([row for row in rows if len(row["cif"]) < 2500], 120)
    found = [find_symmetry(parse_cif(row["cif"])) for row in rows]
    same = [known is not None and known.prototype == row["label"] for known, row in zip(found, rows, strict=True)]
    assert sum(same) >= 0.98 * len(rows)


def test_a_written_label_says_what_spglib_finds(shared_data: Path) -> None:
    entries = read_crystals(shared_data / "crystals" / "mp_val.parquet")
    agreed = known = 0
    for entry, _ in zip(entries, range(60), strict=False):
        assert isinstance(entry, Entry)
        read = read_symmetry(str(entry.properties["protostructure"]), entry.crystal)
        found = find_symmetry(entry.crystal)
        assert found is not None
        if read is not None:
            known += 1
            same = (read.spacegroup, read.prototype, len(read.primitive)) == (
                found.spacegroup,
                found.prototype,
                len(found.primitive),
            )
            agreed += same and {tuple(sorted(way.items())) for way in read.words} == {
                tuple(sorted(way.items())) for way in found.words
            }
    assert known > 50
    assert agreed >= known - 1


@pytest.mark.parametrize(
    "written",
    [
        "",
        "nonsense",
        "AB_cF8_225_a_b",
        "AB_cF8_225_a_b:Na",
        "AB_cF8_225_a_b:K-Cl",
        "AB_cF16_225_a_b:Cl-Na",
        "AB_cF8_925_a_b:Cl-Na",
        "AB_cF8_225_a_z:Cl-Na",
        "AB2_cF8_225_a_b:Cl-Na",
        "AB_cF8_225_a_b_c:Cl-Na",
    ],
)
def test_a_label_that_does_not_fit_is_not_believed(written: str) -> None:
    fcc = 2.8 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    salt = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], fcc)
    assert read_symmetry(written, salt) is None
    assert read_symmetry("AB_cF8_225_a_b:Cl-Na", salt) is not None
