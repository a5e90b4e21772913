"""The options of a network, and the network that they describe."""

import argparse

import numpy as np
import pytest

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    Linear,
    ReLU,
    Sigmoid,
    Softmax,
)
from minidl.cli import main
from minidl.cli.defaults import Defaults, fill_defaults
from minidl.cli.network_options import ACTIVATIONS, add_network_options, build_model
from minidl.words.layers import WORDS

DEFAULTS = Defaults("4", epochs=3)


def make_parser(**settings):
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(epilog="examples", formatter_class=raw)
    add_network_options(parser, DEFAULTS, **settings)
    return parser


def parse(*words, **settings):
    options = make_parser(**settings).parse_args(words)
    fill_defaults(options, DEFAULTS)
    return options


def layers_of(*words, shape=(4, 4, 3), n_outputs=1, pictures=False):
    """Return the layers of a network that takes rows, as its texts."""
    model = build_model(parse(*words), shape, n_outputs, pictures=pictures)
    examples = [np.zeros((2, *shape))] if pictures else []
    for X in (np.zeros((2, int(np.prod(shape)))), *examples):
        assert model.predict(X).shape == (2, n_outputs)
    return [str(layer) for layer in model.layers]


def test_options_can_be_left_out():
    options = vars(parse(dtype=False, seed=False))
    assert not {"epochs", "dtype", "seed"} & set(options)
    assert options["layers"] == [4]


def test_the_defaults_are_those_of_the_course():
    options = parse()
    assert (options.activation, options.l2, options.keep_prob) == ("relu", 0, 1)
    assert (options.seed, options.dtype, options.net) == (1, "float32", None)


def test_two_classes_end_in_a_sigmoid_and_more_in_a_softmax():
    options = parse("--keep-prob", "0.5", "--l2", "0.1")
    model = build_model(options, (3,), 1)
    assert [type(layer) for layer in model.layers] == [Linear, ReLU, Dropout, Linear, Sigmoid]
    assert type(model.loss) is BinaryCrossEntropy
    assert len(model.penalties) == 1
    assert model.parameters.dtype == np.float32
    model = build_model(options, (3,), 5)
    assert type(model.layers[-1]) is Softmax
    assert type(model.loss) is CategoricalCrossEntropy


def test_the_help_lists_the_words_before_the_examples():
    text = make_parser().format_help()
    assert "\n  conv OUT_CHANNELS KERNEL_SIZE [stride=1]" in text
    assert all(f"\n  {name}" in text for name in WORDS)
    assert text.index("words of --net") < text.index("examples")


@pytest.mark.parametrize(
    ("words", "n_outputs", "expected"),
    [
        (
            "conv 8 3, relu, flatten, linear 3",
            3,
            ["Reshape((4, 4, 3))", "Conv2D(3, 8, 3)", "ReLU()", "Flatten()", "Linear(32, 3)"],
        ),
        ("linear 4, tanh, linear 1", 1, ["Linear(48, 4)", "Tanh()", "Linear(4, 1)"]),
        ("linear 1, sigmoid", 1, ["Linear(48, 1)"]),
        ("linear 3, softmax", 3, ["Linear(48, 3)"]),
    ],
)
def test_words_make_a_network_for_rows_that_ends_in_probabilities(words, n_outputs, expected):
    last = "Sigmoid()" if n_outputs == 1 else "Softmax()"
    assert layers_of("--net", words, n_outputs=n_outputs) == [*expected, last]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (("--layers", "4"), "Flatten()"),
        (("--net", "linear 4, linear 1"), "Flatten()"),
        (("--net", "conv 1 4, flatten"), "Reshape((4, 4, 3))"),
    ],
)
def test_a_network_for_pictures_takes_rows_too(words, first):
    assert layers_of(*words, pictures=True)[0] == first


def test_the_initializer_draws_the_weights():
    model = build_model(parse("--net", "conv 1 4, flatten", "--init", "zeros"), (4, 4, 3), 1)
    assert not model.parameters.theta.any()


def test_every_activation_is_a_word_too():
    assert ACTIVATIONS.keys() < WORDS.keys()


def test_a_wrong_word_is_one_of_net():
    with pytest.raises(ArgumentError, match=r"^--net, word 2, 'rleu': must begin with one of"):
        layers_of("--net", "linear 4, rleu, linear 1")
    with pytest.raises(ArgumentError, match=r"^--net: must end in 1 output for 2 classes, but"):
        layers_of("--net", "linear 4")


def test_the_command_checks_and_trains_it(tmp_path, capsys):
    words = "linear 8, batch-norm, silu, linear 1"
    assert main(["check", "moons", "--net", words]) == 0
    assert "BatchNorm(8)" in capsys.readouterr().out
    out = str(tmp_path / "moons")
    assert main(["train", "moons", "--net", words, "--epochs", "30", "--out", out]) == 0
    assert "Linear(2, 8), BatchNorm(8), SiLU(), Linear(8, 1), Sigmoid()" in capsys.readouterr().out
    assert main(["evaluate", f"{out}/model.h5", "moons"]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--layers", "3"], "not allowed with argument --layers"),
        (["--activation", "tanh"], "--activation and --keep-prob belong to --layers"),
        (["--keep-prob", "0.8"], "write words such as tanh and dropout 0.8 into it"),
    ],
)
def test_options_of_layers_are_refused_beside_it(words, message, capsys):
    try:
        status = main(["train", "moons", *words, "--net", "linear 1"])
    except SystemExit as error:
        status = error.code
    assert status in (1, 2)
    assert message in capsys.readouterr().err
