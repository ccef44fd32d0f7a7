from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.documents import Document
from rag.reading.limits import Limits
from rag.reading.parse import parse


@pytest.fixture
def read_bytes(tmp_path: Path) -> Callable[..., Document]:
    """Parse bytes in this process, for tests of what is read rather than of the sandbox."""

    def read(data: bytes, name: str = "paper.pdf") -> Document:
        path = tmp_path / name
        path.write_bytes(data)
        return parse(path, Limits())

    return read


@pytest.fixture(scope="session")
def papers() -> list[Path]:
    """The shared papers, where they are at hand."""
    folder = Path(__file__).parents[4] / "shared" / "data" / "papers"
    found = sorted(folder.glob("*.pdf"))
    if not found:
        pytest.skip("the shared papers are not at ../shared/data/papers")
    return found


@pytest.fixture(scope="session")
def poppler() -> Callable[[Path], list[list[str]]]:
    """Text of every page as poppler's pdftotext reads it, in its own order and in stream order."""
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")

    def read(path: Path) -> list[list[str]]:
        modes: tuple[list[str], ...] = ([], ["-raw"])
        outputs = [
            subprocess.run([program, *mode, str(path), "-"], capture_output=True, check=True).stdout for mode in modes
        ]
        return [output.decode("utf-8", "replace").split("\f") for output in outputs]

    return read
