"""Random models of containers, buffers, coupled rows and arrays of 2 to 4 axes, all correct.

Each is made from an integer, as those of `random_models` are.
"""

import numpy as np
from batch_norm import BatchNorm
from custom_parts import Abs, Clip, Expit, Hinge, Noise, OwnSigmoid, Slope, SoftSign
from custom_parts import Residual as OwnResidual
from random_models import (
    Case,
    random_input,
    random_linear,
    random_penalties,
    set_random_values,
)
from rank_layers import LayerNorm, Mixing, PositionMean, RunningSum, Swap
from token_layers import Tokens

import minidl
from minidl import (
    ELU,
    GELU,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Chain,
    Concat,
    Dropout,
    Flatten,
    HalfSquaredError,
    Huber,
    LeakyReLU,
    MeanAbsoluteError,
    MeanSquaredError,
    Poisson,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
)

MAX_DEPTH = 3
ELEMENTWISE = [
    ReLU,
    ReLU,
    Tanh,
    Tanh,
    Sigmoid,
    ELU,
    GELU,
    SiLU,
    Softplus,
    LeakyReLU,
    Slope,
    Abs,
    Expit,
    SoftSign,
    Clip,
    Noise,
    OwnSigmoid,
]


def random_net(seed, dtype=None):
    """Return the model of number `seed`, of a random dtype unless one is given, with a batch."""
    rng = np.random.default_rng([seed, 14])
    m = int(rng.choice([1, 2, 3, 4, 6], p=[0.05, 0.2, 0.25, 0.25, 0.25]))
    builder = Builder(rng)
    positions = tuple(int(n) for n in rng.integers(1, 4, rng.integers(0, 3)))  # ranks 2 to 4
    layers = []
    if rng.random() < 0.2:
        vocabulary, width = int(rng.integers(2, 6)), builder.width()
        X = rng.integers(0, vocabulary, (m, *(positions or (2,))))
        layers.append(Tokens(vocabulary, width))
        shape = (*X.shape[1:], width)
        if rng.random() < 0.3:
            layers = [Chain(*layers, Tanh())]
    else:
        shape = (*positions, builder.width())
        X = random_input(rng, (m, *shape))
    inner, shape = builder.layers(shape, int(rng.integers(1, 4)))
    layers += inner
    if len(shape) > 1 and rng.random() < 0.4:
        layers.append(Flatten())
        shape = (int(np.prod(shape)),)
    head, loss, Y, shape = random_end(rng, builder, (m, *shape))
    layers += head
    penalties, model_seed = random_penalties(rng, len(layers)), int(rng.integers(1000))
    drawn_dtype = rng.choice([np.float32, np.float64])
    model = Sequential(
        layers,
        loss=loss,
        penalties=penalties,
        seed=model_seed,
        dtype=drawn_dtype if dtype is None else dtype,
    )
    set_random_values(rng, model, builder.scale)
    for name, buffer in model.buffers.items():
        is_variance = name.endswith("var")
        buffer.value = rng.uniform(0.3, 2.0, buffer.shape) * (1 if is_variance else 0.5)
    weight = None
    if not isinstance(loss, Hinge) and rng.random() < 0.3:
        weight = random_weight(rng, (m, *shape[:-1]))
    return Case(seed, model, X, Y, weight)


def moderate_scale(rng):
    """Return a function that returns the scale of the next layer's weights.

    `random_models` has weights of up to 100. Here the normalizations would make steps of them that
    are steeper than numbers can tell.
    """
    return (lambda: None) if rng.random() < 0.4 else (lambda: 10 ** rng.uniform(-1.5, 0.7))


class Builder:
    """Draws layers that fit an input of a given shape of one example."""

    def __init__(self, rng):
        self.rng = rng
        self.scale = moderate_scale(rng)

    def width(self):
        """Return a number of features."""
        return int(self.rng.integers(1, 5))

    def layers(self, shape, count, depth=0, *, same_positions=False):
        """Return layers one after another, and the shape after them."""
        layers = []
        for _ in range(count):
            layer, shape = self.layer(shape, depth, same_positions=same_positions)
            layers.append(layer)
        return layers, shape

    def layer(self, shape, depth, *, same_positions):
        """Return a layer, and the shape after it; the axes but the last can be kept."""
        draw = self.rng.random()
        if draw < 0.33 and depth < MAX_DEPTH:
            makers = [self.chain, self.residual, self.residual, self.concat, self.concat]
            return self.choice(makers)(shape, depth + 1, same_positions=same_positions)
        if draw < 0.5:
            return self.linear(shape)
        if draw < 0.6:
            return BatchNorm(shape[-1]), shape
        if draw < 0.65:
            return Dropout(float(self.choice([0.5, 0.8]))), shape
        if draw < 0.7 and shape[-1] > 1:  # of one feature it makes nothing but zeros
            return LayerNorm(shape[-1]), shape
        if draw < 0.72:
            return OwnResidual(shape[-1]), shape
        if draw < 0.82 and len(shape) > 1:
            return self.of_positions(shape, same_positions=same_positions)
        return self.choice(ELEMENTWISE)(), shape

    def choice(self, options):
        """Return one of some options."""
        return options[self.rng.integers(len(options))]

    def linear(self, shape, outputs=None):
        outputs = outputs or self.width()
        layer = random_linear(self.rng, shape[-1], outputs, self.scale)
        return layer, (*shape[:-1], outputs)

    def of_positions(self, shape, *, same_positions):
        """Return a layer of sequences or images."""
        kind = self.choice(["sum", "mixing", "mean", "swap"])
        if kind == "sum":
            return RunningSum(), shape
        if kind == "mixing":
            outputs = shape[0] if same_positions else int(self.rng.integers(1, 4))
            return Mixing(shape[0], outputs), (outputs, *shape[1:])
        if kind == "mean" and not same_positions:
            return PositionMean(), shape[1:]
        if len(shape) > 2 and (not same_positions or shape[0] == shape[1]):
            return Swap(), (shape[1], shape[0], *shape[2:])
        return RunningSum(), shape

    def chain(self, shape, depth, *, same_positions):
        count = int(self.rng.integers(1, 3))
        layers, shape = self.layers(shape, count, depth, same_positions=same_positions)
        return Chain(*layers), shape

    def residual(self, shape, depth, *, same_positions):
        """Return a residual block, with a shortcut where the shape changes or by chance."""
        layers, after = self.layers(shape, int(self.rng.integers(1, 4)), depth, same_positions=True)
        if self.rng.random() < 0.5:
            if after != shape:
                last, after = self.linear(after, shape[-1])
                layers.append(last)
            return Residual(*layers), after
        shortcut = [self.linear(shape, after[-1])[0]]
        if self.rng.random() < 0.3:
            shortcut.append(self.layer(after, MAX_DEPTH, same_positions=True)[0])
            if not isinstance(shortcut[-1], tuple(ELEMENTWISE)):
                shortcut.pop()
        return Residual(*layers, shortcut=shortcut), after

    def concat(self, shape, depth, *, same_positions):
        """Return branches that are joined along the last axis or, if it may change, another."""
        axis = int(self.rng.integers(1, len(shape) + 1))
        if same_positions:
            axis = len(shape)
        branches, lengths = [], []
        for _ in range(self.rng.integers(1, 3)):
            layers, after = self.layers(
                shape, int(self.rng.integers(1, 3)), depth, same_positions=True
            )
            if axis < len(shape) and after[-1] != shape[-1]:
                last, after = self.linear(after, shape[-1])
                layers.append(last)
            branches.append(layers[0] if len(layers) == 1 else layers)
            lengths.append(after[axis - 1])
        joined = (*shape[: axis - 1], sum(lengths), *shape[axis:])
        if self.rng.random() < 0.5:
            axis -= len(shape) + 1
        return Concat(*branches, axis=axis), joined


def random_end(rng, builder, shape):
    """Return the last layers, the loss, the targets, and the shape of one example's output."""
    kinds = ["binary", "categorical", "squares", "huber", "own", "logits", "scores", "counts"]
    kind = str(rng.choice([*kinds, "absolute"]))
    k = int(rng.integers(2 if kind in ("categorical", "logits", "scores") else 1, 4))
    last, after = builder.linear(shape[1:], k)
    outputs = (shape[0], *after)
    if kind == "binary":
        head = Sigmoid() if rng.random() < 0.75 else OwnSigmoid()
        smoothing = float(rng.choice([0.0, 0.1]))
        loss = BinaryCrossEntropy(label_smoothing=smoothing, sum_outputs=k == 3)
        return [last, head], loss, rng.integers(0, 2, outputs), after
    if kind == "categorical":
        labels = rng.integers(0, k, outputs[:-1])
        Y = labels if rng.random() < 0.6 else np.eye(k)[labels]
        return [last, Softmax()], CategoricalCrossEntropy(), Y, after
    if kind in ("logits", "scores"):
        loss = SoftmaxCrossEntropy() if kind == "logits" else minidl.Hinge()
        return [last], loss, rng.integers(0, k, outputs[:-1]), after
    if kind == "counts":  # the logarithms are kept small, as a trained model has them
        return [last, Tanh()], Poisson(), rng.poisson(2.0, outputs), after
    if kind == "absolute":
        return [last], MeanAbsoluteError(), rng.standard_normal(outputs), after
    if kind == "own":
        return [last], Hinge(), rng.choice([-1.0, 1.0], outputs), after
    if kind == "squares":
        loss = HalfSquaredError() if k == 2 else MeanSquaredError()
    else:
        loss = Huber(float(rng.choice([0.5, 2.0])))
    return [last], loss, rng.standard_normal(outputs) * 10 ** rng.uniform(-1, 1), after


def random_weight(rng, shape):
    """Return weights of examples or positions, among them zeros, but one that counts."""
    if rng.random() < 0.5:
        shape = shape[:1]
    weight = rng.choice([0.0, 0.5, 1.0, 3.0], shape)
    weight.flat[0] = 1.0
    return weight
