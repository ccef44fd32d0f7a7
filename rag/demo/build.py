"""Typeset the demonstration paper and write down, by construction, where each of its sentences stands.

    python -m rag.demo.build            # writes temperature-effects.pdf and temperature-effects.json
    python -m rag.demo.build --check    # fails if the committed files are not what the source gives

Needs the ``typst`` package (extra ``dev``). Its own fonts are the only ones used and the date is fixed, so
that the same source gives the same bytes. No PDF reader has a part in the truth: the typesetter itself
reports the place of every word.

The JSON::

    {"file": "temperature-effects.pdf", "title": ..., "authors": [...], "year": 2026, "keywords": [...],
     "pages": [{"page": 1, "label": "211", "width": 595.28, "height": 841.89,
                "head": ..., "foot": ...}, ...],
     "figure": {"page": 2, "box": [x0, y0, x1, y1]},
     "sentences": [{"order": 0, "kind": "title", "section": "", "paragraph": 0, "text": ...,
                    "fragments": [{"page": 1, "label": "211", "column": "full", "text": ...,
                                   "boxes": [[x0, y0, x1, y1], ...]}, ...]}, ...]}

``sentences`` are in reading order. ``kind`` is a value of ``rag.documents.Kind``; a heading, a row of the
table, an equation and an entry of the reference list count as one sentence each. ``text`` is in house style
(``Cs2AgBiBr6``, ``10^13 cm^-3``); an equation's text is its linear form, which no reader need find. A
fragment is a sentence's part in one column (``left``, ``right``, ``full``) of one page, with one box a line
in PDF points, origin at the lower left, from the descender to the ascender of the font. ``head`` and ``foot``
are the running lines, left part first; they belong to no sentence, and neither does the lettering inside the
figure's box.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from rag.demo import PAPER, TRUTH
from rag.demo.boxes import Layout, Mark, Span, pieces, rectangle, spans
from rag.demo.source import Item, plain, read
from rag.documents import Kind

HERE = Path(__file__).parent
KEYWORDS = (
    "point defects",
    "temperature",
    "free energy",
    "vacancies",
    "carrier capture",
    "ionic migration",
)
DESCRIPTION = "A demonstration document of clip-mat, not peer reviewed, CC-BY 4.0"
HEAD = ("The clip-mat authors", "Temperature effects on point defects in crystals")
FOOT = "clip-mat demonstration documents 1 (2026) · CC-BY 4.0"
TIMESTAMP = 1_768_435_200
"""2026-01-15, the paper's date, in seconds since 1970."""

UPPER_HEIGHT = 869.0
"""Total height in points of the columns above the figure, over all pages; see ``layout.typ``."""


class LayoutError(RuntimeError):
    """The pages came out in a way that the truth cannot describe; the message says what to rephrase."""


def build() -> tuple[bytes, str]:
    """The PDF's bytes and the truth's JSON text, as they are to be committed."""
    items = read(HERE / "review.md")
    pdf, places = typeset(items)
    return pdf, _dump(truth(items, places))


def typeset(items: Sequence[Item]) -> tuple[bytes, dict[str, Any]]:
    """Run typst.

    Returns:
        The PDF, and the places that ``layout.typ`` reports under ``<places>``.
    """
    import typst

    compiler = typst.Compiler(
        str(HERE / "layout.typ"),
        root=str(HERE),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_instructions(items))},
    )
    # Untagged, as publishers' files are; tags would more than double the size.
    pdf = compiler.compile(format="pdf", timestamp=TIMESTAMP, pdf_tags=False)
    if not isinstance(pdf, bytes):
        raise LayoutError(f"typst returned {type(pdf).__name__} for layout.typ, not one PDF")
    return pdf, json.loads(compiler.query("<places>", field="value", one=True))


def _instructions(items: Sequence[Item]) -> dict[str, Any]:
    """What ``layout.typ`` is to draw: items, and by index the blocks in which they stand."""
    numbered = groupby(range(len(items)), key=lambda index: items[index].paragraph)
    title, lines, heading, abstract, *body = [list(group) for _, group in numbered]
    fields = ("kind", "words", "level", "name", "cells")
    return {
        "items": [{name: getattr(item, name) for name in fields} for item in items],
        "title": items[0].text,
        "author": items[1].text,
        "keywords": KEYWORDS,
        "description": DESCRIPTION,
        "head": HEAD,
        "foot": FOOT,
        "front": {"title": title, "lines": lines, "heading": heading[0], "abstract": abstract},
        "blocks": body,
        "figure": [items[block[0]].wide for block in body].index(True),
        "upper": UPPER_HEIGHT,
    }


def truth(items: Sequence[Item], places: dict[str, Any]) -> dict[str, Any]:
    """The JSON described above, from the items and the places that typst reports."""
    layout = Layout(**{name: places[name] for name in ("width", "height", "left", "column", "gutter")})
    labels = [str(places["first-page"] + n) for n in range(places["pages"])]
    upper, lower = (Mark(*place) for place in places["figure"])
    found = _locate(items, places, layout)
    return {
        "file": PAPER.name,
        "title": items[0].text,
        "authors": [items[1].text],
        "year": 2026,
        "keywords": KEYWORDS,
        "pages": [_page(n, label, layout) for n, label in enumerate(labels, start=1)],
        "figure": {"page": upper.page, "box": _rounded(rectangle(upper, lower, layout))},
        "sentences": [
            _sentence(order, item, parts, labels) for order, (item, parts) in enumerate(zip(items, found, strict=True))
        ],
    }


def _locate(items: Sequence[Item], places: dict[str, Any], layout: Layout) -> list[list[Span]]:
    """Where each item stands."""
    marks = {(item, word, end): Mark(*place) for (item, word, end), place in places["marks"]}
    located: list[list[Span]] = []
    last: Mark | None = None
    for index, item in enumerate(items):
        if item.kind is Kind.FORMULA:
            upper, lower = marks[index, 0, 0], marks[index, 0, 1]
            words = tuple(range(len(item.words)))
            box = rectangle(upper, lower, layout)
            located.append([Span(upper.page, layout.side(upper, wide=False), words, (box,))])
            continue
        flows = index > 0 and items[index - 1].paragraph == item.paragraph and item.kind is not Kind.TABLE
        ends = [(marks[index, n, 0], marks[index, n, 1]) for n in range(len(item.words))]
        parts = pieces(ends, layout, item.wide, last if flows else None)
        located.append(spans(parts, layout, places["sizes"][item.kind]))
        last = ends[-1][1]
        if any(span.broken for span in located[-1]):
            raise LayoutError(f"a word is cut between two columns in {item.text!r}; rephrase it")
    return located


def _page(number: int, label: str, layout: Layout) -> dict[str, Any]:
    """A page and its running lines; verso and recto mirror each other, as ``layout.typ`` draws them."""
    recto = number % 2 == 1
    return {
        "page": number,
        "label": label,
        "width": round(layout.width, 2),
        "height": round(layout.height, 2),
        "head": " ".join(reversed(HEAD) if recto else HEAD),
        "foot": f"{FOOT} {label}" if recto else f"{label} {FOOT}",
    }


def _sentence(order: int, item: Item, parts: Sequence[Span], labels: Sequence[str]) -> dict[str, Any]:
    return {
        "order": order,
        "kind": item.kind,
        "section": item.section,
        "paragraph": item.paragraph,
        "text": item.text,
        "fragments": [
            {
                "page": part.page,
                "label": labels[part.page - 1],
                "column": part.side,
                "text": " ".join(plain(item.words[word]) for word in part.words),
                "boxes": [_rounded(box) for box in part.boxes],
            }
            for part in parts
        ],
    }


def _rounded(box: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in box]


def _dump(document: dict[str, Any]) -> str:
    """JSON with one entry of each long list a line, so that a changed sentence is a changed line."""
    entries = []
    for name, value in document.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            text = "[\n" + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in value) + "\n]"
        entries.append(f"{json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Typeset the demonstration paper.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file is out of date")
    check = parser.parse_args().check
    pdf, text = build()
    files = {PAPER: pdf, TRUTH: text.encode()}
    if check:
        stale = [path.name for path, data in files.items() if path.read_bytes() != data]
        if stale:
            print(f"out of date: {', '.join(stale)}; run python -m rag.demo.build", file=sys.stderr)
        return int(bool(stale))
    for path, data in files.items():
        path.write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
