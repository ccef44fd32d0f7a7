"""Crystals as periodic graphs: each atom with its neighbours, and the crystal's symmetry.

A graph is made once and used many times. Distances are in units of the mean spacing ``(V/n)^(1/3)``, so that a
structure type looks the same at every volume and an atom always has about 28 neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import Crystal
from clip_mat.language.names import prototypes_of
from clip_mat.symmetry import find_symmetry

CUTOFF = 1.9
"""How far a neighbour may be, in mean spacings."""
TOLERANCES = (0.1, 0.5)
"""Where symmetry is looked for, in Å: the first is the field's habit, the second still sees it in shaken crystals."""
_LOW = 74
"""Up to this space group, the last orthorhombic one, a crystal may be a shaken one of higher symmetry."""
_CHUNK = 16


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A crystal, ready for the crystal tower.

    Attributes:
        numbers: (n,) uint8, atomic numbers.
        degree: (n,) int32, neighbours of each atom; the edges are sorted by atom.
        neighbour: (e,) int32, the atom at the other end of each edge.
        vector: (e, 3) float32, from the atom to its neighbour, in mean spacings.
        spacing: The mean spacing ``(V/n)^(1/3)`` in Å.
        symmetry: (2,) uint8, space group at each of `TOLERANCES`; 0 where unknown.
        prototypes: Names of its structure type, at any of `TOLERANCES`.
    """

    numbers: npt.NDArray[np.uint8]
    degree: npt.NDArray[np.int32]
    neighbour: npt.NDArray[np.int32]
    vector: npt.NDArray[np.float32]
    spacing: float
    symmetry: npt.NDArray[np.uint8]
    prototypes: tuple[str, ...] = ()


def make_graph(crystal: Crystal, *, symmetry: bool = True) -> Graph:
    """The graph of a crystal, the same for every cell that describes it but for repeated atoms.

    Args:
        crystal: Any cell of the crystal.
        symmetry: Look for space groups; without it, geometry alone speaks.
    """
    from pymatgen.optimization.neighbors import find_points_in_spheres

    spacing = (crystal.volume / len(crystal)) ** (1 / 3)
    points = np.ascontiguousarray(crystal.cartesian)
    lattice = np.ascontiguousarray(crystal.lattice)
    periodic = np.ones(3, dtype=np.int64)
    centre, neighbour, image, distance = find_points_in_spheres(
        points, points, r=CUTOFF * spacing, pbc=periodic, lattice=lattice, tol=1e-8
    )
    real = distance > 1e-8  # an atom is no neighbour of itself
    centre, neighbour, image = centre[real], neighbour[real], image[real]
    order = np.argsort(centre, kind="stable")
    centre, neighbour, image = centre[order], neighbour[order], image[order]
    vector = (points[neighbour] + image @ lattice - points[centre]) / spacing
    groups, prototypes = _look(crystal) if symmetry else ([0, 0], ())
    return Graph(
        numbers=crystal.numbers.astype(np.uint8),
        degree=np.bincount(centre, minlength=len(crystal)).astype(np.int32),
        neighbour=neighbour.astype(np.int32),
        vector=vector.astype(np.float32),
        spacing=spacing,
        symmetry=np.array(groups, dtype=np.uint8),
        prototypes=prototypes,
    )


def make_graphs(
    crystals: Sequence[Crystal],
    *,
    symmetry: bool = True,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Graph]:
    """Graphs of many crystals.

    Args:
        crystals: n crystals.
        symmetry: Look for space groups, which takes nearly all of the time.
        executor: Of processes that share the work; by default this one does it alone.
        progress: Called with graphs done and n.
    """
    make = partial(make_graph, symmetry=symmetry)
    made = map(make, crystals) if executor is None else executor.map(make, crystals, chunksize=_CHUNK)
    graphs: list[Graph] = []
    for graph in made:
        graphs.append(graph)
        if progress:
            progress(len(graphs), len(crystals))
    return graphs


def _look(crystal: Crystal) -> tuple[list[int], tuple[str, ...]]:
    """Space group at each of `TOLERANCES`, and the structure types; what is clearly symmetric needs no second look."""
    groups: list[int] = []
    names: dict[str, None] = {}
    for tolerance in TOLERANCES:
        if groups and groups[0] > _LOW:
            groups.append(groups[0])
            continue
        found = find_symmetry(crystal, tolerance)
        groups.append(found.spacegroup if found else 0)
        names.update(dict.fromkeys(prototypes_of(found.prototype) if found else ()))
    return groups, tuple(names)


def hidden(graph: Graph) -> Graph:
    """The graph without its symmetry: geometry alone speaks."""
    return replace(graph, symmetry=np.zeros_like(graph.symmetry), prototypes=())


def shaken(crystal: Crystal, sigma: float, rng: np.random.Generator) -> Crystal:
    """The crystal with Gaussian noise on every Cartesian coordinate.

    Args:
        crystal: Any cell.
        sigma: Standard deviation in Å.
        rng: Where the noise comes from.
    """
    moved = crystal.cartesian + rng.normal(0.0, sigma, (len(crystal), 3))
    positions = np.linalg.solve(crystal.lattice.T, moved.T).T.astype(np.float64)
    return Crystal(crystal.numbers, positions, crystal.lattice)


def save_graphs(graphs: Sequence[Graph]) -> dict[str, npt.NDArray[np.generic]]:
    """Graphs as a few flat arrays, for `numpy.savez`."""
    return {
        "atoms": np.array([len(graph.numbers) for graph in graphs], dtype=np.int64),
        "numbers": np.concatenate([graph.numbers for graph in graphs]),
        "degree": np.concatenate([graph.degree for graph in graphs]),
        "neighbour": np.concatenate([graph.neighbour for graph in graphs]),
        "vector": np.concatenate([graph.vector for graph in graphs]),
        "spacing": np.array([graph.spacing for graph in graphs]),
        "symmetry": np.stack([graph.symmetry for graph in graphs]),
        "prototypes": np.array(["|".join(graph.prototypes) for graph in graphs]),
    }


def load_graphs(arrays: dict[str, npt.NDArray[np.generic]]) -> list[Graph]:
    """The graphs that `save_graphs` wrote down."""
    atoms = np.cumsum(arrays["atoms"])
    degrees = np.split(arrays["degree"], atoms[:-1])
    edges = np.cumsum([int(degree.sum()) for degree in degrees])
    columns = zip(
        np.split(arrays["numbers"], atoms[:-1]),
        degrees,
        np.split(arrays["neighbour"], edges[:-1]),
        np.split(arrays["vector"], edges[:-1]),
        arrays["spacing"].tolist(),
        arrays["symmetry"],
        [tuple(filter(None, str(names).split("|"))) for names in arrays["prototypes"]],
        strict=True,
    )
    return [Graph(*column) for column in columns]
