"""``clip-mat ask --llm``: one line where a model cannot be used, a remark where an extract had to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from langchain_core.language_models import FakeListChatModel

from clip_mat import SentenceEncoder
from rag.llm.model import ChatModel

sys.path.insert(0, str(Path(__file__).parents[2]))  # a helper that is no test
from command import Run

QUESTION = "How large is the formation entropy of oxygen vacancies in ceria?"


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    encoder: SentenceEncoder,
    filled_cache: Path,
    tmp_path: Path,
) -> Run:
    monkeypatch.setenv("CLIP_MAT_CACHE", str(filled_cache))
    monkeypatch.setenv("CLIP_MAT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("rag.library.SentenceEncoder", lambda: encoder)
    return Run(capsys)


def says(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Whatever the spec, the model writes this text."""
    monkeypatch.setattr("rag.llm.spec.load_model", lambda spec: ChatModel(FakeListChatModel(responses=[text]), spec))


def test_the_answer_is_the_model_s_where_the_papers_agree(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    own = "Electronic entropy is small in wide-gap hosts with closed shells and large where a defect leaves partly "
    says(monkeypatch, f"{own}filled shells behind [1]. Gold is cheap (doi:10.1234/x).")
    document = run.json("ask", QUESTION, "--llm", "some:model")
    assert document["model"] == "some:model"
    assert f"{own}filled shells behind (ClipMatAuthors2026 page 2)." in document["answer"]
    assert "Gold" not in run.out
    assert all(sentence["support"] for sentence in document["sentences"])


def test_an_extract_in_its_place_is_remarked_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, "Gold is cheap.")
    assert run("ask", QUESTION, "--llm", "some:model") == 0
    assert "4.7 kB" in run.out
    assert "An extract is shown: some:model wrote nothing that stands in the papers" in run.err


def test_a_model_that_is_none_is_told_in_one_line(run: Run) -> None:
    assert run("ask", QUESTION, "--llm", "nobody:x") == 1
    assert run.out == ""
    assert "no provider 'nobody'" in run.err.splitlines()[-1]
