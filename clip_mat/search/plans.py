"""How a request will be answered: the filter that every hit meets, and the text that ranks."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import Self

from clip_mat.errors import RequestError
from clip_mat.search.named import NamedKind
from clip_mat.search.optimade import compile_filter, fields_of
from clip_mat.search.request import ANYTHING, MAX_LENGTH, interpret
from indexes import Filter


@dataclass(frozen=True, slots=True)
class Plan:
    """A request that has been understood.

    Attributes:
        query: As it was asked.
        filter: OPTIMADE, empty for none.
        text: What ranks; empty where the filter says it all.
        where: The filter, compiled; None for none.
        notes: Remarks for people.
        examples: Known compounds, one of which a hit should be like.
        beside: What of the text ranks beside them; all of it where there are none.
        formula: Reduced, of the one compound that the text names; None where it names none, or several.
        kind: The structure type or the salt that it names.
    """

    query: str
    filter: str
    text: str
    where: Filter | None
    notes: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    beside: str = ""
    formula: str | None = None
    kind: NamedKind | None = None

    @property
    def first(self) -> Filter | None:
        """What meets this stands before all else; None where nothing is named."""
        if self.formula is not None:
            return {"chemical_formula_reduced": self.formula}
        return compile_filter(self.kind.filter) if self.kind is not None else None

    @classmethod
    def of_filter(cls, query: str, filter: str, text: str = "", notes: tuple[str, ...] = ()) -> Self:
        """A plan from a filter in OPTIMADE's language.

        Raises:
            RequestError: If the filter cannot be understood.
        """
        filter = filter.strip()
        return cls(query, filter, text, compile_filter(filter) if filter else None, notes, (), text)

    @property
    def properties(self) -> list[str]:
        """Names that the filter speaks of."""
        return sorted(set(fields_of(self.where)))


def plan(query: str, filter: str | None = None) -> Plan:
    """Understand a request.

    Args:
        query: In plain words; may be empty if there is a filter.
        filter: OPTIMADE, in place of what the words say; None to take that from the words; "" to rank by vectors alone.

    Raises:
        RequestError: If the query is too long, nothing is asked, or the filter cannot be understood.
    """
    words = _clean(query)
    if not words:
        if not (filter and filter.strip()):
            raise RequestError("the search is empty; say what to find, e.g. 'rock salt structure', or give a filter")
        return Plan.of_filter(query, filter)
    request = interpret(words)
    text = "" if request.text == ANYTHING else request.text
    notes = request.notes
    if filter is not None:
        replaced = request.filter and request.filter != filter.strip()
        notes = (f"the filter given replaces what the text says: {request.filter}",) if replaced else ()
    made = Plan.of_filter(query, request.filter if filter is None else filter, text, (*notes, *request.remarks))
    if request.examples:
        made = replace(made, examples=request.examples, beside=request.beside)
    return made if filter == "" else replace(made, formula=request.formula, kind=request.kind)


def check_k(k: int) -> None:
    """Raises a RequestError for a k that makes no sense."""
    if not isinstance(k, int) or isinstance(k, bool) or k < 0:
        raise RequestError(f"k must be a whole number of at least 0, not {k!r}")


def _clean(query: str) -> str:
    """On one line, without control characters.

    Raises:
        RequestError: If it is too long.
    """
    if len(query) > MAX_LENGTH:
        raise RequestError(f"the search has {len(query):,} characters; shorten it to {MAX_LENGTH:,}")
    composed = unicodedata.normalize("NFC", query)
    return " ".join("".join(c if c.isprintable() else " " for c in composed).split())
