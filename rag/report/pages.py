"""The pages that an answer cites, with the quotes marked: pictures of PDF pages, the text of text files.

Files are drawn in a child process under limits, as they are read: they come from strangers.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Any

from clip_mat.files import write_file
from clip_mat.limited import LimitBroken, LimitedProcess, path_to_json
from rag.answers import Answer, Source, Support
from rag.reading.text import strip_controls
from rag.report.limits import DrawLimits
from rag.report.marked import Piece

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CitedPage:
    """A page with its quotes marked; notebooks show it.

    Attributes:
        key: Citation key of the paper.
        file: Its file name.
        page: Physical page, from 1.
        label: Page number as printed, or None.
        png: The picture, of a PDF.
        pieces: The text, of a text file; those that are quoted are flagged.
        note: Why there is neither, in one line; else "".
    """

    key: str
    file: str
    page: int
    label: str | None
    png: bytes = field(default=b"", repr=False)
    pieces: tuple[Piece, ...] = field(default=(), repr=False)
    note: str = ""

    @property
    def name(self) -> str:
        """``Mosquera2023-page-5``: safe as the name of a file and as an anchor, whatever the key."""
        return f"{re.sub(r'[^A-Za-z0-9]+', '-', self.key)}-page-{self.page}"

    @property
    def title(self) -> str:
        """``Mosquera2023 page 5 (printed 212)``."""
        printed = f" (printed {self.label})" if self.label not in (None, str(self.page)) else ""
        return f"{self.key} page {self.page}{printed}"

    @property
    def html(self) -> str:
        """The page as an element that needs no other file."""
        if self.png:
            source = f"data:image/png;base64,{base64.b64encode(self.png).decode('ascii')}"
            return f'<img alt="{harmless(self.title)}, quotes marked" style="max-width:100%" src="{source}">'
        if self.pieces:
            text = "".join(f"<mark>{harmless(t)}</mark>" if quoted else harmless(t) for t, quoted in self.pieces)
            return f"<pre>{text}</pre>"
        return f"<p>{harmless(self.note)}</p>"

    def save(self, folder: Path) -> Path | None:
        """Write it into a folder, as PNG or, if it is text, as HTML; None where there is nothing to show."""
        if self.png:
            return write_file(folder / f"{self.name}.png", self.png)
        if self.pieces:
            text = _TEXT_PAGE.format(title=harmless(self.title), body=self.html)
            return write_file(folder / f"{self.name}.html", text)
        return None

    def _repr_html_(self) -> str:
        return f"<p>{harmless(self.title)}</p><div style='max-width:56em'>{self.html}</div>"


def harmless(text: str) -> str:
    """Text for HTML in which it is nothing but text: no markup, nothing invisible, nothing that turns its direction."""
    return escape(strip_controls(text))


_TEXT_PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>:root{{color-scheme:light dark}}body{{max-width:48em;margin:2em auto;padding:0 1em}}pre{{white-space:pre-wrap;\
font:inherit}}mark{{background:#ffde4a;color:black}}</style>
<h1>{title}</h1>
{body}
</html>
"""


def write_pages(answer: Answer, folder: Path | str, *, pages: Sequence[CitedPage] | None = None) -> list[Path]:
    """Write every page that an answer cites as ``KEY-page-N.png`` (of text files ``.html``), its quotes marked.

    Args:
        answer: With its references.
        folder: Where to; made where it is missing.
        pages: What `draw_pages` gave, if they are drawn already.

    Returns:
        The files, in the order of first citation.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)  # also where no page can be shown
    written = (page.save(folder) for page in (draw_pages(answer) if pages is None else pages))
    return [path for path in written if path is not None]


def draw_pages(
    answer: Answer, *, only: tuple[str, int] | None = None, limits: DrawLimits | None = None
) -> list[CitedPage]:
    """Every page that an answer cites, once each, in the order of first citation.

    A page that cannot be drawn, because its file has moved or changed or breaks a limit, holds a note instead, which is
    also told in one line of the log, once a file.

    Args:
        answer: With its references.
        only: Key and page of the one that is wanted.
        limits: Of each page.
    """
    sources = {reference.key: reference.source for reference in answer.references}
    cited: dict[tuple[str, int], list[Support]] = {}
    for support in answer.supports:
        if only in (None, (support.key, support.page)):
            cited.setdefault((support.key, support.page), []).append(support)
    with _Drawer(limits or DrawLimits()) as drawer:
        pages = [drawer.draw(quotes, sources.get(key)) for (key, _), quotes in cited.items()]
    for note in dict.fromkeys(page.note for page in pages if page.note):
        logger.warning("%s", note)
    return pages


class _Drawer:
    """Draws one page after the other, in a child process that is replaced when it dies."""

    def __init__(self, limits: DrawLimits) -> None:
        self._limits = limits
        self._process: LimitedProcess | None = None

    def __enter__(self) -> _Drawer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()

    def draw(self, quotes: Sequence[Support], source: Source | None) -> CitedPage:
        """The page on which some quotes stand."""
        first = quotes[0]
        where = first.key, first.file, first.page, first.label
        if source is None:
            return CitedPage(*where, note=f"{first.file}: where it lies is not known, so its pages are not shown")
        request = {
            "path": path_to_json(source.path),
            "sha256": source.sha256,
            "page": first.page,
            "boxes": [[b.x0, b.y0, b.x1, b.y1] for quote in quotes for b in quote.boxes],
            "quotes": [quote.quote for quote in quotes],
            "limits": asdict(self._limits),
        }
        if not source.path.is_file():
            reason = f"is not at {source.path} any more", "take it in again from where it is now"
            return CitedPage(*where, note=_note(first.file, *reason))
        try:
            answer = self._ask(request)
            if "error" in answer:
                return CitedPage(*where, note=_note(first.file, str(answer["error"]), str(answer["remedy"])))
            png = base64.b64decode(answer.get("png", ""), validate=True)
            return CitedPage(*where, png=png, pieces=tuple(_read_pieces(answer.get("pieces", []))))
        except LimitBroken as broken:
            return CitedPage(*where, note=_note(first.file, broken.reason, broken.remedy))
        except (ValueError, TypeError) as error:
            return CitedPage(*where, note=_note(first.file, f"was drawn as nonsense: {error}", "it may be an attack"))

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._process is None or not self._process.alive:
            if self._process is not None:
                self._process.kill()
            self._process = LimitedProcess("rag.report.child")
        self._process.send(request)
        return self._process.receive(self._limits.seconds)


def _note(file: str, reason: str, remedy: str) -> str:
    return f"{file}: {reason}, so its pages are not shown ({remedy})"


def _read_pieces(rows: list[list[Any]]) -> Iterator[Piece]:
    for text, quoted in rows:
        yield str(text), bool(quoted)
