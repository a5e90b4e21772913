"""Reverse-mode differentiation in which every operation is rounded: right by construction.

A function is written once, with `Node` objects, and computes in any format, forward and backward.
"""

import numpy as np


def to_bfloat16(array):
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    bits = bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))
    return (bits & np.uint32(0xFFFF0000)).view(np.float32).reshape(np.shape(array))


ROUND = {
    "float64": lambda array: np.asarray(array, np.float64),
    "float32": lambda array: np.asarray(array, np.float32),
    "float16": lambda array: np.asarray(np.asarray(array, np.float16), np.float32),
    "bfloat16": to_bfloat16,
}


class Tape:
    """Records operations. `constants` is the format of numbers that are no variables."""

    def __init__(self, precision, constants=None):
        self.round, self.round_constant = ROUND[precision], ROUND[constants or precision]
        self.nodes = []

    def variable(self, array):
        return self.add(array)

    def constant(self, array):
        return Node(self, self.round(self.round_constant(array)), ())

    def add(self, value, *parents):
        node = Node(self, self.round(value), parents)
        self.nodes.append(node)
        return node

    def backward(self, output):
        output.gradient = np.ones_like(output.value)
        for node in reversed(self.nodes):
            for parent, pull in node.parents if node.gradient is not None else ():
                change = _summed_to(self.round(pull(node.gradient)), parent.value.shape, self.round)
                before = parent.gradient
                parent.gradient = change if before is None else self.round(before + change)


def _summed_to(gradient, shape, rounded):
    while gradient.ndim > len(shape):
        gradient = rounded(gradient.sum(axis=0))
    for axis, length in enumerate(shape):
        if length == 1 != gradient.shape[axis]:
            gradient = rounded(gradient.sum(axis=axis, keepdims=True))
    return gradient


class Node:
    """A rounded array, and how a gradient goes back to what it was computed from."""

    def __init__(self, tape, value, parents):
        self.tape, self.value, self.parents, self.gradient = tape, value, parents, None

    def _other(self, other):
        return other if isinstance(other, Node) else self.tape.constant(other)

    def __add__(self, other):
        other = self._other(other)
        return self.tape.add(self.value + other.value, (self, lambda g: g), (other, lambda g: g))

    def __sub__(self, other):
        return self + self._other(other) * -1.0

    def __mul__(self, other):
        other = self._other(other)
        return self.tape.add(
            self.value * other.value,
            (self, lambda g: g * other.value),
            (other, lambda g: g * self.value),
        )

    def __truediv__(self, other):
        other = self._other(other)
        y = self.tape.round(self.value / other.value)
        return self.tape.add(
            y, (self, lambda g: g / other.value), (other, lambda g: -g * y / other.value)
        )

    def __matmul__(self, other):
        other = self._other(other)
        return self.tape.add(
            self.value @ other.value,
            (self, lambda g: g @ other.value.T),
            (other, lambda g: self.value.T @ g),
        )

    def under(self, matrix):
        """Return the product of a constant matrix and this."""
        return self.tape.constant(matrix) @ self

    def _apply(self, value, slope):
        """A function of each element; `slope` is its derivative, by the rounded value."""
        y = self.tape.round(value)
        return self.tape.add(y, (self, lambda g: g * self.tape.round(slope(y))))

    def tanh(self):
        return self._apply(np.tanh(self.value), lambda y: 1 - self.tape.round(y * y))

    def exp(self):
        return self._apply(np.exp(self.value), lambda y: y)

    def log(self):
        # A quotient, not a product: in float16, 1 / value overflows, and 0 * inf is NaN.
        return self.tape.add(np.log(self.value), (self, lambda g: g / self.value))

    def sqrt(self):
        return self._apply(np.sqrt(self.value), lambda y: 0.5 / y)

    def sin(self):
        return self._apply(np.sin(self.value), lambda y: np.cos(self.value))

    def relu(self):
        return self._apply(np.maximum(self.value, 0), lambda y: (self.value > 0) * 1.0)

    def abs(self):
        return self._apply(np.abs(self.value), lambda y: np.sign(self.value))

    def square(self):
        return self._apply(self.value * self.value, lambda y: 2 * self.value)

    def sum(self, axis=None):
        keep = axis is not None
        return self.tape.add(
            self.value.sum(axis=axis, keepdims=keep),
            (self, lambda g: np.broadcast_to(g, self.value.shape)),
        )

    def mean(self, axis=None):
        count = self.value.size if axis is None else self.value.shape[axis]
        return self.sum(axis) * (1.0 / count)

    def __getitem__(self, index):
        def pull(g):
            back = np.zeros_like(self.value)
            np.add.at(back, index, g)
            return back

        return self.tape.add(self.value[index], (self, pull))


def in_precision(function, precision, constants=None):
    """Return (cost, gradients) of `function(parameters)`, computed in a format.

    Both take and return float64. `constants` is the format of constants, if it is another one.
    """

    def run(parameters):
        tape = Tape(precision, constants)
        variables = {name: tape.variable(array) for name, array in parameters.items()}
        return tape, variables, function(variables)

    def cost(parameters):
        return float(run(parameters)[2].value)

    def gradients(parameters):
        tape, variables, output = run(parameters)
        tape.backward(output)
        return {
            name: np.zeros(node.value.shape)
            if node.gradient is None
            else np.asarray(node.gradient, np.float64)
            for name, node in variables.items()
        }

    return cost, gradients
