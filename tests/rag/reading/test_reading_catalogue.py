"""The catalogue's metadata in files whose every stream is known, and in files made to mislead or to exhaust."""

from __future__ import annotations

import io
import signal
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from pdf_builder import assemble
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

from rag.reading import metadata
from rag.reading.catalogue import named_metadata
from rag.reading.metadata import read_xmp


def _packet(title: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt>'
        f'<rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


OURS, DECOY = _packet("The paper"), _packet("A picture in it")


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)


def _plain(compressed: bool = False) -> bytes:
    """What pypdf writes: every object open, a picture's packet before the paper's."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    for content in (DECOY, OURS):
        stream = StreamObject()
        stream.set_data(content)
        entry = writer._add_object(stream.flate_encode() if compressed else stream)
    writer.root_object[NameObject("/Metadata")] = entry
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _packed() -> bytes:
    """The same with the catalogue in an object stream, found through a cross-reference stream."""
    members = [
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 3 0 R >>",
        b"<< /Type /Pages /Kids [] /Count 0 >>",
    ]
    index = b"1 0 2 %d " % (len(members[0]) + 1)
    content = zlib.compress(index + b" ".join(members))
    metadata_entries = b"/Type /Metadata /Subtype /XML"
    bodies = {
        3: _stream(OURS, metadata_entries),
        4: _stream(content, b"/Type /ObjStm /N 2 /First %d /Filter /FlateDecode" % len(index)),
        5: _stream(DECOY, metadata_entries),
    }
    out, table = b"%PDF-1.7\n", [(0, 0, 65535), (2, 4, 0), (2, 4, 1)]
    for number, body in bodies.items():
        table.append((1, len(out), 0))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table.append((1, len(out), 0))
    rows = b"".join(kind.to_bytes(1) + at.to_bytes(4) + last.to_bytes(2) for kind, at, last in table)
    references = _stream(rows, b"/Type /XRef /Size 7 /W [1 4 2] /Root 1 0 R")
    return out + b"6 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (references, len(out))


@pytest.mark.parametrize("build", [_plain, _packed])
def test_the_packet_that_the_catalogue_names(build: Callable[[], bytes]) -> None:
    data = build()
    named = named_metadata(data)
    assert named is not None
    assert OURS in named
    assert DECOY not in named
    # A full reader of PDF agrees: the file is as it is meant to be.
    information = PdfReader(io.BytesIO(data)).xmp_metadata
    assert information is not None
    assert information.dc_title == {"x-default": "The paper"}
    assert read_xmp(data) == {"dc:title": "The paper"}


def test_compressed_metadata_is_left_to_a_full_reader() -> None:
    data = _plain(compressed=True)
    assert OURS not in (named_metadata(data) or b"")
    assert read_xmp(data) == {"dc:title": "The paper"}


def test_a_catalogue_without_metadata() -> None:
    catalogue, pages = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"
    data = assemble([catalogue, pages, _stream(DECOY), b"<< >>", _stream(OURS)])
    assert named_metadata(data) == b""
    assert read_xmp(data) == {}


def test_two_catalogues_or_a_key_cannot_be_told() -> None:
    data = _plain()
    assert named_metadata(data + b"trailer << /Root 9 0 R >>") is None
    assert named_metadata(data + b"trailer << /Encrypt 9 0 R >>") is None
    # A revision writes the same object once more.
    number = data[data.index(b"/Root") + 5 :].split()[0]
    assert named_metadata(data + number + b" 0 obj\n<< /Type /Catalog >>\nendobj\n") is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7\n" + bytes(range(256)) * 50,
        b"/Root 1 0 R",
        b"/Root 1 0 R 1 0 obj",
        b"/Root 1 0 R 1 0 obj << /Type /Catalog /Metadata 2 0 R >> endobj",
        b"/Root 1 0 R 1 0 obj << /Type /Catalog /Metadata 2 0 R >> endobj 2 0 obj << >>",
        b"/Root 1 0 R << /Type /ObjStm /N 1 /First 4 >> stream\nnot deflated",
        b"/Root 1 0 R << /Type /ObjStm /N 1 /First 4 >> stream\n" + zlib.compress(b"one 0 << /Type /Catalog >>"),
        b"/Root 1 0 R << /Type /ObjStm /N 3 /First 900 >> stream\n" + zlib.compress(b"1 2 3"),
        b"/Root 1 0 R << /Type /ObjStm >> stream\n" + zlib.compress(b"1 0 << /Type /Catalog >>"),
    ],
)
def test_garbage_names_nothing(data: bytes) -> None:
    assert named_metadata(data) is None
    assert read_xmp(data) == {}


def test_every_cut_of_a_file_is_read_or_refused() -> None:
    for data in (_plain(), _packed()):
        for end in range(0, len(data), 37):
            named = named_metadata(data[:end])
            assert named is None or OURS in named


def test_a_catalogue_that_names_itself_ends() -> None:
    data = assemble([b"<< /Type /Catalog /Pages 1 0 R /Metadata 1 0 R >>", b"1 0 R", b"3 0 R", b"<< >>"])
    named = named_metadata(data)
    assert named is not None
    assert b"/Catalog" in named
    assert read_xmp(data) == {}


@pytest.mark.parametrize(
    "data",
    [
        b"<< /Type /ObjStm /N 1 /First 4 >> stream\n" + zlib.compress(b"1 0 << /Type /Catalog >>" + bytes(99 << 20), 1),
        b"1 0 obj " * 10_000,
    ],
    ids=["bomb", "objects"],
)
def test_little_memory_is_used(data: bytes) -> None:
    tracemalloc.start()
    try:
        assert not named_metadata(b"/Root 1 0 R\n" + data)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no clock to interrupt the reader")
@pytest.mark.parametrize(
    "swarm",
    [
        b"/ObjStm " * 200_000,  # headers that never end
        (b"<< /Type /ObjStm /N 1 /First 4 >> stream\n" + zlib.compress(bytes(8 << 20)) + b"\n") * 400,
        b"1 0 obj " * 500_000,
    ],
    ids=["headers", "bombs", "objects"],
)
def test_a_swarm_is_given_up_in_time(swarm: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "_SECONDS", 0.3)
    began = time.process_time()
    assert read_xmp(b"%PDF-1.7\n/Root 1 0 R\n/Metadata\n" + swarm) == {}
    assert time.process_time() - began < 3
