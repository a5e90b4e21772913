import math

import numpy as np
import pytest
from callback_training import X, Y, fit
from helpers import Gain, classifier

from minidl import (
    BinaryCrossEntropy,
    Callback,
    Chain,
    Concat,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    StopOnNonFinite,
    Tanh,
)


class Breaks(Layer):
    """The identity, until a step in which it returns a bad value, forward or backward."""

    def __init__(self, step, way, value=np.inf):
        self.step, self.way, self.value, self.count = step, way, value, 0

    def forward(self, x, *, training=False):
        self.count += training
        return x * self.value if self.way == "forward" and self.count >= self.step else x

    def backward(self, dy):
        return dy * self.value if self.way == "backward" and self.count >= self.step else dy


class KeepParameters(Callback):
    """Keeps the parameters at each step."""

    def __init__(self):
        self.thetas = []

    def on_gradient(self, run):
        self.thetas.append(run.model.parameters.theta.copy())


@pytest.mark.parametrize(
    ("way", "where"),
    [
        ("forward", r"layer 2, Breaks\(\), gives an output that is not finite"),
        ("backward", r"layer 2, Breaks\(\), gives a gradient of its input that is not finite"),
    ],
)
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_the_layer_is_reported_with_epoch_and_batch(way, where, value):
    layers = [Linear(3, 4), Linear(4, 4), Breaks(5, way, value), Linear(4, 1), Sigmoid()]
    model, keep = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64), KeepParameters()
    with pytest.raises(
        NonFiniteError, match=rf"at epoch 2, batch 2, {where}.*smaller learning rate \(now 0\.1\)"
    ):
        fit(model, keep, batch_size=4)
    assert np.isfinite(model.parameters.theta).all()
    np.testing.assert_array_equal(model.parameters.theta, keep.thetas[0])


@pytest.mark.parametrize(
    ("step", "kept", "place"),
    [(16, 0, "epoch 1, batch 1"), (17, 0, "epoch 1, batch 1"), (18, 16, "epoch 9, batch 1")],
)
def test_restored_parameters_are_at_most_16_steps_old_and_reported(step, kept, place):
    layers = [Linear(3, 4), Breaks(step, "forward"), Linear(4, 1), Sigmoid()]
    model, keep = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64), KeepParameters()
    with pytest.raises(
        NonFiniteError,
        match=rf"The model has the parameters of {place}, when everything was finite",
    ):
        fit(model, keep, batch_size=6, epochs=20)
    np.testing.assert_array_equal(model.parameters.theta, keep.thetas[kept])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence_ends_with_finite_parameters(dtype):
    model = Sequential([Linear(3, 5), ReLU(), Linear(5, 1)], loss=MeanSquaredError(), dtype=dtype)
    with pytest.raises(
        NonFiniteError, match=r"at epoch \d+, batch 1, (layer \d|the loss).*\(now 1000\)"
    ):
        fit(model, epochs=500, rate=1000.0)
    assert np.isfinite(model.parameters.theta).all()
    assert math.isfinite(model.objective(X, Y)["total"])


class PlantNaN(Callback):
    def on_epoch_end(self, run):
        if run.epoch == 2:
            run.model.parameters.make_read_only(False)
            run.model.parameters["2.weight"].value[0, 1] = np.nan


def test_a_nan_in_a_weight_is_reported_there():
    model, keep = classifier(), KeepParameters()
    with pytest.raises(
        NonFiniteError,
        match=r"epoch 3, batch 1, layer 2, Linear\(4, 1\), has a weight that is not finite",
    ):
        fit(model, PlantNaN(), keep)
    np.testing.assert_array_equal(model.parameters.theta, keep.thetas[0])


def test_a_loss_that_alone_is_not_finite_is_reported():
    class Broken(MeanSquaredError):
        def forward(self, prediction, target):
            return super().forward(prediction, target) * np.inf

    with pytest.raises(NonFiniteError, match=r"epoch 1, batch 1, the loss, Broken\(\), is inf"):
        fit(Sequential([Linear(3, 1)], loss=Broken()))


def test_a_wrong_probability_of_1_is_an_infinite_loss():
    layers = [
        Linear(3, 1),
        Sigmoid(),
        Gain(1),
    ]  # the Gain keeps the loss from being computed from logits
    model = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64)
    model.parameters.theta = [1e6, 1e6, 1e6, 0, 1]
    with pytest.raises(NonFiniteError, match=r"the loss, BinaryCrossEntropy\(\), is inf"):
        model.fit([[1, 1, 1]], [[0]], optimizer=GradientDescent(0.1), epochs=1, progress=False)


def test_large_but_finite_gradients_are_accepted():
    model = Sequential([Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float32)
    model.fit([[1e15]], [[1e15]], optimizer=GradientDescent(1e-35), epochs=1, progress=False)
    assert np.isfinite(model.parameters.theta).all()


def test_the_check_can_be_turned_off():
    history = fit(classifier(), PlantNaN(), StopOnNonFinite(False))
    assert history.epochs == 5
    assert math.isnan(history.loss[-1])


@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (lambda *layers: Residual(*layers), r"1\.body\.1"),
        (lambda *layers: Chain(Chain(*layers)), r"1\.0\.1"),
        (lambda *layers: Chain(Tanh(), Concat([*layers], axis=1)), r"1\.1\.0\.1"),
        (lambda *layers: Residual(Linear(4, 4), shortcut=[*layers]), r"1\.shortcut\.1"),
    ],
)
@pytest.mark.parametrize("way", ["forward", "backward"])
def test_an_inner_layer_is_named_by_its_path(way, wrap, path):
    what = "an output" if way == "forward" else "a gradient of its input"
    inner = wrap(Linear(4, 4), Breaks(5, way))
    model = Sequential([Linear(3, 4), inner, Linear(4, 1)], loss=MeanSquaredError())
    message = rf"layer {path}, Breaks\(\), gives {what} that is not finite"
    with pytest.raises(NonFiniteError, match=message):
        fit(model, rate=1e-3)


def test_an_infinite_output_of_an_inner_layer_is_seen_though_the_next_layer_hides_it():
    class Infinite(Linear):
        def forward(self, x, *, training=False):
            y = super().forward(x, training=training)
            y[0, 0] = np.inf
            return y

    inner = Residual(Chain(Infinite(4, 4), Tanh()))
    model = Sequential([Linear(3, 4), inner, Linear(4, 1)], loss=MeanSquaredError())
    message = r"layer 1\.body\.0\.0, Infinite\(4, 4\), gives an output that is not finite"
    with pytest.raises(NonFiniteError, match=message):
        fit(model, rate=1e-3)


def test_a_bad_parameter_of_an_inner_layer_is_named():
    inner = Residual(Linear(4, 4))
    model = Sequential([Linear(3, 4), inner, Linear(4, 1)], loss=MeanSquaredError())
    inner.body.layers[0].bias.value = np.full(4, np.nan)
    message = r"layer 1\.body\.0, Linear\(4, 4\), has a bias that is not finite"
    with pytest.raises(NonFiniteError, match=message):
        fit(model, rate=1e-3)
