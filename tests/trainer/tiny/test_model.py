"""The gradients are those of the loss, and the answer's arithmetic is that of training."""

from dataclasses import replace

import numpy as np
import pytest

from bot.trainer.tiny.checkpoint import base
from bot.trainer.tiny.generate import Reader
from bot.trainer.tiny.model import Batch, Drop, Shape, Weights, initial, loss_and_gradient, surprise
from bot.trainer.tiny.tokens import tokenizer

SHAPE = Shape(23, width=8, layers=2, heads=2, hidden=12, context=16)
STILL = Drop(0.0, None)


def some_batch() -> Batch:
    """Three chats of seven tokens, five of which are to be said."""
    ids = np.random.default_rng(0).integers(0, 23, (3, 7)).astype(np.int32)
    return Batch(ids, np.array([2, 5, 9, 13, 20]), np.array([1, 2, 3, 4, 5], np.int32))


class SameMask(Drop):
    """Dropout that drops the same values at each call, so that the loss is a function."""

    def mask(self, like: np.ndarray) -> np.ndarray:
        kept = np.random.default_rng(like.shape[0]).random(like.shape) >= self.share
        return kept / (1 - self.share)


@pytest.mark.parametrize("drop", [STILL, SameMask(0.3, np.random.default_rng(0))])
def test_the_gradient_agrees_with_finite_differences(drop: Drop) -> None:
    weights, grads = initial(SHAPE, 1, np.float64), Weights.zeros(SHAPE, np.float64)
    batch, step = some_batch(), 1e-5
    loss_and_gradient(weights, batch, drop, grads)
    for i in np.random.default_rng(1).choice(weights.flat.size, 250, replace=False):
        kept = weights.flat[i]
        weights.flat[i] = kept + step
        above = loss_and_gradient(weights, batch, drop, None)
        weights.flat[i] = kept - step
        below = loss_and_gradient(weights, batch, drop, None)
        weights.flat[i] = kept
        assert grads.flat[i] == pytest.approx((above - below) / (2 * step), rel=1e-5, abs=1e-8)


def test_every_tensor_gets_a_gradient() -> None:
    weights, grads = initial(SHAPE, 1), Weights.zeros(SHAPE)
    loss_and_gradient(weights, some_batch(), STILL, grads)
    assert all(np.abs(grad).max() > 0 for grad in grads.of.values())


def test_padding_on_the_right_does_not_change_the_loss() -> None:
    weights, batch = initial(SHAPE, 1), some_batch()
    padded = np.pad(batch.ids, ((0, 0), (0, 3)), constant_values=4)
    moved = batch.where // 7 * 10 + batch.where % 7
    loss = loss_and_gradient(weights, batch, STILL, None)
    assert loss_and_gradient(weights, Batch(padded, moved, batch.targets), STILL, None) == pytest.approx(loss)


def test_no_token_looks_ahead() -> None:
    weights, batch = initial(SHAPE, 1), some_batch()
    early = replace(batch, where=batch.where[:1], targets=batch.targets[:1])
    loss = loss_and_gradient(weights, early, STILL, None)
    early.ids[0, 3:] = 9
    assert loss_and_gradient(weights, early, STILL, None) == pytest.approx(loss, rel=1e-6)


def test_reading_token_by_token_scores_like_training() -> None:
    weights, ids = base(), tokenizer().encode("where is my parcel and my money")
    whole = Reader(weights).read(ids)
    reader = Reader(weights)
    reader.read(ids[:3])
    for token in ids[3:]:
        single = reader.read([token])
    np.testing.assert_allclose(single, whole, rtol=1e-4, atol=1e-4)
    target = np.array([ids[0]], np.int32)
    batch = Batch(np.array([ids], np.int32), np.array([len(ids) - 1]), target)
    expected, _ = surprise(whole[None].copy(), target)
    assert loss_and_gradient(weights, batch, STILL, None) == pytest.approx(expected, rel=1e-4)


def test_the_base_is_the_same_every_time() -> None:
    assert np.array_equal(base().flat, base().flat)
