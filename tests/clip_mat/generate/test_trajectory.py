"""The way from noise to a crystal, as frames, pictures and films."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clip_mat.crystal import Crystal
from clip_mat.generate.trajectory import MOST_FRAMES, draw_trajectory, film, trajectory_extxyz
from clip_mat.structures import Entry, read_crystals

SALT = Crystal.from_symbols(["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 2.82 * (1 - np.eye(3)))


def way(frames: int = 5) -> list[Crystal]:
    """From noise to rock salt in its primitive cell, straight on."""
    rng = np.random.default_rng(0)
    apart = rng.uniform(-0.4, 0.4, (2, 3))
    strain = 0.1 * rng.normal(size=(3, 3))
    return [
        Crystal(SALT.numbers, SALT.positions + far * apart, SALT.lattice @ (np.eye(3) + far * strain))
        for far in np.linspace(1, 0, frames)
    ]


def frames_of(gif: bytes) -> list[Image.Image]:
    image = Image.open(io.BytesIO(gif))
    found = []
    for place in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(place)
        found.append(image.convert("RGB"))
    return found


def test_frames_are_read_back(tmp_path: Path) -> None:
    crystals = way()
    (tmp_path / "way.extxyz").write_text(trajectory_extxyz(crystals))
    entries = list(read_crystals(tmp_path / "way.extxyz"))
    assert len(entries) == len(crystals)
    for entry, crystal, time in zip(entries, crystals, [0, 0.25, 0.5, 0.75, 1], strict=True):
        assert isinstance(entry, Entry)
        assert entry.properties["time"] == time
        np.testing.assert_allclose(entry.crystal.lattice, crystal.lattice, atol=1e-6)


def test_a_strip_of_pictures() -> None:
    picture = draw_trajectory(way(30), shown=4)
    image = Image.open(io.BytesIO(picture.png))
    assert image.size == (4 * 330, 375)
    pixels = np.asarray(image.convert("L"))
    for place in range(4):
        assert (pixels[:, 330 * place : 330 * (place + 1)] < 200).any()
    assert draw_trajectory(way(30), shown=4).png == picture.png


def test_a_film() -> None:
    crystals = way()
    shown = film(crystals, pixels=150)
    frames = frames_of(shown.gif)
    assert len(frames) == len(crystals)
    assert all(frame.size == (150, 150) for frame in frames)
    assert frames[0].getpixel((1, 1)) == (255, 255, 255)
    assert (np.asarray(frames[0]) != np.asarray(frames[-1])).any()
    assert Image.open(io.BytesIO(shown.gif)).info["loop"] == 0
    assert film(crystals, pixels=150).gif == shown.gif
    assert shown._repr_html_().startswith("<img")


def test_the_eye_stays_where_it_is() -> None:
    """The crystal alone and at the end of its way is at the same place, with the corners of a cube."""
    still = film([SALT, SALT], pixels=150)
    first, last = map(np.asarray, frames_of(still.gif))
    below_title = slice(20, None)
    np.testing.assert_array_equal(first[below_title], last[below_title])


@pytest.mark.parametrize("frames", [1, 2, MOST_FRAMES + 30])
def test_ways_of_any_length(frames: int, tmp_path: Path) -> None:
    shown = film(way(frames), pixels=60)
    assert len(frames_of(shown.gif)) == min(frames, MOST_FRAMES)
    assert draw_trajectory(way(frames)).png
    shown.save(tmp_path / "a.gif")
    assert (tmp_path / "a.gif").read_bytes() == shown.gif


def test_noise_of_any_kind_is_drawn() -> None:
    rng = np.random.default_rng(1)
    wild = Crystal(np.array([79, 1]), rng.random((2, 3)), 40 * rng.normal(size=(3, 3)))
    tiny = Crystal(np.array([79, 1]), rng.random((2, 3)), 0.3 * np.eye(3))
    lone = Crystal(np.array([11, 17]), np.array([[0, 0, 0], [0.1, 0.2, 0.3]]), SALT.lattice)
    assert film([wild, tiny, SALT], pixels=60).gif
    assert draw_trajectory([tiny, wild, lone]).png
