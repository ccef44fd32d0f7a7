"""What a formula says in words, how near to it a sentence says what is asked, and what its numbers decide."""

from __future__ import annotations

import pytest

from indexes.fulltext import Tokenizer
from rag.design import cues
from rag.design.asked import read_question
from rag.design.compounds import find_compounds
from rag.design.gloss import gloss, words_at
from rag.design.nearness import has_asked_number, nearness, told_by_numbers
from rag.design.stance import COMPARED, TOLD, removed_elements, stance
from rag.retrieval import Query


@pytest.mark.parametrize(
    ("formula", "said", "unsaid"),
    [
        ("AgBr", {"silver", "bromide", "halide", "binary"}, {"oxide", "chloride", "ternary"}),
        ("CaAl2O4", {"calcium", "aluminate", "oxide", "ternary"}, {"sulfide", "titanate"}),
        ("Sn5S4Cl2", {"tin", "sulfide", "chloride", "chalcohalide"}, {"oxide", "bromide"}),
        ("Cs2AgBiBr6", {"lead-free", "caesium", "cesium", "double perovskite"}, {"lead"}),
    ],
)
def test_a_formula_says_its_elements_classes_and_what_of_the_question_is_true(
    formula: str, said: set[str], unsaid: set[str]
) -> None:
    (compound,) = find_compounds(f"We made {formula} here.")
    words = gloss(compound, read_question("Which lead-free double perovskite is best?"))
    assert all(word in words for word in said), words
    assert not unsaid & set(words.split()), words


def _near(text: str, question: str) -> dict[str, float]:
    """Nearness of each compound, all words weighing the same."""
    tokenizer, compounds = Tokenizer(), find_compounds(text)

    def words_of(texts: object) -> list[set[str]]:
        return [set(tokenizer.query_terms(one)) for one in texts]  # type: ignore[attr-defined]

    query = Query(question, None, dict.fromkeys(tokenizer.query_terms(question), 1.0))  # type: ignore[arg-type]
    from rag.design.compounds import lists_of

    places = words_at(text, compounds, read_question(question), query, words_of)
    return {
        one.name: nearness(text, places, query, one, together, compounds)
        for together in lists_of(text, compounds)
        for one in together
    }


@pytest.mark.parametrize(
    ("text", "question", "best"),
    [
        ("The band is 100% O p for MgO, and 87% Cu d for Cu2O.", "In which oxide is it copper?", "Cu2O"),
        ("Contributions in LiWO2 (18% O p) and Li2WO3 (25% O p) are shown.", "Which one has 25% O p?", "Li2WO3"),
        ("Contributions in LiWO2 (18% O p) and Li2WO3 (25% O p) are shown.", "Which one has 18% O p?", "LiWO2"),
        ("GaN is stable, whereas InN decomposes on heating.", "Which one decomposes?", "InN"),
        ("Films had AgBr as a product, and Cs2O was not found.", "Which silver halide is a product?", "AgBr"),
    ],
)
def test_what_is_asked_is_said_nearest_to_its_compound(text: str, question: str, best: str) -> None:
    near = _near(text, question)
    assert max(near, key=lambda name: near[name]) == best, near


@pytest.mark.parametrize(
    ("text", "question", "chosen"),
    [
        ("The gaps of GaN (3.4 eV) and InN (0.7 eV) differ.", "Which has the smaller gap?", "InN"),
        ("The gaps of GaN (3.4 eV) and InN (0.7 eV) differ.", "Which has the larger gap?", "GaN"),
        ("The gaps of GaN and InN are 3.4 and 0.7 eV, respectively.", "Which has the larger gap?", "GaN"),
        ("The gaps of GaN and InN are 3.4 and 0.7 eV, respectively.", "Which has the lowest gap?", "InN"),
        ("The gaps of GaN (3.4 eV) and InN (700 meV) differ.", "Which has the smaller gap?", None),
        ("The gaps of GaN (3.4 eV) and InN (0.7 eV) differ.", "Which gaps differ?", None),
    ],
)
def test_numbers_decide_between_compounds(text: str, question: str, chosen: str | None) -> None:
    found = told_by_numbers(text, find_compounds(text), question)
    assert (found.name if found else None) == chosen


@pytest.mark.parametrize(
    ("question", "has"),
    [("Which has an affinity of 3.86 eV?", True), ("Which has one of 3.8 eV?", False), ("Which has 86?", False)],
)
def test_a_number_in_brackets_is_said_of_its_compound(question: str, has: bool) -> None:
    text = "It is similar to that of Cs2AgBiBr6 (3.86 eV)."
    assert has_asked_number(text, find_compounds(text)[0], question) == has


def test_a_comparison_told_the_other_way_round_is_turned() -> None:
    text = "The gap of GaN is larger than that of InN."
    places = {one.name: (one.start, one.end) for one in find_compounds(text)}
    assert stance(text, *places["GaN"], "Which has the larger gap?") > stance(
        text, *places["InN"], "Which has the larger gap?"
    )
    assert stance(text, *places["GaN"], "Which has the smaller gap?") == COMPARED
    assert stance(text, *places["InN"], "Which has the smaller gap?") == TOLD


def test_what_is_less_toxic_is_not_forbidden() -> None:
    assert removed_elements("Alloying with the substantially less toxic Sb helps.") == {}
    assert removed_elements("Non-toxic Sn is used.") == {}
    assert set(removed_elements("The toxic Tl must go.")) == {"Tl"}


def test_phrases_are_whole_words() -> None:
    import re

    pattern = re.compile(cues.phrases("replac* with/by", "free of", "so (very) good", "best ... known"))
    for said in ("replaced by", "replacing with", "free of", "so good", "so very good", "best of all known"):
        assert pattern.fullmatch(said), said
    for other in ("replaced", "carefree of", "free often", "so much good", "best of all that is long known"):
        assert not pattern.fullmatch(other), other


@pytest.mark.parametrize(
    ("question", "subject", "set_aside"),
    [
        ("Which structure does NaSbO3 form?", ["NaSbO3"], []),
        ("Which of GaN and InN has the larger gap?", ["GaN", "InN"], []),
        ("Which has the larger gap, GaN or InN?", ["GaN", "InN"], []),
        ("Into which lead salt does CsPbI3 decompose?", [], ["CsPbI3"]),
        ("Which tin oxide phase lowers the transport of SnO2 films?", [], ["SnO2"]),
        ("Which dopant improves BaTiO3?", ["BaTiO3"], []),
        ("Which structure type does the oxide CaTiO3 have?", ["CaTiO3"], []),
    ],
)
def test_a_compound_that_a_question_names_is_its_subject_or_set_aside(
    question: str, subject: list[str], set_aside: list[str]
) -> None:
    asked = read_question(question)
    assert [one.name for one in asked.subject] == subject
    assert [one.name for one in asked.set_aside] == set_aside


def test_a_name_to_the_last_element_leaves_no_other() -> None:
    assert read_question("Which lithium tungsten oxide conducts?").only == {"Li", "W", "O"}
    assert read_question("Which tin-based oxide conducts?").only == frozenset()
    salt = read_question("Which bismuth salt was mixed?").only
    assert {"Bi", "Br", "N", "O"} <= salt
    assert not {"Cs", "Ag"} & salt
    assert read_question("Which lead halide perovskite absorbs?").only == frozenset()


def test_a_name_in_words_is_a_class_where_it_is_asked_which() -> None:
    asked = read_question("Which yttrium fluoride is unstable?")
    assert not asked.subject
    assert set(asked.elements) == {"Y", "F"}
    assert [one.formula for one in read_question("Which structure does zinc oxide form?").subject] == ["ZnO"]
    asked = read_question("Which of zinc oxide and tin dioxide conducts better?")
    assert [one.formula for one in asked.subject] == ["ZnO", "SnO2"]


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("Additives such as lead chloride help.", "PbCl2"),
        ("Sodium oxide is hygroscopic.", "Na2O"),
        ("A layer of bismuth iodide was grown.", "BiI3"),
        ("We note that silicon, which is abundant, absorbs.", "Si"),
    ],
)
def test_names_in_words_are_compounds(text: str, formula: str) -> None:
    assert [one.formula for one in find_compounds(text)] == [formula]


@pytest.mark.parametrize(
    "text", ["A lead iodide perovskite was made.", "Silicon cells are cheap.", "Silicon-based PV."]
)
def test_names_before_a_noun_are_none(text: str) -> None:
    assert find_compounds(text) == []


def test_who_knows_of_an_objection_may_ask_for_the_compound() -> None:
    text = "We also predict Zn2Cu3O3 to be stable, which is unlikely."
    (one,) = find_compounds(text)
    assert stance(text, one.start, one.end, "Which oxide do they predict?") == 0
    assert stance(text, one.start, one.end, "Which oxide do they predict, although it is unlikely?") > 0


def test_how_many_elements_is_asked_of_the_compound_alone() -> None:
    assert read_question("Which ternary bromide is stable?").conditions == ("nelements = 3",)
    assert read_question("Which bromide is stable since its binaries are known?").conditions == ()


def test_elements_are_asked_for_in_their_host() -> None:
    asked = read_question("Which cations can replace lead in halide double perovskites?")
    assert asked.wants_elements
    assert asked.prototypes == ("double perovskite",)
    assert asked.exclude == ("Pb",)
