"""Gradient checking: the course's lesson with its own numbers, then what a checker can say today.

The course compares backpropagation with difference quotients and calls it right where ||g - n|| / (||g|| + ||n||) <= 1e-7. Expect its
numbers: 2.919e-10 in one dimension; 0.2850931567761624 and 0.3134753368918789 for two pairs of planted bugs in a small network; and
1.189e-07 for the network without a bug, which is over the course's own threshold: rounding, not a mistake. The complex step, which has
none, leaves 1e-14 and less. After that a network on a cat picture and one with dropout and an L2 penalty are checked as a whole.

It takes seconds, prints a table, the report of a right and of a wrong network, and writes results.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import minidl
from minidl import (
    L2,
    BinaryCrossEntropy,
    Dropout,
    GradientChecker,
    Linear,
    Report,
    Sequential,
    Sigmoid,
    Tanh,
    Xavier,
    check_gradients,
)
from minidl.cli.argument_types import number_type
from minidl.data import load_cats
from minidl.utils.atomic_files import atomic_write, make_folder

Arrays = dict[str, np.ndarray]
SHAPES = {"W1": (5, 4), "b1": (5, 1), "W2": (3, 5), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}
# What the two versions of the lesson multiply dW2 and db1 by, for m = 3 examples.
PLANTED = {
    "dW2 x 2, db1 x 4": (2, 4, 0.2850931567761624),
    "dW2 x m, db1 x 2": (3, 2, 0.3134753368918789),
}
EXAMPLES = """examples:
  python -m experiments.gradient_checking
  python -m experiments.gradient_checking --data ~/course/datasets     with a real cat, wherever it lies
"""


class Columns:
    """The lesson's network, examples as columns: LINEAR -> RELU -> LINEAR -> RELU -> LINEAR -> SIGMOID under the cross-entropy."""

    def __init__(self, seed: int) -> None:
        rng = np.random.RandomState(seed)
        self.X, self.Y = rng.randn(4, 3), np.array([1, 1, 0])
        self.parameters = {name: rng.randn(*shape) for name, shape in SHAPES.items()}

    def forward(self, p: Arrays) -> list[np.ndarray]:
        """Return the input and the activations of the three layers."""
        a = [self.X]
        for i in (1, 2, 3):
            z = p[f"W{i}"] @ a[-1] + p[f"b{i}"]
            a.append(np.maximum(0, z) if i < 3 else 1 / (1 + np.exp(-z)))
        return a

    def cost(self, p: Arrays) -> Any:
        """Return the mean cross-entropy."""
        probability = self.forward(p)[-1]
        return (
            1.0 / 3 * np.sum(-np.log(probability) * self.Y - np.log(1 - probability) * (1 - self.Y))
        )

    def gradients(self, p: Arrays, w2: float = 1, b1: float = 1) -> Arrays:
        """Return the gradients; dW2 and db1 with these factors too many."""
        a, g = self.forward(p), {}
        dz = a[3] - self.Y
        for i in (3, 2, 1):
            g[f"W{i}"], g[f"b{i}"] = dz @ a[i - 1].T / 3, dz.sum(axis=1, keepdims=True) / 3
            dz = (p[f"W{i}"].T @ dz) * (a[i - 1] > 0)
        g["W2"] *= w2
        g["b1"] *= b1
        return g


def network(
    widths: Sequence[int], seed: int, *, keep_prob: float = 1.0, l2: float = 0.0
) -> Sequential:
    """Return a tanh network that ends in one sigmoid."""
    layers: list[minidl.Layer] = []
    for inputs, outputs in pairwise(widths[:-1]):
        layers += [Linear(inputs, outputs, init=Xavier()), Tanh()] + (
            [Dropout(keep_prob)] if keep_prob < 1 else []
        )
    layers += [Linear(widths[-2], widths[-1], init=Xavier()), Sigmoid()]
    return Sequential(
        layers,
        loss=BinaryCrossEntropy(),
        penalties=[L2(l2)] if l2 else [],
        seed=seed,
        dtype=np.float64,
    )


def retell(options: argparse.Namespace) -> tuple[list[tuple[str, str, float]], list[Report], str]:
    """Return the rows (what, expected, found) of the table, a right and a wrong report, and where the picture comes from."""
    rows: list[tuple[str, str, float]] = []
    course = options.seed == 1  # its numbers belong to its seed

    def note(what: str, expected: str, found: float) -> None:
        rows.append((what, expected, found))

    line = check_gradients(
        lambda theta: theta * 2, lambda theta: np.asarray(2.0), np.array(4.0), method="central"
    )
    note("1-D: J = theta x at theta = 4, x = 2", "2.919335883e-10", line.difference)
    note("slope of x^2 at 3, step 1e-2, two-sided", "5.999999999999872", (3.01**2 - 2.99**2) / 0.02)
    note("slope of x^2 at 3, step 1e-2, one-sided", "6.009999999999849", (3.01**2 - 3**2) / 0.01)

    net = Columns(options.seed)
    reports = []
    for what, (w2, b1, expected) in PLANTED.items():
        wrong = check_gradients(
            net.cost,
            lambda p, w2=w2, b1=b1: net.gradients(p, w2, b1),
            net.parameters,
            method="central",
        )
        note(
            f"N-D, planted: {what}", f"{expected:.16g}" if course else "about 0.3", wrong.difference
        )
        print(
            f"planted {what}: found in {', '.join(check.parameter for check in wrong.failures) or 'nothing'}"
        )
    for what, expected, settings in (
        ("N-D, no bug, epsilon 1e-7", "1.189091302e-07", {"method": "central"}),
        ("N-D, no bug, epsilon 1e-5", "9.32264e-10", {"method": "central", "epsilon": 1e-5}),
        ("N-D, no bug, complex step", "about 1e-14", {}),
    ):
        right = check_gradients(net.cost, net.gradients, net.parameters, **settings)
        note(what, expected if course or not settings else "under 1e-6", right.difference)
        print(
            "; ".join(
                [
                    f"{what}: {'passes' if right.ok else 'FAILS'}",
                    *(note for note in right.notes if "threshold" in note),
                ]
            )
        )
    reports.append(check_gradients(net.cost, lambda p: net.gradients(p, 2, 4), net.parameters))

    cats = load_cats(options.data)
    cat = int(np.flatnonzero(cats.train.labels == 1)[0])
    x, y = cats.train.x[cat : cat + 1], cats.train.y[cat : cat + 1]
    model = network([x.shape[1], 5, 5, 1], options.seed)
    on_cat = GradientChecker(model, seed=options.seed).check(x, y, exhaustive=not options.quick)
    note(f"[{x.shape[1]}, 5, 5, 1] tanh on one cat picture", "about 1e-15", on_cat.difference)
    rng = np.random.default_rng(options.seed)
    model = network([6, 8, 5, 1], options.seed, keep_prob=0.8, l2=0.7)
    regular = GradientChecker(model, seed=options.seed).check(
        rng.standard_normal((7, 6)), rng.integers(0, 2, (7, 1))
    )
    note("6-8-5-1 tanh, dropout 0.8, L2 0.7", "about 1e-15", regular.difference)
    if not (on_cat.ok and regular.ok):
        print(on_cat if not on_cat.ok else regular)
    return rows, [regular, *reports], cats.source


def run(options: argparse.Namespace) -> None:
    """Check, print, write."""
    make_folder(options.out)
    rows, reports, source = retell(options)
    wide = [max(len(row[i]) for row in rows) for i in (0, 1)]
    print(f"\n{'what'.ljust(wide[0])}  {'expected'.rjust(wide[1])}  found")
    for what, expected, found in rows:
        print(f"{what.ljust(wide[0])}  {expected.rjust(wide[1])}  {found:.16g}")
    for words, report in zip(("A right network", "A wrong one"), reports, strict=True):
        print(f"\n{words}\n{report}")
    results = {
        "source": source,
        "settings": {"seed": options.seed, "quick": options.quick},
        "table": [
            {"what": what, "expected": expected, "found": found} for what, expected, found in rows
        ],
        "reports": [json.loads(report.to_json()) for report in reports],
        "versions": {
            "minidl": minidl.__version__,
            "numpy": np.__version__,
            "python": sys.version.split()[0],
        },
    }
    atomic_write(options.out / "results.json", (json.dumps(results, indent=2) + "\n").encode())
    print(f"\nwrote {options.out / 'results.json'}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the study; return 0, or 1 after an error and 130 after Ctrl-C, each told in one line on stderr."""
    try:
        run(parser().parse_args(argv))
    except KeyboardInterrupt:
        print("gradient_checking: interrupted", file=sys.stderr)
        return 130
    except (minidl.MinidlError, OSError, MemoryError) as error:
        print(f"gradient_checking: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    cli = argparse.ArgumentParser(
        prog="python -m experiments.gradient_checking",
        usage="%(prog)s [options]",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    seed = number_type(int, "an integer from 0 to 2**32 - 1", lambda n: 0 <= n < 2**32)
    cli.add_argument(
        "--seed",
        type=seed,
        default=1,
        metavar="N",
        help="where all chance comes from (default: %(default)s, the course's)",
    )
    cli.add_argument(
        "--data",
        metavar="FOLDER",
        help="where the .h5 files lie (default: $MINIDL_DATA, then datasets/, then stand-ins)",
    )
    folder = Path("results/gradient_checking")
    cli.add_argument(
        "--out",
        type=Path,
        default=folder,
        metavar="DIR",
        help="where the results go (default: %(default)s)",
    )
    cli.add_argument(
        "--quick",
        action="store_true",
        help="probe the cat's network rather than computing each of its 61,481 elements",
    )
    return cli


if __name__ == "__main__":
    sys.exit(main())
