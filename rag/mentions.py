"""What texts say of crystals."""

from __future__ import annotations

from functools import lru_cache

from clip_mat.language.mention import Mention
from clip_mat.language.mentions import find_mentions


@lru_cache(maxsize=4096)
def mentions_of(text: str) -> tuple[Mention, ...]:
    """`clip_mat.language.mentions.find_mentions`, remembered: several rules look at one question or passage."""
    return tuple(find_mentions(text))
