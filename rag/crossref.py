"""Look a paper up at Crossref (https://api.crossref.org), for those who ask for it."""

from __future__ import annotations

import http.client
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from rag.errors import RagError
from rag.metadata.citation_line import tidy_pages
from rag.metadata.names import MAX_AUTHORS
from rag.metadata.record import Author, Paper
from rag.metadata.text import NAME_LIMIT, clean, find_year, normalise_doi, similarity

_log = logging.getLogger(__name__)

API = "https://api.crossref.org"
MAX_BYTES = 4_000_000
SAME_TITLE = 0.9
"""Similarity of titles from which an answer is taken to mean the paper."""

_TYPES = {"posted-content": "article", "proceedings-article": "paper-conference", "book-chapter": "chapter"}
_TYPES |= {"book": "book", "monograph": "book", "dissertation": "thesis", "report": "report"}


class Transport(Protocol):
    """Fetches one address. Raises RagError where it cannot."""

    def __call__(self, url: str, headers: Mapping[str, str], timeout: float) -> bytes: ...


class _SameScheme(HTTPRedirectHandler):
    """Follows redirects, but never out of the scheme that was asked for."""

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme

    def redirect_request(self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Request | None:
        if urlsplit(newurl).scheme != self.scheme:
            raise RagError(f"{req.host} redirects to {newurl[:100]!r}, which is not {self.scheme}; not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@dataclass(frozen=True, slots=True)
class UrlTransport:
    """The standard library's HTTP client with limits.

    Attributes:
        scheme: The only scheme that is spoken.
        max_bytes: Longest answer that is read.
    """

    scheme: str = "https"
    max_bytes: int = MAX_BYTES

    def __call__(self, url: str, headers: Mapping[str, str], timeout: float) -> bytes:
        """Fetch ``url`` in at most ``timeout`` seconds.

        Raises:
            RagError: Another scheme, an HTTP error, no answer in time, or one that is too long.
        """
        parts = urlsplit(url)
        if parts.scheme != self.scheme:
            raise RagError(f"{url[:100]!r} is not {self.scheme}; refused")
        deadline = time.monotonic() + timeout
        request = Request(url, headers=dict(headers))  # noqa: S310  (the scheme is checked above)
        try:
            with build_opener(_SameScheme(self.scheme)).open(request, timeout=timeout) as response:
                body = bytearray()
                while chunk := response.read1(65_536):
                    body += chunk
                    if len(body) > self.max_bytes:
                        raise RagError(f"{parts.netloc} sent more than {self.max_bytes} bytes; refused")
                    if time.monotonic() > deadline:
                        raise TimeoutError
        except HTTPError as error:
            error.close()
            raise RagError(f"{parts.netloc} answered {error.code} {error.reason}; try again later") from error
        except (TimeoutError, URLError, OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or str(error) or f"no answer within {timeout:g} s"
            raise RagError(f"{parts.netloc} cannot be reached: {reason}; check the network or go on offline") from error
        return bytes(body)


def lookup(
    paper: Paper,
    *,
    timeout: float = 10.0,
    mailto: str | None = None,
    transport: Transport | None = None,
    api: str = API,
) -> Paper:
    """Complete a record from Crossref: by its DOI, else by a search for title and first author.

    An answer is used only where it means the same paper, that is, where its title is nearly the same. It then
    replaces all fields but those that came from a BibTeX file.

    Args:
        paper: What is known.
        timeout: Seconds for each of at most two requests.
        mailto: Address to send along; Crossref serves such callers from a faster pool.
        transport: How to fetch; the standard library over https by default.
        api: Base address.

    Returns:
        The completed record, or ``paper`` itself where Crossref knows nothing that fits.

    Raises:
        RagError: The service cannot be reached or answers nonsense.
    """
    fetch = transport or UrlTransport()
    for url in _addresses(paper, api, mailto):
        agent = f"clip-mat (mailto:{mailto})" if mailto else "clip-mat"
        try:
            body = fetch(url, {"User-Agent": agent, "Accept": "application/json"}, timeout)
        except RagError as error:
            if isinstance(error.__cause__, HTTPError) and error.__cause__.code == 404:
                continue
            raise
        for answer in _answers(body, api):
            if _same_paper(paper, answer):
                return _merge(paper, answer)
    _log.info("Crossref has no record that fits %r", paper.title)
    return paper


def _addresses(paper: Paper, api: str, mailto: str | None) -> list[str]:
    polite = {"mailto": mailto} if mailto else {}
    addresses = []
    if paper.doi:
        tail = f"?{urlencode(polite)}" if polite else ""
        addresses.append(f"{api}/works/{quote(paper.doi, safe='')}{tail}")
    if paper.sources.get("title") != "file name":
        query = {"query.bibliographic": paper.title, "rows": "3"}
        if paper.authors:
            query["query.author"] = paper.authors[0].family
        addresses.append(f"{api}/works?{urlencode(query | polite)}")
    return addresses


def _answers(body: bytes, api: str) -> list[Paper]:
    try:
        message = json.loads(body)["message"]
        items = message.get("items", [message])
        return [_record(item) for item in items[:10]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise RagError(
            f"{urlsplit(api).netloc} answered something that is no Crossref record; go on offline"
        ) from error


def _record(item: Mapping[str, Any]) -> Paper:
    title, subtitle = _text(item.get("title")), _text(item.get("subtitle"))
    if subtitle and subtitle.casefold() not in title.casefold():
        title = f"{title}: {subtitle}"
    people = [person for person in item.get("author") or [] if person.get("family") or person.get("name")]
    return Paper(
        title=title,
        authors=tuple(
            Author(
                family=_text(person.get("family") or person.get("name"), NAME_LIMIT),
                given=_text(person.get("given"), NAME_LIMIT),
                suffix=_text(person.get("suffix"), NAME_LIMIT),
            )
            for person in people[:MAX_AUTHORS]
        ),
        year=_year(item),
        journal=_text(item.get("container-title"), 200),
        volume=_text(item.get("volume"), 60),
        issue=_text(item.get("issue"), 60),
        pages=tidy_pages(_text(item.get("page") or item.get("article-number"), 60)),
        doi=normalise_doi(_text(item.get("DOI"))),
        publisher=_text(item.get("publisher"), 200),
        type=_TYPES.get(_text(item.get("type")), "article-journal"),
    )


def _text(value: object, limit: int = 500) -> str:
    """Crossref wraps most texts in lists, and may send null for any of them."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return clean(value, limit) if isinstance(value, str) else ""


def _year(item: Mapping[str, Any]) -> int | None:
    for name in ("published-print", "issued", "published-online", "created"):
        parts = (item.get(name) or {}).get("date-parts") or [[None]]
        if parts[0] and parts[0][0] and (year := find_year(str(parts[0][0]))):
            return year
    return None


def _same_paper(paper: Paper, answer: Paper) -> bool:
    if paper.sources.get("title") == "file name":
        # Nothing but the DOI was readable: then the first author must agree.
        known = paper.authors and answer.authors
        return bool(known) and similarity(paper.authors[0].family, answer.authors[0].family) > SAME_TITLE
    return similarity(paper.title, answer.title) >= SAME_TITLE


def _merge(paper: Paper, answer: Paper) -> Paper:
    names = ("title", "authors", "year", "journal", "volume", "issue", "pages", "doi", "publisher")
    told = {n: getattr(answer, n) for n in names if getattr(answer, n) and paper.sources.get(n) != "bib"}
    return replace(paper, **told, type=answer.type, sources=paper.sources | dict.fromkeys(told, "crossref"))
