"""Pictures of crystals: their conventional cells as balls and sticks, side by side."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from math import cos, radians, sin
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import SYMBOLS, Crystal
from clip_mat.files import write_file
from clip_mat.symmetry import conventional

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[np.float64]

MOST_ATOMS = 250
"""A conventional cell with more atoms is drawn as it was given."""

_AZIMUTH, _ELEVATION = radians(22), radians(13)
_EYE = 7.0
"""How far away the eye is, in sizes of the crystal."""
_BALL = 0.42
"""Size of an atom, in covalent radii."""
_SMALL = 6.0  # Å
_STICK = 0.10  # Å, half the width of a bond
_UNLIKE, _LIKE = 1.38, 1.1
"""How much longer than the shortest contact of both its atoms a bond between unlike, or like, elements may be."""
_LONGEST = 1.25
"""... and than the sum of covalent radii."""
_LONGEST_LINE = 36
_LIGHT = np.array([-0.32, 0.38])
_MARGIN = 2.5  # Å, for the atoms on the edges
_MIDDLED = np.array(list(product((-0.5, 0.5), repeat=3)))
"""Corners of a cell whose middle is the origin."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG image; notebooks show it."""

    png: bytes = field(repr=False)

    def save(self, path: Path | str) -> None:
        """Write it to a file; a folder that is missing is made."""
        write_file(path, self.png)

    def _repr_png_(self) -> bytes:
        return self.png


def draw_crystals(crystals: Sequence[Crystal], captions: Sequence[str], columns: int = 3) -> Picture:
    """Crystals in a grid.

    Args:
        crystals: What to draw; at least one.
        captions: A text for each, formulas in plain letters; the first line stands out.
        columns: Pictures in a row.
    """
    from matplotlib.figure import Figure

    columns = min(columns, len(crystals))
    rows = -(-len(crystals) // columns)
    figure = Figure(figsize=(3.0 * columns, 3.6 * rows), dpi=150)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=1 - 0.6 / (3.6 * rows), wspace=0.05, hspace=0.25)
    panels = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for panel in panels:
        panel.set_axis_off()
    for panel, crystal, caption in zip(panels, crystals, captions, strict=False):
        _draw(panel, crystal)
        head, *rest = (_shown(line) for line in caption.split("\n"))
        panel.set_title("\n".join([_typeset(head), *rest]), fontsize=9, linespacing=1.4)
    image = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # then it is drawn as a box
        figure.savefig(image, format="png")
    return Picture(image.getvalue())


def _shown(line: str) -> str:
    """A line that fits, and in which nothing is typeset."""
    short = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
    return short.replace("$", r"\$")


def _typeset(formula: str) -> str:
    """Counts in formulas as subscripts."""
    return re.sub(r"(?<=[A-Za-z)])(\d+)", r"$_{\1}$", formula)


def _draw(panel: Axes, crystal: Crystal) -> None:
    whole = conventional(crystal)
    draw_cell(panel, whole if len(whole) <= MOST_ATOMS else crystal)


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """One view of several crystals, such as the frames of a film.

    Attributes:
        lattice: (3, 3) lattice vectors in Å that are seen upright.
        size: In Å, how far from the middle of a cell anything is.
        width: In Å, of what is seen.
    """

    lattice: Array
    size: float
    width: float

    @classmethod
    def of(cls, crystals: Sequence[Crystal]) -> Self:
        """A view in which the last crystal stands upright and all have room, but for cells of twice its size."""
        last = crystals[-1].lattice
        corners = [_MIDDLED @ crystal.lattice for crystal in crystals]
        sizes = [float(np.linalg.norm(places, axis=1).max()) for places in corners]
        size = min(max(sizes), 2 * sizes[-1])
        view = _View(last, np.zeros(3), size)
        widths = [2 * float(np.abs(view(places)[0]).max()) for places in corners]
        return cls(last, size, min(max(widths), 2 * widths[-1]) + _MARGIN)


def draw_cell(panel: Axes, crystal: Crystal, camera: Camera | None = None) -> None:
    """A cell as it is given, atoms on its faces on all of them.

    Args:
        panel: Where; its axes are set.
        crystal: What.
        camera: By default one that the crystal fills, with small hexagonal cells repeated.
    """
    from ase.data import covalent_radii
    from ase.data.colors import jmol_colors
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Circle, Polygon

    numbers, places = _with_images(crystal, _repeats(crystal.lattice) if camera is None else (1, 1, 1))
    radii = np.maximum(_BALL * covalent_radii[numbers], 0.3)
    colors = jmol_colors[numbers]
    if camera is None:
        middle = (places.min(axis=0) + places.max(axis=0)) / 2
        view = _View(crystal.lattice, middle, float(np.linalg.norm(places - middle, axis=1).max()))
    else:
        view = _View(camera.lattice, crystal.lattice.sum(axis=0) / 2, camera.size)
    flat, depth, scale = view(places)
    shapes: list[tuple[float, Any]] = []
    corners = view(np.array(list(product((0, 1), repeat=3))) @ crystal.lattice)[0]
    for piece in _edges(crystal.lattice):
        if (np.linalg.norm(places - piece.mean(axis=0), axis=1) > radii).all():
            ends, depths, _ = view(piece)
            shapes.append((float(depths.mean()), Polygon(ends, closed=False, ec="0.4", lw=0.7, fill=False)))
    for i, j in _bonds(crystal, numbers, places):
        along = (places[j] - places[i]) / np.linalg.norm(places[j] - places[i])
        first, last = places[i] + 0.9 * radii[i] * along, places[j] - 0.9 * radii[j] * along
        for atom, end in ((i, first), (j, last)):
            ends, depths, scales = view(np.array([end, (first + last) / 2]))
            stick = _stick(ends[0], ends[1], _STICK * scales.mean())
            shapes.append((float(depths.mean()), Polygon(stick, fc=0.92 * colors[atom], ec="0.25", lw=0.3)))
    for atom in range(len(numbers)):
        radius = radii[atom] * scale[atom]
        fog = 0.25 * (depth.max() - depth[atom]) / max(np.ptp(depth), 1e-9)  # what is far is pale
        color = (1 - fog) * colors[atom] + fog
        shapes.append((depth[atom], Circle(flat[atom], radius, fc=0.78 * color, ec="0.2", lw=0.5)))
        for step in np.linspace(0, 1, 7)[1:]:
            shine = (0.78 + 0.22 * step) * color + 0.55 * step**3 * (1 - color)
            centre = flat[atom] + step * radius * _LIGHT
            shapes.append((depth[atom] + 1e-6 * step, Circle(centre, radius * (0.97 - 0.85 * step), fc=shine, lw=0)))
    behind_first = [shape for _, shape in sorted(shapes, key=lambda item: item[0])]
    panel.add_collection(PatchCollection(behind_first, match_original=True))
    reach = (radii * scale)[:, None]
    outline = np.concatenate([flat - reach, flat + reach, corners])
    low, high = outline.min(axis=0), outline.max(axis=0)
    side, centre = (high - low).max() * 1.04, (low + high) / 2
    if camera is not None:
        side, centre = camera.width, np.zeros(2)
    panel.set_xlim(centre[0] - side / 2, centre[0] + side / 2)
    panel.set_ylim(centre[1] - side / 2 - 0.12 * side, centre[1] + side / 2)
    panel.set_aspect("equal")
    _legend(panel, sorted(set(numbers.tolist())), jmol_colors)


class _View:
    """Projects on paper, a little from above and from the right, with a little perspective."""

    def __init__(self, lattice: Array, centre: Array, size: float) -> None:
        self._centre = centre
        self._eye = _EYE * max(size, 1.0)
        upright = _upright(lattice)
        to_eye = np.array([cos(_ELEVATION) * cos(_AZIMUTH), cos(_ELEVATION) * sin(_AZIMUTH), sin(_ELEVATION)])
        right = np.array([-sin(_AZIMUTH), cos(_AZIMUTH), 0.0])
        self._axes = np.stack([right, np.cross(to_eye, right), to_eye]) @ upright

    def __call__(self, places: Array) -> tuple[Array, Array, Array]:
        """(n, 2) on paper, (n,) towards the eye, and (n,) how large an Å looks there."""
        turned = (places - self._centre) @ self._axes.T
        scale = self._eye / (self._eye - turned[:, 2])
        return turned[:, :2] * scale[:, None], turned[:, 2], scale


def _upright(lattice: Array) -> Array:
    """(3, 3) rotation that brings the third cell vector upright and the first one forward."""
    up = lattice[2] / np.linalg.norm(lattice[2])
    forward = lattice[0] - (lattice[0] @ up) * up
    forward /= np.linalg.norm(forward)
    side = np.cross(up, forward)
    if np.linalg.det(lattice) < 0:
        side = -side
    return np.stack([forward, side, up])


def _repeats(lattice: Array) -> tuple[int, int, int]:
    """How many cells are shown along each axis: rings and layers show only beyond a small hexagonal cell."""
    a, b, _ = np.linalg.norm(lattice, axis=1)
    hexagonal = abs(lattice[0] @ lattice[1] / (a * b) + 0.5) < 1e-3
    return (2, 2, 1) if hexagonal and max(a, b) < _SMALL else (1, 1, 1)


def _with_images(crystal: Crystal, repeats: tuple[int, int, int]) -> tuple[npt.NDArray[np.int64], Array]:
    """Atoms of so many cells, those on their faces on all of them: (m,) numbers and (m, 3) Cartesian coordinates."""
    tolerance = 0.02
    homes = np.where(crystal.positions > 1 - tolerance, crystal.positions - 1, crystal.positions)
    shifts = np.array(list(product(*(range(count + 1) for count in repeats))))
    everywhere = homes[:, None] + shifts  # (n, shifts, 3)
    shown = (everywhere < np.array(repeats) + tolerance).all(axis=2)
    atoms, _ = np.nonzero(shown)
    return crystal.numbers[atoms], everywhere[shown] @ crystal.lattice


def _edges(lattice: Array, pieces: int = 16) -> list[Array]:
    """The twelve edges of the cell in short pieces, (2, 3) each, so that each piece knows what is before it."""
    steps = np.linspace(0, 1, pieces + 1)
    edges = []
    for axis in range(3):
        for others in product((0.0, 1.0), repeat=2):
            points = np.insert(np.tile(others, (pieces + 1, 1)), axis, steps, axis=1) @ lattice
            edges += [points[place : place + 2] for place in range(pieces)]
    return edges


def _bonds(crystal: Crystal, numbers: npt.NDArray[np.int64], places: Array) -> list[tuple[int, int]]:
    """Pairs of drawn atoms that are close, as their neighbourhoods and their radii go."""
    from ase.data import covalent_radii

    images = np.array(list(product((-1, 0, 1), repeat=3))) @ crystal.lattice
    everywhere = (crystal.cartesian[:, None] + images).reshape(-1, 3)
    gaps = np.linalg.norm(places[:, None] - everywhere, axis=2)
    nearest = np.where(gaps < 1e-3, np.inf, gaps).min(axis=1)
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    like = numbers[:, None] == numbers
    longest = np.minimum(nearest[:, None], nearest) * np.where(like, _LIKE, _UNLIKE)
    longest = np.minimum(longest, _LONGEST * (covalent_radii[numbers][:, None] + covalent_radii[numbers]))
    pairs = np.argwhere(np.triu(distances < longest, k=1))
    return [(int(i), int(j)) for i, j in pairs]


def _stick(start: Array, end: Array, half: float) -> Array:
    along = end - start
    across = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9) * half
    return np.array([start + across, end + across, end - across, start - across])


def _legend(panel: Axes, numbers: Sequence[int], colors: Any) -> None:
    """A ball and a symbol for each element, below the crystal."""
    step = min(0.16, 0.9 / len(numbers))
    start = 0.5 - step * (len(numbers) - 1) / 2
    for place, number in enumerate(numbers):
        x = start + place * step
        panel.plot([x - 0.022], [0.03], "o", ms=6, mfc=colors[number], mec="0.3", mew=0.5, transform=panel.transAxes)
        panel.text(x + 0.005, 0.03, SYMBOLS[number], fontsize=7.5, va="center", transform=panel.transAxes)
