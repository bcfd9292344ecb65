"""AdamW over the flat weight vector, and the schedules of its learning rate.

Runs once per training step, in place, with no allocation that grows. Weight decay is decoupled
(https://arxiv.org/abs/1711.05101). Left out: per-tensor rates and saving the optimiser for a resume.

Schedules: `constant`, `linear` and `cosine` rise over the warm-up and then stay or fall to zero. `ramp`
is a learning-rate range test (https://arxiv.org/abs/1506.01186): it rises without end by the same
factor each step, from a millionth of the rate to the rate at the last step, to find where training breaks.
"""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SCHEDULES: Final = ("linear", "cosine", "constant", "ramp")
_RAMP_FROM: Final = 1e-6


def rate(schedule: str, peak: float, step: int, total: int, warmup: int) -> float:
    """Learning rate of a step, steps counted from 1 to `total`."""
    if schedule == "ramp":
        return peak * math.pow(_RAMP_FROM, 1.0 - step / total)
    if step <= warmup:
        return peak * step / warmup
    left = (total - step + 1) / max(1, total - warmup)
    if schedule == "linear":
        return peak * left
    if schedule == "cosine":
        return peak * 0.5 * (1.0 - math.cos(math.pi * left))
    return peak


class AdamW:
    """Adam's two moments for one flat vector of weights (n,)."""

    def __init__(self, weights: NDArray[Any], *, decay: float, clip: float, beta2: float = 0.98) -> None:
        self.weights = weights
        self.decay = decay
        self.clip = clip
        self.beta1, self.beta2 = 0.9, beta2
        self.mean = np.zeros_like(weights)
        self.square = np.zeros_like(weights)
        self.work = np.empty_like(weights)
        self.steps = 0

    def step(self, grad: NDArray[Any], rate: float) -> float:
        """Moves the weights against the gradient (n,), which it overwrites; gives the gradient's length."""
        self.steps += 1
        length = float(np.sqrt(np.dot(grad, grad)))
        if length > self.clip:
            grad *= grad.dtype.type(self.clip / length)
        self.mean *= self.beta1
        np.multiply(grad, 1 - self.beta1, out=self.work)
        self.mean += self.work
        np.multiply(grad, grad, out=grad)
        grad *= 1 - self.beta2
        self.square *= self.beta2
        self.square += grad
        np.multiply(self.square, 1.0 / (1 - self.beta2**self.steps), out=grad)
        np.sqrt(grad, out=grad)
        grad += 1e-8
        np.divide(self.mean, grad, out=self.work)
        self.work *= rate / (1 - self.beta1**self.steps)
        self.weights *= 1.0 - rate * self.decay
        self.weights -= self.work
        return length
