"""Lists of queries: the committed ones, and files that are no list."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from clip_mat.errors import CrystalError, RequestError
from clip_mat.evaluation import Gallery
from clip_mat.evaluation.queries import (
    TIERS,
    caption_queries,
    read_free_queries,
    read_ids,
    read_written_captions,
)
from clip_mat.language.names import prototype_names

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize("tier", TIERS)
def test_captions_state_what_is_true(gallery: Gallery, tier: str) -> None:
    queries = caption_queries(gallery, gallery.ids, tier)  # type: ignore[arg-type]
    for query, facts in zip(queries, gallery.facts, strict=True):
        assert query.states <= facts.keys
    assert len({query.text for query in queries}) > len(queries) / 4
    alone = caption_queries(gallery, ["m-7"], tier)  # type: ignore[arg-type]
    assert alone == [queries[7]]  # whatever else is asked for
    assert caption_queries(gallery, gallery.ids, tier, seed=1) != queries  # type: ignore[arg-type]


def test_the_committed_free_queries_are_many_and_distinct() -> None:
    queries = read_free_queries(DATA / "free_queries.jsonl")
    ids = set(read_ids(DATA / "val_queries.txt"))
    assert len(queries) == len({query.text.lower() for query in queries}) == 200
    assert {query.id for query in queries} <= ids
    assert len(ids) == 1500
    known = set(prototype_names())
    for query in queries:
        assert query.states
        assert {value for kind, value in query.states if kind == "prototype"} <= known


@pytest.mark.slow
def test_the_committed_free_queries_are_true_of_their_crystals(shared_data: Path) -> None:
    gallery = Gallery.read([shared_data / "crystals" / "mp_val.parquet"])
    for query in read_free_queries(DATA / "free_queries.jsonl"):
        facts = gallery.facts[gallery.rows[query.id]]
        assert query.fits(facts), (query, query.states - facts.keys)


@pytest.mark.parametrize(
    "row",
    [
        {"query": "rutile", "states": [], "filter": []},
        {"id": "m-1", "query": "rutile", "states": [["formula"]], "filter": []},
        {"id": "m-1", "query": "rutile", "states": [], "filter": [["gap_above", "wide"]]},
        {"id": "m-1", "query": "rutile", "states": [], "filter": [["gap_below", 3]]},
        ["m-1", "rutile"],
    ],
)
def test_a_line_that_is_no_query_is_named(tmp_path: Path, row: object) -> None:
    file = tmp_path / "free.jsonl"
    good = {"id": "m-1", "query": "rutile", "states": [["prototype", "rutile"]], "filter": [["gap_above", 3]]}
    file.write_text(f"{json.dumps(good)}\n{json.dumps(row)}\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"free\.jsonl, line 2"):
        read_free_queries(file)


def test_a_list_of_ids_names_each_once(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("m-1\nm-2\nm-1\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"ids\.txt"):
        read_ids(file)


def test_written_captions_are_taken_by_id(gallery: Gallery, tmp_path: Path) -> None:
    file = tmp_path / "written.parquet"
    rows = {"material_id": ["m-1", "m-2", "m-1", "far"], "prompt": ["one", "two", "three", "four"]}
    parquet.write_table(pa.table(rows), file)
    queries = read_written_captions(file, gallery, ["m-1"])
    assert [(query.id, query.text) for query in queries] == [("m-1", "one"), ("m-1", "three")]
    assert {kind for kind, _ in queries[0].states} == {"formula", "spacegroup"}
    with pytest.raises(CrystalError, match="'far'"):
        read_written_captions(file, gallery, ["far"])
    with pytest.raises(RequestError, match="no caption"):
        read_written_captions(file, gallery, ["m-9"])
    parquet.write_table(pa.table({"material_id": ["m-1"]}), file)
    with pytest.raises(RequestError, match=r"written\.parquet"):
        read_written_captions(file, gallery, ["m-1"])
