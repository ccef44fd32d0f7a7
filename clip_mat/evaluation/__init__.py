"""How well texts find crystals, and crystals texts: retrieval over whole galleries beside its ceiling, classes from
prompts, names of structure types, a map of the space.

Everything takes a `Model`: what encodes texts and crystals into one space, ours or another.
"""

from __future__ import annotations

from clip_mat.evaluation.gallery import Arm, Gallery, Model
from clip_mat.evaluation.report import ModelReport, measure, measure_search, render
from clip_mat.evaluation.retrieval import Query, Retrieval, gain
from clip_mat.evaluation.scores import Estimate, Ranks, Score

__all__ = [
    "Arm",
    "Estimate",
    "Gallery",
    "Model",
    "ModelReport",
    "Query",
    "Ranks",
    "Retrieval",
    "Score",
    "gain",
    "measure",
    "measure_search",
    "render",
]
