"""The experiments of the DeepLearning.AI specialization, number for number.

course_figures.json contains the results of its formulas.
"""

from itertools import pairwise

import numpy as np
import pytest
from helpers import needs_data, read_reference

from minidl import (
    Adam,
    BinaryCrossEntropy,
    Callback,
    GradientDescent,
    He,
    Linear,
    Momentum,
    Random,
    ReLU,
    Sequential,
    Sigmoid,
    Xavier,
    Zeros,
)
from minidl.data import load_cats, planar

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

FIGURES = read_reference("course_figures.json")


def net(*widths, init, seed):
    layers = []
    for inputs, outputs in pairwise(widths):
        layers += [Linear(inputs, outputs, init=init), ReLU()]
    layers[-1] = Sigmoid()
    return Sequential(
        layers, loss=BinaryCrossEntropy(), seed=np.random.RandomState(seed), dtype=np.float64
    )


@needs_data
def test_cats():
    cats, expected = load_cats(), FIGURES["cats"]
    assert cats.verified
    model = net(12288, 20, 7, 5, 1, init=Xavier(), seed=1)
    history = model.fit(
        cats.train.x,
        cats.train.y,
        optimizer=GradientDescent(0.0075),
        epochs=expected["iterations"],
        batch_size=None,
        progress=False,
    )
    np.testing.assert_allclose(history.loss[::100], expected["cost_every_100"], atol=1e-6)
    assert model.evaluate(cats.train.x, cats.train.y)["accuracy"] == pytest.approx(
        expected["train_accuracy"], abs=1e-9
    )
    assert model.evaluate(cats.test.x, cats.test.y)["accuracy"] == pytest.approx(
        expected["test_accuracy"], abs=1e-9
    )


class LastBatch(Callback):
    """Keeps the cost of the last batch of every thousandth epoch, as the course prints it."""

    def __init__(self):
        self.costs = []

    def on_epoch_end(self, run):
        if run.epoch % 1000 == 1:
            self.costs.append(run.loss)


@pytest.mark.parametrize(
    ("name", "optimizer"), [("gd", GradientDescent), ("momentum", Momentum), ("adam", Adam)]
)
def test_moons(name, optimizer):
    X, Y = planar.moons(300, 0.2, np.random.RandomState(3))
    model, last = net(2, 5, 2, 1, init=He(), seed=3), LastBatch()
    model.fit(
        X,
        Y,
        optimizer=optimizer(0.0007),
        epochs=10000,
        batch_size=64,
        shuffle=lambda epoch: np.random.RandomState(10 + epoch).permutation(300),
        callbacks=[last],
        progress=False,
    )
    np.testing.assert_allclose(
        last.costs, FIGURES["moons"]["last_batch_cost_every_1000_epochs"][name], atol=1e-6
    )
    assert model.evaluate(X, Y)["accuracy"] == pytest.approx(
        FIGURES["moons"]["train_accuracy"][name], abs=1e-9
    )


@pytest.mark.parametrize(
    ("name", "init"), [("zeros", Zeros()), ("random", Random(10.0)), ("he", He())]
)
def test_circles(name, init):
    X, Y = planar.circles(300, 0.05, np.random.RandomState(1))
    model = net(2, 10, 5, 1, init=init, seed=3)
    model.fit(X, Y, optimizer=GradientDescent(0.01), epochs=15000, batch_size=None, progress=False)
    assert model.evaluate(X, Y)["accuracy"] == pytest.approx(
        FIGURES["circles"]["train_accuracy"][name], abs=1e-9
    )
    X, Y = planar.circles(100, 0.05, np.random.RandomState(2))
    assert model.evaluate(X, Y)["accuracy"] == pytest.approx(
        FIGURES["circles"]["test_accuracy"][name], abs=1e-9
    )
