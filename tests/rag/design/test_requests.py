"""From a paper and a question to the request, each paper being made so that a careless reader gets it wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from clip_mat import SentenceEncoder
from rag import PaperLibrary, design
from rag.design import Plan

PAPERS = {
    "unlike": (
        "PbTiO3 is the classic ferroelectric perovskite with a large polarisation. Unlike PbTiO3, KNbO3 "
        "is a lead-free ferroelectric perovskite that shows a large piezoelectric response. Sintering is "
        "difficult."
    ),
    "rather": (
        "Piezoelectric actuators need a large strain. For actuators we recommend BaTiO3 rather than "
        "PbTiO3, because toxic lead should be avoided. The strain was measured by laser interferometry."
    ),
    "hybrid": (
        "The absorber FA0.8Cs0.2PbI3 has the best efficiency of all perovskite solar cells. Films were "
        "spin-coated on glass."
    ),
    "analogue": (
        "The absorber MAPbI3 has the best efficiency of all perovskite solar cells. Its inorganic "
        "analogue CsPbI3 is less efficient but survives heating to 300 °C. Films were spin-coated."
    ),
    "replaced": (
        "Lead halide perovskites are toxic. In CsPbI3 lead can be replaced with tin, which lowers the "
        "band gap to 1.3 eV. The tin compound oxidises in air."
    ),
    "pair": (
        "Double perovskites follow from CsPbBr3. In CsPbBr3 the toxic lead is replaced with silver and "
        "bismuth, which keeps the charge balanced. Their gaps are indirect."
    ),
    "tetragonal": (
        "Barium titanate was sintered. At room temperature BaTiO3 is tetragonal with space group P4mm and "
        "is ferroelectric. Grains were one micrometre large."
    ),
    "transition": (
        "Heating changes the dielectric constant. BaTiO3 transforms from tetragonal to cubic on heating "
        "to 393 K, where the permittivity peaks. Cooling shows hysteresis."
    ),
    "two": (
        "Thin-film absorbers contain copper. CuInSe2 crystallizes in the chalcopyrite structure, whereas "
        "Cu2ZnSnS4 adopts the kesterite structure and contains only abundant elements. Both are p-type."
    ),
    "best": (
        "Several electron transport layers were compared: TiO2, SnO2 and ZnO. The best electron mobility "
        "among these electron transport layers was obtained with ZnO. TiO2 showed the lowest mobility."
    ),
    "former": (
        "Two sulfides were tested, Sb2S3 and SnS. The former has a quasi-one-dimensional structure and is "
        "the better light absorber. The grain size was two micrometres."
    ),
    "cobalt": (
        "Cobalt is expensive and its mining is problematic. Cobalt-free cathodes such as LiMn2O4 with the "
        "spinel structure are attractive for large batteries. Manganese dissolves slowly."
    ),
    "elements": (
        "Detectors for infrared light are cooled. Germanium-based perovskites are the most promising "
        "lead-free perovskites for infrared detectors. They are grown from solution."
    ),
    "none": (
        "Alloys were cast. The high-entropy alloy was annealed for one day and showed a hardness of 500 "
        "HV. The samples were polished."
    ),
    "products": (
        "The alloy films were heated. After annealing at 250 °C the samples with a high Sb content had AgBr and "
        "CsAgBr2 as decomposition products. The others did not change at all."
    ),
    "numbers": (
        "Two nitrides were compared. The optical band gaps of GaN and InN are 3.4 and 0.7 eV, respectively. "
        "Both were grown on sapphire."
    ),
    "unlikely": (
        "A model proposed compounds. It predicts Zn2Cu3O3 to be stable, which is unlikely, since the two oxides "
        "are phase separate. It also finds TiZnCrO5."
    ),
    "miscalled": (
        "Lead-free absorbers were screened. The lead-free perovskite Cs3Bi2I9 is the most stable of all "
        "absorbers in humid air. Films were annealed."
    ),
}


@pytest.fixture(scope="module")
def ask(encoder: SentenceEncoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Plan]]:
    """Puts a question to one of the papers."""
    folder = tmp_path_factory.mktemp("papers")
    for name, text in PAPERS.items():
        (folder / f"{name}.md").write_text(f"# On {name}\n\n{text}\n", encoding="utf-8")
    with PaperLibrary(folder / "library", encoder=encoder) as library:
        library.add(folder)

        def plan(name: str, question: str) -> Plan:
            (key,) = library.keys_of([folder / f"{name}.md"])
            return design.plan(library, question, where={"key": key})

        yield plan


@pytest.mark.parametrize(
    ("paper", "question", "expected"),
    [
        ("unlike", "Which lead-free ferroelectric perovskite shows a large piezoelectric response?",
         {"composition": "KNbO3", "exclude": ("Pb",), "prototypes": ("perovskite",)}),
        ("rather", "Which ferroelectric is recommended for actuators?", {"composition": "BaTiO3", "exclude": ("Pb",)}),
        ("replaced", "What can replace lead in CsPbI3?", {"composition": "CsSnI3", "exclude": ("Pb",)}),
        ("pair", "What replaces the toxic lead in CsPbBr3?", {"composition": "Cs2AgBiBr6", "exclude": ("Pb",)}),
        ("analogue", "Which absorber has the best efficiency of all perovskite solar cells?",
         {"composition": "CsPbI3"}),
        ("tetragonal", "Which space group does BaTiO3 have at room temperature?",
         {"composition": "BaTiO3", "spacegroup": 99}),
        ("transition", "At which temperature does BaTiO3 transform on heating?", {"composition": "BaTiO3"}),
        ("two", "Which absorber contains only abundant elements?",
         {"composition": "Cu2ZnSnS4", "prototypes": ("kesterite",)}),
        ("best", "Which electron transport layer had the best electron mobility?", {"composition": "ZnO"}),
        ("former", "Which sulfide is the better light absorber?", {"composition": "Sb2S3"}),
        ("cobalt", "Which cathodes are attractive for large batteries?",
         {"composition": "LiMn2O4", "exclude": ("Co",), "prototypes": ("spinel",)}),
        ("elements", "Which lead-free perovskites are most promising for infrared detectors?",
         {"elements": ("Ge",), "exclude": ("Pb",), "prototypes": ("perovskite",)}),
        ("products", "Which silver halide is a decomposition product of samples rich in antimony?",
         {"composition": "AgBr"}),
        ("numbers", "Which nitride has the smaller optical band gap?", {"composition": "InN"}),
        ("numbers", "Which nitride has the larger optical band gap?", {"composition": "GaN"}),
        ("unlikely", "Which zinc copper oxide is predicted although the two oxides are phase separate?",
         {"composition": "Cu3Zn2O3"}),
        ("miscalled", "Which lead-free perovskite is the most stable in humid air?",
         {"composition": "Cs3Bi2I9", "exclude": ("Pb",)}),
    ],
)  # fmt: skip
def test_the_request(ask: Callable[[str, str], Plan], paper: str, question: str, expected: dict[str, Any]) -> None:
    plan = ask(paper, question)
    nothing = {"composition": None, "elements": (), "exclude": (), "prototypes": (), "spacegroup": None,
               "crystal_system": None}  # fmt: skip
    assert {name: getattr(plan.wish, name) for name in nothing} == nothing | expected
    assert any(one.place is not None for one in plan.evidence)
    for one in plan.evidence:
        assert one.holds, one
        assert one.source != "paper" or one.place is not None


def test_organic_ions_make_nothing_and_are_told(ask: Callable[[str, str], Plan]) -> None:
    plan = ask("hybrid", "Which absorber has the best efficiency of all perovskite solar cells?")
    assert not plan
    assert any("FA0.8Cs0.2PbI3 has organic ions" in note for note in plan.notes)
    assert not plan.make().crystals


def test_an_answer_without_a_compound_says_what_is_missing(ask: Callable[[str, str], Plan]) -> None:
    plan = ask("none", "What hardness did the alloy show?")
    assert not plan.answer.abstained  # type: ignore[union-attr]
    assert not plan
    assert any("names no compound" in note for note in plan.notes)


def test_silent_papers_make_nothing(ask: Callable[[str, str], Plan]) -> None:
    plan = ask("none", "Who painted the Mona Lisa?")
    assert plan.answer.abstained  # type: ignore[union-attr]
    document = plan.make().to_dict()
    assert document["structures"] == []
    assert any("do not answer" in note for note in document["notes"])


def test_a_class_that_the_papers_write_as_a_formula_breaks_their_silence(ask: Callable[[str, str], Plan]) -> None:
    plan = ask("products", "Which silver halide is a decomposition product of samples rich in antimony?")
    assert plan.answer is not None
    assert not plan.answer.abstained
    assert "AgBr" in plan.answer.text
    assert plan.answer.references
    for question in ("Which chloride do people put on french fries?", "Which silver halide did Daguerre use in Paris?"):
        silent = ask("products", question)
        assert silent.answer is not None
        assert silent.answer.abstained
        assert not silent


def test_a_type_that_cannot_be_is_told(ask: Callable[[str, str], Plan]) -> None:
    plan = ask("miscalled", "Which lead-free perovskite is the most stable in humid air?")
    assert any("Cs3Bi2I9" in note and "perovskite" in note for note in plan.notes)


def test_other_candidates_are_kept(ask: Callable[[str, str], Plan]) -> None:
    plan = ask("best", "Which electron transport layer had the best electron mobility?")
    others = [other.wish.composition for other in plan.alternatives]
    assert set(others) <= {"TiO2", "SnO2"}
    assert others
    chosen = plan.alternative(1)
    assert chosen.wish.composition == others[0]
    assert "ZnO" in [other.wish.composition for other in chosen.alternatives]


def test_words_name_no_other_compound(ask: Callable[[str, str], Plan]) -> None:
    plan = ask("unlike", "Which lead-free ferroelectric perovskite shows a large piezoelectric response?")
    assert "KNbO3" in plan.wish.words
    assert "PbTiO3" not in plan.wish.words
    assert "lead" not in plan.wish.words.lower()
