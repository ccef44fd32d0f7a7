"""Everything ``rag`` raises on purpose.

RagError
 +- UnreadableDocument    a file that cannot be read as a paper; says which file, why, and what to do
 |   +- UnsafeDocument    reading it broke a limit on time or memory, or looked like an attack
 +- LibraryError          a paper library that cannot be opened or used as asked
 +- QuestionError         a question or query that cannot be answered as it stands
 +- ModelError            a language model that cannot be used as asked: a package, a key or its name is to be mended
     +- ModelSilent       one that gave no answer this time: too slow, overloaded, not reachable
"""

from __future__ import annotations

from pathlib import Path


class RagError(Exception):
    """Base class of every error that ``rag`` raises on purpose."""


class UnreadableDocument(RagError):
    """A file that cannot be read as a paper.

    Args:
        path: The file.
        reason: Why, in words that end a sentence beginning with the file's name.
        remedy: What the user can do about it; may be empty.
    """

    def __init__(self, path: Path | str, reason: str, remedy: str = "") -> None:
        self.path = Path(path)
        self.reason = reason
        self.remedy = remedy
        super().__init__(f"{self.path.name}: {reason}" + (f" ({remedy})" if remedy else ""))

    def __reduce__(self) -> tuple[type[UnreadableDocument], tuple[Path, str, str]]:
        return type(self), (self.path, self.reason, self.remedy)


class UnsafeDocument(UnreadableDocument):
    """Reading the file broke a limit on time or memory."""


class LibraryError(RagError):
    """A paper library that cannot be opened or used as asked."""


class QuestionError(RagError):
    """A question or query that cannot be answered as it stands."""


class ModelError(RagError):
    """A language model that cannot be used as asked."""


class ModelSilent(ModelError):
    """A language model that gave no answer this time; another time it may."""
