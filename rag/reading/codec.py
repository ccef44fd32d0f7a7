"""A document as JSON bytes and back: how a child process answers, and how documents are stored.

JSON and never pickle, because the child has parsed a stranger's file. Rows instead of objects, and boxes to a
hundredth of a point, keep a twelve-page paper near 150 kB.
"""

from __future__ import annotations

import json
from typing import Any

from rag.documents import Box, Document, Fragment, FrontLine, Kind, Page, Sentence

_VERSION = 1


def encode_document(document: Document) -> bytes:
    """``document`` as UTF-8 JSON."""
    content = {
        "v": _VERSION,
        "file": document.file,
        "sha256": document.sha256,
        "pages": [[p.number, p.label, p.width, p.height] for p in document.pages],
        "sentences": [sentence_to_row(sentence) for sentence in document.sentences],
        "info": document.info,
        "xmp": document.xmp,
        "front": [[f.text, f.page, f.size, _row(f.box), f.role] for f in document.front],
        "running": list(document.running),
    }
    return json.dumps(content, separators=(",", ":")).encode("ascii")


def sentence_to_row(sentence: Sentence) -> list[Any]:
    """``sentence`` as what ``json.dumps`` takes."""
    return [
        sentence.text,
        sentence.kind.value,
        sentence.section,
        sentence.paragraph,
        [[f.page, f.label, f.quote, [_row(box) for box in f.boxes]] for f in sentence.fragments],
        *(() if sentence.whole else (False,)),
    ]


def sentence_from_row(row: list[Any]) -> Sentence:
    """The sentence of a row. Raises TypeError or ValueError on anything else."""
    text, kind, section, paragraph, fragments, *cut = row
    return Sentence(
        text=str(text),
        kind=Kind(kind),
        fragments=tuple(
            Fragment(int(page), _label(label), str(quote), tuple(_box(box) for box in boxes))
            for page, label, quote, boxes in fragments
        ),
        section=str(section),
        paragraph=int(paragraph),
        whole=not cut,
    )


def decode_document(data: bytes) -> Document:
    """The document that ``encode_document`` wrote.

    Raises:
        ValueError: ``data`` is not such a document.
    """
    return document_from_json(json.loads(data))


def document_from_json(content: Any) -> Document:
    """The document in what ``json.loads`` made of an encoded one. Raises ValueError as ``decode_document`` does."""
    try:
        return _document(content)
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"not an encoded document: {error!r}") from error


def _document(content: dict[str, Any]) -> Document:
    if content["v"] != _VERSION:
        raise ValueError(f"document format {content['v']!r}, expected {_VERSION}")
    return Document(
        file=str(content["file"]),
        sha256=str(content["sha256"]),
        pages=tuple(
            Page(int(number), _label(label), float(width), float(height))
            for number, label, width, height in content["pages"]
        ),
        sentences=tuple(sentence_from_row(row) for row in content["sentences"]),
        info={str(key): str(value) for key, value in content["info"].items()},
        xmp={str(key): str(value) for key, value in content["xmp"].items()},
        front=tuple(
            FrontLine(str(text), int(page), float(size), _box(row), str(role))
            for text, page, size, row, role in content["front"]
        ),
        running=tuple(str(line) for line in content["running"]),
    )


def _row(box: Box) -> list[float]:
    return [round(box.x0, 2), round(box.y0, 2), round(box.x1, 2), round(box.y1, 2)]


def _box(row: list[float]) -> Box:
    x0, y0, x1, y1 = map(float, row)
    return Box(x0, y0, x1, y1)


def _label(label: object) -> str | None:
    return None if label is None else str(label)
