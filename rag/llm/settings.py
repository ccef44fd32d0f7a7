"""How a language model is to be used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from rag.errors import ModelError

LEAST_CONTEXT = 200
"""Tokens, into which a question and a sentence of a paper just fit."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits and sampling of one model.

    Attributes:
        temperature: 0 always takes the likeliest word; None leaves it to the model, as some reasoning models demand.
        seed: Where the model takes one; None sends none.
        timeout: Seconds for an answer, all calls together.
        max_tokens: Longest draft.
        context: Longest prompt, in tokens; the evidence is trimmed to it. A smaller window of the model's goes first.
    """

    temperature: float | None = 0.0
    seed: int | None = 0
    timeout: float = 120.0
    max_tokens: int = 500
    context: int = 6_000

    def __post_init__(self) -> None:
        if self.temperature is not None and not 0 <= self.temperature <= 2:
            raise ModelError(f"temperature is {self.temperature:g}; it must lie between 0 and 2, or be none")
        if self.timeout <= 0:
            raise ModelError(f"timeout is {self.timeout:g} s; it must be more than 0")
        for name, least in (("max_tokens", 16), ("context", LEAST_CONTEXT)):
            if getattr(self, name) < least:
                raise ModelError(f"{name} is {getattr(self, name)}; it must be at least {least}")

    def with_words(self, words: Mapping[str, str]) -> Self:
        """The settings with others as a spec writes them: ``{"temperature": "0.2", "seed": "none"}``.

        Raises:
            ModelError: If there is no such setting, or the value is none of its kind.
        """
        changes: dict[str, Any] = {}
        known = [field.name for field in fields(self)]
        for name, word in words.items():
            if name not in known:
                raise ModelError(f"no setting {name!r} of a language model; there are {', '.join(known)}")
            changes[name] = _value(name, word)
        return replace(self, **changes)


def _value(name: str, word: str) -> float | int | None:
    if word.lower() == "none" and name in ("temperature", "seed"):
        return None
    kind: type[float] | type[int] = float if name in ("temperature", "timeout") else int
    try:
        value = kind(word)
    except ValueError as error:
        raise ModelError(f"{name}={word!r} of a language model is no number") from error
    if not math.isfinite(value):
        raise ModelError(f"{name}={word!r} of a language model is not finite")
    return value
