"""Options of a network, and the network that they describe. The studies use them too."""

from __future__ import annotations

import argparse
import math

import numpy as np

from .. import (
    L2,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    Flatten,
    Initializer,
    Layer,
    Linear,
    Loss,
    Reshape,
    Sequential,
    Sigmoid,
    Softmax,
    initializers,
    layers,
)
from ..layers import Activation
from ..layers.base import Shape
from ..utils.parts import parts_by_option
from ..words.layers import WORDS, layers_of_words
from .argument_types import FRACTION, NON_NEGATIVE_NUMBER, SEED, layer_widths
from .defaults import Defaults, option_adder

ACTIVATIONS = parts_by_option(layers, Activation)
INITIALIZERS = parts_by_option(initializers, Initializer)


def add_network_options(
    parser: argparse.ArgumentParser,
    defaults: Defaults | None,
    *,
    dtype: bool = True,
    seed: bool = True,
) -> None:
    """Add the options of a network, and the words of `--net` to the end of the help.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    defaults : Defaults or None
        Shown in the help; None if they depend on the dataset. `fill_defaults` sets them.
    dtype : bool, default True
        Whether to add `--dtype`.
    seed : bool, default True
        Whether to add `--seed`.
    """
    add, group = option_adder(defaults), parser.add_argument_group("network")
    either = group.add_mutually_exclusive_group()
    text = 'widths of the hidden layers, or "none"'
    add(either, "--layers", text, type=layer_widths, metavar="W,W,...")
    text = (
        "all layers in words, the last with an output for each class, or one for two classes, "
        'such as "conv 8 3, relu, pool 2, flatten, linear 6"; the words are listed below'
    )
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
    words = "".join(f"  {WORDS.usage(name)}\n" for name in WORDS)
    parser.epilog = f"words of --net:\n{words}\n{parser.epilog or ''}"


def build_model(
    options: argparse.Namespace, shape: Shape, n_outputs: int, *, pictures: bool = False
) -> Sequential:
    """Return the untrained network that the options describe.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options, with the defaults filled in.
    shape : tuple of int
        The shape of one example. The network takes it as a row.
    n_outputs : int
        1 for two classes: the network ends in a sigmoid. Otherwise the number of classes: it ends
        in a softmax.
    pictures : bool, default False
        Whether the network takes examples in their shape, too.

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
    n_features = math.prod(shape)
    stack: list[Layer] = [Flatten()] if pictures else []
    if options.net is None:
        stack += _layers_of_widths(options, n_features, n_outputs, init)
    else:
        if options.net.split()[:1] == ["linear"]:
            shape = (n_features,)
        elif len(shape) > 1:
            stack = [Reshape(shape)]  # which takes pictures, too
        targets = f"{max(n_outputs, 2)} classes"
        stack += layers_of_words(
            options.net, shape, n_outputs, source="--net", targets=targets, init=init
        )
    last_layer = Sigmoid() if n_outputs == 1 else Softmax()
    if not isinstance(stack[-1], type(last_layer)):
        stack.append(last_layer)
    loss: Loss = BinaryCrossEntropy() if n_outputs == 1 else CategoricalCrossEntropy()
    return Sequential(
        stack,
        loss=loss,
        penalties=[L2(options.l2)] if options.l2 else [],
        seed=np.random.RandomState(options.seed),
        dtype=getattr(options, "dtype", "float64"),
    )


def _layers_of_widths(
    options: argparse.Namespace, n_features: int, n_outputs: int, init: Initializer
) -> list[Layer]:
    stack: list[Layer] = []
    width = n_features
    for next_width in options.layers:
        stack += [Linear(width, next_width, init=init), ACTIVATIONS[options.activation]()]
        if options.keep_prob < 1:
            stack.append(Dropout(options.keep_prob))
        width = next_width
    return [*stack, Linear(width, n_outputs, init=init)]
