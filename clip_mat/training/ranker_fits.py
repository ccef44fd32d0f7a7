"""What the ranker knows besides its networks: volumes of elements, and when crystals of one type are one structure."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from clip_mat.crystal import SYMBOLS
from clip_mat.evaluation.matching import Reduced, rms_distance
from clip_mat.generate.ranking import Array
from clip_mat.generate.substitution import Floats, substitute
from clip_mat.generate.templates import Pattern, Template, TemplateLibrary
from clip_mat.generate.variants import differences

_NEAR, _KEPT = 0.3, 0.1
"""Difference of fingerprints up to which two crystals of one type are nearly always the same; and the share of such
pairs that is looked at."""
_TYPICAL = np.array([4.6, 6.3])
"""Offset and slope of the likeness where there is nothing to learn it from."""


def fit_volumes(library: TemplateLibrary, rng: random.Random, pairs: int = 60_000) -> Array:
    """(104,) logarithm of the volume of each element, such that their differences, weighted by the share of atoms, tell
    how the volume changes between crystals of one structure type; by iteratively reweighted ridge regression."""
    members: dict[tuple[str, ...], list[Template]] = defaultdict(list)
    for template in library:
        pattern = library.pattern(template.counts)
        assert pattern is not None
        kind = pattern.structure_type(pattern.row(template))
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


def fit_likeness(library: TemplateLibrary, rng: random.Random, pairs: int) -> Array:
    """(2,) offset and slope of the probability that two crystals of one structure type match, given how far their
    fingerprints are apart; by logistic regression over pairs for which the matcher is asked."""
    members: dict[tuple[str, ...], list[tuple[Pattern, int]]] = defaultdict(list)
    for template in library:
        pattern = library.pattern(template.counts)
        assert pattern is not None
        row = pattern.row(template)
        kind = pattern.structure_type(row)
        if kind is not None:
            members[kind.decorated(range(len(pattern.counts)))].append((pattern, row))
    shared = [group for group in members.values() if len(group) > 1]
    apart, same, weight = [], [], []
    for _ in range(pairs if shared else 0):
        (pattern, one), (_, other) = rng.sample(rng.choice(shared), 2)
        far = float(differences(np.array([pattern.fingerprint(one), pattern.fingerprint(other)]))[0, 1])
        if far < _NEAR and rng.random() > _KEPT:  # most pairs are alike, and tell nothing
            continue
        apart.append(far)
        weight.append(1.0 / _KEPT if far < _NEAR else 1.0)
        same.append(_same_structure(pattern, one, other))
    return _logistic(np.array(apart), np.array(same, dtype=np.float64), np.array(weight))


def _same_structure(pattern: Pattern, one: int, other: int) -> bool:
    """Whether two templates of one type match when they have the same elements."""
    first, second = pattern.structure_type(one), pattern.structure_type(other)
    assert first is not None
    assert second is not None
    replaced = dict(zip(pattern.elements[other].tolist(), pattern.elements[one].tolist(), strict=True))
    substituted = substitute(second.primitive, replaced)
    return rms_distance(Reduced.of_primitive(first.primitive), Reduced.of_primitive(substituted)) is not None


def _logistic(
    values: npt.NDArray[np.float64], truths: npt.NDArray[np.float64], weight: npt.NDArray[np.float64]
) -> Array:
    """(2,) offset a and slope b of 1 / (1 + exp(b x - a)), by Newton's method; what is typical where data are few."""
    fitted = _TYPICAL.copy()
    design = np.stack([np.ones_like(values), -values], axis=1)
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-design @ fitted))
        slope = design.T @ (weight * (truths - chance)) - (fitted - _TYPICAL)
        bend = (design * (weight * chance * (1.0 - chance))[:, None]).T @ design + np.eye(2)
        fitted = fitted + np.linalg.solve(bend, slope)
    found: Array = fitted.astype(np.float32)
    return found


def _shares(template: Template) -> Floats:
    return np.bincount(template.crystal.numbers, minlength=len(SYMBOLS)) / len(template.crystal)


def _volume(template: Template) -> float:
    return template.crystal.volume / len(template.crystal)
