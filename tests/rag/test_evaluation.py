"""The measures against values worked out by hand, and the checks against faults put in on purpose."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from rag.errors import LibraryError
from rag.evaluation import (
    ContextPool,
    Question,
    Quote,
    bootstrap,
    check_quotes,
    compare,
    evaluate_answers,
    evaluate_retrieval,
    first_hit,
    ndcg,
    read_contexts,
    read_questions,
    retrieval_table,
    sample,
)
from rag.evaluation.fidelity import _read_with_poppler, _read_with_pypdf
from rag.evaluation.questions import same_file


@dataclass
class FoundPassage:
    file: str
    pages: list[int]


@dataclass
class FoundPlace:
    file: str
    page: int
    quote: str = "as it stands"


@dataclass
class SaidSentence:
    text: str
    support: list[FoundPlace] = field(default_factory=list)


@dataclass
class SaidAnswer:
    abstained: bool
    sentences: list[SaidSentence] = field(default_factory=list)


def searcher(found: dict[str, list[tuple[str, list[int]]]]):
    return lambda query, k: [FoundPassage(*passage) for passage in found[query]][:k]


# --- measures


def test_measures_of_one_ranking_worked_out_by_hand() -> None:
    ranking = [["a"], ["b"], ["c"], ["d"]]
    assert first_hit(ranking, {"c", "d"}) == 3
    assert first_hit(ranking, {"x"}) is None
    # Gains at ranks 1 and 3: 1 + 1/2; at best ranks 1 and 2: 1 + 1/log2(3).
    assert ndcg(ranking, {"a", "c"}, 10) == pytest.approx(1.5 / (1 + 1 / math.log2(3)))
    assert ndcg(ranking, {"a", "c"}, 2) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert ndcg(ranking, {"x"}, 10) == 0


def test_ndcg_counts_a_page_once_and_charges_for_naming_many() -> None:
    assert ndcg([["p3"], ["p3"], ["p5"]], {"p3", "p5"}, 10) == pytest.approx(1)
    assert ndcg([["p7", "p3"]], {"p3"}, 10) == pytest.approx(1 / math.log2(3))


def test_ndcg_of_a_cut_ranking_is_at_best_one() -> None:
    gold = {f"p{n}" for n in range(30)}
    assert ndcg([[unit] for unit in sorted(gold)], gold, 10) == pytest.approx(1)


def test_bootstrap_interval_covers_the_true_rate_about_as_often_as_it_says() -> None:
    draws = np.random.default_rng(5).random((400, 60)) < 0.7
    intervals = [bootstrap(row, resamples=1000, seed=number) for number, row in enumerate(draws)]
    covered = np.mean([interval.low <= 0.7 <= interval.high for interval in intervals])
    assert 0.90 <= covered <= 0.985


def test_bootstrap_width_agrees_with_the_normal_approximation() -> None:
    interval = bootstrap([0, 1] * 100)
    assert interval.value == 0.5
    assert (interval.high - interval.low) / 2 == pytest.approx(1.96 * math.sqrt(0.25 / 200), rel=0.1)


def test_bootstrap_is_repeatable_and_says_how_many_it_saw() -> None:
    values = list(np.random.default_rng(0).random(50))
    assert bootstrap(values) == bootstrap(values)
    assert bootstrap(values, seed=1) != bootstrap(values, seed=2)
    assert bootstrap([1.0] * 7).to_dict() == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 7}
    assert bootstrap([]).to_dict() == {"value": None, "low": None, "high": None, "n": 0}
    assert str(bootstrap([])) == "-"


# --- retrieval

FIRST, FOURTH, NEVER, TWO = (Question(text, "a.pdf", (3,)) for text in ("first", "fourth", "never", "two"))
FOUND = {
    "first": [("a.pdf", [3]), ("a.pdf", [1])],
    "fourth": [("b.pdf", [3]), ("a.pdf", [1]), ("a.pdf", [2]), ("a.pdf", [3])],
    "never": [("b.pdf", [3]), ("a.pdf", [4])],
    "two": [("b.pdf", [1, 2]), ("a.pdf", [2, 3])],
}


def test_retrieval_report_worked_out_by_hand() -> None:
    report = evaluate_retrieval("ours", searcher(FOUND), [FIRST, FOURTH, NEVER, TWO])
    assert report.ranks == (1, 4, None, 2)
    assert {k: hit.value for k, hit in report.hits.items()} == {1: 0.25, 3: 0.5, 5: 0.75, 10: 0.75}
    assert report.mrr.value == pytest.approx((1 + 1 / 4 + 0 + 1 / 2) / 4)
    # The right page is the 1st, 4th, - and 4th distinct page named.
    assert report.ndcg10.value == pytest.approx((1 + 2 / math.log2(5)) / 4)
    assert report.pages_per_passage == pytest.approx((2 + 4 + 2 + 4) / 10)


def test_ranks_beyond_ten_do_not_count() -> None:
    found = {"late": [("a.pdf", [page]) for page in range(10, 20)] + [("a.pdf", [3])]}
    report = evaluate_retrieval(
        "generous", lambda query, k: searcher(found)(query, 99), [Question("late", "a.pdf", (3,))]
    )
    assert report.ranks == (None,)
    assert report.mrr.value == 0


def test_questions_without_pages_are_passed_over_unless_files_are_the_unit() -> None:
    questions = [FIRST, Question("first", "a.pdf"), Question("first")]
    assert evaluate_retrieval("s", searcher(FOUND), questions).ranks == (1,)
    assert evaluate_retrieval("s", searcher(FOUND), questions, unit="file").ranks == (1, 1)
    never = evaluate_retrieval("s", searcher(FOUND), [Question("never", "a.pdf", (3,))], unit="file")
    assert never.ranks == (2,)


def test_no_question_gives_an_empty_report_rather_than_an_error() -> None:
    report = evaluate_retrieval("s", searcher({}), [])
    assert report.hits[1].n == 0
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_file_is_known_by_a_suffix_that_begins_at_a_word() -> None:
    assert same_file("perov_s40820.pdf", "s40820.pdf")
    assert same_file("papers/s40820.pdf", "s40820.pdf")
    assert not same_file("xs40820.pdf", "s40820.pdf")
    assert not same_file("s40820.pdf", "perov_s40820.pdf")


def test_paired_difference_is_zero_with_oneself_and_needs_the_same_questions() -> None:
    ours = evaluate_retrieval("ours", searcher(FOUND), [FIRST, FOURTH, NEVER, TWO])
    shuffled = searcher({query: passages[::-1] for query, passages in FOUND.items()})
    other = evaluate_retrieval("other", shuffled, [FIRST, FOURTH, NEVER, TWO])
    assert compare(ours, ours).value == 0
    assert other.ranks == (2, 1, None, 1)
    assert compare(ours, other).value == pytest.approx((1 - 2) / 4)
    with pytest.raises(ValueError, match="shorter"):
        compare(ours, evaluate_retrieval("fewer", searcher(FOUND), [FIRST]))


def test_table_shows_every_system_and_measure() -> None:
    report = evaluate_retrieval("ours", searcher(FOUND), [FIRST, FOURTH])
    lines = retrieval_table([report, report]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [line.split("|")[1].strip() for line in lines[2:6]] == ["hit@1", "hit@3", "hit@5", "hit@10"]
    assert "0.500 [0.000, 1.000]" in lines[2]


# --- answers


def test_answers_worked_out_by_hand() -> None:
    said = {
        "right": SaidAnswer(
            False,
            [SaidSentence("The cells reached 25.5 %.", [FoundPlace("p_a.pdf", 2), FoundPlace("b.pdf", 1)])],
        ),
        "wrong": SaidAnswer(False, [SaidSentence("They reached 19 %.", [FoundPlace("p_a.pdf", 7)])]),
        "silent": SaidAnswer(True),
        "off": SaidAnswer(True),
        "off but told": SaidAnswer(False, [SaidSentence("Rome.")]),
    }
    on_topic = [
        Question("right", "a.pdf", (2,), "about 25.5%"),
        Question("wrong", "a.pdf", (2,), "25.5%"),
        Question("silent", "a.pdf", (2,), "25.5%"),
        Question("right", "a.pdf", (), "a summary that stands nowhere"),
    ]
    report = evaluate_answers(said.__getitem__, on_topic, [Question("off"), Question("off but told")])
    assert report.abstained.value == 0.5
    assert report.answered.value == 0.75
    assert (report.contains_gold.value, report.contains_gold.n) == (pytest.approx(1 / 3), 3)
    assert (report.cites_gold.value, report.cites_gold.n) == (pytest.approx(1 / 3), 3)
    assert report.wrongly_answered == ("off but told",)
    assert report.wrongly_silent == ("silent",)
    shown = [("p_a.pdf", 2), ("b.pdf", 1), ("p_a.pdf", 7), ("p_a.pdf", 2), ("b.pdf", 1)]
    assert report.quotes == tuple(Quote(file, page, "as it stands") for file, page in shown)
    json.dumps(report.to_dict(), allow_nan=False)


# --- quotes


def write_pdf(path: Path, pages: list[list[str]]) -> Path:
    """A PDF whose pages hold the given lines, in Helvetica."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, lines in enumerate(pages):
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 12 Tf 14 TL 72 700 Td {shown} ET"
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>",
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{content}\nendobj\n"
    rows = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    body += f"xref\n0 {size}\n0000000000 65535 f \n{rows}trailer\n<< /Size {size} /Root 1 0 R >>\n"
    path.write_bytes(f"{body}startxref\n{body.index('xref')}\n%%EOF\n".encode("latin-1"))
    return path


@pytest.fixture(params=[_read_with_poppler, _read_with_pypdf])
def read(request):
    if request.param is _read_with_poppler and not shutil.which("pdftotext"):
        pytest.skip("pdftotext of poppler is not installed")
    return request.param


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    first = ["Vacancies trap carriers at 10 K and limit the effi-", "ciency of the cell to 25.5 % in all."]
    return write_pdf(tmp_path / "paper one.pdf", [first, ["The second page is about tin."]])


def test_true_quotes_are_found_whatever_their_spaces_and_hyphens(paper: Path, read) -> None:
    true = ["limit the efficiency of the cell", "ef\ufb01ciency of  the\ncell", "25.5% in all"]
    report = check_quotes([Quote("paper one.pdf", 1, text) for text in true], lambda _: paper, read, "a reader")
    assert report.astray == ()
    assert report.rate == 1
    assert str(report) == "3 of 3 quotes stand on their page (read by a reader)"


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(Quote("paper one.pdf", 2, "Vacancies trap carriers"), id="another page"),
        pytest.param(Quote("paper one.pdf", 1, "limit the efficiency of the cell to 25.6 %"), id="a digit"),
        pytest.param(Quote("paper one.pdf", 1, "Vacancies trap no carriers"), id="a word more"),
        pytest.param(Quote("paper one.pdf", 3, "The second page"), id="beyond the end"),
        pytest.param(Quote("paper one.pdf", 0, "The second page"), id="page 0"),
        pytest.param(Quote("paper one.pdf", 1, " - "), id="nothing"),
    ],
)
def test_a_false_quote_is_caught_among_true_ones(paper: Path, read, wrong: Quote) -> None:
    quotes = [Quote("paper one.pdf", 2, "The second page is about tin."), wrong]
    report = check_quotes(quotes, lambda _: paper, read)
    assert report.astray == (wrong,)
    assert report.to_dict()["rate"] == 0.5


def test_a_file_that_the_other_reader_cannot_read_is_named(tmp_path: Path, read) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"not a PDF")
    with pytest.raises(LibraryError, match=r"broken\.pdf"):
        check_quotes([Quote("broken.pdf", 1, "words")], lambda file: tmp_path / file, read)


def test_sample_is_repeatable_and_without_replacement() -> None:
    quotes = [Quote("a.pdf", page, "text") for page in range(1, 101)]
    drawn = sample(quotes, 20, seed=3)
    assert drawn == sample(quotes, 20, seed=3)
    assert len(set(drawn)) == 20
    assert sample(quotes, 20, seed=4) != drawn
    assert len(sample(quotes, 500)) == 100


# --- question files


def test_both_spellings_of_a_question_are_read(tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    theirs = {
        "doc_name": "a.pdf",
        "query": "Q1?",
        "correct_answer": "2",
        "pages_with_exact_answer_string": [2, 4],
    }
    lines = [
        json.dumps(theirs),
        "",
        '{"question": "Q2?", "file": "b.pdf", "pages": [1], "answer": "x\u2028y"}',
        '{"question": "Q3?"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert read_questions(path) == [
        Question("Q1?", "a.pdf", (2, 4), "2"),
        Question("Q2?", "b.pdf", (1,), "x\u2028y"),
        Question("Q3?"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        '{"file": "a.pdf"}',
        '{"question": " "}',
        '{"question": "Q", "pages": [0]}',
        '{"question": "Q", "pages": 3}',
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(f'{{"question": "fine?"}}\n{line}\n')
    with pytest.raises(LibraryError, match=r"questions\.jsonl, line 2"):
        read_questions(path)


def test_a_missing_question_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match=r"nowhere\.jsonl"):
        read_questions(tmp_path / "nowhere.jsonl")


def pool(tmp_path: Path) -> ContextPool:
    rows = [
        ("Tin is soft.", "Is tin soft?"),
        ("Lead is heavy.", "Is lead heavy?"),
        ("Tin is soft.", "What is soft?"),
    ]
    path = tmp_path / "pool.jsonl"
    path.write_text("".join(json.dumps({"context": c, "question": q}) + "\n" for c, q in rows))
    return read_contexts(path)


def test_equal_contexts_of_a_pool_are_one(tmp_path: Path) -> None:
    contexts = pool(tmp_path)
    assert len(contexts.contexts) == 2
    assert contexts.questions[0].file == contexts.questions[2].file != contexts.questions[1].file
    paths = contexts.write(tmp_path / "pool")
    assert sorted(path.read_text() for path in paths) == ["Lead is heavy.", "Tin is soft."]
    assert {path.name for path in paths} == {question.file for question in contexts.questions}


def test_a_paraphrase_of_another_pool_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "paraphrases.jsonl"
    path.write_text('{"context_sha256": "00", "question": "Q", "paraphrase": "P"}\n')
    with pytest.raises(LibraryError, match=r"paraphrases\.jsonl, line 1"):
        pool(tmp_path).reworded(path)
