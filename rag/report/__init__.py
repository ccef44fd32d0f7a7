"""An answer that can be checked at a glance: the pages that it cites with the quotes marked, and a report.

>>> from rag.report import write_html, write_pages
>>> write_pages(answer, "pages/")                       # doctest: +SKIP
>>> write_html(answer, "answer.html")                   # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.report.html import html_report, write_html
    from rag.report.limits import DrawLimits
    from rag.report.pages import CitedPage, draw_pages, write_pages

__all__ = ["CitedPage", "DrawLimits", "draw_pages", "html_report", "write_html", "write_pages"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rag.report import html, pages

    return getattr(html if "html" in name else pages, name)
