"""Units of measurement: their size in SI and their dimension, also of products such as ``mA cm^-2`` or ``kJ/mol``."""

from __future__ import annotations

import re
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

Dimension: TypeAlias = tuple[tuple[str, int], ...]
"""Base dimensions with their exponents, in alphabetical order: ``(("length", 1), ("time", -1))``."""

_AVOGADRO = 6.02214076e23
_ELECTRON = 1.602176634e-19
_ENERGY = {"mass": 1, "length": 2, "time": -2}
_BASES: dict[str, tuple[float, dict[str, int]]] = {
    "m": (1.0, {"length": 1}),
    "g": (1e-3, {"mass": 1}),
    "s": (1.0, {"time": 1}),
    "A": (1.0, {"current": 1}),
    "K": (1.0, {"temperature": 1}),
    "mol": (_AVOGADRO, {}),
    "M": (_AVOGADRO * 1e3, {"length": -3}),
    "L": (1e-3, {"length": 3}),
    "l": (1e-3, {"length": 3}),
    "eV": (_ELECTRON, _ENERGY),
    "J": (1.0, _ENERGY),
    "cal": (4.184, _ENERGY),
    "Wh": (3600.0, _ENERGY),
    "W": (1.0, {"mass": 1, "length": 2, "time": -3}),
    "V": (1.0, {"mass": 1, "length": 2, "time": -3, "current": -1}),
    "C": (1.0, {"current": 1, "time": 1}),
    "Ah": (3600.0, {"current": 1, "time": 1}),
    "F": (1.0, {"mass": -1, "length": -2, "time": 4, "current": 2}),
    "Ω": (1.0, {"mass": 1, "length": 2, "time": -3, "current": -2}),
    "S": (1.0, {"mass": -1, "length": -2, "time": 3, "current": 2}),
    "T": (1.0, {"mass": 1, "time": -2, "current": -1}),
    "N": (1.0, {"mass": 1, "length": 1, "time": -2}),
    "Pa": (1.0, {"mass": 1, "length": -1, "time": -2}),
    "bar": (1e5, {"mass": 1, "length": -1, "time": -2}),
    "Hz": (1.0, {"time": -1}),
    "FLOPS": (1.0, {"operation": 1, "time": -1}),
    "B": (8.0, {"information": 1}),
    "Da": (1.66053907e-27, {"mass": 1}),
}
_PREFIXES = {
    "f": 1e-15,
    "p": 1e-12,
    "n": 1e-9,
    "μ": 1e-6,
    "u": 1e-6,
    "m": 1e-3,
    "c": 1e-2,
    "d": 1e-1,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
}
_PREFIXED = {
    "m": "fpnμumcdk",
    "g": "nμumk",
    "s": "fpnμum",
    "A": "pnμumk",
    "K": "m",
    "mol": "nμumk",
    "M": "nμum",
    "L": "nμum",
    "l": "nμum",
    "eV": "μmkMGT",
    "J": "nμumkMGT",
    "cal": "k",
    "Wh": "mkMGT",
    "W": "nμumkMGT",
    "V": "nμumkM",
    "C": "nμum",
    "Ah": "mk",
    "F": "fpnμum",
    "Ω": "μmkMG",
    "S": "nμum",
    "T": "nμum",
    "N": "nμumkM",
    "Pa": "mkMGT",
    "bar": "mk",
    "Hz": "mkMGT",
    "FLOPS": "MGTP",
    "B": "kMGTP",
    "Da": "kM",
}
_PRESSURE = {"mass": 1, "length": -1, "time": -2}
_OTHERS: dict[str, tuple[float, dict[str, int]]] = {
    "%": (0.01, {}),
    "wt%": (0.01, {"by weight": 1}),
    "wt.%": (0.01, {"by weight": 1}),
    "at%": (0.01, {"by atoms": 1}),
    "at.%": (0.01, {"by atoms": 1}),
    "mol%": (0.01, {"by moles": 1}),
    "vol%": (0.01, {"by volume": 1}),
    "percent": (0.01, {}),
    "per cent": (0.01, {}),
    "‰": (1e-3, {}),
    "ppm": (1e-6, {}),
    "ppb": (1e-9, {}),
    "Å": (1e-10, {"length": 1}),
    "\u212b": (1e-10, {"length": 1}),
    "min": (60.0, {"time": 1}),
    "mins": (60.0, {"time": 1}),
    "h": (3600.0, {"time": 1}),
    "hr": (3600.0, {"time": 1}),
    "hrs": (3600.0, {"time": 1}),
    "°": (0.017453293, {"angle": 1}),
    "rad": (1.0, {"angle": 1}),
    "atm": (101325.0, _PRESSURE),
    "Torr": (133.322, _PRESSURE),
    "mmHg": (133.322, _PRESSURE),
    "mTorr": (0.133322, _PRESSURE),
    "psi": (6894.76, _PRESSURE),
    "Ry": (13.605693 * _ELECTRON, _ENERGY),
    "Ha": (27.211386 * _ELECTRON, _ENERGY),
    "amu": (1.66053907e-27, {"mass": 1}),
    "u": (1.66053907e-27, {"mass": 1}),
    "kB": (1.380649e-23, {**_ENERGY, "temperature": -1}),
    "μB": (9.2740e-24, {"current": 1, "length": 2}),
    "atom": (1.0, {"atom": 1}),
    "sun": (1.0, {"sun": 1}),
    "suns": (1.0, {"sun": 1}),
    "dB": (1.0, {"decibel": 1}),
    "rpm": (1 / 60, {"turn": 1, "time": -1}),
    "ML": (1.0, {"monolayer": 1}),
    "ha": (1e4, {"length": 2}),
    "GFLOPs": (1e9, {"operation": 1}),
    "bit": (1.0, {"information": 1}),
    "bits": (1.0, {"information": 1}),
    "bytes": (8.0, {"information": 1}),
}
_SPELLED = {
    "meter": "m", "metre": "m", "gram": "g", "second": "s", "ampere": "A", "kelvin": "K", "mole": "mol",
    "molar": "M", "liter": "L", "litre": "L", "electronvolt": "eV", "electron volt": "eV", "electron-volt": "eV",
    "joule": "J", "calorie": "cal", "watt": "W", "volt": "V", "coulomb": "C", "farad": "F", "ohm": "Ω", "siemens": "S",
    "tesla": "T", "newton": "N", "pascal": "Pa", "hertz": "Hz", "dalton": "Da", "byte": "B",
}  # fmt: skip
_SPELLED_PREFIXES = {
    "femto": 1e-15, "pico": 1e-12, "nano": 1e-9, "micro": 1e-6, "milli": 1e-3, "centi": 1e-2, "kilo": 1e3, "mega": 1e6,
    "giga": 1e9, "tera": 1e12,
}  # fmt: skip
_WORDS: dict[str, tuple[float, dict[str, int]]] = {
    "minute": (60.0, {"time": 1}),
    "hour": (3600.0, {"time": 1}),
    "day": (86400.0, {"time": 1}),
    "week": (7 * 86400.0, {"time": 1}),
    "month": (30.44 * 86400.0, {"time": 1}),
    "year": (365.25 * 86400.0, {"time": 1}),
    "micron": (1e-6, {"length": 1}),
    "angstrom": (1e-10, {"length": 1}),
    "ångström": (1e-10, {"length": 1}),
    "degree": (0.017453293, {"angle": 1}),
    "atmosphere": (101325.0, _PRESSURE),
    "monolayer": (1.0, {"monolayer": 1}),
}
_FAHRENHEIT = 5 / 9


def _all_units() -> dict[str, tuple[float, dict[str, int]]]:
    units = dict(_OTHERS)
    for base, (size, dimension) in _BASES.items():
        units.setdefault(base, (size, dimension))
        for prefix in _PREFIXED[base]:
            units.setdefault(prefix + base, (_PREFIXES[prefix] * size, dimension))
    for word, base in _SPELLED.items():
        size, dimension = _BASES[base]
        plural = "" if word.endswith(("s", "z")) else "s"
        for name in {word, word + plural}:
            units[name] = (size, dimension)
            for prefix, factor in _SPELLED_PREFIXES.items():
                units.setdefault(prefix + name, (factor * size, dimension))
    for word, known in _WORDS.items():
        units[word] = units[word + "s"] = known
    return units


_UNITS = _all_units()
_TEMPERATURES = MappingProxyType(
    {
        **dict.fromkeys(("°C", "° C", "℃", "ºC", "degrees Celsius", "degree Celsius", "oC"), (1.0, 273.15)),
        **dict.fromkeys(("°F", "℉", "degrees Fahrenheit"), (_FAHRENHEIT, 273.15 - 32 * _FAHRENHEIT)),
    }
)
_ONE = "(?:" + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True)) + r")(?![A-Za-z])"
_EXPONENT = r"(?:\s?\^\s?\{?[-+]?\d\}?|[-+]\d(?!\d)|[23](?!\d))?"
_FACTOR = _ONE + _EXPONENT
_TEMPERATURE = "|".join(sorted(map(re.escape, _TEMPERATURES), key=len, reverse=True))
UNIT_PATTERN = rf"(?:(?:{_TEMPERATURE})(?![A-Za-z])|{_FACTOR}(?:(?:\s?[·*/]\s?|\s?per\s|\s)(?:{_ONE}{_EXPONENT}))*)"
"""Regular expression of a unit or a product of units."""
_PIECE = re.compile(rf"(?P<joint>\s?[·*]\s?|\s?/\s?|\s?per\s|\s)?(?P<name>{_ONE})(?P<exponent>{_EXPONENT})")


@lru_cache(maxsize=2048)
def parse_unit(text: str) -> tuple[float, Dimension, float] | None:
    """Size in SI, dimension, and offset (of °C and °F, in kelvin) of a unit; None if it is none.

    Args:
        text: Like ``meV/atom``, ``mA cm^-2``, ``cm2 V-1 s-1``, ``degrees Celsius``.
    """
    if text in _TEMPERATURES:
        size, offset = _TEMPERATURES[text]
        return size, (("temperature", 1),), offset
    total: dict[str, int] = {}
    size, place = 1.0, 0
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            return None
        exponent = int(re.sub(r"[^-\d]", "", piece["exponent"]) or 1)
        if piece["joint"] and piece["joint"].strip() in ("/", "per"):
            exponent = -exponent
        factor, dimension = _UNITS[piece["name"]]
        size *= factor**exponent
        for base, power in dimension.items():
            total[base] = total.get(base, 0) + power * exponent
        place = piece.end()
    return size, tuple(sorted((base, power) for base, power in total.items() if power)), 0.0
