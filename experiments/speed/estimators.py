"""Whole fits of the estimators, next to scikit-learn's networks with the same parameters.

Each round takes another of five folds away, after five rounds of another random order, and both fit
the rest in turn, in float64 and in one thread, of which the processor time is measured. The score
is that of the fold: the accuracy, or R2 for the sets from friedman1 on. Both begin with the same
weights and make the same steps, but each draws its own order of the examples and its own validation
set: a difference of scores within about two standard errors is no difference. At last, both predict
one row.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .. import study
from . import report
from .table import ratios, spread

LBFGS = {"solver": "lbfgs", "alpha": 1.0}
STOPPING = {"early_stopping": True, "batch_size": 200}
QUICK_ITERATIONS = 5
N_FOLDS = 5
N_PREDICTIONS, N_REPEATS = 300, 9


def run(options: argparse.Namespace) -> None:
    """Fit every set in rounds, print a table, write estimators.json."""
    from sklearn.exceptions import ConvergenceWarning  # the other benchmarks need no scikit-learn
    from threadpoolctl import threadpool_limits

    machine = report.describe_machine(threads=1)
    rounds = 2 if options.quick else options.rounds
    limit = {"max_iter": QUICK_ITERATIONS} if options.quick else {}
    print(f"estimators: whole fits, {rounds} rounds\n{report.heading(machine)}\n")
    rows: list[list[Any]] = [
        ["", "score", "sklearn", "difference", "ms", "sklearn", "minidl / sklearn: min", "median"]
    ]
    results: dict[str, Any] = {}
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 iterations may be too few
        for name, (data, parameters) in _cases().items():
            found = {peer: _Fits() for peer in ("minidl", "sklearn")}
            for number in range(rounds):
                split = _split(*data, number)
                for peer, fits in found.items():
                    make = _peers(data[1])[peer]
                    fits.add(make(**parameters, **limit, random_state=number), *split)
            minidl, sklearn = found.values()
            ratio = spread(ratios(minidl.seconds, sklearn.seconds))
            results[name] = {peer: vars(fits) for peer, fits in found.items()} | {"ratio": ratio}
            rows.append([name, *_row(minidl, sklearn), *(f"{value:.2f}" for value in ratio[:2])])
        microseconds = _predictions(_cases()["digits"][0])
    print(study.table(rows))
    print("one row: " + ", ".join(f"{name} {us:.0f} us" for name, us in microseconds.items()))
    report.write(options, {"machine": machine, "sets": results, "one row": microseconds})


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


def _row(minidl: _Fits, sklearn: _Fits) -> list[str]:
    differences = np.subtract(minidl.scores, sklearn.scores)
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return [
        *(f"{np.mean(fits.scores):.3f}" for fits in (minidl, sklearn)),
        f"{differences.mean():+.3f} ± {error:.3f}",
        *(f"{1000 * np.median(fits.seconds):.1f}" for fits in (minidl, sklearn)),
    ]


def _cases() -> dict[str, tuple[tuple[Any, Any], Mapping[str, Any]]]:
    """Return X and y of each set, and the parameters of both estimators."""
    from sklearn import datasets

    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 20))
    noisy = X, X @ rng.standard_normal(20) + 4 * rng.standard_normal(400)
    digits = datasets.load_digits(return_X_y=True)
    friedman1 = datasets.make_friedman1(500, noise=1.0, random_state=0)
    diabetes = datasets.load_diabetes(return_X_y=True)
    return {
        "digits": (digits, {}),
        "digits, early stopping": (digits, {"early_stopping": True}),
        "moons, lbfgs": (datasets.make_moons(300, noise=0.2, random_state=0), LBFGS),
        "wine, lbfgs": (datasets.load_wine(return_X_y=True), LBFGS),
        "breast cancer, lbfgs": (datasets.load_breast_cancer(return_X_y=True), LBFGS),
        "digits, lbfgs": (digits, LBFGS),
        "friedman1, lbfgs": (friedman1, LBFGS),
        "diabetes, lbfgs": (diabetes, LBFGS),
        "friedman1, early stopping": (friedman1, STOPPING),
        "noisy linear, early stopping": (noisy, STOPPING),
        "diabetes, early stopping": (diabetes, STOPPING),
    }


def _peers(y: Any) -> dict[str, Callable[..., Any]]:
    """Return the estimators of both, for classes or values."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from minidl.sklearn import MinidlClassifier, MinidlRegressor

    if y.dtype.kind == "f":
        return {"minidl": MinidlRegressor, "sklearn": MLPRegressor}
    return {"minidl": MinidlClassifier, "sklearn": MLPClassifier}


def _split(X: Any, y: Any, number: int) -> list[Any]:
    """Return both parts of X and of y, standardized by the first."""
    from sklearn.model_selection import KFold
    from sklearn.preprocessing import StandardScaler

    folds = KFold(N_FOLDS, shuffle=True, random_state=number // N_FOLDS)
    rows, test_rows = [*folds.split(X)][number % N_FOLDS]
    scaler = StandardScaler().fit(X[rows])
    if y.dtype.kind == "f":
        y = (y - y[rows].mean()) / y[rows].std()
    return [scaler.transform(X[rows]), scaler.transform(X[test_rows]), y[rows], y[test_rows]]


def _predictions(data: tuple[Any, Any]) -> dict[str, float]:
    """Return the microseconds in which each estimator predicts one row."""
    X, y = data
    fitted = {name: make(max_iter=5).fit(X, y) for name, make in _peers(y).items()}
    best = dict.fromkeys(fitted, np.inf)
    for _ in range(N_REPEATS):
        for name, estimator in fitted.items():
            start = time.perf_counter()
            for _ in range(N_PREDICTIONS):
                estimator.predict(X[:1])
            seconds = (time.perf_counter() - start) / N_PREDICTIONS
            best[name] = min(best[name], 1e6 * seconds)
    return best
