"""What the generator gives back: crystals with where they come from, and what was checked."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from clip_mat.crystal import Crystal
from clip_mat.errors import CrystalError
from clip_mat.files import write_file
from clip_mat.generate.checks import Checks
from clip_mat.generate.exports import ExportFormat, export, safe_name
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.trajectory import film, trajectory_extxyz
from clip_mat.language.formulas import conventional_formula
from clip_mat.structures import write_crystal
from clip_mat.symmetry import spacegroup_symbol
from clip_mat.tables import html_table, text_table

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

    from clip_mat.picture import Picture


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a crystal comes from.

    Attributes:
        kind: From a template of the index, with its elements substituted, or from pure noise.
        template: Id of the template in the index.
    """

    kind: Literal["retrieved", "noise"]
    template: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedCrystal:
    """A crystal that the generator made.

    Attributes:
        crystal: Atoms on their symmetric places, in a primitive cell, or in a cell of the content asked for.
        spacegroup: International number, 1 where there is no symmetry.
        score: Higher is better; comparable within one result.
        origin: Where it comes from.
        checks: Distances, charges, uniqueness, novelty.
        energy: eV/atom by CHGNet, where it was asked for.
        above_hull: eV/atom above the hull of the compounds of the index, where energies were asked for and the index
            knows formation energies.
        whole_cell: Whether the cell has the content asked for, and is written as it is.
        trajectory: From noise to crystal, where it was asked for.
        file: Where it was written.
    """

    crystal: Crystal
    spacegroup: int
    score: float
    origin: Origin
    checks: Checks
    energy: float | None = None
    above_hull: float | None = None
    whole_cell: bool = False
    trajectory: tuple[Crystal, ...] = field(default=(), repr=False)
    file: str | None = None

    @property
    def formula(self) -> str:
        """As chemists write it: ``LiMnO2``."""
        return conventional_formula(Counter(self.crystal.symbols))

    @property
    def structure(self) -> Structure:
        """A pymatgen structure."""
        return self.crystal.to_structure()

    @property
    def symbol(self) -> str:
        """Hermann-Mauguin symbol of the space group."""
        return spacegroup_symbol(self.spacegroup)

    @property
    def cif(self) -> str:
        """In its space group; in P1 where the content of the cell was asked for, since a CIF in a space group has the
        conventional cell."""
        return write_crystal(self.crystal, "cif", symmetrized=not self.whole_cell, title=self.formula)

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "file": self.file,
            "cif": self.cif,
            "formula": self.formula,
            "spacegroup": {"number": self.spacegroup, "symbol": self.symbol},
            "score": self.score,
            "origin": {"kind": self.origin.kind, "template": self.origin.template},
            "checks": self.checks.to_dict(),
            **{
                name: value
                for name, value in (("energy", self.energy), ("energy_above_hull", self.above_hull))
                if value is not None
            },
        }

    def _repr_png_(self) -> bytes:
        from clip_mat.picture import draw_crystals

        return draw_crystals([self.crystal], [_caption(1, self)]).png


@dataclass(frozen=True, slots=True, eq=False)
class GenerationResult(Sequence[GeneratedCrystal]):
    """Crystals for a request, best first; a sequence of them.

    Attributes:
        request: As it was understood.
        crystals: Best first.
        notes: What could not be met, and why there are fewer than asked for.
    """

    request: CrystalRequest
    crystals: tuple[GeneratedCrystal, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "request": self.request.to_dict(),
            "structures": [crystal.to_dict() for crystal in self.crystals],
            "notes": [*self.request.notes, *self.notes],
        }

    def write(self, folder: Path | str, format: ExportFormat = "cif") -> Self:
        """Write every crystal into a folder, named by rank, formula and space group.

        Args:
            folder: Made where it is missing.
            format: One of `clip_mat.generate.exports.EXPORTS`.

        Returns:
            The same result, whose crystals know their files, with notes on what could not be written or is left to do.
        """
        written: list[GeneratedCrystal] = []
        notes: list[str] = []
        for rank, made in enumerate(self.crystals, 1):
            style: ExportFormat = "cif-p1" if format == "cif" and made.whole_cell else format
            try:
                done = export(made.crystal, folder, style, name=_name(rank, made), title=made.formula)
            except CrystalError as error:
                written.append(made)
                notes.append(f"{made.formula}: {error}")
                continue
            written.append(replace(made, file=str(done.path)))
            notes += [done.note] if done.note else []
        return replace(self, crystals=tuple(written), notes=(*self.notes, *dict.fromkeys(notes)))

    def write_trajectories(self, folder: Path | str) -> int:
        """Write the way of each crystal from noise, as extended XYZ and as GIF; those that have none are left out.

        Returns:
            How many have one.
        """
        ways = [(rank, made) for rank, made in enumerate(self.crystals, 1) if made.trajectory]
        for rank, made in ways:
            path = Path(folder) / safe_name(_name(rank, made))
            write_file(path.with_suffix(".xyz"), trajectory_extxyz(made.trajectory))
            film(made.trajectory).save(path.with_suffix(".gif"))
        return len(ways)

    def picture(self, most: int = 6) -> Picture:
        """The first crystals, drawn.

        Raises:
            ValueError: If there is none.
        """
        from clip_mat.picture import draw_crystals

        shown = self.crystals[:most]
        if not shown:
            raise ValueError("there is nothing to draw: no crystal was made")
        captions = [_caption(rank, crystal) for rank, crystal in enumerate(shown, 1)]
        return draw_crystals([crystal.crystal for crystal in shown], captions)

    def __len__(self) -> int:
        return len(self.crystals)

    def __getitem__(self, place: Any) -> Any:
        return self.crystals[place]

    def __iter__(self) -> Iterator[GeneratedCrystal]:
        return iter(self.crystals)

    def __str__(self) -> str:
        """A table for terminals."""
        return text_table(*self.table())

    def table(self) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """Names of columns, and a row for each crystal; with energies where any is known."""
        known = any(made.energy is not None for made in self.crystals)
        columns, row = (ENERGY_COLUMNS, _energy_row) if known else (TABLE_COLUMNS, table_row)
        return columns, [row(rank, made) for rank, made in enumerate(self.crystals, 1)]

    def _repr_html_(self) -> str:
        """A table for notebooks."""
        understood = ", ".join(f"{name}: {value}" for name, value in self.request.to_rows())
        lines = [f"<p><b>{html.escape(self.request.text)}</b><br>{html.escape(understood or 'anything')}</p>"]
        lines += [f"<p><i>{html.escape(note)}</i></p>" for note in (*self.request.notes, *self.notes)]
        return "".join([*lines, html_table(*self.table())])


TABLE_COLUMNS = ("#", "formula", "space group", "atoms", "from", "d / Å", "neutral", "new", "score")
"""The shortest distance is ``d``; a crystal is neutral where its charges can balance."""
ENERGY_COLUMNS = (*TABLE_COLUMNS[:-1], "E / eV", "above hull")
"""The same where energies are known, both for each atom."""


def table_row(rank: int, made: GeneratedCrystal) -> tuple[str, ...]:
    """A crystal in words, one for each of `TABLE_COLUMNS`."""
    checks = made.checks
    return (
        str(rank),
        made.formula,
        f"{made.symbol} ({made.spacegroup})",
        str(len(made.crystal)),
        made.origin.template or "noise",
        f"{checks.min_distance:.2f}",
        "yes" if checks.charge_balanced else "no",
        {True: "yes", False: "no", None: "-"}[checks.novel],
        f"{made.score:.3f}",
    )


def _energy_row(rank: int, made: GeneratedCrystal) -> tuple[str, ...]:
    """A crystal in words, one for each of `ENERGY_COLUMNS`; a dash where an energy is not known."""
    energies = ("-" if value is None else f"{value:.3f}" for value in (made.energy, made.above_hull))
    return (*table_row(rank, made)[:-1], *energies)


def _name(rank: int, made: GeneratedCrystal) -> str:
    return f"{rank:03}_{made.formula}_{made.spacegroup}"


def _caption(rank: int, made: GeneratedCrystal) -> str:
    source = made.origin.template or "from noise"
    return f"{rank}.  {made.formula}\n{made.symbol} ({made.spacegroup})\n{source}"
