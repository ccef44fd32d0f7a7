"""Who may import whom, what importing costs, and what the packages show to the outside."""

from __future__ import annotations

import ast
import importlib
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"app", "clip_mat", "indexes", "rag"}
MAY_IMPORT = {
    "indexes": set(),
    "clip_mat": {"indexes"},
    "rag": {"clip_mat", "indexes"},
    "app": {"clip_mat", "indexes", "rag"},
}
NEVER = {"indexes": {"torch", "pymatgen", "transformers", "sentence_transformers"}}
LANGCHAIN_ADAPTER = "indexes/langchain.py"


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All that a file is made of."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, by its full dotted name."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_packages_import_only_along_the_arrows(package: str) -> None:
    for path in modules(package):
        tops = {name.split(".")[0] for name in imported(path)}
        assert tops & PACKAGES <= MAY_IMPORT[package] | {package}, path
        assert not tops & NEVER.get(package, set()), path


def test_langchain_stays_in_its_one_file() -> None:
    for path in modules("indexes"):
        names = set(imported(path))
        if path == ROOT / LANGCHAIN_ADAPTER:
            assert any(name.startswith("langchain") for name in names)
        else:
            assert not any(name.startswith("langchain") for name in names), path
            assert "indexes.langchain" not in names, path


def test_there_are_no_unsafe_loaders() -> None:
    for package in PACKAGES:
        for path in modules(package):
            names = set(imported(path))
            assert not {"pickle", "marshal", "shelve", "dill", "cloudpickle"} & names, path
            calls = {
                node.func.id for node in nodes(path) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            assert not {"eval", "exec"} & calls, path


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_importing_a_package_loads_nothing_heavy(package: str) -> None:
    heavy = [
        "torch",
        "transformers",
        "sentence_transformers",
        "faiss",
        "langchain_core",
        "pymatgen",
        "pypdf",
        "pypdfium2",
    ]
    code = f"import sys, {package}; print(*(m for m in {heavy!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("package", ["clip_mat", "indexes", "rag"])
def test_public_names_exist(package: str) -> None:
    module = importlib.import_module(package)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_help_answers_at_once() -> None:
    """Of processor time, which a busy machine disturbs less."""

    def seconds() -> float:
        started = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "app.cli", "ask", "--help"], check=True, capture_output=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime + ended.ru_stime - started.ru_utime - started.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5
