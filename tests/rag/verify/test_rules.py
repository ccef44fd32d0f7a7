"""Rules: what they see, and what they must let pass."""

from __future__ import annotations

import pytest

from rag.verify.compounds import missing_substances
from rag.verify.opposites import CONTRASTS, DIRECTED, are_alike, are_opposites, inflect, poles
from rag.verify.rules import check_changes, check_direction, check_names, check_negation, check_numbers
from rag.verify.verifier import against
from rag.verify.windows import best_windows
from rag.verify.wording import read_words, stem

GAP = (
    "The band gap of CsPbI3 increases from 1.4 to 1.73 eV when the film is annealed at 150 °C, because the black phase "
    "is not stable."
)


def reasons(claim: str, *evidence: str) -> set[str]:
    return {finding.reason for finding in against(claim, evidence, best_windows(claim, evidence, 2))}


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("The gap of CsPbI3 rises to 1.83 eV upon annealing.", "number"),
        ("The gap of CsPbI3 rises to 1.73 meV upon annealing.", "unit"),
        ("The gap of CsSnI3 rises to 1.73 eV upon annealing.", "formula"),
        ("The gap of CsPbBr3 rises to 1.73 eV upon annealing.", "formula"),
        ("The band gap of CsPbI3 decreases when the film is annealed.", "direction"),
        ("The band gap of CsPbI3 does not increase when the film is annealed.", "negation"),
        ("The black phase is stable.", "negation"),
        ("The band gap of CsPbI3 increases in the HSE06 functional.", "name"),
        ("The band gap of CsPbI3 increases when the Bridgman film is annealed.", "name"),
        (GAP.replace("150", "160"), "number"),
        (GAP.replace("1.4 to 1.73", "1.73 to 1.4"), "direction"),
        (GAP.replace("is not stable", "is stable"), "negation"),
        (GAP.replace("is annealed", "is not annealed"), "negation"),
    ],
)
def test_a_falsehood_is_seen(claim: str, reason: str) -> None:
    assert reason in reasons(claim, GAP)


@pytest.mark.parametrize(
    "claim",
    [
        GAP,
        "The gap of CsPbI3 rises to 1730 meV upon annealing at 423 K.",
        "The black phase is unstable.",
        "The black phase of caesium lead iodide is not stable.",
        "Because the black phase is not stable, the band gap of CsPbI3 increases.",
        "Annealing at 150 °C raises the band gap of the film.",
        "The band gap is about 1.7 eV after annealing.",
    ],
)
def test_the_truth_is_let_pass(claim: str) -> None:
    assert reasons(claim, GAP) == set()


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("NaCl melts.", "ClNa melts."),
        ("NaCl melts.", "Sodium chloride melts."),
        ("Lead is toxic.", "Pb is toxic."),
        ("The lead halide forms.", "PbI2 forms."),
        ("TiO2 is white.", "Titanium dioxide is white."),
        ("MAPbI3 films degrade.", "CH3NH3PbI3 films degrade."),
        ("Carbon dioxide is reduced.", "CO2 is reduced."),
        ("TiO2 is white.", "TiO 2 is white."),
        ("Water is split.", "H2O is split."),
    ],
)
def test_a_substance_by_another_name_is_found(claim: str, evidence: str) -> None:
    assert missing_substances(claim, evidence) == []


@pytest.mark.parametrize(
    ("claim", "evidence", "missing"),
    [
        ("Co adsorbs.", "CO adsorbs.", ["Co"]),
        ("CO adsorbs.", "Co adsorbs.", ["CO"]),
        ("Fe2O3 forms.", "Fe3O4 forms.", ["Fe2O3"]),
        ("Zinc oxide forms.", "SnO2 forms.", ["Zinc"]),
        ("Zn ions move.", "Fe ions move.", ["Zn"]),
        ("The sulfide forms.", "PbI2 forms.", ["sulfide"]),
        ("Tin is toxic.", "This may lead to toxic dust.", ["Tin"]),
    ],
)
def test_another_substance_is_missed(claim: str, evidence: str, missing: list[str]) -> None:
    assert missing_substances(claim, evidence) == missing


def test_an_acronym_stands_for_its_words_and_they_for_it() -> None:
    assert check_names("DFT is used.", "Density functional theory is used.") == []
    assert check_names("MD is used.", "Density functional theory is used.") != []
    assert check_names("The models of Bussi are used.", "The models are used.") != []
    assert check_names("Bussi et al. used models.", "The models are used.") != []
    assert check_names("Depositing Gold helps.", "We deposited gold.") == []


def test_numbers_that_count_what_was_said_before_are_let_pass() -> None:
    assert check_numbers("Unlike these two methods, it is fast.", "It is fast.") == []
    assert [f.reason for f in check_numbers("Unlike two methods, it is fast.", "It is fast.")] == ["number"]


@pytest.mark.parametrize(
    ("claim", "evidence", "turned"),
    [
        ("B-type cells are lower than A-type cells.", "A-type cells are higher than B-type cells.", False),
        ("B-type cells are higher than A-type cells.", "A-type cells are higher than B-type cells.", True),
        ("A-type cells are lower than B-type cells.", "A-type cells are higher than B-type cells.", True),
        ("The oxide is less unstable with lithium.", "The oxide is more stable with lithium.", False),
        ("The oxide is less stable with lithium.", "The oxide is more stable with lithium.", True),
    ],
)
def test_comparisons_are_followed(claim: str, evidence: str, turned: bool) -> None:
    assert bool(check_direction(claim, evidence)) is turned


def test_of_two_directions_the_one_said_of_the_thing_counts() -> None:
    evidence = "The density of the film increases strongly, whereas the strain of the substrate decreases."
    assert check_direction("The strain of the substrate decreases.", evidence) == []
    assert check_direction("The strain of the substrate increases.", evidence) != []


def test_what_is_denied_of_another_thing_is_no_denial() -> None:
    evidence = "The cubic phase is stable, but the tetragonal phase is not stable."
    assert check_negation("The cubic phase is stable.", evidence) == []
    assert check_negation("Growth is not only fast but clean.", "Growth is fast and clean.") == []


def test_two_things_that_change_places_are_seen_but_a_list_may_be_turned() -> None:
    sentence = "In all our samples the copper layer was grown on the silver layer by slow evaporation."
    swapped = sentence.replace("copper", "X").replace("silver", "copper").replace("X", "silver")
    assert {finding.reason for finding in check_changes(swapped, [sentence])} & {"direction", "formula"}
    listed = "In all our samples the films were annealed and rinsed with great care for many hours."
    turned = "In all our samples the films were rinsed and annealed with great care for many hours."
    assert check_changes(turned, [listed]) == []
    phrase = "This additive was used by many groups in order to enhance the crystallinity of FAPbI3."
    assert check_changes(phrase.replace("crystallinity of FAPbI3", "FAPbI3 crystallinity"), [phrase]) == []


def test_a_number_that_stands_elsewhere_in_the_passage_is_seen() -> None:
    passage = "The first film is 20 nm thick and was grown at 300 K. The second film is 50 nm thick and grown slowly."
    assert reasons("The first film is 50 nm thick and was grown at 300 K.", passage) == {"number"}


def test_no_word_points_both_ways() -> None:
    for word, places in poles().items():
        for axis in DIRECTED:
            sides = {pole.side for pole in places if pole.axis == axis}
            assert len(sides) < 2, (word, axis)
            assert not are_opposites(word, word)


def test_sides_of_a_contrast_contradict_and_words_of_a_side_do_not() -> None:
    for contrast in CONTRASTS:
        for one in contrast.sides[0]:
            for other in contrast.sides[1]:
                assert are_opposites(one, other.upper()), (one, other)
            assert are_alike(one, contrast.sides[0][0])
    assert are_opposites("raises", "lowered")
    assert not are_opposites("raises", "elevated")


@pytest.mark.parametrize(
    ("word", "form", "expected"),
    [
        ("increase", "ing", "increasing"),
        ("apply", "ed", "applied"),
        ("drop", "ed", "dropped"),
        ("rise", "ed", "rose"),
        ("suppress", "s", "suppresses"),
        ("vary", "s", "varies"),
        ("agree", "ing", "agreeing"),
    ],
)
def test_verbs_are_inflected(word: str, form: str, expected: str) -> None:
    assert inflect(word, form) == expected


def test_forms_of_a_word_have_one_stem_and_names_keep_theirs() -> None:
    assert {stem(word) for word in ("reduce", "reduces", "reduced", "reducing")} == {"reduc"}
    assert stem("stable") != stem("stability")
    assert stem("GPUs") == "gpu"
    assert [word.text for word in read_words("It doesn't bind.").words] == ["It", "does", "not", "bind"]
