"""The questions under tests/data are what their README says."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rag.evaluation import read_contexts, read_questions

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data"
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
    a about above after against all an and any are as at be because been before being below between both
    but by can could did do does doing done down during each either else ever every few for from further
    had has have he her his how i if in into is it its itself just less made many may me might more most
    much must my no nor not of off on once one only or other our out over own per put rather same she
    should so some such than that the their them then there these they this those through to too two
    under until up upon us very was we were what when where whether which while who whom whose why will
    with without would yes you your
    """,
    )
)


def rows(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


class Stemmer:
    """SQLite's Porter stemmer."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:")
        self.db.execute("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = 'porter unicode61')")
        self.db.execute("CREATE VIRTUAL TABLE terms USING fts5vocab(texts, 'row')")

    def stems(self, text: str) -> set[str]:
        self.db.execute("DELETE FROM texts")
        self.db.execute("INSERT INTO texts VALUES (?)", (text,))
        return {term for (term,) in self.db.execute("SELECT term FROM terms")}

    def content_stems(self, text: str) -> set[str]:
        return self.stems(" ".join(word for word in re.findall(r"\w+", text.lower()) if word not in STOP_WORDS))

    def close(self) -> None:
        self.db.close()


def test_paraphrases_share_few_words_with_their_passages() -> None:
    source = SHARED / "qa" / "chemlitqa_train.jsonl"
    if not source.exists():
        pytest.skip(f"the contexts are not here: {source}")
    contexts = {hashlib.sha256(text.encode()).hexdigest(): text for text in read_contexts(source).contexts.values()}
    shares = []
    with closing(Stemmer()) as stemmer:
        for row in rows("paraphrases.jsonl"):
            asked = stemmer.content_stems(str(row["paraphrase"]))
            shares.append(len(asked & stemmer.stems(contexts[str(row["context_sha256"])])) / len(asked))
    print(f"content stems found in the context: mean {sum(shares) / 60:.3f}, most {max(shares):.3f}")
    assert len(shares) == len({row["context_sha256"] for row in rows("paraphrases.jsonl")}) == 60
    assert sum(shares) / len(shares) <= 0.35
    assert max(shares) <= 0.5


def test_off_topic_questions_are_half_easy_half_hard_in_both_halves() -> None:
    difficulties = [row["difficulty"] for row in rows("off_topic.jsonl")]
    for half in (difficulties[::2], difficulties[1::2]):
        assert sorted(half) == ["easy"] * 15 + ["hard"] * 15


def test_no_question_stands_twice() -> None:
    asked = [
        question.text for name in ("off_topic.jsonl", "on_topic.jsonl") for question in read_questions(DATA / name)
    ]
    asked += [str(row["paraphrase"]) for row in rows("paraphrases.jsonl")]
    assert len(asked) == len(set(asked)) == 180


def test_on_topic_questions_are_spread_over_papers_other_than_the_perovskite_ones() -> None:
    questions = read_questions(DATA / "on_topic.jsonl")
    files = {question.file for question in questions}
    assert len(questions) == 60
    assert len(files) >= 15
    assert not any(file.startswith("perov_") for file in files)
    assert all(question.pages and question.answer for question in questions)
    if (SHARED / "papers").exists():
        assert files <= {path.name for path in (SHARED / "papers").iterdir()}
