"""Structure files in and out: the only place that reads or writes them.

>>> from clip_mat.structures import read_crystals, parse_cif, write_crystal
"""

from __future__ import annotations

from clip_mat.structures.cif import parse_cif
from clip_mat.structures.entries import MOST_ATOMS, Entry, ReadLimits, Skipped
from clip_mat.structures.reading import read_crystals
from clip_mat.structures.writing import FORMATS, SUFFIXES, Format, write_crystal

__all__ = [
    "FORMATS",
    "MOST_ATOMS",
    "SUFFIXES",
    "Entry",
    "Format",
    "ReadLimits",
    "Skipped",
    "parse_cif",
    "read_crystals",
    "write_crystal",
]
