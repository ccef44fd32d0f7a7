"""Words of chemistry and crystallography that stand for themselves, and words that only look like formulas."""

from __future__ import annotations

from typing import Literal

from clip_mat.facts import CRYSTAL_SYSTEMS
from clip_mat.language.names import ELEMENT_SYMBOLS

_FAMILIES = (
    "oxide sulfide selenide telluride fluoride chloride bromide iodide nitride phosphide arsenide antimonide carbide "
    "silicide germanide boride hydride halide"
)
_PREFIXES = ("", "mono", "di", "tri", "tetra", "penta", "hexa", "sesqui", "per")

Word = tuple[Literal["element", "crystal_system", "family"], str]


def _word_mentions() -> dict[str, Word]:
    words: dict[str, Word] = {name: ("element", symbol) for name, symbol in ELEMENT_SYMBOLS.items()}
    for family in _FAMILIES.split():
        for spelling in {family, family.replace("sulfide", "sulphide")}:
            for prefix in _PREFIXES:
                words[prefix + spelling] = words[f"{prefix}{spelling}s"] = ("family", family)
    for prefix in ("mon", "pent", "tetr", "hydr"):
        words[f"{prefix}oxide"] = words[f"{prefix}oxides"] = ("family", "oxide")
    for word in ("intermetallic", "intermetallics"):
        words[word] = ("family", "intermetallic")
    words["elemental"] = ("family", "elemental")
    for system in CRYSTAL_SYSTEMS:
        adverb = f"{system}ally" if system.endswith("ic") else f"{system}ly"
        words[system] = words[adverb] = ("crystal_system", system)
    for word, system in (*((system, system) for system in CRYSTAL_SYSTEMS), ("rhombohedral", "trigonal")):
        for slip in slips(word):
            words.setdefault(slip, ("crystal_system", system))
    others = {
        "orthorombic": "orthorhombic",
        "rhombohedral": "trigonal",
        "rhombohedrally": "trigonal",
        "isometric": "cubic",
    }
    for word, name in others.items():
        words[word] = ("crystal_system", name)
    meant: dict[str, set[str]] = {}
    for name, symbol in ELEMENT_SYMBOLS.items():
        for slip in slips(name, shortest=6) - {"sliver"}:
            meant.setdefault(slip, set()).add(symbol)
    for slip, symbols in meant.items():
        if len(symbols) == 1:  # "ceium" may be cesium or cerium
            words.setdefault(slip, ("element", min(symbols)))
    return words


def slips(word: str, shortest: int = 8) -> set[str]:
    """The word with one letter dropped, doubled or swapped with the next; shorter words could become others."""
    if len(word) < shortest:
        return set()
    found = set()
    for place in range(1, len(word) - 1):
        found.add(word[:place] + word[place + 1 :])
        found.add(word[:place] + word[place] + word[place:])
        found.add(word[:place] + word[place + 1] + word[place] + word[place + 2 :])
    return found


WORD_MENTIONS = _word_mentions()
"""What a word in small letters says by itself: (kind, name), the name of an element being its symbol."""

_NO_FORMULAS = (
    "IN OF ON IF IS SO BY HOW WHO WHY YOU NOW SHOW SHOWN KNOW KNOWN OWN SPIN SUN BUS FUN OK "
    "CIF HCP CCP SCF PBC UV COHP COOP HSC VCF COF NIST HPC CPU VPN USB3 OH GeV YBCO BFO"
)
NO_FORMULAS = frozenset(_NO_FORMULAS.split())
"""Words and abbreviations that parse as formulas, but never mean one."""
SHOUTED_NO_FORMULAS = frozenset(["NO", "US", "UP", "UN", "CO"])
"""... and those that mean none in a text all in capitals."""
