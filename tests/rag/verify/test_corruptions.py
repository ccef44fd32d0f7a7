"""Sentences made false, and the same said otherwise."""

from __future__ import annotations

import random
import re

import pytest

from rag.verify.corruptions import CONTRADICTIONS, add_clause, flip_direction, mix, negate, swap_number, swap_unit
from rag.verify.quantities import agrees, find_numbers
from rag.verify.rewriting import REWRITINGS, name_element, rewrite, turn_comparison, undouble

SENTENCES = [
    "However, the band gap of CsPbI3 increases from 1.4 to 1.73 eV when the film is annealed at 150 °C for two hours.",
    "We used the Bussi thermostat to control the temperature of water at 300 K for 10 ns.",
    "In this work, we find that the efficiency of silicon cells is higher than that of perovskite cells.",
    "High concentrations of oxygen cause rapid degradation of most polymers (see Fig. 2).",
    "The black phase is not stable at low temperature.",
]


@pytest.mark.parametrize("kind", CONTRADICTIONS)
def test_every_kind_finds_a_place_and_changes_the_sentence(kind: str) -> None:
    made = [(s, CONTRADICTIONS[kind](s, random.Random(seed))) for s in SENTENCES for seed in range(5)]
    changed = [(before, after) for before, after in made if after is not None]
    assert changed
    assert all(before != after for before, after in changed)


@pytest.mark.parametrize("seed", range(30))
def test_a_swapped_number_agrees_with_none_that_was_there(seed: int) -> None:
    before = SENTENCES[0]
    after = swap_number(before, random.Random(seed))
    assert after is not None
    old, new = find_numbers(before), find_numbers(after)
    assert len(old) == len(new)
    assert sum(not any(agrees(quantity, other) for other in old) for quantity in new) == 1


@pytest.mark.parametrize("seed", range(10))
def test_a_swapped_unit_leaves_the_digits(seed: int) -> None:
    after = swap_unit(SENTENCES[0], random.Random(seed))
    assert after is not None
    assert [q.number for q in find_numbers(after)] == [q.number for q in find_numbers(SENTENCES[0])]
    assert [q.unit for q in find_numbers(after)] != [q.unit for q in find_numbers(SENTENCES[0])]


def test_a_denial_is_taken_back_and_a_statement_denied() -> None:
    assert negate("The phase is not stable.", random.Random(0)) == "The phase is stable."
    assert negate("The film does not melt.", random.Random(0)) == "The film melt."
    denied = negate("The phase is stable.", random.Random(0))
    assert denied in ("The phase is not stable.", "The phase is never stable.")


def test_the_opposite_has_the_form_of_the_word() -> None:
    found = {flip_direction("The value increases under strain.", random.Random(seed)) for seed in range(20)}
    verbs = ("decreases", "reduces", "lowers", "diminishes", "lessens")
    assert found <= {"The value increases over strain.", *(f"The value {verb} under strain." for verb in verbs)}
    comparative = {flip_direction("A is higher than B.", random.Random(seed)) for seed in range(20)}
    assert comparative <= {"A is lower than B."}


def test_clauses_of_others_are_added_and_sentences_mixed() -> None:
    rng = random.Random(0)
    added = add_clause(SENTENCES[1], SENTENCES[3], rng)
    assert added is not None
    assert added.startswith(SENTENCES[1][:-1])
    mixed = mix(SENTENCES[1], SENTENCES[4], random.Random(1))
    assert mixed is None or (mixed[:5] == SENTENCES[1][:5] and mixed[-5:] == SENTENCES[4][-5:])


@pytest.mark.parametrize("kind", REWRITINGS)
def test_every_rewriting_finds_a_place(kind: str) -> None:
    made = [REWRITINGS[kind](s, random.Random(seed)) for s in SENTENCES for seed in range(8)]
    others = [
        REWRITINGS[kind](s, random.Random(seed))
        for s in (
            "The gap of oxides is larger than that of sulfides.",
            "We have three oxygen atoms and Pb atoms in a cell of carbon.",
            "The film slowly forms by heating in dry air.",
        )
        for seed in range(8)
    ]
    assert any([*made, *others])


@pytest.mark.parametrize("seed", range(40))
def test_rewriting_keeps_the_numbers(seed: int) -> None:
    sentence = SENTENCES[seed % 2]
    said, how = rewrite(sentence, random.Random(seed), 4)
    assert (said != sentence) == bool(how)
    for quantity in find_numbers(said):
        assert any(agrees(quantity, other) or agrees(other, quantity) for other in find_numbers(sentence)), said


def test_a_comparison_is_turned_and_a_denial_resolved() -> None:
    rng = random.Random(0)
    turned = turn_comparison("The gap of oxides is larger than that of sulfides.", rng)
    assert turned == "That of sulfides is smaller than the gap of oxides."
    assert undouble("The phase is not stable.", rng) == "The phase is unstable."


def test_the_same_seed_says_the_same() -> None:
    for sentence in SENTENCES:
        assert rewrite(sentence, random.Random(3)) == rewrite(sentence, random.Random(3))
        assert not re.search(r"  |\bNone\b", rewrite(sentence, random.Random(3))[0])


def test_a_symbol_of_no_element_has_no_name() -> None:
    for seed in range(10):
        assert name_element("The X atoms of the Si cell move.", random.Random(seed)) in (
            None,
            "The X atoms of the silicon cell move.",
        )
