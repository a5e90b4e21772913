"""The network that the parameters of an estimator describe."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ArgumentError, ShapeError
from ..initializers import Initializer
from ..layers.base import Layer
from ..layers.dropout import Dropout
from ..layers.linear import Linear
from ..layers.shapes import output_shapes
from ..layers.sigmoid import Sigmoid
from ..layers.sparse_linear import SparseLinear
from ..model.sequential import Sequential
from ..parameters import Parameter
from ..penalties import L2
from ..utils.random import RandomGenerator
from ..utils.sparse_rows import is_sparse
from ..utils.typing import Array
from ..words.layers import layers_of_words
from .options import ACTIVATIONS, choose
from .parameters import LayerFactory, hidden_sizes
from .targets import Targets


def new_model(
    options: Mapping[str, Any], X: Array, targets: Targets, rng: RandomGenerator
) -> Sequential:
    """Return the network that the parameters of an estimator describe, with its first weights.

    Parameters
    ----------
    options : mapping of str to object
        The parameters of the network by name; "alpha" is the strength of the penalty.
    X : ndarray of shape (m, ...)
        The examples.
    targets : Targets
        The targets, the loss and the last layer.
    rng : numpy.random.Generator or numpy.random.RandomState
        Draws the weights.

    Returns
    -------
    Sequential
        The network.
    """
    n_features, n_outputs = X.shape[1], targets.y.shape[1]
    if options["layers"] is not None:
        layers = described_layers(options["layers"], X.shape[1:], n_outputs, targets.name)
    else:
        names = ("hidden_layer_sizes", "activation", "dropout")
        arguments = {name: options[name] for name in names}
        first = SparseLinear if is_sparse(X) else Linear
        layers = multilayer_perceptron(n_features, n_outputs, first, **arguments)
    layers = with_last_layer(layers, targets.last_layer)
    model = Sequential(
        layers,
        loss=targets.loss,
        penalties=[L2(options["alpha"])] if options["alpha"] else [],
        seed=rng,
        dtype=network_dtype(options["dtype"], X),
    )
    check_output_shape(layers, X.shape, n_outputs)
    return model


def described_layers(
    layers: str | LayerFactory, shape: tuple[int, ...], n_outputs: int, targets: str
) -> Sequence[Layer]:
    """Return the layers that words describe, or a function returns, for examples of a shape."""
    if isinstance(layers, str):
        return layers_of_words(layers, shape, n_outputs, source="layers", targets=targets)
    if not callable(layers):
        raise ArgumentError(
            'layers must be words such as "linear 16, relu, linear 3", or a function that returns '
            f"layers, got {layers!r}"
        )
    return layers(shape if len(shape) > 1 else shape[0], n_outputs)


def multilayer_perceptron(
    n_features: int,
    n_outputs: int,
    first: type[Linear] = Linear,
    *,
    hidden_layer_sizes: int | Sequence[int],
    activation: str,
    dropout: float,
) -> list[Layer]:
    """Return the layers from the features to the outputs, without an activation at the end.

    The first of the fully connected layers is a `first`, the others are `Linear`.
    """
    activation_class = choose(ACTIVATIONS, "activation", activation)
    factor = 2.0 if activation_class is Sigmoid else 6.0
    layers: list[Layer] = []
    in_features, kind = n_features, first
    for size in hidden_sizes(hidden_layer_sizes):
        layers.append(_fully_connected(kind, in_features, size, factor))
        if activation_class is not None:
            layers.append(activation_class())
        in_features, kind = size, Linear
    layers.append(_fully_connected(kind, in_features, n_outputs, factor))
    return with_dropout(layers, dropout)


class _Uniform(Initializer):
    """Draws as scikit-learn's networks: the same numbers from the same `random_state`.

    Uniformly from [-a, a], a = sqrt(factor / (fan_in + fan_out)), also the biases; the factor is 6,
    as in `XavierUniform`, and 2 before sigmoids.
    """

    uses_fan_out = True

    def __init__(self, factor: float, *, is_by_input: bool) -> None:
        self.factor = factor
        self.is_by_input = is_by_input

    def __call__(
        self,
        out: Array,
        *,
        fan_in: int | None,
        fan_out: int | None = None,
        rng: RandomGenerator,
    ) -> None:
        limit = math.sqrt(self.factor / ((fan_in or 0) + (fan_out or 0)))
        by_input = out if self.is_by_input else out.T  # there weights are (in, out)
        by_input[...] = rng.uniform(-limit, limit, by_input.shape)


def _fully_connected(
    kind: type[Linear], in_features: int, out_features: int, factor: float
) -> Linear:
    init = _Uniform(factor, is_by_input=kind is SparseLinear)
    layer = kind(in_features, out_features, init=init)
    layer.bias = Parameter((out_features,), init=init, fan_in=in_features, fan_out=out_features)
    return layer


def with_dropout(layers: Sequence[Layer], dropout: float) -> list[Layer]:
    """Return the layers of a multilayer perceptron with this dropout before all `Linear` but one.

    `Dropout` layers that are there already are used again, and changed.
    """
    old = [layer for layer in layers if isinstance(layer, Dropout)]
    result: list[Layer] = []
    for layer in layers:
        if isinstance(layer, Linear) and result and dropout:
            dropout_layer = old.pop(0) if old else Dropout(1 - dropout)
            dropout_layer.keep_prob = 1 - dropout
            result.append(dropout_layer)
        if not isinstance(layer, Dropout):
            result.append(layer)
    return result


def with_last_layer(layers: Sequence[Layer], last_layer: Layer | None) -> list[Layer]:
    """Return the layers, followed by `last_layer` unless they end in one of its class."""
    if last_layer is None or (layers and isinstance(layers[-1], type(last_layer))):
        return list(layers)
    return [*layers, last_layer]


def check_output_shape(layers: Sequence[Layer], X_shape: tuple[int, ...], n_outputs: int) -> None:
    """Raise if examples do not fit the layers, or these have a different number of outputs."""
    try:
        shape = output_shapes(layers, X_shape[1:])[-1]
    except ShapeError as error:
        raise ShapeError(f"{error} (X has shape {X_shape})") from None
    if shape not in (None, (n_outputs,)):
        argument = X_shape[1:] if len(X_shape) > 2 else X_shape[1]
        raise ArgumentError(
            f"layers({argument}, {n_outputs}) must return layers with {n_outputs} outputs, "
            f"got {shape}"
        )


def network_dtype(dtype: npt.DTypeLike | None, X: Array) -> npt.DTypeLike:
    """Return `dtype`; by default, float32 if X has it, else float64."""
    if dtype is not None:
        return dtype
    return np.float32 if X.dtype == np.float32 else np.float64


def penalty_strength(alpha: float, sample_weight: Array | None) -> float:
    """Return the factor of the L2 penalty: a row of weight 2 counts as two rows.

    Weights are scaled to a mean of 1, so that their sum is lost, by which the penalty is divided.
    """
    mean = 1.0 if sample_weight is None else float(np.mean(sample_weight))
    return alpha / mean if mean > 0 else alpha
