"""A question finds what the papers say in another spelling."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from clip_mat import SentenceEncoder
from rag import PaperLibrary
from rag.spelling import OtherSpelling, other_spellings


@pytest.mark.parametrize(
    ("question", "held", "found"),
    [
        ("Which time step?", ["timestep"], [("timestep", ("time", "step"))]),
        ("Which time-step?", ["timestep"], [("timestep", ("time", "step"))]),
        ("Which bandgap?", ["band gap"], [("band gap", ("bandgap",))]),
        ("Which bandgap?", ["bandgap", "band gap"], []),  # the papers have the word as it is asked for
        ("Does it oxidise?", ["oxidize"], [("oxidize", ("oxidise",))]),
        ("Which polarization?", ["polarisation"], [("polarisation", ("polarization",))]),
        ("Which colour has aluminium?", ["color", "aluminum"], [("color", ("colour",)), ("aluminum", ("aluminium",))]),
        ("Which vapor?", ["vapour"], [("vapour", ("vapor",))]),
        ("Which sulfide centers?", ["sulphide", "centres"], [("sulphide", ("sulfide",)), ("centres", ("centers",))]),
        ("Does it understand?", ["under stand"], [("under stand", ("understand",))]),
        ("Does it understand?", ["understand", "under stand"], []),
        ("Which step in time?", ["timestep"], []),
        ("Is tin toxic?", ["Sn"], [("Sn", ("tin",))]),
        ("Is Sn toxic?", ["tin"], [("tin", ("sn",))]),
        ("Is carbon toxic?", ["C"], []),
    ],
)
def test_the_spellings_that_the_papers_have(
    question: str, held: Sequence[str], found: list[tuple[str, tuple[str, ...]]]
) -> None:
    def frequency(words: Sequence[str]) -> dict[str, int]:
        return {word: 3 * (word in held) for word in words}

    told = list(other_spellings(question, frequency))

    assert [(one.written, one.asked) for one in told] == found
    assert all(one.passages == 3 for one in told)


def test_a_question_is_put_in_another_spelling() -> None:
    assert (
        OtherSpelling("timestep", ("time", "step"), 1).put_into("Which Time-step, steps?") == "Which timestep, steps?"
    )
    assert OtherSpelling("Sn", ("tin",), 1).put_into("Is tin in tinsel?") == "Is Sn in tinsel?"


def test_an_answer_may_be_spelt_otherwise(tmp_path: Path, encoder: SentenceEncoder) -> None:
    others = "".join(f"# Part {n}\n\nAt each step {n} of the run the time was noted.\n\n" for n in range(20))
    said = "# Setup\n\nThe timestep is 2 fs.\n\n# Ageing\n\nFoils of copper oxidize within days.\n"
    (tmp_path / "paper.md").write_text(others + said, encoding="utf-8")
    with PaperLibrary(tmp_path / "index", encoder=encoder) as library:
        library.add([tmp_path / "paper.md"])
        step, ageing = library.ask("What is the time step?"), library.ask("When do foils of copper oxidise?")
        found = library.passages("time step", k=1)

    assert "The timestep is 2 fs." in [sentence.text for sentence in step.sentences]
    assert [sentence.text for sentence in ageing.sentences] == ["Foils of copper oxidize within days."]
    assert "timestep" in found[0].text
