"""What kind of answer a question wants, and which sentences could give it."""

from __future__ import annotations

import pytest

from rag.wants import initials, quantity_asked, states_number, states_reason, wants_number, wants_reason


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How many layers does the network have?", {"number"}),
        ("What is the highest certified efficiency of lead-free cells?", {"number"}),
        ("Why do tin perovskites degrade?", {"reason"}),
        ("What limits the lifetime of the cells?", {"reason"}),
        ("What is the main reason for the loss?", {"reason"}),
        ("Which thermostat is recommended?", set()),
        ("Is the limit known?", set()),
    ],
)
def test_what_a_question_wants(question: str, wanted: set[str]) -> None:
    found = {"number": wants_number(question), "reason": wants_reason(question)}
    assert {name for name, is_wanted in found.items() if is_wanted} == wanted


def test_what_a_sentence_states() -> None:
    assert states_number("It reached 11.22%.")
    assert not states_number("It reached a record.")
    assert states_reason("The films degrade because tin is oxidised.")
    assert states_reason("Oxidation of tin leads to vacancies.")
    assert not states_reason("The films were stored in the dark.")


@pytest.mark.parametrize(
    ("question", "quantity"),
    [
        ("What is the melting point of FAPbI3?", "melting point"),
        ("What is the highest certified efficiency of tandem cells?", "efficiency"),
        ("How large is the heat of fusion of GaN?", "heat of fusion"),
        ("Which Debye temperature does LiMO2 have?", "Debye temperature"),
        ("What are the values of the lattice parameters of GaN?", "lattice parameters"),
        ("Which band gaps have been reported?", "band gaps"),
        ("What temperature is used for annealing?", "temperature"),
        ("What is the role of temperature in the synthesis?", None),
        ("What is the difference in energy between A and B?", None),
        ("Which cathodes are stable?", None),
        ("Why is the melting point of GaN high?", None),
    ],
)
def test_the_quantity_that_a_question_asks_for(question: str, quantity: str | None) -> None:
    assert quantity_asked(question) == quantity


def test_names_of_several_words_have_initials() -> None:
    assert initials("power conversion efficiency") == "PCE"
    assert initials("fill factors") == "FF"
    assert initials("efficiency") == ""
