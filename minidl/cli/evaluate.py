"""`minidl evaluate`: how good a saved network is on a set."""

from __future__ import annotations

import argparse
from pathlib import Path

from .. import plots
from ..errors import ShapeError
from ..sequential import Sequential
from . import nets, sets
from .train import measured, table
from .values import SEED, Parser, add_common, to_json

HELP = "say how good a saved network is on a set"
DESCRIPTION = """Read a network that `minidl train --out` or `model.save` wrote, and print its accuracy on the training and test examples
of a set beside that of always answering the commonest class."""
EXAMPLES = """examples:
  minidl train moons --out results/moons
  minidl evaluate results/moons/model.h5 moons
  minidl evaluate results/moons/model.h5 moons --noise 0.4 --points 2000 --json"""


def add(parser: Parser) -> None:
    """Add the options."""
    add_common(parser)
    parser.add_argument("model", type=Path, metavar="MODEL.h5", help="the file of the network")
    sets.add_options(parser)
    parser.add_argument("--seed", type=SEED, default=1, metavar="N", help="points and CSV files: what was trained with (default: 1)")


def run(options: argparse.Namespace) -> int:
    """Evaluate and report; return the exit status."""
    model = Sequential.load(options.model)
    examples = sets.load(options)
    x_test, y_test = examples.test
    outputs = model.predict(x_test[:1]).shape[1]
    if outputs != examples.outputs or not model.loss.accuracy_of:
        raise ShapeError(f"{options.model}: must answer the {len(examples.classes)} classes of {examples.name}, found {outputs} output(s)")
    results = {
        "command": "evaluate",
        "model": str(options.model),
        "network": nets.shape_of(model),
        "parameters": model.parameters.size,
        **measured(model, examples, plots.confusion_counts(y_test.ravel(), model.predict_classes(x_test), len(examples.classes))),
    }
    lines = [f"source  {examples.source}", f"{results['network']}: {model.parameters.size:,} parameters, from {options.model}"]
    print(to_json(results) if options.json else "\n".join([*lines, *table(results)]))
    return 0
