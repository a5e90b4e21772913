"""The options of a network and of its training, and what they make; the studies take them too."""

from __future__ import annotations

import argparse
import math
from typing import Any, NamedTuple

import numpy as np

from .. import (
    L2,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    Initializer,
    Layer,
    Linear,
    Optimizer,
    Schedule,
    Sequential,
    Sigmoid,
    Softmax,
    WarmUp,
    initializers,
    optimizers,
    schedules,
)
from .. import layers as layer_package
from ..layers import Activation
from ..utils.parts import parts_by_option
from .common import NOT_NEGATIVE, POSITIVE, SEED, SHARE, WHOLE, WHOLE_OR_0

OPTIMIZERS = parts_by_option(optimizers, Optimizer)
DESCENT = {name: kind for name, kind in OPTIMIZERS.items() if not kind.is_adaptive}
ADAPTIVE = {name: kind for name, kind in OPTIMIZERS.items() if kind.is_adaptive}
SCHEDULES = parts_by_option(schedules, Schedule)
INITIALIZERS = parts_by_option(initializers, Initializer)
ACTIVATIONS = parts_by_option(layer_package, Activation)


def _widths(text: str) -> list[int]:
    try:
        return [] if text == "none" else [WHOLE(part) for part in text.split(",")]
    except argparse.ArgumentTypeError:
        rule = 'whole numbers >= 1 with commas between, such as 20,7,5, or "none"'
        raise argparse.ArgumentTypeError(f"must be {rule}, got {text!r}") from None


class Usual(NamedTuple):
    """The settings where no option is given; `rates` for `DESCENT` and `ADAPTIVE`."""

    layers: str
    epochs: int
    optimizer: str = "gd"
    rates: tuple[float, float] = (0.0075, 1e-5)
    batch_size: int | None = None
    init: str = "xavier"

    def __str__(self) -> str:
        how = f"{self.optimizer} at {self.rates[self.optimizer in ADAPTIVE]:g}, batches of {self.batch_size or 'the whole set'}"
        return f"layers {self.layers}, {how}, init {self.init}, {self.epochs:,} epochs"


def add_options(
    parser: argparse.ArgumentParser,
    usual: Usual | None,
    *,
    training: bool = True,
    seed: bool = True,
) -> None:
    """Add the options of a network; `usual` is for the help, and `settle` fills it in."""
    told: dict[str, Any] = {"keep_prob": "1.0, no dropout", "clip_norm": "as they are"}
    if usual is None:
        told |= dict.fromkeys((*Usual._fields, "learning_rate"), "the set's")
    else:
        rates = [
            f"{rate:g} for {', '.join(names)}"
            for rate, names in zip(usual.rates, (DESCENT, ADAPTIVE), strict=True)
        ]
        told |= usual._asdict() | {
            "learning_rate": "; ".join(rates),
            "batch_size": usual.batch_size or "the whole set",
        }

    def add(group: Any, name: str, text: str, **settings: Any) -> None:
        default = told.get(name[2:].replace("-", "_"), "%(default)s")
        group.add_argument(name, help=f"{text} (default: {default})", **settings)

    net = parser.add_argument_group("the network")
    add(net, "--layers", 'widths of the hidden layers, or "none"', type=_widths, metavar="W,W,...")
    add(net, "--activation", "between the layers", choices=ACTIVATIONS, default="relu")
    add(net, "--init", "how the first weights are drawn", choices=INITIALIZERS)
    add(net, "--l2", "L2 penalty", type=NOT_NEGATIVE, default=0.0, metavar="LAMBDA")
    add(
        net,
        "--keep-prob",
        "share of hidden units that dropout keeps",
        type=SHARE,
        default=1.0,
        metavar="P",
    )
    if seed:
        add(
            net,
            "--seed",
            "where all chance comes from; 1 is the course's",
            type=SEED,
            default=1,
            metavar="N",
        )
    if not training:
        return
    add(net, "--dtype", "what is computed in", choices=("float32", "float64"), default="float32")
    how = parser.add_argument_group("the training")
    add(how, "--epochs", "passes over the examples", type=WHOLE, metavar="N")
    add(how, "--optimizer", "how a step is made", choices=OPTIMIZERS)
    add(how, "--learning-rate", "size of a step", type=POSITIVE, metavar="R")
    text = "how that changes: falls to a hundredth, in two steps or evenly, or to 0 by half a wave"
    add(how, "--schedule", text, choices=SCHEDULES, default="constant")
    add(
        how,
        "--warm-up",
        "epochs in which it rises from 0 first",
        type=WHOLE_OR_0,
        default=0,
        metavar="N",
    )
    add(how, "--clip-norm", "shorten longer gradients to this norm", type=POSITIVE, metavar="C")
    add(how, "--batch-size", "examples per step", type=WHOLE, metavar="N")


def settle(options: argparse.Namespace, usual: Usual) -> None:
    """Fill in what was not given."""
    for name, value in usual._asdict().items():
        if name in options and getattr(options, name) is None:
            setattr(options, name, _widths(value) if name == "layers" else value)
    if "learning_rate" in options and options.learning_rate is None:
        options.learning_rate = usual.rates[options.optimizer in ADAPTIVE]


def build(options: argparse.Namespace, features: int, outputs: int) -> Sequential:
    """Return the model; it ends in a softmax, or in a sigmoid for one output."""
    init = INITIALIZERS[options.init]()
    layers: list[Layer] = []
    for width in options.layers:
        layers += [Linear(features, width, init=init), ACTIVATIONS[options.activation]()]
        layers += [Dropout(options.keep_prob)] if options.keep_prob < 1 else []
        features = width
    last, loss = (
        (Sigmoid(), BinaryCrossEntropy())
        if outputs == 1
        else (Softmax(), CategoricalCrossEntropy())
    )
    layers += [Linear(features, outputs, init=init), last]
    penalties = [L2(options.l2)] if options.l2 else []
    seed = np.random.RandomState(options.seed)  # the course's, which draws its weights
    return Sequential(
        layers,
        loss=loss,
        penalties=penalties,
        seed=seed,
        dtype=getattr(options, "dtype", "float64"),
    )


def make_optimizer(options: argparse.Namespace, rows: int) -> Optimizer:
    """Return the optimizer for so many rows."""
    batches = math.ceil(rows / (options.batch_size or rows))
    rise, steps = options.warm_up * batches, options.epochs * batches
    if rise >= steps:
        raise ArgumentError(
            f"--warm-up must be less than --epochs, got {options.warm_up} of {options.epochs}"
        )
    rate = SCHEDULES[options.schedule].over(options.learning_rate, steps - rise)
    return OPTIMIZERS[options.optimizer](
        WarmUp(rise, after=rate) if rise else rate, clip_norm=options.clip_norm
    )


def shape_of(model: Sequential) -> str:
    """Return the widths of a network as "2-16-1"."""
    linear = [layer for layer in model.layers if isinstance(layer, Linear)]
    return "-".join(
        map(str, [linear[0].weight.shape[1], *(layer.weight.shape[0] for layer in linear)])
    )
