"""A model that lies in every known way: nothing that the papers do not say comes through, and what is true stays."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from clip_mat import SentenceEncoder
from rag import PaperLibrary
from rag.answers import Answer, AnswerSentence
from rag.evaluation.forged import Case, Known, _faults, make_cases, run_forged
from rag.evaluation.forgeries import FORGERIES, REWORDINGS

SENTENCE = "The gap of CsPbI3 increases from 1.6 eV to 1.8 eV at 300 K when many lead ions are replaced by bromide."


def test_nothing_forged_is_shown_of_the_bundled_review(demo: PaperLibrary) -> None:
    cases = list(make_cases(demo, 1, seed=3))
    report = run_forged(demo, cases)
    assert len(cases) >= 35
    assert [(o.case.kind, o.faults) for o in report.faulty] == []
    assert report.true >= 9
    assert [(o.case.kind, o.answer.text) for o in report.dropped] == []
    assert all(outcome.calls <= 2 for outcome in report.outcomes)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_nothing_forged_is_shown_of_the_papers(shared_data: Path, encoder: SentenceEncoder, tmp_path: Path) -> None:
    with PaperLibrary(tmp_path / "papers", encoder=encoder) as library:
        library.add(shared_data / "papers")
        cases = list(make_cases(library, 8))
        report = run_forged(library, cases)
    assert len(cases) >= 200
    assert [(o.case.kind, o.faults) for o in report.faulty] == []
    assert len(report.dropped) <= 0.05 * report.true


@pytest.mark.parametrize("name", FORGERIES)
def test_every_fault_is_one(name: str) -> None:
    forged = FORGERIES[name](SENTENCE, random.Random(0))
    assert forged is not None
    text = forged.draft(1, 3)
    if forged.false:
        assert forged.false != SENTENCE
        assert forged.false[:-1] in text


@pytest.mark.parametrize("name", ["changes a number", "negates", "turns a direction", "changes a formula"])
def test_what_fits_no_fault_makes_none(name: str) -> None:
    assert FORGERIES[name]("Grains grow.", random.Random(0)) is None


def test_rewordings_stay_true() -> None:
    rng = random.Random(0)
    said = REWORDINGS
    assert said["without its first word"]("However, grains grow.", rng) == "Grains grow."
    assert said["without an aside"]("Grains (of tin) grow fast.", rng) == "Grains grow fast."
    assert (
        said["turned around"]("In the dark of night, the grains grow.", rng) == "The grains grow in the dark of night."
    )
    assert said["without its first word"]("Grains grow.", rng) is None


@pytest.fixture
def case_and_answer(demo: PaperLibrary) -> tuple[Case, Answer, Known]:
    (case,) = make_cases(demo, 1, kinds=["quoted"])
    (outcome,) = run_forged(demo, [case]).outcomes
    return case, outcome.answer, Known(demo)


def test_the_suite_sees_what_it_is_for(case_and_answer: tuple[Case, Answer, Known]) -> None:
    """An answerer that lets faults through is found out."""
    case, answer, known = case_and_answer
    assert list(_faults(answer, case, known)) == []
    first = answer.sentences[0]
    place = first.support[0]
    wrong = {
        "unsupported": replace(first, text="The lattice melts at 4321 K."),
        "wrong page": replace(first, support=(replace(place, page=place.page + 1),)),
        "not on its page": replace(first, support=(replace(place, quote="Something else."),)),
        "without citation": AnswerSentence("The lattice melts at 4321 K."),
        "foreign": replace(first, text=first.text[:-1] + " (https://evil.example)."),
    }
    for words, sentence in wrong.items():
        faults = list(_faults(replace(answer, sentences=(sentence,)), case, known))
        assert any(words in fault for fault in faults), words
