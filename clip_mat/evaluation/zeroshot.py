"""Classes told from prompts alone, without training: each class is a few sentences whose vectors are averaged.

Prompt ensembles are those of CLIP (Radford et al., ICML 2021, section 3.1.4). The truth comes from composition, space
group and computed properties.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clip_mat.evaluation.gallery import Model, Vectors
from clip_mat.evaluation.scores import RESAMPLES, Estimate, Floats, bootstrap
from clip_mat.facts import CRYSTAL_SYSTEMS, Facts

PROMPTS = ("{}", "{} compound", "a crystal structure: {}", "find {} materials")
"""Frames of a class word or phrase; the class is the mean of their unit vectors."""
SYSTEM_PROMPTS = ("{} crystal system", "a {} crystal", "{} lattice", "a material with a {} unit cell")

_LANTHANIDES = frozenset(["La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu"])
_ACTINIDES = frozenset(["Ac", "Th", "Pa", "U", "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr"])
_RADIOACTIVE = _ACTINIDES | frozenset(["Tc", "Pm", "Po", "At", "Rn", "Fr", "Ra"])
_ALKALI = frozenset(["Li", "Na", "K", "Rb", "Cs", "Fr"])
_NOBLE = frozenset(["Ru", "Rh", "Pd", "Ag", "Os", "Ir", "Pt", "Au"])

Truth = Callable[[Facts], bool | None]


@dataclass(frozen=True, slots=True)
class Concept:
    """A class of crystals and the words that ask for it.

    Attributes:
        name: What it is called in reports.
        words: Words and phrases for it, framed by `PROMPTS`.
        against: Words for its opposite; where there are none, the class stands alone.
        holds: Whether a crystal is of the class; None where that is not known, and it is left out.
        taught: Whether the captions that training makes use these words.
    """

    name: str
    words: tuple[str, ...]
    holds: Truth
    against: tuple[str, ...] = ()
    taught: bool = True


def _family(name: str) -> Truth:
    return lambda facts: ("family", name) in facts.keys


def _prototype(*names: str) -> Truth:
    return lambda facts: any(("prototype", name) in facts.keys for name in names)


def _gap(name: str) -> Truth:
    return lambda facts: None if facts.band_gap is None else ("gap", name) in facts.keys


def _stable(facts: Facts) -> bool | None:
    return None if facts.energy_above_hull is None else ("stability", "stable") in facts.keys


def _has(symbols: frozenset[str]) -> Truth:
    return lambda facts: not symbols.isdisjoint(facts.counts)


def _anion(*names: str) -> Truth:
    return lambda facts: any(("family", name) in facts.keys for name in names)


CONCEPTS: tuple[Concept, ...] = (
    Concept("metal", ("metal", "metallic"), _gap("metal"), ("insulator", "semiconductor")),
    Concept("wide gap", ("wide band gap", "wide-gap insulator"), _gap("wide gap"), ("metal", "narrow band gap")),
    Concept("stable", ("stable", "on the convex hull"), _stable, ("unstable", "above the convex hull")),
    Concept("oxide", ("oxide",), _family("oxide")),
    Concept("nitride", ("nitride",), _family("nitride")),
    Concept("sulfide", ("sulfide",), _family("sulfide")),
    Concept("selenide", ("selenide",), _family("selenide")),
    Concept("fluoride", ("fluoride",), _family("fluoride")),
    Concept("halide", ("halide",), _family("halide")),
    Concept("phosphide", ("phosphide",), _family("phosphide")),
    Concept("intermetallic", ("intermetallic",), _family("intermetallic")),
    Concept("perovskite", ("perovskite",), _prototype("perovskite", "cubic perovskite", "orthorhombic perovskite")),
    Concept("Heusler", ("Heusler", "Heusler alloy"), _prototype("Heusler")),
    Concept("spinel", ("spinel",), _prototype("spinel")),
    Concept("rock salt", ("rock salt", "NaCl-type"), _prototype("rock salt")),
    Concept("chalcogenide", ("chalcogenide",), _anion("sulfide", "selenide", "telluride"), taught=False),
    Concept("pnictide", ("pnictide",), _anion("nitride", "phosphide", "arsenide", "antimonide"), taught=False),
    Concept("actinide", ("actinide", "nuclear fuel"), _has(_ACTINIDES), taught=False),
    Concept("lanthanide", ("lanthanide", "lanthanoid"), _has(_LANTHANIDES), taught=False),
    Concept("radioactive", ("radioactive",), _has(_RADIOACTIVE), taught=False),
    Concept("noble metal", ("noble metal", "precious metal"), _has(_NOBLE), taught=False),
    Concept("alkali metal", ("alkali metal",), _has(_ALKALI), taught=False),
    Concept("ceramic", ("ceramic",), _anion("oxide", "nitride", "carbide", "boride"), ("alloy", "salt"), taught=False),
    Concept("alloy", ("alloy",), _family("intermetallic"), ("ceramic", "salt")),
)
"""The prompts that are measured. What captions made for training never say is marked; of some 1,400 captions by a
language model that joined it, seven say chalcogenide, three alkali, and one each actinide, lanthanide and noble. What
most of these words stand for is told to the text tower by `clip_mat.language.classes`, not learnt."""


@dataclass(frozen=True, slots=True)
class ConceptScore:
    """How well one class is told from the rest.

    Attributes:
        name: Of the class.
        taught: Whether the captions that training makes use its words.
        members: Crystals of the class.
        others: Crystals that are known not to be.
        auc: Area under the ROC curve: how often a member scores higher than another.
    """

    name: str
    taught: bool
    members: int
    others: int
    auc: Estimate

    def to_dict(self) -> dict[str, Any]:
        """``{"name", "taught", "members", "others", "auc": {...}}``."""
        return {
            "name": self.name,
            "taught": self.taught,
            "members": self.members,
            "others": self.others,
            "auc": self.auc.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class ZeroShot:
    """Classes told from prompts.

    Attributes:
        crystal_system: Accuracy among seven.
        balanced: The same with every system counting alike.
        concepts: One score a class.
    """

    crystal_system: Estimate
    balanced: float
    concepts: tuple[ConceptScore, ...]

    def mean_auc(self, *, taught: bool | None = None) -> float | None:
        """Mean over the classes, of all or of those whose words training captions do (or never) use."""
        chosen = [concept.auc.value for concept in self.concepts if taught in (None, concept.taught)]
        return sum(chosen) / len(chosen) if chosen else None

    def to_dict(self) -> dict[str, Any]:
        """``{"crystal_system", "balanced", "mean_auc", "mean_auc_taught", "mean_auc_never_taught", "concepts"}``."""
        return {
            "crystal_system": self.crystal_system.to_dict(),
            "balanced": self.balanced,
            "mean_auc": self.mean_auc(),
            "mean_auc_taught": self.mean_auc(taught=True),
            "mean_auc_never_taught": self.mean_auc(taught=False),
            "concepts": [concept.to_dict() for concept in self.concepts],
        }


def classify(
    model: Model,
    crystals: Vectors,
    facts: Sequence[Facts],
    *,
    concepts: Sequence[Concept] = CONCEPTS,
    seed: int = 0,
) -> ZeroShot:
    """Crystal systems and classes from prompts.

    Args:
        model: Reads the prompts.
        crystals: (n, d) unit vectors.
        facts: (n,) the truth.
        concepts: The classes; one without a member, or with nothing else, is left out.
        seed: Of the bootstrap.

    Raises:
        ValueError: If no crystal has a space group.
    """
    named = [(row, fact.crystal_system) for row, fact in enumerate(facts) if fact.crystal_system is not None]
    known = [row for row, _ in named]
    truth = np.array([CRYSTAL_SYSTEMS.index(system) for _, system in named])
    systems = np.stack([prompt_vector(model, (name,), SYSTEM_PROMPTS) for name in CRYSTAL_SYSTEMS])
    right = (crystals[known] @ systems.T).argmax(axis=1) == truth
    each = [right[truth == system].mean() for system in np.unique(truth)]
    return ZeroShot(
        bootstrap(right, seed=seed),
        float(np.mean(each)),
        tuple(found for concept in concepts if (found := _measure(model, concept, crystals, facts, seed))),
    )


def prompt_vector(model: Model, words: Sequence[str], frames: Sequence[str] = PROMPTS) -> npt.NDArray[np.float32]:
    """(d,) unit mean of the vectors of all words in all frames."""
    mean = model.encode_text([frame.format(word) for word in words for frame in frames]).mean(axis=0)
    unit: npt.NDArray[np.float32] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return unit


def auc(members: npt.ArrayLike, others: npt.ArrayLike) -> float:
    """Chance that a member scores higher than another, half where they tie (Mann & Whitney 1947)."""
    high, low = np.asarray(members, dtype=np.float64), np.sort(np.asarray(others, dtype=np.float64))
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.mean() / 2 / len(low))


def _measure(
    model: Model, concept: Concept, crystals: Vectors, facts: Sequence[Facts], seed: int
) -> ConceptScore | None:
    truth = [concept.holds(fact) for fact in facts]
    direction = prompt_vector(model, concept.words)
    if concept.against:
        direction = direction - prompt_vector(model, concept.against)
    similarity = np.asarray(crystals @ direction, dtype=np.float64)
    members = similarity[[row for row, holds in enumerate(truth) if holds is True]]
    others = similarity[[row for row, holds in enumerate(truth) if holds is False]]
    if not len(members) or not len(others):
        return None
    estimate = _estimate(members, others, seed)
    return ConceptScore(concept.name, concept.taught, len(members), len(others), estimate)


def _estimate(members: Floats, others: Floats, seed: int) -> Estimate:
    """AUC with its interval by the bootstrap over members and over others."""
    rng = np.random.default_rng(seed)
    drawn = [auc(rng.choice(members, len(members)), rng.choice(others, len(others))) for _ in range(RESAMPLES // 10)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Estimate(auc(members, others), float(low), float(high))
