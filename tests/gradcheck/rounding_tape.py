"""A tape that rounds every operation to a precision, forward and back.

Its gradients are right by construction: those of code that computes in that precision.
"""

import numpy as np


def to_bfloat16(array):
    """Return float32 numbers rounded to the nearest bfloat16, ties to even."""
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return rounded.astype(np.uint32).view(np.float32).reshape(np.shape(array))


def _to_float64(array):
    array = np.asarray(array)
    return array if array.dtype.kind == "c" else array.astype(np.float64)


def _to_float32(array):
    return np.asarray(array).astype(np.float32)


def _to_float16(array):
    return _to_float32(np.asarray(array).astype(np.float16))


ROUND = {
    "float64": _to_float64,  # lets complex numbers through, for the complex step
    "float32": _to_float32,
    "float16": _to_float16,
    "bfloat16": lambda array: to_bfloat16(_to_float32(array)),
    "exact": lambda array: np.asarray(array).astype(np.longdouble),
}
UNIT = {"float64": 2.0**-53, "float32": 2.0**-24, "float16": 2.0**-11, "bfloat16": 2.0**-8}


class Node:
    """A value on a tape."""

    __slots__ = ("grad", "value")

    def __init__(self, value):
        self.value, self.grad = value, None

    @property
    def shape(self):
        """The shape of the value."""
        return self.value.shape


class Tape:
    """Records operations, and goes back through them.

    Parameters
    ----------
    precision : str
        What each operation is rounded to: a key of `ROUND`.
    constants : str, optional
        What constants are rounded to, if not to `precision`: a reference in float64 computes with
        the constants of the code that it is a reference for.
    dropped : int, optional
        The number of a term, in the order of backward, that backward forgets: a planted bug.
    """

    def __init__(self, precision, constants=None, dropped=None):
        self.round = ROUND[precision]
        self._round_constant = ROUND[constants or precision]
        self._operations = []
        self._dropped = dropped
        self.terms = 0

    def variable(self, array):
        """Return a node whose gradient is wanted."""
        return Node(self.round(array))

    def constant(self, array):
        """Return an array as the code has it: rounded."""
        return self.round(self._round_constant(array))

    def record(self, value, *parents):
        """Return a node of the rounded value; parents are pairs of a node and its vjp."""
        node = Node(self.round(value))
        self._operations.append((node, parents))
        return node

    def backward(self, output):
        """Fill the gradient of every node that `output` depends on."""
        output.grad = np.ones_like(output.value)
        for node, parents in reversed(self._operations):
            if node.grad is None:
                continue
            for parent, vjp in parents:
                self.terms += 1
                if self.terms - 1 == self._dropped:
                    continue
                term = self._sum_to(self.round(vjp(node.grad)), parent.shape)
                parent.grad = term if parent.grad is None else self.round(parent.grad + term)

    def _sum_to(self, grad, shape):
        while grad.ndim > len(shape):
            grad = self.round(grad.sum(axis=0))
        for axis, size in enumerate(shape):
            if size == 1 != grad.shape[axis]:
                grad = self.round(grad.sum(axis=axis, keepdims=True))
        return grad

    # Elementwise functions.

    def unary(self, x, f, slope):
        """Apply f; slope(x, y) is its derivative."""
        y = self.round(f(x.value))
        return self.record(y, (x, lambda g: g * self.round(slope(x.value, y))))

    def add(self, a, b):
        """Return a + b, broadcast."""
        return self.record(a.value + b.value, (a, lambda g: g), (b, lambda g: g))

    def subtract(self, a, b):
        """Return a - b, broadcast."""
        return self.record(a.value - b.value, (a, lambda g: g), (b, lambda g: -g))

    def multiply(self, a, b):
        """Return a * b, broadcast."""
        return self.record(
            a.value * b.value, (a, lambda g: g * b.value), (b, lambda g: g * a.value)
        )

    def divide(self, a, b):
        """Return a / b, broadcast."""
        y = self.round(a.value / b.value)
        return self.record(
            y, (a, lambda g: g / b.value), (b, lambda g: -self.round(g * y) / b.value)
        )

    def maximum(self, a, b):
        """Return the larger of a and b, element by element; b where they are equal."""
        first = a.value.real > b.value.real
        return self.record(
            np.where(first, a.value, b.value), (a, lambda g: g * first), (b, lambda g: g * ~first)
        )

    def scale(self, a, factor):
        """Return a * constant, broadcast."""
        factor = self.constant(factor)
        return self.record(a.value * factor, (a, lambda g: g * factor))

    def shift(self, a, offset):
        """Return a + constant, broadcast."""
        return self.record(a.value + self.constant(offset), (a, lambda g: g))

    # Products, reductions and shapes.

    def matmul(self, a, b):
        """Return a @ b of two matrices."""
        return self.record(
            a.value @ b.value, (a, lambda g: g @ b.value.T), (b, lambda g: a.value.T @ g)
        )

    def matmul_constant(self, a, matrix):
        """Return a @ matrix, on the last axis."""
        matrix = self.constant(matrix)
        return self.record(a.value @ matrix, (a, lambda g: g @ matrix.T))

    def sum(self, a, axis=None):
        """Return the sum; along an axis, which is kept."""
        return self.record(
            a.value.sum(axis=axis, keepdims=axis is not None),
            (a, lambda g: np.broadcast_to(g, a.shape)),
        )

    def mean(self, a, axis=None):
        """Return the mean; along an axis, which is kept."""
        return self.scale(
            self.sum(a, axis), 1.0 / (a.value.size if axis is None else a.shape[axis])
        )

    def take(self, a, indices):
        """Return a[indices], any NumPy index; indices may repeat."""

        def vjp(g):
            back = np.zeros_like(a.value)
            np.add.at(back, indices, g)
            return back

        return self.record(a.value[indices], (a, vjp))

    def take_along(self, a, indices, axis):
        """Return np.take_along_axis of indices that do not repeat along the axis."""

        def vjp(g):
            back = np.zeros_like(a.value)
            np.put_along_axis(back, indices, g, axis)
            return back

        return self.record(np.take_along_axis(a.value, indices, axis), (a, vjp))

    def largest(self, a, axis):
        """Return the largest along an axis, which is kept; the first of several."""
        indices = np.expand_dims(a.value.real.argmax(axis=axis), axis)
        return self.take_along(a, indices, axis)

    def sort(self, a, axis):
        """Return a, sorted along an axis."""
        return self.take_along(a, a.value.real.argsort(axis=axis, kind="stable"), axis)

    def cumsum(self, a, axis):
        """Return the cumulative sum along an axis."""
        return self.record(
            np.cumsum(a.value, axis=axis),
            (a, lambda g: np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)),
        )

    def reshape(self, a, shape):
        """Return a in another shape."""
        return self.record(a.value.reshape(shape), (a, lambda g: g.reshape(a.shape)))

    def transpose(self, a):
        """Return a with its axes reversed."""
        return self.record(a.value.T, (a, lambda g: g.T))

    def concatenate(self, a, b):
        """Return a and b one after the other, flat."""
        joined = np.concatenate([a.value.ravel(), b.value.ravel()])
        edge = a.value.size
        return self.record(
            joined,
            (a, lambda g: g[:edge].reshape(a.shape)),
            (b, lambda g: g[edge:].reshape(b.shape)),
        )

    def detach(self, a):
        """Return the value of a as a node without gradient."""
        return Node(a.value.real if a.value.dtype.kind == "c" else a.value)
