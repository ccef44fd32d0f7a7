"""What is exported is the crystal, read by those it is meant for."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.generate.checks import same
from clip_mat.generate.exports import EXPORTS, NO_POTCAR, export, safe_name, vasp_inputs
from clip_mat.structures import parse_cif, prismatic, write_crystal
from clip_mat.symmetry import find_spacegroup

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def hexagonal(a: float, c: float) -> np.ndarray:  # type: ignore[type-arg]
    return np.array([[a, 0, 0], [-a / 2, a * 3**0.5 / 2, 0], [0, 0, c]])


CRYSTALS = {
    "nitride whose name is a device": Crystal.from_symbols(["Pr", "N"], [[0, 0, 0], [0.5, 0.5, 0.5]], 5.2 * FCC),
    "cobalt, no carbon and oxygen": Crystal.from_symbols(["Co"], [[0, 0, 0]], 3.5 * FCC),
    "hexagonal": Crystal.from_symbols(
        ["Zn", "Zn", "O", "O"],
        [[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5], [1 / 3, 2 / 3, 0.382], [2 / 3, 1 / 3, 0.882]],
        hexagonal(3.25, 5.2),
    ),
    "rhombohedral": Crystal.from_symbols(
        ["Bi", "Bi", "Te", "Te", "Te"],
        [[0.4] * 3, [0.6] * 3, [0, 0, 0], [0.209] * 3, [0.791] * 3],
        np.array([[2, 1, 1], [-1, 1, 1], [-1, -2, 1]]) / 3 @ hexagonal(4.38, 30.48),
    ),
    "chiral": Crystal.from_symbols(
        ["Se"] * 3, [[0.22, 0, 1 / 3], [0, 0.22, 2 / 3], [0.78, 0.78, 0]], hexagonal(4.37, 4.95)
    ),
    "monoclinic": Crystal.from_symbols(
        ["Zr", "Zr", "Zr", "Zr"], [[0.28, 0.04, 0.21], [0.72, 0.54, 0.29], [0.72, 0.96, 0.79], [0.28, 0.46, 0.71]],
        [[5.15, 0, 0], [0, 5.21, 0], [-0.85, 0, 5.25]],
    ),
    "without symmetry": Crystal.from_symbols(
        ["No", "I", "H"], [[0.1, 0.2, 0.3], [0.55, 0.5, 0.4], [0.8, 0.1, 0.9]],
        [[5, 0.3, 0], [0.7, 6, 0], [1.1, 0.2, 7]],
    ),
}  # fmt: skip


def volume_per_atom(crystal: Crystal) -> float:
    return crystal.volume / len(crystal)


@pytest.mark.parametrize("format", ["cif", "cif-p1"])
@pytest.mark.parametrize("name", CRYSTALS)
def test_a_cif_is_read_alike_by_all(name: str, format: str, tmp_path: Path) -> None:
    import gemmi
    from ase.io import read
    from pymatgen.core import Structure

    crystal = CRYSTALS[name]
    path = export(crystal, tmp_path, format).path  # type: ignore[arg-type]
    small = gemmi.read_small_structure(str(path))
    sites = small.get_all_unit_cell_sites()
    lattice = np.array(small.cell.orth.mat.tolist()).T
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on settings of space groups, on thirds written with few digits
        atoms, structure = read(path), Structure.from_file(path)
    read_back = {
        "ours": parse_cif(path.read_text()),
        "gemmi": Crystal.from_symbols([s.element.name for s in sites], [s.fract.tolist() for s in sites], lattice),
        "ase": Crystal.from_atoms(atoms),
        "pymatgen": Crystal.from_structure(structure),
    }
    for reader, found in read_back.items():
        assert same(found, crystal), reader
        assert volume_per_atom(found) == pytest.approx(volume_per_atom(crystal), rel=1e-6), reader
        assert find_spacegroup(found, 1e-3) == find_spacegroup(crystal, 1e-3), reader
        if format == "cif-p1":
            assert len(found) == len(crystal), reader


def test_a_left_handed_cell_is_not_mirrored(tmp_path: Path) -> None:
    """Selenium in P3_1 21 turned upside down is still that, and not P3_2 21."""
    right = CRYSTALS["chiral"]
    left = Crystal(right.numbers, right.positions * [1, 1, -1], right.lattice * [[1], [1], [-1]])
    group = find_spacegroup(right)
    assert group == find_spacegroup(left)
    assert group in (152, 154)
    for format in ("cif", "cif-p1"):
        assert find_spacegroup(parse_cif(export(left, tmp_path, format).path.read_text())) == group
    lattice = np.loadtxt(io.StringIO(write_crystal(left, "poscar")), skiprows=2, max_rows=3)
    assert np.linalg.det(lattice) > 0


def test_prismatic_has_the_crystal_in_a_right_angled_cell(tmp_path: Path) -> None:
    from ase.io.prismatic import read_prismatic

    for name, times in {"nitride whose name is a device": 4, "hexagonal": 2, "rhombohedral": 6, "chiral": 2}.items():
        crystal = CRYSTALS[name]
        path = export(crystal, tmp_path, "prismatic", name=name).path
        lines = path.read_text().splitlines()
        assert lines[-1] == "-1"
        assert "right by" not in lines[0]
        assert all(len(line.split()) == 6 for line in lines[2:-1])
        text = path.read_text().splitlines()
        atoms = [list(map(float, line.split())) for line in text[2:-1]]
        edges = np.array(list(map(float, text[1].split())))
        numbers = np.array([int(atom[0]) for atom in atoms])
        found = Crystal(numbers, np.array([atom[1:4] for atom in atoms]) / edges, np.diag(edges))
        assert len(found) == times * len(crystal)
        assert same(found, crystal)
        assert find_spacegroup(found, 1e-3) == find_spacegroup(crystal, 1e-3)
        assert volume_per_atom(found) == pytest.approx(volume_per_atom(crystal))
    assert len(read_prismatic(path)) == len(numbers)


def test_prismatic_says_what_it_bends_and_what_it_cannot_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = export(CRYSTALS["monoclinic"], tmp_path, "prismatic").path.read_text().splitlines()[0]
    assert "angles made right by up to 0." in first
    monkeypatch.setattr(prismatic, "MOST_ATOMS", 8)
    with pytest.raises(CrystalError, match=r"right-angled cells.*angles 8.*up to 8 atoms.*export as cif"):
        export(CRYSTALS["without symmetry"], tmp_path, "prismatic")


def test_inputs_of_vasp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pymatgen.core import SETTINGS
    from pymatgen.io.vasp.inputs import Incar, Kpoints, Poscar

    monkeypatch.delitem(SETTINGS, "PMG_VASP_PSP_DIR", raising=False)
    crystal = CRYSTALS["nitride whose name is a device"]
    written = export(crystal, tmp_path, "vasp", name="1 PrN")
    assert written.note == NO_POTCAR
    assert written.path == tmp_path / "1_PrN"
    assert sorted(path.name for path in written.path.iterdir()) == ["INCAR", "KPOINTS", "POSCAR", "POTCAR.spec"]
    assert Incar.from_file(written.path / "INCAR")["ENCUT"] == 520
    assert Kpoints.from_file(written.path / "KPOINTS").kpts
    poscar = Poscar.from_file(written.path / "POSCAR")
    assert same(Crystal.from_structure(poscar.structure), crystal)
    assert (written.path / "POTCAR.spec").read_text() == "Pr_3\nN\n"
    assert poscar.site_symbols == ["Pr", "N"]


def test_vasp_has_no_pseudopotential_of_some(tmp_path: Path) -> None:
    with pytest.raises(CrystalError, match=r"no pseudopotential of No; export as poscar"):
        export(CRYSTALS["without symmetry"], tmp_path, "vasp")
    assert not list(tmp_path.iterdir())


def test_uranium_and_magnetic_elements_have_settings() -> None:
    oxide = Crystal.from_symbols(["Fe", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]], 4.3 * FCC)
    assert "LDAU" in vasp_inputs(oxide)["INCAR"]


@pytest.mark.parametrize("format", EXPORTS)
def test_every_format_has_a_file_of_its_kind(format: str, tmp_path: Path) -> None:
    crystal = CRYSTALS["hexagonal"]
    written = export(crystal, tmp_path / "new" / "folder", format, name="a/b\\..:c")  # type: ignore[arg-type]
    assert written.path.parent == tmp_path / "new" / "folder"
    assert written.path.name.startswith("a_b_..")
    if written.path.is_file() and format not in ("json", "prismatic"):
        assert "ZnO" in written.path.read_text() or format == "extxyz"
    with pytest.raises(ValueError, match="none of cif"):
        export(crystal, tmp_path, "xsf")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "name"),
    [("01-LiMnO2", "01-LiMnO2"), ("PrN", "_PrN"), ("PrNi", "PrNi"), ("nul.cif", "_nul.cif"), ("../../etc", "etc"),
     ("", "crystal"), ("日本", "crystal"), ("x" * 500, "x" * 100), ("a\n b", "a_b")],
)  # fmt: skip
def test_names_are_safe(text: str, name: str) -> None:
    assert safe_name(text) == name
