"""What the packages promise to the outside: the names are pinned, documented, and quick to import."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PUBLIC = {
    "clip_mat": {
        *("Crystal", "CrystalClip", "Generator", "MaterialsIndex", "SentenceEncoder"),
        *("ClipMatError", "CrystalError", "RequestError", "TrainingError", "WeightsError"),
    },
    "rag": {
        *("PaperLibrary", "LibraryError", "ModelError", "QuestionError", "RagError"),
        *("UnreadableDocument", "UnsafeDocument"),
    },
    "rag.design": {"Alternative", "Design", "DesignedCrystal", "Evidence", "Plan", "Wish", "design", "plan"},
    "rag.verify": {"Verdict", "Verifier", "contradicts"},
    "rag.llm": {"LanguageModel", "Settings", "load_model", "wrap"},
    "rag.report": {"CitedPage", "DrawLimits", "draw_pages", "html_report", "write_html", "write_pages"},
    "indexes": {
        *("Collection", "Filter", "Hit", "IndexPolicy", "JSON", "Manifest", "Metric", "Record", "SQLiteStore", "Store"),
        *("Vector", "repair", "IndexesError", "FilterError", "ManifestMismatch", "QueryError", "RecordError"),
        *("StoreBusy", "StoreDamaged", "StoreError", "StoreFormat", "StoreFull", "StoreMissing", "StoreReadOnly"),
    },
    "indexes.langchain": {"IndexesRetriever", "IndexesVectorStore", "embedding_manifest"},
}
"""A name that comes or goes is a promise: also run ``python docs/api.py``, and say so in the changelog."""
QUICK = ("clip_mat", "rag", "indexes", "app", "rag.verify", "rag.design", "rag.report")
SECONDS = 0.2


@pytest.fixture(scope="module")
def api() -> ModuleType:
    spec = importlib.util.spec_from_file_location("api", ROOT / "docs" / "api.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("package", PUBLIC)
def test_the_public_names_are_these(package: str) -> None:
    assert set(importlib.import_module(package).__all__) == PUBLIC[package]


@pytest.mark.parametrize("package", PUBLIC)
def test_every_public_name_says_what_it_is(package: str, api: ModuleType) -> None:
    for name, thing in api.public(package).items():
        if inspect.isclass(thing) or inspect.isfunction(thing):
            assert inspect.getdoc(thing), name
        for method, function in api.members(thing):
            assert inspect.getdoc(function), f"{package}.{name}.{method}"


def test_the_list_of_public_names_is_up_to_date(api: ModuleType) -> None:
    assert set(api.PACKAGES) == set(PUBLIC)
    assert (ROOT / "docs" / "api.md").read_text("utf-8") == api.write(), "run: python docs/api.py"


@pytest.mark.parametrize("package", QUICK)
def test_importing_takes_less_than_a_fifth_of_a_second(package: str) -> None:
    """Of processor time, which a busy machine disturbs less; the best of a few, beyond what Python itself takes."""
    measure = f"import time; start = time.process_time(); import {package}; print(time.process_time() - start)"

    def seconds() -> float:
        done = subprocess.run([sys.executable, "-c", measure], capture_output=True, text=True, check=True)
        return float(done.stdout)

    assert min(seconds() for _ in range(3)) < SECONDS
