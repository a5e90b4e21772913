"""Layer normalization as compiled loops: a row at a time is read once and written once."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np

from ..utils.compiling import Loop, compile_loop
from ..utils.typing import Array


def normalize(
    x: Array,
    weight: Array,
    bias: Array,
    epsilon: np.float32,
    z: Array,
    inverses: Array,
    y: Array,
) -> None:
    """Normalize rows.

    Parameters
    ----------
    x : ndarray of shape (n, features)
        The rows.
    weight, bias : ndarray of shape (features,)
        The scales and shifts.
    epsilon : float
        Is added to the variance.
    z : ndarray of shape (n, features)
        (x - mean) / sqrt(var + epsilon); output.
    inverses : ndarray of shape (n, 1)
        1 / sqrt(var + epsilon); output.
    y : ndarray of shape (n, features)
        weight * z + bias; output.
    """
    n_rows, features = x.shape
    count = np.float32(features)
    for row in range(n_rows):
        x_row, z_row, y_row = x[row], z[row], y[row]
        total, squares = np.float32(0), np.float32(0)
        for j in range(features):
            total += x_row[j]
        mean = total / count
        for j in range(features):
            centered = x_row[j] - mean
            squares += centered * centered
        inverse = np.float32(1) / np.sqrt(squares / count + epsilon)
        inverses[row, 0] = inverse
        for j in range(features):
            z_row[j] = (x_row[j] - mean) * inverse
        for j in range(features):
            y_row[j] = z_row[j] * weight[j] + bias[j]


def normalization_gradient(
    dy: Array, weight: Array, z: Array, inverses: Array, dweight: Array, dbias: Array, dx: Array
) -> None:
    """Compute the gradients of the normalization of rows.

    Parameters
    ----------
    dy : ndarray of shape (n, features)
        The gradient with respect to y.
    weight, z, inverses
        See `normalize`.
    dweight, dbias : ndarray of shape (features,)
        The sums of dy * z and dy; output.
    dx : ndarray of shape (n, features)
        With g = dy * weight, (g - mean of g - z * mean of g * z) * inverse; output.
    """
    n_rows, features = dy.shape
    count = np.float32(features)
    dweight[:] = 0
    dbias[:] = 0
    for row in range(n_rows):
        dy_row, z_row, dx_row = dy[row], z[row], dx[row]
        total, slope = np.float32(0), np.float32(0)
        for j in range(features):
            g = dy_row[j] * weight[j]
            total += g
            slope += g * z_row[j]
        total /= count
        slope /= count
        inverse = inverses[row, 0]
        for j in range(features):
            dx_row[j] = (dy_row[j] * weight[j] - total - z_row[j] * slope) * inverse
        for j in range(features):
            dweight[j] += dy_row[j] * z_row[j]
        for j in range(features):
            dbias[j] += dy_row[j]


class CompiledLayerNorm(NamedTuple):
    """The compiled loops of a layer normalization, for arrays of float32."""

    normalize: Loop
    normalization_gradient: Loop

    def forward(
        self, x: Array, weight: Array, bias: Array, epsilon: float, *outputs: Array
    ) -> None:
        """Call `normalize`."""
        self.normalize(_as_compiled(x), weight, bias, np.float32(epsilon), *outputs)

    def backward(self, dy: Array, *others: Array) -> None:
        """Call `normalization_gradient`."""
        self.normalization_gradient(_as_compiled(dy), *others)


@functools.cache
def compiled_layer_norm() -> CompiledLayerNorm:
    """Return the compiled loops."""
    rows, vector = "float32[:, ::1]", "float32[::1]"
    forward = [rows, vector, vector, "float32", rows, rows, rows]
    backward = [rows, vector, rows, rows, vector, vector, rows]
    return CompiledLayerNorm(
        compile_loop(normalize, ", ".join(forward), relaxed=True),
        compile_loop(normalization_gradient, ", ".join(backward), relaxed=True),
    )


def _as_compiled(rows: Array) -> Array:
    """Return rows as the loops are compiled for, a copy if they are not."""
    return np.require(rows, requirements=["C", "W"])
