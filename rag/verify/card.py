"""The model card of the verifier (Mitchell et al., arXiv:1810.03993)."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rag.verify.entailment import EntailmentConfig
from rag.verify.lessons import Split

if TYPE_CHECKING:
    from rag.verify.training import VerifierTraining


def write_card(
    folder: Path, training: VerifierTraining, config: EntailmentConfig, steps: int, seconds: float, split: Split
) -> None:
    """Write ``README.md`` beside the weights.

    Args:
        folder: Of the weights.
        training: How they were trained.
        config: What was chosen at the end.
        steps: Of the optimizer.
        seconds: That it took.
        split: The documents.
    """
    counts = Counter(source.collection for source in split.fit)
    documents = ", ".join(f"{number} {name}" for name, number in sorted(counts.items()))
    (folder / "README.md").write_text(
        f"""# Verifier of sentences

A claim and a text to three probabilities: the text supports the claim, contradicts it, does not tell.

| | |
|---|---|
| documents learned from | {documents} |
| documents kept to choose thresholds | {len(split.validation)} |
| documents kept to measure with | {len(split.test)} |
| lessons | {training.lessons:,}, seen {steps * training.batch / training.lessons:.1f} times |
| training | {seconds / 60:.0f} minutes, seed {training.seed} |
| threshold of support | {config.threshold} |
| threshold of contradiction | {config.disagreement} |

The token vectors are those of the lowest {config.depth} layers of all-MiniLM-L6-v2 (Apache-2.0), which are not in this
file but in the package that carries them. Lessons are sentences of open-access papers (CC-BY), of contexts and answers
of ChemLit-QA (MIT) and of expert answers of ScholarQABench (ODC-BY) with the passages they cite: as they stand, in
other words, or made false in one place. No claim of SciFact was used, to learn or to choose.

It is meant for single sentences against one or two sentences of a paper, in English. It does not know what is true,
only what is said.
""",
        encoding="utf-8",
    )
