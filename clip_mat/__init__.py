"""Crystals and text in one space.

>>> from clip_mat import SentenceEncoder
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clip_mat.errors import ClipMatError, WeightsError

if TYPE_CHECKING:
    from clip_mat.sentence_encoder import SentenceEncoder

__all__ = ["ClipMatError", "SentenceEncoder", "WeightsError"]


def __getattr__(name: str) -> Any:
    if name == "SentenceEncoder":
        from clip_mat.sentence_encoder import SentenceEncoder

        return SentenceEncoder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
