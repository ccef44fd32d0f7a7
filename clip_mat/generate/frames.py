"""Structures of other patterns: the symmetric places of known crystals, with the elements asked for on them.

What no known compound of a pattern is like, one of another pattern may be: two of its elements become one, or one that
stands on two kinds of places becomes two. Every orbit of symmetric places takes one element, such that all are as near
as can be to those that stand there. Known crystals that agree on a structure are counted together, as
`clip_mat.generate.variants` does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from clip_mat.crystal import Crystal
from clip_mat.generate.consensus import fingerprint
from clip_mat.generate.ranking import Ranker
from clip_mat.generate.substitution import MENDELEEV, Floats, Ints, Slots, scaled
from clip_mat.generate.templates import StructureType, Template, structure_type
from clip_mat.generate.variants import differences, pick_variants
from clip_mat.generate.voting import Wanted
from clip_mat.symmetry import find_dataset

_FAR = 40.0
"""Steps on the modified Pettifor scale beyond which all elements are equally strange to each other."""
_FRAMES = 24
"""Known crystals whose places are looked at, by how near their elements could come."""
_WAYS = 3
"""Ways to hand out the elements that are kept for each of them; and how many are tried, among many places."""
_TRIED = 4000
_HEARD = 60
"""Crystals among which structures are told apart."""
_SOFTNESS = 3.0
"""Steps by which a crystal's mean is farther than another's when it counts a third as much."""


@dataclass(frozen=True, slots=True, eq=False)
class Framed:
    """A crystal on the symmetric places of a known one.

    Attributes:
        crystal: Of the content asked for, its volume right for its elements.
        template: Whose places they are.
        share: Of all that was found; adds up to less than 1.
        kind: Its structure type.
    """

    crystal: Crystal
    template: Template
    share: float
    kind: StructureType


def framed(templates: Sequence[Template], slots: Slots, wanted: Wanted, ranker: Ranker) -> Iterator[Framed]:
    """Crystals with the elements asked for on the places of others, the likeliest first, each another structure.

    Args:
        templates: Known crystals in cells that hold whole formula units. Those of the pattern itself are passed over:
            they vote elsewhere.
        slots: The composition.
        wanted: What each must be like at the end.
        ranker: Knows volumes of elements, and when two crystals have one structure.
    """
    usable = [one for one in templates if one.id not in wanted.exclude and one.slots.counts != slots.counts]
    made: list[tuple[float, Template, Crystal]] = []
    for template in _nearest(usable, slots):
        made += [(cost, template, crystal) for cost, crystal in _coloured(template.crystal, slots)]
    made = sorted(made, key=lambda one: one[0])[:_HEARD]
    if not made:
        return
    costs = np.array([cost for cost, _, _ in made])
    weights = np.exp((costs[0] - costs) / _SOFTNESS)
    prints = np.array([fingerprint(crystal) for _, _, crystal in made])
    for place, share in pick_variants(ranker.same_structure(differences(prints)), weights / weights.sum(), len(made)):
        _, template, crystal = made[place]
        kind = structure_type(crystal, slots.elements)
        if kind is not None and wanted.fits(kind, slots.atoms):  # elements that become one may make it more symmetric
            old, new = template.crystal.numbers, crystal.numbers
            ratio = float(ranker.volume_ratio(new[None], old[None], (1,) * len(new))[0])
            yield Framed(scaled(crystal, crystal.volume * ratio), template, share, kind)


def _nearest(templates: Sequence[Template], slots: Slots) -> list[Template]:
    """Those whose elements could be nearest to the ones asked for, were every atom free to take any.

    What that costs at least is told for all at once, and exactly only for those that may be among the nearest.
    """
    from scipy.optimize import linear_sum_assignment

    elements, counts = np.array(slots.elements), np.array(slots.counts)
    sizes = np.array([len(template.crystal) for template in templates], dtype=np.int64)
    least = np.empty(len(templates))
    for size in np.unique(sizes):
        own = np.flatnonzero(sizes == size)
        apart = _apart(np.array([templates[place].crystal.numbers for place in own.tolist()]), elements)
        least[own] = np.maximum(apart.min(axis=2).mean(axis=1), apart.min(axis=1) @ counts / slots.atoms)
    costs: list[tuple[float, int]] = []
    for place in np.argsort(least, kind="stable").tolist():
        if len(costs) == _FRAMES and least[place] > costs[-1][0]:
            break
        apart = _apart(templates[place].crystal.numbers, np.repeat(elements, counts * (sizes[place] // slots.atoms)))
        costs = sorted([*costs, (float(apart[linear_sum_assignment(apart)].mean()), place)])[:_FRAMES]
    return [templates[place] for _, place in costs]


def _coloured(crystal: Crystal, slots: Slots) -> list[tuple[float, Crystal]]:
    """The best ways to put the elements on the places of a crystal: mean distance from those that stand there, and the
    crystal, its volume unchanged."""
    dataset = find_dataset(crystal)
    if dataset is None:
        return []
    _, firsts, orbits, sizes = np.unique(
        dataset.crystallographic_orbits, return_index=True, return_inverse=True, return_counts=True
    )
    elements = np.array(slots.elements)
    costs = _apart(crystal.numbers[firsts], elements) * sizes[:, None]
    atoms = np.array(slots.counts) * (len(crystal) // slots.atoms)
    return [
        (cost / len(crystal), Crystal(elements[chosen][orbits], crystal.positions, crystal.lattice))
        for cost, chosen in _handed_out(sizes, costs, atoms)
    ]


def _handed_out(sizes: Ints, costs: Floats, atoms: Ints) -> list[tuple[float, Ints]]:
    """The cheapest ways to give every orbit an element, such that there are as many atoms of each as there should be.

    Args:
        sizes: (m,) atoms of each orbit.
        costs: (m, k) of each element there.
        atoms: (k,) of each element.

    Returns:
        Costs, and for each orbit the place of its element; by branch and bound, the largest orbits first.
    """
    order = np.argsort(-sizes, kind="stable")
    least = np.concatenate([np.cumsum(costs[order].min(axis=1)[::-1])[::-1], [0.0]])
    best: list[tuple[float, Ints]] = []
    chosen = np.zeros(len(sizes), dtype=np.int64)
    left = atoms.copy()
    tried = 0

    def go_on(depth: int, cost: float) -> None:
        nonlocal tried
        tried += 1
        if tried > _TRIED or (len(best) == _WAYS and cost + least[depth] >= best[-1][0]):
            return
        if depth == len(order):
            best.append((cost, chosen.copy()))
            best.sort(key=lambda way: way[0])
            del best[_WAYS:]
            return
        orbit = order[depth]
        for element in np.argsort(costs[orbit], kind="stable"):
            if left[element] >= sizes[orbit]:
                left[element] -= sizes[orbit]
                chosen[orbit] = element
                go_on(depth + 1, cost + costs[orbit, element])
                left[element] += sizes[orbit]

    go_on(0, 0.0)
    return best


def _apart(old: Ints, new: Ints) -> Floats:
    """(..., n, m) steps between elements, (..., n) and (m,), on the modified Pettifor scale; `_FAR` at most."""
    apart: Floats = np.minimum(np.abs(MENDELEEV[old][..., None] - MENDELEEV[new]), _FAR)
    return apart
