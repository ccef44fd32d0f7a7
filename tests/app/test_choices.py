"""What the command line lets people choose is what the packages know, which it must not import to say so."""

from __future__ import annotations

from typing import get_args

from app import generate, retrieval, train
from clip_mat.evaluation.queries import TIERS
from clip_mat.generate.exports import EXPORTS
from clip_mat.training.config import LossName


def test_choices_are_those_of_the_packages() -> None:
    assert generate.FORMATS == EXPORTS
    assert retrieval._TIERS == TIERS
    (loss,) = [option for option in train.clip_command.params if option.name == "loss"]
    assert set(loss.type.choices) == set(get_args(LossName))
