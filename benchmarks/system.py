"""What a system has to offer to be measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol


@dataclass(frozen=True, slots=True)
class Found:
    """A passage by its place: file name and physical pages, from 1."""

    file: str
    pages: tuple[int, ...]


class System(Protocol):
    """A way from papers to passages.

    Making one loads and warms its encoder; ``folder`` is empty and its own.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path) -> None: ...

    def parse(self, paths: Sequence[Path]) -> int:
        """Read the papers and throw the text away; returns the number of pages."""
        ...

    def ingest(self, paths: Sequence[Path]) -> None:
        """Read, split, embed and store, up to where the first question can be asked."""
        ...

    def search(self, query: str, k: int) -> Sequence[Found]:
        """The best ``k`` passages."""
        ...
