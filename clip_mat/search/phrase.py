"""A phrase of a question that becomes a condition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrase:
    """What was understood, and where.

    Attributes:
        start: First character.
        end: One past the last character.
        filter: OPTIMADE condition; empty where the words are understood to hide nothing.
        soft: Whether it goes unsaid once the question names a formula: the formula decides the elements, and a measured
            gap is not the computed one.
        leaves: Whether the words would mislead the ranking, as "lead" of "lead-free" does, and leave it.
    """

    start: int
    end: int
    filter: str
    leaves: bool = False
    soft: bool = False


def has_any(symbols: Iterable[str]) -> str:
    """Condition that one of the elements is there."""
    return _has("ANY", list(symbols))


def has_all(symbols: Iterable[str]) -> str:
    """Condition that all of the elements are there."""
    return _has("ALL", list(symbols))


def has_only(symbols: Iterable[str]) -> str:
    """Condition that no other elements are there."""
    quoted = ",".join(f'"{symbol}"' for symbol in symbols)
    return f"elements HAS ONLY {quoted}"


def _has(word: str, symbols: list[str]) -> str:
    if len(symbols) == 1:
        return f'elements HAS "{symbols[0]}"'
    return f"elements HAS {word} " + ",".join(f'"{symbol}"' for symbol in symbols)
