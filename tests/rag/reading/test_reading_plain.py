"""Plain text and Markdown."""

from __future__ import annotations

import codecs
from collections.abc import Callable

import pytest

from rag.documents import Document, Kind
from rag.errors import UnreadableDocument

Read = Callable[..., Document]

MARKDOWN = """# Defects at work

Vacancies *move* when it is hot. They stop when it is [cold](https://example.org/x).

## Methods

- We used `CsBr`.
- We used AgBr.

```python
raise ValueError("no sentence. Or two.")
```

| a | b |
|---|---|

# References

[1] A. Author, J. Imag. Mater. 1 (2001).
"""


def test_markdown_structure(read_bytes: Read) -> None:
    document = read_bytes(MARKDOWN.encode(), "notes.md")
    kinds = [(sentence.kind, sentence.text) for sentence in document.sentences]
    assert kinds[:3] == [
        (Kind.HEADING, "Defects at work"),
        (Kind.BODY, "Vacancies *move* when it is hot."),
        (Kind.BODY, "They stop when it is [cold](https://example.org/x)."),
    ]
    assert (Kind.TABLE, 'raise ValueError("no sentence. Or two.")') in kinds
    assert (Kind.REFERENCE, "[1] A. Author, J. Imag. Mater. 1 (2001).") in kinds
    methods = next(sentence for sentence in document.sentences if "CsBr" in sentence.text)
    assert methods.section == "Methods"
    assert methods.fragments[0].boxes == ()
    assert methods.fragments[0].label is None


def test_form_feeds_are_page_breaks(read_bytes: Read) -> None:
    document = read_bytes(b"One page.\fAnother page.\n\f\n", "log.txt")
    assert [page.number for page in document.pages] == [1, 2]
    assert [(s.text, s.fragments[0].page) for s in document.sentences] == [("One page.", 1), ("Another page.", 2)]


@pytest.mark.parametrize(
    "data",
    [
        "5 Å über alles.".encode(),
        codecs.BOM_UTF8 + "5 Å über alles.".encode(),
        "5 Å über alles.".encode("utf-16"),
        "5 Å über alles.".encode("utf-16-le"),
        "5 Å über alles.".encode("latin-1"),
    ],
)
def test_encodings(read_bytes: Read, data: bytes) -> None:
    assert read_bytes(data, "a.txt").sentences[0].text == "5 Å über alles."


@pytest.mark.parametrize("data", [b"\0" * 5000, bytes(range(256)) * 20, b"PK\x03\x04" + bytes(range(32)) * 50])
def test_binary_data_is_refused(read_bytes: Read, data: bytes) -> None:
    with pytest.raises(UnreadableDocument, match=r"binary data"):
        read_bytes(data, "a.txt")


def test_nothing_but_blanks_is_refused(read_bytes: Read) -> None:
    with pytest.raises(UnreadableDocument, match=r"holds no text"):
        read_bytes(b" \n\t\f\n", "a.md")


def test_escape_codes_are_stripped(read_bytes: Read) -> None:
    document = read_bytes(b"# \x1b[31mred\x1b[0m\n\nA \x1b]0;evil\x07sentence.\n", "a.md")
    assert [sentence.text for sentence in document.sentences] == ["red", "A sentence."]


def test_words_broken_at_the_end_of_a_line_are_joined_and_compounds_keep_their_hyphen(read_bytes: Read) -> None:
    text = "Milling reduces the par-\nticle size. We call such lead-\nfree films free of lead.\n"
    said = [sentence.text for sentence in read_bytes(text.encode(), "book.txt").sentences]
    assert said == ["Milling reduces the particle size.", "We call such lead-free films free of lead."]
