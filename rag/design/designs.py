"""From a plan to crystals, each held against the request once more and each with the pages behind it."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from clip_mat.crystal import Crystal
from clip_mat.files import write_file
from clip_mat.generate.candidates import obeys
from clip_mat.generate.exports import ExportFormat
from clip_mat.generate.generator import Generator
from clip_mat.generate.request import CrystalRequest
from clip_mat.generate.results import TABLE_COLUMNS, GeneratedCrystal, GenerationResult, table_row
from clip_mat.symmetry import find_spacegroup
from clip_mat.tables import html_table, text_table
from rag.design.evidence import Evidence
from rag.design.plans import Plan, demanded, plan
from rag.design.wish import Wish

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from clip_mat import MaterialsIndex
    from clip_mat.picture import Picture
    from indexes import Filter
    from rag.library import PaperLibrary

PROVENANCE = "provenance.json"
_TOLERANCES = (0.1, 0.01, 0.001)
"""In Å: the symmetry of a crystal that was averaged over its operations is found at any of them."""
_LEAST_TRIED = 4
"""As many crystals are looked for where fewer are wanted and those do not obey."""
_EASED = (
    ("prototypes", "prototype", "structure type"),
    ("spacegroup", "spacegroup", "space group"),
    ("crystal_system", "crystal_system", "crystal system"),
)
"""Parts of a request that are left out, in this order, where nothing can be made with them: those that only pages ask
for. Each with the demand and the words that stand for it."""


@dataclass(frozen=True)
class DesignedCrystal:
    """A crystal and the pages that motivated it.

    Attributes:
        made: The crystal, as the generator gives it.
        wish: The request that it meets.
        provenance: What the request demands and why; at least one page says what the crystal is made of, unless the
            user has put in a composition.
    """

    made: GeneratedCrystal
    wish: Wish
    provenance: tuple[Evidence, ...]

    @property
    def pages(self) -> tuple[str, ...]:
        """Where its demands stand: ``Li2020 page 2``."""
        return tuple(dict.fromkeys(one.place.citation for one in self.provenance if one.place is not None))

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.made.to_dict(), "provenance": [one.to_dict() for one in self.provenance]}

    def _repr_png_(self) -> bytes:
        return self.made._repr_png_()


@dataclass(frozen=True)
class Design(Sequence[DesignedCrystal]):
    """Crystals that answer a question; a sequence of them, best first.

    Attributes:
        plan: The answer, the request and why; the request is the one that the crystals meet.
        crystals: Best first; those of alternatives behind those of the plan.
        notes: What could not be met or made.
    """

    plan: Plan
    crystals: tuple[DesignedCrystal, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "question": self.plan.question,
            "answer": self.plan.answer.to_dict() if self.plan.answer else {},
            "request": self.plan.wish.to_dict(),
            "evidence": [one.to_dict() for one in self.plan.evidence],
            "structures": [one.to_dict() for one in self.crystals],
            "alternatives": [one.to_dict() for one in self.plan.alternatives],
            "notes": [*self.plan.notes, *self.notes],
        }

    def write(self, folder: Path | str, format: ExportFormat = "cif") -> Self:
        """Write the crystals, and beside them ``provenance.json`` with the question, the answer and every page.

        Args:
            folder: Made where it is missing.
            format: One of `clip_mat.generate.exports.EXPORTS`.

        Returns:
            The same design, whose crystals know their files.
        """
        Path(folder).mkdir(parents=True, exist_ok=True)
        result = GenerationResult(CrystalRequest(), tuple(one.made for one in self.crystals)).write(folder, format)
        crystals = tuple(replace(one, made=made) for one, made in zip(self.crystals, result, strict=True))
        written = replace(self, crystals=crystals, notes=(*self.notes, *result.notes))
        text = json.dumps(written.to_dict(), ensure_ascii=False, indent=2)
        write_file(Path(folder) / PROVENANCE, text + "\n")
        return written

    def picture(self, most: int = 6) -> Picture:
        """The first crystals, drawn.

        Raises:
            ValueError: If there is none.
        """
        return GenerationResult(CrystalRequest(), tuple(one.made for one in self.crystals)).picture(most)

    def __len__(self) -> int:
        return len(self.crystals)

    def __getitem__(self, place: Any) -> Any:
        return self.crystals[place]

    def __iter__(self) -> Iterator[DesignedCrystal]:
        return iter(self.crystals)

    def rows(self) -> Iterator[tuple[str, ...]]:
        """A crystal a row, one cell for each of `COLUMNS`."""
        for rank, one in enumerate(self.crystals, 1):
            yield (*table_row(rank, one.made), ", ".join(one.pages))

    def __str__(self) -> str:
        return "\n".join([str(self.plan), *self.notes, "", text_table(COLUMNS, self.rows())])

    def _repr_html_(self) -> str:
        """For notebooks: the plan, and a table of the crystals with their pages."""
        notes = "".join(f"<p><i>{html.escape(note)}</i></p>" for note in self.notes)
        table = html_table(COLUMNS, self.rows()) if self.crystals else "<p>no crystals</p>"
        return self.plan._repr_html_() + notes + table


COLUMNS = (*TABLE_COLUMNS, "pages")


def design(
    papers: PaperLibrary,
    question: str,
    *,
    llm: str | BaseChatModel | None = None,
    where: Filter | None = None,
    n: int = 4,
    index: MaterialsIndex | Path | str | None = None,
    seed: int = 0,
    from_noise: bool = False,
    all: bool = False,
) -> Design:
    """Ask the papers, turn their answer into a request, and make the crystals; `rag.design.plan` stops before that.

    Args:
        papers: What is asked.
        question: In plain words.
        llm: A language model that writes the answer, as `PaperLibrary.ask` takes it.
        where: Only papers whose passages match.
        n: How many crystals of each request.
        index: Of structures that templates come from; by default the bundled prototypes.
        seed: Decides everything that is drawn.
        from_noise: Without templates.
        all: Also for every other request that the answer could mean.

    Raises:
        QuestionError: If the question is empty or too long.
        LibraryError: If the papers' library is damaged.
        RequestError: If the index cannot be used.
    """
    planned = plan(papers, question, llm=llm, where=where, n=n, seed=seed, from_noise=from_noise)
    return make(planned, index, all=all)


def make(
    planned: Plan, generator: Generator | MaterialsIndex | Path | str | None = None, *, all: bool = False
) -> Design:
    """Make what a plan asks for; see `rag.design.Plan.make`."""
    if not planned:
        return Design(planned, ())
    if isinstance(generator, Generator):
        return _made(planned, generator, all)
    with Generator.load(generator) as loaded:
        return _made(planned, loaded, all)


def _made(planned: Plan, generator: Generator, all: bool) -> Design:
    wish, evidence, crystals, notes = _one(planned.question, planned.wish, planned.evidence, generator)
    done = replace(planned, wish=wish, evidence=evidence)
    for other in planned.alternatives if all else ():
        _, _, more, told = _one(planned.question, other.wish, other.evidence, generator)
        crystals += more
        notes += told
    return Design(done, tuple(crystals), tuple(dict.fromkeys(notes)))


def _one(
    question: str, wish: Wish, evidence: tuple[Evidence, ...], generator: Generator
) -> tuple[Wish, tuple[Evidence, ...], list[DesignedCrystal], list[str]]:
    """Crystals of one request; where there are none, of what is left of it without what only pages ask for."""
    notes: list[str] = []
    while True:
        request = wish.request(question)
        kept, told = _obedient(request, generator)
        if kept:
            notes += told
            break
        less = _eased(wish, evidence)
        if less is None:
            notes.append(
                f"nothing could be made of {_told(wish)}; change the request, or give --templates an index of yours"
            )
            break
        part, eased = less
        notes.append(f"nothing could be made with {part}, which the papers name; made without")
        wish, evidence = eased, tuple(one for one in evidence if demanded(eased, one))
    provenance = tuple(one for one in evidence if demanded(wish, one) and one.holds)
    return wish, provenance, [DesignedCrystal(made, wish, provenance) for made in kept], notes


def _obedient(request: CrystalRequest, generator: Generator) -> tuple[list[GeneratedCrystal], list[str]]:
    """Crystals that are what was asked for when they are looked at anew, and what is to be said where they are few.

    Where few are wanted, few are tried; if those do not obey, more are.
    """
    (result,) = generator.generate([request])
    kept = [made for made in result if is_as_wished(made.crystal, made.spacegroup, request)]
    if len(kept) == request.n or request.n >= _LEAST_TRIED:
        return kept, [*result.notes] if len(kept) == len(result) else []
    (result,) = generator.generate([replace(request, n=_LEAST_TRIED)])
    kept = [made for made in result if is_as_wished(made.crystal, made.spacegroup, request)][: request.n]
    few = f"{len(kept)} of {request.n} crystals: no other that was tried is what was asked for"
    return kept, [few] if len(kept) < request.n else []


def _eased(wish: Wish, evidence: Sequence[Evidence]) -> tuple[str, Wish] | None:
    """The request without the least important demand that is not the question's or the user's, and that demand."""
    for part, demand, called in _EASED:
        value = getattr(wish, part)
        sources = {one.source for one in evidence if one.demand == demand}
        if value and sources <= {"paper"}:
            emptied: Any = () if isinstance(value, tuple) else ""
            return f"the {called} {dict(wish.to_rows())[called]}", wish.changed(**{part: emptied})
    return None


def _told(wish: Wish) -> str:
    return "; ".join(f"{name} {value}" for name, value in wish.to_rows() if name != "vector of")


def is_as_wished(crystal: Crystal, spacegroup: int, request: CrystalRequest) -> bool:
    """Whether a crystal, looked at anew, is what was asked for: content, forbidden elements, structure type, symmetry.

    Args:
        crystal: What was made.
        spacegroup: That it is said to have; it counts only where spglib finds it, too.
        request: What was asked.
    """
    found = {find_spacegroup(crystal, tolerance) or 1 for tolerance in _TOLERANCES}
    return any(obeys(crystal, group, request) for group in ({spacegroup} & found) or found)
