"""A picture of the space: crystals, and the texts about them, laid out in two dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from clip_mat.evaluation.gallery import Vectors
from clip_mat.facts import Facts

MOST_POINTS = 4000
_MOST_COMPONENTS = 50
_COLOURED = (
    "intermetallic",
    "oxide",
    "sulfide",
    "selenide",
    "telluride",
    "fluoride",
    "chloride",
    "bromide",
    "iodide",
    "nitride",
    "phosphide",
    "hydride",
)


def project(vectors: Vectors, *, seed: int = 0) -> npt.NDArray[np.float64]:
    """Two coordinates a vector: principal components, then t-SNE (van der Maaten & Hinton, JMLR 9, 2579 (2008)).

    Shape: (n, d) -> (n, 2).
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    components = min(_MOST_COMPONENTS, *vectors.shape)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    layout = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
    with threadpool_limits(1):  # its threads wait in loops, and many times longer where another program computes
        places: npt.NDArray[np.float64] = layout.fit_transform(
            PCA(components, random_state=seed).fit_transform(vectors)
        )
    return places


def draw_map(
    path: Path, crystals: Vectors, facts: Sequence[Facts], texts: Vectors | None = None, *, seed: int = 0
) -> None:
    """Draws the space to a picture file; what is beyond `MOST_POINTS` is left out at random.

    Args:
        path: Of the picture; its ending decides the format.
        crystals: (n, d) vectors, coloured by the family of the compound.
        facts: (n,) of the crystals.
        texts: (m, d) vectors of texts, drawn as black crosses.
        seed: Of the choice and the layout.
    """
    from matplotlib.figure import Figure

    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(crystals), min(MOST_POINTS, len(crystals)), replace=False))
    told = crystals[:0] if texts is None else texts
    told = told[np.sort(rng.choice(len(told), min(MOST_POINTS // 4, len(told)), replace=False))]
    places = project(np.concatenate([crystals[chosen], told]), seed=seed)
    families = np.array(
        [next((name for name in _COLOURED if ("family", name) in facts[row].keys), "") for row in chosen]
    )

    figure = Figure(figsize=(9, 7), layout="constrained")
    axes = figure.add_subplot()
    for number, name in enumerate(("", *_COLOURED)):
        points = places[: len(chosen)][families == name]
        colour = f"C{number - 1}" if 0 < number <= 10 else ("0.8" if not name else f"C{number - 11}")
        marker = "o" if number <= 10 else "^"
        axes.scatter(points[:, 0], points[:, 1], s=6, color=colour, marker=marker, label=name or "other", linewidths=0)
    if len(told):
        crosses = places[len(chosen) :]
        axes.scatter(crosses[:, 0], crosses[:, 1], s=14, color="black", marker="x", linewidths=0.7, label="texts")
    axes.set(xticks=[], yticks=[], title=f"{len(chosen)} crystals and {len(told)} texts in one space")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, markerscale=2)
    figure.savefig(path, dpi=150)
