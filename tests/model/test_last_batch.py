"""A last mini-batch of one example is refused before training, where a layer cannot take it."""

import copy

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    BatchNorm,
    Flatten,
    GradientDescent,
    LayerNorm,
    Linear,
    MeanSquaredError,
    Residual,
    Sequential,
)

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((9, 3)), RNG.standard_normal((9, 2))


def fit(layers, x=X, **options):
    model = Sequential(copy.deepcopy(layers), loss=MeanSquaredError(), dtype=np.float64)
    before = [model.parameters.theta.copy(), *(b.value.copy() for b in model.buffers.values())]
    try:
        model.fit(
            x, Y[: len(x)], optimizer=GradientDescent(0.1), epochs=1, progress=False, **options
        )
    except ArgumentError:
        after = [model.parameters.theta, *(b.value for b in model.buffers.values())]
        for old, new in zip(before, after, strict=True):
            np.testing.assert_array_equal(old, new)
        raise


@pytest.mark.parametrize("layers", [[BatchNorm(3)], [Residual(BatchNorm(3))]])
@pytest.mark.parametrize(("m", "batch_size"), [(9, 4), (9, 8), (9, 1), (1, 4), (1, None)])
def test_a_single_example_is_refused_and_nothing_has_changed(layers, m, batch_size):
    with pytest.raises(
        ArgumentError,
        match=rf"leaves a single one of {m} examples: BatchNorm\(3\) needs two values .* while "
        r"training, got x of shape \(1, 3\): choose a batch_size",
    ):
        fit([*layers, Linear(3, 2)], X[:m], batch_size=batch_size)


@pytest.mark.parametrize("batch_size", [2, 3, 7, 9, 64, None])
def test_other_batches_train(batch_size):
    if batch_size != 2:
        fit([BatchNorm(3), Linear(3, 2)], batch_size=batch_size)
    else:  # 9 = 4 * 2 + 1
        with pytest.raises(ArgumentError, match="single one of 9"):
            fit([BatchNorm(3), Linear(3, 2)], batch_size=batch_size)


def test_positions_are_values_too():
    fit([BatchNorm(3), Flatten(), Linear(12, 2)], RNG.standard_normal((9, 4, 3)), batch_size=4)


def test_layers_that_do_not_couple_examples_train_on_one():
    fit([LayerNorm(3), Linear(3, 2)], batch_size=4)
