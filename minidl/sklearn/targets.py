"""The targets of a network, with the loss and the last layer that belong to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..layers.base import Layer
from ..losses.base import Loss
from ..utils.typing import Array


class Targets(NamedTuple):
    """What `fit` makes of y.

    Parameters
    ----------
    y : ndarray of shape (m, n_outputs)
        The targets of the network.
    sample_weight : ndarray of shape (m,) or None
        The weights in the loss.
    loss : Loss
        The loss.
    last_layer : Layer or None
        The layer that the loss needs at the end; None if it takes any output.
    name : str
        What the outputs are for, such as "3 classes", for errors.
    attributes : mapping of str to object
        The attributes of a fitted estimator that follow from y, such as `classes_`.
    stratify : bool
        Whether each class has its share in a validation set.
    """

    y: Array
    sample_weight: Array | None
    loss: Loss
    last_layer: Layer | None
    name: str
    attributes: Mapping[str, Any]
    stratify: bool
