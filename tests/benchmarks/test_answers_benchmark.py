"""The arithmetic of the benchmark of answers, on systems and judges that are none."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import answers, answers_worker
from benchmarks.answer_scores import abstains, cites_gold, claims, holds_gold, judge_answer, ratio, score
from benchmarks.answering import Cited, Told, cut, names_pattern
from benchmarks.judge import Judge
from benchmarks.model_server import ModelServer, Written
from rag.evaluation import Question

PAGES = {
    ("a.pdf", 1): ("The perovskite cells reached an efficiency of 25.5 % under light. Moisture destroys the films.",),
    ("a.pdf", 2): ("Graph networks predict the adsorption energy of molecules on metals.",),
    ("b.pdf", 1): ("Spin coating of tin halides gives rough layers with many pinholes.",),
}
EFFICIENCY, MOISTURE = (
    "The perovskite cells reached an efficiency of 25.5 % under light.",
    "Moisture destroys the films.",
)
GRAPHS = "Graph networks predict the adsorption energy of molecules on metals."
QUESTION = Question("How efficient?", "a.pdf", (1,), "about 25.5%")
COST = {"seconds": 2.0, "processor_seconds": 1.0, "calls": 3, "prompt_tokens": 40, "completion_tokens": 2}


def even(texts: Sequence[str]) -> np.ndarray:
    """All texts mean the same."""
    return np.ones((len(texts), 1), dtype=np.float32)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(PAGES, even)


def row(*pieces: tuple[str, Sequence[tuple[str, tuple[int, ...]]]], name: str = "answerable") -> dict[str, Any]:
    told = [
        {"text": text, "citations": [[file, list(pages)] for file, pages in citations]} for text, citations in pieces
    ]
    return {"set": name, "question": QUESTION.text, "text": "", "pieces": told, **COST}


def test_citations_and_sentences_are_counted_one_by_one(judge: Judge) -> None:
    told = row(
        (EFFICIENCY, [("a.pdf", (1,)), ("b.pdf", (1,))]),  # one right, one on a page that does not say it
        (GRAPHS, [("a.pdf", (1,))]),  # another page says it
        ("Tin cells live for 40 years in space.", [("a.pdf", (2,))]),  # no page says it
        (MOISTURE, []),  # nothing is cited
    )
    scores = score("x", [judge_answer(told, "x", judge)], [QUESTION])
    assert (scores.precision.value, scores.precision.n) == (0.25, 4)
    assert (scores.recall.value, scores.recall.n) == (0.25, 4)
    assert scores.wrong_pages.value == 0.25
    assert scores.unsupported.value == 0.25
    assert scores.pages_a_citation == 1
    assert (scores.gold_held.value, scores.gold_cited.value, scores.answered.value) == (1, 1, 1)
    assert (scores.calls, scores.tokens, scores.seconds, scores.processor_seconds) == (3, 42, (2, 2), (1, 1))


def test_two_citations_that_are_right_only_together_are_both_right() -> None:
    pages = {("a.pdf", 1): ("The cells reached an efficiency of",), ("a.pdf", 2): ("25.5 % in full sunlight.",)}
    told = row(("The cells reached an efficiency of 25.5 % in full sunlight.", [("a.pdf", (1,)), ("a.pdf", (2,))]))
    judged = judge_answer(told, "x", Judge(pages, even))
    assert judged.sentences[0].supports == (False, False)
    assert score("x", [judged], [QUESTION]).precision.value == 1


def test_a_range_of_pages_is_one_citation(judge: Judge) -> None:
    scores = score("x", [judge_answer(row((GRAPHS, [("a.pdf", (1, 2))])), "x", judge)], [QUESTION])
    assert (scores.precision.value, scores.precision.n, scores.pages_a_citation) == (1, 1, 2)


def test_errors_stay_in_the_denominator(judge: Judge) -> None:
    failed = {"set": "answerable", "question": QUESTION.text, "error": "boom", **COST}
    lost = {"set": "off-topic", "question": "Who?", "error": "boom", **COST}
    told = row((EFFICIENCY, [("a.pdf", (1,))]))
    scores = score("x", [judge_answer(one, "x", judge) for one in (failed, told, lost)], [QUESTION])
    assert scores.failed == 2
    assert (scores.answered.value, scores.gold_held.value) == (0.5, 0.5)
    assert scores.silent["off-topic"].value == 0


def test_silence_is_counted_by_set(judge: Judge) -> None:
    told = [
        row(("I cannot answer.", []), name="off-topic"),
        row((EFFICIENCY, []), name="off-topic"),
        row(("The papers do not answer this question.", []), name="wrong papers"),
    ]
    scores = score("x", [judge_answer(one, "x", judge) for one in told], [QUESTION])
    assert {name: one.value for name, one in scores.silent.items()} == {"off-topic": 0.5, "wrong papers": 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot answer.",
        "I don't know.",
        "The context does not provide the value. Cells are blue.",
        "Not applicable.",
    ],
)
def test_refusals(text: str) -> None:
    assert abstains(text)


@pytest.mark.parametrize("text", ["The efficiency is 25.5%.", "Films were not encapsulated. I don't know more."])
def test_claims_are_no_refusals(text: str) -> None:
    assert not abstains(text)


def test_claims_leave_out_headings_questions_and_refusals() -> None:
    text = "The key points:\n\n1. **Cells** reached 25.5%.\n2. Films degrade\nin moist air. What else? I don't know."
    text += " Cells reached 25.5%."
    assert claims(text) == ["Cells reached 25.5%.", "Films degrade in moist air."]


@pytest.mark.parametrize(
    ("said", "gold", "held"),
    [
        ("It is 25.5 %.", "about 25.5%", True),
        ("It is 125.5%.", "25.5%", False),
        ("It is 3.2%.", "2%", False),
        ("It is 2 %.", "2%", True),
        ("At 5.50 US cents kWh−1.", "5.50 US cents kWh\u22121", True),
        ("It was P3HT.", "P3HT", True),
        ("It was PTAA.", "P3HT", False),
    ],
)
def test_gold_strings(said: str, gold: str, held: bool) -> None:
    assert holds_gold(row((said, [])), gold) is held


def test_gold_pages() -> None:
    assert cites_gold(row(("x", [("a.pdf", (3, 1))])), QUESTION)
    assert not cites_gold(row(("x", [("a.pdf", (2,)), ("b.pdf", (1,))])), QUESTION)


def test_the_interval_of_a_ratio_is_over_answers() -> None:
    estimate = ratio([(4, 4), (0, 4)])
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (0.5, 0, 1, 8)
    assert ratio([(0, 0)]).n == 0


def test_answers_are_cut_behind_their_citations() -> None:
    known = {"1": ("a.pdf", (1,)), "2": ("b.pdf", (4,))}
    text = "Cells are fast [1]. Films are slow [1][2]. Nobody says this [9]. And the end"
    assert cut(text, r"\[([\d,;\s]+)\]", known) == [
        Cited("Cells are fast.", (("a.pdf", (1,)),)),
        Cited("Films are slow.", (("a.pdf", (1,)), ("b.pdf", (4,)))),
        Cited("Nobody says this.", ()),
        Cited("And the end"),
    ]


def test_names_of_passages_are_citations() -> None:
    known = {"kim2020 pages 5-6": ("kim.pdf", (5, 6)), "lee pages 1-2": ("lee.pdf", (1, 2))}
    text = "Cells (of tin) are fast (kim2020 pages 5-6, lee pages 1-2). No more."
    assert cut(text, names_pattern(known), known) == [
        Cited("Cells (of tin) are fast.", (("kim.pdf", (5, 6)), ("lee.pdf", (1, 2)))),
        Cited("No more."),
    ]
    assert cut("Nothing is known (kim2020 pages 5-6).", names_pattern({}), {}) == [
        Cited("Nothing is known (kim2020 pages 5-6).")
    ]


class Moody:
    """Answers with a call of the model, and breaks on one question."""

    name = "moody"

    def __init__(self, server: ModelServer) -> None:
        self.server, self.papers = server, []

    def ingest(self, paths: Sequence[Path]) -> None:
        self.papers += paths

    def ask(self, question: str) -> Told:
        if question == "bad":
            raise RuntimeError("no mood")
        self.server.reply({"messages": [{"role": "user", "content": question}]})
        return Told(question, (Cited(f"{len(self.papers)} papers"),))


class Brief:
    name = "brief"

    def write(self, messages: object, most_tokens: int, stop: object) -> Written:
        return Written("yes", 5, 1, True)


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(Brief()) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_worker_asks_in_stages_counts_and_survives(server: ModelServer) -> None:
    stages = answers.plan(
        [Path("b.pdf")], [Path("a.pdf")], {"wrong papers": ["q"], "answerable": ["q", "bad"], "off": ["z"]}
    )
    rows = list(answers_worker.answers(Moody(server), stages, server.url, {("off", "z")}))
    assert [(one["set"], one["question"], one["calls"], one["prompt_tokens"]) for one in rows] == [
        ("wrong papers", "q", 1, 5),
        ("answerable", "q", 1, 5),
        ("answerable", "bad", 0, 0),
    ]
    assert [one["pieces"][0]["text"] for one in rows[:2]] == ["1 papers", "2 papers"]
    assert rows[2]["error"] == "RuntimeError: no mood"
    assert all(one["seconds"] >= 0 and one["processor_seconds"] >= 0 for one in rows)


def test_a_row_that_was_cut_off_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"set": "a", "question": "q"}\n{"set": "a", "que')
    assert answers_worker.read_rows(path) == [{"set": "a", "question": "q"}]
    assert path.read_text() == '{"set": "a", "question": "q"}\n'
    assert answers_worker.read_rows(tmp_path / "none") == []


def test_a_larger_drawing_holds_the_smaller_one() -> None:
    items = list(range(30))
    assert answers.draw(items, 12, 3)[:5] == answers.draw(items, 5, 3)
    assert answers.draw(items, 12, 3) != answers.draw(items, 12, 4)


def test_questions_that_were_not_reached_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "minilm", lambda: even)
    (tmp_path / "stuff.jsonl").write_text(json.dumps(row((EFFICIENCY, [("a.pdf", (1,))]))) + "\n")
    stages = answers.plan([], [], {"answerable": [QUESTION.text], "off-topic": ["Who?"]})
    found = answers.judged(["stuff", "paperqa"], stages, PAGES, tmp_path)
    assert list(found) == ["stuff"]
    scores = score("stuff", found["stuff"], [QUESTION])
    assert (scores.failed, scores.precision.value, scores.silent["off-topic"].value) == (1, 1, 0)
    verdict = json.loads((tmp_path / "stuff.verdicts.jsonl").read_text())
    assert (verdict["held"], verdict["how"], verdict["sentence"]) == (True, "quote", EFFICIENCY)
    assert "0.00 [0.00, 0.00]" in answers.show([scores])


def test_what_was_not_measured_is_a_dash(judge: Judge) -> None:
    scores = score("x", [judge_answer(row((MOISTURE, [])), "x", judge)], [QUESTION])
    shown = answers.show([scores])
    assert "nan" not in shown
    assert "| citation precision        | - " in shown


def test_what_is_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert answers.main(["--papers", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().err


def test_a_worker_without_its_packages_breaks_off_with_the_reason(tmp_path: Path) -> None:
    options = answers.parser().parse_args(["--out", str(tmp_path), "--python", sys.executable])
    if subprocess.run([sys.executable, "-c", "import paperqa"], capture_output=True, check=False).returncode:
        stages = answers.plan([], [], {"answerable": ["q"]})
        assert "paperqa" in answers.run("paperqa", "http://127.0.0.1:9/v1", stages, options)
