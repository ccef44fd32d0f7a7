"""Does a passage say what a sentence says?

>>> from rag.verify import Verifier
>>> verifier = Verifier.load()                                            # doctest: +SKIP
>>> verifier.check([("The gap is 1.6 eV.", ["We find a gap of 1600 meV."])])    # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.verify.verdict import Verdict

if TYPE_CHECKING:
    from rag.verify.verifier import Verifier, contradicts

__all__ = ["Verdict", "Verifier", "contradicts"]


def __getattr__(name: str) -> Any:
    if name in ("Verifier", "contradicts"):
        from rag.verify import verifier

        return getattr(verifier, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
