"""The steps of an LSTM over time as compiled loops, for some of the examples at a time.

NumPy makes about ten calls for each step, each of which reads and writes memory.
"""

from __future__ import annotations

import functools
from math import factorial
from typing import NamedTuple

import numpy as np

from ..parameters import Parameter
from ..utils.compiling import Loop, compile_loop
from ..utils.typing import Array
from ..utils.workspace import Workspace, get_scratch
from .lanes import SMALL_PRODUCT, Lanes

ZERO, HALF, ONE = np.float32(0), np.float32(0.5), np.float32(1)

# exp(2 x) ~ P(2 x) / P(-2 x), where P has these coefficients: the Pade approximant of degree n of
# the exponential function. With it tanh(x) is the odd part of P(2 x) over its even part, to 7 units
# in the last place of float32 where 1 - |tanh(x)| > 1e-7, that is for |x| < LIMIT.
N, LIMIT = 13, np.float32(8.5)
P = [
    np.float32(2.0**k * factorial(2 * N - k) * factorial(N))
    / np.float32(factorial(2 * N) * factorial(k) * factorial(N - k))
    for k in range(N + 1)
]
ODD, EVEN = tuple(P[1::2]), tuple(P[::2])


def tanh(x: np.float32) -> np.float32:
    """Return tanh(x) of a number, in a form of which many are computed at once."""
    x = min(max(x, -LIMIT), LIMIT)
    square = x * x
    odd, even = ODD[6], EVEN[6]
    for k in range(5, -1, -1):
        odd = odd * square + ODD[k]
        even = even * square + EVEN[k]
    return min(max(x * odd / even, -ONE), ONE)


def run_forward(
    z: Array,
    recurrent_weight: Array,
    padding: Array,
    gates: Array,
    cells: Array,
    tanh_cells: Array,
    states: Array,
    first: int,
    last: int,
    length: int,
) -> None:
    """Compute the states of all steps.

    Parameters
    ----------
    z : ndarray of shape (t, m, 4 * units)
        weight @ x + bias of i, f, g and o, halved but for g.
    recurrent_weight : ndarray of shape (units, 4 * units)
        Its transpose, with the same halves.
    padding : ndarray of bool of shape (t, m), or (0, 0)
        Which steps are skipped; none.
    gates : ndarray of shape (t, m, 4 * units)
        i, f, g and o; output.
    cells, states : ndarray of shape (t + 1, m, units)
        The first are those before the first step; the others are output.
    tanh_cells : ndarray of shape (t, m, units)
        tanh of the cells after each step; output.
    first, last : int
        Of which examples.
    length : int
        For how many examples at a time products are made.
    """
    units = states.shape[2]
    for k in range(len(z)):
        for begin in range(first, last, length):
            end = min(begin + length, last)
            np.dot(states[k, begin:end], recurrent_weight, gates[k, begin:end])
            for row in range(begin, end):
                gate, z_row, c, new_c = gates[k, row], z[k, row], cells[k, row], cells[k + 1, row]
                tanh_c, new_h = tanh_cells[k, row], states[k + 1, row]
                for j in range(4 * units):
                    gate[j] = tanh(gate[j] + z_row[j])
                for j in range(2 * units):
                    gate[j] = HALF * gate[j] + HALF
                for j in range(3 * units, 4 * units):
                    gate[j] = HALF * gate[j] + HALF
                is_skipped = len(padding) > 0 and padding[k, row]
                if is_skipped:  # closed gates carry the cell over, and have no gradient
                    for j in range(units):
                        gate[j], gate[units + j], gate[3 * units + j] = ZERO, ONE, ZERO
                i, f = gate[:units], gate[units : 2 * units]
                g, o = gate[2 * units : 3 * units], gate[3 * units :]
                for j in range(units):
                    new_c[j] = f[j] * c[j] + i[j] * g[j]
                for j in range(units):
                    tanh_c[j] = tanh(new_c[j])
                for j in range(units):
                    new_h[j] = o[j] * tanh_c[j]
                if is_skipped:
                    for j in range(units):
                        new_h[j] = states[k, row, j]


def run_backward(
    gates: Array,
    cells: Array,
    tanh_cells: Array,
    recurrent_weight: Array,
    padding: Array,
    dstates: Array,
    dcell: Array,
    dz: Array,
    product: Array,
    first: int,
    last: int,
    length: int,
) -> None:
    """Compute the gradients of all steps, from the last to the first.

    Parameters
    ----------
    gates, cells, tanh_cells, padding, first, last, length
        See `run_forward`.
    recurrent_weight : ndarray of shape (4 * units, units)
        As it is.
    dstates : ndarray of shape (t + 1, m, units)
        What dy adds to the gradient of each state; in place, the gradient.
    dcell : ndarray of shape (m, units)
        Zeros; in place, the gradient with respect to the initial cell.
    dz : ndarray of shape (t, m, 4 * units)
        The gradient with respect to z; output.
    product : ndarray of shape (length, units)
        A work array.
    """
    units = dcell.shape[1]
    for k in range(len(dz) - 1, -1, -1):
        for begin in range(first, last, length):
            end = min(begin + length, last)
            for row in range(begin, end):
                gate, dz_row, dc, dh = gates[k, row], dz[k, row], dcell[row], dstates[k + 1, row]
                i, f = gate[:units], gate[units : 2 * units]
                g, o = gate[2 * units : 3 * units], gate[3 * units :]
                dz_i, dz_f = dz_row[:units], dz_row[units : 2 * units]
                dz_g, dz_o = dz_row[2 * units : 3 * units], dz_row[3 * units :]
                c, tanh_c = cells[k, row], tanh_cells[k, row]
                for j in range(units):
                    dz_o[j] = dh[j] * tanh_c[j] * o[j] * (ONE - o[j])
                for j in range(units):
                    dc[j] += dh[j] * o[j] * (ONE - tanh_c[j] * tanh_c[j])
                for j in range(units):
                    dz_i[j] = dc[j] * g[j] * i[j] * (ONE - i[j])
                for j in range(units):
                    dz_f[j] = dc[j] * c[j] * f[j] * (ONE - f[j])
                for j in range(units):
                    dz_g[j] = dc[j] * i[j] * (ONE - g[j] * g[j])
                for j in range(units):
                    dc[j] *= f[j]
            dh_before = product[: end - begin]
            np.dot(dz[k, begin:end], recurrent_weight, dh_before)
            for row in range(begin, end):
                before, dh = dstates[k, row], dh_before[row - begin]
                for j in range(units):
                    before[j] += dh[j]
                if len(padding) > 0 and padding[k, row]:  # the state was carried over
                    carried = dstates[k + 1, row]
                    for j in range(units):
                        before[j] += carried[j]


class CompiledLSTM(NamedTuple):
    """The compiled loops of an LSTM, for arrays of float32."""

    run_forward: Loop
    run_backward: Loop

    def forward(
        self,
        z: Array,
        recurrent_weight: Array,
        padding: Array | None,
        *outputs: Array,
    ) -> None:
        """Call `run_forward` for all examples, shared out to threads."""
        lanes, length = _divide(z, recurrent_weight)
        skipped = _flags(padding)

        def work(lane: int, thread: int) -> None:
            examples = lanes.slices[lane]
            self.run_forward(
                z, recurrent_weight, skipped, *outputs, examples.start, examples.stop, length
            )

        lanes.run(work)

    def backward(
        self,
        gates: Array,
        cells: Array,
        tanh_cells: Array,
        recurrent_weight: Array,
        padding: Array | None,
        dstates: Array,
        dcell: Array,
        dz: Array,
        workspace: Workspace,
    ) -> None:
        """Call `run_backward` for all examples, shared out to threads."""
        lanes, length = _divide(dz, recurrent_weight)
        skipped = _flags(padding)
        shape = (lanes.n_threads, length, dcell.shape[1])
        products = get_scratch(workspace, "products", shape, dz.dtype)

        def work(lane: int, thread: int) -> None:
            examples = lanes.slices[lane]
            self.run_backward(
                gates,
                cells,
                tanh_cells,
                recurrent_weight,
                skipped,
                dstates,
                dcell,
                dz,
                products[thread],
                examples.start,
                examples.stop,
                length,
            )

        lanes.run(work)


@functools.cache
def compiled_lstm() -> CompiledLSTM:
    """Return the compiled loops."""
    by_step, rows, flags = "float32[:, :, ::1]", "float32[:, ::1]", "boolean[:, ::1]"
    sizes = ["int64"] * 3
    types = (
        [by_step, rows, flags, *[by_step] * 4, *sizes],
        [*[by_step] * 3, rows, flags, by_step, rows, by_step, rows, *sizes],
    )
    loops = (
        compile_loop(loop, ", ".join(each), helpers=(tanh,), relaxed=True)
        for loop, each in zip((run_forward, run_backward), types, strict=True)
    )
    return CompiledLSTM(*loops)


def is_small(recurrent_weight: Array | Parameter) -> bool:
    """Return whether a product for four examples is so small that BLAS uses one thread."""
    return 4 * recurrent_weight.size <= SMALL_PRODUCT


def _divide(z: Array, recurrent_weight: Array) -> tuple[Lanes, int]:
    """Return lanes of examples, and for how many at a time products are made."""
    t, m, _ = z.shape
    lanes = Lanes(m, t * recurrent_weight.size, is_shared=True)
    if not is_small(recurrent_weight):
        return lanes, max(lanes.longest, 1)
    return lanes, SMALL_PRODUCT // recurrent_weight.size // 4 * 4  # OpenBLAS's kernels have 4 rows


def _flags(padding: Array | None) -> Array:
    return np.empty((0, 0), bool) if padding is None else padding[:, :, 0]
