"""Checks sentences against the passages that are said to support them: rules first, then a learned comparison."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from rag.reading.text import normalise_quote
from rag.verify.quantities import agrees, find_numbers
from rag.verify.rules import (
    LEAST_COVERAGE,
    MUCH_COVERED,
    Finding,
    check_changes,
    check_names,
    check_numbers,
    check_substances,
    check_wording,
)
from rag.verify.verdict import Verdict
from rag.verify.windows import Window, best_windows, split_sentences
from rag.verify.wording import coverage, read_words

LONGEST_CLAIM = 2000
"""Characters."""

WINDOWS = 2
"""Windows of the evidence that the learned part reads for each claim."""

COMPARABLE = 0.35
"""Share of the content words of one of two sentences that the other must have, for them to be about the same matter."""

AS_NEAR = 0.1
"""Windows whose coverage is that close to the best one's say as much of the claim's matter."""

Floats = npt.NDArray[np.float32]


class Judge(Protocol):
    """Anything that compares claims with short texts."""

    @property
    def threshold(self) -> float:
        """Score (`support_scores`) from which on a claim counts as supported."""
        ...

    @property
    def disagreement(self) -> float:
        """Probability of contradiction from which on two sentences disagree, below 1."""
        ...

    def judge(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        """Probabilities (n, 3) that a text supports, contradicts, or does not tell its claim."""
        ...


def support_scores(chances: Floats) -> Floats:
    """One score of support, 0 to 1, from three probabilities: not told costs less than contradicted.

    Of the combinations tried on the validation documents this one tells the true lessons best from all others.

    Args:
        chances: (n, 3) as `Judge.judge` gives them.

    Returns:
        (n,).
    """
    supports, contradicts = chances[:, 0], chances[:, 1]
    scores: Floats = np.sqrt(supports) * supports / np.maximum(supports + contradicts, 1e-9)
    return scores


class Verifier:
    """Does a passage say what a sentence says? Make one with `load`.

    Args:
        judge: The learned part.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    @classmethod
    def load(cls, folder: Path | str | None = None) -> Self:
        """The verifier of a folder of weights; by default the one that comes with this package.

        Raises:
            WeightsError: If files are missing, damaged, or do not fit.
        """
        from rag.verify.entailment import EntailmentJudge

        return cls(EntailmentJudge.load(folder))

    def check(self, pairs: Sequence[tuple[str, Sequence[str]]]) -> list[Verdict]:
        """A verdict on each claim.

        Args:
            pairs: A claim, one sentence of at most `LONGEST_CLAIM` characters, and the sentences or passages that are
                said to support it together. What is longer, or has no word that means something, is no sentence, and
                not supported.
        """
        pairs = [(claim, evidence if _is_statement(claim) else ()) for claim, evidence in pairs]
        windows = [best_windows(claim, evidence, WINDOWS) for claim, evidence in pairs]
        findings = [
            against(claim, evidence, found) if found else []
            for (claim, evidence), found in zip(pairs, windows, strict=True)
        ]
        quoted = [_is_quote(claim, evidence) for claim, evidence in pairs]
        scores: list[list[float]] = [[1.0] if quote else [] for quote in quoted]
        for rank in range(WINDOWS):  # the second window only where the first is not enough
            open_ = [
                place
                for place, found in enumerate(windows)
                if rank < len(found)
                and not quoted[place]
                and not findings[place]
                and max(scores[place], default=0.0) < self._judge.threshold
            ]
            if open_:
                chances = self._judge.judge([(pairs[place][0], windows[place][rank].text) for place in open_])
                for place, score in zip(open_, support_scores(chances).tolist(), strict=True):
                    scores[place].append(score)
        return [
            self._verdict(found, [] if quote else reasons, judged)
            for found, quote, reasons, judged in zip(windows, quoted, findings, scores, strict=True)
        ]

    def contradicts(self, a: str, b: str) -> float | None:
        """How surely two sentences about the same matter disagree, 0 to 1, from 0.5 on they are held to.

        Args:
            a: One sentence.
            b: Another; which comes first does not matter.

        Returns:
            None where they share too few words to be about the same matter.
        """
        if max(len(a), len(b)) > LONGEST_CLAIM:
            return None
        one, other = read_words(a), read_words(b)
        if max(coverage(one, other), coverage(other, one)) < COMPARABLE:
            return None
        chances = self._judge.judge([(a, b), (b, a)])
        learned, limit = float(chances[:, 1].mean()), self._judge.disagreement
        sure = 0.5 * learned / limit if learned < limit else 0.5 + 0.5 * (learned - limit) / (1 - limit)
        turned = [*check_wording(a, b), *check_changes(a, [b])], [*check_wording(b, a), *check_changes(b, [a])]
        return (1 + sure) / 2 if all(turned) or _other_values(a, b) else sure

    def _verdict(self, windows: Sequence[Window], findings: Sequence[Finding], scores: Sequence[float]) -> Verdict:
        """From what the rules found, and the scores of the first windows, none where they were not asked for."""
        best = max(range(len(scores)), key=scores.__getitem__, default=0)
        text = windows[best].text if windows else ""
        if findings:
            reasons = tuple(finding.reason for finding in findings)
            return Verdict(False, 0.0, reasons, tuple(finding.words for finding in findings), text)
        score = scores[best] if scores else 0.0
        if score < self._judge.threshold:
            return Verdict(False, score, ("entailment",), ("",), text)
        return Verdict(True, score, evidence=text)


def against(claim: str, evidence: Sequence[str], windows: Sequence[Window]) -> list[Finding]:
    """What the rules say against a claim.

    Numbers, substances and names are looked for in all of the evidence; denials and directions are compared with the
    windows that say most of the claim's matter, and count where none of these is free of findings.
    """
    together = " ".join(evidence)
    findings = [*check_numbers(claim, together), *check_substances(claim, together), *check_names(claim, together)]
    near = [w for w in windows if w.coverage >= max(LEAST_COVERAGE, windows[0].coverage - AS_NEAR)]
    compared = [check_wording(claim, window.text) for window in near]
    if compared and all(compared):
        findings += compared[0]
    findings += check_changes(claim, [sentence for text in evidence for sentence in split_sentences(text)])
    return list(dict.fromkeys(findings))


def _is_statement(claim: str) -> bool:
    """Whether a text can be a sentence that says something."""
    if len(claim) > LONGEST_CLAIM:
        return False
    return any(len(word.text) > 1 and word.text[0].isalpha() and word.is_content for word in read_words(claim).words)


def _other_values(a: str, b: str) -> bool:
    """Whether two sentences that say nearly the same give other values of one kind: 1.6 and 2.1 eV."""
    if min(coverage(read_words(a), read_words(b)), coverage(read_words(b), read_words(a))) < MUCH_COVERED:
        return False
    ours, theirs = ([q for q in find_numbers(text) if q.dimension is not None] for text in (a, b))
    comparable = [(one, [other for other in theirs if other.dimension == one.dimension]) for one in ours]
    return any(
        others and not any(agrees(one, other) or agrees(other, one) for other in others) for one, others in comparable
    )


def _is_quote(claim: str, evidence: Sequence[str]) -> bool:
    """Whether a claim is, but for signs and blanks, a whole sentence (or several) of the evidence."""
    said = normalise_quote(claim).strip(" .")
    for text in evidence:
        for sentence in (text, *split_sentences(text)):
            if said and said == normalise_quote(sentence).strip(" ."):
                return True
    return False


@cache
def default_verifier() -> Verifier:
    """The verifier that comes with this package, loaded once."""
    return Verifier.load()


def contradicts(a: str, b: str) -> float | None:
    """How surely two sentences about the same matter disagree, 0 to 1; None where they are not comparable."""
    return default_verifier().contradicts(a, b)
