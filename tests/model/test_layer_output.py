"""The output of a single layer."""

import threading

import numpy as np
import pytest

from minidl import (
    Adam,
    ArgumentError,
    BatchNorm,
    Callback,
    Concat,
    Dropout,
    Layer,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    ShapeError,
    Tanh,
)
from minidl.model.layer_output import layer_output, layer_outputs

X = np.random.default_rng(0).standard_normal((5, 3))


def nested_model():
    layers = [
        Linear(3, 4),
        Residual(Linear(4, 4), Concat([Linear(4, 3), ReLU()], Linear(4, 1)), shortcut=Tanh()),
        Dropout(0.5),
        BatchNorm(4),
        Linear(4, 2),
    ]
    return Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)


def test_each_layer_gives_what_it_computes_from_the_one_before():
    model = nested_model()

    def output(path):
        return layer_output(model.objective_function, X, path)

    def apply(linear, x):
        return x @ linear.weight.value.T + linear.bias.value

    first, block, last = model.layers[0], model.layers[1], model.layers[-1]
    inner, concat = block.body.layers
    h = apply(first, X)
    np.testing.assert_allclose(output("0"), h)
    np.testing.assert_allclose(output("1.shortcut"), np.tanh(h))
    a = apply(inner, h)
    np.testing.assert_allclose(output("1.body.0"), a)
    left = apply(concat.branches[0].layers[0], a)
    np.testing.assert_allclose(output("1.body.1.0.0"), left)
    np.testing.assert_allclose(output("1.body.1.0"), np.maximum(left, 0))
    f = np.hstack([np.maximum(left, 0), apply(concat.branches[1], a)])
    np.testing.assert_allclose(output("1.body.1"), f)
    np.testing.assert_allclose(output("1.body"), f)
    np.testing.assert_allclose(output("1"), np.tanh(h) + f)
    np.testing.assert_allclose(output("2"), np.tanh(h) + f)  # dropout is off
    np.testing.assert_allclose(apply(last, output("3")), model.predict(X))
    np.testing.assert_allclose(output("4"), model.predict(X))


def test_the_model_does_not_change():
    model = nested_model()
    objective = model.objective_function
    theta = model.parameters.theta.copy()
    layer_output(objective, X, "4")
    assert objective.scratch.size_in_bytes() == 0
    assert objective.example_shape is None
    np.testing.assert_array_equal(model.parameters.theta, theta)
    assert all(np.isnan(parameter.grad).all() for _, parameter in model.parameters)


def test_a_training_goes_on_as_if_nothing_had_asked():
    class Asks(Callback):
        outputs = ()

        def on_batch_end(self, *_):
            thread = threading.Thread(target=self.ask)
            thread.start()
            thread.join()
            self.ask()

        def ask(self):
            self.outputs = (*self.outputs, layer_output(model.objective_function, X, "1.body"))

    thetas = []
    asks = Asks()
    for callbacks in ([], [asks]):
        model = nested_model()
        options = {"optimizer": Adam(0.1), "epochs": 2, "batch_size": 3, "progress": False}
        model.fit(X, X[:, :2], callbacks=callbacks, **options)
        thetas.append(model.parameters.theta.copy())
    np.testing.assert_array_equal(*thetas)
    assert len(asks.outputs) == 8
    assert not np.array_equal(asks.outputs[0], asks.outputs[-1])


class Twice(Layer):
    """A layer around another one, which is no `Container`."""

    def __init__(self):
        self.inner = Tanh()

    def forward(self, x, *, training=False):
        return 2 * self.inner.forward(x, training=training)

    def backward(self, dy):
        return self.inner.backward(2 * dy)


def test_refuses_layers_that_are_not_there_or_hidden():
    model = Sequential([Linear(3, 2), Twice()], loss=MeanSquaredError(), dtype=np.float64)
    objective = model.objective_function
    assert layer_output(objective, X, "1").shape == (5, 2)
    with pytest.raises(ArgumentError, match=r"got '7': pass one of '0', '1', '1.inner'"):
        layer_output(objective, X, "7")
    with pytest.raises(ArgumentError, match=r"got '1.inner', inside of .*pass the layer around"):
        layer_output(objective, X, "1.inner")
    with pytest.raises(ShapeError, match=r"X has shape \(5, 2\)"):
        layer_output(objective, X[:, :2], "0")


def test_the_output_is_a_fresh_array():
    layers = [Dropout(0.5), Linear(3, 2)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    output = layer_output(model.objective_function, X, "0")
    np.testing.assert_array_equal(output, X)
    assert not np.shares_memory(output, X)


class Square(Twice):
    def forward(self, x, *, training=False):
        return x * x


def test_underflow_raises_nothing():
    model = Sequential([Linear(3, 2), Square()], loss=MeanSquaredError())
    with np.errstate(all="raise"):
        output = layer_output(model.objective_function, np.full((1, 3), 1e-30), "1")
    assert not output.any()


def test_the_outputs_of_all_layers_are_those_of_each():
    model = Sequential([Linear(3, 3), ReLU(), Linear(3, 1)], loss=MeanSquaredError(), seed=0)

    outputs = layer_outputs(model.objective_function, X)
    assert len(outputs) == 3
    for i, output in enumerate(outputs):
        np.testing.assert_array_equal(output, layer_output(model.objective_function, X, str(i)))
    np.testing.assert_array_equal(outputs[-1], model.predict(X))
