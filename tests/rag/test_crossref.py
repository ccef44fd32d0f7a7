"""The online look-up, against answers made here and a server of our own; nothing leaves the machine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from rag.crossref import UrlTransport, lookup
from rag.errors import RagError
from rag.metadata import Author, Paper

WORK = {
    "title": ["Anharmonic <i>free</i> energies\nof halide vacancies"],
    "subtitle": ["A review"],
    "author": [
        {"family": "Kröger", "given": "Ana"},
        {"name": "The Lattice Consortium"},
        {"sequence": "additional"},
    ],
    "issued": {"date-parts": [[2021, 3]]},
    "container-title": ["Journal of Tests"],
    "volume": "9",
    "issue": "2",
    "page": "11-19",
    "DOI": "10.1000/REAL.1",
    "publisher": "Tests &amp; Co",
    "type": "journal-article",
}
KNOWN = Paper(
    "Anharmonic Free Energies of Halide Vacancies: a Review",
    (Author("Kröger"),),
    2020,
    doi="10.1000/real.1",
    sources={"title": "first page", "authors": "first page", "year": "docinfo", "doi": "xmp"},
)


class Fake:
    """Answers each request with the next body and remembers what was asked."""

    def __init__(self, *bodies: object) -> None:
        self.bodies = list(bodies)
        self.urls: list[str] = []
        self.agents: list[str] = []

    def __call__(self, url, headers, timeout):
        self.urls.append(url)
        self.agents.append(headers["User-Agent"])
        body = self.bodies.pop(0)
        return body if isinstance(body, bytes) else json.dumps({"message": body}).encode()


def test_a_doi_is_looked_up_and_the_record_completed():
    fake = Fake(WORK)
    paper = lookup(KNOWN, mailto="me@example.org", transport=fake)
    assert fake.urls == ["https://api.crossref.org/works/10.1000%2Freal.1?mailto=me%40example.org"]
    assert "me@example.org" in fake.agents[0]
    assert paper.title == "Anharmonic free energies of halide vacancies: A review"
    assert paper.authors == (Author("Kröger", "Ana"), Author("The Lattice Consortium"))
    assert (paper.year, paper.journal, paper.volume, paper.issue, paper.pages) == (
        2021,
        "Journal of Tests",
        "9",
        "2",
        "11–19",
    )
    assert (paper.doi, paper.publisher) == ("10.1000/real.1", "Tests & Co")
    assert paper.sources["year"] == "crossref"


def test_without_a_doi_title_and_author_are_searched():
    fake = Fake({"items": [dict(WORK, title=["Quite another paper"], subtitle=[]), WORK]})
    paper = lookup(replace(KNOWN, doi=""), transport=fake)
    query = parse_qs(urlsplit(fake.urls[0]).query)
    assert query == {"query.bibliographic": [KNOWN.title], "query.author": ["Kröger"], "rows": ["3"]}
    assert paper.doi == "10.1000/real.1"


def test_an_answer_with_another_title_is_not_merged():
    other = dict(WORK, title=["Defects in silicon"], subtitle=[])
    fake = Fake(other, {"items": [other]})
    assert lookup(KNOWN, transport=fake) is KNOWN
    assert len(fake.urls) == 2


def test_a_title_from_the_file_name_proves_nothing():
    nameless = replace(KNOWN, title="scan 0042", sources={"title": "file name", "doi": "first page"})
    assert lookup(nameless, transport=Fake(WORK)).year == 2021  # the first author agrees
    stranger = replace(nameless, authors=(Author("Smith"),))
    assert lookup(stranger, transport=Fake(WORK)) is stranger


def test_what_the_users_bib_says_stays():
    own = replace(KNOWN, sources=KNOWN.sources | {"year": "bib"})
    assert lookup(own, transport=Fake(WORK)).year == 2020


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'{"message": 3}',
        b'{"message": {"items": [3]}}',
        b'{"message": {"author": [3]}}',
        b"[" * 100_000,
    ],
)
def test_nonsense_is_an_error_of_one_line(body):
    with pytest.raises(RagError, match="no Crossref record") as caught:
        lookup(KNOWN, transport=Fake(body))
    assert "\n" not in str(caught.value)


def test_nulls_and_odd_types_are_tolerated():
    odd = dict.fromkeys(WORK) | {"title": WORK["title"], "subtitle": WORK["subtitle"], "volume": 9}
    assert lookup(KNOWN, transport=Fake(odd)).title == "Anharmonic free energies of halide vacancies: A review"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/works/10.1000"):
            self.reply(200, json.dumps({"message": WORK}).encode())
        elif path == "/works":
            self.reply(200, json.dumps({"message": {"items": [WORK]}}).encode())
        elif path == "/large":
            self.reply(200, b"x" * 10_000)
        elif path == "/slow":
            time.sleep(1.0)
            self.reply(200, b"{}")
        elif path == "/away":
            self.reply(302, b"", Location="file:///etc/passwd")
        elif path == "/plain":
            self.reply(302, b"", Location="https://example.org/")
        else:
            self.reply(404 if path.startswith("/works/") else 503, b"no")

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.handle_error = lambda request, client_address: None
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


PLAIN = UrlTransport(scheme="http", max_bytes=5000)


def test_over_a_real_socket(server):
    assert lookup(KNOWN, transport=PLAIN, api=server).year == 2021


def test_a_doi_that_is_not_registered_falls_back_to_the_title(server):
    unknown = replace(KNOWN, doi="10.9999/none")
    assert lookup(unknown, transport=PLAIN, api=server).doi == "10.1000/real.1"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/large", "more than 5000 bytes"),
        ("/away", "not allowed"),
        ("/plain", "not followed"),
        ("/broken", "answered 503"),
    ],
)
def test_a_server_that_misbehaves(server, path, says):
    with pytest.raises(RagError, match=says):
        PLAIN(server + path, {}, 5.0)


def test_a_slow_server_is_given_up(server):
    begin = time.perf_counter()
    with pytest.raises(RagError, match="cannot be reached"):
        PLAIN(server + "/slow", {}, 0.2)
    assert time.perf_counter() - begin < 0.9


def test_nobody_there():
    with pytest.raises(RagError, match="go on offline"):
        PLAIN("http://127.0.0.1:9/works", {}, 2.0)


@pytest.mark.parametrize("url", ["http://api.crossref.org/works", "file:///etc/passwd", "ftp://example.org/"])
def test_only_https_by_default(url):
    with pytest.raises(RagError, match="not https"):
        UrlTransport()(url, {}, 1.0)
