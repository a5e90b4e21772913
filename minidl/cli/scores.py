"""Scores of a network on a dataset, as `train` and `evaluate` print them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import Sequential, plots
from ..utils.typing import Array
from .dataset_options import LoadedDataset
from .model_options import network_shape

MAX_CONFUSION_CLASSES = 12  # more do not fit on a line
LABEL_WIDTH = 24


def measure(model: Sequential, dataset: LoadedDataset) -> dict[str, Any]:
    """Return the scores of a network on the training and on the test set.

    Parameters
    ----------
    model : Sequential
        A trained classifier.
    dataset : LoadedDataset
        The dataset.

    Returns
    -------
    dict
        JSON-compatible: the network, the dataset, the share of the majority class, loss and
        accuracy on both sets, and the confusion matrix of the test set.
    """
    X_test, Y_test = dataset.test
    return {
        "network": network_shape(model),
        "parameters": model.parameters.size,
        "set": dataset.name,
        "source": dataset.source,
        "verified": dataset.verified,
        "majority": {
            "train": _majority_share(dataset.train[1]),
            "test": _majority_share(dataset.test[1]),
        },
        "train": model.evaluate(*dataset.train),
        "test": model.evaluate(*dataset.test),
        "classes": dataset.classes,
        "confusion": plots.confusion_counts(
            Y_test, model.predict_classes(X_test), len(dataset.classes)
        ).tolist(),
    }


def _majority_share(labels: Array) -> float:
    return float(max(np.mean(labels == label) for label in np.unique(labels)))


def score_lines(scores: dict[str, Any]) -> list[str]:
    """Return the scores as a table for a reader.

    Parameters
    ----------
    scores : dict
        What `measure` returned.

    Returns
    -------
    list of str
        The lines of the table; without the confusion matrix if there are many classes.
    """
    train, test, majority = scores["train"], scores["test"], scores["majority"]
    lines = [
        _score_line("", "train", "test", ""),
        _score_line("majority class", majority["train"], majority["test"]),
        _score_line("accuracy", train["accuracy"], test["accuracy"]),
        _score_line("loss", train["loss"], test["loss"]),
    ]
    classes = scores["classes"]
    if len(classes) <= MAX_CONFUSION_CLASSES:
        width = max(7, *(len(name) + 2 for name in classes))
        labels = ["test examples, predicted", *(f"  true {name}" for name in classes)]
        for label, cells in zip(labels, [classes, *scores["confusion"]], strict=True):
            lines.append(f"{label:{LABEL_WIDTH}}" + "".join(f"{cell:>{width}}" for cell in cells))
    return lines


def _score_line(label: str, train: Any, test: Any, precision: str = ".3f") -> str:
    return f"{label:{LABEL_WIDTH}}{train:>7{precision}}{test:>8{precision}}"
