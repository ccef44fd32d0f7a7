"""The verifier as a whole, and the files of its weights."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file

from clip_mat.errors import WeightsError
from rag.verify import Verdict, Verifier, contradicts
from rag.verify.entailment import WEIGHTS, EntailmentConfig, EntailmentJudge
from rag.verify.similarity import SimilarityJudge

PASSAGE = (
    "We grew films of CsPbI3 by spin coating. The band gap of the films increases from 1.4 to 1.73 eV on annealing. "
    "Without an additive the black phase is not stable above 60 °C. Iodine vacancies act as donors."
)


class AlwaysSure:
    """A learned part that believes everything: what is refused, the rules refuse."""

    threshold = 0.5
    disagreement = 0.5

    def judge(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        return np.tile(np.array([0.9, 0.05, 0.05], np.float32), (len(pairs), 1))


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier.load()


def test_nothing_supports_a_claim_without_evidence(verifier: Verifier) -> None:
    for evidence in ([], [""], ["   "]):
        (verdict,) = verifier.check([("The gap is 1.6 eV.", evidence)])
        assert not verdict.supported
        assert verdict.reasons == ("entailment",) or "number" in verdict.reasons
    assert verifier.check([]) == []


def test_a_whole_sentence_is_supported_as_it_stands(verifier: Verifier) -> None:
    for claim in (
        "Iodine vacancies act as donors.",
        "The band gap of the films increases from 1.4 to 1.73 eV on annealing",
        PASSAGE[: PASSAGE.index(" Without")],
    ):
        (verdict,) = verifier.check([(claim, [PASSAGE])])
        assert verdict.supported, (claim, verdict)


def test_a_part_of_a_denied_sentence_is_no_quote(verifier: Verifier) -> None:
    (verdict,) = verifier.check([("The black phase is stable above 60 °C.", [PASSAGE])])
    assert not verdict.supported
    assert "negation" in verdict.reasons


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ("The band gap increases to 1.83 eV on annealing.", "number"),
        ("The band gap increases to 1.73 meV on annealing.", "unit"),
        ("The band gap of CsPbBr3 increases on annealing.", "formula"),
        ("The band gap of the films decreases on annealing.", "direction"),
        ("Iodine vacancies do not act as donors.", "negation"),
        ("In Raman spectra iodine vacancies are seen to act, so that iodine vacancies act as donors.", "name"),
    ],
)
def test_rules_refuse_what_the_learned_part_believes(claim: str, reason: str) -> None:
    (verdict,) = Verifier(AlwaysSure()).check([(claim, [PASSAGE])])
    assert not verdict.supported
    assert verdict.score == 0.0
    assert reason in verdict.reasons
    assert len(verdict.reasons) == len(verdict.details)


def test_a_foreign_sentence_is_not_supported(verifier: Verifier) -> None:
    claims = ["Polymers are recycled by heating them in water.", "Graph networks predict the energies of molecules."]
    assert not any(verdict.supported for verdict in verifier.check([(claim, [PASSAGE]) for claim in claims]))


def test_evidence_is_taken_together() -> None:
    claim = "Films of CsPbI3, whose gap is 1.73 eV, were grown by spin coating."
    one, two = "Films of CsPbI3 were grown by spin coating.", "Their gap is 1.73 eV."
    assert Verifier(AlwaysSure()).check([(claim, [one])])[0].reasons == ("number",)
    assert Verifier(AlwaysSure()).check([(claim, [one, two])])[0].supported


def test_the_order_of_the_pairs_does_not_matter(verifier: Verifier) -> None:
    pairs = [(claim, [PASSAGE]) for claim in ("Vacancies are donors.", "A cat.", "The films are annealed in 1.73 eV.")]
    forth, back = verifier.check(pairs), verifier.check(pairs[::-1])
    for one, other in zip(forth, back[::-1], strict=True):
        assert one.supported == other.supported
        assert one.score == pytest.approx(other.score, abs=2e-2)  # bfloat16 in batches of another make


def test_what_is_no_sentence_is_refused_at_once(verifier: Verifier) -> None:
    long = "The gap of TiO2 is 1.6 eV and more. " * 3000
    started = time.process_time()
    verdicts = verifier.check([(long, [long]), ("1 " * 900, ["1 2 " * 20_000]), ("(" * 1000, [")" * 20_000])])
    assert not any(verdict.supported for verdict in verdicts)
    assert contradicts(long, long) is None
    assert time.process_time() - started < 10


def test_a_verdict_is_json(verifier: Verifier) -> None:
    (verdict,) = verifier.check([("The band gap decreases.", [PASSAGE])])
    assert isinstance(verdict, Verdict)
    assert json.loads(json.dumps(verdict.to_dict()))["supported"] is False


def test_sentences_that_disagree_do_and_others_do_not() -> None:
    assert (contradicts("The gap of TiO2 increases with strain.", "The gap of TiO2 decreases with strain.") or 0) > 0.5
    assert (contradicts("The gap of TiO2 is 3.2 eV.", "The gap of TiO2 is 3.0 eV.") or 0) > 0.5
    same = contradicts("The gap of TiO2 increases with strain.", "With strain the gap of TiO2 rises.")
    assert same is not None
    assert same < 0.5
    assert contradicts("The gap of TiO2 is 3.2 eV.", "Polymers are soft.") is None


def test_which_sentence_comes_first_does_not_matter() -> None:
    one, other = "Doping lowers the gap of the oxide.", "The gap of the oxide is raised by doping."
    assert contradicts(one, other) == pytest.approx(contradicts(other, one) or -1, abs=1e-3)


def test_a_batch_is_judged_at_once(verifier: Verifier) -> None:
    pairs = [(f"The band gap of film {n} increases on annealing in dry air.", [PASSAGE]) for n in range(64)]
    verifier.check(pairs[:2])
    started = time.process_time()
    verifier.check(pairs)
    assert time.process_time() - started < 6.0  # 1.5 s on an idle core


def test_likeness_is_measured_for_comparison() -> None:
    judge = SimilarityJudge(words=1.0)
    same, half = judge.judge([("The gap is wide.", "The gap is wide."), ("The gap is wide.", "A gap opens.")])[:, 0]
    assert same == pytest.approx(1.0)
    assert half == pytest.approx(0.5)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WEIGHTS, tmp_path / "weights"))


def test_the_shipped_weights_are_small_and_have_a_card() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < 15e6
    card = (WEIGHTS / "README.md").read_text(encoding="utf-8")
    assert "CC-BY" in card
    assert "No claim of SciFact was used" in card


def test_truncated_weights_are_refused(copied: Path) -> None:
    path = copied / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        EntailmentJudge.load(copied)


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"config\.json"):
        Verifier.load(tmp_path)


@pytest.mark.parametrize("change", ["missing", "shape", "nan", "unknown"])
def test_tensors_that_do_not_fit_are_refused(copied: Path, change: str) -> None:
    tensors = load_file(copied / "model.safetensors")
    name = "head.1.weight"
    if change == "missing":
        del tensors[name]
    elif change == "shape":
        tensors[name] = tensors[name][:-1].copy()
    elif change == "nan":
        tensors[name][0, 0] = np.nan
    else:
        tensors["extra"] = np.zeros(1, np.float16)
    save_file(tensors, copied / "model.safetensors")
    with pytest.raises(WeightsError, match="extra" if change == "unknown" else r"head\.1\.weight"):
        EntailmentJudge.load(copied)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"threshold": 1.5},
        {"threshold": "0.5"},
        {"width": 130},
        {"layers": 10**6},
        {"depth": 99},
        {"surplus": 1},
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(copied: Path, change: dict[str, object]) -> None:
    path = copied / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **change}), encoding="utf-8")
    with pytest.raises(WeightsError):
        EntailmentJudge.load(copied)


def test_a_configuration_is_read_as_written() -> None:
    config = EntailmentConfig(threshold=0.25, disagreement=0.75)
    assert EntailmentConfig.parse(json.loads(json.dumps(asdict(config)))) == config


def test_a_configuration_that_is_no_json_is_refused(copied: Path) -> None:
    (copied / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"config\.json is no JSON"):
        EntailmentJudge.load(copied)
