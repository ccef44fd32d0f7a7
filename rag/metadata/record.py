"""The bibliographic record of a paper: who wrote what, where and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Author:
    """One author.

    Attributes:
        family: Family name with its particles (``van der Waals``), or the whole name of a body (``CERN``).
        given: Given names or initials; "" for a body.
        suffix: ``Jr.``, ``III``, ...
    """

    family: str
    given: str = ""
    suffix: str = ""

    @property
    def name(self) -> str:
        """The name in the order in which it is spoken."""
        spoken = f"{self.given} {self.family}".strip()
        return f"{spoken}, {self.suffix}" if self.suffix else spoken


@dataclass(frozen=True, slots=True)
class Paper:
    """What a reference to a paper needs. Unknown text is "", an unknown year None.

    Attributes:
        title: One line of plain text.
        authors: In printed order.
        year: Of publication, Gregorian.
        journal: Journal, or the preprint server.
        volume, issue: As printed.
        pages: A range with an en dash (``553–568``) or an article number (``5265``).
        doi: Bare and in lower case (``10.1038/s41467-018-07255-1``).
        url: An https address, where there is one beside the DOI.
        publisher: Publisher's name.
        type: CSL type: ``article-journal``, or ``article`` for a preprint or manuscript.
        sources: Field -> where its value came from: ``bib``, ``xmp``, ``docinfo``, ``first page``,
            ``running head``, ``file name``, ``crossref``. Not part of equality.
    """

    title: str
    authors: tuple[Author, ...] = ()
    year: int | None = None
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    url: str = ""
    publisher: str = ""
    type: str = "article-journal"
    sources: dict[str, str] = field(default_factory=dict, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON; ``from_dict`` reads it back."""
        record = asdict(self)
        record["authors"] = [asdict(author) for author in self.authors]
        return record

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Paper:
        """Read what ``to_dict`` wrote; keys that are not known are ignored.

        Raises:
            ValueError: A field is missing or has the wrong type.
        """
        known = {name: record[name] for name in (f.name for f in fields(cls)) if name in record}
        try:
            known["authors"] = tuple(Author(**author) for author in known.get("authors", ()))
            known["sources"] = dict(known.get("sources", {}))
            paper = cls(**known)
        except (TypeError, ValueError) as error:
            raise ValueError(f"not the record of a paper: {error}") from error
        for name in ("title", "journal", "volume", "issue", "pages", "doi", "url", "publisher", "type"):
            value = getattr(paper, name)
            if not isinstance(value, str):
                raise ValueError(f"not the record of a paper: {name} is {value!r}, not text")  # noqa: TRY004
        if paper.year is not None and type(paper.year) is not int:
            raise ValueError(f"not the record of a paper: year is {paper.year!r}, not a whole number")
        return paper
