"""Pairs of sentences that agree, disagree, or speak of different things, by construction."""

from __future__ import annotations

import pytest

from rag.contrast import relation

GAP = "The band gap of CsPbI3 is 1.73 eV."


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        (GAP, "We find that CsPbI3 has a band gap of 2.1 eV.", "number"),
        (GAP, "The band gap of CsPbI3 is 1930 meV.", "number"),
        ("The gap of TiO2 is 3.0 eV at room temperature.", "At 300 K the gap of TiO2 is 3.4 eV.", "number"),
        ("Tin melts at 505 K.", "Tin melts at 480 K.", "number"),
        ("The band-gap of GaN is 3.4 eV.", "GaN has a bandgap of 3.9 eV.", "number"),
        ("The Curie temperature of CrI3 is 45 K.", "CrI3 has a Curie temperature of 61 K.", "number"),
        (
            "The efficiency of the perovskite cell reached 25.2 %.",
            "An efficiency of 22.1 % was reported for the perovskite cell.",
            "number",
        ),
        (
            "The migration barrier of iodide vacancies in CH3NH3PbI3 is 0.58 eV [12].",
            "Iodide vacancies in CH3NH3PbI3 migrate with a barrier of 0.08 eV [3,4].",
            "number",
        ),
        ("The gap of CdTe is 1.5 ± 0.02 eV.", "The gap of CdTe is 1.7 ± 0.05 eV.", "number"),
        (
            "Annealing increases the conductivity of ZnO films.",
            "The conductivity of ZnO films decreases upon annealing.",
            "direction",
        ),
        ("Oxygen vacancies are stable in ZnO.", "Oxygen vacancies are unstable in ZnO.", "direction"),
        ("SnO2 is an n-type semiconductor.", "SnO2 is a p-type semiconductor.", "direction"),
        (
            "Adding potassium suppresses ion migration in perovskite films.",
            "Adding potassium enhances ion migration in perovskite films.",
            "direction",
        ),
        ("MnO is antiferromagnetic below 118 K.", "MnO is ferromagnetic below 118 K.", "direction"),
        (
            "The mobility of carriers in GaN is higher than in Si.",
            "The mobility of carriers in GaN is lower than in Si.",
            "direction",
        ),
        (
            "Oxygen vacancies are the main donors in ZnO.",
            "Oxygen vacancies are not the main donors in ZnO.",
            "negation",
        ),
    ],
)
def test_contradictions(a: str, b: str, kind: str) -> None:
    assert relation(a, b) == relation(b, a) == kind


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (GAP, GAP),
        (GAP, "We find that CsPbI3 has a band gap of 1.7 eV."),
        (GAP, "The band gap of CsPbI3 is 1730 meV."),
        ("The gap of CdTe is 1.5 ± 0.1 eV.", "The gap of CdTe is 1.45 eV."),
        ("The gap of CdTe is 1.4 to 1.6 eV.", "The gap of CdTe is 1.5 eV."),
        (
            "Annealing increases the conductivity of ZnO films.",
            "Annealing raises the conductivity of ZnO films.",
        ),
        ("Oxygen vacancies are stable in ZnO.", "Oxygen vacancies are not unstable in ZnO."),
    ],
)
def test_agreements(a: str, b: str) -> None:
    assert relation(a, b) == relation(b, a) == "agrees"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (GAP, "The band gap of CsPbBr3 is 2.3 eV."),
        (GAP, "The lattice constant of CsPbI3 is 6.2 Å."),
        (GAP, "The band gap of CsPbI3 is at most 2.9 eV."),
        ("The band gap of silicon is 1.12 eV.", "The band gap of germanium is 0.67 eV."),
        ("The band gap of rutile TiO2 is 3.0 eV.", "The band gap of anatase TiO2 is 3.2 eV."),
        ("The gap of TiO2 is 3.0 eV at 300 K.", "The gap of TiO2 is 3.2 eV at 10 K."),
        ("The gap of TiO2 is 3.0 eV at 300 K.", "The gap of TiO2 is 3.2 eV."),
        ("The gap of cubic CsPbI3 is 1.6 eV.", "The gap of orthorhombic CsPbI3 is 2.8 eV."),
        ("The band gap of TiO2 is 3.0 eV.", "The band gap of amorphous TiO2 is 3.4 eV."),
        ("The band gap of GaN is 3.4 eV.", "The surface of GaN has a band gap of 2.9 eV."),
        (
            "Vacancies in silicon migrate with a barrier of 0.18 eV in the doubly negative state.",
            "Neutral vacancies in silicon migrate with a barrier of 0.45 eV.",
        ),
        ("The lifetime of carriers in the film was 2.3 μs.", "The lifetime of carriers in the crystal was 15 μs."),
        ("The gap of CsPbI3 in PBE is 1.4 eV.", "The gap of CsPbI3 in HSE06 is 1.9 eV."),
        (
            "The high-temperature phase of CsPbI3 has a gap of 1.7 eV.",
            "The low-temperature phase of CsPbI3 has a gap of 2.8 eV.",
        ),
        ("The electron mobility of GaN is 1000 cm2 V-1 s-1.", "The hole mobility of GaN is 30 cm2 V-1 s-1."),
        ("The thickness of the buffer layer is 50 nm.", "The thickness of the absorber layer is 500 nm."),
        ("Doping may increase the stability of LiMnO2.", "Doping decreases the stability of LiMnO2."),
        ("Is CsPbI3 stable in air?", "CsPbI3 is unstable in air."),
        ("CdTe and ZnTe have gaps of 1.5 and 2.3 eV, respectively.", "ZnTe and CdTe have gaps of 1.5 and 2.3 eV."),
        ("Annealing increases the conductivity of ZnO films.", "Annealing decreases the conductivity of SnO2 films."),
        ("Annealing increases the conductivity of ZnO films.", "Annealing decreases the thickness of ZnO films."),
        ("We studied 12 samples of ZnO.", "We studied 15 samples of GaN."),
        ("", "Tin melts at 480 K."),
    ],
)
def test_different_things_are_no_contradiction(a: str, b: str) -> None:
    assert relation(a, b) is None
    assert relation(b, a) is None
