"""Structure files: what is read is what was written, and what must not hurt does not."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.limited import LimitedProcess
from clip_mat.structures import Entry, Format, ReadLimits, Skipped, parse_cif, read_crystals, reading, write_crystal
from clip_mat.symmetry import find_spacegroup

SALT = Crystal.from_symbols(
    ["Na"] * 4 + ["Cl"] * 4,
    [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0.5] * 3, [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
    5.64 * np.eye(3),
)
CELL = (5.0, 6.0, 7.0, 90.0, 100.0, 90.0)


def cif(
    *sites: str,
    cell: tuple[Any, ...] = CELL,
    extra: str = "",
    columns: str = "label fract_x fract_y fract_z",
    name: str = "x",
) -> str:
    """A CIF of rows of sites."""
    tags = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = [f"data_{name}", *(f"_cell_{tag} {value}" for tag, value in zip(tags, cell, strict=True)), extra, "loop_"]
    return "\n".join([*lines, *(f"_atom_site_{column}" for column in columns.split()), *sites]) + "\n"


def same_crystal(first: Crystal, second: Crystal, within: float = 1e-6) -> None:
    """Equal up to a rotation and the order of atoms, in the same choice of cell; ``within`` in Å."""
    assert sorted(first.numbers) == sorted(second.numbers)
    np.testing.assert_allclose(first.lattice @ first.lattice.T, second.lattice @ second.lattice.T, atol=1e-5)
    apart = first.positions[:, None] - second.positions
    apart -= np.rint(apart)
    far = np.linalg.norm(apart @ first.lattice, axis=-1) + 100 * (first.numbers[:, None] != second.numbers)
    assert sorted(far.argmin(axis=1)) == list(range(len(first)))
    assert far.min(axis=1).max() < within


def random_crystal(seed: int) -> Crystal:
    """A crystal without symmetry whose atoms keep their distance: on a grid, then shaken."""
    rng = np.random.default_rng(seed)
    count = rng.integers(1, 9)
    grid = np.stack(np.meshgrid(*[np.arange(3) / 3] * 3), -1).reshape(-1, 3)
    positions = rng.permutation(grid)[:count] + rng.uniform(-0.05, 0.05, (count, 3))
    return Crystal(rng.integers(1, 104, count), positions, 6 * np.eye(3) + rng.uniform(-1, 1, (3, 3)))


SUFFIXES: dict[Format, str] = {"cif": ".cif", "poscar": ".vasp", "extxyz": ".extxyz", "json": ".json"}


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_cif_and_back(seed: int) -> None:
    crystal = random_crystal(seed)
    same_crystal(parse_cif(write_crystal(crystal, "cif", symmetrized=False)), crystal)


def test_every_format_and_back(tmp_path: Path) -> None:
    written = {}
    for seed in range(10):
        for format, suffix in SUFFIXES.items():
            name = f"{seed}{suffix}"
            written[name] = random_crystal(seed)
            (tmp_path / name).write_text(write_crystal(written[name], format, symmetrized=False))
    read = {entry.id: entry for entry in read_crystals(tmp_path)}
    assert read.keys() == written.keys()
    for name, crystal in written.items():
        entry = read[name]
        assert isinstance(entry, Entry)
        same_crystal(entry.crystal, crystal)


@pytest.mark.parametrize("format", SUFFIXES)
def test_pymatgen_and_ase_read_what_is_written(format: Format, tmp_path: Path) -> None:
    from pymatgen.core import Structure

    path = tmp_path / f"salt{SUFFIXES[format]}"
    path.write_text(write_crystal(SALT, format, title="a  title\nof two lines"))
    if format == "extxyz":
        from ase.io import read

        structure = Crystal.from_atoms(read(path))
    else:
        structure = Crystal.from_structure(Structure.from_file(path))
    same_crystal(structure, SALT)


def test_a_symmetrized_cif_states_the_group() -> None:
    text = write_crystal(SALT)
    assert "Fm-3m" in text
    assert text.count("\n  Na") == 1
    same_crystal(parse_cif(text), SALT, within=1e-3)
    with pytest.raises(ValueError, match="none of cif"):
        write_crystal(SALT, "xsf")  # type: ignore[arg-type]


# --- symmetric CIFs ---------------------------------------------------------------------------------------------------

PEROVSKITE = ("Sr1 0 0 0", "Ti1 0.5 0.5 0.5", "O1 0.5 0.5 0")
CUBIC = (3.9, 3.9, 3.9, 90, 90, 90)


@pytest.mark.parametrize(
    "symmetry",
    [
        "_symmetry_space_group_name_H-M 'P m -3 m'",
        "_symmetry_space_group_name_H-M Pm-3m",
        "_space_group_name_Hall '-P 4 2 3'",
        "_space_group_IT_number 221",
        "_symmetry_space_group_name_H-M ?\n_symmetry_Int_Tables_number 221",
    ],
)
def test_operations_from_a_name(symmetry: str) -> None:
    crystal = parse_cif(cif(*PEROVSKITE, cell=CUBIC, extra=symmetry))
    assert sorted(crystal.symbols) == ["O", "O", "O", "Sr", "Ti"]
    assert find_spacegroup(crystal) == 221


def test_rhombohedral_groups_in_both_axes() -> None:
    """The angles tell how R is meant."""
    name = "_symmetry_space_group_name_H-M 'R -3 m'"
    hexagonal = parse_cif(cif("Bi1 0 0 0.237", cell=(4.53, 4.53, 11.81, 90, 90, 120), extra=name))
    primitive = parse_cif(cif("Bi1 0.237 0.237 0.237", cell=(4.72, 4.72, 4.72, 57.3, 57.3, 57.3), extra=name))
    assert (len(hexagonal), len(primitive)) == (6, 2)
    assert find_spacegroup(hexagonal) == find_spacegroup(primitive) == 166


def test_rounded_digits_of_a_special_position() -> None:
    """0.333 and 0.3333 both mean a third, and neither doubles the atom."""
    for third, two_thirds in (("0.333", "0.667"), ("0.3333(2)", "0.6667(2)")):
        crystal = parse_cif(
            cif(
                f"Mg1 {third} {two_thirds} 0.25",
                cell=("3.21(1)", "3.21(1)", "5.21(1)", 90, 90, 120),
                extra="_symmetry_space_group_name_H-M 'P 63/m m c'",
            )
        )
        np.testing.assert_allclose(sorted(crystal.positions.ravel() * 12), [3, 4, 4, 8, 8, 9], atol=1e-9)


@pytest.mark.filterwarnings("ignore:Issues encountered while parsing CIF")
def test_symmetric_cifs_agree_with_pymatgen(shared_data: Path) -> None:
    from pyarrow import parquet
    from pymatgen.io.cif import CifParser

    table = parquet.read_table(shared_data / "crystals" / "mp_train.parquet", columns=["cif", "nsites"]).to_pylist()
    rows = [row["cif"] for row in table[::1000] if row["nsites"] <= 20]
    assert len(rows) > 10
    for text in rows:
        written = write_crystal(parse_cif(text))
        theirs = CifParser.from_str(written).parse_structures(primitive=False)[0]
        same_crystal(parse_cif(written), Crystal.from_structure(theirs), within=0.01)


def test_plain_cifs_are_fast(shared_data: Path) -> None:
    """Measured at about 3,000 a second; the bound leaves room for a busy machine."""
    from pyarrow import parquet

    texts = parquet.read_table(shared_data / "crystals" / "mp_val.parquet", columns=["cif"])["cif"].to_pylist()[:500]
    parse_cif(texts[0])
    started = time.process_time()
    for text in texts:
        parse_cif(text)
    assert time.process_time() - started < 500 / 1000


# --- faults -----------------------------------------------------------------------------------------------------------

BOMB = cif(
    *(f"C{i} {0.011 + i * 0.0137:.4f} {0.023 + i * 0.0071:.4f} {0.037 + i * 0.0191:.4f}" for i in range(50)),
    cell=(30, 30, 30, 90, 90, 90),
    extra="_symmetry_space_group_name_H-M 'F m -3 m'",
)


def test_a_symmetry_bomb_is_refused_at_once() -> None:
    started = time.process_time()
    with pytest.raises(CrystalError, match="more than 2,000 atoms"):
        parse_cif(BOMB)
    assert time.process_time() - started < 2


OPERATIONS = [f"x+{i}/500,y,z" for i in range(400)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no atoms"),
        ("hello", "not a CIF"),
        ("data_x\n_cell_length_a 5\n", "no atoms"),
        ("data_x\nloop_\n_a\n_b\n1 2 3\n", "not a CIF"),
        (cif("Na1 0 0 0", cell=("nan", 5, 5, 90, 90, 90)), "no cell"),
        (cif("Na1 0 0 0", cell=("1e999", 5, 5, 90, 90, 90)), "no cell"),
        (cif("Na1 0 0 0", cell=("1e300", 5, 5, 90, 90, 90)), "no cell"),
        (cif("Na1 0 0 0", cell=(-5, 5, 5, 90, 90, 90)), "no cell"),
        (cif("Na1 0 0 0", cell=(0, 5, 5, 90, 90, 90)), "no cell"),
        (cif("Na1 0 0 0", cell=("?", 5, 5, 90, 90, 90)), "no cell"),
        (cif("Na1 0 0 0", cell=(5, 5, 5, 90, 90, 180)), "no cell"),
        (cif("Na1 0 0 0", cell=(5, 5, 5, 60, 60, 170)), "no cell has angles"),
        (cif("Na1 0 0 0", cell=(1e-4, 5, 5, 90, 90, 90)), "volume|flat"),
        (cif("Na1 0 0 0", cell=(0.3, 9, 9, 90, 90, 90)), "Na and Na stand 0.30 Å apart"),
        (cif("Na1 0 0 0", "Cl1 0 0 0.99"), "on top of each other"),
        (cif("Na1 0 0 0", "Na2 0.01 0 0.99"), "on top of each other"),
        (cif("Na1 0 0 nan"), "no place"),
        (cif("Na1 0 0 1e999"), "no place"),
        (cif("Na1 0 0 ?"), "no place"),
        (cif("X1 0 0 0"), "'X' is no element"),
        (cif("Wat 0 0 0"), "'Wat' names no element"),
        (cif("Q Va 0 0 0", columns="label type_symbol fract_x fract_y fract_z"), "'Va' is no element"),
        (cif("Na1 0 0 0 0.5", columns="label fract_x fract_y fract_z occupancy"), "occupied to 0.5"),
        (cif("Na1 0 0", columns="label fract_x fract_y"), "fract_z is missing"),
        (cif("Na1 0 0 0", extra="_symmetry_space_group_name_H-M 'Q 7'"), "no such space group: 'Q 7'"),
        (cif("Na1 0 0 0", extra="_space_group_name_Hall 'Q 7'"), "Hall"),
        (cif("Na1 0 0 0", extra="loop_\n_symmetry_equiv_pos_as_xyz\nx,y,q"), "symmetry operation"),
        (cif("Na1 0 0 0", extra="\n".join(["loop_\n_symmetry_equiv_pos_as_xyz", *OPERATIONS])), "400 symmetry"),
        (cif("Na1 0 0 0") + cif("Na1 0 0 0", name="y"), "2 structures"),
        (cif(*(f"Na{i} 0 0 {i}" for i in range(10_000))), "more than 2,000 atoms"),
    ],
)  # fmt: skip
def test_what_is_no_crystal(text: str, reason: str) -> None:
    with pytest.raises(CrystalError, match=reason) as caught:
        parse_cif(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("symbol", "element"),
    [("D", "H"), ("D1+", "H"), ("Fe3+", "Fe"), ("O2-", "O"), ("NA", "Na"), ("'Cl-'", "Cl"), ("Cl1-", "Cl"), ("I", "I")],
)
def test_type_symbols(symbol: str, element: str) -> None:
    assert parse_cif(cif(f"{symbol} 0 0 0", columns="type_symbol fract_x fract_y fract_z")).symbols == [element]


@pytest.mark.parametrize(
    ("label", "element"), [("Fe2A", "Fe"), ("O1W", "O"), ("OH", "O"), ("CaM2", "Ca"), ("D3", "H"), ("C", "C")]
)
def test_labels_stand_in_for_type_symbols(label: str, element: str) -> None:
    assert parse_cif(cif(f"{label} 0 0 0")).symbols == [element]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_text_is_a_crystal_or_refused(data: st.DataObject) -> None:
    text = cif("Na1 0 0 0", "Cl1 0.5 0.5 0.5", extra="_symmetry_space_group_name_H-M 'P 1 2 1'")
    place = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, 20))
    damaged = text[:place] + data.draw(st.text(max_size=10)) + text[place + length :]
    try:
        assert len(parse_cif(damaged)) >= 1
    except CrystalError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right


def test_close_atoms_of_a_skewed_cell() -> None:
    """Nearest in fractions is not nearest in Å: against all images one by one."""
    rng = np.random.default_rng(5)
    shifts = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 3), -1).reshape(-1, 3)
    refused = 0
    for _ in range(200):
        lattice = rng.uniform(-2.5, 2.5, (3, 3))
        if abs(np.linalg.det(lattice)) < 1:
            continue
        positions = rng.random((2, 3))
        images = (positions[1] - positions[0] + shifts) @ lattice
        own = np.linalg.norm(shifts[shifts.any(axis=1)] @ lattice, axis=1).min()
        closest = min(np.linalg.norm(images, axis=1).min(), own)
        crystal = Crystal.from_symbols(["Na", "Cl"], positions, lattice)
        try:
            parsed = parse_cif(write_crystal(crystal, "cif", symmetrized=False))
        except CrystalError:
            assert closest < 0.5
            refused += 1
        else:
            assert closest >= 0.5
            assert len(parsed) == 2
    assert 5 < refused < 195


# --- files, folders and tables ----------------------------------------------------------------------------------------


CUBE = "5 0 0\n0 5 0\n0 0 5"
BAD_FILES = {
    "empty.cif": ("", "no atoms"),
    "bytes.cif": (b"\xff\xfe\x00", "not a CIF"),
    "bomb.cif": (BOMB, "more than 2,000 atoms"),
    "empty.vasp": ("", "not a POSCAR"),
    "POSCAR4": (f"x\n1\n{CUBE}\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n", "names no elements"),
    "POSCAR_large": (f"x\n1\n{CUBE}\nNa\n1000000000\nDirect\n0 0 0\n", "more than 2,000 atoms"),
    "POSCAR_odd": (f"x\n1\n{CUBE}\nNa Cl\n1\nDirect\n0 0 0\n", "2 elements and 1 counts"),
    "POSCAR_short": (f"x\n1\n{CUBE}\nNa\n2\nDirect\n0 0 0\n", "do not fit 2 atoms"),
    "POSCAR_flat": ("x\n-1\n0 0 0\n0 0 0\n0 0 0\nNa\n1\nDirect\n0 0 0\n", "finite"),
    "empty.xyz": ("", "no frame"),
    "words.xyz": ("nonsense", "not extended XYZ"),
    "cut.json": ("{", "not JSON"),
    "deep.json": ("[" * 100_000, "not JSON"),
    "other.json": ('{"a": 1}', "no structure"),
    "bad.parquet": ("PAR1", "not a parquet table"),
}


def test_files_that_are_none(tmp_path: Path) -> None:
    for name, (content, _) in BAD_FILES.items():
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
    read = {item.id: item for item in read_crystals(tmp_path)}
    assert read.keys() == BAD_FILES.keys()
    for name, (_, reason) in BAD_FILES.items():
        skipped = read[name]
        assert isinstance(skipped, Skipped)
        assert reason in skipped.reason, name
        assert "\n" not in skipped.reason


def test_one_bad_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.cif").write_text("hello")
    with pytest.raises(CrystalError, match=r"a\.cif: not a CIF"):
        list(read_crystals(tmp_path / "a.cif"))
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(CrystalError, match=r"a\.txt: no structure file by its name"):
        read_crystals(tmp_path / "a.txt")


def test_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CrystalError, match="no such file"):
        read_crystals(tmp_path / "absent.cif")
    with pytest.raises(CrystalError, match="no structure files here"):
        list(read_crystals(tmp_path))


def test_poscars(tmp_path: Path) -> None:
    """Scaled by a volume, with selective dynamics and Cartesian coordinates."""
    text = (
        "salt\n-125\n1 0 0\n0 1 0\n0 0 1\nNa_pv Cl\n1 1\nSelective dynamics\nCartesian\n0 0 0 T T F\n.5 .5 .5 T T T\n"
    )
    (tmp_path / "CONTCAR.relaxed").write_text(text)
    (entry,) = read_crystals(tmp_path / "CONTCAR.relaxed")
    assert isinstance(entry, Entry)
    expected = Crystal.from_symbols(["Na", "Cl"], [[0] * 3, [0.5] * 3], 5 * np.eye(3))
    same_crystal(entry.crystal, expected)


def test_frames_with_properties(tmp_path: Path) -> None:
    frame = (
        '1\nLattice="3 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3 energy=-1.5 band_gap=0.2 pbc="T T T"\nCu 0 0 0\n'
    )
    molecule = "1\n\nCu 0 0 0\n"
    (tmp_path / "a.xyz").write_text(frame + molecule + frame)
    first, second, third = read_crystals(tmp_path / "a.xyz")
    assert isinstance(first, Entry)
    assert (first.id, second.id, third.id) == ("a.xyz:0", "a.xyz:1", "a.xyz:2")
    assert first.properties == {"energy": -1.5, "band_gap": 0.2}
    assert isinstance(second, Skipped)
    assert "periodic" in second.reason


def test_a_cif_of_several_blocks(tmp_path: Path) -> None:
    text = (
        "data_global\n_x 1\n" + cif("Na1 0 0 0", name="one") + cif("X1 0 0 0", name="two") + cif("K1 0 0 0", name="3")
    )
    (tmp_path / "a.cif").write_text(text)
    one, two, three = read_crystals(tmp_path / "a.cif")
    assert (one.id, two.id, three.id) == ("a.cif:one", "a.cif:two", "a.cif:3")
    assert isinstance(two, Skipped)


def test_jsons(tmp_path: Path) -> None:
    """As pymatgen and its databases write them; no class that a file names is imported."""
    structure = json.loads(write_crystal(SALT, "json"))
    disordered = json.loads(write_crystal(SALT, "json"))
    disordered["sites"][0]["species"] = [{"element": "Na", "occu": 0.5}]
    attack = structure | {"@module": "os", "@class": "system"}
    records = [
        {"material_id": "mp-1", "structure": structure, "band_gap": 5.0, "e_above_hull": float("nan")},
        disordered,
        attack,
        17,
    ]
    (tmp_path / "a.json").write_text(json.dumps(records))
    first, second, third, fourth = read_crystals(tmp_path / "a.json")
    assert isinstance(first, Entry)
    assert (first.id, first.properties) == ("mp-1", {"band_gap": 5.0})
    assert isinstance(second, Skipped)
    assert "disordered" in second.reason
    assert isinstance(third, Entry)
    assert isinstance(fourth, Skipped)
    (tmp_path / "b.json").write_text(json.dumps({"salt": structure, "record": records[0] | {"material_id": "mp-2"}}))
    assert [entry.id for entry in read_crystals(tmp_path / "b.json")] == ["salt", "mp-2"]


def test_a_folder(tmp_path: Path) -> None:
    """Links back, closed doors, pipes and strangers are no obstacle."""
    good = cif("Na1 0 0 0")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "good.cif").write_text(good)
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a name, with ünïcode.cif").write_text(good)
    (tmp_path / "broken.cif").write_text("no")
    (tmp_path / "dangling.cif").symlink_to(tmp_path / "absent")
    (tmp_path / "notes.txt").write_text("not ours")
    (tmp_path / ".hidden.cif").write_text("not ours")
    (tmp_path / "POSCAR").write_text(write_crystal(SALT, "poscar"))
    os.mkfifo(tmp_path / "pipe.cif")
    closed = tmp_path / "closed.cif"
    closed.write_text(good)
    closed.chmod(0)
    read = {item.id: item for item in read_crystals(tmp_path)}
    assert {name for name, item in read.items() if isinstance(item, Entry)} - {"closed.cif"} == {
        "POSCAR",
        "a name, with ünïcode.cif",
        "b/good.cif",
    }
    skipped = {name: item.reason for name, item in read.items() if isinstance(item, Skipped)}
    assert {"broken.cif", "dangling.cif", "pipe.cif"} <= set(skipped) <= {*skipped, "closed.cif"}
    assert "no regular file" in skipped["pipe.cif"]
    assert os.getuid() == 0 or "denied" in skipped["closed.cif"]


def write_parquet(path: Path, **columns: list[Any]) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.table(columns), path)
    return path


def test_a_thousand_good_rows_and_one_bad(tmp_path: Path) -> None:
    texts: list[str | None] = [cif(f"Na1 0 0 {i / 1001:.4f}") for i in range(1001)]
    texts[500] = BOMB
    path = write_parquet(tmp_path / "t.parquet", cif=texts, material_id=[f"m-{i}" for i in range(1001)])
    read = list(read_crystals(path))
    assert [item.id for item in read] == [f"m-{i}" for i in range(1001)]
    (bad,) = [item for item in read if isinstance(item, Skipped)]
    assert bad.id == "m-500"
    assert "2,000 atoms" in bad.reason


def test_columns_get_the_names_used_here(tmp_path: Path) -> None:
    path = write_parquet(
        tmp_path / "t.parquet",
        cif=[cif("Na1 0 0 0"), None, "  "],
        e_above_hull=[0.1, 0.2, 0.3],
        formation_energy_per_atom=[float("nan"), -1.0, -1.0],
        prototype_names=["A|B", "", ""],
        band_gap=[None, 1.0, 1.0],
        note=["kept", "", ""],
    )
    first, second, third = read_crystals(path)
    assert isinstance(first, Entry)
    assert first.id == "t.parquet:0"
    assert first.properties == {"energy_above_hull": 0.1, "prototypes": ["A", "B"], "note": "kept"}
    assert isinstance(second, Skipped)
    assert isinstance(third, Skipped)
    assert second.reason == third.reason == "no CIF in this row"


def test_a_table_without_cifs_says_what_it_has(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "t.parquet", structure=["x"], name=["y"])
    with pytest.raises(CrystalError, match=r"no column 'cif' among structure, name"):
        list(read_crystals(path))


def test_a_row_that_ends_its_reader_costs_that_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The child below dies of one text, as a fault in a C++ parser would have it."""
    child = """
import os
from clip_mat.structures import child, tables
parse = tables.parse_cif
tables.parse_cif = lambda text: os.abort() if "deadly" in text else parse(text)
main = child.main
"""
    (tmp_path / "mortal.py").write_text(child)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(reading, "LimitedProcess", lambda _: LimitedProcess("mortal"))
    texts = [cif("Na1 0 0 0")] * 600
    texts[300] = texts[301] = "deadly"
    read = list(read_crystals(write_parquet(tmp_path / "t.parquet", cif=texts)))
    assert [item.id for item in read] == [f"t.parquet:{row}" for row in range(600)]
    skipped = [item for item in read if isinstance(item, Skipped)]
    assert [item.id for item in skipped] == ["t.parquet:300", "t.parquet:301"]
    assert all("ended the process" in item.reason for item in skipped)
    monkeypatch.setattr(reading, "_MOST_LOSSES", 1)
    read = list(read_crystals(write_parquet(tmp_path / "t.parquet", cif=["deadly"] * 600)))
    assert len(read) == 2
    assert isinstance(read[-1], Skipped)
    assert "the rest of the file" in read[-1].reason


def test_time_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "a.cif").write_text(cif("Na1 0 0 0"))
    with pytest.raises(CrystalError, match=r"longer than 0\.01 s"):
        list(read_crystals(tmp_path / "a.cif", ReadLimits(seconds=0.01)))


def test_memory_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_text("[" + "[]," * 6_000_000 + "[]]")
    with pytest.raises(CrystalError, match="memory"):
        list(read_crystals(path, ReadLimits(memory_mb=400)))
    with pytest.raises(CrystalError, match="larger than 1 MB"):
        list(read_crystals(path, ReadLimits(megabytes=1)))


def test_stopping_early_leaves_no_child(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    (tmp_path / "a.cif").write_text(cif("Na1 0 0 0"))
    (tmp_path / "b.cif").write_text(cif("Na1 0 0 0"))
    before = set(psutil.Process().children())
    reading = read_crystals(tmp_path)
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert set(psutil.Process().children()) == before


def test_the_shared_table(shared_data: Path) -> None:
    """Every row is a crystal, with the properties that the table states."""
    read = list(read_crystals(shared_data / "crystals" / "mp_val.parquet"))
    assert len(read) == 1500
    assert all(isinstance(item, Entry) for item in read)
    first = read[0]
    assert isinstance(first, Entry)
    assert {"energy_above_hull", "spacegroup", "formula"} <= set(first.properties)
