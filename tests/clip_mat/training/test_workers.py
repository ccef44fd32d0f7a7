"""Processes that prepare batches: when they end."""

from __future__ import annotations

import multiprocessing
import signal
import time
from multiprocessing.connection import Connection

from clip_mat.training import data


def _wait(ready: Connection) -> None:
    data.GRACE = 1
    data._prepare_worker(0)
    ready.send(True)
    time.sleep(300)


def test_a_worker_that_is_told_to_end_lets_its_trainer_go_first_and_then_does() -> None:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=_wait, args=(there,), daemon=True)
    worker.start()
    assert here.poll(120)
    here.recv()
    worker.terminate()
    worker.join(0.3)
    assert worker.is_alive()
    worker.join(60)
    assert worker.exitcode == -signal.SIGALRM
