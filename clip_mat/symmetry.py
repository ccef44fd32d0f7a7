"""Space groups, by spglib (Togo, Shinohara & Tanaka, Sci. Technol. Adv. Mater. Meth. 4, 2384822 (2024))."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.facts import crystal_system, reduced, write_formula

TOLERANCE = 0.1
"""How far, in Å, an atom may stand from its symmetric place (spglib's ``symprec``)."""

_FAMILIES = {
    "triclinic": "a",
    "monoclinic": "m",
    "orthorhombic": "o",
    "tetragonal": "t",
    "trigonal": "h",
    "hexagonal": "h",
    "cubic": "c",
}
_DOUBLE_GLIDES = {39: "Aem2", 41: "Aea2", 64: "Cmce", 67: "Cmme", 68: "Ccce"}
"""Since 1992 the Tables write e where a plane glides along both its axes; gemmi keeps the older symbols."""
_CENTRINGS = {"P": 1, "C": 2, "S": 2, "I": 2, "R": 3, "F": 4}
"""Primitive cells in the conventional cell."""
_WITH_ELEMENTS = re.compile(r"([A-Z0-9]+)_([amotch])([PCSIRF])(\d+)_(\d+)((?:_[0-9A-Za-z]+)+):([A-Za-z-]+)")


@dataclass(frozen=True, slots=True)
class Symmetry:
    """What spglib finds of a crystal in one call.

    Attributes:
        spacegroup: International number, 1 to 230.
        prototype: Label of the structure type, as `prototype_label` gives it.
        primitive: A primitive cell, turned as the given cell is.
        words: Wyckoff letters of each element, ``{"Na": "a", "Cl": "b"}``; one for each of the equivalent choices of
            origin and axes that give the label.
    """

    spacegroup: int
    prototype: str
    primitive: Crystal
    words: tuple[dict[str, str], ...] = ()


def find_symmetry(crystal: Crystal, tolerance: float = TOLERANCE) -> Symmetry | None:
    """Space group, structure type and primitive cell; None where spglib finds no space group.

    Args:
        crystal: Any cell of the crystal.
        tolerance: In Å.
    """
    return _find_symmetry(crystal, tolerance)


@lru_cache(maxsize=1024)
def _find_symmetry(crystal: Crystal, tolerance: float) -> Symmetry | None:
    """Remembered for a while: a crystal that is indexed is asked for its vector and again for its facts."""
    dataset = find_dataset(crystal, tolerance)
    if dataset is None:
        return None
    label, words = _label(crystal, dataset)
    return Symmetry(int(dataset.number), label, _primitive(crystal, dataset), words)


def read_symmetry(written: str, crystal: Crystal) -> Symmetry | None:
    """What a source says of the symmetry of a crystal in its primitive cell, at a thousandth of the price of looking.

    Args:
        written: Label with elements, as the Materials Project and aviary write it: ``A2B_cF24_227_d_a:Cu-O``.
        crystal: Any cell.

    Returns:
        None where that is no such label, or the cell is not the primitive one of it.
    """
    found = _WITH_ELEMENTS.fullmatch(written)
    if found is None:
        return None
    formula, family, centring, size, number, words, elements = found.groups()
    amounts = [int(count or 1) for count in re.findall(r"[A-Z](\d*)", formula)]
    symbols, letters = elements.split("-"), words.removeprefix("_").split("_")
    atoms = Counter(crystal.symbols)
    if not len(symbols) == len(amounts) == len(letters) or set(symbols) != set(atoms):
        return None
    counts = dict(zip(symbols, amounts, strict=True))
    if int(size) != _CENTRINGS[centring] * len(crystal) or reduced(atoms) != reduced(counts):
        return None
    orbits = {
        symbol: Counter({letter: int(count or 1) for count, letter in re.findall(r"(\d*)([A-Za-z])", word)})
        for symbol, word in zip(symbols, letters, strict=True)
    }
    if not 1 <= int(number) <= 230 or not set().union(*orbits.values()) <= set(_relabelings()[number][0]):
        return None
    ordered, ways = _wyckoffs(int(number), counts, orbits)
    anonymous = write_formula({chr(65 + place): count for place, count in enumerate(sorted(amounts))})
    label = f"{anonymous}_{family}{centring}{size}_{number}_{ordered}"
    return Symmetry(int(number), label, crystal, ways)


def find_spacegroup(crystal: Crystal, tolerance: float = TOLERANCE) -> int | None:
    """International number of the space group, 1 to 230; None where spglib finds none.

    Args:
        crystal: Any cell of the crystal.
        tolerance: In Å.
    """
    dataset = find_dataset(crystal, tolerance)
    return None if dataset is None else int(dataset.number)


def prototype_label(crystal: Crystal, tolerance: float = TOLERANCE) -> str | None:
    """Label of the structure type, the same for all isopointal crystals: ``AB_cF8_225_a_b`` for NaCl.

    Anonymous formula with the rarest element first, Pearson symbol, space group, and the Wyckoff positions of each
    element. Of the equivalent ways to choose the origin and to order elements of equal count, the one with the
    earliest letters counts (Goodall et al., Sci. Adv. 8, eabn4117 (2022)).

    Args:
        crystal: Any cell of the crystal.
        tolerance: In Å.

    Returns:
        None where spglib finds no space group.
    """
    dataset = find_dataset(crystal, tolerance)
    return None if dataset is None else _label(crystal, dataset)[0]


def primitive(crystal: Crystal, tolerance: float = TOLERANCE) -> Crystal:
    """A primitive cell, turned as the given cell is, with no atom moved; the crystal itself where spglib finds none.

    Args:
        crystal: Any cell of the crystal.
        tolerance: In Å.
    """
    dataset = find_dataset(crystal, tolerance)
    return crystal if dataset is None else _primitive(crystal, dataset)


def conventional(crystal: Crystal, tolerance: float = TOLERANCE) -> Crystal:
    """The conventional cell in spglib's standard setting, atoms on their symmetric places; the crystal itself where
    spglib finds none.

    Args:
        crystal: Any cell of the crystal.
        tolerance: In Å.
    """
    dataset = find_dataset(crystal, tolerance)
    return crystal if dataset is None else Crystal(dataset.std_types, dataset.std_positions, dataset.std_lattice)


def conventional_vectors(crystal: Crystal, tolerance: float = TOLERANCE) -> npt.NDArray[np.float64]:
    """(3, 3) whole numbers, the vectors of the conventional cell in those of the given one.

    What they span is the given cell where spglib finds no group, or where the given cell is larger.

    Args:
        crystal: Any cell of the crystal.
        tolerance: In Å.
    """
    dataset = find_dataset(crystal, tolerance)
    if dataset is None:
        return np.eye(3)
    vectors = np.linalg.inv(dataset.transformation_matrix).T
    whole = np.rint(vectors)
    is_larger = abs(np.linalg.det(whole)) > 0.5 and np.abs(vectors - whole).max() < 0.01
    return whole if is_larger else np.eye(3)


@cache
def spacegroup_symbol(number: int) -> str:
    """Hermann-Mauguin symbol in short form, screw axes with an underscore: ``P6_3/mmc``, ``Fm-3m``, ``Cmce``.

    Groups 39, 41, 64, 67 and 68 have the names of the current International Tables, as spglib, pymatgen and the
    Materials Project write them: ``Cmce``, not ``Cmca``.

    Raises:
        ValueError: If there is no such group.
    """
    import gemmi

    if not 1 <= number <= 230:
        raise ValueError(f"a space group is 1 to 230, not {number}")
    if number in _DOUBLE_GLIDES:
        return _DOUBLE_GLIDES[number]
    group = gemmi.find_spacegroup_by_number(number)
    assert group is not None
    centring, *axes = group.hm.split()
    if 3 <= number <= 15:  # monoclinic: only the unique axis is written
        axes = [axis for axis in axes if axis != "1"]
    return centring + "".join(re.sub(r"^([2346])([1-5])", r"\1_\2", axis) for axis in axes)


def find_dataset(crystal: Crystal, tolerance: float = TOLERANCE) -> Any:
    """spglib's dataset of a cell, or None where it finds no space group; not to be changed.

    Args:
        crystal: Any cell of the crystal.
        tolerance: In Å.
    """
    return _find_dataset(crystal, tolerance)


@lru_cache(maxsize=1024)
def _find_dataset(crystal: Crystal, tolerance: float) -> Any:
    """Remembered for a while: who ranks, symmetrises and checks crystals asks each the same."""
    _quiet_spglib()
    import spglib

    cell: Any = (crystal.lattice, crystal.positions, crystal.numbers)  # spglib's types know lists only
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what spglib cannot do is told by None
        return spglib.get_symmetry_dataset(cell, symprec=tolerance)


@cache
def _quiet_spglib() -> None:
    """Keeps spglib's own notes off the terminal."""
    os.environ.setdefault("SPGLIB_WARNING", "OFF")


def _primitive(crystal: Crystal, dataset: Any) -> Crystal:
    _, kept = np.unique(dataset.mapping_to_primitive, return_index=True)
    if len(kept) == len(crystal):
        return crystal
    positions = crystal.cartesian[kept] @ np.linalg.inv(dataset.primitive_lattice)
    return Crystal(crystal.numbers[kept], positions, dataset.primitive_lattice)


def _label(crystal: Crystal, dataset: Any) -> tuple[str, tuple[dict[str, str], ...]]:
    """The label, and the Wyckoff letters of each element in each way to get it."""
    number = int(dataset.number)
    symbols = crystal.symbols
    counts = reduced(Counter(symbols))
    orbits: dict[str, Counter[str]] = {symbol: Counter() for symbol in counts}
    for atom in set(dataset.crystallographic_orbits.tolist()):
        orbits[symbols[atom]][dataset.wyckoffs[atom]] += 1
    formula = write_formula({chr(65 + place): count for place, count in enumerate(sorted(counts.values()))})
    family = _FAMILIES[crystal_system(number)]
    centring = "C" if dataset.international[0] == "A" else dataset.international[0]
    pearson = f"{family}{centring}{len(dataset.std_types)}"
    written, words = _wyckoffs(number, counts, orbits)
    return f"{formula}_{pearson}_{number}_{written}", words


def _wyckoffs(
    number: int, counts: dict[str, int], orbits: dict[str, Counter[str]]
) -> tuple[str, tuple[dict[str, str], ...]]:
    """Letters of all elements, relabelled to the earliest of the equivalent choices; and every way to get there."""
    letters = tuple((counts[symbol], tuple(sorted(orbit.items()))) for symbol, orbit in orbits.items())
    written, ways = _words(number, letters)
    return written, tuple(dict(zip(orbits, way, strict=True)) for way in ways)


@lru_cache(maxsize=4096)
def _words(
    number: int, elements: tuple[tuple[int, tuple[tuple[str, int], ...]], ...]
) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """As `_wyckoffs`, of elements without names: many crystals of an index have the same letters.

    Args:
        number: Of the space group.
        elements: For each its count, and its Wyckoff letters with how often each is taken.
    """
    letters, *_ = relabelings = _relabelings()[str(number)]
    weights = {letter: 0 if letter == "A" else ord(letter) - 96 for letter in letters}  # A is beyond z, in 47 only
    choices = []
    for relabeled in relabelings:
        renamed = dict(zip(letters, relabeled, strict=True))
        weight = sum(weights[renamed[letter]] for _, orbit in elements for letter, _ in orbit)
        words = tuple(_word(orbit, renamed) for _, orbit in elements)
        # With "_" after each, the words in order are also first in order when joined.
        ordered = sorted((count, word + "_") for (count, _), word in zip(elements, words, strict=True))
        choices.append((weight, "".join(word for _, word in ordered).removesuffix("_"), words))
    weight, written, _ = min(choices, key=lambda choice: choice[:2])
    ways = {words for *found, words in choices if found == [weight, written]}
    return written, tuple(sorted(ways))


def _word(orbit: tuple[tuple[str, int], ...], renamed: dict[str, str]) -> str:
    named = sorted((renamed[letter], count) for letter, count in orbit)
    return "".join((str(count) if count > 1 else "") + letter for letter, count in named)


@cache
def _relabelings() -> dict[str, list[str]]:
    """For each space group its Wyckoff letters, and what they are called after each change of origin or axes.

    From pymatgen (MIT), which has them from aviary; they follow from the Euclidean normalizers in the International
    Tables A, chapter 3.5.
    """
    content: dict[str, list[str]] = json.loads(Path(__file__).with_name("wyckoff_relabelings.json").read_text("ascii"))
    return content
