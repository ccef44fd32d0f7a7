"""How well sentences are verified: falsehoods seen, true sentences let pass, and claims of another field judged.

What is measured on papers uses documents that nothing was learned from and nothing was chosen on. Every system keeps
its own threshold; those of the baselines are set, as the verifier's, on the validation documents.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.errors import LibraryError
from rag.evaluation.measures import RESAMPLES, Estimate, bootstrap
from rag.verify.corruptions import CONTRADICTIONS
from rag.verify.lessons import Source, Split
from rag.verify.rewriting import rewrite
from rag.verify.similarity import SimilarityJudge
from rag.verify.verifier import Judge, Verifier, against, support_scores
from rag.verify.windows import best_windows, split_sentences

CLAIMS = "scholarqabench_scifact_test.jsonl"
FALSE_ALARMS = 0.05
"""At which share of true, rewritten sentences refused the baselines are compared."""

DISAGREEING = ("number", "negation", "direction")
"""Kinds of falsehood on which two sentences can be seen to disagree."""

Floats = npt.NDArray[np.float64]
System = Callable[[Sequence["Case"]], tuple[Floats, npt.NDArray[np.bool_]]]
"""Cases to scores of support, and whether each is held to be supported."""


@dataclass(frozen=True, slots=True)
class Case:
    """A claim with its evidence, and whether that supports it.

    Attributes:
        claim: One sentence.
        evidence: Passages.
        supported: The truth.
    """

    claim: str
    evidence: tuple[str, ...]
    supported: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One list of cases measured with one system.

    Attributes:
        system: Its name.
        cases: Name of the list.
        right: Share judged right: false claims refused, true ones let pass; or balanced accuracy.
        auc: Area under the ROC curve, where the list has both kinds.
    """

    system: str
    cases: str
    right: Estimate
    auc: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def falsehoods(sources: Sequence[Source], most: int, seed: int = 0) -> dict[str, list[Case]]:
    """Sentences made false in one place, by kind, each with the passage that it was taken from.

    Every other one is also said in other words.

    Args:
        sources: Documents; answers of people are left out, as are their passages.
        most: Cases of a kind.
        seed: Decides all that is drawn.
    """
    cases: dict[str, list[Case]] = {kind: [] for kind in CONTRADICTIONS}
    for kind, make in CONTRADICTIONS.items():
        rng = random.Random(f"{seed}{kind}")
        for sentence, passage in _sentences(sources, rng):
            if len(cases[kind]) == most:
                break
            said = rewrite(sentence, rng, 3)[0] if len(cases[kind]) % 2 else sentence
            changed = make(said, rng)
            if changed is not None and changed not in (said, sentence):
                cases[kind].append(Case(changed, (passage,), False))
    return cases


def truths(sources: Sequence[Source], most: int, seed: int = 0) -> dict[str, list[Case]]:
    """True sentences: as they stand, in other words, answers to questions, and what experts wrote with a citation."""
    rng = random.Random(f"{seed}true")
    found: dict[str, list[Case]] = {"as it stands": [], "in other words": []}
    for sentence, passage in _sentences(sources, rng):
        if len(found["in other words"]) == most:
            break
        if len(found["as it stands"]) < most:
            found["as it stands"].append(Case(sentence, (passage,), True))
        said, how = rewrite(sentence, rng, 4)
        if how:
            found["in other words"].append(Case(said, (passage,), True))
    for name, collection in (("answer to a question", "questions"), ("expert's sentence", "answers")):
        said_of = [claim for source in sources if source.collection == collection for claim in source.claims]
        found[name] = [Case(claim, evidence, True) for claim, evidence in said_of[:most]]
    return found


def _sentences(sources: Sequence[Source], rng: random.Random) -> list[tuple[str, str]]:
    """Every sentence of the papers and the contexts with its passage, shuffled."""
    found = [
        (sentence, " ".join(passage))
        for source in sources
        if source.collection != "answers"
        for passage in source.passages
        for sentence in passage
    ]
    rng.shuffle(found)
    return found


def sentence_pairs(sources: Sequence[Source], most: int, seed: int = 0) -> dict[str, list[tuple[str, str]]]:
    """Pairs of single sentences: of a sentence and itself made false, in other words, or the next of its passage.

    Args:
        sources: Documents.
        most: Pairs of a kind.
        seed: Decides all that is drawn.
    """
    rng = random.Random(f"{seed}pairs")
    found: dict[str, list[tuple[str, str]]] = {kind: [] for kind in (*DISAGREEING, "other words", "next sentence")}
    for sentence, passage in _sentences(sources, rng):
        said, how = rewrite(sentence, rng, 3)
        behind = split_sentences(passage.partition(sentence)[2])
        made = {kind: CONTRADICTIONS[kind](said, rng) for kind in DISAGREEING}
        made |= {"other words": said if how else None, "next sentence": behind[0] if behind else None}
        for kind, other in made.items():
            if (
                other is not None
                and other not in (sentence, said if kind in DISAGREEING else "")
                and len(found[kind]) < most
            ):
                found[kind].append((sentence, other))
    return found


def read_claims(path: Path) -> list[Case]:
    """Claims of SciFact with their gold abstracts, as ScholarQABench has them.

    Raises:
        LibraryError: If a row is not as expected.
    """
    cases = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
                texts = tuple(str(passage["text"]) for passage in row["gold_ctx"])
                cases.append(Case(str(row["input"]), texts, {"true": True, "false": False}[row["answer"]]))
            except (ValueError, KeyError, TypeError) as error:
                raise LibraryError(f"{path.name}: line {number} is no claim with its abstract ({error!r})") from error
    return cases


def read_written(path: Path, sources: Sequence[Source]) -> dict[str, list[Case]]:
    """True and false claims that were written by hand about sentences of documents, each with its passage.

    Args:
        path: JSON Lines of file, sentence, true and false.
        sources: Documents; what is about others is left out.

    Raises:
        LibraryError: If a row is not as expected.
    """
    passages = {
        (source.name, sentence): " ".join(passage)
        for source in sources
        for passage in source.passages
        for sentence in passage
    }
    cases: dict[str, list[Case]] = {"by hand, true": [], "by hand, false": []}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            passage = passages.get((row["file"], row["sentence"]))
            claims = str(row["true"]), str(row["false"])
        except (ValueError, KeyError, TypeError) as error:
            raise LibraryError(f"{path.name}: line {number} is no pair of claims ({error!r})") from error
        if passage is not None:
            for name, claim in zip(cases, claims, strict=True):
                cases[name].append(Case(claim, (passage,), name.endswith("true")))
    return cases


def measure(
    verifier: Verifier,
    split: Split,
    claims: Sequence[Case],
    *,
    written: Mapping[str, Sequence[Case]] = MappingProxyType({}),
    most: int = 200,
    seed: int = 0,
) -> list[Row]:
    """Everything, with the verifier and with what it is compared to.

    Args:
        verifier: To measure.
        split: Documents.
        claims: Of another field, with their abstracts; may be empty.
        written: More cases, by the name of their list.
        most: Cases of a list.
        seed: Of what is drawn, and of the bootstrap.
    """
    wrong, right = falsehoods(split.test, most, seed), truths(split.test, most, seed)
    tuning = truths(split.validation, most, seed + 1)["in other words"]
    rows = []
    for name, system in _systems(verifier, tuning).items():
        for kind, cases in {**wrong, **right, **written}.items():
            if cases:
                held = system(cases)[1]
                hits = [float(one == case.supported) for one, case in zip(held, cases, strict=True)]
                rows.append(Row(name, kind, bootstrap(hits, seed=seed)))
        if claims:
            scores, held = system(claims)
            truth = np.array([case.supported for case in claims])
            rows.append(Row(name, "SciFact", balanced_accuracy(truth, held, seed=seed), auc(truth, scores)))
    for kind, pairs in sentence_pairs(split.test, most, seed).items():
        said = [(verifier.contradicts(a, b) or 0.0) >= 0.5 for a, b in pairs]
        if pairs:
            hits = [float(one == (kind in DISAGREEING)) for one in said]
            rows.append(Row("verifier", f"two sentences, {kind}", bootstrap(hits, seed=seed)))
    return rows


def _systems(verifier: Verifier, tuning: Sequence[Case]) -> dict[str, System]:
    cosine, words = SimilarityJudge(words=0.0), SimilarityJudge(words=1.0)
    return {
        "verifier": partial(_by_verifier, verifier),
        "rules alone": _by_rules,
        "cosine alone": partial(_by_judge, cosine, _threshold(cosine, tuning)),
        "shared words alone": partial(_by_judge, words, _threshold(words, tuning)),
    }


def _by_verifier(verifier: Verifier, cases: Sequence[Case]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    verdicts = verifier.check([(case.claim, case.evidence) for case in cases])
    return np.array([v.score for v in verdicts]), np.array([v.supported for v in verdicts])


def _by_rules(cases: Sequence[Case]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    found = [against(case.claim, case.evidence, best_windows(case.claim, case.evidence, 2)) for case in cases]
    held = np.array([not findings for findings in found])
    return held.astype(np.float64), held


def _by_judge(judge: Judge, threshold: float, cases: Sequence[Case]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    scores = _scores(judge, cases)
    return scores, scores >= threshold


def _scores(judge: Judge, cases: Sequence[Case]) -> Floats:
    windows = [best_windows(case.claim, case.evidence, 2) for case in cases]
    asked = [(case.claim, w.text) for case, found in zip(cases, windows, strict=True) for w in found]
    chances = iter(support_scores(judge.judge(asked)).tolist())
    return np.array([max(next(chances) for _ in found) for found in windows])


def _threshold(judge: Judge, tuning: Sequence[Case]) -> float:
    """The score that costs `FALSE_ALARMS` of the true sentences."""
    return float(np.quantile(_scores(judge, tuning), FALSE_ALARMS)) if tuning else 0.5


def balanced_accuracy(
    truth: npt.NDArray[np.bool_], held: npt.NDArray[np.bool_], *, seed: int = 0, resamples: int = RESAMPLES
) -> Estimate:
    """Mean of the shares of true and of false claims judged right, with a 95% bootstrap interval over claims.

    Args:
        truth: (n,) whether each is supported.
        held: (n,) whether it is held to be.
        seed: Of the bootstrap.
        resamples: Of the bootstrap.
    """
    right = (truth == held).astype(np.float64)

    def balanced(rows: npt.NDArray[np.int64]) -> float:
        true = truth[rows]
        return float((right[rows][true].mean() + right[rows][~true].mean()) / 2)

    rng = np.random.default_rng(seed)
    draws = rng.integers(len(truth), size=(resamples // 5, len(truth)))
    values = [balanced(rows) for rows in draws if 0 < truth[rows].sum() < len(rows)]
    low, high = np.quantile(values, (0.025, 0.975))
    return Estimate(balanced(np.arange(len(truth))), float(low), float(high), len(truth))


def auc(truth: npt.NDArray[np.bool_], scores: Floats) -> float:
    """Chance that a true claim scores above a false one, ties split (Mann and Whitney 1947)."""
    above = (scores[truth][:, None] > scores[~truth][None, :]).mean()
    ties = (scores[truth][:, None] == scores[~truth][None, :]).mean()
    return float(above + ties / 2)
