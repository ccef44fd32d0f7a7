"""How much time and memory one file may cost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on reading one file.

    Attributes:
        seconds: Processor time for any file; by the clock it may take five times as long, on a busy machine.
        seconds_per_page: What every page adds to it.
        memory_mb: Address space of the process that parses.
        pages: Longest PDF that is read.
        megabytes: Largest file that is read.
    """

    seconds: float = 60.0
    seconds_per_page: float = 0.2
    memory_mb: int = 2048
    pages: int = 5000
    megabytes: int = 512
