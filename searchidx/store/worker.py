"""A worker process: batches of items come in, segments and what was wrong go out (workers.py)."""

from __future__ import annotations

import gc
import os
import pickle
import sys
from contextlib import suppress

from searchidx.store.workers import SegmentMaker, receive, send


def main() -> None:
    """Serve one pipe until it is closed, or says that there is no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what anything prints is not an answer
    orders = sys.stdin.buffer
    gc.set_threshold(100_000, 50, 50)  # what is gathered is kept, and need not be walked so often
    with suppress(EOFError, BrokenPipeError, pickle.UnpicklingError):  # the other end is gone
        maker = SegmentMaker(*receive(orders))
        while True:
            batch = receive(orders)
            try:
                done = maker.finish() if batch is None else maker.handle(batch)
            except Exception as error:
                send(answers, error)
                return
            send(answers, done)
            if batch is None:
                return
