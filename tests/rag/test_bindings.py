"""A number stays with its thing, a substance in its place, an item in its list."""

from __future__ import annotations

import pytest

from rag.bindings import answers_more, hold_together, took_a_place

CELLS = (
    "With the new ligand the inverted cells gained 110 mV of open-circuit voltage, and their certified efficiency "
    "reached 22.3%, whereas the efficiency of planar cells stays at 19%."
)
SIZES = "The network wins with a training set of 550 compounds, the forest with training sets exceeding 3500 compounds."
LAYERS = "Transport layers protect the film from moisture, oxygen and metal ions in the electrodes."
IONS = "Ion migration is slowed by fewer grain boundaries."


@pytest.mark.parametrize(
    "text",
    [
        "The inverted cells have a certified efficiency of 22.3% with the new ligand.",
        "A certified efficiency of 22.3% was reached by inverted cells.",
        "With the new ligand, inverted cells gain 110 mV of open-circuit voltage.",
        "The efficiency of planar cells stays at 19%.",
        "The inverted cells gained 110 mV, and their efficiency reached 22.3%.",
    ],
)
def test_a_number_with_its_thing_stands(text: str) -> None:
    assert hold_together(text, [CELLS])


@pytest.mark.parametrize(
    "text",
    [
        "With the new ligand the inverted cells gained an open-circuit voltage of 22.3%.",
        "The efficiency of inverted cells is 19%.",
        "The open-circuit voltage of planar cells stays at 110 mV.",
        "The certified efficiency reached 19%, with the new ligand.",
        "The efficiency of 22.3% exceeds the efficiency of 22.3% of planar cells.",
    ],
)
def test_a_number_of_another_thing_does_not(text: str) -> None:
    assert not hold_together(text, [CELLS])


@pytest.mark.parametrize(
    ("text", "quote", "turned"),
    [
        ("The network wins with a training set of 3500 compounds.", SIZES, True),
        ("The network wins with a training set of 550 compounds.", SIZES, False),
        ("The metal nitride matrix (ZrO2) is stable.", "The metal oxide matrix (ZrO2) is stable in air.", True),
        ("The gap of CsSnI3 is small.", "The gap of CsPbI3 is small beside that of CsSnBr3 and near CsSnI3.", True),
        ("The Bi 5s orbital contracts.", "The Bi 6s orbital contracts, and the Sb 5s does not.", True),
        ("Gaps that Kim measured are small.", "Gaps that Lee measured are small, as Kim says.", True),
        ("The oxide is stable.", "The metal oxide matrix is stable in air.", False),
        ("In the case of tin, we find a gap of 1 eV.", "We find a gap of 1 eV in the case of tin.", False),
    ],
)
def test_nothing_takes_the_place_of_another_in_a_copied_phrase(text: str, quote: str, turned: bool) -> None:
    assert took_a_place(text, quote) is turned


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Transport layers protect the film from moisture, oxygen, and metal ions.", True),
        ("Transport layers protect the film from moisture, oxygen, and ion migration.", False),
        ("Transport layers protect the film from moisture, boundaries, and oxygen.", False),
    ],
)
def test_a_list_does_not_grow_by_an_item_of_another_sentence(text: str, held: bool) -> None:
    assert hold_together(text, [IONS, LAYERS]) is held


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Perovskite solar cells (PSCs) reach 25%.", True),
        ("The efficiency that perovskite solar cells reach is 25%.", True),
        ("Perovskite solar cells reach 25%, which surprises investors and insurers.", False),
    ],
)
def test_words_may_be_the_question_s_or_an_acronym_s_and_hardly_new(text: str, held: bool) -> None:
    assert hold_together(text, ["The PSCs of today reach 25%."], "Which efficiency do cells reach?") is held


def test_figures_and_equations_are_those_of_the_quote() -> None:
    assert hold_together("The gap is given by eqn (3).", ["The gap is given by eqn (3), with 18 terms."])
    assert not hold_together("The gap is given by eqn (18).", ["The gap is given by eqn (3), with 18 terms."])


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("ICBA has a shallower level than PCBM.", True),
        ("The transport layer has a shallower level than PCBM.", False),
        ("The transport layer has a shallower level compared to PCBM.", False),
        ("The level of ICBA is shallower than that of PCBM.", True),
    ],
)
def test_what_is_compared_is_named_by_the_sentence_that_compares(text: str, held: bool) -> None:
    quotes = [
        "Jiang used ICBA with a high level as the transport layer.",
        "They found a shallower level in ICBA than in PCBM.",
    ]
    assert hold_together(text, quotes) is held


FOREST = "Forest models predict spurious minima near pure oxygen."
NETWORK = "The network makes few errors in the Na-Mn-O system, whose compounds are known."


@pytest.mark.parametrize(
    ("text", "quotes", "held"),
    [
        ("Forest models predict spurious minima near Na-Mn-O.", [FOREST, NETWORK], False),
        ("The network makes few errors in Na-Mn-O.", [FOREST, NETWORK], True),
        (
            "As we restrict it, the percentile decreases.",
            ["As we restrict the percentile, the error decreases."],
            False,
        ),
        ("As we restrict the percentile, errors fall.", ["As we restrict the percentile, the error decreases."], True),
        ("The gap rises with strain.", ["The gap increases with strain, and the mass falls."], True),
        ("The mass increases with strain.", ["The gap increases with strain, and the mass of holes does not."], False),
    ],
)
def test_a_name_and_a_rise_stay_with_what_they_are_said_of(text: str, quotes: list[str], held: bool) -> None:
    assert hold_together(text, quotes) is held


@pytest.mark.parametrize(
    ("text", "asked", "held"),
    [
        ("The figure realizes ideas.", "What is known about the figure that realizes ideas?", False),
        ("The figure realizes ideas of design.", "What is known about the figure that realizes ideas?", True),
        ("The film is stable.", "Is the film stable?", True),
        ("The gap is 1.5 eV.", "What is the gap?", True),
    ],
)
def test_a_question_said_again_is_no_answer(text: str, asked: str, held: bool) -> None:
    assert answers_more(text, asked) is held
