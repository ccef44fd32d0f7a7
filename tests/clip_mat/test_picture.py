"""Pictures of crystals: what is drawn, and that nothing breaks the drawing."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from clip_mat.crystal import Crystal
from clip_mat.picture import MOST_ATOMS, draw_crystals
from clip_mat.search.bundled import bundled_entries


def pixels(png: bytes) -> np.ndarray:  # type: ignore[type-arg]
    from matplotlib.image import imread

    return np.asarray(imread(io.BytesIO(png)))[..., :3]


@pytest.fixture(scope="module")
def crystals() -> dict[str, Crystal]:
    return {entry.id.removeprefix("aflow:"): entry.crystal for entry in bundled_entries()}


def test_a_grid_has_a_place_for_each(crystals: dict[str, Crystal], tmp_path: Path) -> None:
    shown = [crystals["NaCl_cF8_225"], crystals["C_hP4_194"], crystals["KAsSe2_aP16_1"], crystals["Cu_cF4_225"]]
    picture = draw_crystals(shown, ["NaCl", "C\nP6_3/mmc", "KAsSe2", "Cu"], columns=3)
    image = pixels(picture.png)
    assert image.shape[:2] == (1080, 1350)
    filled = [[(image[y : y + 540, x : x + 450] < 0.9).any() for x in (0, 450, 900)] for y in (0, 540)]
    assert filled == [[True, True, True], [True, False, False]]
    picture.save(tmp_path / "grid.png")
    assert (tmp_path / "grid.png").read_bytes() == picture.png == picture._repr_png_()


def test_elements_have_their_colours(crystals: dict[str, Crystal]) -> None:
    """Red oxygen is in the picture of an oxide only."""

    def redness(name: str) -> float:
        red, green, blue = np.moveaxis(pixels(draw_crystals([crystals[name]], [""]).png), -1, 0)
        return float(((red > 0.7) & (green < 0.3) & (blue < 0.3)).mean())

    assert redness("CaTiO3_cP5_221") > 0.002
    assert redness("NaCl_cF8_225") == 0


def test_the_same_crystal_in_another_cell_looks_the_same(crystals: dict[str, Crystal]) -> None:
    salt = crystals["NaCl_cF8_225"].to_structure()
    again = Crystal.from_structure(salt.copy().make_supercell([2, 1, 1]))
    first, second = (pixels(draw_crystals([c], ["x"]).png) for c in (Crystal.from_structure(salt), again))
    assert np.abs(first - second).mean() < 0.02


@pytest.mark.parametrize("caption", ["$x_1$ \\frac{", "塩\n化", "x" * 500, "", "A2$B$3\n$$\n^"])
def test_captions_may_hold_anything(crystals: dict[str, Crystal], caption: str) -> None:
    assert draw_crystals([crystals["Cu_cF4_225"]], [caption]).png


def test_large_flat_and_left_handed_cells_are_drawn() -> None:
    rng = np.random.default_rng(0)
    many = Crystal(rng.integers(1, 90, MOST_ATOMS + 1), rng.random((MOST_ATOMS + 1, 3)), np.eye(3) * 20)
    flat = Crystal(np.array([6, 7]), np.array([[0, 0, 0.5], [1 / 3, 2 / 3, 0.5]]), np.diag([2.5, 2.5, 30]))
    left = Crystal(np.array([6, 8]), rng.random((2, 3)), np.diag([3.0, 4.0, -5.0]) + 0.1)
    assert draw_crystals([many, flat, left], ["many", "flat", "left"]).png
