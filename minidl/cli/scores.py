"""Scores of a network on a dataset, as `train` and `evaluate` print them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import NonFiniteError, Sequential, plots
from ..escaping import shortened
from ..utils.typing import Array
from .dataset_options import LoadedDataset
from .network_shape import network_shape

MAX_CONFUSION_CLASSES = 12  # more do not fit on a line
LABEL_WIDTH = 24
RISE = 1.1  # of the loss in a training that diverged
MAX_FIXED = 1000  # from here on, numbers have an exponent, so that columns stay apart


def measure(
    model: Sequential, dataset: LoadedDataset, metrics: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the scores of a network on the training and on the test set.

    Parameters
    ----------
    model : Sequential
        A trained classifier.
    dataset : LoadedDataset
        The dataset.
    metrics : sequence of str
        What is measured besides.

    Returns
    -------
    dict
        JSON-compatible: the network, the dataset, the share of the majority class, loss, accuracy
        and other metrics on both sets, and the confusion matrix of the test set.

    Raises
    ------
    NonFiniteError
        If the network gives numbers that are not finite: its predictions mean nothing.
    """
    X_test, Y_test = dataset.test
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        train, test = (
            model.evaluate(*pair, metrics=metrics) for pair in (dataset.train, dataset.test)
        )
        confusion = plots.confusion_counts(
            Y_test, model.predict_classes(X_test), len(dataset.classes)
        )
    for name, scores in (("training", train), ("test", test)):
        if not math.isfinite(scores["loss"]):
            raise NonFiniteError(
                f"the network must give finite numbers, but its loss on the {name} set is "
                f"{scores['loss']}: train it with a smaller --learning-rate"
            )
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
        "train": train,
        "test": test,
        "classes": dataset.classes,
        "confusion": confusion.tolist(),
    }


def _majority_share(labels: Array) -> float:
    return float(max(np.mean(labels == label) for label in np.unique(labels)))


def remarks(scores: dict[str, Any], first_loss: float) -> list[str]:
    """Return a sentence for each sign that a training has failed, though all numbers are finite.

    Parameters
    ----------
    scores : dict
        What `measure` returned after the training.
    first_loss : float
        The loss of the first epoch.

    Returns
    -------
    list of str
        Empty if the training has succeeded.
    """
    sentences = []
    loss, chance_level = scores["train"]["loss"], math.log(max(2, len(scores["classes"])))
    if loss > RISE * max(first_loss, chance_level):
        sentences.append(
            f"The training diverged: the loss is {loss:.3g}, after {first_loss:.3g} in the first "
            "epoch. Try a smaller --learning-rate."
        )
    for key, name in (("train", "training"), ("test", "test")):
        accuracy, share = scores[key]["accuracy"], scores["majority"][key]
        if accuracy <= share:
            relation = "below" if accuracy < share else "only"
            sentences.append(
                f"The accuracy on the {name} set, {accuracy:.3f}, is {relation} that of always "
                f"choosing the majority class, {share:.3f}."
            )
    return sentences


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
        *(
            _score_line(name, train[name], test[name])
            for name in train
            if name not in ("accuracy", "loss")
        ),
        _score_line("loss", train["loss"], test["loss"]),
    ]
    classes = scores["classes"]
    if len(classes) <= MAX_CONFUSION_CLASSES:
        names = [*map(shortened, classes)]
        width = max(7, *(len(name) + 2 for name in names))
        labels = ["test examples, predicted", *(f"  true {name}" for name in names)]
        label_width = max(map(len, labels))
        for label, cells in zip(labels, [names, *scores["confusion"]], strict=True):
            lines.append(f"{label:{label_width}}" + "".join(f"{cell:>{width}}" for cell in cells))
    return lines


def _score_line(label: str, train: Any, test: Any, precision: str = ".3f") -> str:
    if precision and max(train, test) >= MAX_FIXED:
        precision = ".1e"
    return f"{label:{LABEL_WIDTH}}{train:>7{precision}} {test:>7{precision}}"
