"""Bibliographic metadata, read offline from the papers themselves and from BibTeX files beside them."""

from __future__ import annotations

from rag.metadata.bib import find_bib
from rag.metadata.infer import infer_paper
from rag.metadata.record import Author, Paper

__all__ = ["Author", "Paper", "find_bib", "infer_paper"]
