import copy

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    BatchNorm,
    Buffer,
    Chain,
    DataParallel,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    Sequential,
    Zeros,
    whole_sums,
)

X, Y = np.random.default_rng(0).standard_normal((24, 2)), np.ones((24, 1))


class Center(Layer):
    """y = x - mean of the batch."""

    couples_examples = True

    def forward(self, x, *, training=False):
        return x - x.mean(axis=0) if training else x

    def backward(self, dy):
        return dy - dy.mean(axis=0)


class CenterOfAll(Layer):
    """The same, of the whole batch."""

    couples_examples = True
    sums_whole_batches = True

    def forward(self, x, *, training=False):
        self.is_training = training
        return x - self.mean(x) if training else x

    def backward(self, dy):
        return dy - self.mean(dy)

    def mean(self, x):
        n, total = whole_sums(len(x), x.sum(axis=0))
        return total / n


class Count(Layer):
    """Counts the examples seen, and changes none; or keeps a number that never changes."""

    def __init__(self, counts=True):
        self.counts = counts
        self.n = Buffer((1,), init=Zeros())

    def forward(self, x, *, training=False):
        if training and self.counts:
            self.n.value += len(x)
        return x

    def backward(self, dy):
        return dy

    def settings(self):
        return {"counts": self.counts}


def train(layer, comm):
    model = Sequential([Linear(2, 2), layer, Linear(2, 1)], loss=MeanSquaredError(), seed=1)
    options = {"optimizer": GradientDescent(0.1), "epochs": 2, "batch_size": 8, "progress": False}
    model.fit(X, Y, comm=comm, **options)
    return model


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("layer", [Center(), Chain(Center())])
def test_layers_that_couple_examples_are_refused(layer, exact):
    with pytest.raises(ArgumentError, match=r"depend on each other in layer 1(\.0)?, Center\(\)"):
        train(copy.deepcopy(layer), DataParallel(None, exact=exact))


def test_buffers_that_follow_the_rows_are_refused_and_the_model_is_as_before():
    layer = Count()
    with pytest.raises(ArgumentError, match=r"layer 1, Count.*, changes one by the rows of each"):
        train(layer, DataParallel(None))
    assert layer.n.value == [0]


def test_others_are_taken():
    train(Count(counts=False), DataParallel(None))
    train(BatchNorm(2), DataParallel(None))
    for layer in (Center(), Count()):
        train(layer, DataParallel(None, exact=False, batch_statistics="rank"))


def test_a_layer_of_ones_own_with_whole_sums_sees_the_whole_batch():
    whole = train(CenterOfAll(), None).parameters.theta
    assert train(CenterOfAll(), DataParallel(None)).parameters.theta == pytest.approx(
        whole, abs=1e-6
    )
    assert train(Center(), None).parameters.theta == pytest.approx(whole, abs=1e-6)
