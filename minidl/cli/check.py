"""`minidl check`: hold the gradients of a network against numeric ones."""

from __future__ import annotations

import argparse
import json

from ..gradcheck import GradientChecker
from . import nets, sets
from .values import POSITIVE, WHOLE, Parser, add_common

HELP = "check the gradients of a network"
DESCRIPTION = """Check every gradient of a network, on a few examples of a set, against derivatives taken from the forward passes
alone, and print the report. Exit status 0 if all is right, 1 if a gradient is wrong."""
EXAMPLES = """examples:
  minidl check moons --layers 5,3
  minidl check circles --activation tanh --keep-prob 0.8 --l2 0.7
  minidl check cats --layers 20,7,5 --examples 2
  minidl check moons --method central --epsilon 1e-5 --json"""


def add(parser: Parser) -> None:
    """Add the options."""
    add_common(parser)
    sets.add_options(parser)
    nets.add_options(parser, None, training=False)
    how = parser.add_argument_group("the check")
    how.add_argument(
        "--examples", type=WHOLE, default=6, metavar="N", help="how many training examples it is done on (default: %(default)s)"
    )
    how.add_argument("--exhaustive", action="store_true", help="compute each element, however large the network (small ones always are)")
    methods = "complex step where it can (auto), or plain central differences as courses teach (default: %(default)s)"
    how.add_argument("--method", choices=("auto", "central"), default="auto", help=methods)
    how.add_argument("--epsilon", type=POSITIVE, metavar="E", help="the step of --method central (default: 1e-7)")


def run(options: argparse.Namespace) -> int:
    """Check, print; return the exit status."""
    examples = sets.load(options)
    nets.settle_net(options, sets.usual_of(options.set))
    X, Y = examples.train
    model = nets.build(options, X.shape[1], examples.outputs)
    checker = GradientChecker(model, method=options.method, epsilon=options.epsilon, seed=options.seed)
    report = checker.check(X[: options.examples], Y[: options.examples], exhaustive=options.exhaustive)
    if options.json:
        content = {"command": "check", "set": examples.name, "source": examples.source, "network": nets.shape_of(model)}
        print(json.dumps(content | json.loads(report.to_json()), indent=2))
    else:
        print(f"source  {examples.source}\nnetwork {nets.shape_of(model)}\n\n{report.text(colour=None)}")
    return 0 if report.ok else 1
