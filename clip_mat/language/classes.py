"""Words of chemists that stand for several elements or kinds of compound at once: noble metal, chalcogenide, silicate.

What such a word means is known without any example, so it is stated to the towers as what it means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from clip_mat.crystal import SYMBOLS
from clip_mat.facts import ANIONS


def _span(first: str, last: str) -> tuple[str, ...]:
    """Elements from one atomic number to another."""
    return SYMBOLS[SYMBOLS.index(first) : SYMBOLS.index(last) + 1]


LANTHANIDES = _span("La", "Lu")
RARE_EARTHS = ("Sc", "Y", *LANTHANIDES)
ACTINIDES = _span("Ac", "Lr")
D_BLOCK = (*_span("Sc", "Zn"), *_span("Y", "Cd"), *_span("Hf", "Hg"))
PLATINUM_GROUP = ("Ru", "Rh", "Pd", "Os", "Ir", "Pt")
_RADIOACTIVE = ("Tc", "Pm", *_span("Po", "Lr"))
_SELDOM = frozenset(["At", "Rn", "Fr", *_span("Bk", "Lr")])
"""Elements of which hardly a crystal is known; a class speaks of its others."""
TOXIC = ("Be", "As", "Cd", "Hg", "Tl", "Pb")
"""Elements whose compounds are commonly left out for being poisonous; no ruling on any single compound."""

_MAIN_GROUPS = {
    1: ("I", ("Li", "Na", "K", "Rb", "Cs")),
    2: ("II", ("Be", "Mg", "Ca", "Sr", "Ba", "Ra")),
    13: ("III", ("B", "Al", "Ga", "In", "Tl")),
    14: ("IV", ("C", "Si", "Ge", "Sn", "Pb")),
    15: ("V", ("N", "P", "As", "Sb", "Bi")),
    16: ("VI", ("O", "S", "Se", "Te", "Po")),
    17: ("VII", ("F", "Cl", "Br", "I", "At")),
}
"""The older number of a group and its elements, by its number today."""


def _numbered_groups() -> dict[str, tuple[str, ...]]:
    """Elements by a regular expression for the number of their group: ``group 14 elements``, ``group IV elements``."""
    called = r"(?<!space )(?<!point )(?<!plane )group[- ](?:{number})[- ](?:elements?|metals?|atoms?)"
    groups = {called.format(number=f"{number}|{old}A?"): known for number, (old, known) in _MAIN_GROUPS.items()}
    for number in range(3, 13):
        heavy = ("Lu",) if number == 3 else (SYMBOLS[SYMBOLS.index("Hf") + number - 4],)
        light = (SYMBOLS[SYMBOLS.index(first) + number - 3] for first in ("Sc", "Y"))
        groups[called.format(number=number)] = (*light, *heavy)
    return groups


_METALS = r"(?:[- ](?:metals?|elements?|atoms?|ions?|cations?))?"
GROUPS: dict[str, tuple[str, ...]] = {
    rf"alkali{_METALS}(?! earth)": ("Li", "Na", "K", "Rb", "Cs", "Fr"),
    rf"alkaline[- ]earths?{_METALS}": ("Be", "Mg", "Ca", "Sr", "Ba", "Ra"),
    r"(?<!post-)(?<!post )transition[- ](?:metals?|elements?)": D_BLOCK,
    r"post[- ]transition[- ]metals?": ("Al", "Ga", "In", "Tl", "Sn", "Pb", "Bi", "Po"),
    rf"d-block{_METALS}": D_BLOCK,
    rf"f-block{_METALS}": (*LANTHANIDES, *ACTINIDES),
    r"3d[- ](?:transition[- ])?(?:metals?|elements?)": _span("Sc", "Zn"),
    r"4d[- ](?:transition[- ])?(?:metals?|elements?)": _span("Y", "Cd"),
    r"5d[- ](?:transition[- ])?(?:metals?|elements?)": ("La", *_span("Hf", "Hg")),
    rf"rare[- ]earths?{_METALS}": RARE_EARTHS,
    rf"lanthan(?:ide|oid)s?{_METALS}": LANTHANIDES,
    rf"actin(?:ide|oid)s?{_METALS}": ACTINIDES,
    r"transuranics?(?:[- ](?:metals?|elements?))?": _span("Np", "Lr"),
    r"halogens?(?: atoms?| ions?)?": ("F", "Cl", "Br", "I", "At"),
    r"chalcogens?(?: atoms?| ions?)?": ("O", "S", "Se", "Te"),
    r"pnictogens?(?: atoms?| ions?)?": ("N", "P", "As", "Sb", "Bi"),
    r"(?:tetrels?|crystallogens?)(?: atoms?)?": ("C", "Si", "Ge", "Sn", "Pb"),
    r"metalloids?": ("B", "Si", "Ge", "As", "Sb", "Te"),
    r"noble[- ]gas(?:es)?": ("He", "Ne", "Ar", "Kr", "Xe", "Rn"),
    r"(?:noble|precious)[- ]metals?": (*PLATINUM_GROUP, "Ag", "Au"),
    r"refractory[- ]metals?": ("Nb", "Mo", "Ta", "W", "Re"),
    r"platinum[- ]group(?:[- ](?:metals?|elements?))?": PLATINUM_GROUP,
    r"coinage[- ]metals?": ("Cu", "Ag", "Au"),
    r"toxic(?: (?:elements?|metals?|heavy metals?))": TOXIC,
    r"radioactive(?: (?:elements?|metals?))": _RADIOACTIVE,
    **_numbered_groups(),
}
"""Elements by a regular expression for their name. Transition metals are the d block, groups 3 to 12."""

FAMILY_ELEMENTS: dict[str, tuple[str, ...]] = {
    **{name: (symbol,) for name, symbol in ANIONS.items()},
    "halide": ("F", "Cl", "Br", "I"),
}
"""What a compound of each family of `clip_mat.facts.families` cannot be without (one of)."""

ANION_CLASSES: dict[str, tuple[str, ...]] = {
    "chalcogenide": ("S", "Se", "Te"),
    "pnictide": ("N", "P", "As", "Sb", "Bi"),
}
"""Elements one of which a compound of these classes cannot be without."""

_FAMILIES: dict[str, tuple[str, ...]] = {
    r"(?:di|tri|poly)?chalcogenides?": ("sulfide", "selenide", "telluride"),
    r"(?:mono|di)?pnictides?": ("nitride", "phosphide", "arsenide", "antimonide"),
    r"ceramics?": ("oxide", "nitride", "carbide", "boride"),
    r"(?<!rock )(?<!rock-)(?<!table )salts?": ("halide",),
    r"(?<!super)(?<!super-)alloys?": ("intermetallic",),
}
"""Families by a regular expression for a word that stands for any of them."""

OXYANIONS: Mapping[str, str] = {
    "aluminate": "Al", "antimonate": "Sb", "arsenate": "As", "bismuthate": "Bi", "borate": "B", "carbonate": "C",
    "cerate": "Ce", "chlorate": "Cl", "chromate": "Cr", "chromite": "Cr", "cobaltate": "Co", "cobaltite": "Co",
    "cuprate": "Cu", "ferrite": "Fe", "gallate": "Ga", "germanate": "Ge", "hafnate": "Hf", "indate": "In",
    "iodate": "I", "iridate": "Ir", "lanthanate": "La", "manganate": "Mn", "manganite": "Mn", "molybdate": "Mo",
    "nickelate": "Ni", "niobate": "Nb", "nitrate": "N", "osmate": "Os", "perchlorate": "Cl", "perrhenate": "Re",
    "phosphate": "P", "plumbate": "Pb", "rhodate": "Rh", "ruthenate": "Ru", "scandate": "Sc", "selenate": "Se",
    "selenite": "Se", "silicate": "Si", "stannate": "Sn", "sulfate": "S", "sulfite": "S", "sulphate": "S",
    "sulphite": "S", "tantalate": "Ta", "tellurate": "Te", "tellurite": "Te", "titanate": "Ti", "tungstate": "W",
    "uranate": "U", "vanadate": "V", "wolframate": "W", "zincate": "Zn", "zirconate": "Zr",
}  # fmt: skip
"""The element beside oxygen in the anion of a salt."""
_TOGETHER: dict[str, tuple[str, ...]] = {
    "hydroxide": ("O", "H"),
    "carbonitride": ("C", "N"),
    "borocarbide": ("B", "C"),
    "cyanide": ("C", "N"),
    "borohydride": ("B", "H"),
    "tetraborohydride": ("B", "H"),
    "alanate": ("Al", "H"),
    "thiophosphate": ("P", "S"),
    **{
        f"oxy{name}": ("O", *FAMILY_ELEMENTS[name.replace("sulph", "sulf")])
        for name in ("fluoride", "chloride", "bromide", "iodide", "sulfide", "sulphide", "selenide", "telluride",
                     "nitride", "carbide")
    },
}  # fmt: skip
MIXED_CLASSES: Mapping[str, tuple[str, ...]] = {
    **{name: (symbol, "O") for name, symbol in OXYANIONS.items()},
    **_TOGETHER,
}
"""Elements that are all in a compound of a class: a phosphate, an oxynitride, a cyanide."""


@dataclass(frozen=True, slots=True)
class CompoundClass:
    """A word that stands for several elements or families.

    Attributes:
        start: First character.
        end: One past the last character.
        any_of: Elements one of which is there.
        all_of: Elements that are all there.
        families: Families of `clip_mat.facts.families`, one of which it is.
    """

    start: int
    end: int
    any_of: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


def find_classes(text: str) -> list[CompoundClass]:
    """Every such word that is not denied, in the order of the text; none overlap."""
    return [
        _meaning(match[0].lower(), *match.span())
        for match in _pattern().finditer(text)
        if not _DENIED.search(text, max(0, match.start() - 24), match.start())
    ]


_DENIED = re.compile(
    r"(?:(?<!\w)non-?|\b(?:no|not|without|neither|nor|excluding|except(?: for)?|free of|lacking)"
    r"(?: (?:an?|any|the|in the))?[ -])$",
    re.IGNORECASE,
)
NOT_MEANT = r"(?![A-Za-z0-9]|-(?:like|free|site|poor)| (?:free|bond|waste))"
"""Behind a word that would not speak of what the crystal is made of."""


@cache
def _pattern() -> re.Pattern[str]:
    words = [*GROUPS, *_FAMILIES, *(f"{name}s?" for name in MIXED_CLASSES), "oxyhalides?", "radioactive"]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(f'(?:{word})' for word in words)}){NOT_MEANT}", re.IGNORECASE)


def _meaning(word: str, start: int, end: int) -> CompoundClass:
    """What a word of `_pattern` stands for."""
    anion = OXYANIONS.get(word) or OXYANIONS.get(word.removesuffix("s"))
    if anion:
        return CompoundClass(start, end, all_of=(anion,), families=("oxide",))
    together = _TOGETHER.get(word) or _TOGETHER.get(word.removesuffix("s"))
    if together:
        return CompoundClass(start, end, all_of=together)
    if word.startswith("oxyhalide"):
        return CompoundClass(start, end, any_of=FAMILY_ELEMENTS["halide"], all_of=("O",))
    group = _RADIOACTIVE if word == "radioactive" else _find(GROUPS, word)
    return CompoundClass(
        start,
        end,
        any_of=tuple(symbol for symbol in group if symbol not in _SELDOM),
        families=_find(_FAMILIES, word),
    )


def _find(table: Mapping[str, tuple[str, ...]], word: str) -> tuple[str, ...]:
    return next((meant for pattern, meant in table.items() if re.fullmatch(pattern, word)), ())
