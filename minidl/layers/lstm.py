"""The long short-term memory layer."""

from typing import Any

import numpy as np

from ..initializers import Initializer
from ..parameters import InitFunction
from ..utils.compiling import AUTO_COMPILE_MIN_SIZE, check_fast, should_compile
from ..utils.foreign_words import explain_arguments
from ..utils.linalg import matmul_into
from ..utils.random import RandomGenerator
from ..utils.typing import Array
from ..utils.workspace import get_workspace, scalar_array
from .base import Shape
from .compiled_lstm import compiled_lstm, is_small
from .gates import finish_sigmoid
from .graph import GraphBuilder
from .recurrent import Recurrent
from .recurrent_onnx import write_recurrent
from .recurrent_torch import recurrent_from_torch, recurrent_to_torch


class ForgetOne(Initializer):
    """Fill the biases of the forget gate with 1, those of the other gates with 0.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl.layers.lstm import ForgetOne
    >>> bias = np.empty(8)
    >>> ForgetOne()(bias, fan_in=None, rng=np.random.default_rng(0))
    >>> bias
    array([0., 0., 1., 1., 0., 0., 0., 0.])
    """

    option_name = None

    def __call__(self, out: Array, *, fan_in: int | None, rng: RandomGenerator) -> None:
        units = len(out) // 4
        out[...] = 0
        out[units : 2 * units] = 1


@explain_arguments("__init__")
class LSTM(Recurrent):
    """Long short-term memory: a recurrent layer whose gates protect a cell.

    x has shape (m, t, in_features), a sequence of t steps per example. The state h has `units`
    features; y has those of all steps, of shape (m, t, units), or of the last step, (m, units).
    From the state h and the cell c of the previous step follow [1]_ [2]_

    - i, f, o = sigmoid(z) of their rows of z = weight @ x + bias + recurrent_weight @ h, and
      g = tanh(z) of its rows: the input gate, forget gate, output gate and the candidate,
    - the new cell, f c + i g, and the new state, o tanh(new cell).

    Backpropagation through time, from the last step to the first:

    - dh[k] = dy[k] + recurrent_weight.T @ dz[k+1],
    - dc[k] = f[k+1] dc[k+1] + dh[k] o (1 - tanh(c[k])**2),
    - dz[k] = (dc[k] g i (1 - i), dc[k] c[k-1] f (1 - f), dc[k] i (1 - g**2),
      dh[k] tanh(c[k]) o (1 - o)) for i, f, g and o;

    then d weight is the sum of dz[k] x[k].T over steps and examples, d recurrent_weight that of
    dz[k] h[k-1].T, d bias that of dz[k], and dx[k] = weight.T @ dz[k].

    Parameters
    ----------
    in_features : int
        The number of features per step, >= 1.
    units : int
        The number of features of the state, and of the cell, >= 1.
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
        Whether the state and the cell before the first step are learned, instead of 0.
    init : Initializer or callable, default Xavier()
        Draws `weight`.
    recurrent_init : Initializer or callable, default Orthogonal()
        Draws the square matrix of each gate in `recurrent_weight`. The biases of the forget gate
        begin at 1, so that the cell forgets little at first [2]_ [3]_; other biases, and the
        initial state and cell, at 0.
    fast : bool, optional
        Whether loops compiled by numba compute arrays of float32 (extra ``fast``);
        the results agree to rounding. By default they do while training, if numba is installed and
        the layer is so large that it pays. It is not saved.

    Attributes
    ----------
    weight : Parameter of shape (4 * units, in_features)
        The weights of the inputs: `units` rows each for i, f, g and o, as in PyTorch.
    recurrent_weight : Parameter of shape (4 * units, units)
        The weights of the previous state, in the same order.
    bias : Parameter of shape (4 * units,)
        The biases, in the same order.
    initial_state : Parameter of shape (units,), or None
        The state before the first step, None unless it is learned.
    initial_cell : Parameter of shape (units,), or None
        The cell before the first step, None unless it is learned.

    Raises
    ------
    ArgumentError
        If `in_features` or `units` is no integer >= 1, or another argument no bool.
    ShapeError
        From `forward` and `backward`, if an array has the wrong shape.
    MissingDependencyError
        From `forward`, if `fast` is True and numba is not installed.

    See Also
    --------
    GRU : With fewer gates, and no cell.
    RNN : Without gates.
    Embedding : Makes sequences of features of tokens.

    References
    ----------
    .. [1] S. Hochreiter, J. Schmidhuber, "Long short-term memory", 1997, Neural Computation
       9:1735-1780.
    .. [2] F. A. Gers, J. Schmidhuber, F. Cummins, "Learning to forget: continual prediction with
       LSTM", 2000, Neural Computation 12:2451-2471.
    .. [3] R. Jozefowicz, W. Zaremba, I. Sutskever, "An empirical exploration of recurrent network
       architectures", 2015, PMLR 37:2342-2350, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from minidl import LSTM
    >>> x = np.zeros((8, 5, 3))  # 8 sequences of 5 steps with 3 features
    >>> LSTM(3, 4).forward(x).shape, LSTM(3, 4, return_sequences=False).forward(x).shape
    ((8, 5, 4), (8, 4))
    >>> layer = LSTM(1, 1)
    >>> layer.weight.value = [[9.0], [0.0], [9.0], [0.0]]
    >>> layer.bias.value = [0.0, 9.0, 0.0, 9.0]
    >>> layer.recurrent_weight.value = [[0.0], [0.0], [0.0], [0.0]]
    >>> layer.forward(np.array([[[1.0], [0.0], [0.0]]])).round(2).tolist()  # it remembers
    [[[0.76], [0.76], [0.76]]]
    """

    gate_scales = (0.5, 0.5, 1.0, 0.5)
    bias_init = ForgetOne()

    _gates: Array  # i, f, g, o: (4, t, m, units)
    _gate_rows: Array  # the same for compiled loops, (t, m, 4 * units)
    _is_compiled = False
    _cells: Array  # (t + 1, m, units): the initial cell, then that after each step
    _tanh_cells: Array  # (t, m, units)

    def __init__(
        self,
        in_features: int,
        units: int,
        *,
        return_sequences: bool = True,
        skip_padding: bool = False,
        learn_initial_state: bool = False,
        init: InitFunction | None = None,
        recurrent_init: InitFunction | None = None,
        fast: bool | None = None,
    ) -> None:
        self.fast = check_fast(fast, self, None, True, False)
        super().__init__(
            in_features,
            units,
            return_sequences=return_sequences,
            skip_padding=skip_padding,
            learn_initial_state=learn_initial_state,
            init=init,
            recurrent_init=recurrent_init,
        )

    def add_parameters(self) -> None:
        self.initial_cell = self.initial_parameter()

    def forward(self, x: Array, *, training: bool = False) -> Array:
        n_numbers = x.size // self.in_features * self.units
        pays = training and n_numbers >= AUTO_COMPILE_MIN_SIZE and is_small(self.recurrent_weight)
        is_float32 = self.weight.value.dtype == np.float32
        self._is_compiled = is_float32 and should_compile(self.fast, pays=pays)
        return super().forward(x, training=training)

    def run_forward(self, z: Array, recurrent_weight: Array) -> None:
        t, m, _ = z.shape
        units, dtype = self.units, z.dtype
        states, padding = self._states, self._padding
        cells = self._cells = self._time_major("cells", states.shape, dtype)
        cells[0] = 0 if self.initial_cell is None else self.initial_cell.value
        tanh_cells = self._tanh_cells = self._time_major("tanh cells", (t, m, units), dtype)
        self._is_compiled = self._is_compiled and dtype == np.float32
        if self._is_compiled:
            rows = self._gate_rows = self._time_major("gates by row", z.shape, dtype)
            self._gates = rows.reshape(t, m, 4, units).transpose(2, 0, 1, 3)
            outputs = (rows, cells, tanh_cells, states)
            compiled_lstm().forward(z, recurrent_weight, padding, *outputs)
            return
        gates = self._gates = self._gate_major("gates", t, m, dtype)
        i, f, g, o = gates
        product = get_workspace(self.workspace, "product", (m, 4 * units), dtype)
        entering = get_workspace(self.workspace, "entering", (m, units), dtype)
        for k in range(t):
            matmul_into(states[k], recurrent_weight, product)
            np.add(product, z[k], out=product)
            np.tanh(product, out=product)
            gates[:, k] = product.reshape(m, 4, units).transpose(1, 0, 2)
            finish_sigmoid(gates[:2, k])
            finish_sigmoid(o[k])
            if padding is not None:  # closed gates carry the cell over, and have no gradient
                for gate, closed in ((i, 0), (f, 1), (o, 0)):
                    np.copyto(gate[k], closed, where=padding[k])
            np.multiply(f[k], cells[k], out=cells[k + 1])
            np.multiply(i[k], g[k], out=entering)
            np.add(cells[k + 1], entering, out=cells[k + 1])
            np.tanh(cells[k + 1], out=tanh_cells[k])
            np.multiply(o[k], tanh_cells[k], out=states[k + 1])
            if padding is not None:
                np.copyto(states[k + 1], states[k], where=padding[k])

    def run_backward(self, dstates: Array, dz: Array) -> None:
        t, m, _ = dz.shape
        units, dtype = self.units, dz.dtype
        if self._is_compiled and dtype == np.float32:
            self._run_compiled_backward(dstates, dz)
            return
        f = self._gates[1]
        dgates, dcell_of_dstate = self._derivatives(t, m, dtype)
        dz_by_gate = dz.reshape(t, m, 4, units)
        dcell = get_workspace(self.workspace, "dcell", (m, units), dtype)
        through_state = get_workspace(self.workspace, "through state", (m, units), dtype)
        product = get_workspace(self.workspace, "dproduct", (m, units), dtype)
        recurrent_weight, padding = self.recurrent_weight.value, self._padding
        dcell[...] = 0
        for k in reversed(range(t)):
            dstate = dstates[k + 1]
            np.multiply(dstate, dcell_of_dstate[k], out=through_state)
            np.add(dcell, through_state, out=dcell)
            np.multiply(dgates[:3, k], dcell, out=dgates[:3, k])
            np.multiply(dgates[3, k], dstate, out=dgates[3, k])
            dz_by_gate[k] = dgates[:, k].transpose(1, 0, 2)
            np.multiply(dcell, f[k], out=dcell)
            matmul_into(dz[k], recurrent_weight, product)
            np.add(dstates[k], product, out=dstates[k])
            if padding is not None:  # the state was carried over
                np.add(dstates[k], dstate, out=dstates[k], where=padding[k])
        if self.initial_cell is not None:
            np.sum(dcell, axis=0, out=self.initial_cell.grad)

    def _run_compiled_backward(self, dstates: Array, dz: Array) -> None:
        dcell = get_workspace(self.workspace, "dcell", (dz.shape[1], self.units), dz.dtype)
        dcell[...] = 0
        kept = self._gate_rows, self._cells, self._tanh_cells
        weight, padding = self.recurrent_weight.value, self._padding
        compiled_lstm().backward(*kept, weight, padding, dstates, dcell, dz, self.workspace)
        if self.initial_cell is not None:
            np.sum(dcell, axis=0, out=self.initial_cell.grad)

    def _derivatives(self, t: int, m: int, dtype: np.dtype[Any]) -> tuple[Array, Array]:
        """Return dz / dc of i, f and g with dz / dh of o, and dc / dh, of all steps."""
        gates, cells, tanh_cells = self._gates, self._cells, self._tanh_cells
        i, _, g, o = gates
        dgates = self._gate_major("dgates", t, m, dtype)
        one = scalar_array(1, dtype)
        dz_i, dz_f, dz_g, dz_o = dgates
        np.multiply(gates, gates, out=dgates)
        np.subtract(gates, dgates, out=dgates)  # the derivative of a sigmoid
        np.multiply(dz_i, g, out=dz_i)
        np.multiply(dz_f, cells[:-1], out=dz_f)
        np.multiply(dz_o, tanh_cells, out=dz_o)
        np.multiply(g, g, out=dz_g)
        np.subtract(one, dz_g, out=dz_g)
        np.multiply(dz_g, i, out=dz_g)
        dcell_of_dstate = self._time_major("dc / dh", tanh_cells.shape, dtype)
        np.multiply(tanh_cells, tanh_cells, out=dcell_of_dstate)
        np.subtract(one, dcell_of_dstate, out=dcell_of_dstate)
        return dgates, np.multiply(dcell_of_dstate, o, out=dcell_of_dstate)

    def formula(self) -> tuple[str, str]:
        return (
            "z = weight @ x[k] + bias + recurrent_weight @ h[k-1], i, f, o = sigmoid(z), "
            "g = tanh(z), c[k] = f c[k-1] + i g, h[k] = o tanh(c[k])",
            "dh[k] = dy[k] + recurrent_weight.T @ dz[k+1], "
            "dc[k] = f[k+1] dc[k+1] + dh[k] o (1 - tanh(c[k])**2), "
            "dz[k] = (dc g i (1 - i), dc c[k-1] f (1 - f), dc i (1 - g**2), dh tanh(c) o (1 - o)), "
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
        initial_states = ["initial_state", "initial_cell"]
        order = [0, 3, 1, 2]  # i, o, f, g
        write_recurrent(self, graph, "LSTM", x, y, gate_order=order, initial_states=initial_states)
