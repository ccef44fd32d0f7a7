"""Batches of crystals and captions: what fits what, by brute force; and a whole run on a handful of crystals."""

from __future__ import annotations

import json
import pickle
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from clip_mat import CrystalClip
from clip_mat.clip import save_model
from clip_mat.entry_facts import facts_of
from clip_mat.language.captions import Caption
from clip_mat.search.bundled import bundled_entries
from clip_mat.sentence_encoder import packaged_folder
from clip_mat.structures import Entry, write_crystal
from clip_mat.towers.graphs import hidden, make_graph
from clip_mat.towers.model import ModelConfig, TwoTowers
from clip_mat.towers.text_tower import Reader
from clip_mat.towers.vocabulary import Vocabulary
from clip_mat.training.clip import begin_from, train_clip
from clip_mat.training.dataset import stated_by
from clip_mat.training.pairs import PairSource, TrainingSet, WhoHas
from clip_mat.weight_files import CONFIG, WEIGHTS


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    small = [entry for entry in bundled_entries() if len(entry.crystal) <= 12]
    return small[:60]


@pytest.fixture(scope="module")
def data(entries: list[Entry]) -> TrainingSet:
    graphs = [make_graph(entry.crystal, symmetry=False) for entry in entries]
    facts = [facts_of(entry) for entry in entries]
    return TrainingSet(graphs, graphs, facts, {0: [Caption("as somebody wrote it", frozenset())]})


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(packaged_folder(), Vocabulary())


def test_who_has_agrees_with_brute_force(data: TrainingSet) -> None:
    who_has = WhoHas(data.facts)
    for facts in data.facts:
        for keys in [facts.keys, frozenset(list(facts.keys)[:1]), frozenset(sorted(facts.keys, key=str)[:2])]:
            expected = [row for row, other in enumerate(data.facts) if keys <= other.keys]
            assert who_has(keys).tolist() == expected
    assert who_has(frozenset({("formula", "Uuo")})).tolist() == []
    assert len(who_has(frozenset())) == len(data.facts)


def test_an_epoch_shows_every_crystal_once_and_is_repeatable(data: TrainingSet, reader: Reader) -> None:
    source = PairSource(data, reader, batch=10, chunk=4, seed=1)
    batches = list(source.epoch(0))
    assert len(batches) == len(source) == 6
    rows = [torch.cat([chunk.rows for chunk in batch.chunks]).tolist() for batch in batches]
    assert sorted(row for part in rows for row in part) == list(range(60))
    again = list(pickle.loads(pickle.dumps(source)).epoch(0))
    for one, other in zip(batches, again, strict=True):
        assert torch.equal(one.positives, other.positives)
        for a, b in zip(one.chunks, other.chunks, strict=True):
            assert torch.equal(a.text.word, b.text.word)  # type: ignore[attr-defined]
            assert torch.equal(a.rows, b.rows)
    other_epoch = [torch.cat([chunk.rows for chunk in batch.chunks]).tolist() for batch in source.epoch(1)]
    assert other_epoch != rows


def test_a_text_fits_its_own_crystal_and_the_bank_agrees(data: TrainingSet, reader: Reader) -> None:
    for batch in PairSource(data, reader, batch=20, chunk=7, seed=2).epoch(0):
        rows = torch.cat([chunk.rows for chunk in batch.chunks])
        assert batch.positives.diagonal().all()
        assert batch.bank_positives is not None
        assert torch.equal(batch.bank_positives[:, rows], batch.positives)


def test_ranks_share_a_batch(data: TrainingSet, reader: Reader) -> None:
    source = PairSource(data, reader, batch=9, chunk=4, seed=3)
    alone = next(source.epoch(0))
    shares = [next(source.epoch(0, rank, 2)) for rank in range(2)]
    rows = [torch.cat([chunk.rows for chunk in share.chunks]) for share in shares]
    together = torch.cat(rows)
    whole = torch.cat([chunk.rows for chunk in alone.chunks])
    assert sorted(together.tolist()) == sorted(whole.tolist())
    place = {row: i for i, row in enumerate(whole.tolist())}
    order = torch.tensor([place[row] for row in together.tolist()])
    gathered = torch.cat([share.positives for share in shares])
    assert torch.equal(gathered, alone.positives[order][:, order])


def test_written_captions_are_shown(data: TrainingSet, reader: Reader) -> None:
    source = PairSource(data, reader, batch=60, chunk=60, seed=4)
    written = reader(["as somebody wrote it"]).word[0].tolist()
    shown = 0
    for epoch in range(12):
        (chunk,) = next(source.epoch(epoch)).chunks
        words = chunk.text.word[chunk.rows.tolist().index(0)].tolist()  # type: ignore[attr-defined]
        shown += words[: len(written)] == written
    assert 1 <= shown <= 11


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Orthorhombic LiMnO2 lattice", {("formula", "LiMnO2"), ("crystal_system", "orthorhombic")}),
        ("cubic phase in the Li-Mn-O system", {("chemical_system", "Li-Mn-O"), ("crystal_system", "cubic")}),
        ("oxide in space group P6_3/mmc", {("spacegroup", 194), ("crystal_system", "hexagonal")}),
        ("High symmetry in a remarkable solid", set()),
    ],
)
def test_what_a_written_caption_is_seen_to_state(text: str, expected: set[tuple[str, str | int]]) -> None:
    assert expected <= stated_by(text)
    assert bool(expected) == bool(stated_by(text))


def test_a_run_ends_in_a_model_that_loads(entries: list[Entry], tmp_path: Path) -> None:
    folder = tmp_path / "crystals"
    folder.mkdir()
    for number, entry in enumerate(entries[:24]):
        (folder / f"{number}.cif").write_text(write_crystal(entry.crystal, symmetrized=False))
    out = tmp_path / "run"
    summary = train_clip([folder], out, epochs=1, batch=8, threads=1, seed=0)
    assert summary.finished
    assert summary.steps >= 2
    assert json.loads((out / "run.json").read_text())["steps"] == summary.steps
    assert "Crystal CLIP" in (out / "README.md").read_text()
    assert {CONFIG, WEIGHTS} <= {path.name for path in out.iterdir()}
    vectors = CrystalClip.load(out).encode_text(["rock salt", "wurtzite"])
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3
    later = tmp_path / "later"
    train_clip([folder], later, epochs=1, batch=8, threads=1, seed=1, init=out)
    assert json.loads((later / "run.json").read_text())["hours_before"] == summary.hours > 0
    assert "of an earlier run" in (later / "README.md").read_text()
    apart = tmp_path / "apart"
    train_clip([folder], apart, epochs=1, batch=8, threads=1, seed=1, shared=False, loss="chemeleon")
    told = CrystalClip.load(apart).model
    assert not torch.equal(told.text.chemistry.element.weight, told.crystal.chemistry.element.weight)


def test_a_run_begins_from_trained_weights(tmp_path: Path) -> None:
    """Also from weights that lack a part, as older ones do."""
    torch.manual_seed(3)
    sizes = ModelConfig(16, 16, 16, 4, 1, guesses=False, text_width=32, text_layers=1)
    trained = TwoTowers(sizes, packaged_folder())
    save_model(trained, tmp_path, half=False)
    fresh = TwoTowers(replace(sizes, guesses=True), packaged_folder())
    before = {name: value.clone() for name, value in fresh.state_dict().items()}
    assert begin_from(tmp_path, fresh) == 0
    old = trained.state_dict()
    for name, value in fresh.state_dict().items():
        assert torch.equal(value, old.get(name, before[name])), name
    assert any("guesser" in name for name in before.keys() - old.keys())


def test_names_of_few_members_are_asked_for_more_often(data: TrainingSet, reader: Reader) -> None:
    named = next(row for row, facts in enumerate(data.facts) if len(facts.prototypes) == 1)
    source = PairSource(replace(data, written={}), reader, batch=60, chunk=60, seed=4)
    rng = random.Random(0)
    lone = sum({kind for kind, _ in source._caption(named, rng).states} == {"prototype"} for _ in range(300))
    assert lone > 60


def test_hidden_graphs_keep_their_shape(data: TrainingSet) -> None:
    graph = data.graphs[0]
    assert np.array_equal(hidden(graph).vector, graph.vector)
