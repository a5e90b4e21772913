import copy
import re

import numpy as np
import pytest
from helpers import Absolute, Gain, Residual, rows

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.model.inputs import prepare_batch
from minidl.model.trace import trace

X, Y = rows(6, 3)


NUMBER = r"-?\d[\d.e+-]*|-?inf|nan"


def binary(**settings):
    layers = [Linear(3, 5), ReLU(), Dropout(0.5), Linear(5, 1), Sigmoid()]
    return Sequential(
        layers,
        loss=BinaryCrossEntropy(),
        penalties=[L2(0.5), L1(0.2, layers=[0])],
        dtype=np.float64,
        **settings,
    )


def text_of(model, X=X, Y=Y):
    objective = model.objective_function
    return trace(objective, prepare_batch(objective, X, Y))


def section(text, title):
    (found,) = [part for part in text.split("\n\n") if part.startswith(title)]
    return found.splitlines()


def row(lines, name, nth=0):
    """Return shape, first numbers and the three measures of the nth row of that name."""
    line = [line for line in lines if re.match(rf" *{re.escape(name)} +\(", line)][nth]
    shape = re.search(r"\(([\d, ]*)\)", line)
    numbers = [float(found) for found in re.findall(NUMBER, line[shape.end() :].replace("...", ""))]
    return (
        tuple(int(size) for size in shape[1].split(",") if size.strip()),
        numbers[:-3],
        numbers[-3:],
    )


def assert_shows(found, array):
    shape, first, measures = found
    assert shape == array.shape
    np.testing.assert_allclose(
        first, np.ravel(array[0] if array.ndim > 1 else array)[:4], rtol=6e-4, atol=1e-12
    )
    np.testing.assert_allclose(
        measures, [array.min(), array.mean(), array.max()], rtol=6e-4, atol=1e-12
    )


def test_the_numbers_are_those_of_the_model():
    model = binary()
    text = text_of(model)
    forward, loss, backward = (section(text, title) for title in ("FORWARD", "LOSS", "BACKWARD"))
    assert_shows(row(forward, "X"), X)
    h = X @ model.layers[0].weight.value.T
    assert_shows(row(forward, "weight"), model.layers[0].weight.value)
    assert_shows(row(forward, "weight", 1), model.layers[3].weight.value)
    assert_shows(row(forward, "y"), h)
    assert_shows(row(forward, "y", 1), np.maximum(h, 0))
    assert_shows(row(forward, "y", 2), np.maximum(h, 0))
    z = np.maximum(h, 0) @ model.layers[3].weight.value.T
    assert_shows(row(loss, "z"), z)
    assert_shows(row(loss, "p"), model.predict(X))
    assert_shows(row(loss, "t, the targets"), Y)
    terms = model.objective(X, Y)
    assert [
        float(line.partition("= ")[2]) for line in loss if re.match(r"(J|    ) ?=", line)
    ] == pytest.approx(list(terms.values()), rel=1e-5)
    assert list(terms) == ["data", "L2(0.5)", "L1(0.2, layers=[0])", "total"]
    dz = (model.predict(X) - Y) / len(X)
    assert_shows(row(backward, "dz"), dz)
    assert_shows(row(backward, "d weight"), dz.T @ np.maximum(h, 0))
    assert_shows(row(backward, "d bias"), dz.sum(axis=0))
    dh = dz @ model.layers[3].weight.value
    assert_shows(row(backward, "dx"), dh)
    assert_shows(row(backward, "dx", 2), dh * (h > 0))
    assert_shows(row(backward, "d weight", 1), (dh * (h > 0)).T @ X)
    assert backward.count("     dx is not needed: no layer before this one has parameters") == 1


def test_the_table_of_norms_is_that_of_the_whole_gradient():
    model = binary()
    lines = section(text_of(model), "NORM OF")
    total = model.gradient(X, Y)
    plain = Sequential(copy.deepcopy(model.layers), loss=model.loss, dtype=np.float64).gradient(
        X, Y
    )
    start = 0
    for name, parameter in model.parameters:
        part = slice(start, start + parameter.size)
        numbers = [
            float(found)
            for found in re.findall(
                NUMBER, next(line for line in lines if line.startswith(name)).partition(")")[2]
            )
        ]
        due = [
            np.linalg.norm(array[part])
            for array in (plain, total - plain, total, model.parameters.theta)
        ]
        np.testing.assert_allclose(numbers, due, rtol=6e-4, atol=1e-12)
        start = part.stop
    assert start == model.parameters.size


def test_every_step_has_its_formula():
    text = text_of(binary())
    for words in (
        "0  Linear(3, 5): y = x @ weight.T + bias",
        "1  ReLU(): y = max(x, 0)",
        "2  Dropout(0.5): y = x (while training, y = x * mask / 0.5)",
        "4  Sigmoid(): y = 1 / (1 + exp(-x))\n     its output is p below; the loss is computed "
        "from its input, z",
        "BinaryCrossEntropy(): -1 / (m k) * sum of t log(p) + (1 - t) log(1 - p), k = 1",
        "computed as 1 / (m k) * sum of log(1 + exp(z)) - t z:",
        "L2(0.5): lambda / (2 m) * sum of weight**2",
        "BinaryCrossEntropy(): dz = (p - t) / (m k)",
        "dp and the backward pass of Sigmoid() in one step",
        "3  Linear(5, 1): d weight = dy.T @ x, d bias = sum of dy over the examples, dx = dy @ "
        "weight",
        "1  ReLU(): dx = dy where x > 0, else 0",
        "L1(0.2, layers=[0]): lambda / m * sign(weight) is added to each d weight",
        "One batch of m = 6 examples, forward and backward in float64, with dropout off.",
    ):
        assert words in text
    assert "weight.T\n" in text_of(Sequential([Linear(3, 1, bias=False)], loss=MeanSquaredError()))


def test_without_logits_the_backward_pass_includes_the_last_layer():
    model = Sequential([Linear(3, 2), Tanh()], loss=MeanSquaredError(), dtype=np.float64)
    targets = np.ones((6, 2))
    text = text_of(model, X, targets)
    assert "MeanSquaredError(): dp = 2 (p - t) / (m k)" in text
    assert "logits" not in text
    p = model.predict(X)
    assert_shows(row(section(text, "LOSS"), "p"), p)
    assert_shows(row(section(text, "BACKWARD"), "dp"), 2 * (p - targets) / p.size)
    assert_shows(row(section(text, "BACKWARD"), "dx"), 2 * (p - targets) / p.size * (1 - p**2))


def test_classes_with_smoothed_targets():
    model = Sequential(
        [Linear(3, 4), Softmax()],
        loss=CategoricalCrossEntropy(label_smoothing=0.2),
        dtype=np.float64,
    )
    text = text_of(model, X, [0, 1, 2, 3, 0, 1])
    assert "label smoothing: t is replaced by 0.8 t + 0.05" in text
    smoothed = 0.8 * np.eye(4)[[0, 1, 2, 3, 0, 1]] + 0.05
    assert_shows(row(section(text, "BACKWARD"), "dz"), (model.predict(X) - smoothed) / 6)
    binary = Sequential([Linear(3, 1), Sigmoid()], loss=BinaryCrossEntropy(label_smoothing=0.2))
    assert "label smoothing: t is replaced by 0.8 t + 0.1" in text_of(binary)


class Undocumented(Layer):
    def forward(self, x, *, training=False):
        return 2 * x

    def backward(self, dy):
        return 2 * dy


def test_custom_parts_are_described_by_the_first_line_of_their_docstring():
    model = Sequential(
        [Flatten(), Gain(3), Undocumented(), Residual(3), Linear(3, 1)],
        loss=Absolute(),
        dtype=np.float64,
    )
    text = text_of(model, X.reshape(6, 3, 1), Y)
    for words in (
        "1  Gain(): A custom layer, as in the docstring of Layer: no super().__init__, no "
        "output_shape.",
        "2  Undocumented(): its class has no docstring that states a formula",
        "3  Residual(): A layer of layers: y = x + second(first(x)).",
        "Absolute(): The mean of |p - t|.",
        "Absolute(): dp = computed by its own code",
        "3  Residual(): computed by its own code",
    ):
        assert words in text
    assert row(section(text, "FORWARD"), "X")[0] == (6, 3, 1)
    assert row(section(text, "BACKWARD"), "d steps.0.weight")[0] == (3, 3)


def test_a_subclass_of_a_built_in_layer_does_not_have_its_formula():
    class Twice(LeakyReLU):
        """y = twice what LeakyReLU returns."""

        def activate(self, x, out):
            super().activate(x, out)
            out *= 2

    assert "1  Twice(0.01): y = twice what LeakyReLU returns." in text_of(
        Sequential([Linear(3, 1), Twice()], loss=MeanSquaredError())
    )


def test_the_model_its_gradient_and_its_generators_do_not_change():
    model = binary()
    model.gradient(X[:3], Y[:3])
    theta, grad = model.parameters.theta.tobytes(), model.parameters.grad.tobytes()
    streams = [
        str(model.layers[2].rng.bit_generator.state),
        str(model.shuffle_rng.bit_generator.state),
    ]
    output = model.layers[0].forward(2 * X)
    kept = output.copy()
    text_of(model)
    assert (model.parameters.theta.tobytes(), model.parameters.grad.tobytes()) == (theta, grad)
    assert [
        str(model.layers[2].rng.bit_generator.state),
        str(model.shuffle_rng.bit_generator.state),
    ] == streams
    np.testing.assert_array_equal(output, kept)


@pytest.mark.parametrize(
    "model",
    [
        binary(),
        Sequential(
            [Linear(3, 4), LeakyReLU(0.2), Linear(4, 3), Softmax()],
            loss=CategoricalCrossEntropy(label_smoothing=1 / 3),
        ),
        Sequential(
            [Linear(3, 400), Tanh(), Linear(400, 7)], loss=MeanSquaredError(), penalties=[L2(1e-12)]
        ),
    ],
)
@pytest.mark.parametrize("scale", [1e-30, 1, 1e30])
def test_lines_have_at_most_120_columns_and_cells_do_not_touch(model, scale):
    outputs = model.layers[-1 if not model.objective_function.is_fused else -2].out_features
    with np.errstate(over="ignore", invalid="ignore"):
        text = text_of(model, X * scale, np.eye(outputs)[np.arange(6) % outputs])
    assert max(map(len, text.splitlines())) <= 120
    assert not re.search(r"\d-\d", re.sub(r"\de-\d", "", text))
    assert not re.search(r"(?<![\d.])-0(?![.\d])", text)


def test_explain_prints_the_trace(capsys):
    model = binary()
    assert model.explain(X, Y) is None
    assert capsys.readouterr().out == text_of(model) + "\n"
    with pytest.raises(ShapeError, match=r"pass X\.T\?"):
        model.explain(X.T, Y)
