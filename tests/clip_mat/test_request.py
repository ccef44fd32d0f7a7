"""Questions in plain words: what becomes a filter, what stays, and what must never be filtered."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clip_mat.crystal import NUMBERS
from clip_mat.errors import RequestError
from clip_mat.facts import Facts
from clip_mat.language.captions import write_caption
from clip_mat.language.classes import D_BLOCK, RARE_EARTHS, TOXIC
from clip_mat.language.mentions import find_mentions
from clip_mat.language.uses import USES
from clip_mat.search.optimade import compile_filter
from clip_mat.search.phrase import has_any
from clip_mat.search.request import ANYTHING, MAX_LENGTH, interpret
from indexes import Record, SQLiteStore

NO_RARE_EARTHS = f"NOT {has_any(RARE_EARTHS)}"
NO_POISON = f"NOT {has_any(TOXIC)}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # gaps
        ("gap above 3 eV", "band_gap > 3"),
        ("oxides with a band gap larger than 3.5 eV", "band_gap > 3.5"),
        ("a material with at least 2 eV band gap", "band_gap >= 2"),
        ("band gap ≥ 2 eV", "band_gap >= 2"),
        ("gap < 0.5 eV", "band_gap < 0.5"),
        ("bandgap below 500 meV", "band_gap < 0.5"),
        ("band gap between 1 and 2 eV", "band_gap >= 1 AND band_gap <= 2"),
        ("band gaps from 1.1 to 1.6 eV", "band_gap >= 1.1 AND band_gap <= 1.6"),
        ("2–3 eV band gap semiconductor", "band_gap >= 2 AND band_gap <= 3"),
        ("gap of 3 eV or more", "band_gap >= 3"),
        ("a direct gap around 1.4 eV", "band_gap >= 1.19 AND band_gap <= 1.61"),
        ("zero band gap", "band_gap < 0.05"),
        ("band gap = 0", "band_gap < 0.05"),
        ("non-zero band gap", "band_gap > 0.05"),
        ("a finite band gap", "band_gap > 0.05"),
        ("no band gap below 1 eV", "band_gap >= 1"),
        ("without a gap above 3 eV", "band_gap <= 3"),
        ("no gap between 1 and 2 eV", "(band_gap < 1 OR band_gap > 2)"),
        ("a band gap not larger than 3 eV", "band_gap <= 3"),
        ("band gap no smaller than 1 eV", "band_gap >= 1"),
        ("gap of at least 2 but at most 3 eV", "band_gap >= 2 AND band_gap <= 3"),
        ("gap >= 2 eV and <= 3 eV", "band_gap >= 2 AND band_gap <= 3"),
        ("2 eV < Eg < 3 eV", "band_gap > 2 AND band_gap < 3"),
        ("1 < gap < 2 eV", "band_gap > 1 AND band_gap < 2"),
        ("3 eV >= gap > 500 meV", "band_gap <= 3 AND band_gap > 0.5"),
        ("a gap from 1 eV up to 2 eV", "band_gap >= 1 AND band_gap <= 2"),
        ("gap above 1,5 eV", "band_gap > 1.5"),
        ("gap above 1,500 meV", "band_gap > 1.5"),
        ("a gap of exactly 2 eV", "band_gap >= 1.7 AND band_gap <= 2.3"),
        ("a gap of -1 eV", ""),
        ("non-metallic boride", "band_gap > 0.05"),
        # energies
        ("within 30 meV/atom of the hull", "energy_above_hull <= 0.03"),
        ("less than 0.05 eV/atom above the convex hull", "energy_above_hull < 0.05"),
        ("energy above hull < 50 meV/atom", "energy_above_hull < 0.05"),
        ("on the convex hull", "energy_above_hull <= 0.001"),
        ("formation energy below -1 eV/atom", "formation_energy < -1"),
        ("negative formation energy", "formation_energy < 0"),
        ("-2 eV/atom < formation energy < -1 eV/atom", "formation_energy > -2 AND formation_energy < -1"),
        # counts
        ("fewer than 10 atoms in the cell", "nsites < 10"),
        ("at most twenty-two atoms", ""),
        ("no more than 8 atoms per unit cell", "nsites <= 8"),
        ("a 5-atom cell", "nsites = 5"),
        ("between 4 and 10 atoms in the unit cell", "nsites >= 4 AND nsites <= 10"),
        ("at most 3 elements", "nelements <= 3"),
        ("three-element alloys", "nelements = 3"),
        ("ternary oxides", "nelements = 3"),
        ("binary or ternary sulfide", "(nelements = 2 OR nelements = 3)"),
        ("non-binary nitride", "nelements != 2"),
        # what must not be there
        ("lead-free halide perovskite", 'NOT elements HAS "Pb"'),
        ("Pb free perovskite", 'NOT elements HAS "Pb"'),
        ("cobalt-free cathode", 'NOT elements HAS "Co"'),
        ("cobalt- and nickel-free cathode", 'NOT elements HAS ANY "Co","Ni"'),
        ("no rare earths", NO_RARE_EARTHS),
        ("rare-earth-free magnet", NO_RARE_EARTHS),
        ("magnets without any rare-earth elements", NO_RARE_EARTHS),
        ("cathodes without Co or Ni", 'NOT elements HAS ANY "Co","Ni"'),
        ("cathodes with no Co, Ni or Mn", 'NOT elements HAS ANY "Co","Ni","Mn"'),
        ("not containing lead", 'NOT elements HAS "Pb"'),
        ("that does not contain arsenic", 'NOT elements HAS "As"'),
        ("free of toxic elements", NO_POISON),
        ("non-toxic thermoelectric", NO_POISON),
        ("no transition metals", f"NOT {has_any(D_BLOCK)}"),
        ("oxygen-free", 'NOT elements HAS "O"'),
        ("a non-oxide ceramic", 'NOT elements HAS "O"'),
        ("not a halide", 'NOT elements HAS ANY "F","Cl","Br","I"'),
        ("non-cubic perovskite", 'crystal_system != "cubic"'),
        ("perovskite, not cubic", 'crystal_system != "cubic"'),
        ("neither cubic nor hexagonal", 'crystal_system != "cubic" AND crystal_system != "hexagonal"'),
        ("not a perovskite", '(prototypes IS UNKNOWN OR NOT prototypes HAS "perovskite")'),
        ("oxide not in Fm-3m", "spacegroup != 225"),
        # what must be there
        ("compounds containing Li and O", 'elements HAS ALL "Li","O"'),
        ("oxides that contain lithium", 'elements HAS "Li"'),
        ("cathodes with Fe, Co or Ni", 'elements HAS ANY "Fe","Co","Ni"'),
        ("made of silicon and oxygen", 'elements HAS ALL "Si","O"'),
        ("bismuth-based superconductors", 'elements HAS "Bi"'),
        ("with an alkali metal", 'elements HAS ANY "Li","Na","K","Rb","Cs","Fr"'),
        ("containing Fe and a halogen", 'elements HAS "Fe" AND elements HAS ANY "F","Cl","Br","I","At"'),
        ("rare-earth nickelate", has_any(RARE_EARTHS)),
        ("layered chalcogenide", 'elements HAS ANY "S","Se","Te"'),
        ("only Li, Mn and O", 'elements HAS ONLY "Li","Mn","O" AND nelements = 3'),
        ("contains only nitrogen, hydrogen, plus carbon.", 'elements HAS ONLY "N","H","C" AND nelements = 3'),
        ("just Ti, Fe, and Co cubic structure", ""),  # all of a list or nothing of it
        ("the Li-Mn-O system", 'elements HAS ONLY "Li","Mn","O" AND nelements = 3'),
        # what is unknown is not hidden
        ("stable metal oxides", "(energy_above_hull IS UNKNOWN OR energy_above_hull <= 0.05)"),
        ("a wide band gap oxide", "(band_gap IS UNKNOWN OR band_gap >= 2.0)"),
        ("stable NaCl", ""),
        # together
        (
            "lead-free ternary halide with a gap above 1.5 eV",
            'NOT elements HAS "Pb" AND nelements = 3 AND band_gap > 1.5',
        ),
    ],
)
def test_plain_meanings_become_filters(text: str, wanted: str) -> None:
    request = interpret(text)
    assert request.filter == wanted
    compile_filter(request.filter)


@pytest.mark.parametrize(
    "text",
    [
        "Cs, H, N, and F atoms in orthorhombic CsH4NF2",
        "orthorhombic LiMnO2",
        "rock salt MgO in Fm-3m",
        "LiMnO2",
        "Li-Mn-O",
        "lead",
        "lead to a new phase",
        "metastable oxides",
        "air-stable halides",
        "oxides stable at high temperature",
        "dynamically stable oxides",
        "insulator",
        "cubic perovskite oxide",
        "oxide with no oxygen vacancies",
        "without Jahn-Teller distortion",
        "no known synthesis",
        "either Pb or Sn iodide",
        "contains Li or gap > 3 eV",
        "may contain Li",
        "pseudo-binary alloy",
        "4 atoms per formula unit",
        "with Fe octahedra",
        "with Li and Na or K",
        "a ternary compound LiMnO2",  # the formula says it all
        "LiCoO2 with a band gap of 2.7 eV",
        "no oxide layer",
        "300 K phase",
        "In no particular order",
        "As of now, not many are known",
        "free carriers",
        "structure of NaCl with Na and Cl",
    ],
)
def test_what_a_vector_holds_or_is_in_doubt_is_no_filter(text: str) -> None:
    request = interpret(text)
    assert request.filter == ""
    assert request.text == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("lead-free halide perovskite with a gap above 1.5 eV", "halide perovskite"),
        ("oxides with band gap between 1 and 2 eV", "oxides"),
        ("stable spinel, no rare earths", "stable spinel"),
        ("spinel with no Co and a gap above 1 eV and Fd-3m symmetry", "spinel and Fd-3m symmetry"),
        ("compounds containing Li and O", "compounds containing Li and O"),
        ("non-cubic perovskite", "perovskite"),
        ("  ternary\n nitride ", "ternary nitride"),
        ("gap above 3 eV", ANYTHING),
    ],
)
def test_the_words_that_are_left(text: str, left: str) -> None:
    assert interpret(text).text == left


def test_notes_say_how_each_phrase_was_understood() -> None:
    notes = interpret("lead-free perovskite with a gap above 3 eV").notes
    assert notes == ('lead-free: NOT elements HAS "Pb"', "with a gap above 3 eV: band_gap > 3")


@pytest.mark.parametrize(
    ("text", "use", "beside"),
    [
        ("lead-free thermoelectric oxide", "thermoelectric", "oxide"),
        ("cathode materials for sodium-ion batteries", "sodium-ion cathode", ""),
        ("Li ion battery cathode", "lithium-ion cathode", ""),
        ("superconducting nitrides", "superconductor", "nitrides"),
        ("layered oxide for lithium-ion batteries", "lithium-ion battery", "layered oxide"),
        ("hard coating nitride", "hard coating", "nitride"),
        ("magnetic semiconductor", "magnetic semiconductor", ""),
        ("antiferromagnetic oxides", "antiferromagnet", "oxides"),
        ("two dimensional semiconductors", "two-dimensional material", ""),
        ("2D ferromagnets", "two-dimensional magnet", ""),
        ("nitrides with high thermal conductivity", "good conductor of heat", "nitrides"),
        ("cubic TCOs with a gap above 3 eV", "transparent conducting oxide", "cubic"),
    ],
)
def test_a_use_is_told_by_compounds_that_serve(text: str, use: str, beside: str) -> None:
    request = interpret(text)
    (known,) = [one for one in USES if one.name == use]
    assert request.examples == known.examples
    assert request.beside == beside
    assert any(known.source in remark for remark in request.remarks)


@pytest.mark.parametrize(
    "text", ["non-superconducting oxides", "not a superconductor", "FeSe superconductor", "cathode"]
)
def test_no_use_where_none_is_asked_or_a_compound_is_named(text: str) -> None:
    assert interpret(text).examples == ()


@pytest.mark.parametrize("example", [example for use in USES for example in use.examples])
def test_examples_of_uses_are_a_composition_and_a_space_group(example: str) -> None:
    named = {mention.kind for mention in find_mentions(example)}
    assert named in ({"formula", "spacegroup"}, {"element", "spacegroup"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("high entropy alloy", "“entropy”"),
        ("lead-free halide perovskite", None),
        ("a rare-earth pnictide ceramic", None),
        ("transition metal carbides, as stable as possible", None),
        ("show me orthorhombic LiMnO2 with 8 atoms in the cell", None),
        ("thermoelectric with topological, magnetic and optical tricks", "“topological”, “magnetic”, “optical”, ..."),
    ],
)
def test_words_that_rank_nothing_are_told(text: str, words: str | None) -> None:
    told = [remark for remark in interpret(text).remarks if "hardly" in remark]
    assert [remark.partition(":")[0] for remark in told] == ([words] if words else [])


@pytest.mark.parametrize("text", ["", "   ", "\n", "x" * (MAX_LENGTH + 1), "x" * 100_000, "oxide \ud800"])
def test_questions_that_cannot_be_read(text: str) -> None:
    with pytest.raises(RequestError, match=r"the (question|text)") as caught:
        interpret(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


WORDS = (
    "no not non- without lead -free with containing only Li Mn O and or , gap above below between 1 2.5 eV meV ternary "
    "cubic rare earths alkali metal of the hull within atoms in cell oxide perovskite Fm-3m at most 3 elements İ é"
)
words = st.sampled_from(WORDS.split())


@settings(max_examples=80, deadline=None)
@given(st.text(min_size=1, max_size=80) | st.lists(words, min_size=1, max_size=14).map(" ".join))
def test_every_filter_compiles_and_words_are_left(text: str) -> None:
    if text.strip():
        request = interpret(text)
        compile_filter(request.filter)
        assert request.text.strip()


@pytest.mark.parametrize(
    "piece", ["no ", "Li, ", "with a ", "gap ", "1 ", "non-", "without Li and ", "(", "binary or "]
)
def test_long_questions_answer_soon(piece: str) -> None:
    started = time.process_time()
    interpret((piece * MAX_LENGTH)[:MAX_LENGTH])
    assert time.process_time() - started < 5


def test_a_filter_loads_nothing_heavy() -> None:
    code = (
        "import sys; from clip_mat.search.optimade import compile_filter;"
        "from clip_mat.search.request import interpret;"
        "compile_filter(interpret('lead-free oxide').filter);"
        "print(*(m for m in ('torch', 'pymatgen', 'pandas', 'fastapi', 'transformers', 'faiss') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_what_is_read_from_a_true_caption_holds_for_its_crystal(tmp_path: Path) -> None:
    """Captions that say only what is so, against their own crystals in a real store."""
    rng = random.Random(7)
    symbols = [symbol for symbol in NUMBERS if symbol not in ("D", "T")]
    known = [
        Facts(
            {symbol: rng.randint(1, 4) for symbol in sorted(rng.sample(symbols[:94], rng.randint(1, 5)))},
            spacegroup=rng.randint(1, 230),
            band_gap=rng.choice([0.0, 0.4, 2.3, 5.1]),
            energy_above_hull=rng.choice([0.0, 0.03, 0.4]),
        )
        for _ in range(300)
    ]
    with SQLiteStore.open(tmp_path / "store") as store:
        records = store.collection("materials")
        records.upsert(
            Record(
                str(row),
                metadata={
                    "elements": list(facts.elements),
                    "nelements": len(facts.elements),
                    "chemical_formula_reduced": facts.formula,
                    "crystal_system": facts.crystal_system,
                    "spacegroup": facts.spacegroup,
                    "prototypes": [],
                    "band_gap": facts.band_gap,
                    "energy_above_hull": facts.energy_above_hull,
                },
            )
            for row, facts in enumerate(known)
        )
        filtered = 0
        for row, facts in enumerate(known):
            for tier in ("any", "chemsys+system"):
                text = write_caption(facts, rng, tier).text
                if condition := interpret(text).filter:
                    filtered += 1
                    assert str(row) in records.ids(compile_filter(condition)), (text, condition)
    assert filtered > 50


@pytest.mark.parametrize(
    ("text", "condition", "words"),
    [
        # what is left out must not rank, either
        ("lead-free or tin-free perovskite", '(NOT elements HAS "Pb" OR NOT elements HAS "Sn")', "perovskite"),
        ("ideally lead-free perovskite", "", "perovskite"),
        ("a perovskite, preferably without Co", "", "a perovskite"),
        ("cheaper than platinum", "", ANYTHING),
        ("an oxide more abundant than indium", "", "an oxide"),
        ("catalyst, alternative to platinum", 'NOT elements HAS "Pt"', "catalyst"),
        ("spinel with Mn instead of cobalt", 'NOT elements HAS "Co"', "spinel with Mn"),
        ("not containing any of Pb, Cd, Hg", 'NOT elements HAS ANY "Pb","Cd","Hg"', ANYTHING),
        ("spinel with neither cobalt nor nickel", 'NOT elements HAS ANY "Co","Ni"', "spinel"),
        ("not tetragonal or cubic", 'crystal_system != "tetragonal" AND crystal_system != "cubic"', ANYTHING),
        ("oxide without heavy metals", 'NOT elements HAS ANY "Cd","Hg","Tl","Pb"', "oxide"),
        ("heavy-metal-free sulfide", 'NOT elements HAS ANY "Cd","Hg","Tl","Pb"', "sulfide"),
        ("no group 16 elements", 'NOT elements HAS ANY "O","S","Se","Te","Po"', ANYTHING),
        ("group 4 metals", 'elements HAS ANY "Ti","Zr","Hf"', "group 4 metals"),
        (
            "binary compounds of group IV elements",
            'nelements = 2 AND elements HAS ANY "C","Si","Ge","Sn","Pb"',
            "binary compounds of group IV elements",
        ),
        (
            "III-V semiconductor",
            'elements HAS ANY "B","Al","Ga","In","Tl" AND elements HAS ANY "N","P","As","Sb","Bi" AND '
            'elements HAS ONLY "B","Al","Ga","In","Tl","N","P","As","Sb","Bi"',
            "semiconductor",
        ),
        ("space group 14 elements Li and O", "", "space group 14 elements Li and O"),
        ("transition metal free oxide", f"NOT {has_any(D_BLOCK)}", "oxide"),
    ],
)
def test_what_hides_and_what_ranks(text: str, condition: str, words: str) -> None:
    request = interpret(text)
    assert (request.filter, request.text) == (condition, words)
    if condition:
        compile_filter(condition)


@pytest.mark.parametrize("text", ["no metals", "metal-free catalyst", "contains no metals"])
def test_no_metals_leaves_nonmetals_and_metalloids(text: str) -> None:
    condition = interpret(text).filter
    assert condition.startswith("NOT elements HAS ANY ")
    named = set(condition.removeprefix("NOT elements HAS ANY ").replace('"', "").split(","))
    assert {"Na", "Fe", "Pb", "U", "Al"} <= named
    assert not named & {"C", "N", "Si", "Ge", "B", "H", "Xe", "Te"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a perovksite", "“perovksite”: did you mean “perovskite”?"),
        ("titantium dioxide", "“titantium”: did you mean “titanium”?"),
        ("flouride", "“flouride”: did you mean “fluoride”?"),
    ],
)
def test_a_misspelt_name_is_asked_back(text: str, told: str) -> None:
    assert told in interpret(text).remarks
    assert not any("did you mean" in remark for remark in interpret("magnetic zeolite, perovskite").remarks)


@pytest.mark.parametrize(
    ("text", "condition", "word"),
    [
        ("direct gap above 1 eV", "band_gap > 1", "direct"),
        ("oxide with an indirect band gap of 2 eV", "band_gap >= 1.7 AND band_gap <= 2.3", "indirect"),
        ("wide direct band gap nitride", "(band_gap IS UNKNOWN OR band_gap >= 2.0)", "direct"),
    ],
)
def test_what_a_filter_takes_and_cannot_hold_is_said(text: str, condition: str, word: str) -> None:
    request = interpret(text)
    assert request.filter == condition
    assert [remark for remark in request.remarks if word in remark] == [
        f"“{word}”: not known of the compounds here, so it hides nothing and ranks nothing"
    ]
    assert not interpret(text.replace(f" {word}", "").replace(f"{word} ", "")).remarks


@pytest.mark.parametrize(
    "text",
    [
        "KCuPdSe5 and 1.04 eV gap",
        "CsNiF3 - 5.21 eV gap",
        "Cd(InO<sub>2</sub>)<sub>2</sub> 78 meV/atom above hull",
        "I-V, P6_3/mmc",
        "P-3 elements O, P, K, and Zr",
        "spacegroup 107 elements Al, Au, and Ca",
    ],
)
def test_what_belongs_to_a_formula_bounds_nothing(text: str) -> None:
    assert interpret(text).filter == ""


def test_a_symbol_before_a_comma_keeps_its_last_letter() -> None:
    assert interpret("Cu2LaO4, I4_1/a, stable, on the hull").text == "Cu2LaO4, I4_1/a, stable"


@pytest.mark.parametrize("text", ["oxides without metallic conduction", "an oxide that does not conduct like a metal"])
def test_what_does_not_conduct_is_no_metal(text: str) -> None:
    assert interpret(text).filter == "band_gap > 0.05"
