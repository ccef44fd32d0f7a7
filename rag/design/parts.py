"""What can be demanded of a compound: the one list that questions, requests and evidence share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Demand = Literal[
    "composition", "element", "family", "exclude", "prototype", "spacegroup", "crystal_system", "gap", "filter"
]


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What a compound shall be; empty and None where nothing is demanded.

    Attributes:
        elements: That must be there.
        families: Classes of compound, as `clip_mat.facts.families` names them.
        exclude: Elements that must not be there.
        prototypes: Structure types, each as good as the others.
        spacegroup: International number.
        crystal_system: As in `clip_mat.facts.CRYSTAL_SYSTEMS`.
        gap: A class of `clip_mat.facts.GAP_CLASSES`.
    """

    elements: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    prototypes: tuple[str, ...] = ()
    spacegroup: int | None = None
    crystal_system: str | None = None
    gap: str | None = None


PARTS: Mapping[str, Demand] = MappingProxyType(
    {
        "composition": "composition",
        "elements": "element",
        "families": "family",
        "exclude": "exclude",
        "prototypes": "prototype",
        "spacegroup": "spacegroup",
        "crystal_system": "crystal_system",
        "gap": "gap",
        "filter": "filter",
    }
)
"""Parts of a request, in the order in which they are shown, and what evidence calls a demand of each."""
