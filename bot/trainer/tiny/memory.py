"""Tells the C library to keep freed memory instead of giving it back after every step.

Runs once, when a training begins. Each step frees and takes the same few megabytes; taking them back
from the kernel cost a quarter of the time of a step (0.10 s against 0.075 s). Left out: C libraries other
than glibc, where nothing is done and nothing is lost but speed.
"""

import ctypes
import sys
from typing import Final

# From glibc's malloc.h; see mallopt(3).
_TRIM_THRESHOLD: Final = -1
_MMAP_MAX: Final = -4
_KEEP_BYTES: Final = 1 << 30


def keep_freed() -> bool:
    """Asks for it; says whether the C library agreed."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _KEEP_BYTES)) and bool(mallopt(_MMAP_MAX, 0))
