"""Space-group symbols as people write them: ``Fm-3m``, ``Fm3m``, ``P6_3/mmc``, ``P 63/m m c``, ``Fd3̅m``, ``pnma``.

Symbols of every setting come from gemmi's table (Wojdyr, J. Open Source Softw. 7, 4200 (2022)). Full symbols, ``P 2_1/n
2_1/m 2_1/a``, and those with an e glide, which it lacks, come from spglib's (Togo, Shinohara & Tanaka, Sci. Technol.
Adv. Mater. Meth. 4, 2384822 (2024)). Both follow the International Tables for Crystallography, volume A.
"""

from __future__ import annotations

import re
import warnings
from functools import cache, lru_cache

from clip_mat.language.formula_parser import parse_formula

_BARS = "\u0303\u0304\u0305\u00af\u203e"
_DIGIT = (
    rf"(?:\$?(?:-|\\(?:bar|overline)\s?\{{?)[1-6]\}}?\$?|[1-6][{_BARS}]|[{_BARS}][1-6]"
    r"|[1-6](?:\$?_\{?[1-5]\}?\$?|\([1-5]\)|<sub>[1-5]</sub>|[1-5](?!_|<|\([1-5]\)))?)"
)
_AXIS = rf"(?:{_DIGIT}(?: ?/ ?[mnabcdeMNABCDE])?|[mnabcdeMNABCDE])"
_SYMBOL = re.compile(rf"([PIFRCABpifrcab][ _]?{_AXIS})( ?{_AXIS})?( ?{_AXIS})?(:?[HR]|:[12])?")

_RARE = re.compile("[/e]")
_SETTINGS = range(1, 531)
"""Hall numbers, by which spglib counts settings."""
_BARRED = re.compile(rf"\\(?:bar|overline)|[{_BARS}](?=\d)")
_BAR_BEHIND = re.compile(rf"([1-6])[{_BARS}]")
_NOISE = re.compile(r"[\s_${}()]|</?sub>|:?[HR]$(?<=.[HR])|:[12]$")
"""What does not tell groups apart: spaces, typesetting, and behind a symbol the choice of axes or origin."""
_DOUBTFUL = re.compile(r"(?!Cc|Pc)[A-Z][a-z1-6]|[BCI]21|[ABCFI]-1")
_SHORT = re.compile(r"[pifr][346][1-6m]|r3c|p2[12]")
"""In small letters as good as the real thing, since nothing else is written so."""
_EACH_COUNTED = re.compile(r"(?:[BCFIP]\d)(?:[A-Z][a-z]?\d)+")
"""In such capitals a formula that counts each element (``C1N1``), and no careless symbol."""
_WORDS = frozenset(["Imam"])
_ARTICLES = frozenset(["an", "in", "An", "In"])
"""Groups in some setting, were they not words: "crystallizes in an orthorhombic cell"."""


def find_symbol(text: str, start: int) -> tuple[int, int, bool] | None:
    """The longest symbol that begins at `start`.

    Returns:
        Where it ends, the international number, and whether the symbol alone can be trusted to mean a space group:
        ``Cm`` may be curium and ``P1`` an atom of phosphorus. None where no symbol of any setting stands.
    """
    match = _SYMBOL.match(text, start)
    if match is None:
        return None
    ends = [match.end(part) for part in (4, 3, 2, 1) if match.end(part) > 0]
    slash = text.find(" /", start, match.end())
    if slash > 0:  # of "P-1 / AB2O4" the stroke is no part
        ends = sorted([*ends, slash], reverse=True)
    for end in ends:
        if not re.match(r"\w", text[end : end + 1]) and (found := _read(text[start:end])):
            return end, *found
    return None


@lru_cache(maxsize=16384)
def _read(text: str) -> tuple[int, bool] | None:
    if text in _ARTICLES:
        return None
    key = _NOISE.sub("", _BARRED.sub("-", _BAR_BEHIND.sub(r"-\1", text)))
    number = _number_of(key)
    if number is not None:
        return number, not (_DOUBTFUL.fullmatch(key) or key in _WORDS)
    if " " in text.replace(" / ", "/") or _EACH_COUNTED.fullmatch(key) or _is_formula(key):
        return None
    sloppy = key[0].upper() + key[1:].lower()
    number = None if sloppy in _WORDS else _number_of(sloppy)
    sure = len(key) > 3 or re.search("[-/]", key) is not None or _SHORT.fullmatch(key) is not None
    return None if number is None else (number, sure)


def _is_formula(key: str) -> bool:
    """Whether capitals and small letters stand as in a formula of several elements: of PbMn, not of PBMN."""
    return not (key.isupper() or key.islower()) and len(parse_formula(key) or ()) > 1


def _number_of(symbol: str) -> int | None:
    number = _symbols().get(symbol)
    return _rare_symbols().get(symbol) if number is None and _RARE.search(symbol) else number


@cache
def _symbols() -> dict[str, int]:
    """Number by symbol without spaces; all settings, long and short, and cubic ones without their bar."""
    import gemmi

    symbols: dict[str, int] = {}
    for group in gemmi.spacegroup_table():
        long = group.hm.replace(" ", "")
        symbols.setdefault(long, group.number)
        symbols.setdefault(group.short_name(), group.number)
        if group.number >= 195 and "-3" in long:
            symbols.setdefault(long.replace("-3", "3"), group.number)
    return symbols


@cache
def _rare_symbols() -> dict[str, int]:
    """Number by symbol without spaces: full symbols, e glides, and what else gemmi lacks."""
    import spglib

    symbols: dict[str, int] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # spglib's, of how it will tell errors one day
        kinds = [spglib.get_spacegroup_type(setting) for setting in _SETTINGS]
    for kind in filter(None, kinds):
        for symbol in (kind.international_short, kind.international_full, *kind.international.split("=")):
            written = symbol.replace(" ", "").replace("_", "")
            if _RARE.search(written):  # others, like Pb, mean something else to most people
                symbols.setdefault(written, kind.number)
    return symbols
