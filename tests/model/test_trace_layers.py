"""What explain shows of layers inside of others."""

import numpy as np
from helpers import rows

from minidl import (
    Chain,
    Concat,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    Tanh,
)
from minidl.model.inputs import prepare_batch
from minidl.model.trace import trace
from minidl.model.trace_layers import backward_lines, forward_lines, row

X, Y = rows(6, 3)


def made(*layers):
    return Sequential(layers, loss=MeanSquaredError(), dtype=np.float64, seed=1)


def text_of(model):
    objective = model.objective_function
    return trace(objective, prepare_batch(objective, X, Y))


def found(lines, start):
    return lines[[line.startswith(start) for line in lines].index(True)]


def test_every_inner_layer_has_its_formulas_and_numbers():
    model = made(
        Linear(3, 4), Residual(Linear(4, 4), Tanh()), Concat(ReLU(), [Linear(4, 2)]), Linear(6, 1)
    )
    text = text_of(model)
    _, forward, _, backward, norms = (part.splitlines() for part in text.split("\n\n"))
    starts = ["1  Residual: y = x + f(x)", "1.body  Chain: ", "1.body.0  Linear(4, 4): y = x @"]
    starts += ["1.body.1  Tanh(): y = ", "2  Concat: ", "2.0  ReLU()", "2.1  Chain", "2.1.0  Lin"]
    numbers = [forward.index(found(forward, start)) for start in starts]
    assert numbers == sorted(numbers)
    assert found(forward, "     y of 1").split()[:5] == ["y", "of", "1", "(6,", "4)"]
    first = float(found(forward, "     y of 1").split()[5])
    output = model.layers[1].forward(model.layers[0].forward(X.astype(np.float64)))
    assert abs(first - output[0, 0]) < 1e-3
    starts = ["2  Concat: dx = sum", "2.0  ReLU(): dx", "2.1.0  Linear(4, 2): d weight"]
    starts += [
        "1  Residual: dx = dy + the gradient through f",
        "1.body.1  Tanh",
        "1.body.0  Linear",
    ]
    numbers = [backward.index(found(backward, start)) for start in starts]
    assert numbers == sorted(numbers)
    assert found(norms, "1.body.0.weight")


def test_a_chain_shows_what_its_layers_alone_show():
    flat = text_of(made(Linear(3, 4), Tanh(), Linear(4, 1)))
    nested = text_of(made(Chain(Linear(3, 4), Tanh()), Linear(4, 1)))

    def numbers(text):
        return [line for line in text.split("NORM")[0].splitlines() if line.startswith("     ")]

    kept = [line for line in numbers(nested) if not line.startswith("     dx")]
    assert kept == [line for line in numbers(flat) if not line.startswith("     dx")]
    assert "     dx is not needed" in nested


class NoGradient(Tanh):
    """Gives no gradient of its input, as a layer of integers does."""

    def backward(self, dy):
        super().backward(dy)


def test_a_missing_dx_is_told():
    layer = Concat(NoGradient())
    y = layer.forward(X)
    lines, dx = backward_lines("3", layer, y)
    assert dx is None
    assert [line.split(":")[0] for line in lines] == [
        "3  Concat",
        "3.0  NoGradient()",
        "     no dx",
        "     no dx",
    ]
    assert len(list(forward_lines("3", layer, y))) == 4


def test_a_long_path_stays_apart_from_the_shape():
    assert row("     y of " + "0." * 20, np.ones((2, 2))).split()[3] == "(2,"
