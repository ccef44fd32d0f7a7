"""This project, as :mod:`benchmarks.worker` measures it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from benchmarks.system import Found
from rag.documents import Document


class Ours:
    """The paper library with its defaults."""

    name: ClassVar[str] = "clip-mat"

    def __init__(self, folder: Path) -> None:
        from rag.library import PaperLibrary

        self.library = PaperLibrary(folder / "papers.db")
        self.library.encoder.encode(["warm"])

    def parse(self, paths: Sequence[Path]) -> int:
        from rag.reading import read_many

        return sum(len(outcome.pages) for _, outcome in read_many(paths) if isinstance(outcome, Document))

    def ingest(self, paths: Sequence[Path]) -> None:
        self.library.add(paths)

    def search(self, query: str, k: int) -> list[Found]:
        return [Found(passage.file, tuple(passage.pages)) for passage in self.library.passages(query, k)]
