"""XMP metadata, where need be through pypdf, under a clock of its own.

pypdf is pure Python and can be led astray by crafted files; what it adds is worth two seconds and no more.
"""

from __future__ import annotations

import io
import logging
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rag.reading.catalogue import named_metadata
from rag.reading.text import one_line

_SECONDS = 2.0
_LONGEST = 4000  # characters of one value
_PACKET = re.compile(rb"<x:xmpmeta\b.{,500000}?</x:xmpmeta>", re.DOTALL)
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


class _OutOfTimeError(BaseException):
    """Not an Exception, so that pypdf's own handlers let it through."""


def read_xmp(data: bytes) -> dict[str, str]:
    """XMP values of a PDF by qualified name, lists joined by "; ". Empty where there are none to be had in time."""
    if b"xmpmeta" not in data and b"/Metadata" not in data and b"/ObjStm" not in data:
        return {}
    try:
        with _alarm(_SECONDS):
            return _read(data)
    except _OutOfTimeError:
        return {}
    except Exception:  # noqa: BLE001 - pypdf raises what it likes on damaged files; the text is read without it
        return {}


def _read(data: bytes) -> dict[str, str]:
    values: dict[str, str] = {}
    root = _root(data)
    if root is None:
        return values
    for description in root.getElementsByTagNameNS(_RDF, "Description"):
        attributes: Any = description.attributes
        for index in range(attributes.length):
            attribute = attributes.item(index)
            if attribute.namespaceURI != _RDF and not attribute.name.startswith("xmlns"):
                _add(values, attribute.name, attribute.value)
        for child in description.childNodes:
            if child.nodeType == child.ELEMENT_NODE:
                items = child.getElementsByTagNameNS(_RDF, "li")
                _add(
                    values,
                    child.nodeName,
                    "; ".join(filter(None, map(_text, items))) if items else _text(child),
                )
    return values


def _root(data: bytes) -> Any:
    """The RDF element of the packet that the catalogue names, else of the only one that lies open; or None."""
    named = data if data.count(b"<x:xmpmeta") == 1 else named_metadata(data)
    if named == b"":
        return None
    packet = _PACKET.search(named or b"")
    if packet is not None:
        from xml.dom import minidom

        # Cut out of its surroundings the packet has no DOCTYPE, and so no entities that could grow.
        roots = minidom.parseString(packet[0]).getElementsByTagNameNS(_RDF, "RDF")  # noqa: S318
        return roots[0] if roots else None
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted:
        reader.decrypt("")
    information = reader.xmp_metadata
    return None if information is None else information.rdf_root


def _add(values: dict[str, str], name: str, value: str) -> None:
    value = one_line(value)[:_LONGEST]
    if value and len(values) < 200:
        values.setdefault(one_line(name), value)


def _text(node: Any) -> str:
    if node.nodeType in (node.TEXT_NODE, node.CDATA_SECTION_NODE):
        return str(node.data)
    return one_line("".join(_text(child) for child in node.childNodes))


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Interrupt the block after ``seconds``; does nothing where there are no such signals."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: object) -> None:
        raise _OutOfTimeError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
