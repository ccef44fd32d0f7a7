"""The judge on sentences whose truth is known."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks import judge_error
from benchmarks.judge import Claim, Judge, _letters, _stands, plain, split_sentences
from benchmarks.judge_error import Pair, errors, page_pairs

PAGE = (
    "Perovskite films of FAPbI 3 were treated with 2% formate. The trap density decreased to 9.7 × 10 13 cm -3 and the "
    "power conversion efficiency increased to 25.6 % at 25 °C. The certi-\nfied cells were not encapsulated. "
    "Spiro-OMeTAD layers of 300 nm were replaced by P3HT because of moisture."
)
NEXT = "They kept 95 % of their efficiency for 450 h under light, whereas bare cells lost half of it."
FAR = "Graph networks predict the adsorption energy of organic molecules on metals with an error of 0.2 eV."


def bag(texts: Sequence[str]) -> np.ndarray:
    """Bags of words as unit vectors: close where words are shared."""
    vectors = np.zeros((len(texts), 512), dtype=np.float32)
    for row, text in enumerate(texts):
        for word in text.casefold().split():
            vectors[row, sum(map(ord, word.strip(".,"))) % 512] += 1
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge({("a.pdf", 1): (PAGE,), ("a.pdf", 2): (NEXT,), ("b.pdf", 7): (FAR,)}, bag, cosine=0.5)


@pytest.mark.parametrize(
    ("sentence", "how"),
    [
        ("Perovskite films of FAPbI3 were treated with 2% formate.", "quote"),
        ("The certified cells were not encapsulated.", "quote"),
        ("Layers of Spiro-OMeTAD of 300 nm were replaced by P3HT because of moisture [12].", "near quote"),
        ("Efficiency of power conversion increased to 25.6% at 25 °C as trap density decreased.", "paraphrase"),
    ],
)
def test_what_the_page_says_is_held(judge: Judge, sentence: str, how: str) -> None:
    verdict = judge.check(sentence, [("a.pdf", 1)])
    assert verdict.held, verdict
    assert how == verdict.how or {how, verdict.how} == {"near quote", "paraphrase"}


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("The power conversion efficiency increased to 25.8 % at 25 °C.", "number 25.8"),
        ("The power conversion efficiency increased to 5.6 % at 25 °C.", "number 5.6"),
        ("Spiro-OMeTAD layers of 300 µm were replaced by P3HT because of moisture.", "number 300"),
        ("Perovskite films of FAPbBr3 were treated with 2% formate.", "name FAPbBr3"),
        ("Spiro-OMeTAD layers of 300 nm were replaced by PTAA because of moisture.", "name PTAA"),
        ("The certified cells were encapsulated.", "negation"),
        ("The trap density increased to 9.7 × 10 13 cm -3.", "direction"),
        ("The trap density did not decrease to 9.7 × 10 13 cm -3.", "negation"),
        ("Graph networks predict adsorption energies of organic molecules.", "words"),
    ],
)
def test_what_it_does_not_say_is_not(judge: Judge, sentence: str, missing: str) -> None:
    verdict = judge.check(sentence, [("a.pdf", 1)])
    assert not verdict.held, verdict
    assert missing in verdict.how


def test_a_sentence_over_two_pages_is_held_by_both_together(judge: Judge) -> None:
    both = "Layers were replaced by P3HT because of moisture. They kept 95 % of their efficiency for 450 h under light"
    assert not judge.check(both, [("a.pdf", 1)]).held
    assert not judge.check(both, [("a.pdf", 2)]).held
    assert judge.check(both, [("a.pdf", 2), ("a.pdf", 1)]).held


def test_a_sentence_that_goes_on_overleaf_behind_a_figure_is_a_quote() -> None:
    first = _letters("Text. A small amount of P3HT was added to inhibit the inward Fig. 1 Voltage (V) 0.2 0.4")
    second = _letters("Running head 17 migration of gold into the perovskite layer. More text.")
    sentence = "A small amount of P3HT was added to inhibit the inward migration of gold into the perovskite layer."
    assert _stands(_letters(sentence), (first, second))
    assert not _stands(_letters(sentence), (second, first))
    assert not _stands(_letters(sentence), (first,))
    assert not _stands(_letters(sentence.replace("gold", "silver")), (first, second))
    assert not _stands(_letters(sentence.replace("P3HT", "PTAA")), (first, second))


def test_superscripts_and_numbers_of_references_part_no_sentence_from_its_page() -> None:
    page = {("a.pdf", 1): ("A certified efficiency of 18% was found for an 800 cm2 module [6, 7], with Pb2+ in it.",)}
    sentence = "A certified efficiency of 18% was found for an 800 cm^2 module, with Pb^2+ in it."
    assert Judge(page, bag).check(sentence, list(page)).how == "quote"


def test_no_citation_holds_nothing(judge: Judge) -> None:
    sentence = "Perovskite films of FAPbI3 were treated with 2% formate."
    assert judge.check(sentence, []).how == "no citation"
    assert judge.check(sentence, [("a.pdf", 99)]).how == "no such page"


def test_the_right_page_is_found_elsewhere(judge: Judge) -> None:
    sentence = "Perovskite films of FAPbI3 were treated with 2% formate."
    assert judge.elsewhere(sentence, [("b.pdf", 7)]) == ("a.pdf", 1)
    assert judge.elsewhere(sentence, [("a.pdf", 1)]) is None
    assert judge.elsewhere("Films of CsPbI3 were treated with 4% formate.") is None


def test_sentences_end_where_they_end() -> None:
    text = "As in Fig. 2, A. Smith et al. found 0.5 eV. Then came CsPbI3. (This too.) 25 more followed"
    assert len(split_sentences(text)) == 4
    assert plain("certi-\nfied  CO₂ μ") == "certified CO2 µ"


def test_claims_are_taken_apart() -> None:
    claim = Claim("In 2019 the MAPbI3 cells of Li et al. [3] held 22.3% at 85 °C over Ti, not 5 nm.")
    assert {("22.3", "%"), ("85", "°C"), ("5", "nm"), ("2019", "")} == claim.numbers
    assert {"MAPbI3", "Ti", "Li"} == claim.names


def test_corruptions_change_what_they_say() -> None:
    rng = random.Random(0)
    sentence = "The gap of CsPbI3 is 1.7 eV, higher than before."
    assert judge_error.other_number(sentence, rng) != sentence
    assert judge_error.other_unit(sentence, rng) == "The gap of CsPbI3 is 1.7 meV, higher than before."
    assert judge_error.negated(sentence, rng) == "The gap of CsPbI3 is not 1.7 eV, higher than before."
    assert judge_error.turned(sentence, rng) == "The gap of CsPbI3 is 1.7 eV, lower than before."
    changed = judge_error.other_element(sentence, rng)
    assert changed is not None
    assert "CsPbI3" not in changed
    assert judge_error.other_number("No figures.", rng) is None
    assert judge_error.grafted("a b c d", "e f g h") == "a b g h"


def test_error_is_counted_on_both_sides() -> None:
    class Credulous:
        def check(self, sentence: str, places: object) -> object:
            return type("Verdict", (), {"held": True})()

    place = ("a.pdf", 1)
    pairs = [Pair("verbatim", "x", place, True), Pair("number", "x", place, False), Pair("number", "y", place, False)]
    found = {error.kind: error.rate.value for error in errors(Credulous(), pairs)}  # type: ignore[arg-type]
    assert found == {"verbatim": 0.0, "number": 1.0}


def test_pairs_are_drawn_from_pages_and_are_right_by_construction() -> None:
    pages = {("a.pdf", number): (f"{PAGE.replace('300', str(300 + number))}",) for number in range(1, 5)}
    pairs = page_pairs(pages, 3, seed=1)
    kinds = {pair.kind: pair.true for pair in pairs}
    assert kinds["verbatim"] is True
    assert kinds["number"] is False
    assert kinds["other page"] is False
    for pair in pairs:
        text = plain(pages[pair.place][0])
        assert (pair.sentence in text) == (pair.kind == "verbatim") or pair.kind in ("other page", "grafted")
