"""The model card of the generative model (Mitchell et al., arXiv:1810.03993)."""

from __future__ import annotations

from pathlib import Path

from clip_mat.training.run import RunSummary


def write_diffusion_card(folder: Path, summary: RunSummary, crystals: int, most_atoms: int) -> None:
    """Write ``README.md`` beside the weights.

    Args:
        folder: Of the weights.
        summary: The run.
        crystals: How many it learnt from.
        most_atoms: In a cell.
    """
    figures = "\n".join(f"| {name} | {value:.3f} |" for name, value in summary.metrics.items())
    (folder / "README.md").write_text(
        f"""# Denoiser of crystals

From noise, or from a crystal with some noise, to crystals of at most {most_atoms} atoms in the cell. Elements,
fractional coordinates and lattice are all found, and any of them can be given.

| | |
|---|---|
| command | `{summary.command}` |
| crystals | {crystals:,} |
| seed | {summary.config["seed"]} |
| training | {summary.hours:.2f} h on {summary.device}, torch {summary.torch} |
| steps | {summary.steps:,}, {summary.epochs:.1f} epochs |

Losses on whole formulas kept out of training, of which nothing is told but the elements; of elements that are open, the
cross-entropy where nothing at all is told:

| | |
|---|---|
{figures}

It is conditioned on vectors of the Crystal CLIP whose fingerprint `config.json` names; with those of another one it
runs, and follows texts less well. Crystals that it makes are hypotheses: nothing here computes an energy.
""",
        encoding="utf-8",
    )
