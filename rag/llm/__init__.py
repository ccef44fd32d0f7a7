"""Language models that draft answers: any LangChain chat model by one string, or weights on disk.

>>> from rag.llm import load_model
>>> load_model("openai:gpt-4o").write([("user", "Say yes.")])              # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.llm.settings import Settings

if TYPE_CHECKING:
    from rag.llm.model import LanguageModel, wrap
    from rag.llm.spec import load_model

__all__ = ["LanguageModel", "Settings", "load_model", "wrap"]

_HOMES = {"LanguageModel": "rag.llm.model", "wrap": "rag.llm.model", "load_model": "rag.llm.spec"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
