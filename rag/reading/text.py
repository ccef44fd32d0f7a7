"""Characters: what a reader sees of them, and what two readers agree on."""

from __future__ import annotations

import re
import unicodedata

UNKNOWN, UNKNOWN_MINUS, UNKNOWN_DEGREE, UNKNOWN_RING = "\uf8f0", "\uf8f1", "\uf8f2", "\uf8f3"
"""Private marks inside this package: glyphs without a character, and three that can be told by their shape:
a minus sign, a degree sign, and an A with a ring."""

SUPERSCRIPT = str.maketrans("0123456789+-−–\uf8f1=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁻⁼⁽⁾ⁿⁱ")
SUBSCRIPT = str.maketrans("0123456789+-−–\uf8f1=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")

DASHES = "-\u00ad\u02d7\u058a\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u207b\u208b\u2212\ufe58\ufe63\uff0d"
_DASH_OR_SPACE = re.compile(rf"[\s{re.escape(DASHES)}\u200b\u200c\u200d\u2060\ufeff]+")

# Accents that stand as characters of their own, and what they are on a letter.
COMBINING = {
    "\u00b4": "\u0301",
    "\u02ca": "\u0301",
    "\u0060": "\u0300",
    "\u02cb": "\u0300",
    "\u00a8": "\u0308",
    "\u02c6": "\u0302",
    "\u02dc": "\u0303",
    "\u02c7": "\u030c",
    "\u02d8": "\u0306",
    "\u02da": "\u030a",
    "\u00b8": "\u0327",
    "\u02dd": "\u030b",
}

_READABLE = str.maketrans(
    {
        UNKNOWN: "\ufffd",
        UNKNOWN_MINUS: "−",
        UNKNOWN_DEGREE: "°",
        UNKNOWN_RING: "Å",
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
        "\u00a0": " ",
        "\u2002": " ",
        "\u2003": " ",
        "\u2009": " ",
        "\u200a": " ",
        "\u202f": " ",
        "\u2126": "Ω",
        "\u212b": "Å",
        "\u00b5": "μ",
        "\u2010": "-",
        "\u2011": "-",
        "\u00ad": None,
    }
)

# Escape sequences first, whole; then any control, format, surrogate or private character that is left.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # control sequences
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # strings for the terminal
    r"|\x1b.?"
)
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def word_list(text: str) -> frozenset[str]:
    """The words of a list that is easier to read as prose."""
    return frozenset(text.split())


def strip_controls(text: str) -> str:
    """Text without terminal escape codes, control, direction-changing and invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSEEN.sub("", _ESCAPES.sub("", text))


def one_line(text: str) -> str:
    """``strip_controls`` with every run of white space as one blank."""
    return " ".join(strip_controls(text).split())


def readable(text: str) -> str:
    """Ligatures, exotic blanks and compatibility letters as a reader would type them; no private marks."""
    if text.isascii():
        return text
    text = text.translate(_READABLE)
    return unicodedata.normalize("NFC", text)


def normalise_quote(text: str) -> str:
    """What two independent readers of one page agree on: NFKC, without white space and dashes.

    Two quotes are the same where their normal forms are equal; a quote stands on a page where its
    normal form is a substring of the page's.
    """
    if text.isascii():
        return _DASH_OR_SPACE.sub("", text)
    # Twice, because an accent can meet its letter when the blank between them has gone.
    return unicodedata.normalize("NFKC", _DASH_OR_SPACE.sub("", unicodedata.normalize("NFKC", text)))
