"""A sentence of a draft is the paper's own, less what means nothing by itself; whatever else differs is refused."""

from __future__ import annotations

import pytest

from rag.retelling import copied, retells

FILM = "However, in this work, the film (the thin one) is also stable in air, which helps its makers."
GAPS = "For x = 0.9 and the pure compound, the gaps may be smaller."
ALLOY = "The alloy Cs2Ag(SbxBi1−x)Br6 is (un)stable in air (as powder)."
SEARCH = "We found that cells of tin halides fail early, and only if heated."


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("Most cells fail within 3 years.", "Most cells fail within 3 years."),
        ("The film is stable in air.", FILM),
        ("The film is also stable in air, which helps its makers.", FILM),
        ("In this work, the film (the thin one) is stable in air.", FILM),
        ("The gaps may be smaller for x = 0.9 and the pure compound.", GAPS),
        ("The alloy Cs2Ag(SbxBi1-x)Br6 is (un)stable in air.", ALLOY),
        ("Structures acquired from both sets were kept.", "Structures obtained from both sets were kept."),
        ("We describe a new way.", "Here, we present a novel way."),
        ("It fails because of heat.", "It fails due to heat."),
        ("The fit of 1000 points took 3 h.", "The fit of 1,000 points took 3 h."),
        ("It holds 10^23 sites of Cs2AgBiBr6.", "It holds 10²³ sites of Cs₂AgBiBr₆."),
        ("Sets of data led to informatics.", "Sets of data led to informatics¹⁴⁻¹⁹."),
        ("The 18% efficiency is high.", "The 18%-efficiency is high."),
        ("PolyBERT is fast.", "In contrast, polyBERT is fast."),
        ("The gap is small (Fig. 2), so it absorbs.", "The gap is small (Fig. 2), so it absorbs."),
        ("The gap is small.", "The gap is small (see Fig. 2), so it absorbs (in films, at least) well."),
    ],
)
def test_what_leaves_the_meaning_whole_may_differ(text: str, quote: str) -> None:
    assert retells(text, quote)


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        # lost: a noun, a modifier, a preposition, an article, a verb, a hedge, a condition, a reporter
        ("The decades have led to informatics.", "In the past decades, such data have led to informatics."),
        ("Challenges of naming were met.", "Arising challenges of naming were met."),
        ("A decrease of 70% production cost was seen.", "A decrease of 70% in production cost was seen."),
        ("Alloying it with less toxic tin works.", "Alloying it with the less toxic tin works."),
        ("Tin added to slow the decay.", "Tin was added to slow the decay."),
        ("The gaps are smaller.", GAPS),
        ("The gaps may be smaller.", GAPS),
        ("The gap is 1.5 eV.", "The gap is 1.5 eV at 300 K."),
        ("The film is stable.", "The film (at 300 K) is stable."),
        ("The wide gap limits it.", "The wide gap (2.1–2.3 eV) limits it."),
        ("The alloy Cs2Ag(SbxBi1-x)Br6 is stable in air.", ALLOY),
        ("The alloy Cs2AgBr6 is (un)stable in air.", ALLOY),
        ("The film is small.", "The film is too small."),
        ("They behave.", "They behave similarly."),
        ("Cells of tin halides fail early.", SEARCH),
        ("We found that cells of tin halides fail early.", SEARCH),
        ("In general, cells fail.", "In general, cells may fail."),
        ("Cells fail.", "In general, cells fail."),
        # lost: the end of a list, the rest of a sentence that had only begun
        ("It keeps out water, oxygen.", "It keeps out water, oxygen, and ions."),
        ("The annealed film.", "The annealed film, which was thin, has cracks."),
        ("If it rains.", "If it rains, and it does, the film dissolves."),
        ("Values imply a small site.", "Values imply a small site, where t < 0.7."),
        # added, exchanged, moved
        ("All cells fail within 3 years.", "Most cells fail within 3 years."),
        ("Cells do not fail early.", "Cells fail early."),
        ("Newton found that cells fail.", "We found that cells fail."),
        ("Cells fail, because gold absorbs light.", "Cells fail within years."),
        ("The gap is 1.5 meV.", "The gap is 1.5 eV."),
        ("A gap of 0.5 V opens.", "A gap of −0.5 V opens."),
        ("It holds 1023 sites.", "It holds 10²³ sites."),
        ("x > 1 is cubic.", "x < 1 is cubic."),
        ("Co is toxic.", "CO is toxic."),
        ("The mass in films has fallen.", "The mass in In has fallen."),
        ("Bulk and films of tin differ.", "Films and bulk of tin differ."),
        ("In air, the gap of films is small.", "The gap of films is small in air."),
        ("We show that cells fail.", "We suggest that cells fail."),
        ("The results show that cells fail.", "The results indicate that cells fail."),
        ("We see that films crack under light.", "Under light, we see that films crack."),
        ("The gap is small and in lead it is large in tin.", "In tin, the gap is small and in lead it is large."),
        ("", "The gap is small."),
    ],
)
def test_whatever_else_differs_is_refused(text: str, quote: str) -> None:
    assert not retells(text, quote)


def test_a_long_draft_is_compared_in_time() -> None:
    text = "however, the gap (of tin), and so the film, " * 200
    assert retells(text + "fails.", text + "fails.")
    assert not retells(text + "melts.", text + "fails.")


def test_the_share_that_was_copied_counts_the_order() -> None:
    assert copied("The gap of tin is small.", "The gap of lead is small.") == pytest.approx(5 / 6)
    assert copied("small is tin", "tin is small") == pytest.approx(1 / 3)
    assert copied("", "The gap is small.") == 0
