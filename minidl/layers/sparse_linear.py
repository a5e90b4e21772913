"""The fully connected layer for sparse rows."""

from __future__ import annotations

from ..utils.typing import Array
from .graph import GraphBuilder
from .linear import Linear


class SparseLinear(Linear):
    """Fully connected layer for sparse rows: y = x @ weight + bias.

    It computes what `Linear` computes, and takes the same inputs, but stores the weights
    transposed, (in_features, out_features): all weights of one input lie together. A sparse row
    meets few inputs, so that its products read and write few places in memory; those of small
    batches take half the time. Use it as the first layer for texts and categories. The gradients
    are d weight = x.T @ dy, d bias = the sum of dy over the examples, and dx = dy @ weight.T.

    Parameters
    ----------
    in_features : int
        The number of inputs per example, >= 1.
    out_features : int
        The number of outputs per example, >= 1.
    init : Initializer or callable, default He()
        Draws the initial weights. The initial biases are 0.
    bias : bool, default True
        Whether a bias is added.

    Attributes
    ----------
    weight : Parameter of shape (in_features, out_features)
        The weights: row i has those of input i.
    bias : Parameter of shape (out_features,), or None
        The biases, None with ``bias=False``.

    Raises
    ------
    ArgumentError
        If a width is not an integer >= 1.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.

    See Also
    --------
    Linear : The layer for arrays, with the weights of the course and of PyTorch.
    Embedding : Takes the numbers of words, and keeps their order.

    Examples
    --------
    Two texts, the first with word 3 twice, the second with words 0 and 1:

    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from minidl import MeanSquaredError, Sequential, SparseLinear
    >>> layer = SparseLinear(4, 1)
    >>> layer.weight.value = [[1.0], [10.0], [100.0], [1000.0]]
    >>> model = Sequential([layer], loss=MeanSquaredError())
    >>> model.predict(csr_array(np.array([[0.0, 0.0, 0.0, 2.0], [1.0, 1.0, 0.0, 0.0]])))
    array([[2000.],
           [  11.]], dtype=float32)
    """

    takes_sparse = True

    def _weight_shape(self) -> tuple[int, int]:
        return self.in_features, self.out_features

    @property
    def matrix(self) -> Array:
        """The weights as a matrix of shape (out_features, in_features): a view."""
        return self.weight.value.T

    @property
    def _matrix_grad(self) -> Array:
        return self.weight.grad.T

    def formula(self) -> tuple[str, str]:
        if self.bias is None:
            return "y = x @ weight", "d weight = x.T @ dy, dx = dy @ weight.T"
        return (
            "y = x @ weight + bias",
            "d weight = x.T @ dy, d bias = sum of dy over the examples, dx = dy @ weight.T",
        )

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        product = y if self.bias is None else f"{y}.product"
        graph.node("MatMul", [x, graph.parameter("weight")], [product])
        if self.bias is not None:
            graph.node("Add", [product, graph.parameter("bias")], [y])
