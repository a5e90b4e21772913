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


class Nodes:
    """Adds nodes and constants whose names begin with that of a layer's output.

    Parameters
    ----------
    graph : GraphBuilder
        The graph.
    y : str
        The name of the output of the layer.
    """

    def __init__(self, graph: GraphBuilder, y: str) -> None:
        self.graph = graph
        self.y = y

    def add(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Append a node with one output.

        Parameters
        ----------
        operator : str
            The name of an ONNX operator.
        inputs : sequence of str
            The names of the values that the node reads.
        name : str
            The last part of the name of what it computes.
        **attributes
            The operator's attributes.

        Returns
        -------
        str
            The name of the output.
        """
        output = f"{self.y}.{name}"
        self.graph.node(operator, inputs, [output], **attributes)
        return output

    def integers(self, name: str, values: int | Sequence[int]) -> str:
        """Append a constant.

        Parameters
        ----------
        name : str
            The last part of its name.
        values : int or sequence of int
            Its value.

        Returns
        -------
        str
            The name.
        """
        return self.graph.constant(f"{self.y}.{name}", np.array(values, np.int64))

    def number(self, name: str, value: float) -> str:
        """Append a constant of the dtype of the model.

        Parameters
        ----------
        name : str
            The last part of its name.
        value : float
            Its value.

        Returns
        -------
        str
            The name.
        """
        return self.graph.constant(f"{self.y}.{name}", np.array(value, self.graph.dtype))
