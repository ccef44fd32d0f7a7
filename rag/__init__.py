"""Ask the literature: papers in, page-exact cited answers out.

>>> from rag import PaperLibrary
>>> papers = PaperLibrary("papers.db")                                    # doctest: +SKIP
>>> papers.add("reviews/")                                                # doctest: +SKIP
>>> papers.ask("Are temperature effects important for defects?")          # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError, ModelError, QuestionError, RagError, UnreadableDocument, UnsafeDocument

if TYPE_CHECKING:
    from rag.library import PaperLibrary

__all__ = [
    "LibraryError",
    "ModelError",
    "PaperLibrary",
    "QuestionError",
    "RagError",
    "UnreadableDocument",
    "UnsafeDocument",
]


def __getattr__(name: str) -> Any:
    if name == "PaperLibrary":
        from rag.library import PaperLibrary

        return PaperLibrary
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
