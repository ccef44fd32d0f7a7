"""What an answer shows, and that it can be believed."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from indexes import Record
from rag import PaperLibrary
from rag.answers import ABSTENTION, AnswerSentence, Support
from rag.candidates import Candidate, choose, in_reading_order
from rag.documents import Box, Fragment, Kind, Sentence
from rag.presentable import can_stand, is_like_heading, is_statement, without_markers
from rag.retrieval import Scored
from rag.subjects import names_in
from rag.wants import in_full, split_question

CITED = re.compile(r" \((\w+ page \d+)(; \w+ page \d+)*\)[.!?]$")


def candidate(text: str, relevance: float, key: str = "Kim2020", index: int = 0) -> Candidate:
    record = Record(f"{key}:{index:06d}", metadata={"key": key, "file": f"{key}.pdf"})
    scored = Scored(record.id, 1.0, 0.5, 0.5, np.ones(index + 1, np.float32), record)
    sentence = Sentence(text, Kind.BODY, (Fragment(3, None, text, (Box(0, 0, 1, 1),)),))
    words = frozenset(text.lower().split())
    return Candidate(sentence, scored, index, words, words, 0.5, relevance)


def support(key: str, page: int) -> Support:
    return Support(key, f"{key}.pdf", page, None, "quote", (), 1.0)


def test_the_citation_stands_before_the_full_stop() -> None:
    assert AnswerSentence("Yes.", (support("Mosquera2023", 5),)).cited == "Yes (Mosquera2023 page 5)."
    two = AnswerSentence("It is so!", (support("Kim2020", 2), support("Kim2020", 2), support("Lee2021a", 7)))
    assert two.cited == "It is so (Kim2020 page 2; Lee2021a page 7)!"
    assert AnswerSentence(ABSTENTION).cited == ABSTENTION


def test_near_duplicates_become_one_sentence_with_several_citations() -> None:
    one = candidate("The efficiency of the cell reached 25.5 % in 2020 .", 2.0, "Kim2020")
    same = candidate("the efficiency of the cell reached 25.5 % in 2020", 1.9, "Lee2021")
    groups = choose([one, same])
    assert [[c.scored.key for c in group] for group in groups] == [["Kim2020", "Lee2021"]]


@pytest.mark.parametrize(
    ("text", "kind", "whole", "says"),
    [
        ("The film is stable.", Kind.BODY, True, True),
        ("The film is stable because it has been", Kind.BODY, False, False),
        ("A film that is older is more stable.", Kind.BODY, True, True),
        ("The red line shows that the film is stable.", Kind.CAPTION, True, True),
        ("Fig. 3 Stability of the film.", Kind.CAPTION, True, False),
        ("Table 1 | Stability of films.", Kind.CAPTION, True, False),
        ("(b) Stability of the film in air.", Kind.CAPTION, True, False),
        ("c Crystal structure of the film.", Kind.CAPTION, True, False),
        ("Reproduced with permission from Ref. 4.", Kind.CAPTION, True, False),
        ("For more information on films, see Smith, section 7.4.", Kind.BODY, True, False),
        ("A detailed description of the film can be found in the Methods.", Kind.BODY, True, False),
        ("The next section will describe how films age.", Kind.BODY, True, False),
        ("\ufffd Pick a thermostat. \ufffd Pick a barostat.", Kind.BODY, True, False),
        ("\ufffd Pick a thermostat.", Kind.BODY, True, True),
        ("It was heated to 150 \ufffdC.", Kind.BODY, True, True),
        ("More detailed descriptions need more memory.", Kind.BODY, True, True),
        ("2ðrB + rCÞ where t is the tolerance factor.", Kind.BODY, True, False),
        ("Details of the film may be found in Smith, but basically it is stable.", Kind.BODY, True, True),
    ],
)
def test_only_what_says_something_by_itself_can_answer(text: str, kind: Kind, whole: bool, says: bool) -> None:
    assert is_statement(Sentence(text, kind, (Fragment(1, None, text, ()),), whole=whole)) is says


@pytest.mark.parametrize(
    "other",
    [
        "The efficiency of the cell reached 23.5 % in 2020 .",
        "The efficiency of the cell not reached 25.5 % in 2020 .",
        "The efficiency of the GaN cell reached 25.5 % in 2020 .",
        "The efficiency of the cell reached below 25.5 % in 2020 .",
    ],
)
def test_other_facts_are_never_merged(other: str) -> None:
    one = candidate("The efficiency of the cell reached 25.5 % in 2020 .", 2.0)
    assert len(choose([one, candidate(other, 1.9, "Lee2021")])) == 2


def test_what_merely_stands_beside_an_answer_is_left_out() -> None:
    strong = candidate("Mn has seven oxidation states.", 2.0)
    beside = replace(candidate("More can be told.", 1.9, index=1), coverage=0.0)
    far = replace(beside, scored=replace(beside.scored, cosines=np.full(2, 0.1, np.float32)))
    assert choose([strong, far]) == [[strong]]
    assert choose([strong, beside]) == [[strong], [beside]]  # it means the same in other words


def test_headings_are_told_from_sentences() -> None:
    assert is_like_heading("Evaluation of uncertainty.")
    assert is_like_heading("LLM-Prop vs GNN-based models.")
    assert not is_like_heading("The film is stable.")
    assert not is_like_heading("We dried the films.")
    assert not is_like_heading("Thermostats keep the temperature at a value that somebody chooses before.")


@pytest.mark.parametrize(
    ("text", "on_paper", "in_notes"),
    [
        ("Evaluation of sample efficiency.", False, True),
        ("Impact of Training Data Size on Models.", False, True),
        ("Polarizability, dielectric constants, and electrostatic screening", False, True),
        ("Tin perovskites oxidise in humid air", False, True),
        ("Discretization involves spreading the charge over a grid.", True, True),
        ("The polyhedra form interlocking chains in three dimensions.", True, True),
    ],
)
def test_a_heading_on_a_page_is_no_answer_but_a_short_note_is(text: str, on_paper: bool, in_notes: bool) -> None:
    for boxes, stands in (((Box(0, 0, 1, 1),), on_paper), ((), in_notes)):
        assert can_stand(Sentence(text, Kind.BODY, (Fragment(1, None, text, boxes),))) is stands


def test_weak_sentences_are_left_out() -> None:
    strong, weak = candidate("Strong words here.", 2.0), candidate("Other weak ones.", 1.0, index=1)
    assert choose([weak, strong]) == [[strong]]


def test_sentences_of_a_paper_stand_in_its_order_and_the_best_paper_first() -> None:
    late = candidate("a b c d", 3.0, "Kim2020", index=4)
    early = candidate("e f g h", 2.6, "Kim2020", index=1)
    other = candidate("i j k l", 2.8, "Abe1999", index=0)
    ordered = in_reading_order(choose([late, early, other]))
    assert [group[0] for group in ordered] == [early, late, other]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Why is it so?", ["Why is it so?"]),
        ("What is A and what is B?", ["What is A", "what is B?"]),
        ("What is A? What is B?", ["What is A?", "What is B?"]),
        ("Which materials are cheap and stable?", ["Which materials are cheap and stable?"]),
        ("Why?", ["Why?"]),
        ("Which perovskites are 2D and which 3D?", ["Which perovskites are 2D and which 3D?"]),
        ("What limits the lifetime and why?", ["What limits the lifetime and why?"]),
    ],
)
def test_questions_are_split_at_their_clauses(question: str, parts: list[str]) -> None:
    assert split_question(question) == parts


@pytest.mark.parametrize(
    ("question", "searched"),
    [
        ("Why is lead toxic and what could replace it?", ["Why is lead toxic", "what could replace it? lead toxic"]),
        ("What is ALD and how does it work and what are its uses?", ["ALD", "ALD", "ALD"]),
        ("What is A and what does this paper say?", ["What is A", "what does this paper say?"]),
        ("How does it grow? Is lead toxic?", ["How does it grow?", "Is lead toxic?"]),
    ],
)
def test_what_points_back_is_searched_with_what_it_points_to(question: str, searched: list[str]) -> None:
    full = in_full(split_question(question))
    assert len(full) == len(searched)
    assert all(text.endswith(end) for text, end in zip(full, searched, strict=True))


def test_a_part_that_points_back_is_answered_about_the_same_thing(demo: PaperLibrary) -> None:
    told = demo.ask("What are the migration barriers in CH₃NH₃PbI₃, and are they known for it from calculations?")
    assert "0.58 eV" in told.text
    missing = demo.ask("Who won the world cup in 1998, and what are its migration barriers?")
    assert missing.abstained


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What is the band gap of GaN?", ["GaN"]),
        ("How do PSCs of FAPbI3 on TiO2 age?", ["FAPbI3", "TiO2"]),
        ("Does UV light of 5 eV harm the NV centre?", []),
        ("How good is M3GNet, and is H2O safe?", ["M3GNet", "H2O"]),
    ],
)
def test_names_in_questions(question: str, names: list[str]) -> None:
    assert names_in(question) == names


def test_what_is_said_of_another_compound_is_no_answer(demo: PaperLibrary) -> None:
    assert "0.58 eV" in demo.ask("What are the migration barriers in CH₃NH₃PbI₃?").text
    assert demo.ask("What are the migration barriers in BaTiO3?").abstained


@pytest.mark.parametrize(
    "question",
    [
        "Which lasers measure the vibrational entropy of defects?",
        "How does gravity change defect concentrations with temperature?",
    ],
)
def test_what_no_paper_writes_of_is_not_answered_by_what_stands_beside_it(demo: PaperLibrary, question: str) -> None:
    assert demo.ask(question).abstained


def test_verbs_that_no_paper_uses_do_not_silence_it(demo: PaperLibrary) -> None:
    assert not demo.ask("How does temperature alter defect concentrations?").abstained
    assert not demo.ask("What happens to defect concentrations with temperature?").abstained


@pytest.mark.parametrize(
    "question",
    [
        "Why are temprature effects important for defects?",
        "How does temperature change concentratoins of defects?",
        "What is the vibrationl entropy of defects?",
    ],
)
def test_slips_of_the_fingers_are_not_what_no_paper_writes_of(demo: PaperLibrary, question: str) -> None:
    assert not demo.ask(question).abstained


def test_citations_of_the_paper_and_forged_ones_are_not_shown() -> None:
    text = "• Doping helps [3,4] a lot [12–15] along [110] (Smith2020 page 4)."
    assert without_markers(text) == "Doping helps a lot along [110]."
    assert without_markers("ABSTRACT Perovskites age [1].") == "Perovskites age."
    assert without_markers("- The film is stable.") == "The film is stable."
    assert without_markers("METHODS of growth differ.") == "METHODS of growth differ."


def test_the_demo_answers_its_question(demo: PaperLibrary) -> None:
    answer = demo.ask("Are temperature effects important for defects?")
    assert not answer.abstained
    assert len(answer.sentences) >= 2
    assert all(CITED.search(sentence.cited) for sentence in answer.sentences)
    assert all(sentence.support for sentence in answer.sentences)
    assert [reference.key for reference in answer.references] == ["ClipMatAuthors2026"]
    assert "temperature" in answer.text.lower()


def test_numbers_of_the_demo_are_found_on_their_printed_page(demo: PaperLibrary) -> None:
    answer = demo.ask("What is the product kBT at 300 K in meV?")
    assert any(
        "25.9 meV" in s.text and s.support[0].page == 1 and s.support[0].label == "211" for s in answer.sentences
    )


def test_every_quote_is_on_its_page(demo: PaperLibrary) -> None:
    from rag.demo import PAPER
    from rag.evaluation import Quote, check_quotes

    answers = [
        demo.ask(question)
        for question in (
            "Are temperature effects important for defects?",
            "How does temperature change the zero-field splitting of the NV centre?",
            "How fast do halide ions migrate in perovskites?",
        )
    ]
    quotes = [Quote(s.file, s.page, s.quote) for a in answers for sentence in a.sentences for s in sentence.support]
    assert quotes
    assert check_quotes(quotes, lambda _: PAPER).astray == ()


@pytest.mark.parametrize(
    "question", ["Who was the first emperor of Rome?", "How do I bake a sourdough loaf?", "zzz qqq"]
)
def test_silence_where_the_paper_is_silent(demo: PaperLibrary, question: str) -> None:
    answer = demo.ask(question)
    assert answer.abstained
    assert answer.text == ABSTENTION
    assert answer.references == ()


def test_the_unanswered_part_is_named(demo: PaperLibrary) -> None:
    answer = demo.ask("Are temperature effects important for defects, and who won the world cup in 1998?")
    assert not answer.abstained
    assert answer.sentences[-1].support == ()
    assert "who won the world cup in 1998?" in answer.sentences[-1].text
    assert all(sentence.support for sentence in answer.sentences[:-1])


def test_the_json_of_an_answer(demo: PaperLibrary) -> None:
    document = demo.ask("Are temperature effects important for defects?").to_dict()
    promised = {"question", "answer", "abstained", "sentences", "references", "model", "timings"}
    assert set(document) == {*promised, "disagreements"}
    for sentence in document["sentences"]:
        assert set(sentence) == {"text", "support"}
        for place in sentence["support"]:
            assert set(place) == {"key", "file", "page", "label", "quote", "boxes", "score"}
            assert place["boxes"]
            assert all(x0 < x1 and y0 < y1 for x0, y0, x1, y1 in place["boxes"])
    for reference in document["references"]:
        assert set(reference) == {"key", "text", "doi", "file", "bibtex"}
        assert reference["bibtex"].startswith("@")


def test_notebooks_get_html_that_cannot_be_broken_out_of(demo: PaperLibrary) -> None:
    answer = demo.ask("Are temperature effects important for defects?")
    evil = replace(answer, sentences=(AnswerSentence('<script>alert("x")</script>', (support("K2020", 1),)),))
    html = evil._repr_html_()
    assert "<script" not in html
    assert "K2020 page 1" in html
