"""Options of a network and of its training, and what they make. The studies use them too."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable
from functools import partial
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
    Loss,
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
from ..layers.container import Container
from ..layers.tree import named_modules
from ..utils.parts import parts_by_option
from .argument_types import (
    FRACTION,
    NON_NEGATIVE_INTEGER,
    NON_NEGATIVE_NUMBER,
    POSITIVE_INTEGER,
    POSITIVE_NUMBER,
    SEED,
    layer_widths,
)
from .network_words import ACTIVATIONS, layers_of_words, words_help

OPTIMIZERS = parts_by_option(optimizers, Optimizer)
SCHEDULES = parts_by_option(schedules, Schedule)
INITIALIZERS = parts_by_option(initializers, Initializer)


class Defaults(NamedTuple):
    """Values of the options that are not given, one set for each dataset.

    Parameters
    ----------
    layers : str
        Widths of the hidden layers, as after `--layers`.
    epochs : int
        Epochs of training.
    optimizer : str, default "gd"
        Name of the optimizer, as after `--optimizer`.
    learning_rate : float, default 0.0075
        For optimizers that are not adaptive.
    adaptive_learning_rate : float, default 1e-5
        For adaptive optimizers, such as Adam.
    batch_size : int, optional
        Examples per step; by default all of them.
    init : str, default "xavier"
        Name of the initializer, as after `--init`.

    Examples
    --------
    >>> print(Defaults("20,7,5", epochs=2500))
    layers 20,7,5, gd, learning rate 0.0075, full batch, init xavier, 2,500 epochs
    """

    layers: str
    epochs: int
    optimizer: str = "gd"
    learning_rate: float = 0.0075
    adaptive_learning_rate: float = 1e-5
    batch_size: int | None = None
    init: str = "xavier"

    def rate_for(self, optimizer: str) -> float:
        """Return the default learning rate of an optimizer.

        Parameters
        ----------
        optimizer : str
            Its name, as after `--optimizer`.

        Returns
        -------
        float
            One of the two learning rates.
        """
        is_adaptive = OPTIMIZERS[optimizer].is_adaptive
        return self.adaptive_learning_rate if is_adaptive else self.learning_rate

    def __str__(self) -> str:
        return (
            f"layers {self.layers}, {self.optimizer}, "
            f"learning rate {self.rate_for(self.optimizer):g}, "
            f"{f'batch size {self.batch_size}' if self.batch_size else FULL_BATCH}, "
            f"init {self.init}, {self.epochs:,} epochs"
        )


FULL_BATCH = "full batch"
DEPENDS_ON_DATASET = "depends on the dataset"


def add_model_options(
    parser: argparse.ArgumentParser,
    defaults: Defaults | None,
    *,
    training: bool = True,
    seed: bool = True,
) -> None:
    """Add the options of a network and of its training.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    defaults : Defaults or None
        Shown in the help; None if they depend on the dataset. `fill_defaults` sets them.
    training : bool, default True
        Whether to add the options of the training and `--dtype`.
    seed : bool, default True
        Whether to add `--seed`.
    """
    add = partial(_add_option, _default_texts(defaults))
    _add_network_options(add, parser.add_argument_group("network"), dtype=training, seed=seed)
    if training:
        _add_training_options(add, parser.add_argument_group("training"))


def _default_texts(defaults: Defaults | None) -> dict[str, str]:
    """Return what the help says of the defaults that are not the parser's own."""
    texts = {
        "net": "--layers with --activation and --keep-prob",
        "keep_prob": "1.0, no dropout",
        "clip_norm": "no clipping",
    }
    if defaults is None:
        return texts | dict.fromkeys(Defaults._fields, DEPENDS_ON_DATASET)
    rates = [
        f"{rate:g} for {', '.join(_optimizer_names(is_adaptive))}"
        for is_adaptive, rate in (
            (False, defaults.learning_rate),
            (True, defaults.adaptive_learning_rate),
        )
    ]
    return {
        **texts,
        "layers": defaults.layers,
        "epochs": str(defaults.epochs),
        "optimizer": defaults.optimizer,
        "learning_rate": "; ".join(rates),
        "batch_size": str(defaults.batch_size or FULL_BATCH),
        "init": defaults.init,
    }


def _optimizer_names(is_adaptive: bool) -> Iterable[str]:
    return (name for name, kind in OPTIMIZERS.items() if kind.is_adaptive == is_adaptive)


def _add_option(
    default_texts: dict[str, str], group: Any, name: str, text: str, **arguments: Any
) -> None:
    default = default_texts.get(name[2:].replace("-", "_"), "%(default)s")
    group.add_argument(name, help=f"{text} (default: {default})", **arguments)


def _add_network_options(add: Any, group: Any, *, dtype: bool, seed: bool) -> None:
    either = group.add_mutually_exclusive_group()
    text = 'widths of the hidden layers, or "none"'
    add(either, "--layers", text, type=layer_widths, metavar="W,W,...")
    text = f"all layers but the sigmoid or softmax at the end, in words: {words_help()}"
    add(either, "--net", text, metavar="WORDS")
    text = "activation of the hidden layers"
    add(group, "--activation", text, choices=ACTIVATIONS, default="relu")
    add(group, "--init", "initializer of the weights", choices=INITIALIZERS)
    text = "coefficient of the L2 penalty"
    add(group, "--l2", text, type=NON_NEGATIVE_NUMBER, default=0.0, metavar="LAMBDA")
    text = "probability that dropout keeps a hidden unit"
    add(group, "--keep-prob", text, type=FRACTION, default=1.0, metavar="P")
    if seed:
        text = "seed of all random numbers; 1 is that of the DeepLearning.AI assignments"
        add(group, "--seed", text, type=SEED, default=1, metavar="N")
    if dtype:
        text = "precision of the computation"
        add(group, "--dtype", text, choices=("float32", "float64"), default="float32")


def _add_training_options(add: Any, group: Any) -> None:
    add(group, "--epochs", "passes over the training set", type=POSITIVE_INTEGER, metavar="N")
    add(group, "--optimizer", "optimizer", choices=OPTIMIZERS)
    add(group, "--learning-rate", "learning rate", type=POSITIVE_NUMBER, metavar="R")
    text = (
        "schedule of the learning rate over the training: to a hundredth of it in two steps "
        "(step) or smoothly (exponential), or to 0 along a half cosine"
    )
    add(group, "--schedule", text, choices=SCHEDULES, default="constant")
    text = "epochs of linear warm-up of the learning rate"
    add(group, "--warm-up", text, type=NON_NEGATIVE_INTEGER, default=0, metavar="N")
    text = "maximum norm of the gradient; larger gradients are rescaled to it"
    add(group, "--clip-norm", text, type=POSITIVE_NUMBER, metavar="C")
    add(group, "--batch-size", "examples per step", type=POSITIVE_INTEGER, metavar="N")


def fill_defaults(options: argparse.Namespace, defaults: Defaults) -> None:
    """Set the options that were not given, in place.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options; those that the parser does not have are not added.
    defaults : Defaults
        Their values.
    """
    values: dict[str, Any] = {
        "layers": layer_widths(defaults.layers),
        "epochs": defaults.epochs,
        "optimizer": defaults.optimizer,
        "batch_size": defaults.batch_size,
        "init": defaults.init,
    }
    for name, value in values.items():
        if name in options and getattr(options, name) is None:
            setattr(options, name, value)
    if "learning_rate" in options and options.learning_rate is None:
        options.learning_rate = defaults.rate_for(options.optimizer)


def build_model(options: argparse.Namespace, shape: tuple[int, ...], n_outputs: int) -> Sequential:
    """Return the untrained network that the options describe.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options, with the defaults filled in.
    shape : tuple of int
        The shape of one example. The network takes it as a row: one of pictures (h, w, c) begins
        with a `Reshape`.
    n_outputs : int
        1 for two classes: the network ends in a sigmoid. Otherwise the number of classes: it ends
        in a softmax.

    Returns
    -------
    Sequential
        Its weights are drawn by `np.random.RandomState(options.seed)`, the generator of the
        DeepLearning.AI assignments.

    Raises
    ------
    ArgumentError
        If the words of `--net` make no network for these examples and classes, or options of
        `--layers` are given with it.
    """
    init = INITIALIZERS[options.init]()
    if options.net is not None and (options.activation != "relu" or options.keep_prob < 1):
        raise ArgumentError(
            "--activation and --keep-prob belong to --layers, got them with --net: write words "
            "such as tanh and dropout 0.8 into it"
        )
    if options.net is None:
        stack = _stack_of_widths(options, math.prod(shape), n_outputs, init)
    else:
        stack = layers_of_words(options.net, shape, n_outputs, init)
    loss: Loss = BinaryCrossEntropy() if n_outputs == 1 else CategoricalCrossEntropy()
    return Sequential(
        stack,
        loss=loss,
        penalties=[L2(options.l2)] if options.l2 else [],
        seed=np.random.RandomState(options.seed),
        dtype=getattr(options, "dtype", "float64"),
    )


def _stack_of_widths(
    options: argparse.Namespace, n_features: int, n_outputs: int, init: Initializer
) -> list[Layer]:
    stack: list[Layer] = []
    width = n_features
    for next_width in options.layers:
        stack += [Linear(width, next_width, init=init), ACTIVATIONS[options.activation]()]
        if options.keep_prob < 1:
            stack.append(Dropout(options.keep_prob))
        width = next_width
    return [*stack, Linear(width, n_outputs, init=init), Sigmoid() if n_outputs == 1 else Softmax()]


def make_optimizer(options: argparse.Namespace, n_examples: int) -> Optimizer:
    """Return the optimizer that the options describe, with its schedule.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options, with the defaults filled in.
    n_examples : int
        Rows of the training set: with the batch size and the epochs it gives the number of steps,
        over which the schedule extends.

    Returns
    -------
    Optimizer
        A new one.

    Raises
    ------
    ArgumentError
        If the warm-up would not end before the training.
    """
    steps_per_epoch = math.ceil(n_examples / (options.batch_size or n_examples))
    warm_up_steps = options.warm_up * steps_per_epoch
    steps = options.epochs * steps_per_epoch
    if warm_up_steps >= steps:
        raise ArgumentError(
            f"--warm-up must be less than --epochs, got {options.warm_up} of {options.epochs}"
        )
    schedule = SCHEDULES[options.schedule].over(options.learning_rate, steps - warm_up_steps)
    if warm_up_steps:
        schedule = WarmUp(warm_up_steps, after=schedule)
    return OPTIMIZERS[options.optimizer](schedule, clip_norm=options.clip_norm)


def network_shape(model: Sequential) -> str:
    """Return the widths of a network, inputs first.

    Parameters
    ----------
    model : Sequential
        A model.

    Returns
    -------
    str
        The number of inputs and the width of each linear layer, at any depth, such as "2-16-1"; the
        number of layers if none is linear; all layers if others, such as `Conv2D`, have parameters.

    Examples
    --------
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> network_shape(Sequential([Linear(4, 3), Linear(3, 1)], loss=MeanSquaredError()))
    '4-3-1'
    """
    modules = [module for _, module in named_modules(model.layers)]
    linear_layers = [module for module in modules if isinstance(module, Linear)]
    others = (module for module in modules if not isinstance(module, Linear | Container))
    if any(module.parameters() for module in others):
        return ", ".join(map(str, model.layers))
    if not linear_layers:
        return f"{len(model.layers)} layers"
    widths = [linear_layers[0].weight.shape[1]]
    widths += [layer.weight.shape[0] for layer in linear_layers]
    return "-".join(map(str, widths))
