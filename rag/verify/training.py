"""Teaches the entailment network what a text says, what it denies, and what it does not tell.

Lessons come from `rag.verify.lessons`; the token vectors of their sentences are kept, so that a lesson that comes again
costs little. At the end two thresholds are chosen on documents that nothing was learned from.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from clip_mat.errors import TrainingError
from clip_mat.sentence_encoder import cpu_has_bfloat16
from clip_mat.training.checkpoints import FILE, read_checkpoint, write_checkpoint
from clip_mat.training.logs import RunLog
from clip_mat.training.optimization import learning_rate_factor, optimizer_tensors, restore_optimizer
from clip_mat.training.signals import stop_signals
from rag.verify.entailment import EntailmentConfig, EntailmentJudge, build, put_weights, save_weights
from rag.verify.lessons import CONTRADICTS, SUPPORTS, UNTOLD, Lesson, Split, Teacher
from rag.verify.network import EntailmentNet, SentenceLayers
from rag.verify.tokens import read_pairs
from rag.verify.verifier import against, support_scores
from rag.verify.windows import best_windows

logger = logging.getLogger(__name__)

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
    run = _Run(split, folder, config)
    if resume:
        run.restore()
    elif (folder / FILE).exists():
        raise TrainingError(f"{folder}: holds a run already (give --resume, or another folder)")
    else:
        folder.mkdir(parents=True, exist_ok=True)
    finished = run.go()
    if finished:
        write_weights(run.net, run.sentences, split, folder, config, run.step, run.seconds)
    return VerifierSummary(run.step, run.seconds / 60, finished, run.metrics)


class _Run:
    """A run and where it stands."""

    def __init__(self, split: Split, folder: Path, config: VerifierTraining) -> None:
        self.folder, self.config = folder, config
        torch.manual_seed(config.seed)
        self.net, self.sentences = build(EntailmentConfig(), remembered=4 * config.lessons)
        self.optimizer = torch.optim.AdamW(self.net.parameters(), lr=config.learning_rate, weight_decay=0.02)
        self.teacher = Teacher(split.fit, config.seed)
        examiner = Teacher(split.validation, config.seed + 1)
        self.exam = [examiner.lesson(number) for number in range(config.validation)]
        self.step, self.seconds = 0, 0.0
        self.metrics: dict[str, float] = {}

    def go(self) -> bool:
        """Steps until the time is over; False if told to stop before."""
        started = time.monotonic() - self.seconds
        saved = time.monotonic()
        every = max(60.0, self.config.minutes * 60 / 6)
        examined = self.seconds
        with RunLog(self.folder, self.step) as log, stop_signals() as stopped:
            while self._progress() < 1.0:
                record = self._one_step()
                self.seconds = time.monotonic() - started
                log.step(replace(record, seconds=self.seconds), self._progress())
                if self.seconds - examined > every or self._progress() >= 1.0:
                    self.metrics = examine(self.net, self.sentences, self.exam)
                    self.seconds = examined = time.monotonic() - started
                    log.validation(self.step, record.epoch, self.seconds, self.metrics)
                if stopped.is_set() or time.monotonic() - saved > 120 or self._progress() >= 1.0:
                    log.flush()
                    self.save()
                    saved = time.monotonic()
                if stopped.is_set():
                    return self._progress() >= 1.0
        return True

    def _progress(self) -> float:
        """Share of the run that is over, 0 to 1."""
        of_time = self.seconds / (60 * self.config.minutes)
        return min(1.0, max(of_time, self.step / self.config.steps if self.config.steps else 0.0))

    def _one_step(self) -> VerifierStep:
        config = self.config
        first = self.step * config.batch
        lessons = [self.teacher.lesson(n % config.lessons) for n in range(first, first + config.batch)]
        torch.manual_seed(config.seed * 1_000_003 + self.step)  # of dropout: a resumed run draws the same
        rate = config.learning_rate * learning_rate_factor(self.step, 60, self._progress())
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.net.train()
        self.optimizer.zero_grad()
        loss, right = _learn(self.net, self.sentences, lessons)
        nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimizer.step()
        self.step += 1
        accuracy = right / len(lessons)
        return VerifierStep(self.step, first // config.lessons, self.seconds, loss, accuracy, rate)

    def save(self) -> None:
        """A checkpoint."""
        tensors = {f"net.{name}": tensor for name, tensor in self.net.state_dict().items()}
        moments = optimizer_tensors(self.net, self.optimizer)
        tensors |= {f"optimizer.{name}": tensor for name, tensor in moments.items()}
        state = {"step": self.step, "seconds": self.seconds, "metrics": self.metrics, "config": asdict(self.config)}
        write_checkpoint(self.folder, tensors, state)

    def restore(self) -> None:
        """From the checkpoint of the folder.

        Raises:
            TrainingError: If there is none, or it is of another configuration.
        """
        tensors, state = read_checkpoint(self.folder, torch.device("cpu"))
        kept = {**state.get("config", {}), "minutes": self.config.minutes, "steps": self.config.steps}
        if kept != asdict(self.config):
            raise TrainingError(f"{self.folder}: a run of another configuration (resume it with the same options)")
        own = {name.removeprefix("net."): tensor for name, tensor in tensors.items() if name.startswith("net.")}
        put_weights(self.net, own, self.folder / FILE)
        moments = {n.removeprefix("optimizer."): t for n, t in tensors.items() if n.startswith("optimizer.")}
        restore_optimizer(self.net, self.optimizer, moments)
        self.step, self.seconds, self.metrics = state["step"], state["seconds"], state["metrics"]


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
    from rag.verify.card import write_card

    save_weights(net, folder / "model.safetensors")
    plain = EntailmentConfig()
    examiner = Teacher(split.validation, training.seed + 2)
    lessons = [examiner.lesson(number) for number in range(3 * training.validation)]
    judge = EntailmentJudge(net, sentences, plain)
    threshold, disagreement = choose_thresholds(judge, lessons)
    config = replace(plain, threshold=threshold, disagreement=disagreement)
    config.write(folder / "config.json")
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
