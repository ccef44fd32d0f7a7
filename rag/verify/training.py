"""Teaches the entailment network what a text says, what it denies, and what it does not tell.

Lessons come from `rag.verify.lessons`; the token vectors of their sentences are kept, so that a lesson that comes again
costs little. At the end two thresholds are chosen on documents that nothing was learned from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from clip_mat.sentence_encoder import cpu_has_bfloat16
from clip_mat.training.config import TrainConfig
from clip_mat.training.distributed import Ranks
from clip_mat.training.run import Run
from rag.verify.entailment import EntailmentConfig, EntailmentJudge, build
from rag.verify.lessons import CONTRADICTS, SUPPORTS, UNTOLD, Lesson, Split, Teacher
from rag.verify.network import EntailmentNet, SentenceLayers
from rag.verify.tokens import read_pairs
from rag.verify.verifier import against, support_scores
from rag.verify.windows import best_windows

FALSE_ALARMS = 0.04
"""Share of the true sentences of the validation documents that the thresholds may cost, the rules' own included."""

PARTS = 4
"""Into which a batch is cut, short pairs apart from long ones."""

FALSE_QUARRELS = 0.05
"""Share of the pairs that do not contradict each other, but are said to."""


@dataclass(frozen=True, slots=True)
class VerifierTraining:
    """How the network is trained.

    Attributes:
        minutes: Of training, over all parts of the run.
        steps: At most so many; None for as many as the time allows.
        batch: Lessons in a step.
        lessons: Different lessons; after so many they come again.
        learning_rate: At its highest.
        validation: Lessons from the validation documents.
        seed: Decides all that is drawn.
    """

    minutes: float = 25.0
    steps: int | None = None
    batch: int = 64
    lessons: int = 12_000
    learning_rate: float = 1e-3
    validation: int = 400
    seed: int = 0


@dataclass(frozen=True, slots=True)
class VerifierStep:
    """One step of the optimizer, a row of the log.

    Attributes:
        step: Steps done, this one included.
        epoch: How often all lessons have come.
        seconds: Since the run began, pauses between its parts left out.
        loss: Of the batch.
        accuracy: Share of its lessons that were judged right.
        learning_rate: As it was.
    """

    step: int
    epoch: int
    seconds: float
    loss: float
    accuracy: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class VerifierSummary:
    """A finished run.

    Attributes:
        steps: Of the optimizer.
        minutes: Spent.
        finished: Whether it came to its end.
        metrics: Of the last validation.
    """

    steps: int
    minutes: float
    finished: bool
    metrics: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def train_verifier(split: Split, folder: Path, config: VerifierTraining, *, resume: bool = False) -> VerifierSummary:
    """Train, choose the thresholds, and write the weights with their card into a folder.

    SIGTERM and Ctrl-C end the run after the current step, with a checkpoint.

    Args:
        split: Documents.
        folder: Takes weights, logs and checkpoints.
        config: How.
        resume: Go on from the folder's last checkpoint.

    Raises:
        TrainingError: If the folder holds a run already, or none to resume.
        LibraryError: If the documents hold no sentences.
    """
    run = _VerifierRun(split, folder, config)
    finished = run.go(run.examine, resume=resume)
    if finished:
        write_weights(run.average.model, run.sentences, split, folder, config, run.place.step, run.place.seconds)
    return VerifierSummary(run.place.step, run.place.seconds / 60, finished, run.metrics)


class _VerifierRun(Run[EntailmentNet, VerifierStep]):
    """A run of the verifier: what its steps are; an epoch is all lessons once."""

    def __init__(self, split: Split, folder: Path, training: VerifierTraining) -> None:
        self.training = training
        self.teacher = Teacher(split.fit, training.seed)
        examiner = Teacher(split.validation, training.seed + 1)
        self.exam = [examiner.lesson(number) for number in range(training.validation)]
        torch.manual_seed(training.seed)
        net, self.sentences = build(EntailmentConfig(), remembered=4 * training.lessons)
        config = TrainConfig(
            minutes=training.minutes,
            learning_rates={"": training.learning_rate},
            weight_decay=0.02,
            betas=(0.9, 0.999),
            warmup_steps=60,
            checkpoint_minutes=2.0,
            seed=training.seed,
        )
        batches = -(-training.lessons // training.batch)
        super().__init__(net, training.lessons, batches, config, folder, Ranks(), torch.device("cpu"))

    def steps(self) -> Iterator[tuple[int, int, VerifierStep]]:
        """One after the other; the time, or their number, ends the run."""
        while True:
            place, batch = self.place, self.training.batch
            first = place.position * batch
            lessons = [self.teacher.lesson(n) for n in range(first, min(first + batch, self.training.lessons))]
            rate = self.start_step()
            self.model.train()
            loss, right = _learn(self.model, self.sentences, lessons)
            self.end_step(loss)
            record = VerifierStep(place.step + 1, place.epoch, place.seconds, loss, right / len(lessons), rate)
            yield place.epoch, place.position, record

    def examine(self, net: EntailmentNet) -> dict[str, float]:
        """Figures of a network on the lessons of the validation documents."""
        return examine(net, self.sentences, self.exam)

    def progress(self) -> float:
        """Share of the run that is over, by time or by steps."""
        of_steps = self.place.step / self.training.steps if self.training.steps else 0.0
        return min(1.0, max(super().progress(), of_steps))

    def described(self) -> dict[str, Any]:
        """What was chosen."""
        return {"config": asdict(self.training)}

    def same(self, described: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """All of it but the end."""
        then = described.get("config", {})
        return {
            name: (then.get(name), now)
            for name, now in asdict(self.training).items()
            if name not in ("minutes", "steps")
        }


def _learn(net: EntailmentNet, sentences: SentenceLayers, lessons: Sequence[Lesson]) -> tuple[float, int]:
    """Gradients of the mean loss over a batch, in parts of similar length; the loss, and how many are judged right."""
    ordered = sorted(lessons, key=lambda lesson: len(lesson.claim) + len(lesson.text))
    weights = sum(lesson.weight for lesson in lessons)
    total, right, part_size = 0.0, 0, max(1, len(ordered) // PARTS)
    for start in range(0, len(ordered), part_size):
        part = ordered[start : start + part_size]
        labels = torch.tensor([lesson.label for lesson in part])
        pairs = read_pairs([(lesson.claim, lesson.text) for lesson in part], sentences)
        with torch.autocast("cpu", torch.bfloat16, enabled=cpu_has_bfloat16()):
            logits = net(pairs).float()
        losses = functional.cross_entropy(logits, labels, reduction="none", label_smoothing=0.05)
        loss = (losses * torch.tensor([lesson.weight for lesson in part])).sum() / weights
        loss.backward()
        total += loss.item()
        right += int((logits.argmax(dim=1) == labels).sum())
    return total, right


def examine(net: EntailmentNet, sentences: SentenceLayers, lessons: Sequence[Lesson]) -> dict[str, float]:
    """Figures of a network on some lessons: balanced accuracy of support against all else, and of all three."""
    was = net.training
    net.eval()
    chances = []
    with torch.inference_mode():
        ordered = sorted(range(len(lessons)), key=lambda i: len(lessons[i].claim) + len(lessons[i].text))
        for start in range(0, len(ordered), 16):
            part = [lessons[i] for i in ordered[start : start + 16]]
            chances.append(net(read_pairs([(lesson.claim, lesson.text) for lesson in part], sentences)).numpy())
    net.train(was)
    guess = np.concatenate(chances).argmax(axis=1)
    truth = np.array([lessons[i].label for i in ordered])
    recalls = [float((guess[truth == label] == label).mean()) for label in (SUPPORTS, CONTRADICTS, UNTOLD)]
    others = float((guess[truth != SUPPORTS] != SUPPORTS).mean())
    return {
        "balanced": (recalls[0] + others) / 2,
        "supports": recalls[0],
        "contradicts": recalls[1],
        "untold": recalls[2],
    }


def write_weights(
    net: EntailmentNet,
    sentences: SentenceLayers,
    split: Split,
    folder: Path,
    training: VerifierTraining,
    steps: int,
    seconds: float,
) -> None:
    """Choose the thresholds on the validation documents; write weights, configuration and card."""
    from clip_mat.weight_files import write_weights as write_files
    from rag.verify.card import write_card

    plain = EntailmentConfig()
    examiner = Teacher(split.validation, training.seed + 2)
    lessons = [examiner.lesson(number) for number in range(3 * training.validation)]
    judge = EntailmentJudge(net, sentences, plain)
    threshold, disagreement = choose_thresholds(judge, lessons)
    config = replace(plain, threshold=threshold, disagreement=disagreement)
    write_files(folder, net.state_dict(), asdict(config), half=True)
    write_card(folder, training, config, steps, seconds, split)


def choose_thresholds(judge: EntailmentJudge, lessons: Sequence[Lesson]) -> tuple[float, float]:
    """Thresholds of support and of contradiction, which cost `FALSE_ALARMS` and `FALSE_QUARRELS` on some lessons."""
    sure = [lesson for lesson in lessons if lesson.weight == 1.0]
    chances = judge.judge([(lesson.claim, lesson.text) for lesson in sure])
    labels = np.array([lesson.label for lesson in sure])
    accused = np.array(
        [bool(against(one.claim, [one.text], best_windows(one.claim, [one.text], 2))) for one in sure], dtype=bool
    )
    true = labels == SUPPORTS
    spare = max(0.0, FALSE_ALARMS - float(accused[true].mean()))
    threshold = float(np.quantile(support_scores(chances)[true & ~accused], max(spare, 0.01)))
    disagreement = float(np.quantile(chances[labels != CONTRADICTS, CONTRADICTS], 1 - FALSE_QUARRELS))
    return round(min(threshold, 0.9), 4), round(min(max(disagreement, 0.3), 0.95), 4)
