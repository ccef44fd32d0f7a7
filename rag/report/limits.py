"""How much one page may cost to draw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrawLimits:
    """Bounds on drawing one page.

    Attributes:
        seconds: Wall-clock time.
        memory_mb: Address space of the process that draws.
        dots_per_inch: Resolution of an ordinary page.
        pixels: Most in a picture; a larger page (a poster, an attack) is drawn smaller.
        characters: Most of a text file's page that are shown, around the quotes.
    """

    seconds: float = 30.0
    memory_mb: int = 2048
    dots_per_inch: float = 144.0
    pixels: int = 4_000_000
    characters: int = 6_000
