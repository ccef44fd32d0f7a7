"""Records from papers: every layout here is typeset by the test itself, so the truth is known."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents import Box, Document, FrontLine, Page
from rag.metadata import Author, Paper, find_bib, infer_paper
from rag.metadata.citation_line import abbreviates, parse_citation_line, tidy_journal, tidy_pages
from rag.metadata.names import parse_byline, parse_field, parse_name
from rag.metadata.text import clean, find_dois, is_junk_title, normalise_doi, similarity

TITLE = ("Anharmonic free energies of halide", "vacancies in lead-free perovskites")
WHOLE_TITLE = " ".join(TITLE)
BODY = tuple(f"the vacancy moves along a path that line {i} of this text describes in prose" for i in range(12))

Look = tuple[str, float]


def typeset(*lines: Look, page: int = 1, top: float = 780.0) -> tuple[FrontLine, ...]:
    """Lines one below the other: (text, size in points); a role may stand before a bar (``head|text``)."""
    placed, y = [], top
    for text, size in lines:
        role, bar, rest = text.partition("|")
        role, text = (role, rest) if bar and role in {"head", "foot"} else ("text", text)
        placed.append(FrontLine(text, page, size, Box(50, y - size, 550, y), role))
        y -= 1.2 * size
    return tuple(placed)


def document(
    front: Sequence[FrontLine] = (),
    *,
    file: str = "scan_0042.pdf",
    running: Sequence[str] = (),
    **stored: dict[str, str],
) -> Document:
    pages = tuple(Page(i, None, 600, 800) for i in (1, 2))
    return Document(file, "0" * 64, pages, (), front=tuple(front), running=tuple(running), **stored)


def paper_page(
    *above: Look, byline: str = "Ana B. Kröger1,2* and Wei Chen2", below: Sequence[Look] = ()
) -> tuple[FrontLine, ...]:
    body = tuple((line, 9.0) for line in BODY)
    return typeset(
        *above,
        *((t, 18.0) for t in TITLE),
        (byline, 11.0),
        ("1Department of Physics, University of Oslo", 8.0),
        *below,
        *body,
    )


def test_title_and_byline_come_from_the_type():
    paper = infer_paper(document(paper_page(("RESEARCH ARTICLE", 9.0))))
    assert paper.title == WHOLE_TITLE
    assert paper.authors == (Author("Kröger", "Ana B."), Author("Chen", "Wei"))
    assert paper.sources["title"] == paper.sources["authors"] == "first page"


def test_a_journal_banner_in_the_largest_type_is_no_title():
    front = paper_page(
        ("Molecular Systems", 26.0),
        ("Design & Engineering", 26.0),
        ("Cite this: Mol. Syst. Des. Eng., 2018,", 8.0),
        ("3, 819", 8.0),
    )
    running = ("820 | Mol. Syst. Des. Eng., 2018, 3, 819–825 This journal is © The Royal Society 2018",)
    paper = infer_paper(document(front, running=running))
    assert paper.title == WHOLE_TITLE
    assert (paper.journal, paper.volume, paper.pages, paper.year) == (
        "Mol. Syst. Des. Eng.",
        "3",
        "819–825",
        2018,
    )


def test_a_publishers_cover_page_gives_way_to_the_title_page():
    cover = typeset(
        ("You may also like", 12.0),
        ("Ross Irwin, Spyridon Dimitriadis", 8.0),
        *((t, 16.0) for t in TITLE),
        ("To cite this article: Ana B Kröger et al 2020 Mach. Learn.: Sci. Technol. 1 045024", 8.0),
        ("Ryan Sharpe et al", 8.0),
    )
    inside = typeset(
        *((t, 18.0) for t in TITLE),
        ("Ana B Kröger1 and Wei Chen2", 11.0),
        ("Abstract", 9.0),
        *((b, 9.0) for b in BODY),
        page=2,
    )
    paper = infer_paper(document(cover + inside))
    assert [a.family for a in paper.authors] == ["Kröger", "Chen"]
    assert (paper.journal, paper.year, paper.volume, paper.pages) == (
        "Mach. Learn.: Sci. Technol.",
        2020,
        "1",
        "045024",
    )


def test_names_broken_over_lines_and_marks_on_lines_of_their_own():
    front = typeset(
        *((t, 18.0) for t in TITLE),
        ("Ana B.", 11.0),
        ("Kröger", 11.0),
        ("1", 6.0),
        (", Wei Chen", 11.0),
        ("2,*", 6.0),
        (", Jonathan M.", 11.0),
        ("Skelton3", 11.0),
        ("Received: 3 May 2019", 8.0),
        *((b, 9.0) for b in BODY),
    )
    assert [a.name for a in infer_paper(document(front)).authors] == [
        "Ana B. Kröger",
        "Wei Chen",
        "Jonathan M. Skelton",
    ]


def test_an_arxiv_stamp_makes_a_preprint():
    front = paper_page(("arXiv:1702.01234v2 [cond-mat.mtrl-sci] 5 Feb 2017", 20.0))
    paper = infer_paper(document(front, info={"CreationDate": "D:20230101000000"}))
    assert (paper.doi, paper.journal, paper.type, paper.year) == (
        "10.48550/arxiv.1702.01234",
        "arXiv",
        "article",
        2017,
    )
    assert paper.title == WHOLE_TITLE


@pytest.mark.parametrize(
    ("line", "journal", "year", "volume", "issue", "pages"),
    [
        (
            "NATURE COMMUNICATIONS | (2018) 9:5265 | DOI: 10.1038/s41467-018-07255-1 | www.nature.com/nc 1",
            "Nature Communications",
            2018,
            "9",
            "",
            "5265",
        ),
        ("Nano-Micro Lett. (2021) 13:152", "Nano-Micro Lett.", 2021, "13", "", "152"),
        (
            "21782 | J. Mater. Chem. A, 2020, 8, 21780–21788 This journal is © The Royal Society 2020",
            "J. Mater. Chem. A",
            2020,
            "8",
            "",
            "21780–21788",
        ),
        (
            "Nature Computational Science | Volume 3 | May 2023 | 433–442 434",
            "Nature Computational Science",
            2023,
            "3",
            "",
            "433–442",
        ),
        (
            "Oxford Open Materials Science, 2022, 2(1), itac010",
            "Oxford Open Materials Science",
            2022,
            "2",
            "1",
            "itac010",
        ),
        (
            "Computational Materials Science 128 (2017) 140–184",
            "Computational Materials Science",
            2017,
            "128",
            "",
            "140–184",
        ),
        ("PHYSICAL REVIEW B 97, 014104 (2018)", "Physical Review B", 2018, "97", "", "014104"),
        ("Cite This: Chem. Mater. 2017, 29, 3740−3748", "Chem. Mater.", 2017, "29", "", "3740–3748"),
        (
            "Adv. Mater. 2020, 32, 1907176 1907176 (2 of 12) © 2020 Wiley-VCH",
            "Adv. Mater.",
            2020,
            "32",
            "",
            "1907176",
        ),
        ("2018 J. Phys.: Condens. Matter 30 123001", "J. Phys.: Condens. Matter", 2018, "30", "", "123001"),
        (
            "J. Phys.: Condens. Matter 30 (2018) 123001 (18pp)",
            "J. Phys.: Condens. Matter",
            2018,
            "30",
            "",
            "123001",
        ),
        ("Acta Cryst. (2013). B69, 520–528", "Acta Cryst.", 2013, "B69", "", "520–528"),
        ("620 Chem 1, 617–627, October 13, 2016", "Chem", 2016, "1", "", "617–627"),
        ("PNAS | March 5, 2019 | vol. 116 | no. 10 | 4006–4011", "PNAS", 2019, "116", "10", "4006–4011"),
        (
            "Li et al., (2019). LATTICE: A Tool. Journal of Open Source Software, 4(38), 1361.",
            "Journal of Open Source Software",
            2019,
            "4",
            "38",
            "1361",
        ),
        (
            "Citation: Li A and Roe B (2020) A title here. Front. Mater. 7:123.",
            "Front. Mater.",
            2020,
            "7",
            "",
            "123",
        ),
        ("2D Materials 5 (2018) 042002", "2D Materials", 2018, "5", "", "042002"),
    ],
)
def test_citation_lines_of_many_publishers(line, journal, year, volume, issue, pages):
    found = parse_citation_line(line)
    assert found is not None
    assert (found.journal, found.year, found.volume, found.issue, found.pages) == (
        journal,
        year,
        volume,
        issue,
        pages,
    )


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[12] K. Choudhary, Sci. Data 5, 180082 (2018).",
        "the band gap of 3, 128 (2017) 140",
        "Figure 3, 2018, 4, 17",
        "Published online 12 May 2021",
        "In 2018, 4, 5 samples were grown",
        "Received 3 May 2018, 4, 12",
    ],
)
def test_other_lines_are_no_citations(line):
    assert parse_citation_line(line) is None


@pytest.mark.parametrize(
    "evil", ["(2019). " * 500, "A 1, 2, " * 500, "|" * 5000, "A (2019). B. C, 1, " * 300, "2018 A " * 900]
)
def test_hostile_lines_cost_little_time(evil):
    begin = time.process_time()
    parse_citation_line(evil), parse_byline(evil), clean(evil), find_dois(evil)
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize(
    "junk",
    [
        "untitled",
        "Untitled",
        "Microsoft Word - draft_final.docx",
        "paper.dvi",
        "10.1038/s41467-018-07255-1",
        "OP-OXFM220010 1..17",
        "LaTeX with hyperref package",
        "https://example.org/x",
        "PII: S0927-0256(17)30024-7",
        "acs_cm_cm-2017-00123x 1..9",
        "...",
        "main",
    ],
)
def test_junk_titles_are_not_believed(junk):
    assert is_junk_title(junk)
    paper = infer_paper(document(paper_page(), info={"Title": junk}, xmp={"dc:title": junk}))
    assert paper.title == WHOLE_TITLE


def test_a_stored_title_that_the_page_does_not_show_is_not_believed():
    stored = "A template for articles in two columns"
    assert infer_paper(document(paper_page(), info={"Title": stored})).title == WHOLE_TITLE
    assert infer_paper(document(info={"Title": stored})).title == stored  # nothing else to go by


def test_a_stored_author_that_the_page_does_not_show_is_not_believed():
    paper = infer_paper(document(paper_page(), info={"Author": "Administrator"}, xmp={"dc:creator": "Jane Typesetter"}))
    assert [a.family for a in paper.authors] == ["Kröger", "Chen"]


def test_xmp_beats_docinfo_and_the_page_completes_a_lone_first_author():
    xmp = {
        "dc:title": WHOLE_TITLE,
        "prism_1_:doi": "10.1000/XMP.1",
        "prism:publicationName": "Journal of Tests",
        "prism:coverDate": "2020-10-13",
        "prism:volume": "7",
        "prism:startingPage": "12",
        "prism:endingPage": "19",
    }
    info = {
        "Title": "Anharmonic free energies",
        "Author": "Ana B. Kröger",
        "doi": "10.1000/info.1",
        "CreationDate": "D:20240101",
    }
    paper = infer_paper(document(paper_page(), info=info, xmp=xmp))
    assert (paper.title, paper.doi, paper.journal, paper.year) == (
        WHOLE_TITLE,
        "10.1000/xmp.1",
        "Journal of Tests",
        2020,
    )
    assert (paper.volume, paper.pages) == ("7", "12–19")
    assert [a.family for a in paper.authors] == ["Kröger", "Chen"]
    assert paper.sources["doi"] == "xmp"
    assert paper.sources["authors"] == "first page"


def test_a_publishers_code_gives_way_to_the_printed_name():
    paper = infer_paper(
        document(
            paper_page(),
            xmp={"prism:publicationName": "CHEMPR"},
            running=("Chem 1, 617–627, October 13, 2016",),
        )
    )
    assert paper.journal == "Chem"
    assert infer_paper(document(xmp={"prism:publicationName": "CHEMPR"})).journal == "CHEMPR"


@pytest.mark.parametrize(
    ("line", "year"),
    [
        ("Received 1 May 2017, Accepted 2 June 2018", 2017),
        ("Published on 17 August 2018. Downloaded on 12/15/2025 8:28:40 AM.", 2018),
        ("© 2016 The Authors. Published by Elsevier Inc.", 2016),
        ("https://doi.org/10.1016/j.matt.2019.08.001", 2019),
    ],
)
def test_the_year_is_printed_and_the_date_of_the_file_the_last_resort(line, year):
    made = {"CreationDate": "D:20250101000000Z"}
    assert infer_paper(document(paper_page((line, 7.0)), info=made)).year == year
    assert infer_paper(document(paper_page(), info=made)).year == 2025
    assert infer_paper(document(paper_page())).year is None


def test_the_papers_own_doi_beats_references_and_data():
    lines = [
        ("The data are deposited at https://doi.org/10.5281/zenodo.1234567", 8.0),
        ("[1] doi:10.1103/PhysRevB.54.11169", 8.0),
        ("https://doi.org/10.1007/", 8.0),
        ("s40820-021-00672-w", 8.0),
    ]
    assert infer_paper(document(paper_page(below=lines))).doi == "10.1007/s40820-021-00672-w"


def test_nothing_at_all_still_gives_a_record():
    paper = infer_paper(document(file="Sparks_review_2019.pdf"))
    assert (paper.title, paper.year, paper.type) == ("Sparks review 2019", 2019, "article")
    assert paper.sources == {"title": "file name", "year": "file name"}
    assert infer_paper(document(file=".pdf")).title


@pytest.mark.parametrize(
    ("text", "author"),
    [
        ("Puck van Gerwen", Author("van Gerwen", "Puck")),
        ("Waals, J. D. van der", Author("Waals", "J. D. van der")),
        ("Johannes Diderik van der Waals", Author("van der Waals", "Johannes Diderik")),
        ("Martin Luther King Jr.", Author("King", "Martin Luther", "Jr.")),
        ("Smith, John, III", Author("Smith", "John", "III")),
        ("Sergio Pablo-García", Author("Pablo-García", "Sergio")),
        ("J. K. Nørskov", Author("Nørskov", "J. K.")),
        ("王小明", Author("王", "小明")),
        ("JOHN SMITH", Author("Smith", "John")),
        ("Plato", Author("Plato")),
        ("The Lattice Consortium", Author("The Lattice Consortium")),
        ("Materials Genome Group", Author("Materials Genome Group")),
    ],
)
def test_names(text, author):
    assert parse_name(text) == author


@pytest.mark.parametrize(
    ("byline", "families"),
    [
        ("Lei Meng1, Jingbi You 2,3 & Yang Yang1", ["Meng", "You", "Yang"]),
        (
            "Bryce Meredig, *a Erin Antono,a Ben Blaiszik, bc Ian Foster, bc and Logan Ward bc",
            ["Meredig", "Antono", "Blaiszik", "Foster", "Ward"],
        ),
        ("Aron Walsh *cd, Zewei Li,§*a Robert L. Z. Hoye *c", ["Walsh", "Li", "Hoye"]),
        ("Liyuan Han¹,⁹*, Yabing Qi¹⁶ and Anna de la Cruz²", ["Han", "Qi", "de la Cruz"]),
        ("Dipendra Jha1, LoganWard 2, Wei-keng Liao1", ["Jha", "Ward", "Liao"]),
        ("A. B. Smith, Jr., C. O’Brien and D. van der Berg", ["Smith", "O’Brien", "van der Berg"]),
        ("Lucy D. Whalley1 , and Aron Walsh1, 2 (a.walsh@example.org)", ["Whalley", "Walsh"]),
        ("1 Department of Physics, University of Oslo, Norway", []),
    ],
)
def test_bylines(byline, families):
    assert [author.family for author in parse_byline(byline)] == families


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("Mario Krenn,Florian Häse,AkshatKumar Nigam", ["Mario Krenn", "Florian Häse", "AkshatKumar Nigam"]),
        ("Tianhao Wu ; Zhenzhen Qin ", ["Tianhao Wu", "Zhenzhen Qin"]),
        ("Wu, Tianhao; Qin, Zhenzhen", ["Tianhao Wu", "Zhenzhen Qin"]),
        ("Smith, John", ["John Smith"]),
        ("Smith, J., de Boer, K. L.", ["J. Smith", "K. L. de Boer"]),
        ("A. Smith, B. Jones and C. Lee", ["A. Smith", "B. Jones", "C. Lee"]),
        ("", []),
    ],
)
def test_author_fields(field, names):
    assert [author.name for author in parse_field(field)] == names


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        ("<b>Bold</b> <script>alert(1)</script>gap", "Bold gap"),
        ("&lt;img src=x onerror=alert(1)&gt;Gap &amp; mode", "Gap & mode"),
        ("\x1b[31mred\x1b[0m \x1b]0;owned\x07title", "red title"),
        ("one\r\ntwo\x00three\u200b\u202efour", "one two threefour"),
        ("[click](https://evil.example) **now** `rm`", "click now rm"),
        ("eﬃcient ﬁlms Kr¨oger", "efficient films Kröger"),
        ("x < y and y > z", "x < y and y > z"),
        ("<\u200bscript>alert(1)</script>gap", "gap"),
        ("&#x3c;b&#x3e;gap", "gap"),
        ("Cs₂AgBiBr₆", "Cs₂AgBiBr₆"),
    ],
)
def test_cleaning(raw, plain):
    assert clean(raw) == plain


def test_long_titles_are_bounded_at_a_word():
    assert len(clean("word " * 5000)) <= 500
    assert clean("word " * 5000).endswith("word…")
    assert len(clean("x" * 10_000)) == 500


@given(st.text(alphabet="<>/!&;ltgb \x1b[]()\u200b", max_size=60))
def test_no_arrangement_of_brackets_leaves_a_tag(text):
    assert not re.search(r"<[A-Za-z/!]|\x1b|\u200b", clean(text))


@given(st.text(max_size=300))
def test_cleaned_text_is_one_printable_line_and_stays_so(text):
    once = clean(text)
    assert all(character.isprintable() for character in once)
    assert once == once.strip()
    assert len(once) <= 500


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("doi:10.1039/C8FD00032H", "10.1039/c8fd00032h"),
        ("https://dx.doi.org/10.1016/j.chempr.2016.09.010", "10.1016/j.chempr.2016.09.010"),
        ("10.1002/(sici)1097-4636(199823)43:4", "10.1002/(sici)1097-4636(199823)43:4"),
        ("10.1234/javascript:alert(1)", ""),
        ("10.1234/a b", ""),
        ("10.1234/<script>", ""),
        ('10.1234/a" onclick=x', ""),
        ("10.1234/../../etc", ""),
        ("10.1145/nnnnnnn.nnnnnnn", ""),
        ("10.12/x", ""),
        ("10.1234/", ""),
        ("10.1234/" + "a" * 400, ""),
    ],
)
def test_dois(text, doi):
    assert normalise_doi(text) == doi


def test_dois_in_running_text_lose_the_punctuation_around_them():
    assert find_dois("(see https://doi.org/10.1000/ab.c), and doi:10.1000/x(1).") == [
        "10.1000/ab.c",
        "10.1000/x(1)",
    ]


def test_hostile_fields_reach_the_record_clean():
    evil = "<img src=x>\x1b[2J" + WHOLE_TITLE + "\n" + "!" * 9000
    paper = infer_paper(
        document(
            paper_page(),
            xmp={"dc:title": evil, "prism:doi": "10.1234/javascript:x", "prism:volume": "<b>7</b>\n"},
        )
    )
    assert "<" not in paper.title
    assert "\x1b" not in json.dumps(paper.to_dict(), ensure_ascii=False)
    assert len(paper.title) <= 500
    assert (paper.doi, paper.volume) == ("", "7")


def test_journals_and_pages():
    assert abbreviates("J. Mater. Chem. A", "Journal of Materials Chemistry A")
    assert not abbreviates("J. Mater. Chem. A", "Journal of Materials Chemistry C")
    assert tidy_journal("SCIENtIfIC REPOrTS |") == "Scientific Reports"
    assert tidy_journal("ACS Nano") == "ACS Nano"
    assert (tidy_pages("553 -- 568"), tidy_pages("1361."), tidy_pages("7-7")) == ("553–568", "1361", "7")


def test_similarity_sees_through_case_accents_and_hyphens():
    assert similarity("High-T SrTiO₃ Kröger", "high T  SrTiO3 kroger") == 1.0
    assert similarity("Phonons in silicon", "Defects in germanium") < 0.7
    assert similarity("", "") == 0.0


def test_records_survive_json():
    paper = Paper("T", (Author("King", "M. L.", "Jr."),), 2020, doi="10.1000/x", sources={"title": "xmp"})
    again = Paper.from_dict(json.loads(json.dumps(paper.to_dict())))
    assert again == paper
    assert again.sources == paper.sources


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"title": 3},
        {"title": "T", "year": "2020"},
        {"title": "T", "authors": ["Kim"]},
        {"title": "T", "sources": 3},
    ],
)
def test_what_is_no_record_is_refused(record):
    with pytest.raises(ValueError, match="not the record of a paper"):
        Paper.from_dict(record)


BIB = r"""
@string{jt = "Journal of Tests"}
@article{other, title = {Something else entirely}, author = {Roe, R.}, year = 1999, doi = {10.1000/other}}
@article{mine, title = {{Anharmonic free energies of halide vacancies in {Pb}-free perovskites}},
  author = {Kr{\"o}ger, Ana B. and van der Waals, J. D. and {The Lattice Consortium}},
  journal = jt, year = 2021,
  volume = 9, number = 2, pages = {11--19},
  doi = {https://doi.org/10.1000/Bib.1}, file = {Full Text:files/12/scan_0042.pdf:PDF}}
"""


def test_an_entry_beside_the_file_wins(tmp_path: Path):
    (tmp_path / "library.bib").write_text(BIB, encoding="utf-8")
    bib = find_bib(tmp_path / "scan_0042.pdf")
    assert bib == tmp_path / "library.bib"
    paper = infer_paper(
        document(
            paper_page(),
            xmp={"prism:doi": "10.1000/xmp", "prism:publicationName": "Wrong", "prism:issue": "8"},
        ),
        bib,
    )
    assert paper.title == "Anharmonic free energies of halide vacancies in Pb-free perovskites"
    assert [a.family for a in paper.authors] == ["Kröger", "van der Waals", "The Lattice Consortium"]
    assert (paper.journal, paper.year, paper.volume, paper.issue, paper.pages) == (
        "Journal of Tests",
        2021,
        "9",
        "2",
        "11–19",
    )
    assert paper.doi == "10.1000/bib.1"
    assert set(paper.sources.values()) == {"bib"}


def test_entries_match_by_doi_and_by_title(tmp_path: Path):
    bib = tmp_path / "refs.bib"
    bib.write_text(BIB.replace("scan_0042", "elsewhere"), encoding="utf-8")
    assert infer_paper(document(xmp={"prism:doi": "10.1000/BIB.1"}), bib).year == 2021
    near = "Anharmonic Free Energies of Halide Vacancies in Pb-Free Perovskites"
    assert infer_paper(document(info={"Title": near}), bib).year == 2021
    assert infer_paper(document(info={"Title": "Quite another paper on silicon"}), bib).year is None
    assert find_bib(tmp_path / "any.pdf") is None
    assert find_bib(tmp_path / "any.pdf", Paper("", doi="10.1000/other")) == bib


def test_a_bib_of_the_same_stem_is_taken_at_its_word(tmp_path: Path):
    (tmp_path / "a.bib").write_text(BIB, encoding="utf-8")
    twin = tmp_path / "scan_0042.bib"
    twin.write_text("@article{x, title={The true title}, author={Lee, A.}, year={2001}}", encoding="utf-8")
    assert find_bib(tmp_path / "scan_0042.pdf") == twin
    assert infer_paper(document(paper_page()), twin).title == "The true title"


def test_a_broken_bib_is_reported_and_its_good_entries_used(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    bib = tmp_path / "scan_0042.bib"
    bib.write_text(
        "@article{bad, title {x}}\n@article{ok, title={Kept}, year=2002}\n@article{cut, title={never clo",
        encoding="utf-8",
    )
    with caplog.at_level(logging.WARNING):
        paper = infer_paper(document(), bib)
    assert paper.year == 2002
    assert "scan_0042.bib" in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00\x01", b"no entries here", b"@article{" * 2000, b"@article{a, title={" + b"{" * 3000],
)
def test_no_bib_is_fatal(tmp_path: Path, content: bytes):
    bib = tmp_path / "x.bib"
    bib.write_bytes(content)
    assert infer_paper(document(paper_page()), bib).title == WHOLE_TITLE
    assert infer_paper(document(paper_page()), tmp_path / "missing.bib").title == WHOLE_TITLE


def test_a_huge_bib_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture):
    monkeypatch.setattr("rag.metadata.bib.MAX_BIB_BYTES", 100)
    bib = tmp_path / "scan_0042.bib"
    bib.write_text(BIB, encoding="utf-8")
    assert infer_paper(document(paper_page()), bib).title == WHOLE_TITLE
    assert "ignored" in caplog.text


def test_a_large_library_is_searched_in_little_time(tmp_path: Path):
    filler = "@article{{k{0}, title={{Study {0} of lattices}}, author={{Roe, A.}}, year=1999, note={{{1}}}}}\n"
    bib = tmp_path / "library.bib"
    bib.write_text("".join(filler.format(i, "text " * 100) for i in range(5000)) + BIB, encoding="utf-8")
    begin = time.process_time()
    by_doi = infer_paper(document(xmp={"prism:doi": "10.1000/bib.1"}), bib)
    by_title = infer_paper(document(paper_page(), file="other.pdf"), bib)
    assert (by_doi.journal, by_title.journal) == ("Journal of Tests", "Journal of Tests")
    assert time.process_time() - begin < 3.0
