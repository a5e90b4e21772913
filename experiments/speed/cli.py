"""The command line: one sub-command per benchmark."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from minidl.cli.argument_types import POSITIVE_INTEGER, POSITIVE_NUMBER

from .. import study
from . import __doc__ as description
from . import (
    blocks,
    check,
    cluster,
    data,
    engines,
    estimators,
    growth,
    imports,
    layers,
    mpi,
    predict,
    report,
    sparse,
    train,
)
from .layer_loads import LAYERS
from .peers import LAYER_PEERS, PREDICTORS, TRAINERS
from .workloads import PREDICTION, TRAINING

BENCHMARKS = {
    "train": train,
    "check": check,
    "predict": predict,
    "import": imports,
    "data": data,
    "growth": growth,
    "layers": layers,
    "estimators": estimators,
    "sparse": sparse,
    "engines": engines,
    "blocks": blocks,
    "mpi": mpi,
    "cluster": cluster,
}
ROUNDS = {
    "train": 7,
    "check": 3,
    "predict": 7,
    "import": 15,
    "data": 5,
    "growth": 5,
    "layers": 9,
    "estimators": 25,
    "sparse": 7,
    "engines": 3,
    "blocks": 5,
    "mpi": 9,
    "cluster": 5,
}
SECONDS = {"train": 0.5, "predict": 0.5, "data": 2.0, "growth": 0.2, "layers": 0.4}
LOADS = {"train": TRAINING, "predict": PREDICTION, "growth": growth.SERIES, "layers": LAYERS}
PEERS = {
    "train": TRAINERS,
    "predict": PREDICTORS,
    "import": tuple(imports.IMPORTS),
    "layers": tuple(LAYER_PEERS),
}
EXAMPLES = """examples:
  python -m experiments.speed train                     all networks and installed peers: minutes
  python -m experiments.speed train --workload cats64 --only minidl,fast,jax,torch
  python -m experiments.speed check --full              the loop over all parameters: minutes
  python -m experiments.speed import --rounds 30
  python -m experiments.speed growth --workload layers
  python -m experiments.speed layers --workload conv-32,lstm-64 --threads 2
  python -m experiments.speed BENCHMARK --help          its description and options
install the peers by: pip install -e ".[fast,peers]" (in the checkout)
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a benchmark; return 0, or 1 after an error and 130 after Ctrl-C."""
    options = parser().parse_args(argv)
    return study.run_study("speed", BENCHMARKS[options.benchmark].run, options)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    style = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    cli = argparse.ArgumentParser(
        prog="python -m experiments.speed", description=description, epilog=EXAMPLES, **style
    )
    commands = cli.add_subparsers(dest="benchmark", metavar="BENCHMARK", required=True)
    for name, module in BENCHMARKS.items():
        text = str(module.__doc__)
        summary = text.split("\n")[0].rstrip(".")
        _add_options(commands.add_parser(name, help=summary, description=text, **style), name)
    return cli


def _add_options(parser: argparse.ArgumentParser, name: str) -> None:
    add = parser.add_argument
    text = "number of measurements (default: %(default)s)"
    add("--rounds", type=POSITIVE_INTEGER, default=ROUNDS[name], metavar="N", help=text)
    text = "tiny sizes and two rounds, to try it out: the figures mean nothing"
    add("--quick", action="store_true", help=text)
    text = "folder of the JSON file (default: %(default)s)"
    add("--out", type=Path, default=Path("results/speed"), metavar="DIR", help=text)
    if name in ("train", "check", "data"):
        text = "folder of the cat images (default: see minidl data list)"
        add("--data", type=Path, metavar="FOLDER", help=text)
    if name in SECONDS:
        text = "length of a turn (default: %(default)s)"
        add("--seconds", type=POSITIVE_NUMBER, default=SECONDS[name], metavar="S", help=text)
        threads = 1 if name in ("growth", "layers") else report.cpus()
        text = "threads of each process (default: %(default)s)"
        add("--threads", type=POSITIVE_INTEGER, default=threads, metavar="N", help=text)
    for option, metavar, choices in (
        ("--only", "PEER,...", PEERS.get(name)),
        ("--workload", "NAME,...", LOADS.get(name)),
    ):
        if choices:
            text = f"of {', '.join(choices)} (default: all)"
            add(option, type=_names(tuple(choices)), metavar=metavar, help=text)
    if name == "check":
        add("--full", action="store_true", help="run the loop over every parameter, once")


def _names(allowed: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a `type` for argparse: comma-separated names, sorted as in `allowed`."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in allowed]
        if unknown:
            raise argparse.ArgumentTypeError(
                f"must be names out of {', '.join(allowed)}, got {unknown[0]!r}"
            )
        return [name for name in allowed if name in names]

    return parse
