"""The way from noise to a crystal: as a file of frames, as a strip of pictures, as a film."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.files import write_file
from clip_mat.picture import Camera, Picture, draw_cell
from clip_mat.structures.writing import write_extxyz
from clip_mat.symmetry import conventional_vectors

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_FRAMES = 60
"""Of a film; of a longer way that many crystals are shown, evenly."""

_MOST_ATOMS = 100
_NEARLY_WHITE = 245
_LOOSE = 0.3  # Å: the last crystal of a way is hardly on its symmetric places


@dataclass(frozen=True, slots=True)
class Film:
    """An animated GIF; notebooks show it."""

    gif: bytes = field(repr=False)

    def save(self, path: Path | str) -> None:
        """Write it to a file; a folder that is missing is made."""
        write_file(path, self.gif)

    def _repr_html_(self) -> str:
        return f'<img alt="from noise to crystal" src="data:image/gif;base64,{base64.b64encode(self.gif).decode()}">'


def trajectory_extxyz(crystals: Sequence[Crystal]) -> str:
    """Frames in extended XYZ, each with its place on the way as ``time``: 0 is noise, 1 the crystal.

    Args:
        crystals: From noise to crystal; at least one.
    """
    return write_extxyz(crystals, np.linspace(0, 1, len(crystals)).tolist())


def draw_trajectory(crystals: Sequence[Crystal], shown: int = 6) -> Picture:
    """Some crystals of the way side by side, the first and the last among them, seen from one side.

    Args:
        crystals: From noise to crystal; at least one.
        shown: How many.
    """
    from matplotlib.figure import Figure

    places = _spread(len(crystals), shown)
    frames = _in_one_cell([crystals[place] for place in places])
    camera = Camera.of(frames)
    figure = Figure(figsize=(2.2 * len(frames), 2.5), dpi=150)
    figure.subplots_adjust(left=0.005, right=0.995, bottom=0.01, top=0.9, wspace=0.03)
    for panel, frame, place in zip(figure.subplots(1, len(frames), squeeze=False)[0], frames, places, strict=True):
        panel.set_axis_off()
        draw_cell(panel, frame, camera)
        panel.set_title(_time(place, len(crystals)), fontsize=8)
    image = io.BytesIO()
    figure.savefig(image, format="png")
    return Picture(image.getvalue())


def film(crystals: Sequence[Crystal], *, seconds: float = 4.0, pixels: int = 360) -> Film:
    """The way as an animated GIF, that begins again after a rest on the crystal.

    Args:
        crystals: From noise to crystal; at least one.
        seconds: How long the way takes.
        pixels: Width and height.
    """
    from PIL.Image import Dither

    places = _spread(len(crystals), MOST_FRAMES)
    frames = _in_one_cell([crystals[place] for place in places])
    camera = Camera.of(frames)
    images = [
        _draw(frame, camera, _time(place, len(crystals)), pixels) for frame, place in zip(frames, places, strict=True)
    ]
    # One palette, of first and last frame: with one of its own for each frame colours would flicker.
    both = images[-1].copy()
    both.paste(images[0].resize((pixels, pixels // 2)), (0, 0))
    palette = both.quantize(255)
    colors = np.reshape(palette.getpalette() or [], (-1, 3))
    colors[(colors > _NEARLY_WHITE).all(axis=1)] = 255
    paletted = [image.quantize(palette=palette, dither=Dither.NONE) for image in images]
    for image in paletted:
        image.putpalette(colors.ravel().tolist())
    times = [max(int(1000 * seconds / len(paletted)), 20)] * (len(paletted) - 1) + [1500]
    content = io.BytesIO()
    paletted[0].save(
        content, format="GIF", save_all=True, append_images=paletted[1:], duration=times, loop=0, disposal=1
    )
    return Film(content.getvalue())


def _spread(count: int, most: int) -> list[int]:
    """Up to so many places of ``count``, evenly, the last among them."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))} | {count - 1})


def _time(place: int, count: int) -> str:
    return "noise" if place == 0 < count - 1 else "crystal" if place == count - 1 else f"t = {place / (count - 1):.2f}"


def _in_one_cell(crystals: Sequence[Crystal]) -> list[Crystal]:
    """All in the cell that is conventional for the last, so that it shows the symmetry that comes to be."""
    vectors = conventional_vectors(crystals[-1], _LOOSE)
    if abs(np.linalg.det(vectors)) * len(crystals[-1]) > _MOST_ATOMS:
        return list(crystals)
    return [crystal.in_cell(vectors) for crystal in crystals]


def _draw(crystal: Crystal, camera: Camera, title: str, pixels: int) -> Image:
    from matplotlib.figure import Figure
    from PIL import Image

    figure = Figure(figsize=(3, 3), dpi=pixels / 3)
    panel = figure.add_axes((0.01, 0.01, 0.98, 0.9))
    panel.set_axis_off()
    draw_cell(panel, crystal, camera)
    panel.set_title(title, fontsize=9)
    content = io.BytesIO()
    figure.savefig(content, format="rgba")
    shape = (round(figure.bbox.height), round(figure.bbox.width), 4)
    return Image.fromarray(np.frombuffer(content.getvalue(), dtype=np.uint8).reshape(shape)).convert("RGB")
