"""BM25 against its formula, against FTS5's own, and under any text."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexes import Record, SQLiteStore
from indexes.fulltext import MAX_TERMS, STOP_WORDS, Tokenizer
from indexes.sqlite import SQLiteCollection

WORDS = [f"{a}{b}{c}" for a in "dfgklm" for b in "aou" for c in "bdgkmpt"]


def texts(rows: int, seed: int) -> list[str]:
    """Texts whose words follow Zipf's law."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, len(WORDS) + 1)
    return [" ".join(rng.choice(WORDS, size=rng.integers(1, 60), p=weights / weights.sum())) for _ in range(rows)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    with SQLiteStore.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def zipf(store: SQLiteStore) -> SQLiteCollection:
    collection = store.collection("zipf")
    collection.upsert(Record(f"t{i:03}", text, {"even": i % 2 == 0}) for i, text in enumerate(texts(400, 0)))
    return collection


def okapi(corpus: list[list[str]], query: list[str]) -> list[float]:
    """BM25 as the textbook writes it, with FTS5's constants."""
    mean = sum(map(len, corpus)) / len(corpus)
    scores = [0.0] * len(corpus)
    for word in dict.fromkeys(query):
        n = sum(word in text for text in corpus)
        idf = max(math.log((len(corpus) - n + 0.5) / (n + 0.5)), 1e-6)
        for i, text in enumerate(corpus):
            f = text.count(word)
            scores[i] += idf * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * len(text) / mean))
    return scores


def test_the_formula_by_hand(store: SQLiteStore) -> None:
    collection = store.collection("c")
    corpus = ["vacancy vacancy oxide", "oxide film", "film film film growth rate", "perovskite", "growth"]
    collection.upsert(Record(str(i), text) for i, text in enumerate(corpus))
    # Five texts of 12 words. "vacancy": n = 1, f = 2 in a text of 3; "film": n = 2.
    mean = 12 / 5
    vacancy = math.log(4.5 / 1.5) * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / mean))
    film = [math.log(3.5 / 2.5) * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * d / mean)) for f, d in ((1, 2), (3, 5))]
    hits = collection.text_search("vacancies in films", 5)
    assert {hit.id: hit.score for hit in hits} == pytest.approx({"0": vacancy, "1": film[0], "2": film[1]}, rel=1e-6)


def test_the_whole_ranking_is_that_of_the_formula(zipf: SQLiteCollection) -> None:
    corpus = [text.split() for text in texts(400, 0)]
    for query in texts(10, 1):
        scores = okapi(corpus, query.split())
        found = zipf.text_search(query, 1000)
        assert {hit.id for hit in found} == {f"t{i:03}" for i, score in enumerate(scores) if score > 0}
        assert [hit.score for hit in found] == pytest.approx(
            sorted((s for s in scores if s > 0), reverse=True), rel=1e-5
        )
        assert [hit.score for hit in found] == pytest.approx([scores[int(hit.id[1:])] for hit in found], rel=1e-5)


def test_the_ranking_is_that_of_fts5(zipf: SQLiteCollection, store: SQLiteStore) -> None:
    connection = sqlite3.connect(store.directory / "store.sqlite")
    try:
        for query in texts(20, 2):
            words = dict.fromkeys(query.split())
            sql = "SELECT id, -bm25(fts_1) FROM fts_1 JOIN records_1 ON rid = fts_1.rowid WHERE fts_1 MATCH ?"
            theirs = dict(connection.execute(sql, (" OR ".join(words),)))
            ours = {hit.id: hit.score for hit in zipf.text_search(query, 1000)}
            assert ours == pytest.approx(theirs, rel=1e-5)
    finally:
        connection.close()


def test_k_cuts_the_full_ranking_and_ties_are_by_id(zipf: SQLiteCollection) -> None:
    for query in texts(10, 3):
        full = zipf.text_search(query, 1000)
        assert full == sorted(full, key=lambda hit: (-hit.score, hit.id))
        assert zipf.text_search(query, 5) == full[:5]


def test_filters_come_first(zipf: SQLiteCollection) -> None:
    query = WORDS[0]
    full = [hit for hit in zipf.text_search(query, 1000) if int(hit.id[1:]) % 2 == 0]
    assert len(full) > 20
    assert zipf.text_search(query, 20, {"even": True}) == full[:20]


def test_scores_of_given_records(zipf: SQLiteCollection) -> None:
    hits = zipf.text_search("dab dog", 3)
    assert zipf.text_scores("dab dog", [hit.id for hit in hits]) == [hit.score for hit in hits]
    assert zipf.text_scores("absent", ["t000"]) == [0.0]


def test_words_are_folded_and_stemmed(store: SQLiteStore) -> None:
    collection = store.collection("c")
    collection.upsert([Record("a", "Schrödinger's DEFECTS in Cs2AgBiBr6, x-ray at 10^13 cm^-3")])
    for query in ("schrodinger", "defect", "Defects?", "cs2agbibr6", "X-RAY", "10^13"):
        assert [hit.id for hit in collection.text_search(query, 1)] == ["a"], query
    assert collection.document_frequency(["defect", "DEFECTS", "x-ray", "ray x", "the", "nothing", "", "!?"]) == {
        "defect": 1,
        "DEFECTS": 1,
        "x-ray": 1,
        "ray x": 0,
        "the": 0,
        "nothing": 0,
        "": 0,
        "!?": 0,
    }


def test_function_words_count_only_when_there_is_nothing_else(store: SQLiteStore) -> None:
    collection = store.collection("c")
    collection.upsert([Record("a", "what is the"), Record("b", "perovskite"), Record("c", "oxide")])
    assert [hit.id for hit in collection.text_search("what is the perovskite", 5)] == ["b"]
    assert [hit.id for hit in collection.text_search("what is the", 5)] == ["a"]


def test_a_word_in_every_record_still_finds_them(store: SQLiteStore) -> None:
    collection = store.collection("c")
    collection.upsert([Record("a", "oxide"), Record("b", "oxide film")])
    assert {hit.id for hit in collection.text_search("oxide", 5)} == {"a", "b"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.text(max_size=60)
    | st.sampled_from(['"', "a OR", "NEAR(a b)", "col:x", "-", "*", "^a", "a AND (b", "\x00", "'"])
)
def test_any_text_is_a_safe_query(zipf: SQLiteCollection, query: str) -> None:
    zipf.text_search(query, 5)
    zipf.document_frequency([query])


@pytest.mark.parametrize("query", ["", "   ", "\x00\x00", "\ud800", '"""', "OR AND NOT", "😀" * 100])
def test_queries_without_words_find_nothing(zipf: SQLiteCollection, query: str) -> None:
    assert zipf.text_search(query, 5) == []


def test_nul_and_surrogates_do_not_hide_the_rest(zipf: SQLiteCollection) -> None:
    assert zipf.text_search("\x00dab\x00 \ud800", 5) == zipf.text_search("dab", 5)


def test_a_very_long_query_is_cut(zipf: SQLiteCollection) -> None:
    words = " ".join(f"w{i}" for i in range(MAX_TERMS))
    assert len(f"{words} dab") < 100_000
    assert zipf.text_search("dab " + "junk " * 20_000, 5) == zipf.text_search("dab junk", 5)
    assert zipf.text_search(f"{words} dab", 5) == []
    assert len(zipf.text_search(f"dab {words}", 5)) == 5


def test_nul_in_a_text_survives(store: SQLiteStore) -> None:
    collection = store.collection("c")
    collection.upsert([Record("a", "before\x00after")])
    (record,) = collection.get(["a"])
    assert record is not None
    assert record.text == "before\x00after"
    collection.upsert([Record("a", "nothing")])
    assert collection.text_search("before after", 5) == []
    assert store.verify() == []


def test_the_cache_of_postings_is_bounded(zipf: SQLiteCollection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexes.fulltext.CACHE_BYTES", 1000)
    first = [zipf.text_search(query, 5) for query in texts(10, 4)]
    assert [zipf.text_search(query, 5) for query in texts(10, 4)] == first
    index = zipf._text_index()
    assert index._bytes <= 1000 or len(index._cache) == 1


def test_stop_words_are_words() -> None:
    tokenizer = Tokenizer()
    assert len(tokenizer(STOP_WORDS)) == len(STOP_WORDS.split())
    tokenizer.close()
