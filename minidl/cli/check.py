"""The command `minidl check`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .. import ArgumentError, GradientChecker
from ..utils.atomic_files import check_writable
from .argument_types import POSITIVE_INTEGER, POSITIVE_NUMBER, page_path
from .common import add_command, emit
from .dataset_options import add_dataset_options, load_dataset
from .network_options import add_network_options, build_model
from .network_shape import network_shape
from .settings_shown import setting_texts
from .streams import show

_STATUS = {"ok": 0, "failed": 1, "unresolved": 3}


def add_check(subparsers: Any) -> None:
    """Add the command.

    Parameters
    ----------
    subparsers : object
        The commands of the program.
    """
    parser = add_command(subparsers, "check", check)
    add_dataset_options(parser)
    add_network_options(parser, None, dtype=False)
    group = parser.add_argument_group("gradient check")
    text = "number of training examples to use (default: %(default)s)"
    group.add_argument("--examples", type=POSITIVE_INTEGER, default=6, metavar="N", help=text)
    text = "check every element, however large the network (always so for small ones)"
    group.add_argument("--exhaustive", action="store_true", help=text)
    text = (
        "the complex step where possible (auto), or plain central differences as in courses "
        "(default: %(default)s)"
    )
    group.add_argument("--method", choices=("auto", "central"), default="auto", help=text)
    text = "step of --method central (default: 1e-7)"
    group.add_argument("--epsilon", type=POSITIVE_NUMBER, metavar="E", help=text)
    group = parser.add_argument_group("output")
    text = "write the report as a page to this file, such as check.html (default: only print)"
    group.add_argument("--html", type=page_path, metavar="FILE", help=text)


def check(options: argparse.Namespace) -> int:
    """Check the gradients of a network.

    Check every gradient of a network, on a few examples of a dataset, against derivatives computed
    from forward passes alone, and print the report. The exit status is 0 if all gradients are
    right, 1 if one is wrong, 3 if one could be shown neither right nor wrong. With --html, write
    the report as a page, too, with a map of each wrong gradient.

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
      minidl check moons --layers 5,3
      minidl check circles --activation tanh --keep-prob 0.8 --l2 0.7
      minidl check cats --layers 20,7,5 --examples 2
      minidl check signs --net "conv 4 5 stride=3, silu, pool 4, flatten, linear 6" --examples 2
      minidl check moons --html check.html
      minidl check moons --method central --epsilon 1e-5 --json
    """
    if options.epsilon is not None and options.method != "central":
        raise ArgumentError(
            f"--epsilon is the step of --method central, got it with {options.method}: "
            "pass --method central, too"
        )
    if options.html is not None:
        check_writable(options.html)
    dataset = load_dataset(options)
    X, Y = (array[: options.examples] for array in dataset.train)
    model = build_model(options, dataset.example_shape, dataset.n_outputs)
    checker = GradientChecker(
        model, method=options.method, epsilon=options.epsilon, seed=options.seed
    )
    report = checker.check(X, Y, exhaustive=options.exhaustive)
    network = network_shape(model)
    content = {
        "set": dataset.name,
        "source": dataset.source,
        "network": network,
        **json.loads(report.to_json()),
    }
    lines = [f"source  {dataset.source}", f"network {network}", ""]
    text = report.text(colour=None)
    emit(options, content, lines, report=text)
    if options.html is not None:
        report.save(
            options.html,
            about={"data": dataset.source, "network": network, **setting_texts(options)},
        )
        if not options.json:
            show(f"wrote {options.html}")
    return _STATUS[report.status]
