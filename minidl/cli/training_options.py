"""Options of a training, and the optimizer that they make. The studies use them too."""

from __future__ import annotations

import argparse
import math
from typing import Any

from .. import ArgumentError, Optimizer, Schedule, WarmUp, schedules
from ..utils.parts import parts_by_option
from .argument_types import NON_NEGATIVE_INTEGER, POSITIVE_INTEGER, POSITIVE_NUMBER
from .defaults import FULL_BATCH_OPTIMIZERS, OPTIMIZERS, Defaults, option_adder

SCHEDULES = parts_by_option(schedules, Schedule)


def add_training_options(parser: argparse.ArgumentParser, defaults: Defaults | None) -> Any:
    """Add the options of a training.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the command.
    defaults : Defaults or None
        Shown in the help; None if they depend on the dataset. `fill_defaults` sets them.

    Returns
    -------
    object
        The group of these options, to which a command may add others.
    """
    add, group = option_adder(defaults), parser.add_argument_group("training")
    add(group, "--epochs", "passes over the training set", type=POSITIVE_INTEGER, metavar="N")
    names = " and ".join(FULL_BATCH_OPTIMIZERS)
    text = f"optimizer; {names} see the whole set in a step, and end when they have converged"
    add(group, "--optimizer", text, choices=OPTIMIZERS)
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
    return group


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
        If the warm-up would not end before the training, or an option has no meaning for the
        optimizer.
    """
    if options.optimizer in FULL_BATCH_OPTIMIZERS:
        _refuse_steps(options)
        return FULL_BATCH_OPTIMIZERS[options.optimizer]()
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


def _refuse_steps(options: argparse.Namespace) -> None:
    """Raise if an option says how large a step is, or that it sees a part of the set."""
    given = {
        "--learning-rate": options.learning_rate,
        "--schedule": options.schedule != "constant",
        "--warm-up": options.warm_up,
        "--clip-norm": options.clip_norm,
        "--batch-size": options.batch_size,
    }
    names = [name for name, value in given.items() if value]
    if names:
        raise ArgumentError(
            f"--optimizer {options.optimizer} finds the size of each step by a line search on the "
            f"whole set, got {', '.join(names)}: leave it out, or choose another optimizer"
        )
