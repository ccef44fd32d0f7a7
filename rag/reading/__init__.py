"""PDF, txt and md files to ``rag.documents.Document``, each parsed in a child process."""

from __future__ import annotations

from rag.reading.codec import decode_document, encode_document
from rag.reading.limits import Limits
from rag.reading.sandbox import SUFFIXES, ReaderPool, read_document, read_many
from rag.reading.text import normalise_quote

__all__ = [
    "SUFFIXES",
    "Limits",
    "ReaderPool",
    "decode_document",
    "encode_document",
    "normalise_quote",
    "read_document",
    "read_many",
]
