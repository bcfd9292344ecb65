"""The door of the engine: `train` for one job, `answer` for the worker.

Runs as `python -m bot.trainer.tiny train|answer`. It limits the threads of NumPy before NumPy is loaded,
because a training must leave the other cores alone. Left out: options, everything is in `job.json`.
"""

import os
import sys
from pathlib import Path
from typing import Final

_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_USAGE: Final = "usage: python -m bot.trainer.tiny train|answer\n"


def main(words: list[str]) -> int:
    """Runs one command; gives the exit code."""
    for name in _THREADS:
        os.environ[name] = os.environ.get("TRAINER_THREADS", "1")
    if words == ["train"]:
        return _train()
    if words == ["answer"]:
        return _answer()
    sys.stderr.write(_USAGE)
    return 2


def _train() -> int:
    from bot.trainer.tiny.memory import keep_freed
    from bot.trainer.tiny.train import Diverged, JobError, train

    keep_freed()
    try:
        train(Path.cwd())
    except JobError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except Diverged as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


def _answer() -> int:
    from bot.trainer.tiny.answer import answers
    from bot.trainer.tiny.events import say

    for reply in answers(sys.stdin.buffer):
        say(reply)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
