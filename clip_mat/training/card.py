"""The model card that goes with trained weights (Mitchell et al., arXiv:1810.03993)."""

from __future__ import annotations

from pathlib import Path

from clip_mat.training.run import RunSummary


def write_card(folder: Path, summary: RunSummary, crystals: int, earlier: float = 0.0) -> None:
    """Write ``README.md`` beside the weights.

    Args:
        folder: Of the weights.
        summary: The run.
        crystals: How many it learnt from.
        earlier: Hours spent on the weights that it began from; 0 where it began anew.
    """
    config = summary.config
    before = f", after {earlier:.2f} h of an earlier run" if earlier else ""
    figures = "\n".join(f"| {name} | {value:.3f} |" for name, value in summary.metrics.items())
    (folder / "README.md").write_text(
        f"""# Crystal CLIP

Texts and crystals to unit vectors of one space, for text-to-compound search.

| | |
|---|---|
| command | `{summary.command}` |
| crystals | {crystals:,} |
| loss | {config["loss"]}{" with a memory of all crystals" if config["bank"] else ""} |
| seed | {config["seed"]} |
| training | {summary.hours:.2f} h on {summary.device}, torch {summary.torch}{before} |
| steps | {summary.steps:,}, {summary.epochs:.1f} epochs |

Validation (whole formulas kept out of training; the gallery is the validation set itself):

| | |
|---|---|
{figures}

The text tower begins with the word vectors of all-MiniLM-L6-v2 (Apache-2.0), which are not in this file but in the
package that carries them. Symmetry is found with spglib when a crystal is encoded, at 0.1 Å and, where that finds
little, at 0.5 Å, and is part of its vector. Where it is not looked for, geometry guesses it.
""",
        encoding="utf-8",
    )
