"""Gradient checking: the assignment with its own numbers, then what a checker can do today.

The DeepLearning.AI assignment "Gradient checking" compares backpropagation with difference
quotients and accepts it if ||g - n|| / (||g|| + ||n||) <= 1e-7. Expect its numbers: 2.919e-10 in
one dimension; 0.2850931567761624 and 0.3134753368918789 for two pairs of planted bugs in a small
network; and 1.189e-07 for the network without a bug, which exceeds the assignment's own threshold:
rounding, not a mistake. The complex step, which has no such error, leaves 1e-14 and less. After
that a network on a cat image and one with dropout and an L2 penalty are checked as a whole.

It takes seconds, prints a table and the reports of a right and of a wrong network, and writes
results.json and errors.png (which elements of the wrong network's gradients are wrong).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from minidl import GradientChecker, Report, Tanh, Xavier, check_gradients, plots
from minidl.data import load_cats

from . import study
from .networks import binary_network

Arrays = dict[str, np.ndarray]
N_EXAMPLES = 3
SHAPES = {"W1": (5, 4), "b1": (5, 1), "W2": (3, 5), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}
ASSIGNMENT_SEED = 1
EXAMPLES = """examples:
  python -m experiments.gradient_checking
  python -m experiments.gradient_checking --data ~/course/datasets     with a real cat
"""


class PlantedBugs(NamedTuple):
    """Wrong factors of two gradients, and the relative error in the assignment."""

    dW2_factor: float
    db1_factor: float
    expected: float


# The bugs of the two versions of the assignment; m is the number of examples.
PLANTED_BUGS = {
    "dW2 x 2, db1 x 4": PlantedBugs(2, 4, expected=0.2850931567761624),
    "dW2 x m, db1 x 2": PlantedBugs(N_EXAMPLES, 2, expected=0.3134753368918789),
}


class Row(NamedTuple):
    """A row of the table."""

    what: str
    expected: str
    found: float


class AssignmentNetwork:
    """The network of the assignment, with examples as columns.

    LINEAR -> RELU -> LINEAR -> RELU -> LINEAR -> SIGMOID and the cross-entropy.
    """

    def __init__(self, seed: int) -> None:
        rng = np.random.RandomState(seed)
        self.X = rng.randn(4, N_EXAMPLES)
        self.Y = np.array([1, 1, 0])
        self.parameters = {name: rng.randn(*shape) for name, shape in SHAPES.items()}

    def forward(self, parameters: Arrays) -> list[np.ndarray]:
        """Return the input and the activations of the three layers."""
        activations = [self.X]
        for layer in (1, 2, 3):
            z = parameters[f"W{layer}"] @ activations[-1] + parameters[f"b{layer}"]
            activations.append(np.maximum(0, z) if layer < 3 else 1 / (1 + np.exp(-z)))
        return activations

    def cost(self, parameters: Arrays) -> Any:
        """Return the mean cross-entropy."""
        p = self.forward(parameters)[-1]
        return 1.0 / 3 * np.sum(-np.log(p) * self.Y - np.log(1 - p) * (1 - self.Y))

    def gradients(self, parameters: Arrays, dW2_factor: float = 1, db1_factor: float = 1) -> Arrays:
        """Return the gradients; factors other than 1 are bugs."""
        activations = self.forward(parameters)
        gradients = {}
        dz = activations[3] - self.Y
        for layer in (3, 2, 1):
            gradients[f"W{layer}"] = dz @ activations[layer - 1].T / 3
            gradients[f"b{layer}"] = dz.sum(axis=1, keepdims=True) / 3
            dz = (parameters[f"W{layer}"].T @ dz) * (activations[layer - 1] > 0)
        gradients["W2"] *= dW2_factor
        gradients["b1"] *= db1_factor
        return gradients


def check_one_dimension() -> list[Row]:
    """Return the rows of functions of one number."""
    linear = check_gradients(
        lambda theta: theta * 2, lambda theta: np.asarray(2.0), np.array(4.0), method="central"
    )
    two_sided, one_sided = (3.01**2 - 2.99**2) / 0.02, (3.01**2 - 3**2) / 0.01
    return [
        Row("1-D: J = theta x at theta = 4, x = 2", "2.919335883e-10", linear.difference),
        Row("slope of x^2 at 3, step 1e-2, two-sided", "5.999999999999872", two_sided),
        Row("slope of x^2 at 3, step 1e-2, one-sided", "6.009999999999849", one_sided),
    ]


def check_planted_bugs(network: AssignmentNetwork, is_assignment: bool) -> list[Row]:
    """Check the network with the bugs of the assignment; print where each was found."""
    rows = []
    for name, bugs in PLANTED_BUGS.items():
        report = check_gradients(
            network.cost,
            lambda p, bugs=bugs: network.gradients(p, bugs.dW2_factor, bugs.db1_factor),
            network.parameters,
            method="central",
        )
        expected = f"{bugs.expected:.16g}" if is_assignment else "about 0.3"
        rows.append(Row(f"N-D, planted: {name}", expected, report.difference))
        parameters = ", ".join(check.parameter for check in report.failures)
        print(f"planted {name}: found in {parameters or 'nothing'}")
    return rows


def check_right_gradients(network: AssignmentNetwork, is_assignment: bool) -> list[Row]:
    """Check the network without a bug by three methods; print the verdicts."""
    rows = []
    methods: list[tuple[str, str, dict[str, Any]]] = [
        ("epsilon 1e-7", "1.189091302e-07", {"method": "central"}),
        ("epsilon 1e-5", "9.32264e-10", {"method": "central", "epsilon": 1e-5}),
        ("complex step", "about 1e-14", {}),
    ]
    for method, expected, arguments in methods:
        report = check_gradients(network.cost, network.gradients, network.parameters, **arguments)
        description = f"N-D, no bug, {method}"
        if arguments and not is_assignment:
            expected = "under 1e-6"
        rows.append(Row(description, expected, report.difference))
        notes = [note for note in report.notes if "threshold" in note]
        print("; ".join([f"{description}: {'passes' if report.ok else 'FAILS'}", *notes]))
    return rows


def check_on_a_cat(options: argparse.Namespace) -> tuple[Row, Report, str]:
    """Check a network on one cat image; also return the source of the image."""
    dataset = load_cats(options.data)
    cat = int(np.flatnonzero(dataset.train.labels == 1)[0])
    X, Y = dataset.train.x[cat : cat + 1], dataset.train.y[cat : cat + 1]
    widths = [X.shape[1], 5, 5, 1]
    model = binary_network(widths, init=Xavier(), activation=Tanh, seed=options.seed)
    report = GradientChecker(model, seed=options.seed).check(X, Y, exhaustive=not options.quick)
    row = Row(f"{widths} tanh on one cat picture", "about 1e-15", report.difference)
    return row, report, dataset.source


def check_regularized(seed: int) -> tuple[Row, Report]:
    """Check a network with dropout and an L2 penalty."""
    rng = np.random.default_rng(seed)
    model = binary_network(
        [6, 8, 5, 1], init=Xavier(), activation=Tanh, seed=seed, keep_prob=0.8, l2=0.7
    )
    X, Y = rng.standard_normal((7, 6)), rng.integers(0, 2, (7, 1))
    report = GradientChecker(model, seed=seed).check(X, Y)
    return Row("6-8-5-1 tanh, dropout 0.8, L2 0.7", "about 1e-15", report.difference), report


def run(options: argparse.Namespace) -> None:
    """Check, print, write."""
    network = AssignmentNetwork(options.seed)
    is_assignment = options.seed == ASSIGNMENT_SEED
    rows = check_one_dimension()
    rows += check_planted_bugs(network, is_assignment)
    rows += check_right_gradients(network, is_assignment)
    wrong_report = check_gradients(
        network.cost, lambda p: network.gradients(p, 2, 4), network.parameters
    )
    cat_row, cat_report, source = check_on_a_cat(options)
    regularized_row, regularized_report = check_regularized(options.seed)
    rows += [cat_row, regularized_row]
    for report in (cat_report, regularized_report):
        if not report.ok:
            print(report)
    print_table(rows)
    print(f"\nA right network\n{regularized_report}")
    print(f"\nA wrong network\n{wrong_report}\n")
    results = {
        "source": source,
        "settings": {"seed": options.seed, "quick": options.quick},
        "table": [row._asdict() for row in rows],
        "reports": [json.loads(report.to_json()) for report in (regularized_report, wrong_report)],
        "versions": study.versions(),
    }
    figures = {"errors.png": lambda: plots.gradient_errors(wrong_report)[0]}
    study.write(options.out, results, figures)


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows with all digits."""
    what_width = max(len(row.what) for row in rows)
    expected_width = max(len(row.expected) for row in rows)
    print(f"\n{'what':{what_width}}  {'expected':>{expected_width}}  found")
    for row in rows:
        print(f"{row.what:{what_width}}  {row.expected:>{expected_width}}  {row.found:.16g}")


main = study.command(
    "gradient_checking",
    __doc__,
    run,
    EXAMPLES,
    seed=ASSIGNMENT_SEED,
    seed_help="seed of all random numbers; 1 is that of the assignment",
    quick_help="probe the cat's network instead of checking each of its 61,481 elements",
    options=[study.add_data_option],
)

if __name__ == "__main__":
    sys.exit(main())
