"""The weights of examples that the weights of their classes give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from ..errors import ArgumentError
from ..utils.typing import Array
from ..utils.validation import at_least, check_number
from .labels import Labels


def weigh_by_class(
    estimator: Any, labels: Labels, y: Array, sample_weight: Array | None
) -> Array | None:
    """Return the weights of examples times those of their classes.

    Parameters
    ----------
    estimator : MinidlClassifier
        The classifier. The labels of its `class_weight` need not occur in y: one part of the data
        may lack a class.
    labels : Labels
        All labels.
    y : ndarray of shape (m,)
        The label of each example.
    sample_weight : ndarray of shape (m,) or None
        The weights of the examples.

    Returns
    -------
    ndarray of shape (m,) or None
        The weights; None if there are neither.

    Raises
    ------
    ArgumentError
        If it is no such value, names no class while some class has no weight, or there are several
        labels per example.
    """
    class_weight = estimator.class_weight
    if class_weight is None:
        return sample_weight
    if labels.is_multilabel:
        raise ArgumentError(
            f"class_weight is for one label per example, got {labels.name}: pass the weight of "
            "each example, fit(X, y, sample_weight=...)"
        )
    if isinstance(class_weight, Mapping):
        numbers = np.searchsorted(labels.classes, y)
        weight = _weights_of_classes(estimator, labels)[numbers]
    elif class_weight == "balanced":
        weight = compute_sample_weight("balanced", y)
    else:
        raise ArgumentError(
            f"class_weight must be a dict of label to weight, 'balanced' or None, "
            f"got {class_weight!r}"
        )
    return weight if sample_weight is None else sample_weight * weight


def _weights_of_classes(estimator: Any, labels: Labels) -> Array:
    """Return the weight of each class, 1 where there is none."""
    class_weight: Mapping[Any, float] = estimator.class_weight
    classes = labels.classes.tolist()
    unknown = [label for label in class_weight if label not in classes]
    if unknown and any(label not in class_weight for label in classes):
        # A label that no example has is harmless, but here it may be a class written otherwise.
        raise ArgumentError(
            f"class_weight must name labels of {labels.classes}, got {unknown[0]!r}"
        )
    rule = at_least(0)
    return np.array(
        [
            check_number(class_weight.get(label, 1.0), f"class_weight[{label!r}]", rule, estimator)
            for label in classes
        ]
    )
