"""Training the generative model: on a handful of crystals, which it can learn by heart."""

from __future__ import annotations

import json
import os
import signal
import zipfile
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch

from clip_mat.clip import CrystalClip
from clip_mat.crystal import Crystal
from clip_mat.errors import TrainingError, WeightsError
from clip_mat.facts import Facts, reduced
from clip_mat.generate.cells import LatticeScale, equivalent_axes, lattice_numbers, niggli
from clip_mat.generate.conditions import Condition
from clip_mat.generate.denoiser import Denoiser, DenoiserConfig
from clip_mat.generate.denoiser_weights import save_denoiser
from clip_mat.generate.flow import Lesson, losses
from clip_mat.generate.sampler import CrystalDenoiser
from clip_mat.generate.starts import Start
from clip_mat.structures.writing import write_crystal
from clip_mat.symmetry import find_spacegroup
from clip_mat.training.config import TrainConfig
from clip_mat.training.diffusion import WEIGHTS, train_diffusion
from clip_mat.training.diffusion_data import DiffusionSet, read_diffusion_set, split
from clip_mat.training.diffusion_run import train_denoiser
from clip_mat.training.lessons import LessonSource, lessons
from clip_mat.training.run import Trained

FCC = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2


def salts() -> list[Crystal]:
    """Rock salts, caesium chlorides and elements, each with its own size."""
    made = []
    for cation, anion, edge in (("Na", "Cl", 5.6), ("Li", "F", 4.0), ("Mg", "O", 4.2), ("K", "Br", 6.6)):
        made.append(Crystal.from_symbols([cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]], edge * FCC))
    for cation, anion, edge in (("Cs", "Cl", 4.1), ("Cs", "I", 4.6)):
        made.append(Crystal.from_symbols([cation, anion], [[0, 0, 0], [0.5, 0.5, 0.5]], edge * np.eye(3)))
    made += [Crystal.from_symbols([symbol], [[0, 0, 0]], edge * FCC) for symbol, edge in (("Cu", 3.6), ("Al", 4.0))]
    return made


def small_set() -> DiffusionSet:
    crystals = [niggli(crystal) for crystal in salts()]
    rng = np.random.default_rng(0)
    return DiffusionSet(
        crystals,
        np.stack([lattice_numbers(crystal.lattice, len(crystal)) for crystal in crystals]),
        [equivalent_axes(crystal.lattice) for crystal in crystals],
        [
            Facts(reduced(Counter(crystal.symbols)), find_spacegroup(crystal), band_gap=1.0 * i, energy_above_hull=0.0)
            for i, crystal in enumerate(crystals)
        ],
        rng.normal(size=(len(crystals), 2, 6)).astype(np.float16),
        rng.normal(size=(len(crystals), 3, 6)).astype(np.float16),
    )


def train(
    folder: Path, data: DiffusionSet, epochs: int, *, width: int = 16, batch: int = 4, **options
) -> Trained[Denoiser]:
    torch.manual_seed(0)
    scale = LatticeScale.of(data.lattices)
    sizes = DenoiserConfig(width=width, layers=2, heads=2, pair_width=8, condition_width=16, vector=6, most_atoms=4,
                           scale=scale, cells=(0, 1, 1, 0, 0))  # fmt: skip
    config = TrainConfig(
        epochs=epochs, learning_rates={"": 3e-3}, warmup_steps=10, ema_decay=0.99, threads=1, workers=0
    )
    return train_denoiser(
        Denoiser(sizes), LessonSource(data, scale, batch, 2, 0), config, folder, device="cpu", **options
    )


def test_it_learns(tmp_path: Path) -> None:
    data = small_set()
    lesson = source(batch=8, chunk=8).lesson(range(8), [np.random.default_rng(row) for row in range(8)], plain=True)
    wrong = []
    for epochs in (1, 120):
        trained = train(tmp_path / str(epochs), data, epochs=epochs, width=32, batch=8).model
        with torch.no_grad():
            elements = trained.composer(lesson.kinds, lesson.conditions)
            wrong.append(losses(trained(lesson.state, lesson.conditions), elements, lesson))
    assert float(wrong[1]["spacegroup"]) < 0.1 * float(wrong[0]["spacegroup"])
    assert float(wrong[1]["elements"]) < 0.6 * float(wrong[0]["elements"])
    assert float(wrong[1]["loss"]) < 0.9 * float(wrong[0]["loss"])


def test_a_resumed_run_is_that_without_a_break(tmp_path: Path) -> None:
    data = small_set()
    straight = train(tmp_path / "straight", data, epochs=4)

    def interrupt(_model: Denoiser) -> dict[str, float]:
        os.kill(os.getpid(), signal.SIGTERM)
        return {"atoms": 1.0}

    halted = train(tmp_path / "halted", data, epochs=4, evaluate=interrupt)
    assert not halted.summary.finished
    assert halted.summary.steps < straight.summary.steps
    resumed = train(tmp_path / "halted", data, epochs=4, resume=True)
    assert resumed.summary.steps == straight.summary.steps
    for name, value in straight.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name


def test_a_folder_holds_one_run(tmp_path: Path) -> None:
    data = small_set()
    with pytest.raises(TrainingError, match="no checkpoint"):
        train(tmp_path, data, epochs=1, resume=True)
    train(tmp_path, data, epochs=1)
    with pytest.raises(TrainingError, match="holds a run already"):
        train(tmp_path, data, epochs=1)
    with pytest.raises(TrainingError, match="model="):
        train(tmp_path, data, epochs=2, width=32, resume=True)
    with pytest.raises(TrainingError, match="size=8"):
        train(tmp_path, data.rows([0, 1, 2, 3]), epochs=2, resume=True)


def source(batch: int = 4, chunk: int = 2) -> LessonSource:
    data = small_set()
    return LessonSource(data, LatticeScale.of(data.lattices), batch, chunk, 0)


def epoch(source: LessonSource, number: int, rank: int = 0, world: int = 1) -> list[list[Lesson]]:
    return [source.batch(number, position, rank, world) for position in range(len(source))]


def test_an_epoch_shows_every_crystal_once() -> None:
    shown_ones = [lesson for batch in epoch(source(), 0) for lesson in batch]
    assert sum(map(len, shown_ones)) == 8
    shown = Counter(tuple(sorted(row[row > 0].tolist())) for lesson in shown_ones for row in lesson.state.numbers)
    assert shown == Counter(tuple(sorted(crystal.numbers.tolist())) for crystal in small_set().crystals)


def test_ranks_share_a_batch() -> None:
    shares = [epoch(source(), 0, rank, 2) for rank in range(2)]
    assert [len(share) for share in shares] == [2, 2]
    for first, second in zip(*shares, strict=True):
        assert list(map(len, first)) == list(map(len, second))


def test_lessons_are_the_same_for_the_same_seed() -> None:
    for first, second in zip(epoch(source(), 3), epoch(source(), 3), strict=True):
        for one, other in zip(first, second, strict=True):
            assert torch.equal(one.state.positions, other.state.positions)
            assert torch.equal(one.conditions.vector, other.conditions.vector)


@pytest.mark.parametrize("workers", [0, 2])
def test_workers_change_nothing(workers: int) -> None:
    known = source()
    told = list(islice(lessons(known, 1, 1, workers=workers), 4))
    assert [(number, position) for number, position, _ in told] == [(1, 1), (2, 0), (2, 1), (3, 0)]
    for number, position, batch in told:
        for one, other in zip(batch, source().batch(number, position), strict=True):
            assert torch.equal(one.state.positions, other.state.positions)
            assert torch.equal(one.elements, other.elements)


def test_crystals_that_nobody_made() -> None:
    data = small_set()
    halides = [number for number, crystal in enumerate(data.crystals) if len(crystal) == 2]
    data = data.rows([halides[row % len(halides)] for row in range(200)])
    known = LessonSource(data, LatticeScale.of(data.lattices), 200, 200, 0)
    shown = [lesson for number in range(3) for lesson in known.batch(number, 0)]
    real = {tuple(sorted(crystal.numbers.tolist())) for crystal in data.crystals}
    made = [
        (tuple(sorted(numbers[numbers > 0].tolist())), elements, vector)
        for lesson in shown
        for numbers, elements, vector in zip(
            lesson.state.numbers, lesson.elements, lesson.conditions.vector, strict=True
        )
    ]
    others = [(elements, vector) for numbers, elements, vector in made if numbers not in real]
    assert others
    assert len(others) < 0.4 * len(made)
    for elements, vector in others:  # no lesson in which elements occur together, and no words
        assert not elements.any()
        assert not vector.any()
    assert all(len(set(numbers)) == len(numbers) for numbers, *_ in made)


def test_what_a_plain_lesson_shows() -> None:
    rngs = [np.random.default_rng(row) for row in range(8)]
    lesson = source().lesson(range(8), rngs, plain=True)
    assert [sorted(row[row > 0].tolist()) for row in lesson.state.numbers] == [
        sorted(crystal.numbers.tolist()) for crystal in small_set().crystals
    ]
    assert torch.equal(lesson.state.position_time, lesson.state.lattice_time)
    assert not lesson.conditions.vector.any()
    assert lesson.spacegroup.tolist() == [facts.spacegroup for facts in small_set().facts]


def test_all_kinds_of_lessons_are_given() -> None:
    shown = [lesson for number in range(30) for batch in epoch(source(), number) for lesson in batch]
    times = torch.cat([lesson.state.position_time for lesson in shown])
    apart = torch.cat([lesson.state.lattice_time != lesson.state.position_time for lesson in shown])
    hidden = torch.cat([(lesson.elements > 0).float().mean(1) for lesson in shown if lesson.elements.shape[1] == 2])
    told = torch.cat([lesson.conditions.spacegroup > 0 for lesson in shown])
    guessed = torch.cat([lesson.spacegroup > 0 for lesson in shown])
    vectors = torch.cat([lesson.conditions.vector.any(1) for lesson in shown])
    for share, expected in (
        ((times == 0).float().mean(), 0.1),
        (apart.float().mean(), 0.9 * 0.15),
        (told.float().mean(), 0.65 * 0.6),
        (vectors.float().mean(), 0.65 * 0.45),
    ):
        assert float(share) == pytest.approx(expected, abs=0.08)
    assert set(hidden.tolist()) == {0.5, 1.0}
    assert not (told & guessed).any()


def test_whole_formulas_are_kept_out() -> None:
    data = small_set()
    data = data.rows([row % 8 for row in range(80)])
    data.facts[:] = [Facts({"Na": 1, "Cl": 1 + row // 4}, 225) for row in range(80)]
    training, validation = split(data, 5)
    assert len(training) + len(validation) == 80
    assert len({facts.formula for facts in validation.facts}) == 2
    assert not {facts.formula for facts in training.facts} & {facts.formula for facts in validation.facts}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crystals")
    for number, crystal in enumerate(salts()):
        (folder / f"{number}.cif").write_text(write_crystal(crystal))
    (folder / "broken.cif").write_text("data_nothing")
    return folder


class TestFromFiles:
    """The command's own function, on the real Crystal CLIP."""

    def test_from_files_to_weights_and_on(self, files: Path, tmp_path: Path) -> None:
        summary = train_diffusion([files], tmp_path, epochs=1, threads=1)
        assert (summary.finished, summary.steps) == (True, 1)
        model = CrystalDenoiser.load(tmp_path / WEIGHTS)
        assert model.clip == CrystalClip.load().fingerprint
        assert sum(model.patterns.values()) == 8
        assert "1.0 epochs" in (tmp_path / WEIGHTS / "README.md").read_text()
        (made,) = model.sample([Start.of({"Na": 1, "Cl": 1})], [Condition()], steps=2)
        assert sorted(made.crystal.numbers.tolist()) == [11, 17]
        more = train_diffusion([files], tmp_path, epochs=2, threads=1, resume=True)
        assert more.steps == 2

    def test_weights_to_begin_from(self, files: Path, tmp_path: Path) -> None:
        train_diffusion([files], tmp_path / "first", epochs=1, threads=1)
        few = tmp_path / "few"
        few.mkdir()
        (few / "0.cif").write_text((files / "0.cif").read_text())
        train_diffusion([few], tmp_path / "second", epochs=1, threads=1, init=tmp_path / "first" / WEIGHTS)
        first, second = (CrystalDenoiser.load(tmp_path / run / WEIGHTS) for run in ("first", "second"))
        assert second.model.config.scale == first.model.config.scale
        assert (sum(first.model.config.cells), sum(second.model.config.cells)) == (8, 1)
        assert second.patterns == {(4, 4): 1}
        before, after = (model.model.state_dict() for model in (first, second))
        apart = max(float((before[name] - after[name]).abs().max()) for name in before)
        assert 0 < apart < 0.01  # one step at a rate that is still rising

    def test_weights_of_another_kind_to_begin_from(self, files: Path, tmp_path: Path) -> None:
        save_denoiser(Denoiser(DenoiserConfig(width=16, layers=1, heads=2, vector=5)), tmp_path / "other")
        with pytest.raises(WeightsError, match="length 5, not 256"):
            train_diffusion([files], tmp_path / "run", epochs=1, threads=1, init=tmp_path / "other")

    def test_cells_as_large_as_asked_for(self, files: Path, tmp_path: Path) -> None:
        train_diffusion([files], tmp_path / "run", epochs=1, threads=1, most_atoms=4)
        model = CrystalDenoiser.load(tmp_path / "run" / WEIGHTS)
        assert (model.most_atoms, len(model.model.config.cells)) == (4, 5)
        assert sum(model.patterns.values()) < 8  # rock salt has 8 atoms in the cell of its file
        with pytest.raises(WeightsError, match="at most: 4, not 5"):
            train_diffusion([files], tmp_path / "more", epochs=1, init=tmp_path / "run" / WEIGHTS, most_atoms=5)

    def test_a_benchmark_of_which_the_training_split_is_read(self, tmp_path: Path) -> None:
        splits = {part: {f"{part}{i}": write_crystal(c, "poscar") for i, c in enumerate(salts()[:n])}
                  for part, n in (("train", 3), ("val", 2), ("test", 1))}  # fmt: skip
        with zipfile.ZipFile(tmp_path / "splits.zip", "w") as archive:
            archive.writestr("splits.json", json.dumps(splits))
        data = read_diffusion_set([tmp_path / "splits.zip"], tmp_path, CrystalClip.load(), 0, texts=1)
        assert len(data) == 3
        assert data.own.shape == (3, 2, data.dimension)
        np.testing.assert_allclose(np.linalg.norm(data.texts.astype(float), axis=2), 1, atol=1e-2)
        again = read_diffusion_set([tmp_path / "splits.zip"], tmp_path, CrystalClip.load(), 0, texts=1)
        assert (again.texts == data.texts).all()

    def test_nothing_to_learn_from(self, files: Path, tmp_path: Path) -> None:
        with pytest.raises(TrainingError, match="no crystal of at most 1 atoms"):
            read_diffusion_set([files / "0.cif"], tmp_path, CrystalClip.load(), 0, most_atoms=1)
