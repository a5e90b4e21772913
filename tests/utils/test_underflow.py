"""Harmless underflow raises nothing under `np.errstate(all="raise")`, in any built-in part."""

import inspect

import numpy as np
import pytest

import minidl
from minidl import (
    Adam,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    GradientChecker,
    GradientDescent,
    Linear,
    MeanSquaredError,
    Sequential,
    Sigmoid,
    Softmax,
)
from minidl.layers.activation import Activation
from minidl.optimizers import Optimizer
from minidl.utils.underflow import ignore_underflow

TINY = {np.float32: 1e-42, np.float64: 1e-310}
Y = np.array([0, 1, 0, 1])


def parts(base):
    values = [getattr(minidl.layers, name) for name in minidl.layers.__all__]
    values += [getattr(minidl.optimizers, name) for name in minidl.optimizers.__all__]
    return [
        value
        for value in values
        if inspect.isclass(value) and issubclass(value, base) and not inspect.isabstract(value)
    ]


def extreme_rows(dtype):
    """Return rows whose exponentials, squares or products round to 0."""
    tiny = TINY[dtype]
    return np.array([[tiny, 900.0], [-900.0, tiny], [300.0, -300.0], [0.0, -tiny]])


def use(model, optimizer):
    """Train and ask the model where NumPy raises everything."""
    X = extreme_rows(model.dtype.type)
    with np.errstate(all="raise"):
        for batch_size in (2, None):
            model.fit(
                X,
                Y,
                optimizer=optimizer,
                epochs=2,
                batch_size=batch_size,
                sample_weight=[1.0, 1e-300, 1e-300, 1.0],
                validation=(X, Y),
                progress=False,
            )
        model.predict(X)
        model.predict(X[:1])
        model.evaluate(X, Y)
        model.objective(X, Y)
        model.gradient(X, Y)


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("activation", parts(Activation))
def test_no_activation_raises(activation, dtype):
    layers = [Linear(2, 3), activation(), Linear(3, 2), Softmax()]
    use(Sequential(layers, loss=CategoricalCrossEntropy(), dtype=dtype), Adam(1e-4))


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), MeanSquaredError(), minidl.Huber()])
def test_no_loss_raises(loss, dtype):
    model = Sequential([Linear(2, 1), Sigmoid()], loss=loss, dtype=dtype)
    use(model, GradientDescent(1e-6))


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("optimizer", parts(Optimizer))
def test_no_optimizer_raises(optimizer, dtype):
    model = Sequential([Linear(2, 2), Softmax()], loss=CategoricalCrossEntropy(), dtype=dtype)
    use(model, optimizer(1e-6))


@pytest.mark.parametrize("dtype", TINY)
def test_the_checker_does_not_raise(dtype):
    model = Sequential([Linear(2, 2), Softmax()], loss=CategoricalCrossEntropy(), dtype=dtype)
    with np.errstate(all="raise"):
        report = GradientChecker(model).check([[300.0, -300.0], [0.5, 1.0]], [0, 1])
    assert report.ok


def test_results_do_not_depend_on_the_error_state():
    model = Sequential([Linear(2, 2), Softmax()], loss=CategoricalCrossEntropy(), seed=2)
    X = extreme_rows(np.float32)
    with np.errstate(all="raise"):
        raising = model.predict(X)
    assert raising.tobytes() == model.predict(X).tobytes()


def test_what_is_no_underflow_is_raised():
    @ignore_underflow("square", retried=("exp",))
    class Owner:
        def square(self, x):
            return np.square(x)

        def exp(self, x):
            return np.exp(x)

    with np.errstate(all="raise"):
        assert Owner().square(np.array([1e-200])) == Owner().exp(np.array([-1e4])) == 0
        for overflowing in (Owner().square, Owner().exp):
            with pytest.raises(FloatingPointError, match="overflow"):
                overflowing(np.array([1e200]))
