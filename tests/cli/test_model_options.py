"""The options of a network and of its training, and what they make."""

import argparse

import numpy as np
import pytest

from minidl import (
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Chain,
    Dropout,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
)
from minidl.cli.model_options import (
    OPTIMIZERS,
    Defaults,
    add_model_options,
    build_model,
    fill_defaults,
    make_optimizer,
    network_shape,
)

DEFAULTS = Defaults("4", epochs=3, learning_rate=0.5, adaptive_learning_rate=0.25, batch_size=2)


def parse(*words, **settings):
    parser = argparse.ArgumentParser()
    add_model_options(parser, DEFAULTS, **settings)
    options = parser.parse_args(words)
    fill_defaults(options, DEFAULTS)
    return options


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_default_learning_rate_depends_on_the_optimizer(optimizer):
    expected = 0.25 if OPTIMIZERS[optimizer].is_adaptive else 0.5
    assert parse("--optimizer", optimizer).learning_rate == expected
    assert parse("--optimizer", optimizer, "--learning-rate", "3").learning_rate == 3


def test_given_options_are_kept():
    options = parse("--layers", "none", "--batch-size", "7")
    assert (options.layers, options.batch_size, options.epochs) == ([], 7, 3)


def test_options_of_the_training_and_the_seed_can_be_left_out():
    options = vars(parse(training=False, seed=False))
    assert not {"epochs", "optimizer", "learning_rate", "dtype", "seed"} & set(options)
    assert options["layers"] == [4]


def test_the_defaults_in_words():
    assert str(DEFAULTS) == "layers 4, gd, learning rate 0.5, batch size 2, init xavier, 3 epochs"
    assert ", full batch, " in str(DEFAULTS._replace(batch_size=None))


def test_two_classes_end_in_a_sigmoid_and_more_in_a_softmax():
    options = parse("--keep-prob", "0.5", "--l2", "0.1")
    model = build_model(options, (3,), 1)
    assert [type(layer) for layer in model.layers] == [Linear, ReLU, Dropout, Linear, Sigmoid]
    assert type(model.loss) is BinaryCrossEntropy
    assert (network_shape(model), len(model.penalties)) == ("3-4-1", 1)
    assert model.parameters.dtype == np.float32
    model = build_model(options, (3,), 5)
    assert type(model.layers[-1]) is Softmax
    assert type(model.loss) is CategoricalCrossEntropy
    assert network_shape(model) == "3-4-5"


def test_the_shape_of_networks_of_other_layers():
    inner = Sequential([Chain(Linear(2, 3), ReLU()), Linear(3, 1)], loss=MeanSquaredError())
    assert network_shape(inner) == "2-3-1"
    assert network_shape(Sequential([ReLU(), Tanh()], loss=MeanSquaredError())) == "2 layers"


def test_the_warm_up_must_be_shorter_than_the_training():
    assert type(make_optimizer(parse("--optimizer", "adam", "--warm-up", "2"), 10)) is Adam
    with pytest.raises(ArgumentError, match="--warm-up must be less than --epochs, got 3 of 3"):
        make_optimizer(parse("--warm-up", "3"), 10)


def help_of(defaults):
    parser = argparse.ArgumentParser()
    add_model_options(parser, defaults)
    return " ".join(parser.format_help().split())


def test_the_help_names_every_default():
    shown = help_of(DEFAULTS)
    for text in (
        "(default: 4)",
        "(default: 3)",
        "(default: gd)",
        "(default: 2)",
        "(default: xavier)",
        "(default: relu)",
        "(default: 1.0, no dropout)",
        "(default: no clipping)",
        "0.5 for gd",
        "0.25 for adam",
    ):
        assert text in shown, text
    unknown = help_of(None)
    assert unknown.count("(default: depends on the dataset)") == 6
    assert "(default: no clipping)" in unknown


def test_defaults_are_those_of_the_course():
    options = parse()
    assert (options.activation, options.l2, options.keep_prob) == ("relu", 0, 1)
    assert (options.seed, options.dtype) == (1, "float32")
    assert (options.schedule, options.warm_up, options.clip_norm) == ("constant", 0, None)
    assert Defaults("none", epochs=1)[2:] == ("gd", 0.0075, 1e-5, None, "xavier")
