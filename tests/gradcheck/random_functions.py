"""Random functions of 1 to 4 arrays with right gradients, each made from an integer.

A function is a plan: a list of steps, each of which computes an array from earlier ones. The plan
is drawn once, in float64; a `Tape` runs it in any precision and goes back through it.
"""

import numpy as np
from rounding_tape import ROUND, UNIT, Tape

MAX_SIZE = 2_000
MAX_VALUE = {"float64": 1e12, "float32": 1e9, "float16": 3e3, "bfloat16": 1e9}
SPOILED = {"float64": 1e-9, "float32": 2e-3, "float16": 2e-2, "bfloat16": 4e-2}


def _sigmoid(v):
    return 1 / (1 + np.exp(-v))


ELEMENTWISE = {
    "tanh": (np.tanh, lambda v, y: 1 - y * y),
    "sigmoid": (_sigmoid, lambda v, y: y * (1 - y)),
    "sin": (np.sin, lambda v, y: np.cos(v)),
    "square": (lambda v: v * v, lambda v, y: 2 * v),
    "cube": (lambda v: v**3, lambda v, y: 3 * v**2),
    "relu": (lambda v: np.where(v.real > 0, v, 0), lambda v, y: v.real > 0),
    "leaky relu": (
        lambda v: np.where(v.real > 0, v, v / 8),
        lambda v, y: np.where(v.real > 0, 1.0, 0.125),
    ),
    "abs": (np.abs, lambda v, y: np.sign(v)),  # is not complex-safe
    "abs by sign": (lambda v: v * np.sign(v.real), lambda v, y: np.sign(v.real)),
    "clip": (
        lambda v: np.where(v.real > 1, 1, np.where(v.real < -1, -1, v)),
        lambda v, y: abs(v.real) < 1,
    ),
    "softplus": (lambda v: np.log(1 + np.exp(v)), lambda v, y: _sigmoid(v)),
    "exp": (np.exp, lambda v, y: y),
    "gauss": (lambda v: np.exp(-v * v), lambda v, y: -2 * v * y),
    "log": (lambda v: np.log(1 + v * v), lambda v, y: 2 * v / (1 + v * v)),
    "root": (lambda v: np.sqrt(v * v + 0.01), lambda v, y: v / y),
    "quotient": (lambda v: v / (1 + v * v), lambda v, y: (1 - v * v) / (1 + v * v) ** 2),
    "reciprocal": (lambda v: 1 / (1 + v * v), lambda v, y: -2 * v * y * y),
    "arctan": (np.arctan, lambda v, y: 1 / (1 + v * v)),
    "silu": (lambda v: v * _sigmoid(v), lambda v, y: _sigmoid(v) * (1 + v * (1 - _sigmoid(v)))),
}


def _elementwise(name):
    f, slope = ELEMENTWISE[name]
    return lambda tape, x: tape.unary(x, f, slope)


def _softmax(tape, x, axis):
    e = tape.unary(tape.subtract(x, tape.detach(tape.largest(x, axis))), *ELEMENTWISE["exp"])
    return tape.divide(e, tape.sum(e, axis))


def _log_sum_exp(tape, x, axis):
    shift = tape.detach(tape.largest(x, axis))
    e = tape.unary(tape.subtract(x, shift), *ELEMENTWISE["exp"])
    return tape.add(tape.unary(tape.sum(e, axis), np.log, lambda v, y: 1 / v), shift)


def _norm(tape, x, axis):
    squares = tape.sum(tape.unary(x, *ELEMENTWISE["square"]), axis)
    return tape.unary(squares, np.sqrt, lambda v, y: 0.5 / y)


def _normalize(tape, x, axis, centred):
    if centred:
        x = tape.subtract(x, tape.mean(x, axis))
    squares = tape.mean(tape.unary(x, *ELEMENTWISE["square"]), axis)
    root = tape.unary(tape.shift(squares, 1e-3), np.sqrt, lambda v, y: 0.5 / y)
    return tape.divide(x, root)


def _reduced_to(tape, x, shape):
    """Reduce x to one number, a row or a column that broadcasts with a shape."""
    if x.shape == shape:
        return x
    return tape.reshape(tape.mean(x), (1,) * len(shape))


class RandomFunction:
    """A random function with its right gradient.

    Attributes
    ----------
    parameters : ndarray or dict of str to ndarray
        The point, in float64; where `rounded`, of numbers that the precision can hold.
    steps : list of str
        What it computes, in words.
    """

    def __init__(self, seed, precision="float64", *, exact_kinks=False):
        self.seed, self.precision = seed, precision
        for attempt in range(200):
            self._draw(np.random.default_rng([seed, attempt, 15]), exact_kinks)
            if self._is_usable():
                return
        raise AssertionError(f"no usable function for seed {seed}")

    def __str__(self):
        shapes = {name: array.shape for name, array in self.arrays.items()}
        return f"seed {self.seed}, {self.precision}: {shapes}, {', '.join(self.steps)}"

    # The plan.

    def _draw(self, rng, exact_kinks):
        half = self.precision in ("float16", "bfloat16")
        count = int(rng.choice([1, 2, 3, 4], p=[0.5, 0.25, 0.15, 0.1]))
        self.arrays, self.steps, self._plan = {}, [], []
        self._as_scalar = self.precision == "float32" and rng.random() < 0.3
        self._narrow = self.precision == "float32" and rng.random() < 0.5
        rounded = rng.random() < 0.6
        for name in ["a", "b", "c", "d"][:count]:
            shape = _random_shape(rng)
            scale = 10 ** (rng.uniform(-1.5, 1.5) if half else rng.uniform(-6, 6))
            if rng.random() < 0.4:
                scale = 1.0
            array = rng.standard_normal(shape) * scale
            if exact_kinks and rng.random() < 0.5:
                array[rng.random(shape) < 0.3] = 0
            self.arrays[name] = np.asarray(
                ROUND[self.precision](array) if rounded else array, float
            )
        self.parameters = self.arrays if count > 1 or rng.random() < 0.3 else self.arrays["a"]
        nodes = [Tape("float64").variable(array) for array in self.arrays.values()]
        for i, array in enumerate(self.arrays.values()):
            size = np.sqrt((array**2).mean())
            if rng.random() < 0.75 and size > 0 and not 0.1 < size < 10:
                self._append("units", lambda tape, x, f=1 / size: tape.scale(x, f), (i,), nodes)
        for _ in range(int(rng.integers(1, 8))):
            self._append(
                *_random_step(rng, nodes, len(nodes) - 1 - int(rng.integers(count))), nodes
            )
        self._end(rng, nodes)

    def _append(self, name, function, sources, nodes):
        self._plan.append((function, sources))
        self.steps.append(f"{name}{list(sources)}")
        with np.errstate(all="ignore"):
            nodes.append(function(Tape("float64"), *[nodes[i] for i in sources]))

    def _end(self, rng, nodes):
        """Close the plan: every array that nothing has used yet enters the cost."""
        used = {i for _, sources in self._plan for i in sources}
        ends = [i for i in range(len(nodes)) if i not in used]
        for i in ends:
            weights = rng.standard_normal(nodes[i].shape)
            names = ["weighted sum", "mean of squares", "sum of tanh", "norm"]
            name = str(rng.choice(names, p=[0.5, 0.2, 0.2, 0.1]))

            def close(tape, x, name=name, weights=weights):
                if name == "weighted sum":
                    return tape.sum(tape.scale(x, weights))
                if name == "mean of squares":
                    return tape.mean(tape.unary(x, *ELEMENTWISE["square"]))
                if name == "norm":
                    return _norm(tape, tape.add(x, tape.variable(weights)), None)
                return tape.sum(tape.unary(x, *ELEMENTWISE["tanh"]))

            self._append(name, close, (i,), nodes)
        total = len(nodes) - len(ends)
        for i in range(total + 1, total + len(ends)):
            last = len(nodes) - 1 if i > total + 1 else total
            self._append("add", lambda tape, x, y: tape.add(x, y), (last, i), nodes)

    def _run(self, parameters, precision, constants=None, dropped=None):
        tape = Tape(precision, constants, dropped)
        arrays = parameters.values() if isinstance(parameters, dict) else [parameters]
        variables = nodes = [tape.variable(array) for array in arrays]
        nodes = list(variables)
        with np.errstate(all="ignore"):
            for function, sources in self._plan:
                nodes.append(function(tape, *[nodes[i] for i in sources]))
        self.largest = max(np.abs(node.value).max(initial=0.0) for node in nodes[len(variables) :])
        return tape, variables, nodes[-1]

    def _is_usable(self):
        """Whether values and slopes are finite, and no array has a gradient of zero."""
        limit = MAX_VALUE[self.precision]
        for precision in {self.precision, "float64"}:
            gradients = self._gradients(self.parameters, precision)
            if not self.largest < limit:
                return False
            for gradient in gradients.values():
                size = np.abs(gradient).max()
                if not (np.isfinite(size) and 1 / limit / 10 < size < limit * 1e3):
                    return False
        return True

    # The function.

    def cost(self, parameters):
        """Return the cost, computed in the precision."""
        value = self._run(parameters, self.precision)[2].value
        return value[()] if self._as_scalar or self.precision == "float64" else float(value)

    def reference(self, parameters):
        """Return the cost in float64, with the constants of the precision."""
        return self._run(parameters, "float64", self.precision)[2].value[()]

    def gradients(self, parameters, dropped=None):
        """Return the gradient, computed in the precision, in the structure of the parameters."""
        gradients = self._gradients(parameters, self.precision, dropped=dropped)
        return gradients if isinstance(parameters, dict) else gradients["a"]

    def terms(self):
        """Return how many terms backward adds up."""
        tape, _, output = self._run(self.parameters, self.precision)
        tape.backward(output)
        return tape.terms

    def _gradients(self, parameters, precision, constants=None, dropped=None):
        tape, variables, output = self._run(parameters, precision, constants, dropped)
        with np.errstate(all="ignore"):
            tape.backward(output)
        dtype = np.float32 if self._narrow and precision == "float32" else np.float64
        return {
            name: np.zeros(node.shape, dtype)
            if node.grad is None
            else np.asarray(node.grad.real, dtype)
            for name, node in zip(self.arrays, variables, strict=True)
        }

    def spoiled(self):
        """Return the largest relative error, to the norm, of an array's gradient by rounding."""
        exact = self._gradients(self.parameters, "exact", self.precision)
        rounded = self._gradients(self.parameters, self.precision)
        with np.errstate(divide="ignore", invalid="ignore"):
            return max(
                float(np.linalg.norm(rounded[name] - exact[name]) / np.linalg.norm(exact[name]))
                for name in exact
            )

    @property
    def is_spoiled(self):
        """Whether rounding takes more of the gradient than a careful programmer lets it."""
        return self.spoiled() > SPOILED[self.precision]

    @property
    def unit(self):
        """The rounding error of one operation."""
        return UNIT[self.precision]


def _random_shape(rng):
    size = 10 ** rng.uniform(0, np.log10(MAX_SIZE))
    if rng.random() < 0.4:
        return (int(size),)
    rows = max(1, int(size ** rng.uniform(0.2, 0.8)))
    return (rows, max(1, int(size) // rows))


def _random_step(rng, nodes, source):
    """Return the name, the function and the sources of one step."""
    x = nodes[source]
    family = str(rng.choice(["elementwise", "matrix", "rows", "shape", "two"]))
    axis = int(rng.integers(-len(x.shape), 0)) if x.shape else None
    if family == "matrix" and x.shape and x.shape[-1] <= 100:
        width = int(rng.integers(1, min(30, MAX_SIZE * x.shape[-1] // x.value.size) + 1))
        matrix = rng.standard_normal((x.shape[-1], width)) / np.sqrt(x.shape[-1])
        return "matmul", lambda tape, x: tape.matmul_constant(x, matrix), (source,)
    if family == "rows" and x.shape:
        return *_of_rows(rng, axis), (source,)
    if family == "shape" and x.shape:
        return *_of_shape(rng, x, axis), (source,)
    if family == "two" and len(nodes) > 1:
        other = int(rng.choice([i for i in range(len(nodes)) if i != source]))
        if nodes[other].shape and x.shape:
            return *_of_two(rng, x, nodes[other]), (source, other)
    name = str(rng.choice(list(ELEMENTWISE)))
    if name in ("exp", "softplus", "cube") and np.abs(x.value).max(initial=0) > 20:
        name = "tanh"
    return name, _elementwise(name), (source,)


def _of_rows(rng, axis):
    functions = {
        "softmax": lambda tape, x: _softmax(tape, x, axis),
        "log-sum-exp": lambda tape, x: _log_sum_exp(tape, x, axis),
        "max": lambda tape, x: tape.largest(x, axis),
        "norm": lambda tape, x: _norm(tape, tape.shift(x, 0.1), axis),
        "layer norm": lambda tape, x: _normalize(tape, x, axis, True),
        "rms norm": lambda tape, x: _normalize(tape, x, axis, False),
        "mean": lambda tape, x: tape.mean(x, axis),
        "minus mean": lambda tape, x: tape.subtract(x, tape.mean(x, axis)),
        "over norm": lambda tape, x: tape.divide(x, _norm(tape, tape.shift(x, 0.1), axis)),
        "cumsum": lambda tape, x: tape.cumsum(x, axis),
        "sort": lambda tape, x: tape.sort(x, axis),
    }
    name = str(rng.choice(list(functions)))
    return f"{name} {axis}", functions[name]


def _of_shape(rng, x, axis):
    size, rows = x.value.size, x.shape[0]
    indices = rng.integers(
        0, rows, int(rng.integers(1, min(2 * rows, MAX_SIZE * rows // size) + 1))
    )
    keep = max(1, rows * 2 // 3)
    functions = {
        "transpose": lambda tape, x: tape.transpose(x),
        "flat": lambda tape, x: tape.reshape(x, (size,)),
        "rows with repeats": lambda tape, x: tape.take(x, indices),
        "first rows": lambda tape, x: tape.take(x, slice(keep)),
        "differences": lambda tape, x: tape.subtract(
            tape.take(x, slice(1, None)), tape.take(x, slice(-1))
        ),
    }
    if rows < 2:
        del functions["differences"]
    name = str(rng.choice(list(functions)))
    return name, functions[name]


def _of_two(rng, x, y):
    shape = x.shape
    functions = {
        "plus": lambda tape, x, y: tape.add(x, _reduced_to(tape, y, shape)),
        "minus": lambda tape, x, y: tape.subtract(x, _reduced_to(tape, y, shape)),
        "times": lambda tape, x, y: tape.multiply(x, _reduced_to(tape, y, shape)),
        "over": lambda tape, x, y: tape.divide(
            x, tape.shift(tape.unary(_reduced_to(tape, y, shape), *ELEMENTWISE["square"]), 1.0)
        ),
        "maximum": lambda tape, x, y: tape.maximum(x, _reduced_to(tape, y, shape)),
    }
    if x.value.size + y.value.size <= MAX_SIZE:
        functions["joined"] = lambda tape, x, y: tape.concatenate(x, y)
    if len(shape) == len(y.shape) == 2 and shape[1] == y.shape[0]:
        functions["product"] = lambda tape, x, y: tape.matmul(x, y)
    if len(shape) == 2 and shape[0] ** 2 <= MAX_SIZE:
        functions["gram"] = lambda tape, x, y: tape.add(
            tape.matmul(x, tape.transpose(x)), _reduced_to(tape, y, (shape[0],) * 2)
        )
    name = str(rng.choice(list(functions)))
    return name, functions[name]
