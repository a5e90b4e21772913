"""Networks in words, such as "conv 8 3, relu, pool 2, flatten, linear 6"."""

from __future__ import annotations

import inspect
from typing import Any

from .. import layers
from ..errors import ArgumentError, ShapeError
from ..initializers import Initializer
from ..layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    AvgPool2D,
    BatchNorm,
    Conv1D,
    Conv2D,
    Dropout,
    Embedding,
    Flatten,
    GlobalAvgPool2D,
    Layer,
    LayerNorm,
    Linear,
    MaxPool2D,
    PositionalEncoding,
    Reshape,
    SelfAttention,
    Softmax,
    SparseLinear,
    Upsample2D,
)
from ..layers.base import Shape
from ..utils.parts import parts_by_option
from .vocabulary import Phrase, Vocabulary, Word, read_phrases

_INPUT = ("in_features", "in_channels", "features")  # what the length of the last axis gives
_NO_WORDS = ("init", "recurrent_init", "fast")  # `fast` is not part of a network
_PRODUCTS = (
    Linear,
    SparseLinear,
    Conv1D,
    Conv2D,
    SelfAttention,
)  # others have initial weights of their own


def _word(kind: type[Layer], example: str = "") -> Word:
    """Return the word of a layer; the first number is not written where the input gives it."""
    names = [*inspect.signature(kind).parameters]
    given = [name for name in names[:1] if name in _INPUT]
    given += [name for name in names if name in _NO_WORDS]
    return Word(kind, example, tuple(given))


WORDS = Vocabulary(
    {
        "linear": _word(Linear, "16"),
        "sparse-linear": _word(SparseLinear, "16"),
        "conv": _word(Conv2D, "8 3 padding=same"),
        "conv1d": _word(Conv1D, "8 3 padding=same"),
        "pool": _word(MaxPool2D, "2"),
        "avg-pool": _word(AvgPool2D, "2"),
        "global-pool": _word(GlobalAvgPool2D),
        "upsample": _word(Upsample2D, "2"),
        "flatten": _word(Flatten),
        "reshape": _word(Reshape, "28x28x1"),
        "batch-norm": _word(BatchNorm),
        "layer-norm": _word(LayerNorm),
        "dropout": _word(Dropout, "0.8"),
        "embedding": _word(Embedding, "1000 16"),
        "rnn": _word(RNN, "32 return_sequences=false"),
        "lstm": _word(LSTM, "32 return_sequences=false"),
        "gru": _word(GRU, "32 return_sequences=false"),
        "positions": _word(PositionalEncoding),
        "attention": _word(SelfAttention, "causal=true"),
        **{name: _word(kind) for name, kind in parts_by_option(layers, Activation).items()},
        "softmax": _word(Softmax),
    }
)


def layers_of_words(
    text: str,
    shape: Shape,
    n_outputs: int,
    *,
    source: str,
    targets: str,
    init: Initializer | None = None,
) -> list[Layer]:
    """Return the layers that words describe.

    Parameters
    ----------
    text : str
        The words, separated by commas.
    shape : tuple of int
        The shape of one example.
    n_outputs : int
        How many outputs the last layer must have.
    source : str
        The option or argument that the text comes from, for errors.
    targets : str
        What the outputs are for, such as "3 classes", for errors.
    init : Initializer, optional
        Draws the weights of products. By default, each layer has its own initializer.

    Returns
    -------
    list of Layer
        The layers, with a sigmoid or softmax at the end only if the text has one.

    Raises
    ------
    ArgumentError
        If a word is unknown or followed by anything else than it takes, if a layer does not fit the
        one before it, or if the last has another number of outputs. The message names the word.

    Examples
    --------
    >>> layers_of_words("linear 4, relu, linear 1", (2,), 1, source="--net", targets="2 classes")
    [Linear(2, 4), ReLU(), Linear(4, 1)]
    """
    made: list[Layer] = []
    phrases = read_phrases(text, source)
    for phrase in phrases:
        layer = _layer(phrase, shape[-1], init)
        try:
            shape_after = layer.output_shape(shape)
        except ShapeError as error:
            raise ArgumentError(f"{phrase.place}: {error}") from None
        if shape_after is not None:
            shape = tuple(shape_after)
        made.append(layer)
    if shape != (n_outputs,):
        outputs = f"{n_outputs} output{'s' if n_outputs > 1 else ''}"
        cure = f"linear {n_outputs}" if len(shape) == 1 else f"flatten, linear {n_outputs}"
        raise ArgumentError(
            f"{source}: must end in {outputs} for {targets}, but the last word, "
            f"{phrases[-1].text!r}, gives {shape}: end in {cure!r}"
        )
    if n_outputs == 1 and isinstance(made[-1], Softmax):
        rule = "a softmax of one output is always 1"
        raise ArgumentError(f"{phrases[-1].place}: {rule}: leave it out")
    return made


def _layer(phrase: Phrase, width: int, init: Initializer | None) -> Layer:
    """Return the layer of a phrase, for an input whose last axis has the length `width`."""
    given: dict[str, Any] = {}
    word = WORDS.get(phrase.name)
    if word is not None:
        given = {name: width for name in word.given if name in _INPUT}
        if init is not None and word.make in _PRODUCTS:
            given["init"] = init
    layer: Layer = WORDS.call(phrase, given)
    return layer
