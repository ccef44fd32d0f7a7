"""Crystals to files and folders that other programs start from."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.files import write_file
from clip_mat.language.formulas import conventional_formula
from clip_mat.structures import SUFFIXES, write_crystal

ExportFormat: TypeAlias = Literal["cif", "cif-p1", "poscar", "extxyz", "json", "prismatic", "vasp"]
EXPORTS: tuple[ExportFormat, ...] = get_args(ExportFormat)
"""`clip_mat.structures.FORMATS`, and ``vasp``: a folder that VASP relaxes the crystal from."""

NO_POTCAR = (
    "no POTCAR: VASP's pseudopotentials are licensed and were not found. POTCAR.spec names the ones to join, in this "
    "order; or set PMG_VASP_PSP_DIR (see pymatgen's documentation) and export again"
)

_LONGEST_NAME = 100
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names of devices on Windows, where nobody could open the cif of praseodymium nitride."""


@dataclass(frozen=True, slots=True)
class Export:
    """What was written.

    Attributes:
        path: The file, or the folder.
        note: What is left for the user to do; empty for nothing.
    """

    path: Path
    note: str = ""


def export(
    crystal: Crystal, folder: Path | str, format: ExportFormat = "cif", *, name: str = "", title: str = ""
) -> Export:
    """Write a crystal into a folder, which is made where it is not there.

    Args:
        crystal: What to write.
        folder: Where.
        format: One of `EXPORTS`.
        name: Of the file without its ending, or of VASP's folder; by default the formula. Made safe for any system.
        title: Stands in the file, where the format has a place for it; by default the formula.

    Raises:
        CrystalError: If the format cannot hold the crystal.
        OSError: If it cannot be written.
        ValueError: If there is no such format.
    """
    if format not in EXPORTS:
        raise ValueError(f"{format!r} is none of {', '.join(EXPORTS)}")
    formula = conventional_formula(Counter(crystal.symbols))
    path = Path(folder) / safe_name(name or formula)
    if format == "vasp":
        contents = vasp_inputs(crystal)
        for file, content in contents.items():
            write_file(path / file, content)
        return Export(path, "" if "POTCAR" in contents else NO_POTCAR)
    content = write_crystal(crystal, format, title=title or formula)
    path = path.with_name(path.name + SUFFIXES[format])
    return Export(write_file(path, content))


def vasp_inputs(crystal: Crystal) -> Mapping[str, str]:
    """Contents of the files with which the Materials Project relaxes a crystal (pymatgen's ``MPRelaxSet``), by name.

    POTCAR is there only where pymatgen finds VASP's pseudopotentials; without it POTCAR.spec names them.

    Raises:
        CrystalError: If the set has no pseudopotential of an element.
    """
    from pymatgen.core.structure import Structure
    from pymatgen.io.vasp.sets import MPRelaxSet

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on choices that are the Materials Project's, and on missing pseudopotentials
        potentials = MPRelaxSet.CONFIG["POTCAR"]
        lacking = sorted(set(crystal.symbols) - set(potentials))
        if lacking:
            raise CrystalError(
                f"the Materials Project's VASP set has no pseudopotential of {', '.join(lacking)}; export as poscar"
            )
        structure = Structure.from_str(write_crystal(crystal, "poscar"), fmt="poscar")  # right-handed
        inputs = MPRelaxSet(structure)
        files = {
            "INCAR": str(inputs.incar),
            "KPOINTS": str(inputs.kpoints),
            "POSCAR": str(inputs.poscar),
            "POTCAR.spec": "\n".join(inputs.potcar_symbols),
        }
        try:
            files["POTCAR"] = str(inputs.potcar)
        except (OSError, ValueError):  # pymatgen's ways to say that there are none
            return {name: content.rstrip("\n") + "\n" for name, content in files.items()}
    del files["POTCAR.spec"]
    return files


def safe_name(text: str) -> str:
    """A name for a file, of letters, digits and ``-_+.``, that any system takes."""
    name = re.sub(r"[^A-Za-z0-9_+.-]+", "_", text).strip("._")[:_LONGEST_NAME] or "crystal"
    return f"_{name}" if _RESERVED.match(name) else name
