"""Keys, MLA, BibTeX and CSL-JSON."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.bibliography import bibtex, csl_json, mla, paper_key
from rag.metadata import Author, Paper
from rag.metadata.bib import parse_bib
from rag.metadata.text import clean

KIM = Paper(
    "CarrierCapture.jl: Anharmonic Carrier Capture",
    (Author("Kim", "Sunghyun"), Author("Hood", "Samantha N."), Author("van Gerwen", "Puck")),
    2020,
    journal="Journal of Open Source Software",
    volume="5",
    issue="47",
    pages="2102",
    doi="10.21105/joss.02102",
)
HARD = Paper(
    r"A % & # _ {b} \ ~ ^ $x$ "
    '"q" of Kröger\'s Cs₂AgBiBr₆: 50 % – why?',
    (
        Author("van der Waals", "J. D."),
        Author("CERN & Co"),
        Author("King", "Martin Luther", "Jr."),
        Author("Ørsted", "Ångström Łukasz"),
    ),
    1999,
    journal="J. & Things {A}",
    volume="B69",
    issue="1–2",
    pages="553–568",
    doi="10.1234/ab_c(d)",
    url="https://example.org/a_b?c=d&e=f%20g#h",
    publisher="Röntgen & Söhne",
)


def by(family: str, year: int | None = 2020, title: str = "On the Lattice") -> Paper:
    return Paper(title, (Author(family, "A."),), year)


@pytest.mark.parametrize(
    ("paper", "key"),
    [
        (by("Kim"), "Kim2020"),
        (by("Kröger"), "Kroger2020"),
        (by("Ørsted"), "Orsted2020"),
        (by("Łukasz"), "Lukasz2020"),
        (by("Strauß"), "Strauss2020"),
        (by("van der Waals"), "VanDerWaals2020"),
        (by("Pablo-García"), "PabloGarcia2020"),
        (by("O’Brien"), "OBrien2020"),
        (by("王"), "Wang2020"),
        (by("Иванов"), "Ivanov2020"),
        (Paper("T", (Author("The ATLAS Collaboration"),), 2012), "ATLASCollaboration2012"),
        (by("Kim", None), "Kimnd"),
        (by("???"), "Lattice2020"),
        (Paper("The perovskite handbook", year=2001), "Perovskite2001"),
        (Paper("scan 0042"), "Scannd"),
        (Paper("42"), "Papernd"),
        (by("x" * 500), "X" + "x" * 39 + "2020"),
    ],
)
def test_keys(paper, key):
    assert paper_key(paper, ()) == key
    assert key.isascii()
    assert " " not in key


def test_clashes_take_letters_and_leave_earlier_keys_alone():
    taken: list[str] = []
    for _ in range(29):
        taken.append(paper_key(by("Kim"), taken))
    assert taken[:3] == ["Kim2020", "Kim2020a", "Kim2020b"]
    assert taken[26:] == ["Kim2020z", "Kim2020aa", "Kim2020ab"]
    assert paper_key(by("Kim"), {"Kim2020a"}) == "Kim2020"
    assert paper_key(by("Kim", 2021), taken) == "Kim2021"


@given(st.text(max_size=40), st.one_of(st.none(), st.integers(1800, 2030)))
def test_every_key_is_a_word_that_a_citation_can_hold(family, year):
    key = paper_key(by(family, year), ())
    assert key.isascii()
    assert key.isalnum()
    assert key[0].isupper()


@pytest.mark.parametrize(
    ("paper", "reference"),
    [
        (
            KIM,
            "Kim, Sunghyun, et al. “CarrierCapture.jl: Anharmonic Carrier Capture.” Journal "
            "of Open Source Software, "
            "vol. 5, no. 47, 2020, p. 2102, https://doi.org/10.21105/joss.02102.",
        ),
        (
            Paper(
                "Is “this” a test?",
                (Author("Kim", "S."), Author("King", "M. L.", "Jr.")),
                1999,
                "Nature",
                pages="21780–21788",
            ),
            "Kim, S., and M. L. King, Jr. “Is ‘this’ a test?” Nature, 1999, pp. 21780–88.",
        ),
        (
            Paper("On defects.", (Author("CERN"),), url="https://example.org/x"),
            "CERN. “On defects.” https://example.org/x.",
        ),
        (Paper("Alone"), "“Alone.”"),
        (Paper("Ranges", pages="9–12", journal="J"), "“Ranges.” J, pp. 9–12."),
        (Paper("Ranges", pages="98–103", journal="J"), "“Ranges.” J, pp. 98–103."),
        (Paper("Ranges", pages="101–108", journal="J"), "“Ranges.” J, pp. 101–08."),
        (Paper("Ranges", pages="923–1003", journal="J"), "“Ranges.” J, pp. 923–1003."),
        (Paper("Ranges", pages="1608–1774", journal="J"), "“Ranges.” J, pp. 1608–774."),
        (Paper("Ranges", pages="S1–S9", journal="J"), "“Ranges.” J, pp. S1–S9."),
    ],
)
def test_mla(paper, reference):
    assert mla(paper) == reference


@pytest.mark.parametrize("paper", [KIM, HARD, Paper("Preprint", (Author("Lee", "B."),), 2017, "arXiv", type="article")])
def test_bibtex_read_back_gives_the_same_record(paper):
    assert parse_bib(bibtex({"Key": paper}))["Key"][0] == paper


@given(st.text(max_size=80), st.text(max_size=30))
def test_no_text_breaks_the_file(title, family):
    title, family = clean(title) or "T", clean(family) or "F"
    source = bibtex({"a": Paper(title, (Author(family, "A."),), 2020), "b": KIM})
    assert parse_bib(source)["b"][0] == KIM


def test_csl_json_uses_the_names_of_the_schema():
    item, hard = csl_json({"Kim2020": KIM, "Hard": HARD})
    assert item == {
        "id": "Kim2020",
        "type": "article-journal",
        "title": "CarrierCapture.jl: Anharmonic Carrier Capture",
        "author": [
            {"family": "Kim", "given": "Sunghyun"},
            {"family": "Hood", "given": "Samantha N."},
            {"family": "van Gerwen", "given": "Puck"},
        ],
        "issued": {"date-parts": [[2020]]},
        "container-title": "Journal of Open Source Software",
        "volume": "5",
        "issue": "47",
        "page": "2102",
        "DOI": "10.21105/joss.02102",
    }
    # Names of variables and name parts in the CSL 1.0 input schema, as far as a record can fill them.
    variables = {"id", "type", "title", "author", "issued", "container-title", "volume", "issue", "page"}
    variables |= {"publisher", "DOI", "URL"}
    assert set(hard) == variables
    assert hard["author"][1] == {"literal": "CERN & Co"}
    assert hard["author"][2] == {"family": "King", "given": "Martin Luther", "suffix": "Jr."}
    assert hard["page"] == "553-568"
    assert json.loads(json.dumps(csl_json({"Hard": HARD}))) == [hard]
    assert csl_json({"Bare": Paper("Bare")}) == [{"id": "Bare", "type": "article-journal", "title": "Bare"}]


def test_importing_is_quick_and_loads_no_bibtex_library():
    program = (
        "import sys, time; begin = time.process_time(); import rag.bibliography;"
        "assert (spent := time.process_time() - begin) < 0.1, spent;"
        "assert not {'pybtex', 'anyascii', 'latexcodec', 'torch'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
