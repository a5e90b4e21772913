"""Networks in words: what each word makes, and what is answered to wrong ones."""

import re
from pathlib import Path

import numpy as np
import pytest

from minidl import ArgumentError, Layer, MeanSquaredError, Sequential, Zeros, layers
from minidl.layers import Activation, Chain, Concat, Residual
from minidl.utils.parts import exported_parts
from minidl.words.layers import WORDS, layers_of_words

PAGE = Path(__file__).resolve().parents[2] / "docs" / "command-line.md"
SHAPES = {"conv1d": (8, 3), "rnn": (8, 3), "lstm": (8, 3), "gru": (8, 3), "embedding": (8,)}
SHAPES |= {"positions": (8, 4), "attention": (8, 4), "reshape": (784,)}


def made(text, shape, n_outputs=1, **arguments):
    return layers_of_words(
        text, shape, n_outputs, source="--net", targets=f"{n_outputs} classes", **arguments
    )


@pytest.mark.parametrize(
    ("text", "shape", "expected"),
    [
        ("linear 4, tanh, linear 1", (2,), ["Linear(2, 4)", "Tanh()", "Linear(4, 1)"]),
        (
            "conv 8 3x5 bias=false, relu, pool 2, flatten, linear 1",
            (16, 16, 3),
            [
                "Conv2D(3, 8, (3, 5), bias=False)",
                "ReLU()",
                "MaxPool2D(2)",
                "Flatten()",
                "Linear(336, 1)",
            ],
        ),
        (
            "conv 4 3 stride=2 padding=same, batch-norm momentum=0.2, avg-pool 2 stride=1, "
            "upsample 2, leaky-relu 0.2, global-pool, linear 1, sigmoid",
            (9, 9, 3),
            [
                "Conv2D(3, 4, 3, stride=2, padding='same')",
                "BatchNorm(4, momentum=0.2)",
                "AvgPool2D(2, stride=1)",
                "Upsample2D(2)",
                "LeakyReLU(0.2)",
                "GlobalAvgPool2D()",
                "Linear(4, 1)",
                "Sigmoid()",
            ],
        ),
        (
            "reshape 6x2, positions, attention 2 causal=true, layer-norm, dropout 0.8, "
            "lstm 5 return_sequences=false, linear 1",
            (12,),
            [
                "Reshape((6, 2))",
                "PositionalEncoding(2)",
                "SelfAttention(2, heads=2, causal=True)",
                "LayerNorm(2)",
                "Dropout(0.8)",
                "LSTM(2, 5, return_sequences=False)",
                "Linear(5, 1)",
            ],
        ),
        (
            "embedding 9 4 padding=0, conv1d 3 2, gru 5, rnn 1 return_sequences=false",
            (7,),
            [
                "Embedding(9, 4, padding=0)",
                "Conv1D(4, 3, 2)",
                "GRU(3, 5)",
                "RNN(5, 1, return_sequences=False)",
            ],
        ),
    ],
)
def test_words_make_layers_that_fit(text, shape, expected):
    network = made(text, shape)
    assert [str(layer) for layer in network] == expected
    model = Sequential(network, loss=MeanSquaredError())
    assert model.predict(np.ones((2, *shape), int)).shape == (2, 1)


def test_every_layer_has_a_word_and_its_example_makes_it():
    without_words = {Layer, Activation, Chain, Concat, Residual}
    assert {word.make for word in WORDS.values()} == {
        kind for kind in exported_parts(layers, Layer) if kind not in without_words
    }
    for name, word in WORDS.items():
        shape = SHAPES.get(name, (8, 8, 4))
        text = f"{name} {word.example}"
        (layer, *_) = made(f"{text}, flatten, linear 1", shape)
        assert type(layer) is word.make


def test_the_page_of_the_command_line_lists_all_of_them():
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.*)` \| `(\w+)` \|$", page, re.MULTILINE)
    words = [(WORDS.usage(name), word.make.__name__) for name, word in WORDS.items()]
    assert [row for row in rows if row in words] == words
    with pytest.raises(ArgumentError) as raised:
        made("conv 8", (8, 8, 3))
    assert f"minidl train: {raised.value}\n" in page


def test_an_initializer_draws_the_weights_of_products_only():
    text = "conv 4 3, flatten, linear 2, reshape 1x2, rnn 1 return_sequences=false"
    theta = Sequential(made(text, (3, 3, 3), init=Zeros()), loss=MeanSquaredError()).parameters
    assert not any(theta[name].value.any() for name in ("0.weight", "2.weight"))
    own = Sequential(made(text, (3, 3, 3)), loss=MeanSquaredError()).parameters
    assert all(own[name].value.any() for name in ("0.weight", "2.weight"))
    recurrent = [name for name, value in theta if name.startswith("4.") and value.value.any()]
    assert recurrent


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("conv 8 99", "--net, word 1, 'conv 8 99': expects at least 99 x 99 pixels, .*, got 8 x 8"),
        ("flatten, conv 8 3", r"--net, word 2, 'conv 8 3': expects pictures \(h, w, \d+\)"),
        ("attention 2", "word 1, 'attention 2': heads must divide features, got 2 heads and 3"),
        ("conv 8 3 init=he", r"word 1, 'conv 8 3 init=he': must be 'conv OUT_CHANNELS KERNEL_SIZE"),
        (
            "flatten, linear 5",
            r"^--net: must end in 3 outputs for 3 classes, but the last word, 'linear 5', gives "
            r"\(5,\): end in 'linear 3'",
        ),
        ("conv 3 3", r"'conv 3 3', gives \(6, 6, 3\): end in 'flatten, linear 3'"),
    ],
)
def test_what_does_not_fit_is_answered_with_the_place_and_the_cure(text, message):
    with pytest.raises(ArgumentError, match=message):
        made(text, (8, 8, 3), 3)


VALUES = (
    "",
    "0",
    "-1",
    "2.5",
    "nan",
    "x",
    "3x",
    "1x2x3x4",
    "true",
    "=",
    "stride=0",
    "2 2 2 2",
    "é",
)


def test_a_softmax_of_one_output_is_refused():
    with pytest.raises(ArgumentError, match="--net, word 2, 'softmax': a softmax of one output is"):
        made("linear 1, softmax", (2,), 1)


@pytest.mark.parametrize("value", VALUES)
def test_any_value_makes_a_layer_or_a_sentence(value):
    for name in WORDS:
        with pytest.raises(ArgumentError, match=r"^--net"):
            made(f"{name} {value}, relu 0", (8, 8, 4))
