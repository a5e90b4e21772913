"""What a layer's `to_onnx` may do with the graph that it writes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ..utils.typing import Array

if TYPE_CHECKING:
    from .base import Layer


class GraphBuilder(Protocol):
    """The ONNX graph that an exporter builds, as one layer sees it."""

    dtype: np.dtype[Any]
    """The dtype of the model."""

    def node(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any
    ) -> None:
        """Append a node.

        Parameters
        ----------
        operator : str
            The name of an ONNX operator, such as "Gemm".
        inputs, outputs : sequence of str
            The names of the values that the node reads and computes.
        **attributes
            The operator's attributes.
        """

    def constant(self, name: str, array: Array) -> str:
        """Append a constant.

        Parameters
        ----------
        name : str
            Its name in the graph, which must begin with the name of the layer's output.
        array : ndarray of any shape and dtype
            Its value.

        Returns
        -------
        str
            The name.
        """

    def parameter(self, name: str) -> str:
        """Return the name in the graph of one of the layer's parameters.

        Parameters
        ----------
        name : str
            The parameter's name within the layer, such as "weight".

        Returns
        -------
        str
            Its name in the graph, such as "0.weight".
        """

    def rank(self, name: str) -> int | None:
        """Return how many axes a value of the graph has, with that of the examples.

        Parameters
        ----------
        name : str
            The name of the value, such as the layer's input.

        Returns
        -------
        int or None
            The number of axes; None if it is unknown.
        """

    def add_layer(self, name: str, layer: Layer, x: str, y: str | None = None) -> str:
        """Append the nodes of a layer that the layer contains.

        Parameters
        ----------
        name : str
            The name of the inner layer, as in `named_children`.
        layer : Layer
            The inner layer.
        x : str
            The name of its input in the graph.
        y : str, optional
            The name of its output, by default one made from the path of the layer.

        Returns
        -------
        str
            The name of its output.
        """
