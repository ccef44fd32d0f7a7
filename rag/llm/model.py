"""A language model as answers use it: messages in, text out, within a time limit.

Wraps any LangChain chat model. It is never given tools, and nothing but its text is looked at.
"""

from __future__ import annotations

import os
import queue
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import ModelError, ModelSilent
from rag.llm.settings import LEAST_CONTEXT, Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Message = tuple[str, str]
"""``(role, text)``; the role is ``system``, ``user`` or ``assistant``."""

Heard = Callable[[int], None]
"""Told how many characters have come so far."""

SERVER_KEY = "CLIP_MAT_LLM_KEY"
"""Environment variable with the key of a server that is named by its address. OPENAI_API_KEY is never sent there."""

CHARACTERS_PER_TOKEN = 3
"""A careful guess for scientific English, where the model's own tokens are not known."""

RUNAWAY = 12
"""Characters for each token allowed, at which a model that ignores its limit is stopped."""


class LanguageModel(Protocol):
    """Writes text."""

    @property
    def name(self) -> str:
        """Shown with an answer; holds no secret."""
        ...

    @property
    def settings(self) -> Settings:
        """How it writes, and for how long it may."""
        ...

    def tokens(self, text: str) -> int:
        """Length of a text as the model counts it, or a careful guess."""
        ...

    def write(self, messages: Sequence[Message], *, seconds: float | None = None, heard: Heard | None = None) -> str:
        """What the model answers; may be "".

        Args:
            messages: In order.
            seconds: Time limit; by default that of the settings.
            heard: Told of progress.

        Raises:
            ModelSilent: No answer in time, overloaded, not reachable.
            ModelError: The model refuses the request: key, name, permission.
        """
        ...


class ChatModel:
    """A LangChain chat model.

    Args:
        model: The model; used as it is.
        name: Shown with an answer; by default made of its class and its model's name.
        settings: Limits; sampling settings only say what the model was made with.
    """

    def __init__(self, model: BaseChatModel, name: str | None = None, settings: Settings | None = None) -> None:
        self._model = model
        self._name = redact(name or _name_of(model))
        self._settings = _fitted(settings or Settings(), model)

    @property
    def name(self) -> str:
        """Shown with an answer."""
        return self._name

    @property
    def settings(self) -> Settings:
        """Limits and sampling."""
        return self._settings

    def tokens(self, text: str) -> int:
        """Length of a text in tokens: the model's own where its weights are here, else a careful guess."""
        count = getattr(self._model, "count_tokens", None)
        return int(count(text)) if count is not None else len(text) // CHARACTERS_PER_TOKEN + 1

    def write(self, messages: Sequence[Message], *, seconds: float | None = None, heard: Heard | None = None) -> str:
        """What the model answers, read as it comes; see `LanguageModel.write`."""
        limit = self._settings.timeout if seconds is None else seconds
        deadline = time.monotonic() + limit
        pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
        enough = threading.Event()
        # A thread, because a model that hangs can only be left, not stopped; a daemon, so that it keeps nobody waiting.
        reader = threading.Thread(target=self._read, args=(list(messages), pieces, enough), daemon=True)
        reader.start()
        text: list[str] = []
        length, most = 0, self._settings.max_tokens * RUNAWAY
        try:
            while length < most:
                try:
                    piece = pieces.get(timeout=max(0.0, deadline - time.monotonic()))
                except queue.Empty:
                    raise ModelSilent(f"{self._name} gave no answer within {limit:.0f} s") from None
                if piece is None:
                    break
                if isinstance(piece, BaseException):
                    raise self._error(piece) from piece
                text.append(piece)
                length += len(piece)
                if heard is not None:
                    heard(length)
        finally:
            enough.set()
        return "".join(text)[:most]

    def _read(
        self,
        messages: list[Message],
        pieces: queue.SimpleQueue[str | BaseException | None],
        enough: threading.Event,
    ) -> None:
        from langsmith import tracing_context

        try:
            # Not even to a tracing service that the environment names: papers leave this machine only for the model.
            with tracing_context(enabled=False):
                for chunk in self._model.stream(messages):
                    pieces.put(_text_of(chunk))
                    if enough.is_set():
                        return
            pieces.put(None)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for it
            pieces.put(error)

    def _error(self, error: BaseException) -> ModelError:
        """A provider's failure in our words: to be mended by the user, or passing."""
        if isinstance(error, ModelError):
            return error
        words = redact(" ".join(str(error).split()))[:300] or type(error).__name__
        status = getattr(error, "status_code", None) or getattr(error, "code", None)
        status = status if isinstance(status, int) else None
        if status in (401, 403) or "Authentication" in type(error).__name__:
            where = SERVER_KEY if "@" in self._name else "the API key of its provider"
            return ModelError(f"{self._name} refuses the key ({words}); set {where}")
        if status == 404:
            return ModelError(f"{self._name} is not there ({words}); check the model's name and the address")
        if status is not None and 400 <= status < 500 and status not in (408, 409, 425, 429):
            return ModelError(f"{self._name} refuses the request ({words})")
        return ModelSilent(f"{self._name} gave no answer ({words})")


def wrap(model: str | BaseChatModel | LanguageModel, settings: Settings | None = None) -> LanguageModel:
    """A spec, a LangChain chat model or one of ours as a `LanguageModel`.

    Raises:
        ModelError: If it is nothing of the kind, or a spec that cannot be loaded.
    """
    from langchain_core.language_models import BaseChatModel

    if isinstance(model, str):
        from rag.llm.spec import load_model

        return load_model(model) if settings is None else load_model(model, settings=settings)
    if isinstance(model, BaseChatModel):
        return ChatModel(model, settings=settings)
    if callable(getattr(model, "write", None)) and isinstance(getattr(model, "name", None), str):
        return model
    raise ModelError(f"{type(model).__name__} is no language model; give a spec ('openai:gpt-4o') or a chat model")


def _fitted(settings: Settings, model: BaseChatModel) -> Settings:
    """Settings whose prompt fits the model's window, where the model tells it."""
    profile = getattr(model, "profile", None)
    window = getattr(model, "window", None) or (profile.get("max_input_tokens") if isinstance(profile, dict) else None)
    if not isinstance(window, int):
        return settings
    return replace(settings, context=max(LEAST_CONTEXT, min(settings.context, window - settings.max_tokens)))


_SECRET = re.compile(
    r"\b(?:sk-|pk-|rk-|xai-|gsk_|hf_|ghp_|AIza)[A-Za-z0-9_*-]{8,}|(?<=//)[^/@\s]+:[^/@\s]+(?=@)"
    r"|(?i:bearer\s+)[^\s\"',}]{6,}|(?i:(?<=key=)|(?<=key:)|(?<=key: ))[^\s\"',}\[]{6,}"
)


def redact(text: str) -> str:
    """Text without keys and passwords: those of the environment, and what looks like one."""
    for name, value in os.environ.items():
        if len(value) >= 8 and name.upper().endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD")):
            text = text.replace(value, "[key]")
    return _SECRET.sub("[key]", text)


def _name_of(model: BaseChatModel) -> str:
    kind = type(model).__name__.removeprefix("Chat")
    for field in ("model_name", "model", "model_id"):
        if isinstance(known := getattr(model, field, None), str) and known:
            return f"{kind}:{known}"
    return kind


def _text_of(chunk: Any) -> str:
    """The words of a message, without its thoughts and calls of tools."""
    text = getattr(chunk, "text", "")
    return str(text() if callable(text) and not isinstance(text, str) else text)
