"""The metadata that a PDF's catalogue names, found without reading the whole file's cross references.

A full PDF reader in Python needs longer for this than PDFium for the text. What is not found here need not be
missing: the caller then asks such a reader.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from itertools import islice

_ROOT = re.compile(rb"\s+(\d+)\s+(\d+)\s+R")
_METADATA = re.compile(rb"/Metadata\s+(\d+)\s+(\d+)\s+R")
_STREAM = re.compile(rb"[^>]*>>\s*stream\r?\n")
_FIRST = re.compile(rb"/First\s+(\d+)")
_COUNT = re.compile(rb"/N\s+(\d+)")
_LONGEST = 8 << 20  # bytes of one object stream, decompressed; the bound against bombs
_LONGEST_HEADER = 400  # bytes
_DICTIONARY = 1 << 16  # bytes in which a dictionary ends


def named_metadata(data: bytes) -> bytes | None:
    """The raw metadata stream that the catalogue names; b"" where it names none.

    None where that cannot be told: encrypted or revised files, damaged or unusual ones, compressed metadata.
    """
    roots = {match.groups() for at in _found(data, b"/Root") if (match := _ROOT.match(data, at))}
    if len(roots) != 1 or b"/Encrypt" in data:
        return None
    catalogue = _object(data, *roots.pop())
    if catalogue is None or b"/Catalog" not in catalogue:
        return None
    named = _METADATA.search(catalogue)
    if named is None:
        return b""
    places = _places(data, *named.groups())
    if len(places) != 1:
        return None
    end = data.find(b"endobj", places[0])
    return data[places[0] : end] if end >= 0 else None


def _found(data: bytes, word: bytes) -> Iterator[int]:
    """Where ``word`` ends. A search for plain bytes is far faster than a regular expression, files are large."""
    at = data.find(word)
    while at >= 0:
        yield at + len(word)
        at = data.find(word, at + len(word))


def _places(data: bytes, number: bytes, generation: bytes) -> list[int]:
    name = b"%s %s obj" % (number, generation)
    return [end for end in _found(data, name) if not data[end - len(name) - 1 : end - len(name)].isdigit()]


def _object(data: bytes, number: bytes, generation: bytes) -> bytes | None:
    """The text of an object that the file has once: open, or in one of its object streams."""
    places = _places(data, number, generation)
    if len(places) > 1:
        return None
    if places:
        return data[places[0] : places[0] + _DICTIONARY].split(b"endobj", 1)[0]
    texts = (text for objects in _object_streams(data) if (text := objects.get(int(number))) is not None)
    found = list(islice(texts, 2))  # a second one settles it; more are not kept
    return found[0] if len(found) == 1 else None


def _object_streams(data: bytes) -> Iterator[dict[int, bytes]]:
    """The objects of every compressed object stream, by number."""
    for at in _found(data, b"/ObjStm"):
        opened, stream = data.rfind(b"<<", max(0, at - _LONGEST_HEADER), at), _STREAM.match(data, at)
        if opened < 0 or stream is None:
            continue
        header = data[opened : stream.end()]
        first, count = _FIRST.search(header), _COUNT.search(header)
        if first is None or count is None:
            continue
        try:
            content = zlib.decompressobj().decompress(data[stream.end() : stream.end() + _LONGEST], _LONGEST)
            numbers = [int(value) for value in content[: int(first[1])].split()[: 2 * int(count[1])]]
        except (zlib.error, ValueError):
            continue
        starts = [int(first[1]) + offset for offset in numbers[1::2]]
        yield {
            number: content[start:end]
            for number, start, end in zip(numbers[::2], starts, [*starts[1:], len(content)], strict=False)
        }
