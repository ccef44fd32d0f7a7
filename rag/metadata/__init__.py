"""Bibliographic metadata, read offline from the papers themselves and from BibTeX files beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.metadata.record import Author, Paper

if TYPE_CHECKING:
    from rag.metadata.bib import find_bib
    from rag.metadata.infer import infer_paper

__all__ = ["Author", "Paper", "find_bib", "infer_paper"]


def __getattr__(name: str) -> Any:
    """Import the readers at their first use: who only handles records need not wait for their patterns."""
    if name == "find_bib":
        from rag.metadata.bib import find_bib

        return find_bib
    if name == "infer_paper":
        from rag.metadata.infer import infer_paper

        return infer_paper
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
