"""Names of elements, structure types and everyday compounds.

Structure types are known by AFLOW prototype labels (Mehl et al., Comput. Mater. Sci. 136, S1 (2017); Hicks et al.,
ibid. 161, S450 (2019)): stoichiometry, Pearson symbol, space group, Wyckoff letters. A label says that two crystals are
isopointal, which is a little less than isostructural: two minerals can share one, and then it has the names of both.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from clip_mat.crystal import SYMBOLS

# fmt: off
_ELEMENT_NAMES = (
    "hydrogen", "helium",
    "lithium", "beryllium", "boron", "carbon", "nitrogen", "oxygen", "fluorine", "neon",
    "sodium", "magnesium", "aluminium", "silicon", "phosphorus", "sulfur", "chlorine", "argon",
    "potassium", "calcium", "scandium", "titanium", "vanadium", "chromium", "manganese", "iron", "cobalt", "nickel",
    "copper", "zinc", "gallium", "germanium", "arsenic", "selenium", "bromine", "krypton",
    "rubidium", "strontium", "yttrium", "zirconium", "niobium", "molybdenum", "technetium", "ruthenium", "rhodium",
    "palladium", "silver", "cadmium", "indium", "tin", "antimony", "tellurium", "iodine", "xenon",
    "caesium", "barium", "lanthanum", "cerium", "praseodymium", "neodymium", "promethium", "samarium", "europium",
    "gadolinium", "terbium", "dysprosium", "holmium", "erbium", "thulium", "ytterbium", "lutetium",
    "hafnium", "tantalum", "tungsten", "rhenium", "osmium", "iridium", "platinum", "gold", "mercury", "thallium",
    "lead", "bismuth", "polonium", "astatine", "radon",
    "francium", "radium", "actinium", "thorium", "protactinium", "uranium", "neptunium", "plutonium", "americium",
    "curium", "berkelium", "californium", "einsteinium", "fermium", "mendelevium", "nobelium", "lawrencium",
)
# fmt: on
_OTHER_SPELLINGS = {"Al": ("aluminum",), "S": ("sulphur",), "Cs": ("cesium",)}

ELEMENT_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        symbol: (name, *_OTHER_SPELLINGS.get(symbol, ()))
        for symbol, name in zip(SYMBOLS[1:], _ELEMENT_NAMES, strict=True)
    }
)
"""English names by element symbol, IUPAC's first: ``("caesium", "cesium")``."""

ELEMENT_SYMBOLS: Mapping[str, str] = MappingProxyType(
    {
        name: symbol
        for symbol, names in ELEMENT_NAMES.items()
        for name in (*names, *(["wolfram"] if symbol == "W" else []))
    }
)
"""Element symbols by name in lower case."""

COMMON_COMPOUNDS: Mapping[str, str] = MappingProxyType(
    {
        "titania": "TiO2",
        "alumina": "Al2O3",
        "silica": "SiO2",
        "zirconia": "ZrO2",
        "hafnia": "HfO2",
        "ceria": "CeO2",
        "magnesia": "MgO",
        "yttria": "Y2O3",
        "lanthana": "La2O3",
        "thoria": "ThO2",
        "urania": "UO2",
        "beryllia": "BeO",
        "baria": "BaO",
        "chromia": "Cr2O3",
        "germania": "GeO2",
        "vanadia": "V2O5",
        "niobia": "Nb2O5",
        "tantala": "Ta2O5",
        "lime": "CaO",
        "quicklime": "CaO",
        "lithia": "Li2O",
        "table salt": "NaCl",
        "sylvite": "KCl",
        "periclase": "MgO",
        "fluorspar": "CaF2",
        "galena": "PbS",
        "hematite": "Fe2O3",
        "haematite": "Fe2O3",
        "magnetite": "Fe3O4",
        "limestone": "CaCO3",
        "aragonite": "CaCO3",
        "magnesite": "MgCO3",
        "water ice": "H2O",
        "dry ice": "CO2",
        "carborundum": "SiC",
        "borazon": "BN",
        "cassiterite": "SnO2",
        "zincite": "ZnO",
        "greenockite": "CdS",
        "brucite": "Mg(OH)2",
        "gypsum": "CaSO4(H2O)2",
        "anhydrite": "CaSO4",
        "slaked lime": "Ca(OH)2",
        "caustic soda": "NaOH",
        "saltpetre": "KNO3",
        "saltpeter": "KNO3",
        "fool's gold": "FeS2",
        "massicot": "PbO",
        "wolframite": "FeWO4",
        "troilite": "FeS",
    }
)
"""Formulas of compounds by the everyday name in lower case."""


@dataclass(frozen=True, slots=True)
class _StructureType:
    """One row of ``prototypes.json``.

    Attributes:
        name: Canonical name.
        labels: AFLOW labels.
        aliases: Other names of the same type.
        types: Compounds and elements that name the type with "-type": ``NaCl``.
        strukturbericht: Symbol, empty where there is none.
        broader: Canonical name of the wider class it belongs to, or empty.
        loosely: What people also call it, though the type is another; understood, never said.
        aflow: How the AFLOW prototype library calls it.
    """

    name: str
    labels: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    strukturbericht: str = ""
    broader: str = ""
    loosely: tuple[str, ...] = ()
    aflow: tuple[str, ...] = ()


@cache
def _structure_types() -> dict[str, _StructureType]:
    """Every structure type by canonical name."""
    rows = json.loads(files("clip_mat.language").joinpath("prototypes.json").read_text("utf-8"))
    return {
        row["name"]: _StructureType(
            name=row["name"],
            labels=tuple(row["labels"]),
            aliases=tuple(row.get("aliases", ())),
            types=tuple(row.get("types", ())),
            strukturbericht=row.get("strukturbericht", ""),
            broader=row.get("broader", ""),
            loosely=tuple(row.get("loosely", ())),
            aflow=tuple(row.get("aflow", ())),
        )
        for row in rows
    }


def prototype_names() -> tuple[str, ...]:
    """Every canonical name of a structure type."""
    return tuple(_structure_types())


def prototypes_of(label: str) -> tuple[str, ...]:
    """Canonical names of a structure type, the wider class last: ``("orthorhombic perovskite", "perovskite")``.

    Args:
        label: AFLOW prototype label, its elements in any order: ``A2B_cF24_227_d_a`` or ``AB2_cF24_227_a_d``. The
            number of atoms is not read, because rhombohedral cells are counted in two ways.

    Returns:
        Nothing where the type has no name.
    """
    return _by_label().get(_label_key(label), ())


def labels_of(name: str) -> tuple[str, ...]:
    """AFLOW labels of a structure type by its canonical name, and of every type of the class that it names."""
    rows = _structure_types().values()
    return tuple(label for row in rows if name in (row.name, row.broader) for label in row.labels)


def canonical_prototype(name: str) -> str | None:
    """The canonical name that a name, an alias or a Strukturbericht symbol stands for; None where it is none.

    Case, hyphens, blanks, underscores and subscripts do not matter, nor does a closing "structure" or "type". A
    compound names its type only with such a word: "NaCl-type" is rock salt, "NaCl" is a compound.
    """
    by_name, by_compound = _spellings()
    squashed = _squash(name)
    if squashed in by_name:
        return by_name[squashed]
    stem = _CLOSING_WORDS.sub("", squashed)
    if stem == squashed:
        return None
    return by_name.get(stem) or by_compound.get(stem)


def aliases(canonical: str) -> tuple[str, ...]:
    """Other names of a structure type, each fit to stand before "structure"; nothing for an unknown name."""
    row = _structure_types().get(canonical)
    if row is None:
        return ()
    symbol = (row.strukturbericht,) if row.strukturbericht and row.strukturbericht != row.name else ()
    return (*row.aliases, *(f"{compound}-type" for compound in row.types), *symbol)


def loose_aliases(canonical: str) -> tuple[str, ...]:
    """What people also call a structure type though strictly it is another: delafossite for alpha sodium ferrite."""
    row = _structure_types().get(canonical)
    return () if row is None else row.loosely


def from_aflow_names(raw: str) -> tuple[str, ...]:
    """Canonical names for names as AFLOW's and robocrys' lists write them: ``"Halite, Rock Salt"``.

    Args:
        raw: One such name or several with ``|`` between.

    Returns:
        Each canonical name followed by its wider class, once each. A name that two types share (hexagonal Laves) gives
        only the wider class that they share; an unknown one gives nothing.
    """
    found: dict[str, None] = {}
    for part in raw.split("|"):
        owners = _by_aflow_name().get(part.strip(), ())
        if len(owners) == 1:
            found.update(dict.fromkeys(_with_broader(owners[0])))
        elif owners and len({row.broader for row in owners}) == 1 and owners[0].broader:
            found[owners[0].broader] = None
    return tuple(found)


@cache
def _by_label() -> dict[str, tuple[str, ...]]:
    names: dict[str, dict[str, None]] = {}
    for row in _structure_types().values():
        for label in row.labels:
            names.setdefault(_label_key(label), {}).update(dict.fromkeys(_with_broader(row)))
    return {label: tuple(found) for label, found in names.items()}


@cache
def _by_aflow_name() -> dict[str, tuple[_StructureType, ...]]:
    rows: dict[str, tuple[_StructureType, ...]] = {}
    for row in _structure_types().values():
        for name in row.aflow:
            rows[name] = (*rows.get(name, ()), row)
    return rows


@cache
def _spellings() -> tuple[dict[str, str], dict[str, str]]:
    """Canonical names by squashed name, and by squashed compound."""
    by_name: dict[str, str] = {}
    by_compound: dict[str, str] = {}
    for row in _structure_types().values():
        for name in (row.name, *row.aliases, *row.loosely, row.strukturbericht):
            if name:
                by_name.setdefault(_squash(name), row.name)
        for compound in row.types:
            by_compound.setdefault(_squash(compound), row.name)
    return by_name, by_compound


def _with_broader(row: _StructureType) -> tuple[str, ...]:
    return (row.name, row.broader) if row.broader else (row.name,)


_CLOSING_WORDS = re.compile(r"(?:structured?|types?|prototypes?|lattice|phases?|compounds?|crystals?|like)+$")
_LABEL = re.compile(r"(?P<formula>(?:[A-Z]\d*)+)_(?P<lattice>[a-z][A-Z])\d+_(?P<group>\d+)_(?P<sites>\w+)")


def _squash(name: str) -> str:
    """Letters and digits alone, in lower case, subscripts as digits."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name).casefold())


@cache
def _label_key(label: str) -> str:
    """One spelling for a label, whatever the order of its elements; a label of another make is its own key."""
    match = _LABEL.fullmatch(label)
    if match is None:
        return label
    counts = [int(count or 1) for count in re.findall(r"[A-Z](\d*)", match["formula"])]
    sites = sorted(zip(counts, match["sites"].split("_"), strict=False))
    return f"{match['lattice']}{match['group']} " + " ".join(f"{count}:{letters}" for count, letters in sites)
