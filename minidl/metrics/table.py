"""Metrics by their names, and what is known of a metric by its name alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TypeAlias

from .. import metrics as metrics_package
from ..errors import ArgumentError
from ..losses.base import Loss
from ..utils.given_class import cure_for_class
from ..utils.parts import parts_by_option
from .accuracy import Accuracy
from .base import Metric
from .function_metric import FunctionMetric, direction_of_words

MetricLike: TypeAlias = str | Metric | Callable[..., float]

METRICS = parts_by_option(metrics_package, Metric)
"""The built-in metrics by their names; that of `TopK` stands for "top_2", "top_3", ..."""


def metric_of_name(name: str) -> Metric | None:
    """Return the built-in metric of a name, None if there is none."""
    found = (metric_class.from_name(name) for metric_class in METRICS.values())
    return next((metric for metric in found if metric is not None), None)


def as_metric(value: MetricLike) -> Metric:
    """Return a metric that a user has named, or passed as it is or as a function.

    Parameters
    ----------
    value : str, Metric or callable
        The name, metric or function.

    Returns
    -------
    Metric
        The metric.

    Raises
    ------
    ArgumentError
        If it is neither.
    """
    if isinstance(value, Metric):
        return value
    if isinstance(value, str):
        metric = metric_of_name(value)
        if metric is None:
            names = ", ".join(METRICS).replace("top_k", "top_2, top_3, ...")
            raise ArgumentError(
                f"a metric must be one of {names}, or a function of (y_true, y_pred), got {value!r}"
            )
        return metric
    if isinstance(value, type) or not callable(value):
        rule = "a metric must be a name such as 'f1', or a function of (y_true, y_pred)"
        raise ArgumentError(f"{rule}, got {value!r}{cure_for_class(value)}")
    return FunctionMetric(value)


def as_metrics(metrics: Sequence[MetricLike]) -> list[Metric]:
    """Return the metrics that a user asks for.

    Parameters
    ----------
    metrics : sequence of str, Metric or callable
        What the user passed as `metrics`.

    Returns
    -------
    list of Metric
        The metrics.

    Raises
    ------
    ArgumentError
        If one is not known, or there are two of the same name.
    """
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise ArgumentError(f"metrics must be a list such as ['f1'], got {metrics!r}")
    found = [as_metric(value) for value in metrics]
    names = [metric.name for metric in found]
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(
                f"each metric must have its own name, got {name!r} twice: leave one out, or pass "
                "FunctionMetric(function, name=...)"
            )
    for metric in found:
        if type(metric) in METRICS.values():
            continue
        name = metric.name
        is_taken = name in ("loss", "learning_rate") or metric_of_name(name) is not None
        if is_taken or name.startswith("val_"):
            raise ArgumentError(
                f"a metric of your own must not be called {name!r}, a name of minidl's: pass "
                "FunctionMetric(function, name=...)"
            )
    return found


def with_accuracy(metrics: Sequence[Metric], loss: Loss) -> list[Metric]:
    """Return metrics after the accuracy, which each classification has."""
    others = [metric for metric in metrics if type(metric) is not Accuracy]
    return [Accuracy(), *others] if loss.is_classification else list(metrics)


@cache  # each training asks for its columns
def direction(name: str) -> bool | None:
    """Return whether a larger value of a column of the history is a better one.

    Parameters
    ----------
    name : str
        The name of the column, such as "val_f1".

    Returns
    -------
    bool or None
        None if the name does not tell it.
    """
    base = name.removeprefix("val_")
    metric = metric_of_name(base) or metric_of_name(re.sub(r"_\d+$", "", base))
    if metric is not None:
        return metric.higher_is_better
    return False if base == "loss" else direction_of_words(base)
