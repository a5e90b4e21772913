"""An estimator as a transformer: what a hidden layer of its network gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import ArgumentError
from ..layers.base import Layer, UnknownRank
from ..layers.shapes import output_shapes
from ..utils.sparse_rows import ExamplesLike
from ..utils.validation import is_integer
from .examples import validate_examples
from .outputs import outputs_of


class HiddenActivations(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """Adds `transform` to an estimator with a network `model_` and `transform_layer`."""

    dtype: npt.DTypeLike | None
    model_: Any
    transform_layer: int | None
    input_shape_: tuple[int, ...]

    def transform(self, X: ExamplesLike) -> Any:
        """Return what a hidden layer gives for each example, as features for another estimator.

        Parameters
        ----------
        X : array_like or sparse matrix of shape (m, n_features), or (m, ...) with `layers`
            The examples, finite real numbers.

        Returns
        -------
        ndarray of shape (m, n_units)
            The output of the layer that `transform_layer` names, flattened where it has several
            axes, without dropout; a data frame after ``set_output``.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            Before `fit` or `partial_fit`.
        ValueError
            If X is invalid, or there is no such layer; `ArgumentError` is a subclass.
        """
        check_is_fitted(self, "model_")
        n_layers = count_layers(self.model_.layers, self.transform_layer)
        rows = validate_examples(self, X)
        outputs = outputs_of(self.model_.objective_function, rows, n_layers)
        return outputs.reshape(len(outputs), -1)

    @property
    def _n_features_out(self) -> int:
        """The number of columns of `transform`, which scikit-learn names."""
        layers = self.model_.layers[: count_layers(self.model_.layers, self.transform_layer)]
        shape = output_shapes(layers, self.input_shape_)[-1]
        if shape is None or isinstance(shape, UnknownRank):  # a custom layer does not tell
            return int(self.transform(np.zeros((1, *self.input_shape_))).shape[1])
        return math.prod(shape)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        preserves = self.dtype is None or self.dtype in ("float32", np.float32)
        tags.transformer_tags.preserves_dtype = ["float64", "float32"] * preserves
        return tags


def count_layers(layers: Sequence[Layer], index: int | None) -> int:
    """Return how many layers there are up to the one whose output `transform` returns.

    Parameters
    ----------
    layers : sequence of Layer
        The layers of the network.
    index : int or None
        The parameter `transform_layer`: the index of a layer, from the end if it is negative. None
        is the layer before the last one with weights.

    Returns
    -------
    int
        The number of layers, >= 1.

    Raises
    ------
    ArgumentError
        If there is no such layer, or no hidden one.
    """
    n_layers = len(layers)
    if index is None:
        last = max((i for i, layer in enumerate(layers) if layer.parameters()), default=0)
        if last == 0:
            raise ArgumentError(
                "transform gives what a hidden layer gives, but the network has none, only "
                f"{list(layers)}: set hidden_layer_sizes or layers, or transform_layer=0"
            )
        return last
    if not is_integer(index, minimum=-n_layers) or index >= n_layers:
        raise ArgumentError(
            f"transform_layer must be None or an integer from {-n_layers} to {n_layers - 1}, the "
            f"index of one of {list(layers)}, got {index!r}"
        )
    return index % n_layers + 1
