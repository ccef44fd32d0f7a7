"""The review's source: a small markup in which every line is one sentence.

``review.md`` holds a title, ``name: value`` lines of front matter, and sections. A blank line ends a
paragraph. Inside a sentence ``~2~`` lowers, ``^13^`` raises, ``*Nature*`` slants, and ``[@key,key]`` cites
entries of the section "References", which are numbered in the order in which they are first cited.

Three directives begin a block of their own: ``!equation NAME``, followed by the equation as plain text
(``layout.typ`` draws it); ``!figure``, followed by the sentences of its caption; ``!table``, followed by its
caption and one line a row, cells separated by ``|``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.documents import Kind

Run = tuple[str, str]
"""Style (``""``, ``sub``, ``sup``, ``em`` or ``strong``) and characters."""

Word = tuple[Run, ...]

_RUN = re.compile(r"~([^~]+)~|\^([^^]+)\^|\*([^*]+)\*|([^~^*]+)")
_STYLES = ("sub", "sup", "em", "")
_CITATION = re.compile(r"\[@([\w,]+)\]")
_LABEL = re.compile(r"(?:Fig\.|Table) \d+\.")
_NO_BREAK = "\u00a0"
_UNIT = r"(?:K|°C|eV|meV|MHz|GHz|mK|ns|atm|×|±|cm|kHz/K|\*k\*)(?:[~^ ,.;:)]|$)"
_UNBREAKABLE = re.compile(
    rf"(?<=[\d^=≈×±]) (?={_UNIT})"  # a number and its unit
    r"|(?<=[×±=≈]) (?=[\d−])|(?<=\*) (?==)"  # around a relation
    r"|(?<= ln) | (?=ln )"  # a function and its argument
)


class SourceError(ValueError):
    """The review's source breaks its own rules; the message says where and what to do."""


@dataclass(frozen=True, slots=True)
class Item:
    """One sentence, heading, caption sentence, table row, equation or reference.

    Attributes:
        kind: The part that it plays.
        words: What stands between breakable spaces.
        section: Nearest heading above.
        paragraph: Running number of the block that it belongs to.
        wide: Whether it stands across both columns.
        level: 1 or 2 for headings, else 0.
        name: Name of an equation's drawing, else "".
        cells: Number of words in each cell of a table row, else ().
    """

    kind: Kind
    words: tuple[Word, ...]
    section: str
    paragraph: int
    wide: bool = False
    level: int = 0
    name: str = ""
    cells: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        """House style: raised characters after ``^``, lowered ones plain, no markup."""
        return " ".join(plain(word) for word in self.words)


def plain(word: Word) -> str:
    """A word in house style, e.g. ``10^13``; a minus sign that is raised becomes a hyphen."""
    text = "".join("^" + run.replace("−", "-") if style == "sup" else run for style, run in word)
    return text.replace(_NO_BREAK, " ")


def read(path: Path) -> list[Item]:
    """Read the review.

    Returns:
        Its items in reading order, the numbered references last.

    Raises:
        SourceError: A citation without its reference, a reference that is never cited, an unknown directive.
    """
    body, _, tail = path.read_text(encoding="utf-8").partition("\n## References\n")
    references = dict(line.split(": ", 1) for line in tail.splitlines() if line)
    cited = list(dict.fromkeys(key for found in _CITATION.findall(body) for key in found.split(",")))
    if lonely := set(cited) ^ set(references):
        raise SourceError(f"{path.name}: {', '.join(sorted(lonely))}: cite and list each reference")
    numbers = {key: str(n) for n, key in enumerate(cited, start=1)}

    def bracketed(found: re.Match[str]) -> str:
        return "[" + ",".join(sorted((numbers[key] for key in found[1].split(",")), key=int)) + "]"

    items = list(_items(_CITATION.sub(bracketed, body), path.name))
    block = items[-1].paragraph + 1
    items.append(Item(Kind.HEADING, _words("References"), "References", block, level=1))
    for n, key in enumerate(cited, start=1):
        words = ((("", f"[{n}]"),), *_words(references[key]))
        items.append(Item(Kind.REFERENCE, words, "References", block + n))
    return items


def _items(body: str, file: str) -> Iterator[Item]:
    section, kind = "", Kind.BODY
    for number, block in enumerate(re.split(r"\n\s*\n", body.strip())):
        first, *rest = lines = block.splitlines()
        level = len(first) - len(first.lstrip("#"))
        if level > 1:
            section = first[level:].strip()
            kind = Kind.BACK if section.startswith("About") else Kind.BODY
        wide = section in ("", "Abstract")
        if level == 1:
            yield Item(Kind.TITLE, _words(first[1:].strip()), section, number, wide)
        elif level:
            yield Item(Kind.HEADING, _words(section), section, number, wide, level - 1)
        elif first.startswith("!equation "):
            plain_words: tuple[Word, ...] = tuple((("", word),) for word in rest[0].split())
            yield Item(Kind.FORMULA, plain_words, section, number, name=first.split()[1])
        elif first == "!figure":
            for line in rest:
                yield Item(Kind.CAPTION, _caption(line), section, number, wide=True)
        elif first == "!table":
            yield Item(Kind.CAPTION, _caption(rest[0]), section, number)
            for row in rest[1:]:
                cells = [_words(cell) for cell in row.split(" | ")]
                words = tuple(word for cell in cells for word in cell)
                yield Item(Kind.TABLE, words, section, number, cells=tuple(map(len, cells)))
        elif first.startswith("!"):
            raise SourceError(f"{file}: unknown directive {first!r}; use !equation, !figure or !table")
        elif not section:
            for line in lines:
                yield Item(Kind.FRONT, _words(line.split(": ", 1)[1]), section, number, wide)
        else:
            for line in lines:
                yield Item(kind, _words(line), section, number, wide)


def _caption(line: str) -> tuple[Word, ...]:
    """Words of a caption's sentence, a leading "Fig. 1." in bold."""
    words = _words(line)
    if not _LABEL.match(line):
        return words
    label = tuple((("strong", plain(word)),) for word in words[:2])
    return label + words[2:]


def _words(line: str) -> tuple[Word, ...]:
    """Split a sentence at its breakable spaces; an italic run may hold several words."""
    words: list[list[Run]] = [[]]
    for found in _RUN.finditer(_UNBREAKABLE.sub(_NO_BREAK, line)):
        group = found.lastindex or 1
        style = _STYLES[group - 1]
        for n, piece in enumerate(found[group].split(" ")):
            if n:
                words.append([])
            if piece:
                words[-1].append((style, piece.replace("-", "−") if style == "sup" else piece))
    return tuple(tuple(word) for word in words if word)
