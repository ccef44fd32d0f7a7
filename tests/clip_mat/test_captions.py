"""Captions are held to the facts by reading them again, with patterns of this file's own."""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import reduce
from math import gcd
from statistics import median
from typing import get_args

import pytest

from clip_mat.facts import CRYSTAL_SYSTEMS, Facts
from clip_mat.language import captions
from clip_mat.language.captions import Caption, Tier, write_caption
from clip_mat.language.formulas import chemists_order, vary_formula
from clip_mat.language.names import ELEMENT_NAMES
from clip_mat.language.phrases import spellings_of_group

# fmt: off
RESERVED = (
    "chalcogenide", "pnictide", "actinide", "lanthanide", "rare earth", "noble metal", "precious metal", "radioactive",
    "ceramic", "dielectric", "alkali", "salt-like", "photovoltaic", "thermoelectric",
)
# fmt: on
EXAMPLES = (
    Facts({"Li": 1, "Mn": 1, "O": 2}, 59, (), 0.7, 0.0312, -2.0),
    Facts({"Cl": 1, "Na": 1}, 225, ("rock salt",), 5.003, 0.0, -2.1),
    Facts({"Ca": 1, "O": 3, "Ti": 1}, 221, ("cubic perovskite", "perovskite"), 1.847, 0.0642, -3.3),
    Facts({"Al": 1, "Cu": 2, "Mn": 1}, 225, ("Heusler",), 0.0, 0.0007, -0.2),
    Facts({"H": 2, "Mg": 1, "O": 2}, 164, (), 3.61, 0.0, -1.9),
    Facts({"Cu": 1}, 225, ("face-centred cubic",), 0.0, 0.0, 0.0),
    Facts({"Al": 2, "O": 12, "S": 3}, 148, (), 5.6, 0.0, -2.5),
    Facts({"C": 1, "Cl": 3, "F": 2, "Nd": 4, "O": 7, "U": 1}, 2, (), None, 0.2514, None),
    Facts({"Bi": 2, "Te": 3}, 166, ("tetradymite",), 0.3, 0.0, -0.3),
    Facts({"S": 2, "Sn": 1}),
)


def invent(rng: random.Random) -> Facts:
    """Facts of no crystal: the captions must be true of whatever they are given."""
    symbols = sorted(rng.sample([*ELEMENT_NAMES][:94], rng.choice((1, 2, 2, 3, 3, 3, 4, 4, 5, 6))))
    counts = [rng.choice((1, 1, 2, 3, 4, 6, 7, 12)) for _ in symbols]
    divisor = reduce(gcd, counts)
    known = dict(zip(symbols, (count // divisor for count in counts), strict=True))
    return Facts(
        known,
        rng.randint(1, 230) if rng.random() < 0.9 else None,
        rng.choice(((), (), ("rock salt",), ("Laves C14", "Laves"), ("wurtzite",), ("hexagonal perovskite",))),
        rng.choice((None, 0.0, 0.0499, 0.05, 0.9996, rng.uniform(0.06, 7))),
        rng.choice((None, 0.0, 0.00099, 0.0014, 0.0999, rng.uniform(0, 0.4))),
    )


@pytest.fixture(scope="module")
def written() -> list[tuple[Facts, Caption]]:
    """Thousands of captions of every tier, without typing mistakes."""
    rng = random.Random(11)
    crystals = [*EXAMPLES, *(invent(rng) for _ in range(1500))]
    tiers = get_args(Tier)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(captions, "_TYPOS", 0.0)
        return [(facts, write_caption(facts, rng, rng.choice(tiers))) for facts in crystals for _ in range(4)]


def stated(caption: Caption, kind: str) -> set[str | int]:
    return {value for found, value in caption.states if found == kind}


def test_a_caption_states_only_what_is_true(written: list[tuple[Facts, Caption]]) -> None:
    for facts, caption in written:
        assert caption.states
        assert caption.states <= facts.keys, caption


def test_crystal_systems_in_the_text_are_those_stated(written: list[tuple[Facts, Caption]]) -> None:
    for _, caption in written:
        words = caption.text.lower().replace("rhombohedral", "trigonal")
        assert {system for system in CRYSTAL_SYSTEMS if system in words} == stated(caption, "crystal_system"), caption


def test_energies_in_the_text_are_those_of_the_crystal(written: list[tuple[Facts, Caption]]) -> None:
    seen = 0
    for facts, caption in written:
        for number, unit in re.findall(r"([\d.]+) ?(meV/atom|eV/atom|eV)", caption.text):
            if unit == "eV" and not re.search(rf"(?:above|over|exceeds|>) {number} eV", caption.text):
                assert facts.band_gap is not None
                assert float(number) == pytest.approx(facts.band_gap, abs=0.0501)
            elif unit == "eV":
                assert facts.band_gap is not None
                assert facts.band_gap >= float(number)
            else:
                assert facts.energy_above_hull is not None
                scale = 1000 if unit == "meV/atom" else 1
                assert float(number) / scale == pytest.approx(facts.energy_above_hull, abs=0.00051)
            seen += 1
    assert seen > 100


def test_space_groups_in_the_text_are_those_of_the_crystal(written: list[tuple[Facts, Caption]]) -> None:
    seen = 0
    for facts, caption in written:
        for number in re.findall(
            r"(?:no\.|number|SG|sg|spg|[Ss]pace ?group) ?[#=]?(\d+)(?![\w/_̅-]|\.\d| m?eV)", caption.text
        ):
            assert int(number) == facts.spacegroup, caption
            seen += 1
        if stated(caption, "spacegroup"):
            assert facts.spacegroup is not None
            shown = [*spellings_of_group(facts.spacegroup), str(facts.spacegroup)]
            assert any(spelling.lower() in caption.text.lower() for spelling in shown), caption
    assert seen > 100


def test_elements_by_name_are_the_crystals_own(written: list[tuple[Facts, Caption]]) -> None:
    names = {name: symbol for symbol, spellings in ELEMENT_NAMES.items() for name in spellings}
    for facts, caption in written:
        if stated(caption, "prototype"):
            continue  # "sodium chloride structure" speaks of another compound
        words = [word.lower() for word in re.findall(r"\b[A-Z]?[a-z]{2,}\b", caption.text)]  # not the TiN of TiN2
        found = {names[word] for word in words if word in names}
        assert found <= set(facts.elements), caption
        for symbol in stated(caption, "element"):
            spelled = any(name in caption.text.lower() for name in ELEMENT_NAMES[str(symbol)])
            assert spelled or re.search(rf"{symbol}(?![a-z])", caption.text), caption


@pytest.mark.parametrize(
    ("tier", "kinds"),
    [
        ("formula+system", {"formula", "crystal_system"}),
        ("formula+spacegroup", {"formula", "spacegroup"}),
        ("anonymous+spacegroup", {"anonymous", "spacegroup"}),
        ("chemsys+system", {"chemical_system", "crystal_system"}),
    ],
)
def test_a_tier_states_its_kinds_and_no_other(tier: Tier, kinds: set[str]) -> None:
    rng = random.Random(5)
    for _ in range(300):
        facts = invent(rng)
        if facts.spacegroup is None:
            continue
        found = {kind for kind, _ in write_caption(facts, rng, tier).states}
        allowed = kinds | {"element"} if tier == "anonymous+spacegroup" else kinds  # ABO3 speaks of oxygen
        assert kinds <= found <= allowed


def test_a_structure_type_is_asked_for_by_its_name() -> None:
    facts = Facts({"Cl": 1, "Na": 1}, 225, ("rock salt",))
    for seed in range(50):
        assert ("prototype", "rock salt") in write_caption(facts, random.Random(seed), "prototype").states


def test_full_captions_say_formula_or_elements_and_space_group() -> None:
    rng = random.Random(6)
    for _ in range(100):
        found = {kind for kind, _ in write_caption(EXAMPLES[2], rng, "full").states}
        assert "spacegroup" in found
        assert found & {"formula", "chemical_system"}


def test_what_is_not_known_is_not_stated() -> None:
    rng = random.Random(7)
    facts = Facts({"S": 2, "Sn": 1})
    kinds = {kind for _ in range(500) for kind, _ in write_caption(facts, rng).states}
    assert kinds <= {"formula", "anonymous", "chemical_system", "nelements", "element", "family"}


def test_words_kept_for_the_evaluation_never_occur() -> None:
    rng = random.Random(8)
    for _ in range(4000):
        text = write_caption(invent(rng) if rng.random() < 0.5 else rng.choice(EXAMPLES), rng).text.lower()
        for word in RESERVED:
            assert word not in text
            assert word.replace(" ", "-") not in text


def test_the_words_themselves_hold_no_reserved_one() -> None:
    from importlib.resources import files

    package = files("clip_mat.language")
    for name in ("wordings.py", "prototypes.json"):
        rows = package.joinpath(name).read_text("utf-8").lower()
        # how AFLOW calls a type is read and never said
        rows = re.sub(r'"aflow": \[.*?\]', "", rows)
        assert not [word for word in RESERVED if word in rows]


def test_the_same_seed_gives_the_same_captions() -> None:
    def some(seed: int) -> list[Caption]:
        rng = random.Random(seed)
        return [write_caption(facts, rng) for facts in EXAMPLES for _ in range(20)]

    assert some(3) == some(3)
    assert some(3) != some(4)


def test_captions_of_one_crystal_differ() -> None:
    for facts in EXAMPLES[:5]:
        rng = random.Random(9)
        assert len({write_caption(facts, rng).text for _ in range(100)}) > 95


def test_the_mix_of_captions() -> None:
    rng = random.Random(10)
    crystals = [*EXAMPLES[:5], EXAMPLES[6]]
    written = [write_caption(rng.choice(crystals), rng) for _ in range(4000)]
    kinds = Counter(kind for caption in written for kind in {kind for kind, _ in caption.states})
    share = {kind: number / len(written) for kind, number in kinds.items()}
    assert 0.25 < share["formula"] < 0.40
    assert 0.12 < share["anonymous"] < 0.22
    assert 0.15 < share["chemical_system"] < 0.35
    assert 5 <= median(len(caption.text.split()) for caption in written) <= 10


def test_every_way_to_write_a_formula_is_the_same_composition() -> None:
    rng = random.Random(12)
    ways = set()
    for facts in EXAMPLES:
        for _ in range(200):
            text = vary_formula(facts.counts, rng)
            ways.add(text)
            counts = _count(text)
            divisor = reduce(gcd, counts.values())
            assert {symbol: counts[symbol] // divisor for symbol in sorted(counts)} == dict(facts.counts), text
    assert {"LiMnO2", "LiMnO₂", "Li Mn O2", "NaCl", "ClNa", "Mg(OH)2", "Al2(SO4)3"} <= ways


def _count(text: str) -> Counter[str]:
    plain = re.sub(r"[ $_{}]|</?sub>", "", text.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")))
    flat = re.sub(r"\((.*?)\)(\d+)", lambda match: match[1] * int(match[2]), plain)
    counts: Counter[str] = Counter()
    for symbol, count in re.findall(r"([A-Z][a-z]?)(\d*)", flat):
        counts[symbol] += int(count or 1)
    return counts


def test_chemists_write_the_metal_first() -> None:
    assert chemists_order(["O", "Mn", "Li"]) == ["Li", "Mn", "O"]
    assert chemists_order(["As", "Ga"]) == ["Ga", "As"]
    assert chemists_order(["H", "N"]) == ["N", "H"]
    assert chemists_order(["Fe", "Cu", "O"]) == ["Cu", "Fe", "O"]
    assert sorted(chemists_order(list(ELEMENT_NAMES))) == sorted(ELEMENT_NAMES)


def test_a_slip_changes_one_plain_word_and_no_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captions, "_TYPOS", 1.0)
    rng = random.Random(13)
    with_slips = [write_caption(EXAMPLES[0], rng, "formula+system").text for _ in range(200)]
    spelled = [text for text in with_slips if "orthorhombic" in text.lower()]
    assert 20 < len(spelled) < 180
