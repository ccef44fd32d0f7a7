"""The index of materials: what it takes in, keeps and finds. The model is a stand-in that counts elements."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from fact_encoder import FactEncoder

from clip_mat import Crystal, CrystalError, MaterialsIndex, RequestError
from clip_mat.crystal import NUMBERS
from clip_mat.language.formulas import conventional_formula
from clip_mat.search.optimade import PROPERTIES
from clip_mat.structures import Entry, Skipped, write_crystal
from indexes import SQLiteStore

HERE = Path(__file__).parent
TESTS = HERE.parents[1]


def rock_salt(cation: str, anion: str, a: float = 5.0) -> Crystal:
    face = [(0, 0, 0), (0, 0.5, 0.5), (0.5, 0, 0.5), (0.5, 0.5, 0)]
    positions = np.array(face + [(x + 0.5, y, z) for x, y, z in face]) % 1
    return Crystal.from_symbols([cation] * 4 + [anion] * 4, positions, np.eye(3) * a)


def perovskite(a_site: str, b_site: str, anion: str, a: float = 4.0) -> Crystal:
    positions = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    return Crystal.from_symbols([a_site, b_site, *[anion] * 3], positions, np.eye(3) * a)


def entries() -> list[Entry]:
    """60 compounds; the gap is known of every second one, the energy above the hull of every third."""
    salts = [(c, a) for c, a in product(["Li", "Na", "K", "Rb", "Cs"], ["F", "Cl", "Br", "I"])]
    cubes = [(a, b, x) for a, b, x in product(["Ca", "Sr", "Ba", "Pb", "Cs"], ["Ti", "Zr"], ["O", "S", "F", "Cl"])]
    crystals = [rock_salt(*s) for s in salts] + [perovskite(*c) for c in cubes]
    found = []
    for number, crystal in enumerate(crystals):
        said: dict[str, float] = {}
        if number % 2 == 0:
            said["band_gap"] = number / 10
        if number % 3 == 0:
            said["energy_above_hull"] = (60 - number) / 500
        found.append(Entry(f"m-{number}", crystal, said))
    return found


@pytest.fixture
def clip() -> FactEncoder:
    return FactEncoder()


@pytest.fixture
def index(tmp_path: Path, clip: FactEncoder) -> Iterator[MaterialsIndex]:
    with MaterialsIndex.open(tmp_path / "index", clip) as opened:
        yield opened


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MaterialsIndex]:
    """All of `entries`, for reading."""
    with MaterialsIndex.open(tmp_path_factory.mktemp("full") / "index", FactEncoder()) as opened:
        opened.add(entries())
        yield opened


def test_a_formula_finds_its_compound(full: MaterialsIndex) -> None:
    result = full.search("BaTiO3", k=3)
    assert result[0].formula == "BaTiO3"
    assert (result[0].spacegroup, result[0].symbol) == (221, "Pm-3m")
    assert "cubic perovskite" in result[0].properties["prototypes"]
    assert [hit.rank for hit in result] == [1, 2, 3]
    assert list(result.hits) == sorted(result.hits, key=lambda hit: -hit.score)


def test_json_is_the_promised_one(full: MaterialsIndex) -> None:
    document = full.search("binary NaCl", k=1).to_dict()
    assert json.loads(json.dumps(document)) == document
    assert list(document) == ["query", "interpreted", "hits"]
    assert list(document["interpreted"]) == ["filter", "text"]
    (hit,) = document["hits"]
    assert list(hit) == ["rank", "id", "formula", "spacegroup", "score", "properties"]
    assert hit["spacegroup"] == {"number": 225, "symbol": "Fm-3m"}
    assert hit["properties"]["nelements"] == 2


def test_every_property_of_the_filter_language_is_recorded(index: MaterialsIndex) -> None:
    said = {
        "band_gap": 1.0,
        "energy_above_hull": 0.0,
        "formation_energy": -1.0,
        "label": "AB_cF8_225_a_b",
        "source": "x",
    }
    index.add(Entry("one", rock_salt("Mg", "O"), said))
    properties = index.search("MgO", k=1)[0].properties
    assert set(PROPERTIES) - {"id"} <= set(properties)
    assert properties["source"] == "x"
    assert properties["nsites"] == 8  # of the cell as it was given, as OPTIMADE has it
    assert properties["density"] == pytest.approx(4 * (24.305 + 15.999) * 1.66054 / 125, rel=1e-3)


def test_search_is_exact_and_the_same_as_brute_force(full: MaterialsIndex) -> None:
    everything, clip = entries(), FactEncoder()
    vectors = clip.encode_crystals([entry.crystal for entry in everything])
    for text in ("CaTiO3", "a chloride of Cs", "K2S"):
        scores = vectors @ clip.encode_text([text])[0]
        best = sorted(range(len(everything)), key=lambda place: (-scores[place], everything[place].id))[:7]
        result = full.search(text, 7, filter="")
        assert [hit.score for hit in result] == pytest.approx(scores[best].tolist(), abs=1e-6)
        assert {hit.id for hit in result if hit.score > scores[best[-1]] + 1e-6} <= {
            everything[place].id for place in best
        }


class Mistaken(FactEncoder):
    """Takes sodium for potassium in texts."""

    def encode_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return super().encode_text([text.replace("Na", "K") for text in texts])


def test_the_compound_that_is_named_stands_before_those_that_a_vector_takes_for_it(tmp_path: Path) -> None:
    with MaterialsIndex.open(tmp_path / "index", Mistaken()) as index:
        index.add(entries())
        result = index.search("NaCl", 3)
        assert [hit.formula for hit in result][:2] == ["NaCl", "KCl"]
        assert result[0].score < result[1].score
        assert any("NaCl: stands first" in note for note in result.notes)
        assert len({hit.id for hit in index.search("NaCl", 60)}) == len(index)
        assert index.search("NaCl", 1, filter="")[0].formula == "KCl"  # the vector alone
        for text in ("a substrate for NaCl", "not NaCl", "NaCl or NaBr", "NaCl-based"):
            assert index.search(text, 3)[0].formula != "NaCl", text


def test_a_compound_that_is_named_and_not_here_is_said_to_be_missing(full: MaterialsIndex) -> None:
    assert "MgO: no compound of this formula here" in full.search("MgO, rock salt", 3).notes
    assert not any("no compound" in note for note in full.search("NaCl, rock salt", 3).notes)
    told = full.search("lead-free PbTiO3", 3).notes
    assert "PbTiO3: no compound of this formula here meets the filter" in told


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('elements HAS "Cs"', lambda p: "Cs" in p["elements"]),
        ('nelements = 3 AND NOT elements HAS "Pb"', lambda p: p["nelements"] == 3 and "Pb" not in p["elements"]),
        ("band_gap > 3", lambda p: p.get("band_gap", 0) > 3),
        ("spacegroup = 225", lambda p: p["spacegroup"] == 225),
        ('prototypes HAS "rock salt"', lambda p: "rock salt" in p["prototypes"]),
        ('chemical_formula_reduced = "BaTiO3"', lambda p: p["chemical_formula_reduced"] == "BaO3Ti"),
    ],
)
def test_exactly_k_hits_meet_a_filter_whenever_k_do(full: MaterialsIndex, condition: str, holds: object) -> None:
    matching = [hit for hit in full.search("BaTiO3", 1000, filter="") if holds(hit.properties)]  # type: ignore[operator]
    for k in (1, len(matching) - 1, len(matching), len(matching) + 1):
        found = full.search("BaTiO3", k, filter=condition)
        assert [hit.id for hit in found] == [hit.id for hit in matching][:k]
    assert matching


def test_words_become_a_filter_that_every_hit_meets(full: MaterialsIndex) -> None:
    result = full.search("lead-free oxide perovskite with three elements", k=60)
    assert "Pb" in result.filter
    assert result.hits
    assert all("Pb" not in hit.properties["elements"] for hit in result)
    wider = full.search("lead-free oxide perovskite with three elements", k=60, filter="")
    assert wider.filter == ""
    assert wider.text == result.text
    assert any(result.filter in note for note in wider.notes)
    assert any("Pb" in hit.properties["elements"] for hit in wider)


def test_a_use_finds_what_is_like_any_compound_that_serves(index: MaterialsIndex, clip: FactEncoder) -> None:
    index.add(entries())
    result = index.search("lead-free ferroelectric", k=60)
    assert result.examples[0] == "BaTiO3 P4mm"
    assert result.to_dict()["interpreted"]["examples"] == list(result.examples)
    crystals = {id: index.get(id) for id in index.ids('NOT elements HAS "Pb"')}
    likeness = clip.encode_crystals(list(crystals.values())) @ clip.encode_text(result.examples).T
    best = dict(zip(crystals, likeness.max(1).tolist(), strict=True))
    assert {hit.id for hit in result} == set(best)
    assert [hit.score for hit in result] == pytest.approx([best[hit.id] for hit in result], abs=1e-5)
    found = [crystals[hit.id] for hit in result]
    assert [hit.score for hit in result] == pytest.approx(index.likeness("lead-free ferroelectric", found), abs=1e-5)
    assert [hit.score for hit in result] == sorted([hit.score for hit in result], reverse=True)


def test_a_filter_alone_lists_the_stable_first(full: MaterialsIndex) -> None:
    for result in (full.search("", 40, filter="nelements = 3"), full.search("with a gap above 0.5 eV", 28)):
        energies = [hit.properties.get("energy_above_hull", 9.0) for hit in result]
        assert energies == sorted(energies)
        assert energies[0] < 0.1
        assert energies[-1] == 9.0
        assert {hit.score for hit in result} == {0.0}


def test_no_match_gives_no_hits_and_says_why(full: MaterialsIndex) -> None:
    result = full.search("NaCl", filter="density > 1000")
    assert not result.hits
    assert any("density > 1000" in note for note in result.notes)
    unknown = full.search("NaCl", filter="formation_energy < 0")
    assert "formation_energy is not known of any compound here" in unknown.notes


def test_several_texts_are_searched_as_one_by_one(full: MaterialsIndex) -> None:
    texts = ["NaCl", "lead-free SrTiO3", "gap below 2 eV", "CsF", "lead-free CaTiO3"]
    single = [full.search(text, 5).to_dict() for text in texts]
    assert isinstance(full.clip, FactEncoder)
    full.clip.calls = 0
    assert [result.to_dict() for result in full.search_many(texts, 5)] == single
    assert full.clip.calls == 1


def test_an_example_finds_itself_first(full: MaterialsIndex) -> None:
    example = full.get("m-21")
    for given in (example, example.to_structure(), example.to_atoms()):
        result = full.search_by_structure(given, k=2)
        assert result[0].id == "m-21"
        assert result[0].score == pytest.approx(1.0, abs=1e-5)
    others = full.search_by_structure(example, k=2, filter='id != "m-21"')
    assert len(others) == 2
    assert "m-21" not in [hit.id for hit in others]


def test_crystals_come_back_to_the_last_bit(index: MaterialsIndex) -> None:
    rng = np.random.default_rng(0)
    crystal = Crystal(np.array([3, 25, 8]), rng.random((3, 3)), np.eye(3) * 4 + rng.random((3, 3)) / 7)
    index.add(Entry("odd", crystal))
    for name in ("numbers", "positions", "lattice"):
        assert np.array_equal(getattr(index.get("odd"), name), getattr(crystal, name))
    assert index.structure("odd").composition.reduced_formula == "LiMnO"
    with pytest.raises(RequestError, match="none-such"):
        index.get("none-such")


def test_what_is_known_is_not_encoded_again(index: MaterialsIndex, clip: FactEncoder) -> None:
    assert len(index.add(entries()).added) == 60
    clip.encoded = 0
    again = index.add(entries())
    assert (len(again.unchanged), again.added, again.updated, clip.encoded) == (60, [], [], 0)
    changed = entries()
    changed[3] = Entry("m-3", changed[3].crystal, {"band_gap": 7.5})
    changed[4] = Entry("m-4", rock_salt("Ag", "Br"))
    report = index.add(changed)
    assert sorted(report.updated) == ["m-3", "m-4"]
    assert clip.encoded == 2
    assert index.search("AgBr", 1)[0].id == "m-4"
    assert len(index) == 60


def test_one_id_for_two_crystals_keeps_both(index: MaterialsIndex) -> None:
    pair = [Entry("x", rock_salt("Na", "Cl")), Entry("x", rock_salt("K", "Br")), Entry("x", rock_salt("Na", "Cl"))]
    for _ in range(2):
        report = index.add(pair)
        assert index.ids() == ["x", "x~2"]
    assert sorted(report.unchanged) == ["x", "x", "x~2"]


def test_one_bad_crystal_stops_no_other(index: MaterialsIndex) -> None:
    class Refusing(FactEncoder):
        def encode_crystals(self, crystals: Sequence[Crystal]) -> npt.NDArray[np.float32]:
            if any(37 in crystal.numbers for crystal in crystals):
                raise CrystalError("no rubidium, please")
            vectors = super().encode_crystals(crystals)
            for vector, crystal in zip(vectors, crystals, strict=True):
                if 55 in crystal.numbers:
                    vector[:] = np.nan
            return vectors

    index.clip = Refusing()
    good = [entry for entry in entries() if not {"Cs", "Rb"} & set(entry.crystal.symbols)]
    report = index.add([*entries(), Skipped("gone", "file.cif", "no cell"), Entry("\x00", rock_salt("Na", "Cl")), 7])  # type: ignore[list-item]
    assert sorted(report.added) == sorted(entry.id for entry in good)
    reasons = {item.id: item.reason for item in report.skipped}
    assert reasons["gone"] == "no cell"
    assert "no rubidium, please" in reasons.values()
    assert len(report.skipped) == 60 - len(good) + 3
    assert len(index) == len(good)


def test_files_folders_and_bare_structures(index: MaterialsIndex, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "salt.cif").write_text(write_crystal(rock_salt("Na", "Cl"), symmetrized=False))
    (folder / "bad.cif").write_text("data_x\n_cell_length_a nan\n")
    seen: list[tuple[int, int, str]] = []
    report = index.add(folder, progress=lambda *done: seen.append(done))
    assert report.added == ["salt.cif"]
    assert [item.id for item in report.skipped] == ["bad.cif"]
    assert seen[-1][:2] == (2, 2)
    first = index.add([rock_salt("K", "Br").to_structure(), folder, tmp_path / "absent.cif"])
    assert first.added[0].startswith("KBr-")
    assert first.unchanged == ["salt.cif"]
    assert any("no such file" in item.reason for item in first.skipped)
    assert index.add(rock_salt("K", "Br").to_atoms()).unchanged == first.added[:1]
    with pytest.raises(CrystalError, match="absent"):
        index.add(tmp_path / "absent.cif")


def test_a_killed_run_keeps_what_it_finished_and_is_continued(tmp_path: Path) -> None:
    script = f"""
import sys, time
sys.path[:0] = [{str(HERE)!r}, {str(TESTS)!r}, {str(TESTS.parent)!r}]
from fact_encoder import FactEncoder
from test_materials import many
from clip_mat import MaterialsIndex
class Slow(FactEncoder):
    def encode_crystals(self, crystals):
        print(len(crystals), flush=True)
        time.sleep(0 if self.encoded < 300 else 60)
        return super().encode_crystals(crystals)
MaterialsIndex.open({str(tmp_path / "index")!r}, Slow()).add(many(700))
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    clip = FactEncoder()
    with MaterialsIndex.open(tmp_path / "index", clip) as index:
        kept = len(index)
        assert kept == 512
        report = index.add(many(700))
        assert (len(report.unchanged), len(report.added), clip.encoded) == (kept, 700 - kept, 700 - kept)
        assert len(index) == 700


def many(count: int) -> Iterator[Entry]:
    """Cheap crystals, each of one atom."""
    for number in range(count):
        crystal = Crystal(np.array([1 + number % 100]), np.zeros((1, 3)), np.eye(3) * (2 + number / count))
        yield Entry(f"n{number}", crystal, {"spacegroup": 221, "label": "A_cP1_221_a"})


@pytest.mark.parametrize(
    ("text", "k", "condition", "words"),
    [
        ("", 10, None, "empty"),
        ("  \t\n", 10, None, "empty"),
        ("", 10, "", "empty"),
        ("x" * 100_000, 10, None, "100,000 characters"),
        ("NaCl", -1, None, "-1"),
        ("NaCl", True, None, "True"),
        ("NaCl", 10, "elements HAS", "column"),
        ("NaCl", 10, 'elements HAS "Xx"', "Xx"),
        ("NaCl", 10, "no_such = 1", "no_such"),
    ],
)
def test_nonsense_is_refused_by_name(
    full: MaterialsIndex, text: str, k: int, condition: str | None, words: str
) -> None:
    with pytest.raises(RequestError) as told:
        full.search(text, k, condition)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_odd_but_sensible_searches(full: MaterialsIndex) -> None:
    assert len(full.search("NaCl", 0)) == 0
    assert len(full.search("", 0, filter="nelements = 3")) == 0
    assert len(full.search("NaCl", 10**9, filter="")) == 60
    assert full.search("塩化ナトリウム NaCl \x1b[31m\ud800").hits
    assert full.search("BaTiO₃", 1)[0].rank == 1


def test_an_empty_index_says_so(index: MaterialsIndex) -> None:
    result = index.search("NaCl")
    assert not result.hits
    assert "is empty" in result.notes[-1]
    assert not index.search_by_structure(rock_salt("Na", "Cl")).hits


def test_missing_and_foreign_indexes_are_refused(tmp_path: Path, clip: FactEncoder) -> None:
    with pytest.raises(RequestError, match="absent"):
        MaterialsIndex.open(tmp_path / "absent", clip, create=False)
    assert not (tmp_path / "absent").exists()
    MaterialsIndex.open(tmp_path / "index", clip).close()
    for other in (FactEncoder("0" * 64), FactEncoder(dimension=200)):
        with pytest.raises(RequestError, match="fact-encoder"):
            MaterialsIndex.open(tmp_path / "index", other)
    with SQLiteStore.open(tmp_path / "papers") as store:
        store.collection("papers")
    for read_only in (True, False):
        with pytest.raises(RequestError, match=r"no compounds \(but papers\)"):
            MaterialsIndex.open(tmp_path / "papers", clip, create=False, read_only=read_only)


def test_a_reader_looks_on(index: MaterialsIndex, tmp_path: Path, clip: FactEncoder) -> None:
    with MaterialsIndex.open(tmp_path / "index", clip, read_only=True) as reader:
        index.add(many(3))
        assert len(reader.search("HHe", 5)) == 3
        with pytest.raises(RequestError, match="reading only"):
            reader.add(rock_salt("Ag", "Cl"))


@pytest.fixture(scope="module")
def made_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache in which the bundled prototypes are indexed."""
    cache = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLIP_MAT_CACHE", str(cache))
        MaterialsIndex.open(clip=FactEncoder()).close()
    return cache


@pytest.fixture
def cache(made_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made_cache, tmp_path / "cache")
    monkeypatch.setenv("CLIP_MAT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_prototypes_are_there_from_the_start(cache: Path, clip: FactEncoder) -> None:
    with MaterialsIndex.open(clip=clip) as index:
        assert len(index) == 288
        salt = index.search("", 1, filter='id = "aflow:NaCl_cF8_225"')[0]
        assert (salt.formula, salt.spacegroup, salt.properties["prototypes"]) == ("NaCl", 225, ["rock salt"])
        assert salt.properties["strukturbericht"] == "B1"
        assert "aflow:CaTiO3_cP5_221" in index.ids('prototypes HAS "perovskite"')
        assert len(index.ids("prototypes LENGTH >= 1")) > 180
    assert clip.encoded == 0


def test_prototypes_are_indexed_anew_for_another_model_and_after_damage(cache: Path, clip: FactEncoder) -> None:
    other = FactEncoder("0" * 64)
    MaterialsIndex.open(clip=other).close()
    assert other.encoded == 288
    database = next(path for path in cache.rglob("store.sqlite") if "ffff" in str(path))
    content = bytearray(database.read_bytes())
    content[len(content) // 2] ^= 1
    database.write_bytes(content)
    with MaterialsIndex.open(clip=clip) as index:
        assert len(index) == clip.encoded == 288


FORMULAS = (
    "LiMnO2 PbTiO3 BiFeO3 CuFeO2 LaMnO3 LiFePO4 CsPbBr3 MgAl2O4 Cu2ZnSnS4 Mg2SiO4 GaAs SiC TiNiSn Ti2AlC NH3 CH4 H2O "
    "HCl KH2PO4 NaHCO3 NaBH4 CaCO3 CuInSe2 Li7La3Zr2O12 XeF2"
)


@pytest.mark.parametrize("formula", FORMULAS.split())
def test_formulas_are_written_as_chemists_do(formula: str) -> None:
    counts = {symbol: int(count or 1) * 2 for symbol, count in sorted(re.findall(r"([A-Z][a-z]?)(\d*)", formula))}
    assert conventional_formula(counts) == formula


def test_every_element_has_a_place_in_a_formula() -> None:
    everything = Counter(dict.fromkeys(NUMBERS, 1))
    assert len(conventional_formula(everything)) == sum(map(len, NUMBERS))
    metals = Counter({symbol: 1 for symbol in NUMBERS if symbol not in "OFSClSeBrTeI"})
    assert conventional_formula(metals)


def test_notebooks_show_a_table_and_nothing_acts_in_it(index: MaterialsIndex) -> None:
    index.add(Entry("<b>x</b>", perovskite("Ca", "Ti", "O")))
    shown = index.search("CaTiO3 <script>")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;b&gt;x" in shown
    assert "CaTiO<sub>3</sub>" in shown
    first, second = str(index.search("CaTiO3")).splitlines()
    assert first.startswith("#  id")
    assert "CaTiO3   Pm-3m (221)" in second


def test_ranking_by_any_vectors_is_exact(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(700, 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)

    class Random(FactEncoder):
        def encode_crystals(self, crystals: Sequence[Crystal]) -> npt.NDArray[np.float32]:
            start = self.encoded
            self.encoded += len(crystals)
            return vectors[start : self.encoded]

        def encode_text(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
            return np.stack([vectors[int(text.split()[-1])] for text in texts])

    with MaterialsIndex.open(tmp_path / "index", Random(dimension=64)) as index:
        index.add(many(700))
        numbers = range(0, 700, 50)
        for number, result in zip(numbers, index.search_many([f"vector {n}" for n in numbers], 10, ""), strict=True):
            best = np.argsort(-(vectors @ vectors[number]))[:10]
            assert [hit.id for hit in result] == [f"n{place}" for place in best]
            assert [hit.score for hit in result] == pytest.approx((vectors @ vectors[number])[best], abs=1e-6)
