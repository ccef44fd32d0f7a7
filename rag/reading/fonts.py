"""The fonts of a PDF, and what text set in them looks like."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium

_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|-bd|[.\-_]bi?$")
_FORCE_BOLD = 1 << 18
_OPAQUE = re.compile(r"^(?:Adv\w+|[A-Za-z]{0,2}\d{1,3})$")


@dataclass(frozen=True, slots=True)
class Style:
    """What is constant over one text object.

    Attributes:
        size: Points.
        angle: Quarter turns, None where the text is oblique.
        rise, fall: Ascent and descent of the font at this size, points; ``fall`` is negative.
    """

    font: str
    size: float
    bold: bool
    angle: int | None
    rise: float
    fall: float


@dataclass(frozen=True, slots=True)
class Font:
    """``rise`` and ``fall``: ascent and descent in ems."""

    name: str
    bold: bool
    rise: float
    fall: float


NO_FONT = Font("", False, 0.95, -0.35)


def describe_font(font: Any) -> Font:
    """Name, weight and extent of one of PDFium's fonts."""
    buffer = ctypes.create_string_buffer(256)
    size = pdfium.FPDFFont_GetBaseFontName(font, buffer, 256)
    name = buffer.value.decode("utf-8", "replace") if 0 < size <= 256 else ""
    name = name.split("+", 1)[-1]
    forced = bool(pdfium.FPDFFont_GetFlags(font) & _FORCE_BOLD)
    # The weight is a guess from the stem width: good enough only where the name says nothing.
    heavy = bool(_OPAQUE.match(name)) and pdfium.FPDFFont_GetWeight(font) >= 700
    rise, fall = ctypes.c_float(), ctypes.c_float()
    pdfium.FPDFFont_GetAscent(font, 1000.0, rise)
    pdfium.FPDFFont_GetDescent(font, 1000.0, fall)
    # The bounds that PDF readers put on what careless producers write.
    ascent = min(rise.value / 1000, 1.05) or NO_FONT.rise
    descent = max(-abs(fall.value) / 1000, -0.4) or NO_FONT.fall
    return Font(name, bool(_BOLD.search(name.lower())) or forced or heavy, ascent, descent)
