"""Teaches the ranker of structure types which element can stand for which.

Every crystal of a library is asked for in turn, with its whole formula left out, and the structure type that it has is
to get the most votes. Where the matcher was asked, every type that matches the crystal is right, not only its own.
"""

from __future__ import annotations

import json
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from clip_mat.crystal import SYMBOLS, Crystal
from clip_mat.errors import TrainingError
from clip_mat.evaluation.matching import Job, Reduced, rms_distance, rms_distances, shared_work
from clip_mat.facts import write_formula
from clip_mat.generate.consensus import fingerprint
from clip_mat.generate.proposals import propose
from clip_mat.generate.ranking import FORMAT, Array, Ranker
from clip_mat.generate.substitution import Slots, substitute
from clip_mat.generate.templates import Template, TemplateLibrary
from clip_mat.generate.variants import differences
from clip_mat.generate.voting import Ballot, Wanted, gather
from clip_mat.symmetry import find_spacegroup
from clip_mat.training.ranker_fits import fit_likeness, fit_volumes
from clip_mat.training.ranker_net import RankerConfig, RankerNet, element_properties

Told = Callable[[str], None]
logger = logging.getLogger(__name__)

_FAR = 1.2
"""Difference of fingerprints beyond which the matcher is not asked: of 2,200 crystals and proposals for them 38 were
farther apart, and none of these matched."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A crystal to ask for.

    Attributes:
        template: The crystal.
        ballot: The votes, those of its own formula left out.
        right: (g,) which structure types are right.
    """

    template: Template
    ballot: Ballot
    right: npt.NDArray[np.bool_]


def train_ranker(
    templates: Sequence[Template], config: RankerConfig, *, processes: int = 1, told: Told | None = None
) -> dict[str, Array]:
    """Weights of a ranker.

    Args:
        templates: Crystals to learn from.
        config: How.
        processes: Share the comparisons of the matcher.
        told: Told of progress, a line at a time.

    Raises:
        TrainingError: If there is no structure type that two formulas share.
    """
    tell = told or logger.info
    torch.manual_seed(config.seed)
    rng = random.Random(config.seed)
    held, fit = _split(templates, config)
    library = TemplateLibrary(templates)
    examples = list(make_examples(library, fit, rng))
    if not any(one.right.any() for one in examples):
        raise TrainingError(f"{len(templates)} crystals have no structure type in common to learn from")
    validation = list(make_examples(library, held, random.Random(config.seed)))
    nets = [_taught(examples, replace(config, seed=config.seed + place)) for place in range(config.members)]
    tell(f"own structure type first: {share_first(nets, validation):.4f} of {len(validation)} held out")
    chosen = rng.sample(examples, min(config.matched, len(examples)))
    matched = _matched(nets, chosen, config, processes)
    for place, net in enumerate(nets):
        _passes(net, matched, config.matched_epochs, config.learning_rate / 4, config, config.seed + place)
    tell(f"after matching {len(matched)}: {share_first(nets, validation):.4f}")
    weights = {
        f"{place}.{name}": value.detach().numpy().copy()
        for place, net in enumerate(nets)
        for name, value in net.state_dict().items()
        if name != "props"
    }
    weights |= {"props": element_properties(), "volume": fit_volumes(library, rng)}
    weights |= {"same": fit_likeness(library, rng, config.likeness)}
    for line in measure(library, held, Ranker(weights), config, processes):
        tell(line)
    return weights


def _taught(examples: Sequence[Example], config: RankerConfig) -> RankerNet:
    """A member of the ranker that knows each crystal's own structure type."""
    torch.manual_seed(config.seed)
    net = RankerNet(config)
    _passes(net, examples, config.epochs, config.learning_rate, config, config.seed)
    return net


def make_examples(library: TemplateLibrary, asked: Sequence[Template], rng: random.Random) -> Iterator[Example]:
    """Two requests for each crystal, one with and one without its content of the cell; the first for some with the
    space group instead."""
    ids = _ids(library)
    for template in asked:
        pattern = library.pattern(template.counts)
        assert pattern is not None  # it holds the crystal itself
        kind = pattern.structure_type(pattern.row(template))
        if kind is None:
            continue
        slots = Slots.of(template.counts)
        own = kind.decorated(range(len(slots.counts)))
        free = Wanted(exclude=frozenset(ids[_formula(template)]))
        cell = replace(free, units=len(kind.primitive) // slots.atoms)
        for wanted in (replace(free, spacegroup=kind.spacegroup) if rng.random() < 0.3 else free, cell):
            ballot = gather(pattern, slots, wanted)
            if ballot is not None:
                yield Example(template, ballot, np.array([name == own for name in ballot.types]))


def share_first(nets: Sequence[RankerNet], examples: Sequence[Example]) -> float:
    """In what share of the examples the first type is right; those with no right type count as wrong."""
    right = [
        bool(one.right[int(scores.argmax())]) for one, scores in zip(examples, _scores(nets, examples), strict=True)
    ]
    return sum(right) / max(len(right), 1)


def _scores(nets: Sequence[RankerNet], examples: Sequence[Example], batch: int = 64) -> Iterator[Tensor]:
    """Mean of the members' logarithms of probabilities, for each example."""
    for start in range(0, len(examples), batch):
        asked = [one.ballot.votes for one in examples[start : start + batch]]
        with torch.no_grad():
            for scores in zip(*(net(asked) for net in nets), strict=True):
                yield torch.stack([one.log_softmax(0) for one in scores]).mean(0)


def measure(
    library: TemplateLibrary, held: Sequence[Template], ranker: Ranker, config: RankerConfig, processes: int
) -> Iterator[str]:
    """How often proposals match crystals whose formulas were kept out of training and are left out of the library."""
    ids = _ids(library)
    asked = random.Random(config.seed).sample(list(held), min(config.measured, len(held)))
    for told in ("cell", "cell and space group"):
        jobs: list[Job] = []
        for template in asked:
            group = None if told == "cell" else find_spacegroup(template.crystal)
            exclude = ids[_formula(template)]
            found = propose(library, template.counts, cell=True, spacegroup=group, exclude=exclude, judge=ranker)
            jobs.append((template.crystal, [one.crystal for one in found]))
        distances = rms_distances(jobs, processes=processes)
        shares = [np.mean([bool(np.isfinite(row[:k]).any()) for row in distances]) for k in (1, 20)]
        yield f"{told} told, {len(asked)} held out: {shares[0]:.3f} match first, {shares[1]:.3f} among 20"


def save_ranker(weights: Mapping[str, Array], folder: Path) -> None:
    """Write what `Ranker.load` reads."""
    from safetensors.numpy import save_file

    Ranker(dict(weights))  # what could not be read is not written
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(value) for name, value in weights.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps({"format": FORMAT}, indent=2) + "\n", encoding="utf-8")


def _split(templates: Sequence[Template], config: RankerConfig) -> tuple[list[Template], list[Template]]:
    """Held out and the rest, by whole formulas."""
    formulas = sorted({_formula(template) for template in templates})
    rng = random.Random(config.seed)
    kept = set(rng.sample(formulas, int(config.held_out * len(formulas))))
    held = [template for template in templates if _formula(template) in kept]
    return held, [template for template in templates if _formula(template) not in kept]


def _ids(library: TemplateLibrary) -> dict[str, set[str]]:
    """Ids of the templates of each formula."""
    ids: dict[str, set[str]] = defaultdict(set)
    for template in library:
        ids[_formula(template)].add(template.id)
    return ids


def _formula(template: Template) -> str:
    slots = Slots.of(template.counts)
    return write_formula({SYMBOLS[e]: count for e, count in zip(slots.elements, slots.counts, strict=True)})


def _passes(
    net: RankerNet, examples: Sequence[Example], epochs: int, rate: float, config: RankerConfig, seed: int
) -> None:
    """AdamW with one cycle of the learning rate; the loss is the negative logarithm of the right types' probability."""
    usable = [one for one in examples if one.right.any()]
    if not usable or not epochs:
        return
    rng = random.Random(seed)
    steps = epochs * -(-len(usable) // config.batch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.1)
    for _ in range(epochs):
        rng.shuffle(usable)
        for start in range(0, len(usable), config.batch):
            part = usable[start : start + config.batch]
            losses = [
                -scores.log_softmax(0)[torch.from_numpy(one.right)].logsumexp(0)
                for one, scores in zip(part, net([one.ballot.votes for one in part]), strict=True)
            ]
            optimizer.zero_grad()
            torch.stack(losses).mean().backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()


def _matched(
    nets: Sequence[RankerNet], examples: Sequence[Example], config: RankerConfig, processes: int
) -> list[Example]:
    """The same examples, all types being right whose proposal the matcher finds to be the crystal."""
    places = [scores.argsort(descending=True)[: config.proposals].tolist() for scores in _scores(nets, examples)]
    jobs = [
        (one.template.crystal, [_proposal(one.ballot, place) for place in best])
        for one, best in zip(examples, places, strict=True)
    ]
    found = []
    for one, best, matches in zip(examples, places, shared_work(_matches, jobs, processes), strict=True):
        right = one.right.copy()
        right[np.array(best, dtype=np.int64)[matches]] = True
        found.append(replace(one, right=right))
    return found


def _matches(job: Job) -> npt.NDArray[np.bool_]:
    """Which of several primitive cells are the crystal; what is far from it is not asked about."""
    reference, candidates = job
    sought, print_ = Reduced.of(reference), fingerprint(reference)
    found = []
    for crystal in candidates:
        near = differences(np.array([print_, fingerprint(crystal)]))[0, 1] < _FAR
        found.append(near and rms_distance(sought, Reduced.of_primitive(crystal)) is not None)
    return np.array(found, dtype=np.bool_)


def _proposal(ballot: Ballot, place: int) -> Crystal:
    """A structure type with the elements asked for; its volume does not matter to the matcher."""
    vote = int(np.flatnonzero(ballot.votes.group == place)[0])
    replaced = zip(ballot.votes.elements[vote].tolist(), ballot.votes.wanted[vote].tolist(), strict=True)
    return substitute(ballot.rows[vote].kind.primitive, dict(replaced))
