"""The options of a training, and the optimizer that they make."""

import argparse

import pytest

from minidl import LBFGS, Adam, ArgumentError
from minidl.cli.defaults import Defaults, fill_defaults
from minidl.cli.training_options import add_training_options, make_optimizer

DEFAULTS = Defaults("4", epochs=3, learning_rate=0.5, adaptive_learning_rate=0.25, batch_size=2)


def parse(*words):
    parser = argparse.ArgumentParser()
    add_training_options(parser, DEFAULTS).add_argument("--other")
    options = parser.parse_args(words)
    fill_defaults(options, DEFAULTS)
    return options


def test_the_options_have_these_defaults():
    options = parse("--other", "in the same group")
    assert (options.epochs, options.optimizer, options.learning_rate) == (3, "gd", 0.5)
    assert (options.schedule, options.warm_up, options.clip_norm) == ("constant", 0, None)


def test_the_warm_up_must_be_shorter_than_the_training():
    assert type(make_optimizer(parse("--optimizer", "adam", "--warm-up", "2"), 10)) is Adam
    with pytest.raises(ArgumentError, match="--warm-up must be less than --epochs, got 3 of 3"):
        make_optimizer(parse("--warm-up", "3"), 10)


def test_a_full_batch_optimizer_takes_no_option_of_steps():
    assert repr(make_optimizer(parse("--optimizer", "lbfgs"), 10)) == repr(LBFGS())
    for words, name in (
        (["--learning-rate", "0.1"], "--learning-rate"),
        (["--schedule", "cosine"], "--schedule"),
        (["--warm-up", "1"], "--warm-up"),
        (["--clip-norm", "1", "--batch-size", "2"], "--clip-norm, --batch-size"),
    ):
        with pytest.raises(ArgumentError, match=rf"lbfgs finds .* whole set, got {name}: leave"):
            make_optimizer(parse("--optimizer", "lbfgs", *words), 10)
