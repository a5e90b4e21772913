"""Inputs of the kinds that public reports tell of, each of which the checker once got wrong.

Each function makes one or more functions with their gradients, by name. `CASES` lists them for
scripts that compare versions.
"""

import numpy as np
from rounding_tape import to_bfloat16

from minidl import check_gradients

# C1, C9, C21: gradients that depend on more than their argument.


def _tanh_cost(p):
    return np.tanh(p["W"]).sum()


class PilesUp:
    """The gradient is added to that of the call before; and it is wrong by a factor of 2."""

    def __init__(self):
        self.g = 0.0

    def __call__(self, p):
        self.g = self.g + 2 * (1 - np.tanh(p["W"]) ** 2)
        return {"W": self.g}


def piles_up():
    """Return the report on a gradient that piles up."""
    W = np.random.default_rng(0).standard_normal((3, 4))
    return check_gradients(_tanh_cost, PilesUp(), {"W": W})


def ignores_its_argument():
    """Return the report on a gradient at a global point."""
    W = np.random.default_rng(0).standard_normal((3, 4))
    return check_gradients(_tanh_cost, lambda p: {"W": 1 - np.tanh(W) ** 2}, {"W": W})


def moves_its_argument():
    """Return the report on a gradient that also makes the step."""

    def gradients(p):
        grad = 1 - np.tanh(p["W"]) ** 2
        p["W"] -= 0.1 * grad
        return {"W": grad}

    W = np.random.default_rng(0).standard_normal((3, 4))
    return check_gradients(_tanh_cost, gradients, {"W": W})


def noisy_backward():
    """Return the report on a right gradient with noise of 1e-9."""
    rng = np.random.default_rng(1)
    W = np.random.default_rng(0).standard_normal((3, 4))
    return check_gradients(
        _tanh_cost,
        lambda p: {"W": (1 - np.tanh(p["W"]) ** 2) * (1 + 1e-9 * rng.standard_normal((3, 4)))},
        {"W": W},
    )


# C2 to C4: precision.


def single_inside(seed, factor=1.0, result=float):
    """Return the report on a function that computes in float32."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((6, 4))
    W, R = rng.standard_normal((4, 3)).astype("f"), rng.standard_normal((6, 3)).astype("f")

    def gradients(x):
        y = np.tanh(x.astype("f") @ W)
        return np.float32(factor) * ((R * (1 - y * y)) @ W.T)

    def cost(x):
        return result((R * np.tanh(x.astype("f") @ W)).sum())

    return check_gradients(cost, gradients, x, seed=seed)


def bfloat16_gradient(seed, factor=1.0):
    """Return the report on a gradient that is rounded to bfloat16; the cost is not."""
    rng = np.random.default_rng(seed)
    x, W, R = rng.standard_normal((6, 4)), rng.standard_normal((4, 3)), rng.standard_normal((6, 3))

    def gradients(x):
        y = np.tanh(x @ W)
        return to_bfloat16(factor * ((R * (1 - y * y)) @ W.T)).astype(float)

    return check_gradients(lambda x: (R * np.tanh(x @ W)).sum(), gradients, x, seed=seed)


# C5 to C8: sizes and ties.


def small_beside_large(sign=-1):
    """Return the report on a wrong sign in an array that is small beside another."""
    rng = np.random.default_rng(0)
    parameters = {"a": 1e5 * rng.standard_normal(4), "b": 1e-5 * rng.standard_normal(4)}
    return check_gradients(
        lambda p: (p["a"] ** 2).sum() + (p["b"] ** 2).sum(),
        lambda p: {"a": 2 * p["a"], "b": sign * 2 * p["b"]},
        parameters,
    )


def huge(factor=10):
    """Return the report on squares of 1e150, whose gradient has a wrong factor."""
    p = 1e150 * np.random.default_rng(0).standard_normal(5)
    return check_gradients(lambda p: (p**2).sum(), lambda p: factor * p, p)


def maximum_at_a_tie(gradient):
    """Return the report on max(3, 3, 1) with that gradient there."""
    return check_gradients(
        lambda p: p.max(),
        lambda p: (
            np.array(gradient, float) if p[0] == p[1] else np.eye(p.size)[int(p.real.argmax())]
        ),
        np.array([3.0, 3.0, 1.0]),
    )


def pooling(shape, share):
    """Return the report on max-pooling over ReLU's outputs; `share` divides ties."""
    rng = np.random.default_rng(0)
    x = np.maximum(0, rng.standard_normal(shape))
    m, h, w, c = shape
    R = rng.standard_normal((m, h // 2, w // 2, c))

    def windows(x):
        parts = x.reshape(m, h // 2, 2, w // 2, 2, c)
        return parts, parts.max(axis=(2, 4), keepdims=True)

    def gradients(x):
        parts, largest = windows(x)
        hit = (parts == largest).astype(float)
        if share:
            hit /= hit.sum(axis=(2, 4), keepdims=True)
        return (hit * R[:, :, None, :, None, :]).reshape(shape)

    def cost(x):
        return (windows(x)[1][:, :, 0, :, 0, :] * R).sum()

    return check_gradients(cost, gradients, x)


# C10 to C12, C14: the network of a course.


class CourseNet:
    """LINEAR -> RELU -> LINEAR -> RELU -> LINEAR -> SIGMOID with L2, examples as columns."""

    lambd = 0.7

    def __init__(self, shapes=((5, 4), (3, 5), (1, 3)), examples=7):
        rng = np.random.default_rng(3)
        self.X = rng.standard_normal((shapes[0][1], examples))
        self.Y = rng.integers(0, 2, (1, examples))
        self.parameters = {}
        for i, shape in enumerate(shapes, start=1):
            self.parameters[f"W{i}"] = rng.standard_normal(shape)
            self.parameters[f"b{i}"] = rng.standard_normal((shape[0], 1))

    def forward(self, X, p):
        """Return the probabilities and the cache."""
        Z1 = p["W1"] @ X + p["b1"]
        A1 = np.where(Z1.real > 0, Z1, 0)
        Z2 = p["W2"] @ A1 + p["b2"]
        A2 = np.where(Z2.real > 0, Z2, 0)
        Z3 = p["W3"] @ A2 + p["b3"]
        return 1 / (1 + np.exp(-Z3)), (Z1, A1, Z2, A2, Z3)

    def cost(self, p):
        """Return the cross-entropy and the penalty."""
        A3, m = self.forward(self.X, p)[0], self.X.shape[1]
        entropy = -(self.Y * np.log(A3) + (1 - self.Y) * np.log(1 - A3)).sum() / m
        return entropy + self.lambd / (2 * m) * sum((p[f"W{i}"] ** 2).sum() for i in (1, 2, 3))

    def gradients(self, p, *, decay=1.0, decay_of_biases=0.0, mask=True):
        """Return the gradients; the arguments plant mistakes."""
        A3, (Z1, A1, Z2, A2, _) = self.forward(self.X, p)
        m = self.X.shape[1]
        dZ3 = (A3 - self.Y) / m
        dZ2 = (p["W3"].T @ dZ3) * ((Z2 > 0) if mask else 1)
        dZ1 = (p["W2"].T @ dZ2) * (Z1 > 0)
        g = {}
        for i, (dZ, A) in enumerate([(dZ1, self.X), (dZ2, A1), (dZ3, A2)], start=1):
            g[f"W{i}"] = dZ @ A.T + decay * self.lambd / m * p[f"W{i}"]
            g[f"b{i}"] = dZ.sum(axis=1, keepdims=True) + (
                decay_of_biases * self.lambd / m * p[f"b{i}"]
            )
        return g

    def check(self, **mistakes):
        """Return the report on the gradients with these mistakes."""
        return check_gradients(self.cost, lambda p: self.gradients(p, **mistakes), self.parameters)

    def forward_propagation(self, X, Y, parameters):
        """Return (cost, cache), as in the course's notebook on gradient checking."""
        A3, cache = self.forward(X, parameters)
        cost = -(Y * np.log(A3) + (1 - Y) * np.log(1 - A3)).sum() / X.shape[1]
        return cost, (cache, A3, parameters)

    def backward_propagation(self, X, Y, cache):
        """Return d-prefixed gradients, among others of the layers' sums."""
        (Z1, A1, Z2, A2, _), A3, p = cache
        m = X.shape[1]
        dZ3 = (A3 - Y) / m
        dZ2 = (p["W3"].T @ dZ3) * (Z2 > 0)
        dZ1 = (p["W2"].T @ dZ2) * (Z1 > 0)
        grads = {"dZ3": dZ3, "dZ2": dZ2, "dZ1": dZ1}
        for i, (dZ, A) in enumerate([(dZ1, X), (dZ2, A1), (dZ3, A2)], start=1):
            grads |= {f"dW{i}": dZ @ A.T, f"db{i}": dZ.sum(axis=1, keepdims=True)}
        return grads


def exchanged():
    """Return the report on gradients of two arrays of one shape, exchanged."""
    rng = np.random.default_rng(0)
    x, target = rng.standard_normal((4, 6)), rng.standard_normal((4, 6))
    p = {"W1": rng.standard_normal((4, 4)), "W2": rng.standard_normal((4, 4))}

    def cost(p):
        return ((p["W2"] @ np.tanh(p["W1"] @ x) - target) ** 2).sum()

    def gradients(p):
        h = np.tanh(p["W1"] @ x)
        dy = 2 * (p["W2"] @ h - target)
        dW1, dW2 = ((p["W2"].T @ dy) * (1 - h * h)) @ x.T, dy @ h.T
        return {"W1": dW2, "W2": dW1}

    return check_gradients(cost, gradients, p)


# C13, C15, C20: elements.


def one_element_of_three():
    """Return the report on x**2 with one slope times 0.9."""
    return check_gradients(
        lambda x: (x**2).sum(), lambda x: 2 * x * [1, 1, 0.9], np.array([1.0, -2.0, 3.0])
    )


MISTAKES = {
    "factor": lambda g: 2 * g,
    "sign": lambda g: -g,
    "zero row": lambda g: np.concatenate([np.zeros_like(g[:1]), g[1:]]),
    "transposed": lambda g: g.T,
}


def planted(mistake, shape):
    """Return the report on a matrix whose gradient has one of `MISTAKES`."""
    rng = np.random.default_rng(0)
    W, x = rng.standard_normal(shape) / 10, rng.standard_normal((shape[1], 5))
    R = rng.standard_normal((shape[0], 5))

    def gradients(W):
        y = np.tanh(W @ x)
        return {"W": MISTAKES[mistake]((R * (1 - y * y)) @ x.T)}

    return check_gradients(
        lambda p: (R * np.tanh(p["W"] @ x)).sum(), lambda p: gradients(p["W"]), {"W": W}
    )


def naive_convolution(seed=0, factor=1.0, **options):
    """Return (calls of the cost, the report) for a convolution by loops into an array of zeros."""
    rng = np.random.default_rng(seed)
    p = {"x": rng.standard_normal((2, 3, 16, 16)), "w": rng.standard_normal((8, 3, 4, 4))}
    p["b"] = rng.standard_normal(8)
    R = rng.standard_normal((2, 8, 13, 13))
    calls = []

    def places():
        return ((i, j) for i in range(13) for j in range(13))

    def cost(p):
        calls.append(1)
        y = np.zeros(R.shape)
        for i, j in places():
            patch = p["x"][:, :, i : i + 4, j : j + 4]
            y[:, :, i, j] = (np.tensordot(patch, p["w"], ([1, 2, 3], [1, 2, 3])) + p["b"]).real
        return (y * R).sum()

    def gradients(p):
        dx, dw = np.zeros(p["x"].shape), np.zeros(p["w"].shape)
        for i, j in places():
            patch, dy = p["x"][:, :, i : i + 4, j : j + 4], R[:, :, i, j]
            dw += np.tensordot(dy, patch, (0, 0))
            dx[:, :, i : i + 4, j : j + 4] += np.tensordot(dy, p["w"], (1, 0))
        return {"x": dx, "w": factor * dw, "b": R.sum(axis=(0, 2, 3))}

    report = check_gradients(cost, gradients, p, seed=seed, **options)
    return len(calls), report


def calls_for(size, **options):
    """Return (calls of the cost, the report) for a function of that many elements in a buffer."""
    x = np.random.default_rng(0).standard_normal(size)
    calls = []

    def cost(x):
        calls.append(1)
        buffer = np.zeros(x.shape)
        buffer[:] = np.sin(x.real)
        return buffer.sum()

    report = check_gradients(cost, np.cos, x, **options)
    return len(calls), report
