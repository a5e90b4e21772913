"""L-BFGS: whole fits of the estimators with "lbfgs", next to scikit-learn's own networks.

Each round draws another split and other first weights (scikit-learn draws its own), and both fit it
in turn, in float64 and in one thread, of which the processor time is measured: 100 ReLU units, the
same penalty, tolerance and largest number of iterations. The score is that of the quarter that is
left out: the accuracy, or R2 for the last two sets. Both call the same function of SciPy, so the
ratio is that of the gradients, of what each does around them, and of the number of iterations,
which the first weights decide.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minidl import LBFGS

from .. import study
from . import report
from .table import ratios, spread

UNITS = (100,)
ALPHA = 1.0
TOLERANCE = 1e-4
MAX_ITERATIONS = 200
QUICK_ITERATIONS = 5


def run(options: argparse.Namespace) -> None:
    """Fit every set in rounds, print a table, write lbfgs.json."""
    from sklearn.exceptions import ConvergenceWarning  # the other benchmarks need no scikit-learn
    from threadpoolctl import threadpool_limits

    machine = report.describe_machine(threads=1)
    rounds = 2 if options.quick else options.rounds
    iterations = QUICK_ITERATIONS if options.quick else MAX_ITERATIONS
    print(f"L-BFGS: whole fits, {rounds} rounds\n{report.heading(machine)}\n")
    rows: list[list[Any]] = [
        ["", "score", "sklearn", "ms", "sklearn", "minidl / sklearn: min", "median", "max"]
    ]
    results: dict[str, Any] = {}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 iterations may be too few
        for name, (load, peers) in _sets().items():
            found = {peer: _Fits() for peer in peers}
            for seed in range(rounds):
                split = _split(*load, seed)
                for peer, make in peers.items():
                    found[peer].add(make(seed, iterations), *split)
            minidl, sklearn = found.values()
            ratio = spread(ratios(minidl.seconds, sklearn.seconds))
            results[name] = {peer: vars(fits) for peer, fits in found.items()} | {"ratio": ratio}
            rows.append(
                [
                    name,
                    *(f"{np.mean(fits.scores):.3f}" for fits in found.values()),
                    *(f"{1000 * np.median(fits.seconds):.1f}" for fits in found.values()),
                    *(f"{value:.2f}" for value in ratio),
                ]
            )
    print(study.table(rows))
    report.write(options, {"machine": machine, "sets": results})


class _Fits:
    """What the fits of one peer took, and how good they were."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.scores: list[float] = []
        self.iterations: list[int] = []

    def add(self, estimator: Any, X: Any, X_test: Any, y: Any, y_test: Any) -> None:
        start = time.process_time()
        estimator.fit(X, y)
        self.seconds.append(time.process_time() - start)
        self.scores.append(float(estimator.score(X_test, y_test)))
        self.iterations.append(int(estimator.n_iter_))


def _sets() -> dict[str, tuple[tuple[Any, Any], dict[str, Callable[[int, int], Any]]]]:
    """Return X and y of each set, and what makes the estimators of both peers."""
    from sklearn import datasets
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from minidl.sklearn import MinidlClassifier, MinidlRegressor

    def peers(ours: Any, theirs: Any, factor: float) -> dict[str, Callable[[int, int], Any]]:
        def minidl(seed: int, iterations: int) -> Any:
            optimizer = LBFGS(gradient_tolerance=factor * TOLERANCE)
            arguments = {"random_state": seed, "max_iter": iterations}
            return ours(UNITS, optimizer=optimizer, alpha=factor * ALPHA, **arguments)

        def sklearn(seed: int, iterations: int) -> Any:
            arguments = {"random_state": seed, "max_iter": iterations, "tol": TOLERANCE}
            return theirs(hidden_layer_sizes=UNITS, solver="lbfgs", alpha=ALPHA, **arguments)

        return {"minidl": minidl, "sklearn": sklearn}

    classifiers = peers(MinidlClassifier, MLPClassifier, 1.0)
    regressors = peers(MinidlRegressor, MLPRegressor, 2.0)  # it halves the squared error
    return {
        "moons": (datasets.make_moons(300, noise=0.2, random_state=0), classifiers),
        "wine": (datasets.load_wine(return_X_y=True), classifiers),
        "breast cancer": (datasets.load_breast_cancer(return_X_y=True), classifiers),
        "digits": (datasets.load_digits(return_X_y=True), classifiers),
        "friedman1": (datasets.make_friedman1(500, noise=1.0, random_state=0), regressors),
        "diabetes": (datasets.load_diabetes(return_X_y=True), regressors),
    }


def _split(X: Any, y: Any, seed: int) -> list[Any]:
    """Return both parts of X and of y, standardized by the first."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    is_regression = y.dtype.kind == "f"
    X, X_test, y, y_test = train_test_split(X, y, random_state=seed)
    scaler = StandardScaler().fit(X)
    if is_regression:
        y, y_test = (y - y.mean()) / y.std(), (y_test - y.mean()) / y.std()
    return [scaler.transform(X), scaler.transform(X_test), y, y_test]
