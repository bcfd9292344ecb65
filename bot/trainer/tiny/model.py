"""The transformer and its gradients, written out by hand.

Runs at every training step and every evaluation; `generate.py` has the one-token-at-a-time form for
answers. Two or so layers: RMS norm without weights, causal attention with linear distance penalties
(ALiBi, https://arxiv.org/abs/2108.12409) instead of position vectors, a squared-ReLU feed-forward
(https://arxiv.org/abs/2109.08668). Scores over the vocabulary are computed only where the assistant
speaks. Left out: biases in the layers, key sharing, mixed precision.

Shapes: B chats, T tokens, D width, H heads, V vocabulary, N positions the assistant speaks at.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of a model, in numbers of things."""

    vocabulary: int
    width: int = 128
    layers: int = 2
    heads: int = 4
    hidden: int = 384
    context: int = 256

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Name and shape of each tensor, in the order in which they lie in the flat vector."""
        d = self.width
        yield "embed", (self.vocabulary, d)
        for i in range(self.layers):
            yield f"{i}.qkv", (d, 3 * d)
            yield f"{i}.out", (d, d)
            yield f"{i}.up", (d, self.hidden)
            yield f"{i}.down", (self.hidden, d)
        yield "head", (d, self.vocabulary)
        yield "prior", (self.vocabulary,)

    def as_dict(self) -> dict[str, int]:
        """The sizes by name, as a checkpoint keeps them."""
        return asdict(self)


@dataclass(slots=True)
class Weights:
    """All tensors as views of one flat vector, so that an optimiser treats them as one."""

    shape: Shape
    flat: Array
    of: dict[str, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = 0
        for name, dims in self.shape.tensors():
            size = int(np.prod(dims))
            self.of[name] = self.flat[at : at + size].reshape(dims)
            at += size

    @classmethod
    def zeros(cls, shape: Shape, dtype: Any = np.float32) -> "Weights":
        """Weights that are all zero."""
        return cls(shape, np.zeros(sum(int(np.prod(dims)) for _, dims in shape.tensors()), dtype))


def initial(shape: Shape, seed: int, dtype: Any = np.float32) -> Weights:
    """Random weights, the same for the same seed: scale 1/sqrt(inputs), outputs of layers smaller.

    Small vectors for the tokens (0.2) let Adam move them far within a few hundred steps; with a scale of
    1 it sorted 60 % instead of 73 % of tickets whose templates it had not seen (300 steps, one seed).
    """
    rng = np.random.default_rng(seed)
    weights = Weights.zeros(shape, dtype)
    for name, view in weights.of.items():
        if name == "prior":
            continue
        scale = 0.2 if name == "embed" else view.shape[0] ** -0.5
        if name.endswith((".out", ".down")):
            scale *= (2 * shape.layers) ** -0.5
        view[...] = rng.standard_normal(view.shape) * scale
    return weights


def slopes(heads: int) -> Array:
    """Penalty per token of distance for each head (heads,): from none at all to 1/4."""
    return np.array([0.0] + [4.0 ** -(h + 1) for h in range(heads - 1)], np.float32)


def penalties(heads: int, length: int, dtype: Any) -> Array:
    """What is added to the scores of attention (H, T, T): distance penalties, and no look ahead."""
    at = np.arange(length)
    distance = (at[:, None] - at[None, :]).astype(dtype)
    bias = -slopes(heads)[:, None, None].astype(dtype) * distance
    return np.where(distance < 0, np.asarray(-1e9, dtype), bias)


def norm(x: Array) -> tuple[Array, Array]:
    """Rows scaled to a mean square of one, and the factor of each row."""
    factor = 1.0 / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + x.dtype.type(_TINY))
    return x * factor, factor


def norm_back(grad: Array, y: Array, factor: Array) -> Array:
    """Gradient of `norm` from its result and factor."""
    back: Array = factor * (grad - y * np.mean(grad * y, axis=-1, keepdims=True))
    return back


@dataclass(frozen=True, slots=True)
class Batch:
    """Chats of one step: ids (B, T) padded on the right, and where (flat, into B*T) what is to be said (N,)."""

    ids: NDArray[np.int32]
    where: NDArray[np.intp]
    targets: NDArray[np.int32]


class Drop:
    """Dropout: sets a share of values to zero and scales the others up; the same mask goes backward."""

    def __init__(self, share: float, rng: np.random.Generator | None) -> None:
        self.share = share if rng is not None else 0.0
        self.rng = rng

    def mask(self, like: Array) -> Array | None:
        """A mask shaped like the array, or nothing when nothing is dropped."""
        if self.rng is None or self.share == 0.0:
            return None
        kept = self.rng.random(like.shape, dtype=np.float32) >= self.share
        scaled: Array = kept.astype(like.dtype) * like.dtype.type(1.0 / (1.0 - self.share))
        return scaled


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all layers of one pass share: the number of chats, penalties (H, T, T), dropout."""

    chats: int
    bias: Array
    drop: Drop


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one layer keeps for its way back."""

    x1: Array
    f1: Array
    qkv: Array
    attention: Array
    mixed: Array
    mask1: Array | None
    x2: Array
    f2: Array
    relu: Array
    mask2: Array | None


def loss_and_gradient(weights: Weights, batch: Batch, drop: Drop, grads: Weights | None) -> float:
    """Mean surprise in nats per token said; writes the gradient into `grads` unless that is None."""
    p = weights.of
    x = p["embed"][batch.ids.reshape(-1)]
    frame = _Frame(batch.ids.shape[0], penalties(weights.shape.heads, batch.ids.shape[1], x.dtype), drop)
    layers: list[_Layer] = []
    for i in range(weights.shape.layers):
        x, kept = _layer(weights, i, x, frame)
        layers.append(kept)
    last, factor = norm(x[batch.where])
    loss, slope = surprise(last @ p["head"] + p["prior"], batch.targets)
    if grads is None:
        return loss
    np.matmul(last.T, slope, out=grads.of["head"])
    np.sum(slope, axis=0, out=grads.of["prior"])
    dx = np.zeros_like(x)
    dx[batch.where] = norm_back(slope @ p["head"].T, last, factor)
    for i in reversed(range(weights.shape.layers)):
        dx = _layer_back(weights, grads, i, dx, layers[i])
    _embed_back(grads.of["embed"], batch.ids.reshape(-1), dx)
    return loss


def surprise(scores: Array, targets: NDArray[np.int32]) -> tuple[float, Array]:
    """Mean surprise in nats of targets (N,) under scores (N, V), and its gradient; overwrites the scores."""
    rows = np.arange(len(targets))
    scores -= scores.max(axis=1, keepdims=True)
    wanted = scores[rows, targets].astype(np.float64)
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, keepdims=True)
    loss = float((np.log(total[:, 0].astype(np.float64)) - wanted).mean())
    scores /= total
    scores[rows, targets] -= 1.0
    scores /= len(rows)
    return loss, scores


def _layer(weights: Weights, i: int, x: Array, frame: _Frame) -> tuple[Array, _Layer]:
    """One layer forward: x (B*T, D) to x (B*T, D)."""
    p, h, d = weights.of, weights.shape.heads, weights.shape.width
    x1, f1 = norm(x)
    qkv = (x1 @ p[f"{i}.qkv"]).reshape(frame.chats, -1, 3, h, d // h).transpose(2, 0, 3, 1, 4)
    attention = attend(qkv[0], qkv[1], frame.bias)
    mixed = (attention @ qkv[2]).transpose(0, 2, 1, 3).reshape(x.shape)
    added = mixed @ p[f"{i}.out"]
    mask1 = frame.drop.mask(added)
    x = x + (added if mask1 is None else added * mask1)
    x2, f2 = norm(x)
    relu = np.maximum(x2 @ p[f"{i}.up"], 0)
    added = (relu * relu) @ p[f"{i}.down"]
    mask2 = frame.drop.mask(added)
    x = x + (added if mask2 is None else added * mask2)
    return x, _Layer(x1, f1, qkv, attention, mixed, mask1, x2, f2, relu, mask2)


def attend(q: Array, k: Array, bias: Array) -> Array:
    """How much each token (.., Tq, D/H) heeds each token (.., Tk, D/H): shares of one (.., Tq, Tk)."""
    shares: Array = q @ k.swapaxes(-1, -2)
    shares *= shares.dtype.type(q.shape[-1] ** -0.5)
    shares += bias
    shares -= shares.max(axis=-1, keepdims=True)
    np.exp(shares, out=shares)
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


def _layer_back(weights: Weights, grads: Weights, i: int, dx: Array, kept: _Layer) -> Array:
    """One layer backward: gradient after the layer (B*T, D) to the gradient before it."""
    p, g = weights.of, grads.of
    added = dx if kept.mask2 is None else dx * kept.mask2
    np.matmul((kept.relu * kept.relu).T, added, out=g[f"{i}.down"])
    inner = added @ p[f"{i}.down"].T
    inner *= kept.relu
    inner *= 2
    np.matmul(kept.x2.T, inner, out=g[f"{i}.up"])
    dx = dx + norm_back(inner @ p[f"{i}.up"].T, kept.x2, kept.f2)
    added = dx if kept.mask1 is None else dx * kept.mask1
    np.matmul(kept.mixed.T, added, out=g[f"{i}.out"])
    dqkv = _attend_back(added @ p[f"{i}.out"].T, kept.qkv, kept.attention)
    np.matmul(kept.x1.T, dqkv, out=g[f"{i}.qkv"])
    return dx + norm_back(dqkv @ p[f"{i}.qkv"].T, kept.x1, kept.f1)


def _attend_back(grad: Array, qkv: Array, shares: Array) -> Array:
    """From the gradient of the mixed values (B*T, D) to that of queries, keys and values (B*T, 3*D)."""
    q, k, v = qkv
    b, h, t, size = q.shape
    mixed = grad.reshape(b, t, h, size).transpose(0, 2, 1, 3)
    scores = mixed @ v.swapaxes(-1, -2)
    scores -= (scores * shares).sum(axis=-1, keepdims=True)
    scores *= shares
    scores *= scores.dtype.type(size**-0.5)
    parts = (scores @ k, scores.swapaxes(-1, -2) @ q, shares.swapaxes(-1, -2) @ mixed)
    return np.stack(parts).transpose(1, 3, 0, 2, 4).reshape(b * t, 3 * h * size)


def _embed_back(out: Array, ids: Array, grad: Array) -> None:
    """Sums the gradients (B*T, D) of each token into its row of `out` (V, D)."""
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    out[...] = 0
    out[ordered[starts]] = np.add.reduceat(grad[order], starts, axis=0)
