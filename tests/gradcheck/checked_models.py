"""Random models with the options of their check, each made from an integer.

A third of them is from `random_models`, a third from `random_nets`, and a third of layers that
users write by hand, in `own_layers`.
"""

from contextlib import ExitStack, contextmanager, suppress
from unittest.mock import patch

import numpy as np
from custom_parts import Ring
from own_layers import (
    ArgmaxPool,
    Attention,
    BatchCentred,
    FeatureNoise,
    Gather,
    LogSumExp,
    LoopedConvolution,
    Quadratic,
    Recurrent,
    ReusedMemory,
    RowByRow,
    TanhGelu,
    WeightNorm,
)
from random_models import (
    Case,
    random_case,
    random_input,
    random_linear,
    random_penalties,
    set_random_values,
)
from random_nets import ELEMENTWISE, Builder, random_end, random_net, random_weight

from minidl import Chain, Dropout, Residual, Sequential
from minidl.batching.batch import Batch
from minidl.gradcheck import GradientChecker
from minidl.gradcheck.sandbox import ModelSandbox
from minidl.losses.weighting import supports_weights
from minidl.model.inputs import prepare_batch
from minidl.testing import check_layer

DTYPES = {"float64": np.float64, "float32": np.float32}


class RandomModel:
    """A right model, a batch, and how to check it: the same for the same seed and dtype.

    Attributes
    ----------
    model : Sequential
        The model.
    method, epsilon, checker_seed, exhaustive
        Options of the check.
    is_probed : bool
        Whether all layers are probed, as large ones are.
    is_alone, training
        Whether only one layer is checked, by `check_layer`, and in which mode.
    """

    def __init__(self, seed, dtype="float64"):
        self.seed, self.dtype = seed, dtype
        rng = np.random.default_rng([seed, 15])
        source = [random_case, random_net, own_net][rng.choice(3, p=[0.3, 0.3, 0.4])]
        self.case = source(seed, DTYPES[dtype])
        self.model = self.case.model
        self.method = str(rng.choice(["auto", "complex", "central"], p=[0.8, 0.07, 0.13]))
        self.epsilon = None
        if self.method == "central":
            self.epsilon = [None, 1e-5, 1e-6][rng.integers(3)]
        self.checker_seed = int(rng.choice([0, seed]))
        self.exhaustive = bool(rng.random() < 0.1)
        self.is_probed = bool(rng.random() < 0.12)
        weight = self.case.sample_weight
        takes_weights = supports_weights(self.model.loss, per_position=False)
        if weight is None and rng.random() < 0.3 and takes_weights:
            weight = random_weight(rng, self.case.X.shape[:1])
        self.sample_weight = weight
        self.is_alone = bool(rng.random() < 0.12)
        self.training = [None, True, False][rng.integers(3)]
        self.layer = int(rng.integers(len(self.model.layers)))

    def check(self, path=""):
        """Return the report; a layer that is checked alone is the one with this path, if any."""
        number = path.split(".")[0]
        if self.is_alone and (not path or number.isdigit()):
            return self._check_layer(int(number or self.layer))
        checker = GradientChecker(
            self.model, method=self.method, epsilon=self.epsilon, seed=self.checker_seed
        )
        with ExitStack() as stack:
            if self.is_probed:
                stack.enter_context(patch("minidl.gradcheck.stages.layers.LAYER_SECONDS", 0.0))
            stack.enter_context(np.errstate(all="ignore"))
            return checker.check(
                self.case.X,
                self.case.Y,
                exhaustive=self.exhaustive,
                sample_weight=self.sample_weight,
            )

    def _check_layer(self, number):
        with np.errstate(all="ignore"):
            with self._running() as (_, objective, batch):
                x = batch.x
                for layer in objective.layers[:number]:
                    x = np.array(layer.forward(x))
            layer = self.model.layers[number]
            return check_layer(layer, x, training=self.training, seed=self.checker_seed)

    def gradients(self):
        """Return the gradient of the total by the path of its parameter, in float64.

        Bugs that are planted in the model are in it, as it is not copied.
        """
        with self._running() as (sandbox, objective, batch):
            objective.value_and_gradient(batch)
            return {
                f"{layer}.{name}": parameter.grad.copy()
                for (layer, name), parameter in sandbox.parameters.items()
            }

    def try_out(self):
        """Run all that a check runs, in both modes: a planted bug notes what it has changed."""
        with self._running() as (_, objective, batch):
            rng = np.random.default_rng(0)
            for training in (False, True, False, True):
                objective.value_and_gradient(batch)
                with suppress(Exception):  # where a wrong dx has another shape
                    dy = rng.standard_normal(objective.forward(batch.x, training=training).shape)
                    for layer in reversed(objective.layers):
                        dy = layer.backward(dy)

    @contextmanager
    def _running(self):
        objective = self.model.objective_function
        weight = None if self.sample_weight is None else np.asarray(self.sample_weight, float)
        with (
            np.errstate(all="ignore"),
            ModelSandbox(objective.layers, [objective.training_loss]) as sandbox,
        ):
            x, y, _ = prepare_batch(objective, self.case.X, self.case.Y)
            x = x if objective.takes_integers else x.astype(float)
            yield sandbox, objective, Batch(x, y.astype(float), weight)

    def __str__(self):
        options = f"{self.method} epsilon {self.epsilon} seed {self.checker_seed}"
        options += " exhaustive" * self.exhaustive + " probed" * self.is_probed
        options += f" layer alone, training={self.training}" * self.is_alone
        options += " weighted" * (self.sample_weight is not None)
        return f"{self.dtype} {self.case}; {options}"


def own_net(seed, dtype):
    """Return a model of layers that users write, with a batch."""
    rng = np.random.default_rng([seed, 16])
    builder = OwnBuilder(rng)
    m = int(rng.choice([1, 2, 3, 5, 9], p=[0.1, 0.2, 0.3, 0.3, 0.1]))
    positions = [int(n) for n in rng.integers(1, 6, rng.integers(0, 2))]
    shape = (*positions, builder.width())
    X = random_input(rng, (m, *shape))
    layers = []
    for _ in range(rng.integers(1, 5)):
        layer, shape = builder.layer(shape)
        layers.append(layer)
    head, loss, Y, shape = random_end(rng, builder, (m, *shape))
    penalties = random_penalties(rng, len(layers))
    if rng.random() < 0.15:
        penalties.append(Ring(0.3))
    model = Sequential(
        [*layers, *head], loss=loss, penalties=penalties, seed=int(rng.integers(1000)), dtype=dtype
    )
    set_random_values(rng, model, builder.scale)
    return Case(seed, model, X, Y)


class OwnBuilder(Builder):
    """Draws layers of `own_layers`, alone and in containers, and some of minidl."""

    def layer(self, shape, depth=0, *, same_positions=False):
        """Return a layer, and the shape after it."""
        draw = self.rng.random()
        if draw < 0.12 and depth < 2:
            inner, after = self.layer(shape, depth + 1, same_positions=True)
            if after == shape and self.rng.random() < 0.6:
                return Residual(inner), shape
            return Chain(inner, self.choice(ELEMENTWISE)()), after
        if draw < 0.3:
            return self.choice(ELEMENTWISE)(), shape
        if draw < 0.36:
            return Dropout(float(self.choice([0.5, 0.9]))), shape
        if draw < 0.6 and len(shape) == 2:
            return self.of_sequences(shape, same_positions=same_positions)
        return self.of_rows(shape)

    def of_rows(self, shape):
        """Return a layer that acts on the last axis."""
        width, outputs = shape[-1], self.width()
        picks = self.rng.integers(0, width, outputs)
        layers = [
            (lambda: TanhGelu(), width),
            (lambda: ReusedMemory(), width),
            (lambda: LogSumExp(width), width),
            (lambda: BatchCentred(width), width),
            (lambda: FeatureNoise(width), width),
            (lambda: RowByRow(width, outputs), outputs),
            (lambda: Quadratic(width, outputs), outputs),
            (lambda: WeightNorm(width, outputs), outputs),
            (lambda: Gather(picks), outputs),
            (lambda: random_linear(self.rng, width, outputs, self.scale), outputs),
        ]
        make, after = self.choice(layers)
        return make(), (*shape[:-1], after)

    def of_sequences(self, shape, *, same_positions):
        """Return a layer of sequences (m, t, d)."""
        (t, width), outputs = shape, self.width()
        kind = self.choice(["recurrent", "attention", "convolution", "pool"])
        if kind == "recurrent":
            return Recurrent(width, outputs), (t, outputs)
        if kind == "attention" or same_positions:
            return Attention(width), shape
        if kind == "pool":
            return ArgmaxPool(), (width,)
        kernel, stride = int(self.rng.integers(1, t + 1)), int(self.rng.integers(1, 3))
        layer = LoopedConvolution(width, outputs, kernel, stride)
        return layer, ((t - kernel) // stride + 1, outputs)
