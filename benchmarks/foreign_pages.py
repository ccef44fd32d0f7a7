"""The text of papers as other people's readers have it: pypdf, and poppler's ``pdftotext`` where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def read_pages(paths: Sequence[Path]) -> dict[tuple[str, int], tuple[str, ...]]:
    """Every page of the papers as pypdf reads it, and as poppler does where it is installed."""
    from pypdf import PdfReader

    pages: dict[tuple[str, int], tuple[str, ...]] = {}
    for path in paths:
        texts = [page.extract_text() for page in PdfReader(path).pages]
        others = _poppler(path, len(texts))
        for number, text in enumerate(texts, start=1):
            pages[path.name, number] = (text, *(other[number - 1] for other in others))
    return pages


def _poppler(path: Path, count: int) -> list[list[str]]:
    """Texts of all pages in poppler's two orders; nothing where it is not installed."""
    if not shutil.which("pdftotext"):
        return []
    readings = []
    for options in ((), ("-raw",)):
        command = ["pdftotext", "-enc", "UTF-8", *options, str(path.resolve()), "-"]
        text = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", errors="replace")
        pages = text.split("\f")
        readings.append((pages + [""] * count)[:count])
    return readings
