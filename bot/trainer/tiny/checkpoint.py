"""Writes and reads checkpoints: a folder per step with one file of weights, `model.npz`.

Runs at the steps that are to be kept, and in the answering worker. A checkpoint appears under its name
only when it is complete. The model `tiny` before any training, its *base*, needs no file: it is made from a
fixed seed. Left out: the state of the optimiser, and file formats of others.
"""

import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Final

import numpy as np

from bot.trainer.tiny.model import Shape, Weights, initial
from bot.trainer.tiny.tokens import FIRST_PIECE, MARKS, tokenizer

FILE: Final = "model.npz"
_BASE_SEED: Final = 20
_LARGEST_META: Final = 4096


class CheckpointError(ValueError):
    """A checkpoint that is missing or not ours; its text is a sentence."""


def base() -> Weights:
    """The untrained model, always the same. It would rather say pieces of words than single bytes."""
    weights = initial(Shape(tokenizer().size), _BASE_SEED)
    weights.of["prior"][:FIRST_PIECE] = -6.0
    weights.of["prior"][MARKS + 0x20 : MARKS + 0x7F] = 0.0
    return weights


def save(folder: Path, step: int, weights: Weights) -> str:
    """Writes `checkpoints/step-NNNNNN/model.npz` below the folder; gives that relative path."""
    name = f"checkpoints/step-{step:06d}"
    final = folder / name
    draft = final.with_name(f".{final.name}.{os.getpid()}")
    draft.mkdir(parents=True)
    meta = {"shape": weights.shape.as_dict(), "tokenizer": tokenizer().fingerprint, "step": step}
    with (draft / FILE).open("wb") as file:
        np.savez(file, flat=weights.flat, meta=np.array(json.dumps(meta)))
        file.flush()
        os.fsync(file.fileno())
    if final.exists():
        shutil.rmtree(final)
    draft.rename(final)
    return f"{name}/{FILE}"


def load(folder: Path) -> Weights:
    """Reads the weights of one checkpoint folder; raises CheckpointError."""
    path = folder / FILE
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {folder.name}")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            meta = json.loads(str(stored["meta"])[:_LARGEST_META])
            weights = Weights.zeros(Shape(**meta["shape"]))
            weights.flat[...] = stored["flat"]
    except (OSError, KeyError, TypeError, ValueError, EOFError, MemoryError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"the checkpoint {folder.name} cannot be read") from error
    if meta.get("tokenizer") != tokenizer().fingerprint:
        raise CheckpointError(f"the checkpoint {folder.name} was made with another vocabulary")
    return weights
