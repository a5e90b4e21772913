"""Networks in words, such as "conv 8 3, relu, pool 2, flatten, linear 6"."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple

from .. import (
    GRU,
    LSTM,
    RNN,
    ArgumentError,
    AvgPool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    Flatten,
    GlobalAvgPool2D,
    Initializer,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2D,
    PositionalEncoding,
    Reshape,
    SelfAttention,
    ShapeError,
    Sigmoid,
    Softmax,
    Upsample2D,
    layers,
)
from ..layers import Activation
from ..layers.base import Shape
from ..utils.parts import parts_by_option

ACTIVATIONS = parts_by_option(layers, Activation)


class Word(NamedTuple):
    """A word that stands for a layer.

    Attributes
    ----------
    usage : str
        What follows the word.
    make : callable
        ``make(n, init, *numbers, **options)`` returns the layer for an input whose last axis has
        the length `n`.
    """

    usage: str
    make: Callable[..., Layer]


def _conv(
    n: int,
    init: Initializer,
    filters: Any,
    kernel: Any,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
) -> Layer:
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    return Conv2D(n, filters, kernel, init=init, **options)


def _pool(n: int, init: Initializer, window: Any, *, stride: Any = None, padding: Any = 0) -> Layer:
    return MaxPool2D(window, stride=stride, padding=padding)


def _avg_pool(
    n: int, init: Initializer, window: Any, *, stride: Any = None, padding: Any = 0
) -> Layer:
    return AvgPool2D(window, stride=stride, padding=padding)


def _activation(kind: type[Activation]) -> Callable[..., Layer]:
    return lambda n, init: kind()


def _recurrent(kind: type[RNN | LSTM | GRU]) -> Callable[..., Layer]:
    def make(n: int, init: Initializer, units: Any, *, sequences: Any = 1) -> Layer:
        return kind(n, units, return_sequences=bool(sequences))

    return make


def _attention(n: int, init: Initializer, heads: Any = 1, *, causal: Any = 0) -> Layer:
    return SelfAttention(n, heads, causal=bool(causal), init=init)


_WINDOW = "SIZE [stride=S] [padding=P]"
WORDS = {
    "linear": Word("WIDTH", lambda n, init, width: Linear(n, width, init=init)),
    "conv": Word("FILTERS SIZE [stride=S] [padding=P|same] [dilation=D]", _conv),
    "pool": Word(_WINDOW, _pool),
    "avg-pool": Word(_WINDOW, _avg_pool),
    "global-pool": Word("", lambda n, init: GlobalAvgPool2D()),
    "upsample": Word("FACTOR", lambda n, init, factor: Upsample2D(factor)),
    "flatten": Word("", lambda n, init: Flatten()),
    "reshape": Word("N N ...", lambda n, init, *shape: Reshape(shape)),
    "batch-norm": Word("", lambda n, init: BatchNorm(n)),
    "layer-norm": Word("", lambda n, init: LayerNorm(n)),
    "dropout": Word("KEEP_PROB", lambda n, init, keep_prob: Dropout(keep_prob)),
    "rnn": Word("UNITS [sequences=0]", _recurrent(RNN)),
    "lstm": Word("UNITS [sequences=0]", _recurrent(LSTM)),
    "gru": Word("UNITS [sequences=0]", _recurrent(GRU)),
    "positions": Word("", lambda n, init: PositionalEncoding(n)),
    "attention": Word("[HEADS] [causal=1]", _attention),
    **{name: Word("", _activation(kind)) for name, kind in ACTIVATIONS.items()},
}


def words_help() -> str:
    """Return the words with what follows each, for the help of the command."""
    return ", ".join(f"{name} {word.usage}".strip() for name, word in WORDS.items())


def layers_of_words(text: str, shape: Shape, n_outputs: int, init: Initializer) -> list[Layer]:
    """Return the layers that words describe, with the sigmoid or softmax at the end.

    Parameters
    ----------
    text : str
        The words, separated by commas.
    shape : tuple of int
        The shape of one example. Datasets have rows: for pictures (h, w, c) the layers begin with
        a `Reshape`, unless the first word is "linear".
    n_outputs : int
        1 for two classes, else the number of classes.
    init : Initializer
        Draws the weights of products.

    Returns
    -------
    list of Layer
        The layers.

    Raises
    ------
    ArgumentError
        If a word is unknown or followed by anything else than it takes, if a layer does not fit the
        one before it, or if the last has another number of outputs. The message names the word.
    """
    phrases = [phrase.split() for phrase in text.split(",")]
    stack: list[Layer] = []
    if len(shape) > 1 and phrases[0][:1] != ["linear"]:
        stack.append(Reshape(shape))
    elif len(shape) > 1:
        shape = (math.prod(shape),)
    for number, phrase in enumerate(phrases, 1):
        try:
            layer = _layer(phrase, shape, init)
            after = layer.output_shape(shape)
        except (ArgumentError, ShapeError) as error:
            place = f"word {number}, {' '.join(phrase)!r}"
            raise ArgumentError(f"--net, {place}: {error}") from None
        if after is not None:
            shape = tuple(after)
        stack.append(layer)
    if shape != (n_outputs,):
        classes = f"{max(n_outputs, 2)} classes need {n_outputs} output{'s'[: n_outputs - 1]}"
        raise ArgumentError(
            f"--net: {classes}, but the last layer gives {shape}: end in "
            f'"flatten, linear {n_outputs}"'
        )
    return [*stack, Sigmoid() if n_outputs == 1 else Softmax()]


def _layer(phrase: list[str], shape: Shape, init: Initializer) -> Layer:
    name = phrase[0] if phrase else ""
    if name not in WORDS:
        raise ArgumentError(f"must begin with one of {', '.join(WORDS)}, got {name!r}")
    word = WORDS[name]
    numbers = [_value(part) for part in phrase[1:] if "=" not in part]
    pairs = [part.partition("=") for part in phrase[1:] if "=" in part]
    options = {key: _value(value) for key, _, value in pairs}
    try:
        inspect.signature(word.make).bind(0, init, *numbers, **options)
    except TypeError:
        usage = f"{name} {word.usage}".strip()
        raise ArgumentError(f"must be {usage!r}, got {' '.join(phrase)!r}") from None
    return word.make(shape[-1], init, *numbers, **options)


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
