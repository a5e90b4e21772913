"""The ONNX graph that an export builds, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..utils.typing import Array

if TYPE_CHECKING:
    from onnx import NodeProto


class OnnxGraph:
    """The graph as one layer sees it in its `to_onnx`.

    Parameters
    ----------
    dtype : numpy.dtype
        The dtype of the model.
    parameter_names : mapping of str to str
        The name in the graph of each of the layer's parameters.
    """

    def __init__(self, dtype: np.dtype[Any], parameter_names: Mapping[str, str]) -> None:
        self.dtype = dtype
        self.nodes: list[NodeProto] = []
        self._parameter_names = parameter_names

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
        from onnx.helper import make_node

        self.nodes.append(make_node(operator, inputs, outputs, **attributes))

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
        from onnx.numpy_helper import from_array

        self.node("Constant", [], [name], value=from_array(array, name))
        return name

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
        return self._parameter_names[name]
