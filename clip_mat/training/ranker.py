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
from clip_mat.evaluation.matching import rms_distances
from clip_mat.facts import write_formula
from clip_mat.generate.ranking import FORMAT, Array, Ranker, Votes, type_features
from clip_mat.generate.substitution import MENDELEEV, Slots, substitute
from clip_mat.generate.templates import Template, TemplateLibrary
from clip_mat.generate.voting import Ballot, Wanted, gather

Told = Callable[[str], None]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RankerConfig:
    """How the ranker is trained.

    Attributes:
        epochs: Passes over the library, each crystal's own structure type being right.
        matched: Crystals for whose best proposals the matcher is asked.
        proposals: How many proposals each of them has matched.
        matched_epochs: Passes over those crystals.
        batch: Crystals in a step.
        learning_rate: Highest, of the first passes; a quarter of it after that.
        width: Inner width of the networks.
        dimension: Numbers that are learned of each element.
        held_out: Share of the formulas that is kept for validation.
        seed: Decides all that is drawn.
    """

    epochs: int = 4
    matched: int = 4000
    proposals: int = 24
    matched_epochs: int = 2
    batch: int = 32
    learning_rate: float = 2e-3
    width: int = 48
    dimension: int = 16
    held_out: float = 0.1
    seed: int = 0


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


class RankerNet(nn.Module):
    """`clip_mat.generate.ranking.Ranker` as it is trained; its weights have the same names.

    Args:
        config: Widths.
    """

    def __init__(self, config: RankerConfig) -> None:
        super().__init__()
        width, dimension = config.width, config.dimension
        properties = torch.from_numpy(element_properties())
        known = properties.shape[1]
        self.register_buffer("props", properties)
        self.props: Tensor
        self.U = nn.Embedding(len(SYMBOLS), dimension)
        nn.init.normal_(self.U.weight, std=0.3)
        self.lin = nn.Parameter(torch.ones(dimension))
        self.slot = _two_layers(dimension + 2 * known + 2, width, width)
        self.row = _two_layers(2 * width + 2 * known + 1, width, 1)
        self.group = _two_layers(17, width, 1)

    def forward(self, votes: Votes) -> Tensor:
        """(g,) logarithms of the scores of structure types."""
        wanted, elements = torch.from_numpy(votes.wanted), torch.from_numpy(votes.elements)
        share = torch.tensor(votes.counts, dtype=torch.float32)[:, None] / sum(votes.counts)
        apart = (self.U(wanted) - self.U(elements)) ** 2
        asked = self.props[wanted]
        change = asked - self.props[elements]
        same = (wanted == elements).float()[..., None]
        slots = self.slot(torch.cat([apart, change.abs(), asked, share.expand_as(same), same], dim=-1))
        mean = (change * share).sum(1)
        spread = ((change - mean[:, None]).abs() * share).sum(1)
        root = torch.from_numpy(np.sqrt(votes.hull)).float()[:, None]
        whole = torch.cat([slots.sum(1), slots.amax(1), mean.abs(), spread, root], dim=-1)
        rows = self.row(whole)[:, 0] - (apart * self.lin).sum((1, 2))
        group, types = torch.from_numpy(votes.group), len(votes.units)
        best = torch.full((types,), -1e4).scatter_reduce(0, group, rows, "amax")
        voted = best + torch.zeros(types).scatter_add(0, group, (rows - best[group]).exp()).log()
        relative = [
            (best - best.max()).clamp(min=-20) / 5,
            (voted - voted.logsumexp(0)).clamp(min=-20) / 5,
            (best.max() / 5).clamp(min=-10).expand_as(best),
        ]
        known = torch.from_numpy(type_features(votes))
        scores: Tensor = voted + self.group(torch.cat([known, torch.stack(relative, dim=1)], dim=1))[:, 0]
        return scores


def _two_layers(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, outputs))


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
    net = RankerNet(config)
    _passes(net, examples, config.epochs, config.learning_rate, config, rng)
    tell(f"own structure type first: {share_first(net, validation):.4f} of {len(validation)} held out")
    chosen = [one for one in examples if one.ballot.votes.of_cell][: config.matched]
    matched = _matched(net, chosen, config, processes)
    _passes(net, matched, config.matched_epochs, config.learning_rate / 4, config, rng)
    tell(f"after matching {len(matched)}: {share_first(net, validation):.4f}")
    weights = {name: value.detach().numpy().copy() for name, value in net.state_dict().items()}
    return weights | {"volume": fit_volumes(library, rng)}


def make_examples(library: TemplateLibrary, asked: Sequence[Template], rng: random.Random) -> Iterator[Example]:
    """Two requests for each crystal, one with and one without its content of the cell; the first for some with the
    space group instead."""
    ids: dict[str, set[str]] = defaultdict(set)
    for template in library:
        ids[_formula(template)].add(template.id)
    for template in asked:
        pattern = library.pattern(template.counts)
        assert pattern is not None  # it holds the crystal itself
        kind = pattern.structure_type(pattern.templates.index(template))
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


def share_first(net: RankerNet, examples: Sequence[Example]) -> float:
    """In what share of the examples the first type is right; those with no right type count as wrong."""
    with torch.no_grad():
        right = [bool(one.right[int(net(one.ballot.votes).argmax())]) for one in examples]
    return sum(right) / max(len(right), 1)


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


def _formula(template: Template) -> str:
    slots = Slots.of(template.counts)
    return write_formula({SYMBOLS[e]: count for e, count in zip(slots.elements, slots.counts, strict=True)})


def _passes(
    net: RankerNet, examples: Sequence[Example], epochs: int, rate: float, config: RankerConfig, rng: random.Random
) -> None:
    """AdamW with one cycle of the learning rate; the loss is the negative logarithm of the right types' probability."""
    usable = [one for one in examples if one.right.any()]
    if not usable or not epochs:
        return
    steps = epochs * -(-len(usable) // config.batch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps + 1, pct_start=0.1)
    for _ in range(epochs):
        rng.shuffle(usable)
        for start in range(0, len(usable), config.batch):
            losses = []
            for one in usable[start : start + config.batch]:
                chances = net(one.ballot.votes).log_softmax(0)
                losses.append(-chances[torch.from_numpy(one.right)].logsumexp(0))
            optimizer.zero_grad()
            torch.stack(losses).mean().backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()


def _matched(net: RankerNet, examples: Sequence[Example], config: RankerConfig, processes: int) -> list[Example]:
    """The same examples, all types being right whose proposal the matcher finds to be the crystal."""
    jobs, places = [], []
    for one in examples:
        votes = one.ballot.votes
        with torch.no_grad():
            best = net(votes).argsort(descending=True)[: config.proposals].tolist()
        places.append(best)
        jobs.append((one.template.crystal, [_proposal(one.ballot, place) for place in best]))
    found = []
    for one, best, distances in zip(examples, places, rms_distances(jobs, processes=processes), strict=True):
        right = one.right.copy()
        right[np.array(best, dtype=np.int64)[np.isfinite(distances)]] = True
        found.append(replace(one, right=right))
    return found


def _proposal(ballot: Ballot, place: int) -> Crystal:
    """A structure type with the elements asked for; its volume does not matter to the matcher."""
    vote = int(np.flatnonzero(ballot.votes.group == place)[0])
    replaced = zip(ballot.votes.elements[vote].tolist(), ballot.votes.wanted[vote].tolist(), strict=True)
    return substitute(ballot.rows[vote].kind.primitive, dict(replaced))


def fit_volumes(library: TemplateLibrary, rng: random.Random, pairs: int = 60_000) -> Array:
    """(104,) logarithm of the volume of each element, such that their differences, weighted by the share of atoms, tell
    how the volume changes between crystals of one structure type; by iteratively reweighted ridge regression."""
    members: dict[tuple[str, ...], list[Template]] = defaultdict(list)
    for template in library:
        pattern = library.pattern(template.counts)
        assert pattern is not None
        kind = pattern.structure_type(pattern.templates.index(template))
        if kind is not None:
            members[kind.decorated(range(len(pattern.counts)))].append(template)
    shared = [group for group in members.values() if len(group) > 1]
    changes, logs = [], []
    for group in shared:
        for _ in range(min(4 * len(group), 4000)):
            one, other = rng.sample(group, 2)
            changes.append(_shares(one) - _shares(other))
            logs.append(np.log(_volume(one) / _volume(other)))
    picked = rng.sample(range(len(logs)), min(pairs, len(logs)))
    change, log = np.array(changes)[picked], np.array(logs)[picked]
    values, weight = np.zeros(len(SYMBOLS)), np.ones(len(log))
    for _ in range(6):
        weighted = change * weight[:, None]
        values = np.linalg.solve(weighted.T @ change + 3.0 * np.eye(len(SYMBOLS)), weighted.T @ log)
        weight = 1.0 / np.maximum(np.abs(log - change @ values) / 0.03, 1.0)  # a few pairs are no true pairs
    centred: Array = (values - values[1:].mean()).astype(np.float32)
    return centred


def _shares(template: Template) -> npt.NDArray[np.float64]:
    return np.bincount(template.crystal.numbers, minlength=len(SYMBOLS)) / len(template.crystal)


def _volume(template: Template) -> float:
    return template.crystal.volume / len(template.crystal)


def element_properties() -> Array:
    """(104, 8) standardised: Pauling electronegativity (2 where there is none), covalent radius, group, period, place
    on the modified Pettifor scale, valence electrons, mean of the common oxidation states, mean ionic radius."""
    import warnings

    from ase.data import covalent_radii
    from pymatgen.core.periodic_table import Element

    rows = []
    for number, symbol in enumerate(SYMBOLS[1:], 1):
        element = Element(symbol)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of elements without an electronegativity
            negativity = float(element.X)
        radius = float(covalent_radii[number])
        states, ionic = element.common_oxidation_states, list(element.ionic_radii.values())
        rows.append(
            [
                negativity if np.isfinite(negativity) else 2.0,
                radius,
                element.group,
                element.row,
                MENDELEEV[number] / 10,
                _valence(number, element.group),
                float(np.mean(states)) if states else 0.0,
                float(np.mean([float(value) for value in ionic])) if ionic else 0.9 * radius,
            ]
        )
    values = np.array(rows, dtype=np.float64)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    return np.concatenate([np.zeros((1, values.shape[1])), values]).astype(np.float32)


def _valence(number: int, group: int) -> int:
    """Electrons outside the last closed shell; three for lanthanides, at most six for what follows radon."""
    if group >= 13:
        return group - 10
    if 57 <= number <= 71:
        return 3
    if 72 <= number <= 86:
        return number - 68
    if number >= 89:
        return min(number - 86, 6)
    closed = next((noble for noble in (86, 54, 36, 18, 10, 2) if number > noble), 0)
    return number - closed
