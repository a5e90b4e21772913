"""scikit-learn: `MLPClassifier`, with its own initial weights and no early stopping."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace

import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from ..workloads import Workload


def version() -> str:
    """Return the name and the version of what is measured."""
    return f"scikit-learn {sklearn.__version__}"


def train(workload: Workload) -> Callable[[int], None]:
    """Return a callable that trains n epochs."""
    x, labels = workload.data()

    def run(epochs: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs asked for are the aim
            classifier(workload, epochs).fit(x, labels)

    return run


def predict(workload: Workload) -> Callable[[int], None]:
    """Return a callable that predicts all rows n times."""
    x, _ = workload.data()
    model = classifier(replace(workload, rows=1), 1)
    model.partial_fit(x[:1], [0], classes=range(max(2, workload.n_outputs)))

    def run(times: int) -> None:
        for _ in range(times):
            model.predict_proba(x)

    return run


def classifier(workload: Workload, epochs: int) -> MLPClassifier:
    """Return the network of a workload with the workload's way to train."""
    descent = (
        {"solver": "sgd", "momentum": 0.0} if workload.optimizer == "gd" else {"solver": "adam"}
    )
    return MLPClassifier(
        workload.widths[1:-1],
        alpha=0.0,
        batch_size=workload.batch_sizes[0],
        learning_rate_init=workload.learning_rate,
        max_iter=epochs,
        shuffle=not workload.is_full_batch,
        tol=0.0,
        n_iter_no_change=2**30,
        random_state=0,
        **descent,
    )
