"""Lessons, training on a tiny set, and the measures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clip_mat.errors import TrainingError
from rag.errors import LibraryError
from rag.verify.entailment import EntailmentJudge
from rag.verify.evaluation import auc, balanced_accuracy, falsehoods, measure, read_claims, truths
from rag.verify.lessons import (
    ANSWERS,
    CONTRADICTS,
    QUESTIONS,
    SUPPORTS,
    Source,
    Split,
    Teacher,
    claim_of,
    is_plain,
    read_sources,
    split_sources,
)
from rag.verify.training import VerifierTraining, train_verifier
from rag.verify.verifier import Verifier

NOUNS = ("band gap", "lattice constant", "thermal conductivity", "formation energy", "carrier mobility", "bulk modulus")
MATERIALS = ("TiO2", "GaN", "CsPbI3", "silicon", "graphene", "NaCl", "zinc oxide", "PbTe")
VERBS = ("increases", "decreases", "improves", "is not stable", "rises slowly", "is higher than before")


def made_up(name: str, number: int) -> Source:
    sentences = [
        f"The {NOUNS[(number + k) % 6]} of {MATERIALS[(number * 3 + k) % 8]} {VERBS[(number + 2 * k) % 6]} at "
        f"{100 + 7 * number + 13 * k} K in all of the samples that we have grown."
        for k in range(8)
    ]
    claims = ((sentences[1].replace("in all of the samples that we have grown", "in the films"), tuple(sentences)),)
    return Source(
        name, (tuple(sentences[:4]), tuple(sentences[4:])), claims, ("papers", "questions", "answers")[number % 3]
    )


@pytest.fixture(scope="module")
def split() -> Split:
    sources = [made_up(f"document {n}", n) for n in range(18)]
    return Split(tuple(sources[:10]), tuple(sources[10:14]), tuple(sources[14:]))


def test_lessons_are_the_same_for_one_seed_and_of_every_kind(split: Split) -> None:
    lessons = [Teacher(split.fit, 1).lesson(number) for number in range(200)]
    assert lessons[:50] == [Teacher(split.fit, 1).lesson(number) for number in range(50)]
    assert lessons[:50] != [Teacher(split.fit, 2).lesson(number) for number in range(50)]
    assert {lesson.label for lesson in lessons} == {0, 1, 2}
    assert {"direction", "negation", "number", "neighbour"} <= {lesson.kind for lesson in lessons}


def test_a_lesson_as_it_stands_is_in_its_text_and_a_contradiction_is_not(split: Split) -> None:
    lessons = [Teacher(split.fit, 3).lesson(number) for number in range(300)]
    held = {s for source in split.fit for passage in source.passages for s in passage}
    for lesson in lessons:
        if lesson.label == SUPPORTS and lesson.kind == "as it stands" and lesson.claim in held:
            assert lesson.claim in lesson.text
        if lesson.label == CONTRADICTS:
            assert lesson.claim not in lesson.text


def test_there_must_be_sentences(tmp_path: Path) -> None:
    with pytest.raises(LibraryError):
        Teacher([], 0)
    with pytest.raises(LibraryError, match=tmp_path.name):
        read_sources(tmp_path)


def test_a_document_is_always_on_one_side_and_copies_stay_together() -> None:
    sources = [made_up(f"paper {n}", n) for n in range(40)]
    split = split_sources(sources)
    sides = {s.name: side for side in ("fit", "validation", "test") for s in getattr(split, side)}
    assert len(sides) == 40
    assert len(split.fit) > len(split.test) > 0
    assert len(split.validation) > 0
    fewer = split_sources(sources[:20])
    assert all(sides[s.name] == side for side in ("fit", "validation", "test") for s in getattr(fewer, side))
    copies = [replace(source, name=f"preprint of {source.name}") for source in sources]
    both = split_sources([*sources, *copies])
    for side in ("fit", "validation", "test"):
        names = {s.name for s in getattr(both, side)}
        assert all((f"preprint of {s.name}" in names) == (s.name in names) for s in sources)


@pytest.mark.parametrize(
    ("question", "answer", "claim"),
    [
        ("What is the pH of the solution?", "Answer: 5.2", "The pH of the solution is 5.2."),
        ("All runs were performed using which toolbox?", "Answer: Easyspin", "All runs were performed using Easyspin."),
        (
            "Why is it slow?",
            "Answer: Yes, the run is slow because the matrix is large.",
            "The run is slow because the matrix is large.",
        ),
        ("Why?", "Answer: Answer not available from the given context.", None),
        ("How so?", "Answer: fast", None),
    ],
)
def test_questions_and_answers_become_claims(question: str, answer: str, claim: str | None) -> None:
    assert claim_of(question, answer) == claim


def test_questions_and_answers_are_read(tmp_path: Path) -> None:
    context = "The pH of the solution was found to be 5.2 in the first experiment. It was stirred for two long days."
    row = {"context": context, "question": "What is the pH of the solution?", "answer": "Answer: 5.2"}
    (tmp_path / QUESTIONS).write_text(json.dumps(row) + "\n", encoding="utf-8")
    cited = "The pH of the solution was 5.2 in the first experiment [1]. Nobody else cites anything at all here."
    answer = {
        "id": "a",
        "ctxs": [{"text": "Something else entirely was studied there."}, {"text": context}],
        "output": cited,
    }
    (tmp_path / ANSWERS).write_text(json.dumps([answer]), encoding="utf-8")
    by_kind = {source.collection: source for source in read_sources(tmp_path)}
    assert by_kind["questions"].claims == (("The pH of the solution is 5.2.", (context,)),)
    assert by_kind["answers"].claims == (("The pH of the solution was 5.2 in the first experiment.", (context,)),)


def test_plain_sentences() -> None:
    assert is_plain("The gap of the film increases with its thickness.")
    assert not is_plain("Does the gap of the film increase with its thickness?")
    assert not is_plain("12.1 13.2 14.4 15.5 16.6 17.7 18.8.")


def test_training_writes_a_model_that_loads_and_goes_on_where_it_stopped(split: Split, tmp_path: Path) -> None:
    config = VerifierTraining(minutes=5, steps=4, batch=8, lessons=32, validation=24)
    whole = train_verifier(split, tmp_path / "whole", config)
    assert whole.finished
    assert whole.steps == 4
    assert set(whole.metrics) == {"balanced", "supports", "contradicts", "untold"}
    judge = EntailmentJudge.load(tmp_path / "whole")
    chances = judge.judge(
        [("The gap increases.", "The gap increases."), ("A cat.", "The gap of TiO2 increases at 5 K.")]
    )
    assert chances.shape == (2, 3)
    assert chances.sum(axis=1) == pytest.approx([1, 1], abs=1e-4)
    assert (tmp_path / "whole" / "README.md").read_text(encoding="utf-8").startswith("# Verifier")

    with pytest.raises(TrainingError, match="--resume"):
        train_verifier(split, tmp_path / "whole", config)
    with pytest.raises(TrainingError, match="batch=8, not 4"):
        train_verifier(split, tmp_path / "whole", replace(config, batch=4), resume=True)
    with pytest.raises(TrainingError, match="no checkpoint"):
        train_verifier(split, tmp_path / "none", config, resume=True)

    part = train_verifier(split, tmp_path / "part", replace(config, steps=2))
    assert part.steps == 2
    more = train_verifier(split, tmp_path / "part", config, resume=True)
    assert more.steps == 4
    rows = (tmp_path / "part" / "steps.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "2", "3", "4"]


def test_cases_are_false_or_true_as_they_say(split: Split) -> None:
    wrong, right = falsehoods(split.test, 6), truths(split.test, 6)
    assert wrong["number"]
    assert wrong["direction"]
    for cases in wrong.values():
        assert all(case.claim not in case.evidence[0] and not case.supported for case in cases)
    assert all(case.claim in case.evidence[0] for case in right["as it stands"])
    assert all(case.supported for cases in right.values() for case in cases)
    assert falsehoods(split.test, 6) == wrong


def test_everything_is_measured_beside_baselines(split: Split, tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    rows = [
        {"input": "TiO2 is stable.", "gold_ctx": [{"text": "We show that TiO2 is stable."}], "answer": "true"},
        {"input": "TiO2 is stable.", "gold_ctx": [{"text": "We show that TiO2 is not stable."}], "answer": "false"},
        {"input": "GaN melts at 5 K.", "gold_ctx": [{"text": "GaN melts at 5 K in air."}], "answer": "true"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = measure(Verifier.load(), split, read_claims(path), most=4)
    assert {row.system for row in found} == {"verifier", "rules alone", "cosine alone", "shared words alone"}
    by = {(row.system, row.cases): row for row in found}
    assert by["rules alone", "SciFact"].right.value == 1.0
    assert by["verifier", "as it stands"].right.value == 1.0
    assert by["rules alone", "direction"].right.n == 4
    assert by["verifier", "two sentences, direction"].right.value == 1.0
    assert 0 <= by["cosine alone", "SciFact"].right.value <= 1

    path.write_text('{"input": "x"}\n', encoding="utf-8")
    with pytest.raises(LibraryError, match="line 1"):
        read_claims(path)


def test_balanced_accuracy_and_auc() -> None:
    truth = np.array([True] * 8 + [False] * 2)
    assert balanced_accuracy(truth, np.ones(10, bool)).value == 0.5
    assert balanced_accuracy(truth, truth).value == 1.0
    assert balanced_accuracy(truth, np.array([True] * 4 + [False] * 6)).value == 0.75
    assert auc(truth, np.array([1.0] * 8 + [0.0] * 2)) == 1.0
    assert auc(truth, np.zeros(10)) == 0.5
