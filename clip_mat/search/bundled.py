"""The compounds that are there before anybody indexes any: the 288 structures of the AFLOW prototype library.

They come with pymatgen (Mehl et al., Comput. Mater. Sci. 136, S1 (2017)). Read as plain JSON, they are here in a
fraction of a second; pymatgen's own loading of them takes several. robocrys' minerals are a selection of the same.
"""

from __future__ import annotations

import gzip
import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.facts import reduced
from clip_mat.language.formulas import conventional_formula
from clip_mat.structures import Entry

_FILE = "aflow_prototypes.json.gz"
_LATEX = re.compile(r"\\[a-z'`\"^~]*|[{}$]")


def bundled_entries() -> list[Entry]:
    """The prototypes, named by formula, Pearson symbol and space group: ``aflow:NaCl_cF8_225``.

    Raises:
        CrystalError: If the installed pymatgen has them no more.
    """
    return [_entry(row) for row in json.loads(gzip.decompress(_find().read_bytes()))]


def _find() -> Path:
    """pymatgen's file; found without importing it."""
    for module in ("pymatgen.analysis.prototypes", "pymatgen.analysis"):
        spec = find_spec(module)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            if (file := Path(folder, _FILE)).is_file():
                return file
    raise CrystalError(f"the installed pymatgen has no {_FILE}; install another version, or search an --index of yours")


def _entry(row: dict[str, Any]) -> Entry:
    structure, tags = row["snl"], row["tags"]
    symbols = [site["species"][0]["element"] for site in structure["sites"]]
    positions = np.array([site["abc"] for site in structure["sites"]])
    crystal = Crystal.from_symbols(symbols, positions, structure["lattice"]["matrix"])
    label, mineral = tags["aflow"], tags["mineral"]
    formula = conventional_formula(reduced({symbol: symbols.count(symbol) for symbol in symbols}))
    _, pearson, group, *_ = label.split("_")
    properties = {
        "spacegroup": int(group),
        "prototypes": [mineral],
        "label": label,
        "strukturbericht": "" if tags["strukturbericht"] == "None" else tags["strukturbericht"],
        "mineral": _LATEX.sub("", mineral),
    }
    known = {name: value for name, value in properties.items() if value}
    return Entry(f"aflow:{formula}_{pearson}_{group}", crystal, known, "AFLOW prototypes")
