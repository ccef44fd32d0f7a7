"""Files that must not hurt: each ends in one clear line, in time, and the rest of the batch goes on."""

from __future__ import annotations

import io
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from pdf_builder import Builder, assemble, paper_page, text

from rag.documents import Document
from rag.errors import UnreadableDocument, UnsafeDocument
from rag.reading import Limits, ReaderPool, read_document, read_many

GOOD = Builder().page(*paper_page()).build()


@pytest.fixture(scope="module")
def pool():
    with ReaderPool(1, Limits(seconds=20)) as pool:
        yield pool


@pytest.fixture
def refused(pool: ReaderPool, tmp_path: Path) -> Callable[..., str]:
    """The one line with which a file is refused."""

    def read(data: bytes, name: str = "paper.pdf") -> str:
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(UnreadableDocument) as caught:
            pool.read(path)
        message = str(caught.value)
        assert "\n" not in message
        assert message.startswith(path.name)
        return message

    return read


def encrypted(user: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(GOOD))
    writer.encrypt(user_password=user, owner_password="owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def scan() -> bytes:
    image = b"<< /Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8 "
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /XObject << /I 6 0 R >> >> >>",
        b"<< >>",
        b"<< /Length 28 >>\nstream\nq 595 0 0 842 0 0 cm /I Do Q\nendstream",
        image + b"/Length 4 >>\nstream\n\x00\xff\xff\x00\nendstream",
    ]
    return assemble(objects)


def shared_bomb(pages: int = 15) -> bytes:
    """Many pages that share one stream of a few kilobytes which unpacks to millions of operators."""
    packed = zlib.compress(b"BT /F 9 Tf (vacancy) Tj ET\n" * 60_000, 9)
    kids = b" ".join(b"%d 0 R" % (7 + n) for n in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
        b"<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >> >> >>",
        b"<< >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<< >>",
    ]
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources 3 0 R /Contents 5 0 R >>"
    return assemble(objects + [page] * pages)


def looping_tree() -> bytes:
    return assemble(
        [
            b"<< /Type /Catalog /Pages 2 0 R /Outlines 5 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 9 >>",
            b"<< /Type /Pages /Parent 2 0 R /Kids [2 0 R 3 0 R] /Count 4 >>",
            b"<< >>",
            b"<< /First 6 0 R /Last 6 0 R >>",
            b"<< /Title (loop) /Parent 5 0 R /Next 6 0 R /First 6 0 R >>",
        ]
    )


def test_not_a_pdf(refused: Callable[..., str]) -> None:
    assert "is not a PDF" in refused(b"just words")
    assert "web page" in refused(b"<!DOCTYPE html><title>Sign in</title>")
    assert "0 bytes" in refused(b"")


def test_cut_off(refused: Callable[..., str]) -> None:
    assert "cut off" in refused(GOOD[: len(GOOD) // 2])


def test_damaged_inside(refused: Callable[..., str]) -> None:
    assert "damaged" in refused(b"%PDF-1.7\n" + b"\x93" * 4000 + b"\n%%EOF\n")


def test_scan_says_run_ocr(refused: Callable[..., str]) -> None:
    assert "OCR" in refused(scan())


def test_password(refused: Callable[..., str], pool: ReaderPool, tmp_path: Path) -> None:
    assert "password" in refused(encrypted("secret"))
    path = tmp_path / "open.pdf"
    path.write_bytes(encrypted(""))
    assert "vacancy" in pool.read(path).sentences[0].text


def test_suffix_and_binary(refused: Callable[..., str]) -> None:
    assert "is none of" in refused(GOOD, "paper.docx")
    assert "binary" in refused(b"\0" * 999, "paper.txt")


@pytest.mark.parametrize("kind", ["absent", "folder", "pipe", "loop"])
def test_paths_that_are_no_files(pool: ReaderPool, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "paper.pdf"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    with pytest.raises(UnreadableDocument):
        pool.read(path)


def test_device(pool: ReaderPool, tmp_path: Path) -> None:
    path = tmp_path / "zero.txt"
    path.symlink_to("/dev/zero")
    with pytest.raises(UnreadableDocument, match="device"):
        pool.read(path)


@pytest.mark.parametrize("name", ["two words.pdf", "Kröger–Vink 缺陷.pdf", "line\nbreak.pdf", "quote'\".pdf"])
def test_names(pool: ReaderPool, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(GOOD)
    assert pool.read(path).file == name


def test_shared_stream_is_bounded(pool: ReaderPool, tmp_path: Path) -> None:
    data = shared_bomb()
    assert len(data) < 40_000
    path = tmp_path / "bomb.pdf"
    path.write_bytes(data)
    start = time.monotonic()
    try:
        document = pool.read(path)
    except UnreadableDocument:
        document = None
    assert time.monotonic() - start < 30
    assert document is None or len(document.sentences) < 1000


def test_loops_end(refused: Callable[..., str]) -> None:
    start = time.monotonic()
    refused(looping_tree())
    assert time.monotonic() - start < 20


def test_wall_clock(tmp_path: Path) -> None:
    path = tmp_path / "slow.pdf"
    path.write_bytes(shared_bomb(2))
    with pytest.raises(UnsafeDocument, match="longer than"):
        read_document(path, Limits(seconds=0.01, seconds_per_page=0))


def test_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_bytes(b"A vacancy. " * 8_000_000)
    with pytest.raises(UnsafeDocument, match="memory"):
        read_document(path, Limits(memory_mb=300))


def test_a_child_that_dies_is_replaced(tmp_path: Path) -> None:
    """A file may end the process that reads it; the next one is read by another."""
    path = tmp_path / "a.pdf"
    path.write_bytes(GOOD)
    with ReaderPool(1) as pool:
        pool.read(path)
        child = pool._idle.get()
        assert child is not None
        child._process.kill()
        child._process.wait()
        pool._idle.put(child)
        assert pool.read(path).pages


def test_too_many_pages_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "long.pdf"
    builder = Builder()
    for _ in range(4):
        builder.page(*paper_page())
    path.write_bytes(builder.build())
    with pytest.raises(UnreadableDocument, match="4 pages"):
        read_document(path, Limits(pages=3))
    with pytest.raises(UnsafeDocument, match="MB"):
        read_document(path, Limits(megabytes=0))


def test_a_batch_goes_on_in_order(tmp_path: Path) -> None:
    files = {"a.pdf": GOOD, "b.pdf": b"no", "c.pdf": looping_tree(), "d.txt": b"A sentence.", "e.pdf": GOOD}
    paths = []
    for name, data in files.items():
        paths.append(tmp_path / name)
        paths[-1].write_bytes(data)
    paths.insert(3, tmp_path / "absent.pdf")
    results = list(read_many(paths, Limits(seconds=15), workers=2))
    assert [path for path, _ in results] == paths
    assert [type(result).__name__ for _, result in results] == [
        "Document",
        "UnreadableDocument",
        "UnreadableDocument",
        "UnreadableDocument",
        "Document",
        "Document",
    ]


def test_stopping_early_leaves_no_children(tmp_path: Path) -> None:
    psutil = pytest.importorskip("psutil")
    path = tmp_path / "a.pdf"
    path.write_bytes(GOOD)
    before = set(psutil.Process().children())
    for _, result in read_many([path] * 20, workers=2):
        assert isinstance(result, Document)
        break
    assert set(psutil.Process().children()) == before


@pytest.mark.slow
def test_two_thousand_pages(tmp_path: Path) -> None:
    builder = Builder()
    for number in range(2000):
        builder.page(*paper_page(), text(300, 30, str(number + 1), 8))
    path = tmp_path / "thesis.pdf"
    path.write_bytes(builder.build())
    document = read_document(path, Limits(memory_mb=1024))
    assert len(document.pages) == 2000
    assert document.pages[-1].label == "2000"
