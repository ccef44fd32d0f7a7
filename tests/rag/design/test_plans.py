"""A plan can be read, changed, saved and gone on with; what was changed is the user's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from clip_mat.errors import RequestError
from rag import PaperLibrary, design
from rag.answers import Answer, AnswerSentence, Disagreement, Statement
from rag.design import Plan, Wish
from rag.errors import QuestionError

QUESTION = "How large is the formation entropy of oxygen vacancies in ceria?"


@pytest.fixture(scope="module")
def planned(demo: PaperLibrary) -> Plan:
    return design.plan(demo, QUESTION)


def test_the_bundled_review_leads_to_a_compound(planned: Plan) -> None:
    assert planned.wish.composition == "CeO2"
    (evidence,) = [one for one in planned.evidence if one.demand == "composition"][:1]
    assert evidence.words == "ceria"
    assert evidence.place is not None
    assert evidence.place.page == 2
    assert "ceria" in evidence.place.quote


def test_what_is_changed_is_the_users(planned: Plan) -> None:
    changed = planned.changed(composition="ZrO2", spacegroup="P4_2/nmc", exclude="lead, Hf", n=2)
    assert changed.wish.composition == "ZrO2"
    assert changed.wish.spacegroup == 137
    assert changed.wish.exclude == ("Pb", "Hf")
    assert {(one.demand, one.value, one.source) for one in changed.evidence} == {
        ("composition", "ZrO2", "user"),
        ("exclude", "Pb", "user"),
        ("exclude", "Hf", "user"),
        ("spacegroup", "137", "user"),
    }
    kept = planned.changed(n=2, crystal_system="cubic")
    assert [one for one in kept.evidence if one.demand == "composition"] == [
        one for one in planned.evidence if one.demand == "composition"
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"composition": "Xy2"},
        {"spacegroup": 231},
        {"crystal_system": "square"},
        {"exclude": "unobtainium"},
        {"prototypes": "no such type"},
        {"filter": "nelements >"},
        {"gap": "huge"},
        {"colour": "blue"},
        {"composition": "CeO2", "exclude": "Ce"},
        {"spacegroup": 225, "crystal_system": "hexagonal"},
    ],
)
def test_what_cannot_be_is_refused(planned: Plan, given: dict[str, object]) -> None:
    with pytest.raises(RequestError) as error:
        planned.changed(**given)
    assert "\n" not in str(error.value)


def test_a_saved_plan_is_the_same(planned: Plan, demo: PaperLibrary, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    planned.save(file)
    read = Plan.load(file, demo)
    assert read.wish == planned.wish
    assert [one.to_dict() for one in read.evidence] == [one.to_dict() for one in planned.evidence]
    assert read.answer is not None
    assert planned.answer is not None
    assert read.answer.text == planned.answer.text


def test_an_answer_is_read_back_with_all_that_it_says(planned: Plan) -> None:
    assert planned.answer is not None
    sentence = planned.answer.sentences[0]
    full = replace(
        planned.answer,
        references=tuple(replace(reference, source=None) for reference in planned.answer.references),
        timings={},
        disagreements=(Disagreement("number", sentence, sentence),),
        comparison=(Statement("Key2020", AnswerSentence("Said.", sentence.support), ("A page 1",), ("B page 2",)),),
    )
    read = Answer.from_dict(json.loads(json.dumps(full.to_dict())))
    assert read.to_dict() == full.to_dict()
    assert read.disagreements[0].text == full.disagreements[0].text


def test_a_forged_quote_of_a_plan_is_left_out(planned: Plan, demo: PaperLibrary, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    document = planned.to_dict()
    assert document["evidence"]
    for one in document["evidence"]:
        one["page"] = 1
    file.write_text(json.dumps(document), encoding="utf-8")
    read = Plan.load(file, demo)
    assert not read.evidence
    assert any("do not stand in the papers" in note for note in read.notes)


def test_an_edited_plan_keeps_only_what_it_still_demands(planned: Plan, demo: PaperLibrary, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    document = planned.to_dict()
    document["request"]["composition"] = "ThO2"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert not [one for one in Plan.load(file, demo).evidence if one.demand == "composition"]


_NACL = '{"request": {"composition": "NaCl"}, '


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "plan.json, line 1, column 1: the file is empty"),
        ('{"request": {"n": 4},\n  "question" "x"}', "plan.json, line 2, column 14: no JSON: expecting ':' delimiter"),
        ("\x00", "line 1, column 1: no JSON"),
        ("1" * 5000, "no plan, but other JSON"),
        ("[" * 100_000, "plan"),
        ("[]", 'no part "request"'),
        ('{"question": "x"}', 'no part "request"'),
        ('{"request": ["NaCl"]}', 'no part "request"'),
        ('{"request": {"colour": 1}}', "request: a request has no part 'colour'; it has composition"),
        ('{"request": {"composition": "NaCl", "n": "four"}}', "request: n must be a whole number, not 'four'"),
        ('{"request": {"composition": "NaCl", "gap": ["metal"]}}', "request: gap ['metal']: know metal"),
        (_NACL + '"answer": {"question": "x"}}', "a part of its \"answer\" lacks 'abstained'"),
        (_NACL + '"answer": ["x"]}', 'its "answer" is not as a plan has it'),
        (_NACL + '"evidence": {}}', 'its "evidence" is no list'),
        (_NACL + '"evidence": [{"demand": "gap"}]}', "evidence 1 lacks 'source'"),
        (_NACL + '"evidence": ["because"]}', "evidence 1 is not as a plan has it: because"),
        (
            _NACL + '"evidence": [{"demand": "colour", "source": "user", "value": "red"}]}',
            "evidence 1 is not as a plan has it",
        ),
        (
            _NACL + '"evidence": [{"demand": "composition", "source": "user", "value": "Xx"}]}',
            "evidence: composition 'Xx'",
        ),
    ],
)
def test_a_file_that_is_no_plan_is_told(tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(RequestError) as failed:
        Plan.load(file)
    assert told in str(failed.value)
    assert str(file) in str(failed.value)
    assert "Error" not in str(failed.value)


def test_a_plan_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    with pytest.raises(RequestError, match=r"plan\.json: cannot be read: No such file"):
        Plan.load(file)
    file.write_bytes(b"\xff\xfe{}")
    with pytest.raises(RequestError, match=r"plan\.json: no text in UTF-8 \(byte 0\)"):
        Plan.load(file)
    wrong = tmp_path / "plan.toml"
    wrong.write_text('spacegroup = "Q3"\n', encoding="utf-8")
    with pytest.raises(RequestError, match=r"plan\.toml: space group 'Q3'"):
        Plan.load(wrong)


def test_toml_is_read_as_it_was_written(planned: Plan, tmp_path: Path) -> None:
    wish = planned.changed(spacegroup=225, exclude=("Pb",)).wish
    assert Wish.read_toml(wish.to_toml()) == wish
    file = tmp_path / "request.toml"
    file.write_text('composition = "NaCl"\nn = 2\n', encoding="utf-8")
    assert Plan.load(file).wish == Wish(composition="NaCl", n=2)
    with pytest.raises(RequestError, match="TOML"):
        Wish.read_toml("composition = NaCl")


def test_there_are_so_many_alternatives(planned: Plan) -> None:
    assert planned.alternative(0) is planned
    with pytest.raises(QuestionError, match="alternative 1 was asked for: there is none, leave it out"):
        planned.alternative(len(planned.alternatives) + 1)


def test_the_display_escapes_what_papers_say(planned: Plan) -> None:
    shown = replace(planned, question="<script>alert(1)</script>", notes=("<b>",))._repr_html_()
    assert "<script>" not in shown
    assert "&lt;b&gt;" in shown
    assert "page 2" in shown
