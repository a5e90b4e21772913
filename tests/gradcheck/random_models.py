"""Random models with correct gradients, each made from an integer.

Deep and shallow, with tiny and huge weights, and with kinks.
"""

from dataclasses import dataclass

import numpy as np
from custom_parts import (
    Abs,
    Both,
    Clip,
    Expit,
    Gain,
    Hinge,
    Huber,
    MaxPair,
    Noise,
    OwnSigmoid,
    Residual,
    Slope,
    SoftSign,
    Tied,
    UnitRows,
)

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    Flatten,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    SparseLinear,
    Tanh,
)
from minidl.initializers import Random, Zeros


@dataclass
class Case:
    """A model and the batch to check it on."""

    seed: int
    model: Sequential
    X: np.ndarray
    Y: np.ndarray
    sample_weight: np.ndarray | None = None

    def __str__(self):
        shapes = f"X {self.X.shape}, Y {self.Y.shape}"
        return f"seed {self.seed}: {self.model}, {shapes}"


def random_case(seed, dtype=None):
    """Return the model of number `seed`, of a random dtype unless one is given."""
    rng = np.random.default_rng([seed, 2026])
    drawn_dtype = rng.choice([np.float32, np.float64])
    m = int(rng.choice([1, 2, 3, 5, 8, 17, 64], p=[0.15, 0.15, 0.15, 0.2, 0.2, 0.1, 0.05]))
    scale = random_scale(rng)
    image = rng.random() < 0.12
    shape = tuple(rng.integers(1, 4, 3)) if image else (int(rng.integers(1, 9)),)
    X = random_input(rng, (m, *shape))
    width = int(np.prod(shape))
    depth = int(
        rng.choice([1, 2, 3, 4, 6, 9, 13, 20], p=[0.1, 0.15, 0.15, 0.15, 0.15, 0.1, 0.1, 0.1])
    )
    layers = []
    if image:
        layers += [*([ReLU()] if rng.random() < 0.2 else []), Flatten()]
    while len(layers) < depth - 1:
        layer, width = _hidden(rng, width, scale, stochastic=0.15)
        if layers and type(layers[-1]) is type(layer) is Softmax:
            continue  # a model refuses it
        layers.append(layer)
    kind = str(rng.choice(["binary", "categorical", "squares", "own"], p=[0.35, 0.3, 0.25, 0.1]))
    outputs = int(rng.integers(1, 6))
    if kind == "categorical":
        outputs = max(outputs, 2)
    if not layers or width != outputs or kind == "categorical" or rng.random() < 0.5:
        layers.append(random_linear(rng, width, outputs, scale))
    head, loss, Y = _end(rng, kind, m, outputs)
    layers += head
    dtype = drawn_dtype if dtype is None else dtype
    model = random_network(rng, layers, loss, scale, dtype)
    if kind == "squares" and rng.random() < 0.1:
        with np.errstate(all="ignore"):
            Y = np.nan_to_num(
                model.predict(X), posinf=1.0, neginf=1.0
            )  # a perfect fit: every gradient is 0
    return Case(seed, model, X, Y)


def random_scale(rng):
    """Return a function that returns the scale of the next layer's weights: the same or another."""
    constant_scale = 10 ** rng.uniform(-3, 2)
    style = rng.choice(["one", "each", "He"], p=[0.4, 0.3, 0.3])
    return {
        "one": lambda: constant_scale,
        "each": lambda: 10 ** rng.uniform(-3, 2),
        "He": lambda: None,
    }[style]


def random_input(rng, shape):
    """Return an input of some size and style."""
    X = rng.standard_normal(shape) * 10 ** rng.uniform(-2, 1.5)
    style = rng.choice(
        ["plain", "holes", "zero", "whole", "positive"], p=[0.5, 0.15, 0.05, 0.15, 0.15]
    )
    if style == "holes":
        X *= rng.random(shape) < 0.5
    elif style == "zero":
        X[...] = 0
    elif style == "whole":
        X = rng.integers(-2, 3, shape).astype(float)
    elif style == "positive":
        X = np.abs(X)
    return X


def random_linear(rng, width, outputs, scale):
    """Return a `Linear` or, now and then, a `SparseLinear`, with weights of some size."""
    size = scale()
    init = None if size is None else Random(size)
    if rng.random() < 0.05:
        init = Zeros()
    draw = rng.random()
    kind = SparseLinear if draw < 0.1 else Linear
    return kind(width, outputs, init=init, bias=draw < 0.8)


def _hidden(rng, width, scale, stochastic):
    """Return a layer for an input of `width` features, and the width of its output."""
    draw = rng.random()
    if draw < 0.4:
        outputs = int(rng.integers(1, 9))
        return random_linear(rng, width, outputs, scale), outputs
    if draw < 0.5:
        return Dropout(float(rng.choice([0.2, 0.5, 0.8, 1.0]))), width
    if draw < 0.8:
        makers = [
            ReLU,
            ReLU,
            lambda: LeakyReLU(float(rng.choice([0.0, 0.01, 0.5]))),
            Sigmoid,
            Tanh,
            Tanh,
            Softmax,
            Flatten,
        ]
        return makers[rng.integers(len(makers))](), width
    custom = [
        lambda: Gain(width),
        Slope,
        lambda: Residual(width),
        lambda: Tied(width, int(rng.integers(1, 5))),
        Abs,
        Expit,
        SoftSign,
        UnitRows,
        Clip,
        Noise,
        OwnSigmoid,
    ]
    if width <= 8:
        custom.append(Both)
    if width % 2 == 0:
        custom.append(MaxPair)
    layer = custom[rng.integers(len(custom))]()
    return layer, {Both: 2 * width, MaxPair: width // 2}.get(type(layer), width)


def _end(rng, kind, m, k):
    """Return the last layers, the loss, and targets in one of the forms that it accepts."""
    if kind == "squares":
        return [], MeanSquaredError(), rng.standard_normal((m, k)) * 10 ** rng.uniform(-2, 2)
    if kind == "own":
        if rng.random() < 0.5:
            return [], Huber(), rng.standard_normal((m, k)).round(1)
        return [], Hinge(), rng.choice([-1.0, 1.0], (m, k))
    if kind == "binary":
        Y = rng.integers(0, 2, (m, k)) if rng.random() < 0.7 else rng.random((m, k))
        if k == 1 and rng.random() < 0.5:
            Y = Y[:, 0]
        fused = rng.random() < 0.75
        return [Sigmoid() if fused else OwnSigmoid()], BinaryCrossEntropy(), Y
    labels = rng.integers(0, k, m)
    form = rng.choice(["numbers", "column", "rows", "soft"])
    Y = {
        "numbers": labels,
        "column": labels[:, None],
        "rows": np.eye(k)[labels],
        "soft": rng.dirichlet(np.ones(k), m),
    }[str(form)]
    fused = rng.random() < 0.75
    return [Softmax()] if fused else [Softmax(), Flatten()], CategoricalCrossEntropy(), Y


def random_network(rng, layers, loss, scale, dtype=None):
    """Return a model of these layers with random penalties, values and, by default, dtype."""
    model = Sequential(
        layers,
        loss=loss,
        penalties=random_penalties(rng, len(layers)),
        seed=int(rng.integers(1000)),
        dtype=rng.choice([np.float32, np.float64]) if dtype is None else dtype,
    )
    set_random_values(rng, model, scale)
    return model


def random_penalties(rng, layers):
    """Return some penalties of a model of so many layers."""
    penalties = []
    if rng.random() < 0.4:
        penalties.append(L2(float(10 ** rng.uniform(-3, 1))))
    if rng.random() < 0.25:
        penalties.append(L1(float(10 ** rng.uniform(-3, 0))))
    if rng.random() < 0.15:
        penalties.append(L2(0.25, layers=[int(rng.integers(layers))]))
    return penalties


def set_random_values(rng, model, scale):
    """Set biases and gains too; in some models to integers, so that sums hit kinks exactly."""
    use_integers, alive = rng.random() < 0.1, rng.random() < 0.6
    for _, parameter in model.parameters:
        if len(parameter.shape) < 2 and alive:
            parameter.value = parameter.value + (scale() or 0.3) * rng.standard_normal(
                parameter.shape
            )
        if use_integers:
            parameter.value = np.round(np.clip(parameter.value, -3, 3))
        if rng.random() < 0.03:
            parameter.value = np.zeros(parameter.shape)
