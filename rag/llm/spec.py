"""Which language model a string means.

==================================  ==================================================================
``openai:gpt-4o``                   any provider of LangChain's ``init_chat_model``
``openai:NAME@http://host:8080/v1``  a server that speaks OpenAI's protocol
``http://host:8080/v1``             the same, where the server has but one model
``local``                           the packaged SmolLM2, where it is installed
``local:PATH``                      a folder of transformers weights, or a GGUF file
==================================  ==================================================================

Settings may follow: ``ollama:llama3?temperature=0.2&timeout=60``. Keys are those that each provider's package looks for
in the environment; a server named by its address gets ``CLIP_MAT_LLM_KEY``, and never another.
"""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from rag.errors import ModelError
from rag.llm.model import SERVER_KEY, ChatModel, LanguageModel, redact
from rag.llm.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

EXAMPLES = "openai:gpt-4o, ollama:llama3, http://localhost:8080/v1, local, local:PATH"


def load_model(spec: str, settings: Settings | None = None, **changes: float | int | None) -> LanguageModel:
    """The language model that a string means.

    Args:
        spec: See the head of this module.
        settings: Limits and sampling; by default those that fit the kind of model.
        **changes: Some of them: ``temperature=0.2``. What the spec says goes before both.

    Raises:
        ModelError: If it means none, or one that is not installed.
    """
    text, _, options = spec.strip().partition("?")
    words = {name: str(value) for name, value in changes.items()} | dict(parse_qsl(options, keep_blank_values=True))
    if not text:
        raise ModelError(f"no language model is named; examples: {EXAMPLES}")
    head, _, rest = text.partition(":")
    if head == "local":
        from rag.llm.local import load_local

        return load_local(rest, settings, words)
    chosen = (settings or Settings()).with_words(words)
    if text.startswith(("http://", "https://")):
        return _server("default", text, chosen)
    if not rest:
        raise ModelError(f"{redact(spec)!r} names no provider and model; examples: {EXAMPLES}")
    model, _, url = rest.partition("@http")
    if url:
        if head != "openai":
            raise ModelError(f"an address is understood after openai:NAME@, not after {head}:")
        return _server(model, f"http{url}", chosen)
    return ChatModel(_remote(head, rest, chosen), f"{head}:{rest}", chosen)


def _server(model: str, url: str, settings: Settings) -> ChatModel:
    """A server that speaks OpenAI's protocol."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise ModelError(f"{redact(url)!r} is no address of a server; an example is http://localhost:8080/v1")
    key = os.environ.get(SERVER_KEY) or "none"
    chat = _remote("openai", model, settings, base_url=url, api_key=key)
    return ChatModel(chat, f"{model}@{parts.netloc.rpartition('@')[2]}", settings)


def _remote(provider: str, model: str, settings: Settings, **how: Any) -> BaseChatModel:
    from langchain.chat_models import init_chat_model

    wanted: dict[str, Any] = {
        "temperature": settings.temperature,
        "seed": settings.seed,
        "timeout": settings.timeout,
        "max_tokens": settings.max_tokens,
        "num_predict": settings.max_tokens,
        "num_ctx": settings.context + settings.max_tokens,
        "client_kwargs": {"timeout": settings.timeout},
        # A second try is ours to make, so that an answer never costs more than two calls.
        "max_retries": 1 if provider.startswith("google") else 0,
    }
    try:
        plain: BaseChatModel = init_chat_model(model, model_provider=provider, **how)
        taken = _options(type(plain))
        chosen = {name: value for name, value in wanted.items() if name in taken and value is not None}
        if "timeout" in chosen:
            chosen.pop("client_kwargs", None)
        made: BaseChatModel = init_chat_model(model, model_provider=provider, **how, **chosen)
    except ImportError as error:
        raise ModelError(_missing(provider, error)) from error
    except Exception as error:  # every provider has exceptions of its own
        words = redact(" ".join(str(error).split()))[:300]
        if "Unsupported provider" in words:
            raise ModelError(f"no provider {provider!r} of language models; examples: {EXAMPLES}") from error
        raise ModelError(f"{provider}:{model} cannot be set up ({words})") from error
    return made


def _options(kind: type[BaseChatModel]) -> set[str]:
    """Names by which a chat model takes its settings."""
    fields = kind.model_fields
    aliases = {field.alias for field in fields.values() if field.alias}
    return set(fields) | aliases


def _missing(provider: str, error: ImportError) -> str:
    cause = error.__cause__
    module = (cause.name if isinstance(cause, ImportError) else error.name) or f"langchain_{provider}"
    top = module.partition(".")[0]
    if importlib.util.find_spec(top) is None:
        package = top.replace("_", "-")
        return f"{provider}: the package {package} is not installed (pip install {package})"
    return f"{provider}: its package cannot be loaded ({redact(str(error))[:300]})"
