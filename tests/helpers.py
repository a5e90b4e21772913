"""Helpers of several tests: small models, and derivatives independent of the code under test."""

import copy
import json
import os
from pathlib import Path

import numpy as np
import pytest

from minidl import BinaryCrossEntropy, Layer, Linear, Loss, Parameter, ReLU, Sequential, Sigmoid
from minidl.initializers import Ones

HERE = Path(__file__).parent
TOLERANCE = {"float32": 2e-4, "float64": 1e-10}

needs_data = pytest.mark.skipif(
    not Path(os.environ.get("MINIDL_DATA") or "nowhere", "train_catvnoncat.h5").exists(),
    reason="the images of cats are not there: set MINIDL_DATA to their folder",
)


def read_reference(name):
    """Return the reference values of a JSON file in the folder of tests."""
    return json.loads((HERE / name).read_text())


def complex_step(f, x, h=1e-30):
    """Return the gradient of the scalar f at x as Im f(x + i h) / h, exact to rounding."""
    gradient = np.empty(np.shape(x))
    for k in np.ndindex(gradient.shape):
        shifted = np.array(x, np.complex128)
        shifted[k] += 1j * h
        gradient[k] = f(shifted).imag / h
    return gradient


def central(f, x, h=1e-6):
    """Return the gradient of the scalar f at the array x as (f(x + h) - f(x - h)) / 2h."""
    gradient = np.empty(np.shape(x))
    for k in np.ndindex(gradient.shape):
        up, down = np.array(x, np.float64), np.array(x, np.float64)
        up[k] += h
        down[k] -= h
        gradient[k] = (f(up) - f(down)).real / (2 * h)
    return gradient


def away_from_kink(x):
    """Return x with every element at least 0.01 from 0."""
    return x + np.where(x < 0, -0.01, 0.01).astype(x.dtype)


def in_dtype(layer, dtype):
    """Return a copy of the layer whose parameters and buffers have the dtype."""
    twin = copy.deepcopy(layer)
    for parameter in twin.parameters().values():
        assert parameter.value.shape == parameter.shape  # drawn now, if not before
        parameter.bind(np.empty(parameter.shape, dtype), np.empty(parameter.shape, dtype))
    for buffer in twin.buffers().values():
        buffer.convert(np.dtype(dtype), np.random.default_rng(0))
    return twin


def assert_gradients(layer, x, training=False):
    """Compare backward with the complex step and central differences through forward.

    The gradients of the input and of all parameters are compared.
    """
    layer = in_dtype(layer, x.dtype)
    twin = in_dtype(layer, np.complex128)
    parameters = twin.parameters()

    def run(layer, x):
        if layer.stochastic:
            layer.rng = np.random.default_rng(5)
        return layer.forward(x, training=training)

    cotangent = np.random.default_rng(1).standard_normal(run(layer, x).shape)

    def as_function_of(name):
        def f(values):
            if name == "input":
                return (run(twin, values.astype(np.complex128)) * cotangent).sum()
            original = parameters[name].value.copy()
            parameters[name].value = values
            value = (run(twin, x.astype(np.complex128)) * cotangent).sum()
            parameters[name].value = original
            return value

        return f

    gradients = {"input": layer.backward(cotangent.astype(x.dtype)).copy()}
    gradients |= {name: parameter.grad for name, parameter in layer.parameters().items()}
    for name, gradient in gradients.items():
        at = x if name == "input" else layer.parameters()[name].value
        assert gradient.dtype == x.dtype
        tolerance = TOLERANCE[x.dtype.name]
        np.testing.assert_allclose(
            gradient,
            complex_step(as_function_of(name), at),
            rtol=tolerance,
            atol=tolerance,
            err_msg=name,
        )
        np.testing.assert_allclose(
            gradient,
            central(as_function_of(name), at),
            rtol=max(tolerance, 1e-6),
            atol=max(tolerance, 1e-6),
            err_msg=name,
        )


def assert_loss_gradient(loss, prediction, target):
    """Compare backward with the complex step and central differences through forward."""
    twin = copy.copy(loss)

    def f(values):
        return twin.forward(values.astype(np.complex128), target.astype(np.complex128))

    loss.forward(prediction, target)
    gradient = loss.backward()
    assert gradient.dtype == prediction.dtype
    tolerance = TOLERANCE[prediction.dtype.name]
    np.testing.assert_allclose(
        gradient, complex_step(f, prediction), rtol=tolerance, atol=tolerance
    )
    np.testing.assert_allclose(
        gradient, central(f, prediction), rtol=max(tolerance, 1e-5), atol=max(tolerance, 1e-7)
    )


def rows(m=10, features=3, seed=0, dtype=np.float64):
    """Return X (m, features) and Y (m, 1) of zeros and ones."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, features)).astype(dtype)
    return X, (X.sum(axis=1, keepdims=True) > 0).astype(dtype)


def classifier(features=3, hidden=4, *, seed=0, dtype=np.float64, loss=None, **arguments):
    """Return a small network with two layers for two classes."""
    layers = [Linear(features, hidden), ReLU(), Linear(hidden, 1), Sigmoid()]
    loss = loss or BinaryCrossEntropy()
    return Sequential(layers, loss=loss, seed=seed, dtype=dtype, **arguments)


def assert_refused(model, call, error, message):
    """Check that a call raises the error, and that no bit of the model's parameters changes."""
    before = model.parameters.theta.tobytes()
    with pytest.raises(error, match=message):
        call()
    assert model.parameters.theta.tobytes() == before


class Gain(Layer):
    """A custom layer, as in the docstring of Layer: no super().__init__, no output_shape."""

    def __init__(self, features):
        self.gain = Parameter((features,), init=Ones())

    def forward(self, x, *, training=False):
        self.x = x
        return x * self.gain.value

    def backward(self, dy):
        self.gain.grad[...] = (dy * self.x).sum(axis=0)
        return dy * self.gain.value


class Absolute(Loss):
    """The mean of |p - t|."""

    def forward(self, prediction, target):
        self.d = prediction - target
        return np.abs(self.d).mean()

    def backward(self):
        return np.sign(self.d) / self.d.size


class Residual(Layer):
    """A layer of layers: y = x + second(first(x))."""

    def __init__(self, width):
        self.steps = [Linear(width, width), ReLU()]
        self.last = Linear(width, width, bias=False)

    def forward(self, x, *, training=False):
        y = x
        for step in self.steps:
            y = step.forward(y, training=training)
        return x + self.last.forward(y, training=training)

    def backward(self, dy):
        dx = self.last.backward(dy)
        for step in reversed(self.steps):
            dx = step.backward(dx)
        return dy + dx

    def output_shape(self, shape):
        return self.last.output_shape(shape)
