"""Numbers with units, and names that a text speaks of."""

from __future__ import annotations

import re

from clip_mat.language.mention import Found, Mention
from clip_mat.language.words import WORD_MENTIONS

_UNITS = {
    "eV/atom": r"ev ?(?:/|per ) ?atom",
    "meV/atom": r"mev ?(?:/|per ) ?atom",
    "eV": r"ev|electron ?volts?",
    "meV": r"mev",
    "GPa": r"gpa",
    "MPa": r"mpa",
    "nm": r"nm",
    "pm": r"pm",
    "Å": r"Å|angstroms?",
    "K": r"(?-i:K)|kelvins?",
    "°C": r"° ?c",
    "g/cm3": r"g ?/ ?cm(?:\^?3|³)|g ?cm-3",
    "atoms": r"atoms?|sites?",
}
_UNIT = "|".join(rf"(?P<u{place}>{pattern})" for place, pattern in enumerate(_UNITS.values()))
_UNIT_NAMES = tuple(_UNITS)
_DECIMAL = r"\d{1,6}(?:\.\d{1,6})?|\.\d{1,6}"
_QUANTITY = re.compile(
    rf"(?<![\w.])(?:(?P<low>{_DECIMAL}) ?(?:-|to|and|~) ?)?(?P<value>{_DECIMAL})[ -]?(?:{_UNIT})(?![A-Za-z0-9/])",
    re.IGNORECASE,
)


def find_quantities(text: str) -> Found:
    """Numbers with a unit; of "1 to 2 eV" each number has it."""
    for match in _QUANTITY.finditer(text):
        unit = next(name for place, name in enumerate(_UNIT_NAMES) if match[f"u{place}"])
        if match["low"]:
            yield Mention(match.start(), match.end("low"), "quantity", value=float(match["low"]), unit=unit)
        yield Mention(match.start("value"), match.end(), "quantity", value=float(match["value"]), unit=unit)


_WORD = re.compile(r"[A-Za-z]{3,}")
_VERB_LEAD = re.compile(r"(?:\bto|can|could|may|might|will|would|which|that|not) $", re.IGNORECASE)
_LEAD_TO = re.compile(r"[ -](?:to|in)\b", re.IGNORECASE)


def find_words(text: str) -> Found:
    """Names of elements, crystal systems and families of compounds."""
    for match in _WORD.finditer(text):
        word = match[0].lower()
        known = WORD_MENTIONS.get(word)
        if known is None:
            continue
        kind, name = known
        start, end = match.span()
        if kind != "element":
            yield Mention(start, end, kind, name=name)
        elif word != "lead" or not (_LEAD_TO.match(text, end) or _VERB_LEAD.search(text, max(0, start - 8), start)):
            yield Mention(start, end, "element", ((name, None),))
