"""The command `minidl evaluate`."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from .. import ShapeError
from .argument_types import SEED
from .common import add_command, add_metrics, add_model_file, emit, load_model
from .dataset_options import add_dataset_options, load_dataset
from .scores import measure, score_lines


def add_evaluate(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The commands of the program.
    """
    parser = add_command(subparsers, "evaluate", evaluate)
    add_model_file(parser)
    add_metrics(parser)
    add_dataset_options(parser)
    text = "points and CSV files: the seed of the training (default: %(default)s)"
    parser.add_argument("--seed", type=SEED, default=1, metavar="N", help=text)


def evaluate(options: argparse.Namespace) -> int:
    """Report the accuracy of a saved network on a dataset.

    Read a network that `minidl train --out` or `model.save` wrote, and print its accuracy on the
    training and the test set of a dataset, next to that of always predicting the majority class,
    and other metrics that --metrics names.

    Parameters
    ----------
    options : argparse.Namespace
        The parsed options.

    Returns
    -------
    int
        The exit status.

    Examples
    --------
      minidl train moons --out results/moons
      minidl evaluate results/moons/model.h5 moons
      minidl evaluate results/moons/model.h5 moons --metrics precision,recall
      minidl evaluate results/moons/model.h5 moons --noise 0.4 --points 2000 --json
    """
    model = load_model(options)
    dataset = load_dataset(options)
    X_test, _ = dataset.test
    with np.errstate(over="ignore", invalid="ignore"):  # `measure` tells what is not finite
        n_outputs = model.predict(X_test[:1]).shape[1]
    if n_outputs != dataset.n_outputs or not model.loss.is_classification:
        raise ShapeError(
            f"{options.model}: must predict the {len(dataset.classes)} classes of "
            f"{dataset.name}, found {n_outputs} outputs"
        )
    scores = measure(model, dataset, options.metrics)
    lines = [
        f"source  {dataset.source}",
        f"{scores['network']}: {model.parameters.size:,} parameters, from {options.model}",
        *score_lines(scores),
    ]
    return emit(options, {"model": options.model, **scores}, lines)
