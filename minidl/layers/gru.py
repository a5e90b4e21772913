"""The gated recurrent unit."""

from typing import Any

import numpy as np

from ..initializers import Zeros
from ..parameters import Parameter
from ..utils.linalg import matmul_into
from ..utils.typing import Array
from ..utils.workspace import get_workspace, scalar_array
from .base import Shape
from .gates import finish_sigmoid
from .graph import GraphBuilder
from .recurrent import Recurrent
from .recurrent_onnx import write_recurrent
from .recurrent_torch import recurrent_from_torch, recurrent_to_torch


class GRU(Recurrent):
    """Gated recurrent unit: a recurrent layer that keeps a part of its state at each step.

    x has shape (m, t, in_features), a sequence of t steps per example. The state h has `units`
    features; y has those of all steps, of shape (m, t, units), or of the last step, (m, units).
    From the state h of the previous step follow [1]_, with the rows of the weights and biases that
    belong to each,

    - the reset and the update gate, r, u = sigmoid(weight @ x + bias + recurrent_weight @ h),
    - the candidate, n = tanh(weight @ x + bias + r q) with q = recurrent_weight @ h +
      recurrent_bias,
    - the new state, (1 - u) n + u h.

    The reset gate is applied after the product with h, as in PyTorch and cuDNN; the paper applies
    it to h.

    Backpropagation through time, from the last step to the first:

    - dh[k] = dy[k] + u[k+1] dh[k+1] + recurrent_weight.T @ dv[k+1],
    - dz[k] = (dn q r (1 - r), dh[k] (h[k-1] - n) u (1 - u), dn) for r, u and n, where
      dn = dh[k] (1 - u) (1 - n**2),
    - dv[k] = dz[k], but r dn for n;

    then d weight is the sum of dz[k] x[k].T over steps and examples, d recurrent_weight that of
    dv[k] h[k-1].T, d bias that of dz[k], d recurrent_bias that of r dn, and dx[k] = weight.T @
    dz[k].

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
        Draws the square matrix of each gate in `recurrent_weight`. Biases, and the initial state,
        begin at 0.

    Attributes
    ----------
    weight : Parameter of shape (3 * units, in_features)
        The weights of the inputs: `units` rows each for r, u and n, as in PyTorch, which names
        u z.
    recurrent_weight : Parameter of shape (3 * units, units)
        The weights of the previous state, in the same order.
    bias : Parameter of shape (3 * units,)
        The biases, in the same order; for r and u the sum of PyTorch's two.
    recurrent_bias : Parameter of shape (units,)
        The bias within the reset part of the candidate.
    initial_state : Parameter of shape (units,), or None
        The state before the first step, None unless it is learned.

    Raises
    ------
    ArgumentError
        If `in_features` or `units` is no integer >= 1, or another argument no bool.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.

    See Also
    --------
    LSTM : With a cell, and one gate more.
    RNN : Without gates.
    Embedding : Makes sequences of features of tokens.

    References
    ----------
    .. [1] K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical
       machine translation", 2014, https://arxiv.org/abs/1406.1078, section 2.3.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import GRU
    >>> x = np.zeros((8, 5, 3))  # 8 sequences of 5 steps with 3 features
    >>> GRU(3, 4).forward(x).shape, GRU(3, 4, return_sequences=False).forward(x).shape
    ((8, 5, 4), (8, 4))
    >>> layer = GRU(1, 1)
    >>> layer.weight.value = [[0.0], [-9.0], [1.0]]
    >>> layer.bias.value = [0.0, 9.0, 0.0]
    >>> layer.recurrent_weight.value = [[0.0], [0.0], [0.0]]
    >>> layer.forward(np.array([[[2.0], [0.0], [0.0]]])).round(2).tolist()  # it remembers
    [[[0.96], [0.96], [0.96]]]
    """

    gate_scales = (0.5, 0.5, 1.0)

    _gates: Array  # r, u, n: (3, t, m, units)
    _recurrent_candidates: Array  # q, (t, m, units)
    _dgates: Array  # of `run_backward`: dv of r, u, n, (3, t, m, units)
    _dcandidates: Array  # of `run_backward`: dn / dh, (t, m, units)

    def add_parameters(self) -> None:
        self.recurrent_bias = Parameter((self.units,), init=Zeros(), fan_in=self.units)

    def run_forward(self, z: Array, recurrent_weight: Array) -> None:
        t, m, _ = z.shape
        units, dtype = self.units, z.dtype
        states, padding = self._states, self._padding
        gates = self._gates = self._gate_major("gates", t, m, dtype)
        q = self._recurrent_candidates = self._time_major("q", (t, m, units), dtype)
        r, u, n = gates
        gates[...] = z.reshape(t, m, 3, units).transpose(2, 0, 1, 3)
        recurrent_bias = self.recurrent_bias.value
        product = get_workspace(self.workspace, "product", (m, 3 * units), dtype)
        of_gates = product.reshape(m, 3, units).transpose(1, 0, 2)
        entering = get_workspace(self.workspace, "entering", (m, units), dtype)
        one = scalar_array(1, dtype)
        for k in range(t):
            matmul_into(states[k], recurrent_weight, product)
            np.add(gates[:2, k], of_gates[:2], out=gates[:2, k])
            np.tanh(gates[:2, k], out=gates[:2, k])
            finish_sigmoid(gates[:2, k])
            if padding is not None:  # the state is carried over, and nothing has a gradient
                np.copyto(u[k], one, where=padding[k])
            np.add(of_gates[2], recurrent_bias, out=q[k])
            np.multiply(r[k], q[k], out=entering)
            np.add(n[k], entering, out=n[k])
            np.tanh(n[k], out=n[k])
            np.subtract(one, u[k], out=entering)
            np.multiply(entering, n[k], out=entering)
            np.multiply(u[k], states[k], out=states[k + 1])
            np.add(states[k + 1], entering, out=states[k + 1])

    def run_backward(self, dstates: Array, dz: Array) -> None:
        t, m, _ = dz.shape
        units, dtype = self.units, dz.dtype
        u = self._gates[1]
        dgates = self._dgates = self._derivatives(t, m, dtype)
        dz_by_gate = dz.reshape(t, m, 3, units)
        product = get_workspace(self.workspace, "dproduct", (m, units), dtype)
        kept = get_workspace(self.workspace, "kept", (m, units), dtype)
        recurrent_weight = self.recurrent_weight.value
        for k in reversed(range(t)):
            dstate = dstates[k + 1]
            np.multiply(dgates[:, k], dstate, out=dgates[:, k])
            dz_by_gate[k] = dgates[:, k].transpose(1, 0, 2)
            matmul_into(dz[k], recurrent_weight, product)
            np.add(dstates[k], product, out=dstates[k])
            np.multiply(dstate, u[k], out=kept)
            np.add(dstates[k], kept, out=dstates[k])

    def _derivatives(self, t: int, m: int, dtype: np.dtype[Any]) -> Array:
        """Return dv / dh, which is dz / dh for r and u, of all steps; store dn / dh."""
        r, u, n = self._gates
        dgates = self._gate_major("dgates", t, m, dtype)
        dz_r, dz_u, dv_n = dgates
        one = scalar_array(1, dtype)
        enters = self._time_major("1 - u", n.shape, dtype)
        np.subtract(one, u, out=enters)
        dn = self._dcandidates = self._time_major("dn / dh", n.shape, dtype)
        np.multiply(n, n, out=dn)
        np.subtract(one, dn, out=dn)
        np.multiply(dn, enters, out=dn)
        np.multiply(dn, r, out=dv_n)
        np.subtract(one, r, out=dz_r)
        np.multiply(dz_r, dv_n, out=dz_r)
        np.multiply(dz_r, self._recurrent_candidates, out=dz_r)
        np.subtract(self._states[:-1], n, out=dz_u)
        np.multiply(dz_u, u, out=dz_u)
        np.multiply(dz_u, enters, out=dz_u)
        return dgates

    def input_gradient(self, dstates: Array, dz: Array) -> Array:
        np.sum(self._dgates[2], axis=(0, 1), out=self.recurrent_bias.grad)
        dn = self._dcandidates
        np.multiply(dn, dstates[1:], out=dn)
        dz[..., 2 * self.units :] = dn
        return dz

    def formula(self) -> tuple[str, str]:
        return (
            "r, u = sigmoid(weight @ x[k] + bias + recurrent_weight @ h[k-1]), "
            "n = tanh(weight @ x[k] + bias + r (recurrent_weight @ h[k-1] + recurrent_bias)), "
            "h[k] = (1 - u) n + u h[k-1]",
            "dh[k] = dy[k] + u[k+1] dh[k+1] + recurrent_weight.T @ dv[k+1], "
            "dn = dh (1 - u) (1 - n**2), dz[k] = (dn q r (1 - r), dh (h[k-1] - n) u (1 - u), dn), "
            "dv = dz but r dn for n, d weight = sum of dz[k] x[k].T, "
            "d recurrent_weight = sum of dv[k] h[k-1].T, d bias = sum of dz, "
            "d recurrent_bias = sum of r dn, dx = weight.T @ dz",
        )

    def multiply_adds(self, shape: Shape) -> int:
        return shape[0] * (self.weight.size + self.recurrent_weight.size)

    def to_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return recurrent_to_torch(arrays)

    def from_torch(self, arrays: dict[str, Array]) -> dict[str, Array]:
        return recurrent_from_torch(arrays, self.units)

    def to_onnx(self, graph: GraphBuilder, x: str, y: str) -> None:
        order = [1, 0, 2]  # u, r, n
        name = "recurrent_bias"
        write_recurrent(
            self, graph, "GRU", x, y, gate_order=order, recurrent_bias=name, linear_before_reset=1
        )
