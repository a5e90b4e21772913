"""Custom last layers are judged by their outputs, once, before anything is trained."""

import numpy as np
import pytest

from minidl import Adam, CategoricalCrossEntropy, Linear, Sequential, Sigmoid, Softmax
from minidl.errors import ArgumentError

X = np.random.default_rng(0).standard_normal((40, 2))
Y = (X[:, 0] > 0).astype(int)


class CustomSigmoid(Sigmoid):
    pass


class CustomSoftmax(Softmax):
    pass


class Counted(CustomSoftmax):
    calls = 0

    def forward(self, x, *, training=False):
        self.calls += 1
        return super().forward(x, training=training)


def model(last):
    return Sequential([Linear(2, 3), last], loss=CategoricalCrossEntropy(), seed=1)


@pytest.mark.parametrize("in_memory", [True, False])
def test_fit_refuses_rows_that_do_not_sum_to_one(in_memory, tmp_path):
    rows = X
    if not in_memory:
        np.save(tmp_path / "x.npy", X)
        rows = np.load(tmp_path / "x.npy", mmap_mode="r")
    wrong = model(CustomSigmoid())
    before = wrong.parameters.theta.copy()
    with pytest.raises(ArgumentError, match=r"must sum to 1.*end the layers in Softmax\(\)"):
        wrong.fit(rows, Y, optimizer=Adam(), epochs=1, progress=False)
    assert np.array_equal(before, wrong.parameters.theta)


def test_evaluate_refuses_them():
    with pytest.raises(ArgumentError, match="got a sum of"):
        model(CustomSigmoid()).evaluate(X, Y)


def test_a_custom_softmax_is_accepted_and_run_once_more_only():
    right = model(Counted())
    right.fit(X, Y, optimizer=Adam(), epochs=3, batch_size=None, progress=False)
    assert right.layers[1].calls == 1 + 3


def test_a_model_that_has_diverged_may_be_evaluated():
    diverged = model(CustomSoftmax())
    diverged.parameters.theta = np.full(9, np.nan)
    assert np.isnan(diverged.evaluate(X, Y)["loss"])
