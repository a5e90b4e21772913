"""A network from options: its layers, its optimizer, and the options themselves, for the commands and for the studies."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..initializers import He, Initializer, Random, Xavier, Zeros
from ..layers import Dropout, Layer, LeakyReLU, Linear, ReLU, Sigmoid, Softmax, Tanh
from ..losses import BinaryCrossEntropy, CategoricalCrossEntropy, Loss
from ..optimizers import Adam, AdamW, GradientDescent, Momentum, Nesterov, Optimizer, RMSProp
from ..penalties import L2
from ..schedules import Cosine, ExponentialDecay, Schedule, StepDecay, WarmUp
from ..sequential import Sequential
from .values import NOT_NEGATIVE, POSITIVE, SEED, SHARE, WHOLE, WHOLE_OR_0, widths

DESCENT: dict[str, Any] = {"gd": GradientDescent, "momentum": Momentum, "nesterov": Nesterov}
ADAPTIVE: dict[str, Any] = {"rmsprop": RMSProp, "adam": Adam, "adamw": AdamW}
OPTIMIZERS = DESCENT | ADAPTIVE
# How the learning rate goes in all of a training of so many steps.
SCHEDULES: dict[str, Callable[[float, int], float | Schedule]] = {
    "constant": lambda rate, steps: rate,
    "step": lambda rate, steps: StepDecay(rate, every=math.ceil(steps / 3)),
    "exponential": lambda rate, steps: ExponentialDecay(rate, every=steps, factor=0.01),
    "cosine": lambda rate, steps: Cosine(rate, steps=steps),
}
INITIALIZERS: dict[str, type[Initializer]] = {"xavier": Xavier, "he": He, "random": Random, "zeros": Zeros}
ACTIVATIONS: dict[str, type[Layer]] = {"relu": ReLU, "leaky-relu": LeakyReLU, "sigmoid": Sigmoid, "tanh": Tanh}


@dataclass(frozen=True)
class Usual:
    """The settings that are taken where an option is not given; `rates` are the learning rates of `DESCENT` and of `ADAPTIVE`."""

    layers: str
    epochs: int
    optimizer: str = "gd"
    rates: tuple[float, float] = (0.0075, 1e-5)
    batch_size: int | None = None
    init: str = "xavier"

    def rate(self, optimizer: str) -> float:
        """Return the learning rate for an optimizer."""
        return self.rates[optimizer in ADAPTIVE]

    def __str__(self) -> str:
        batch = "the whole set" if self.batch_size is None else f"{self.batch_size}"
        rate = f"{self.rate(self.optimizer):g}"
        return f"layers {self.layers}, {self.optimizer} at {rate}, batches of {batch}, init {self.init}, {self.epochs:,} epochs"


def add_options(parser: argparse.ArgumentParser, usual: Usual | None, *, training: bool = True, seed: bool = True) -> None:
    """Add the options of a network and, if `training`, those of its training.

    With `usual` its settings are the defaults; without, the defaults are None, to be filled in by `settle`.
    """

    def told(name: str, text: str = "") -> str:
        if usual is None:
            return "default: the set's"
        return f"default: {text or getattr(usual, name)}"

    def default(name: str) -> Any:
        return getattr(usual, name) if usual is not None else None

    net = parser.add_argument_group("the network")
    layers = 'widths of the hidden layers, or "none"'
    net.add_argument("--layers", type=widths, default=default("layers"), metavar="W,W,...", help=f"{layers} ({told('layers')})")
    net.add_argument("--activation", choices=ACTIVATIONS, default="relu", help="between the layers (default: %(default)s)")
    net.add_argument("--init", choices=INITIALIZERS, default=default("init"), help=f"how the first weights are drawn ({told('init')})")
    net.add_argument("--l2", type=NOT_NEGATIVE, default=0.0, metavar="LAMBDA", help="L2 penalty (default: %(default)s)")
    keep = "share of hidden units that dropout keeps (default: %(default)s, no dropout)"
    net.add_argument("--keep-prob", type=SHARE, default=1.0, metavar="P", help=keep)
    if seed:
        net.add_argument(
            "--seed", type=SEED, default=1, metavar="N", help="where all chance comes from; 1 is the course's (default: %(default)s)"
        )
    if not training:
        return
    net.add_argument("--dtype", choices=("float32", "float64"), default="float32", help="what is computed in (default: %(default)s)")
    how = parser.add_argument_group("the training")
    how.add_argument("--epochs", type=WHOLE, default=default("epochs"), metavar="N", help=f"passes over the examples ({told('epochs')})")
    how.add_argument("--optimizer", choices=OPTIMIZERS, default=default("optimizer"), help=f"how a step is made ({told('optimizer')})")
    groups = (", ".join(DESCENT), ", ".join(ADAPTIVE))
    rates = "" if usual is None else "; ".join(f"{rate:g} for {names}" for rate, names in zip(usual.rates, groups, strict=True))
    how.add_argument("--learning-rate", type=POSITIVE, metavar="R", help=f"size of a step ({told('rates', rates)})")
    fall = "how that changes: falls to a hundredth, in two steps or evenly, or to 0 by half a wave (default: %(default)s)"
    how.add_argument("--schedule", choices=SCHEDULES, default="constant", help=fall)
    rise = "epochs in which it rises from 0 first (default: %(default)s)"
    how.add_argument("--warm-up", type=WHOLE_OR_0, default=0, metavar="N", help=rise)
    how.add_argument("--clip-norm", type=POSITIVE, metavar="C", help="shorten longer gradients to this norm (default: as they are)")
    batch = "the whole set" if usual is None or usual.batch_size is None else f"{usual.batch_size}"
    how.add_argument(
        "--batch-size", type=WHOLE, default=default("batch_size"), metavar="N", help=f"examples per step ({told('batch_size', batch)})"
    )


def settle(options: argparse.Namespace, usual: Usual) -> None:
    """Fill in the usual settings of network and training where an option was not given."""
    settle_net(options, usual)
    for name in ("epochs", "optimizer", "batch_size"):
        if getattr(options, name) is None:
            setattr(options, name, getattr(usual, name))
    if options.learning_rate is None:
        options.learning_rate = usual.rate(options.optimizer)


def settle_net(options: argparse.Namespace, usual: Usual) -> None:
    """Fill in the usual settings of the network where an option was not given."""
    if options.layers is None:
        options.layers = widths(usual.layers)
    if options.init is None:
        options.init = usual.init


def build(options: argparse.Namespace, features: int, outputs: int) -> Sequential:
    """Return the model that the options describe, untrained: it ends in a sigmoid for one output, in a softmax for more."""
    init = INITIALIZERS[options.init]()
    layers: list[Layer] = []
    for width in options.layers:
        layers += [Linear(features, width, init=init), ACTIVATIONS[options.activation]()]
        layers += [Dropout(options.keep_prob)] if options.keep_prob < 1 else []
        features = width
    layers += [Linear(features, outputs, init=init), Sigmoid() if outputs == 1 else Softmax()]
    loss: Loss = BinaryCrossEntropy() if outputs == 1 else CategoricalCrossEntropy()
    penalties = [L2(options.l2)] if options.l2 else []
    seed = np.random.RandomState(options.seed)  # the course's generator: its seed draws its weights
    return Sequential(layers, loss=loss, penalties=penalties, seed=seed, dtype=getattr(options, "dtype", "float64"))


def make_optimizer(options: argparse.Namespace, rows: int) -> Optimizer:
    """Return the optimizer that settled options name, for a training on so many rows."""
    batches = math.ceil(rows / (options.batch_size or rows))
    rise, steps = options.warm_up * batches, options.epochs * batches
    if rise >= steps:
        raise ArgumentError(f"--warm-up must be less than --epochs, got {options.warm_up} of {options.epochs}")
    rate = SCHEDULES[options.schedule](options.learning_rate, steps - rise)
    made: Optimizer = OPTIMIZERS[options.optimizer](WarmUp(rise, then=rate) if rise else rate, clip_norm=options.clip_norm)
    return made


def shape_of(model: Sequential) -> str:
    """Return the widths of a network as "2-16-1"."""
    linear = [layer for layer in model.layers if isinstance(layer, Linear)]
    return "-".join(map(str, [linear[0].weight.shape[1], *(layer.weight.shape[0] for layer in linear)]))
