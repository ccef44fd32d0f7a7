"""Write ``docs/api.md``, the public names of every package with what their docstrings say first: python docs/api.py"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGES = ("rag", "rag.design", "rag.verify", "rag.llm", "rag.report", "clip_mat", "indexes", "indexes.langchain")
FILE = Path(__file__).with_name("api.md")
HEAD = """# Public names

What the packages promise to the outside; whatever is not listed may change without notice. Written by
`python docs/api.py`, and held to the code by a test. `help(NAME)` in Python says the rest: arguments with shapes and
units, what is returned, and what is raised.
"""


def public(package: str) -> dict[str, Any]:
    """The names of a package and what they stand for, alphabetically."""
    module = importlib.import_module(package)
    return {name: getattr(module, name) for name in sorted(module.__all__)}


def members(thing: Any) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that a class itself defines."""
    if not inspect.isclass(thing) or issubclass(thing, Exception):
        return
    for name, value in vars(thing).items():
        function = getattr(value, "__func__", getattr(value, "fget", value))
        if not name.startswith("_") and inspect.isfunction(function):
            yield name, function


def summary(thing: Any) -> str:
    """The first sentence of its docstring, on one line, without markup of another kind; empty where it has none."""
    own = inspect.isclass(thing) or inspect.isfunction(thing)
    paragraph = " ".join(((inspect.getdoc(thing) if own else "") or "").split("\n\n")[0].split())
    first = re.split(r"(?<=[.:])\s+(?=[A-Z])", paragraph.replace("``", "`"), maxsplit=1)[0]
    return first.replace("|", "\\|")


def write() -> str:
    """The document."""
    parts = [HEAD]
    for package in PACKAGES:
        parts.append(f"\n## `{package}`\n")
        module = summary_of_module(package)
        parts.append(f"{module}\n\n| name | what it is |\n|---|---|")
        for name, thing in public(package).items():
            methods = ", ".join(f"`{method}`" for method, _ in members(thing))
            told = summary(thing) or "a type of values"
            parts.append(f"| `{name}` | {told}{f' Methods: {methods}' if methods else ''} |")
    return "\n".join(parts) + "\n"


def summary_of_module(package: str) -> str:
    """The first paragraph of a package's docstring."""
    return " ".join((importlib.import_module(package).__doc__ or "").split("\n\n")[0].split())


if __name__ == "__main__":
    FILE.write_text(write(), encoding="utf-8")
