"""The simple recurrent layer."""

import numpy as np

from ..utils.linalg import matmul_into
from ..utils.typing import Array
from ..utils.workspace import get_workspace, scalar_array
from .base import Shape
from .graph import GraphBuilder
from .recurrent import Recurrent
from .recurrent_onnx import write_recurrent
from .recurrent_torch import recurrent_from_torch, recurrent_to_torch


class RNN(Recurrent):
    """Simple recurrent layer: h[k] = tanh(weight @ x[k] + bias + recurrent_weight @ h[k-1]).

    x has shape (m, t, in_features), a sequence of t steps per example. The state h has `units`
    features; y has those of all steps, of shape (m, t, units), or of the last step, (m, units).

    Backpropagation through time [1]_: from the last step to the first,

    - dh[k] = dy[k] + recurrent_weight.T @ dz[k+1],
    - dz[k] = (1 - h[k]**2) dh[k];

    then d weight is the sum of dz[k] x[k].T over steps and examples, d recurrent_weight that of
    dz[k] h[k-1].T, d bias that of dz[k], and dx[k] = weight.T @ dz[k].

    Parameters
    ----------
    in_features : int
        The number of features per step, >= 1.
    units : int
        The number of features of the state, >= 1.
    return_sequences : bool, default True
        Whether y has the states of all steps, (m, t, units), for a layer that takes sequences.
        With False it has the last, (m, units).
    skip_padding : bool, default False
        Whether sequences may end early: steps whose features are all exactly 0, up to the end of
        the sequence, are skipped. The state stays that of the last step before them, which so is
        the last output; with ``return_sequences=True`` the outputs there are 0, so that the next
        recurrent layer can skip them, too; dx there is 0. Steps of zeros before the last other
        step are computed as usual. Layers before this one must leave zeros zero, as
        ``Embedding(padding=0)``, recurrent layers and `Dropout` do; a last step of which `Dropout`
        drops all features is skipped, too. For the loss, pass `minidl.data.length_mask` as
        `sample_weight`.
    learn_initial_state : bool, default False
        Whether the state before the first step is learned, instead of 0.
    init : Initializer or callable, default Xavier()
        Draws `weight`.
    recurrent_init : Initializer or callable, default Orthogonal()
        Draws `recurrent_weight`. Biases, and the initial state, begin at 0.

    Attributes
    ----------
    weight : Parameter of shape (units, in_features)
        The weights of the inputs.
    recurrent_weight : Parameter of shape (units, units)
        The weights of the previous state.
    bias : Parameter of shape (units,)
        The biases.
    initial_state : Parameter of shape (units,), or None
        The state before the first step, None unless it is learned.

    Raises
    ------
    ArgumentError
        If `in_features` or `units` is no integer >= 1.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.

    See Also
    --------
    LSTM, GRU : Remember over many steps.
    Embedding : Makes sequences of features of tokens.

    References
    ----------
    .. [1] P. J. Werbos, "Backpropagation through time: what it does and how to do it", 1990,
       Proceedings of the IEEE 78:1550-1560.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import RNN
    >>> layer = RNN(1, 1)
    >>> layer.weight.value = layer.recurrent_weight.value = [[1.0]]
    >>> layer.forward(np.array([[[0.5], [0.0], [0.0]]])).round(3).tolist()
    [[[0.462], [0.432], [0.407]]]
    >>> layer.backward(np.array([[[0.0], [0.0], [1.0]]])).round(3).tolist()
    [[[0.534], [0.679], [0.834]]]
    """

    def run_forward(self, z: Array, recurrent_weight: Array) -> None:
        states, padding = self._states, self._padding
        product = get_workspace(self.workspace, "product", z.shape[1:], z.dtype)
        for k in range(len(z)):
            matmul_into(states[k], recurrent_weight, product)
            np.add(product, z[k], out=product)
            np.tanh(product, out=states[k + 1])
            if padding is not None:
                np.copyto(states[k + 1], states[k], where=padding[k])

    def run_backward(self, dstates: Array, dz: Array) -> None:
        states, padding = self._states[1:], self._padding
        one = scalar_array(1, dz.dtype)
        np.multiply(states, states, out=dz)
        np.subtract(one, dz, out=dz)
        if padding is not None:
            np.copyto(dz, 0, where=padding)
        recurrent_weight = self.recurrent_weight.value
        product = get_workspace(self.workspace, "dproduct", dz.shape[1:], dz.dtype)
        for k in reversed(range(len(dz))):
            np.multiply(dz[k], dstates[k + 1], out=dz[k])
            matmul_into(dz[k], recurrent_weight, product)
            np.add(dstates[k], product, out=dstates[k])
            if padding is not None:  # the state was carried over
                np.add(dstates[k], dstates[k + 1], out=dstates[k], where=padding[k])

    def formula(self) -> tuple[str, str]:
        return (
            "h[k] = tanh(weight @ x[k] + bias + recurrent_weight @ h[k-1])",
            "dh[k] = dy[k] + recurrent_weight.T @ dz[k+1], dz = (1 - h**2) dh, "
            "d weight = sum of dz[k] x[k].T, d recurrent_weight = sum of dz[k] h[k-1].T, "
            "d bias = sum of dz, dx = weight.T @ dz",
        )

    def multiply_adds(self, shape: Shape) -> int:
        return shape[0] * (self.weight.size + self.recurrent_weight.size)

    def to_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return recurrent_to_torch(arrays)

    def from_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return recurrent_from_torch(arrays)

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        write_recurrent(self, graph, "RNN", x, y, gate_order=[0])
