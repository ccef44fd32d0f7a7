"""What a wrong call is answered with: one line that names what is wrong and what to do, and the right exit status.

Here stands what is decided before any model runs; faults of single files, stores and models are tested where they are
read.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command import Run
from fact_encoder import FactEncoder

from clip_mat import CrystalClip

BIG = "x" * 100_000
SALT = """data_NaCl
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na 0 0 0
Cl 0.5 0.5 0.5
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], filled_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("CLIP_MAT_CACHE", str(filled_cache))
    monkeypatch.setenv("CLIP_MAT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(CrystalClip, "load", staticmethod(lambda *_, **__: FactEncoder()))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "junk.pdf").write_bytes(b"junk")
    (tmp_path / "bad.cif").write_text("nothing")
    (tmp_path / "notes.txt").write_text("Tin halide perovskites oxidise in air.")
    (tmp_path / "bad.jsonl").write_text("not JSON\n")
    (tmp_path / "file").write_text("")
    (tmp_path / "ids.txt").write_text("nobody\n")
    (tmp_path / "free.jsonl").write_text('{"id": "x", "query": "salt", "states": []}\n')
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    (tmp_path / "salt.cif").write_text(SALT)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "garbage").mkdir()
    (tmp_path / "garbage" / "store.sqlite").write_bytes(b"garbage" * 100)
    pq.write_table(pa.table({"cif": pa.array([None, None], pa.string())}), tmp_path / "empty.parquet")
    pq.write_table(pa.table({"name": ["NaCl"]}), tmp_path / "no-cif.parquet")
    return Run(capsys)


FAILURES = [  # what is called; what the one line says: the value or file, and the remedy
    ("ask What? --index absent", "absent: no papers are kept there", "clip-mat ingest PATH --index absent"),
    ("ask What? --index garbage", "garbage: its database is damaged", "clip-mat doctor --repair"),
    ("ask What? nothing", "nothing: no PDF, txt or md file there", "nothing to ask"),
    (f"ask {BIG}", "100,000 characters", "shorten it to"),
    ("passages tin -k -1", "-1", "0 or more"),
    ("references --index absent", "absent: no papers", "clip-mat ingest"),
    ("ingest nothing", "no PDF, txt or md file in nothing", ""),
    ("ingest notes.txt --index garbage", "garbage: its database is damaged", "repair"),
    ("search salt --index absent", "absent: no compounds are indexed there", "clip-mat index SOURCE --out absent"),
    ("search salt --index garbage", "garbage: its database is damaged", "repair"),
    ("search --like absent.cif", "absent.cif: no such file", ""),
    ("search --like bad.cif", "bad.cif: not a CIF: line 1: expected block header", ""),
    (f"search {BIG}", "100,000 characters", "shorten it to"),
    ("search salt --export file/out", "file/out: Not a directory", "a part of it is a file"),
    ("search salt -k -3", "-3", "at least 0"),
    ("search salt --filter elements_HAS", "elements_HAS", "<here>"),
    ("search salt --filter elements<", "cannot be read", "write it like elements HAS"),
    ("search salt --filter gap>1", "unknown property 'gap'", "band_gap"),
    ("generate -n 0", "not 0", "from 1 to 1,000"),
    ("generate --composition Xx2", "'Xx2'", "write it like LiMnO2"),
    ("generate --composition=", "''", "write it like LiMnO2"),
    ("generate --cell Na1.5Cl", "'Na1.5Cl'", "write it like"),
    ("generate --cell Na50Cl50", "100 atoms", "at most 64"),
    ("generate --composition NaCl --cell NaCl", "a composition or the content of a cell", "not both"),
    ("generate NaCl --spacegroup 231", "'231'", "from 1 to 230"),
    ("generate NaCl --spacegroup Q3", "'Q3'", "symbol like Fm-3m"),
    ("generate NaCl --crystal-system octagonal", "'octagonal'", "cubic"),
    ("generate NaCl --spacegroup 225 --crystal-system hexagonal", "Fm-3m (225) is cubic", "not hexagonal"),
    ("generate NaCl --spacegroup ²", "'²'", "from 1 to 230"),
    ("design --from-plan bad.jsonl", "bad.jsonl, line 1, column 1: no JSON", "--plan FILE"),
    ("design --from-plan binary", "binary: no text in UTF-8", "save it"),
    ("generate NaCl --index absent", "absent: no compounds", "clip-mat index"),
    ("eval qa --questions bad.jsonl", "bad.jsonl, line 1", "not JSON"),
    ("eval qa --questions file", "file: no question in it", ""),
    ("eval design --papers notes.txt --questions file", "file: no question in it", ""),
    ("eval design --papers notes.txt --questions bad.jsonl", "bad.jsonl, line 1", "question and expected"),
    ("eval qa --contexts file", "file: no context in it", "write JSON Lines"),
    ("eval retrieval --gallery salt.cif --gallery salt.cif", "'salt.cif' stands twice", "give each file once"),
    ("eval retrieval --gallery salt.cif --queries ids.txt", "'nobody' of 1 queries", "give it the file"),
    ("eval retrieval --gallery salt.cif --free free.jsonl", "free.jsonl, line 1", "filter is missing"),
    ("eval qa --papers nothing", "nothing: no PDF, txt or md file", ""),
    ("eval retrieval --gallery salt.cif --queries binary", "binary: not a text file", "UTF-8"),
    ("eval retrieval --gallery salt.cif --free binary", "binary: not a text file", "UTF-8"),
    ("eval retrieval --gallery no-cif.parquet", "no column 'cif' among name", "rename"),
    ("eval csp --requests empty.parquet --library empty.parquet", "empty.parquet: no crystal", "at most 20 atoms"),
    ("eval text --requests empty.parquet", "empty.parquet: no crystal", "at most 20 atoms"),
    ("train clip --data bad.cif --out run", "bad.cif: not a CIF", ""),
    ("train clip --data empty.parquet --out run", "empty.parquet: no crystal", "give CIFs"),
    ("train clip --data salt.cif --out run --captions binary --held-out binary", "binary: not a text file", "UTF-8"),
    ("train clip --data salt.cif --out run --captions no-cif.parquet", "no-cif.parquet: no parquet with", "prompt"),
    ("train clip --data salt.cif --out run --captions binary", "binary: no parquet with columns", "material_id"),
    ("train ranker --data empty.parquet --out run", "0 crystals", ""),
]


@pytest.mark.parametrize(("line", "wrong", "remedy"), FAILURES, ids=[line[:60] for line, _, _ in FAILURES])
def test_a_failure_is_one_line_that_says_what_is_wrong_and_what_to_do(
    run: Run, line: str, wrong: str, remedy: str
) -> None:
    assert run(*line.split()) == 1
    assert wrong in run.err
    assert remedy in run.err
    assert "Traceback" not in run.err
    assert "unexpected" not in run.err  # that is how a bug is told
    assert run.out == "" or line == "ingest nothing"  # which has its report of nothing, too
    assert len([told for told in run.err.splitlines() if told.startswith("clip-mat: ")]) <= 1


WRONG_USAGE = [
    ("", "Usage"),
    ("serach salt", "Did you mean 'search'?"),
    ("xyzzy", "No such command 'xyzzy'"),
    ("--nonsense", "No such option"),
    ("ask", "QUESTION"),
    ("ingest", "PATHS"),
    ("ingest notes.txt --index=", "the name is empty (is a variable not set?)"),
    ("ingest notes.txt --index file", "'file' is a file; name a folder"),
    ("ask What? --html nothing", "'nothing' is a folder; name a file"),
    ("ask What? --index=", "the name is empty"),
    ("passages tin -k many", "'many' is not a valid integer"),
    ("references --format ris", "'ris' is not one of 'mla', 'bibtex', 'csl-json'"),
    ("index bad.cif", "--out"),
    ("index bad.cif --out=", "the name is empty"),
    ("search", "say what to find"),
    ("search salt --like bad.cif", "give one of TEXT, --like and --queries"),
    ("search --queries absent.txt", "'absent.txt': No such file"),
    ("search --queries notes.txt --export out", "--export and --picture show one search"),
    ("search salt --picture hits.docx", "give a name that ends in .png"),
    ("search salt --format pdb", "'pdb' is not one of 'cif'"),
    ("generate --requests notes.txt NaCl", "--requests goes with"),
    ("generate --requests notes.txt --format poscar", "--requests goes with"),
    ("generate NaCl --format poscar", "--format needs --out, the folder"),
    ("search salt --format poscar", "--format needs --export, the folder"),
    ("design What? --format poscar", "--format needs --out, the folder"),
    ("design What? --plan plan.json --out made", "--plan goes without --out: it writes the plan, and makes nothing"),
    ("design What? --plan plan.json --all", "--plan goes without --all"),
    ("design What? --picture made.docx", "give a name that ends in .png"),
    ("design --from-plan notes.txt --llm local", "--from-plan goes without --llm: the answer stands in the plan"),
    ("generate NaCl --seed x", "'x' is not a valid integer"),
    ("eval xyzzy", "No such command"),
    ("eval qa --paraphrases bad.jsonl", "--paraphrases needs --contexts"),
    ("eval qa --contexts bad.jsonl --questions bad.jsonl", "--contexts goes without --questions"),
    ("eval retrieval --gallery salt.cif --map map.docx", "ends in .png or .svg or .pdf"),
    ("eval retrieval --gallery bad.cif --index out", "--index needs --search"),
    ("eval csp --requests bad.cif", "--library is needed"),
    ("eval text --requests bad.cif --limit 0", "0 is not in the range"),
    ("train clip --data absent --out run", "'absent' does not exist"),
    ("train clip --data salt.cif --out run --held-out notes.txt", "--held-out needs --captions"),
    ("train clip --data bad.cif --out run --epochs 0", "0 is not in the range"),
    ("train clip --data bad.cif --out run --minutes -1", "-1.0 is not in the range"),
    ("train diffusion --data bad.cif --out run --batch 0", "0 is not in the range"),
    ("train ranker --data bad.cif --out run --epochs 0", "0 is not in the range"),
    ("train verifier --data nothing --out run --steps -1", "-1 is not in the range"),
    ("eval verifier --data nothing --most 0", "0 is not in the range"),
    ("design --from-plan absent", "'absent' does not exist"),
    ("completion", "\n  zsh"),
    ("completion tcsh", "'bash', 'zsh', 'fish'"),
]


@pytest.mark.parametrize(("line", "words"), WRONG_USAGE, ids=[line[:60] for line, _ in WRONG_USAGE])
def test_wrong_usage_is_said_and_exits_2(run: Run, line: str, words: str) -> None:
    assert run(*line.split()) == 2
    assert words in run.err
    assert "Traceback" not in run.err
    assert run.out == ""


def test_an_empty_source_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("index", "", "--out", "mine") == 2
    assert run("ingest", "", "--index", "mine") == 2
    assert not (tmp_path / "mine").exists()


def test_requests_of_which_none_can_be_met_are_a_failure(run: Run, tmp_path: Path) -> None:
    for line in ("generate --requests bad.jsonl", "search --queries wrong.txt --filter gap>1"):
        (tmp_path / "wrong.txt").write_text("salt\n\n")
        assert run(*line.split()) == 1
        assert '"error"' in run.out
    for line, what in (("generate --requests file", "request"), ("search --queries file", "search")):
        assert run(*line.split()) == 0
        assert f"file: no {what} in it" in run.err
        assert run.out == ""


def test_an_index_without_crystals_is_told_of(run: Run) -> None:
    assert run("index", "bad.cif", "--out", "empty") == 1
    assert run("generate", "NaCl", "--index", "empty", "-n", "1") == 0
    assert "empty: no crystals in it" in run.err


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("CLIP_MAT_CACHE", "search salt"),
        ("CLIP_MAT_CACHE", "ask What?"),
        ("CLIP_MAT_DATA", "ingest notes.txt"),
    ],
)
def test_who_cannot_write_to_a_default_folder_is_told_what_moves_it(
    run: Run, name: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(tmp_path / "file" / "in-a-file"))
    assert run(*line.split()) == 1
    assert f"cannot be made: Not a directory (name a folder for it with {name})" in run.err


def test_what_was_skipped_is_listed_and_the_rest_goes_on(run: Run) -> None:
    assert run("ingest", "junk.pdf", "notes.txt", "bad.cif", "--index", "mine") == 0
    assert "is not a PDF" in run.out
    assert "not one of .pdf, .txt" in run.out
    assert "1 added" in run.out
    assert run("index", "bad.cif", "empty.parquet", "nothing", "absent", "--out", "compounds") == 1
    for reason in ("not a CIF", "no CIF in this row", "no structure files here", "no such file"):
        assert reason in " ".join(run.out.split())


def test_a_space_group_that_contradicts_the_text_is_said() -> None:
    from clip_mat.generate.request import CrystalRequest

    (remark,) = CrystalRequest.read("cubic NaCl", spacegroup=14).notes
    assert remark == "the space group given, P2_1/c, replaces that of the text, cubic"
    (remark,) = CrystalRequest.read("NaCl in Fm-3m", spacegroup=221).notes
    assert remark == "the space group given, Pm-3m, replaces that of the text, Fm-3m"
    assert CrystalRequest.read("cubic NaCl", spacegroup=225).notes == ()
    assert CrystalRequest.read("NaCl in Fm-3m", spacegroup=225).notes == ()
