"""Typeset the demonstration paper and write down, by construction, where each of its sentences stands.

    python -m rag.demo.build            # writes temperature-effects.pdf and temperature-effects.json
    python -m rag.demo.build --check    # fails if the committed files are not what the source gives

Needs the ``typst`` package (extra ``dev``), whose own fonts are the only ones used, and a fixed date: the same source
gives the same bytes. No PDF reader has a part in the truth: the typesetter reports the place of every word.

The JSON::

    {"file": "temperature-effects.pdf",
     "title": ..., "authors": [...], "year": 2026, "keywords": [...],
     "pages": [{"page": 1, "label": "211", "width": 595.28, "height": 841.89, "head": ..., "foot": ...}, ...],
     "figure": {"page": 3, "box": [x0, y0, x1, y1]},
     "sentences": [{"order": 0, "kind": "title", "section": "", "paragraph": 0, "text": ...,
                    "fragments": [{"page": 1, "label": "211", "column": "full", "text": ...,
                                   "boxes": [[x0, y0, x1, y1], ...]}, ...]}, ...]}

``sentences`` are in reading order. ``kind`` is a value of ``rag.documents.Kind``; a heading, a row of the table, an
equation and an entry of the reference list count as one sentence each. ``text`` is in house style (``Cs2AgBiBr6``,
``10^13 cm^-3``); an equation's text is its linear form and need not agree with the page. A fragment is a sentence's
part in one column (``left``, ``right``, ``full``) of one page, with one box a line in PDF points, origin at the lower
left, from the ascender to the descender of the font. ``head`` and ``foot`` are the running lines, which belong to no
sentence, and neither does the lettering inside the figure's box.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from rag.demo import PAPER, TRUTH
from rag.demo.boxes import Layout, Mark, Span, pieces, spans
from rag.demo.source import Item, plain, read
from rag.documents import Kind

HERE = Path(__file__).parent
KEYWORDS = ("point defects", "temperature", "free energy", "vacancies", "carrier capture", "ionic migration")
DESCRIPTION = "A demonstration document of clip-mat, not peer reviewed, CC-BY 4.0"
HEAD = ("The clip-mat authors", "Temperature effects on point defects in crystals")
FOOT = "clip-mat demonstration documents 1 (2026) · CC-BY 4.0"
TIMESTAMP = 1_768_435_200
"""2026-01-15, the paper's date, in seconds since 1970."""

UPPER_HEIGHT = 861.0
"""Total height in points of the columns above the figure, over all pages; see ``layout.typ``."""


class LayoutError(RuntimeError):
    """The pages came out in a way that the truth cannot describe."""


def typeset(items: Sequence[Item], upper: float = UPPER_HEIGHT) -> tuple[bytes, dict[str, Any]]:
    """Run typst.

    Returns:
        The PDF, and the places that ``layout.typ`` reports under ``<places>``.
    """
    import typst

    compiler = typst.Compiler(
        str(HERE / "layout.typ"),
        root=str(HERE),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_instructions(items, upper))},
    )
    pdf: bytes = compiler.compile(format="pdf", timestamp=TIMESTAMP, pdf_tags=False)
    return pdf, json.loads(compiler.query("<places>", field="value", one=True))


def _instructions(items: Sequence[Item], upper: float) -> dict[str, Any]:
    """What ``layout.typ`` is to draw: items, their blocks by index, and what stands apart from the columns."""
    blocks = [
        [index for index, _ in group]
        for _, group in groupby(
            enumerate(items), key=lambda pair: (pair[1].paragraph, pair[1].kind is Kind.HEADING)
        )
    ]
    title, lines, heading, abstract, *body = blocks
    is_figure = [
        items[block[0]].kind is Kind.CAPTION and len(block) > 1 and not items[block[-1]].cells
        for block in body
    ]
    return {
        "items": [
            {
                "kind": item.kind.value,
                "words": item.words,
                "level": item.level,
                "name": item.name,
                "cells": item.cells,
            }
            for item in items
        ],
        "title": items[0].text,
        "author": items[1].text,
        "keywords": KEYWORDS,
        "description": DESCRIPTION,
        "head": HEAD,
        "foot": FOOT,
        "front": {"title": title, "lines": lines, "heading": heading[0], "abstract": abstract},
        "blocks": body,
        "figure": is_figure.index(True),
        "upper": str(upper),
    }


def truth(items: Sequence[Item], places: dict[str, Any]) -> dict[str, Any]:
    """The JSON described above, from the items and the places that typst reports."""
    layout = Layout(**{name: places[name] for name in ("width", "height", "left", "column", "gutter")})
    labels = [str(places["first-page"] + n) for n in range(places["pages"])]
    marks: dict[tuple[int, int, int], Mark] = {
        (item, word, end): Mark(*place) for (item, word, end), place in places["marks"]
    }
    sentences, last = [], None
    for order, (before, item) in enumerate(pairwise([items[0], *items])):
        if item.paragraph != before.paragraph or item.kind in (Kind.FRONT, Kind.TABLE):
            last = None
        if item.kind is Kind.FORMULA:
            found = [_drawn(marks[order, 0, 0], marks[order, 0, 1], layout, len(item.words))]
        else:
            words = [(n, marks[order, n, 0], marks[order, n, 1]) for n in range(len(item.words))]
            full = _across(item)
            found = spans(pieces(words, layout, full, last), layout, places["sizes"][item.kind.value])
            last = words[-1][2]
        if any(span.broken for span in found):
            raise LayoutError(f"a word is cut between columns in {item.text!r}; rephrase so that it is not")
        sentences.append(_sentence(order, item, found, labels))
    figure = [Mark(*place) for place in places["figure"]]
    heads = [" ".join(HEAD if n % 2 else HEAD[::-1]) for n in range(len(labels))]
    feet = [" ".join((label, FOOT) if n % 2 else (FOOT, label)) for n, label in enumerate(labels)]
    return {
        "file": PAPER.name,
        "title": items[0].text,
        "authors": [items[1].text],
        "year": 2026,
        "keywords": KEYWORDS,
        "pages": [
            {
                "page": n,
                "label": label,
                "width": layout.width,
                "height": layout.height,
                "head": head,
                "foot": foot,
            }
            for n, (label, head, foot) in enumerate(zip(labels, heads, feet, strict=True), start=1)
        ],
        "figure": {"page": figure[0].page, "box": _rounded(_drawn(*figure, layout, 0).boxes[0])},
        "sentences": sentences,
    }


def _across(item: Item) -> bool:
    """Whether an item stands across both columns: what comes before the body, and the figure's caption."""
    front = item.kind in (Kind.TITLE, Kind.FRONT) or item.section == "Abstract"
    return front or (item.kind is Kind.CAPTION and not item.text.startswith("Table"))


def _drawn(upper: Mark, lower: Mark, layout: Layout, words: int) -> Span:
    """Something drawn between two corners."""
    wide = lower.x - upper.x > layout.column
    box = (upper.x, layout.height - lower.y, lower.x, layout.height - upper.y)
    return Span(
        upper.page, "full" if wide else layout.side(upper.x), tuple(range(words)), (box,), broken=False
    )


def _rounded(box: Sequence[float]) -> list[float]:
    return [round(value, 2) for value in box]


def _sentence(order: int, item: Item, found: Sequence[Span], labels: Sequence[str]) -> dict[str, Any]:
    fragments = [
        {
            "page": span.page,
            "label": labels[span.page - 1],
            "column": span.side,
            "text": " ".join(plain(item.words[word]) for word in span.words),
            "boxes": [_rounded(box) for box in span.boxes],
        }
        for span in found
    ]
    return {
        "order": order,
        "kind": item.kind.value,
        "section": item.section,
        "paragraph": item.paragraph,
        "text": item.text,
        "fragments": fragments,
    }


def build() -> tuple[bytes, str]:
    """The PDF's bytes and the truth's JSON text, as they are to be committed."""
    items = read(HERE / "review.md")
    pdf, places = typeset(items)
    return pdf, json.dumps(truth(items, places), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Typeset the demonstration paper.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if the files are out of date"
    )
    check = parser.parse_args().check
    pdf, text = build()
    if check:
        stale = [
            path.name for path, data in ((PAPER, pdf), (TRUTH, text.encode())) if path.read_bytes() != data
        ]
        if stale:
            print(f"out of date: {', '.join(stale)}; run python -m rag.demo.build", file=sys.stderr)
        return int(bool(stale))
    PAPER.write_bytes(pdf)
    TRUTH.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
