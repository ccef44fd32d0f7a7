"""What a search gives back."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clip_mat.symmetry import spacegroup_symbol
from clip_mat.tables import html_table, text_table


@dataclass(frozen=True, slots=True)
class MaterialHit:
    """A compound found.

    Attributes:
        rank: From 1, the best.
        id: In the index.
        formula: As chemists write it: ``LiMnO2``.
        spacegroup: International number; None where none was found.
        score: Cosine of the request and the crystal in their common space; 0.0 where nothing was left to rank by.
        properties: All that filters see: ``band_gap`` (eV), ``energy_above_hull`` (eV/atom), ...
    """

    rank: int
    id: str
    formula: str
    spacegroup: int | None
    score: float
    properties: Mapping[str, Any]

    @property
    def symbol(self) -> str | None:
        """Hermann-Mauguin symbol of the space group."""
        return None if self.spacegroup is None else spacegroup_symbol(self.spacegroup)

    @property
    def group(self) -> str:
        """Symbol and number of the space group, for people."""
        return "-" if self.spacegroup is None else f"{self.symbol} ({self.spacegroup})"

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rank": self.rank,
            "id": self.id,
            "formula": self.formula,
            "spacegroup": {"number": self.spacegroup, "symbol": self.symbol},
            "score": self.score,
            "properties": dict(self.properties),
        }


@dataclass(frozen=True, slots=True)
class SearchResult(Sequence[MaterialHit]):
    """Compounds found, best first; a sequence of its hits.

    Attributes:
        query: As it was asked.
        filter: The OPTIMADE filter that every hit meets; empty for none.
        text: What ranked the hits; empty where the filter says it all, and they stand by stability.
        hits: Best first.
        notes: Remarks on how the request was understood, for people.
        examples: Known compounds that serve for the use that is asked for; hits are like one of them.
    """

    query: str
    filter: str
    text: str
    hits: tuple[MaterialHit, ...]
    notes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        like = {"examples": list(self.examples)} if self.examples else {}
        return {
            "query": self.query,
            "interpreted": {"filter": self.filter, "text": self.text} | like,
            "hits": [hit.to_dict() for hit in self.hits],
        }

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, place: Any) -> Any:
        return self.hits[place]

    def __iter__(self) -> Iterator[MaterialHit]:
        return iter(self.hits)

    def __str__(self) -> str:
        """A table for terminals."""
        return text_table(TABLE_COLUMNS, map(table_row, self.hits))

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        lines = [
            f"<p><b>{html.escape(self.query)}</b><br>filter: <code>{html.escape(self.filter or 'none')}</code></p>"
        ]
        lines += [f"<p><i>{html.escape(note)}</i></p>" for note in self.notes]
        return "".join([*lines, html_table(TABLE_COLUMNS, map(table_row, self.hits))])


TABLE_COLUMNS = ("#", "id", "formula", "space group", "gap / eV", "above hull / eV", "score")


def table_row(hit: MaterialHit) -> tuple[str, ...]:
    """A hit in words, one for each of `TABLE_COLUMNS`; a dash where something is not known."""

    def written(name: str, digits: int) -> str:
        value = hit.properties.get(name)
        return "-" if value is None else f"{value:.{digits}f}"

    return (
        str(hit.rank),
        hit.id,
        hit.formula,
        hit.group,
        written("band_gap", 2),
        written("energy_above_hull", 3),
        f"{hit.score:.3f}",
    )
