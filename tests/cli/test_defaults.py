"""Values of the options that are not given, and what the help says of them."""

import argparse

import pytest

from minidl.cli.defaults import FULL_BATCH_OPTIMIZERS, OPTIMIZERS, Defaults, fill_defaults
from minidl.cli.network_options import add_network_options
from minidl.cli.training_options import add_training_options

DEFAULTS = Defaults("4", epochs=3, learning_rate=0.5, adaptive_learning_rate=0.25, batch_size=2)


def make_parser(defaults):
    parser = argparse.ArgumentParser()
    add_network_options(parser, defaults)
    add_training_options(parser, defaults)
    return parser


def parse(*words):
    options = make_parser(DEFAULTS).parse_args(words)
    fill_defaults(options, DEFAULTS)
    return options


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS.keys() - FULL_BATCH_OPTIMIZERS))
def test_the_default_learning_rate_depends_on_the_optimizer(optimizer):
    expected = 0.25 if OPTIMIZERS[optimizer].is_adaptive else 0.5
    assert parse("--optimizer", optimizer).learning_rate == expected
    assert parse("--optimizer", optimizer, "--learning-rate", "3").learning_rate == 3


@pytest.mark.parametrize("optimizer", ["cg", "lbfgs"])
def test_the_whole_set_and_no_learning_rate_are_the_default_of_a_full_batch_optimizer(optimizer):
    options = parse("--optimizer", optimizer)
    assert (options.learning_rate, options.batch_size) == (None, None)


def test_given_options_are_kept():
    options = parse("--layers", "none", "--batch-size", "7")
    assert (options.layers, options.batch_size, options.epochs) == ([], 7, 3)


def test_the_defaults_in_words():
    assert str(DEFAULTS) == "layers 4, gd, learning rate 0.5, batch size 2, init xavier, 3 epochs"
    assert ", full batch, " in str(DEFAULTS._replace(batch_size=None))


def help_of(defaults):
    return " ".join(make_parser(defaults).format_help().split())


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


def test_defaults_of_the_course_are_those_that_are_not_named():
    assert Defaults("none", epochs=1)[2:] == ("gd", 0.0075, 1e-5, None, "xavier")
