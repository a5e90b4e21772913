"""The shape of the output is known also where a custom layer does not tell its own."""

import numpy as np
import pytest
from out_of_core_array import OutOfCoreArray

from minidl import (
    CategoricalCrossEntropy,
    Flatten,
    GradientChecker,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    Sequential,
    ShapeError,
    Softmax,
    one_hot,
)
from minidl.layers.base import UnknownRank
from minidl.model.output_shape import measure_output_shape

RNG = np.random.default_rng(4)
FIT = {"optimizer": GradientDescent(0.1), "epochs": 1, "progress": False}


class Same(Layer):
    """A custom layer that does not tell its output's shape, and keeps its input."""

    def forward(self, x, *, training=False):
        self.x = x
        return x

    def backward(self, dy):
        return dy


class Windows(Same):
    """(m, t * 4) -> (m, t, 4): rows become sequences."""

    def forward(self, x, *, training=False):
        self.shape = x.shape
        return x.reshape(len(x), -1, 4)

    def backward(self, dy):
        return dy.reshape(self.shape)


class Squeezed(Same):
    """A batch of one row loses its axis of examples, as with numpy.squeeze."""

    def forward(self, x, *, training=False):
        return super().forward(x).squeeze()


class Fails(Same):
    def forward(self, x, *, training=False):
        raise RuntimeError("cannot run")


def classifier(*layers):
    return Sequential(layers, loss=CategoricalCrossEntropy(), dtype=np.float64)


def squares(*layers):
    return Sequential(layers, loss=MeanSquaredError())


# The layers, the shape of X, and that of class numbers.
CASES = {
    "rows": (lambda: [Same(), Linear(4, 3), Softmax(), Flatten()], (10, 4), (10,)),
    "the last layer": (lambda: [Linear(4, 3), Softmax(), Same()], (10, 4), (10,)),
    "sequences": (lambda: [Same(), Linear(4, 3), Softmax()], (10, 5, 4), (10, 5)),
    "flat": (lambda: [Same(), Linear(4, 3), Flatten(), Softmax()], (10, 5, 4), (10,)),
    "rows to sequences": (lambda: [Windows(), Linear(4, 3), Softmax()], (10, 20), (10, 5)),
    "and back": (lambda: [Windows(), Linear(4, 3), Flatten(), Softmax()], (10, 20), (10,)),
    "squeezed": (lambda: [Squeezed(), Linear(4, 3), Softmax()], (10, 4), (10,)),
}


@pytest.mark.parametrize(("layers", "x_shape", "y_shape"), CASES.values(), ids=list(CASES))
@pytest.mark.parametrize("source", [np.asarray, OutOfCoreArray])
def test_class_numbers_are_those_of_the_measured_output(layers, x_shape, y_shape, source):
    model = classifier(*layers())
    X = RNG.standard_normal(x_shape)
    n_classes = model.predict(X).shape[-1]
    Y = RNG.integers(0, n_classes, y_shape)
    Y.flat[0] = n_classes - 1
    assert model.evaluate(source(X), source(Y)) == model.evaluate(X, one_hot(Y, n_classes))
    with pytest.raises(ShapeError, match=r"Y must have shape \(m, "):
        model.evaluate(X, np.zeros((*Y.shape, 2, 2)))
    assert np.isfinite(model.fit(source(X), source(Y), **FIT).loss[0])


def test_only_an_unknown_shape_is_measured():
    x = np.zeros((3, 5, 4), np.float32)
    for known_shape, model, expected in [
        ((5, 3), squares(Fails(), Linear(4, 3)), (5, 3)),  # complete: nothing is run
        (None, squares(Linear(4, 3), Fails()), None),  # the loss compares the shapes itself
        (UnknownRank((3,)), squares(Same(), Linear(4, 3)), (5, 3)),
        (None, classifier(Linear(4, 3), Softmax(), Same()), (5, 3)),
        (UnknownRank((3,)), squares(Fails(), Linear(4, 3)), (3,)),  # the real pass raises
    ]:
        assert measure_output_shape(model.objective_function, x, known_shape) == expected


def test_a_layer_that_cannot_run_raises_its_own_error():
    model = classifier(Fails(), Linear(4, 3), Softmax())
    with pytest.raises(RuntimeError, match="cannot run"):
        model.evaluate(np.zeros((2, 4)), [0, 2])


def test_the_checker_measures_and_gives_all_back():
    layer = Same()
    model = classifier(layer, Linear(4, 3), Softmax(), Flatten())
    assert GradientChecker(model).check(RNG.standard_normal((5, 4)), [0, 1, 2, 1, 0]).ok
    assert "x" not in vars(layer)
