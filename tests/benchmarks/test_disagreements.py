"""The measure of contradictions, on the bundled review."""

from __future__ import annotations

import json

import pytest

from benchmarks.disagreements import main
from rag import PaperLibrary


def test_only_false_sentences_are_called_contradictions(demo: PaperLibrary, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--index", str(demo.path), "--sentences", "30", "--asked", "2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["pairs"]["another number"]["called"] > 10
    assert result["pairs"]["denied"]["called"] > 10
    assert result["pairs"]["another substance"]["called"] == 0
    assert result["pairs"]["the same in other words"]["called"] == 0
    assert result["real"] == {"pairs": 0, "called": 0, "examples": []}
    assert result["asked"]["asked"] == 2
    assert result["asked"]["others"] == 0
