"""Correct layers as users write them by hand, each in a style of its own.

Loops over examples or time, caches in tuples, dictionaries and closures, parameters in lists and
dictionaries, work arrays that are reused, gradients written by `out=` or added to zeros.
"""

import numpy as np

from minidl import Buffer, Layer, Ones, Parameter, Random, Zeros


class LoopedConvolution(Layer):
    """A convolution over axis 1 of sequences (m, t, d), as loops over positions."""

    def __init__(self, features, outputs, kernel, stride=1):
        self.kernel, self.stride = kernel, stride
        self.w = Parameter((outputs, kernel, features), init=Random(0.5))
        self.b = Parameter((outputs,), init=Zeros())

    def forward(self, x, *, training=False):
        self.cache = x
        windows = [x[:, i : i + self.kernel] for i in self._starts(x)]
        columns = [np.tensordot(w, self.w.value, axes=([1, 2], [1, 2])) for w in windows]
        return np.stack(columns, axis=1) + self.b.value

    def backward(self, dy):
        x = self.cache
        dx, dw = np.zeros_like(x), np.zeros_like(self.w.value)
        for t, i in enumerate(self._starts(x)):
            dx[:, i : i + self.kernel] += np.tensordot(dy[:, t], self.w.value, axes=1)
            dw += np.tensordot(dy[:, t], x[:, i : i + self.kernel], axes=(0, 0))
        self.w.grad[...] = dw
        self.b.grad[...] = dy.sum(axis=(0, 1))
        return dx

    def _starts(self, x):
        return range(0, x.shape[1] - self.kernel + 1, self.stride)


class ArgmaxPool(Layer):
    """The largest of axis 1, the first one at a tie."""

    def forward(self, x, *, training=False):
        where = np.expand_dims(x.real.argmax(axis=1), 1)
        self._memo = {"where": where, "shape": x.shape}
        return np.take_along_axis(x, where, axis=1).squeeze(1)

    def backward(self, dy):
        dx = np.zeros(self._memo["shape"], dy.dtype)
        np.put_along_axis(dx, self._memo["where"], np.expand_dims(dy, 1), axis=1)
        return dx

    def output_shape(self, shape):
        return None if shape is None else shape[1:]


class Recurrent(Layer):
    """A recurrent layer; its parameters are in a dictionary, its states in a list."""

    def __init__(self, features, units):
        self.p = {
            "in": Parameter((units, features), init=Random(0.7)),
            "re": Parameter((units, units), init=Random(0.5)),
            "bias": Parameter((units,), init=Zeros()),
        }

    def forward(self, x, *, training=False):
        p = {name: parameter.value for name, parameter in self.p.items()}
        states = [np.zeros((len(x), len(p["bias"])), x.dtype)]
        for t in range(x.shape[1]):
            z = x[:, t] @ p["in"].T + states[-1] @ p["re"].T + p["bias"]
            states.append(np.tanh(z))
        self.saved = (x, states)
        return np.stack(states[1:], axis=1)

    def backward(self, dy):
        x, states = self.saved
        p = {name: parameter.value for name, parameter in self.p.items()}
        for parameter in self.p.values():
            parameter.grad[...] = 0
        dx, carried = np.zeros_like(x), 0
        for t in range(x.shape[1])[::-1]:
            dz = (dy[:, t] + carried) * (1 - states[t + 1] ** 2)
            self.p["in"].grad[...] += dz.T @ x[:, t]
            self.p["re"].grad[...] += dz.T @ states[t]
            self.p["bias"].grad[...] += dz.sum(0)
            dx[:, t], carried = dz @ p["in"], dz @ p["re"]
        return dx


class Attention(Layer):
    """Attention of one head over axis 1; query, key and value matrices are in a list."""

    def __init__(self, features):
        self.matrices = [Parameter((features, features), init=Random(0.6)) for _ in range(3)]

    def forward(self, x, *, training=False):
        q, k, v = (x @ matrix.value for matrix in self.matrices)
        scores = np.einsum("mid,mjd->mij", q, k) / np.sqrt(x.shape[2])
        e = np.exp(scores - scores.real.max(axis=2, keepdims=True))
        a = e / e.sum(axis=2, keepdims=True)
        self.kept = x, q, k, v, a
        return a @ v

    def backward(self, dy):
        x, q, k, v, a = self.kept
        da = np.einsum("mid,mjd->mij", dy, v)
        ds = a * (da - (da * a).sum(axis=2, keepdims=True)) / np.sqrt(x.shape[2])
        parts = ds @ k, ds.transpose(0, 2, 1) @ q, a.transpose(0, 2, 1) @ dy
        dx = np.zeros_like(x)
        for matrix, part in zip(self.matrices, parts, strict=True):
            matrix.grad[...] = np.einsum("mti,mtj->ij", x, part)
            dx += part @ matrix.value.T
        return dx

    def output_shape(self, shape):
        return shape


def _softmax(scores):
    e = np.exp(scores - scores.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


class JacobianAttention(Layer):
    """Attention that computes its weights again in backward, and the Jacobian of its softmax."""

    def __init__(self, features, units, *, factor=1.0):
        self.query, self.key, self.value = (
            Parameter((features, units), init=Random(0.8)) for _ in range(3)
        )
        self.factor = factor

    def forward(self, x, *, training=False):
        self._x = x
        return _softmax(self._scores()) @ (x @ self.value.value)

    def _scores(self):
        query, key = self._x @ self.query.value, self._x @ self.key.value
        return query @ np.swapaxes(key, 1, 2)

    def backward(self, dy):
        x, weights = self._x, _softmax(self._scores())
        jacobian = weights[..., :, None] * (np.eye(weights.shape[-1]) - weights[..., None, :])
        d_weights = dy @ np.swapaxes(x @ self.value.value, 1, 2)
        d_scores = self.factor * np.einsum("btij,bti->btj", jacobian, d_weights)
        parts = (
            (self.query, d_scores @ (x @ self.key.value)),
            (self.key, np.swapaxes(d_scores, 1, 2) @ (x @ self.query.value)),
            (self.value, np.swapaxes(weights, 1, 2) @ dy),
        )
        for parameter, part in parts:
            parameter.grad[...] = np.einsum("bti,btj->ij", x, part)
        return sum(part @ parameter.value.T for parameter, part in parts)


class TanhGelu(Layer):
    """GELU by its tanh formula; forward stores a closure that goes back."""

    def forward(self, x, *, training=False):
        c = np.sqrt(2 / np.pi)
        t = np.tanh(c * (x + 0.044715 * x**3))

        def back(dy):
            slope = 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x)
            return dy * slope

        self._back = back
        return 0.5 * x * (1 + t)

    def backward(self, dy):
        return self._back(dy)

    def output_shape(self, shape):
        return shape


class RowByRow(Layer):
    """A dense layer without bias that takes the examples one by one."""

    def __init__(self, features, outputs):
        self.weight = Parameter((outputs, features), init=Random(0.8))

    def forward(self, x, *, training=False):
        self.inputs = x
        return np.array([row @ self.weight.value.T for row in x])

    def backward(self, dy):
        grad = self.weight.grad
        grad.fill(0)
        dx = np.empty_like(self.inputs)
        for i, (row, g) in enumerate(zip(self.inputs, dy, strict=True)):
            grad += g.reshape(-1, g.shape[-1]).T @ row.reshape(-1, row.shape[-1])
            dx[i] = g @ self.weight.value
        return dx


class ReusedMemory(Layer):
    """x * sigmoid(b x), computed in work arrays that are kept from call to call."""

    def __init__(self):
        self.b = Parameter((), init=Ones())

    def forward(self, x, *, training=False):
        old = self.workspace.get("y")
        if old is None or old.shape != x.shape or old.dtype != x.dtype:
            self.workspace = {name: np.empty_like(x) for name in ("x", "s", "y", "dx")}
        work = self.workspace
        np.copyto(work["x"], x)
        np.multiply(x, -self.b.value, out=work["s"])
        np.exp(work["s"], out=work["s"])
        work["s"] += 1
        np.reciprocal(work["s"], out=work["s"])
        return np.multiply(x, work["s"], out=work["y"])

    def backward(self, dy):
        x, s, dx = (self.workspace[name] for name in ("x", "s", "dx"))
        np.multiply(s, 1 - s, out=dx)
        dx *= x
        self.b.grad[...] = (dy * dx * x).sum()
        dx *= self.b.value
        dx += s
        dx *= dy
        return dx

    def output_shape(self, shape):
        return shape


class Quadratic(Layer):
    """y_k = x' A_k x + c_k: a parameter of three axes, and a constant one that is not learned."""

    def __init__(self, features, outputs):
        self.a = Parameter((outputs, features, features), init=Random(0.4))
        self.c = Buffer((outputs,), init=Ones())

    def forward(self, x, *, training=False):
        self.x = x
        return np.einsum("...i,kij,...j->...k", x, self.a.value, x) + self.c.value

    def backward(self, dy):
        x = self.x.reshape(-1, self.x.shape[-1])
        self.a.grad[...] = np.einsum("nk,ni,nj->kij", dy.reshape(len(x), -1), x, x)
        both = self.a.value + self.a.value.transpose(0, 2, 1)
        return np.einsum("...k,kij,...j->...i", dy, both, self.x)


class Gather(Layer):
    """Features picked by fixed numbers, some of them twice."""

    def __init__(self, picks):
        self.picks = np.array(picks)

    def forward(self, x, *, training=False):
        self.shape = x.shape
        return x[..., self.picks]

    def backward(self, dy):
        dx = np.zeros(self.shape, dy.dtype)
        np.add.at(dx, (..., self.picks), dy)
        return dx


class LogSumExp(Layer):
    """log(exp x + exp(k x)) of each element, by a stable formula."""

    def __init__(self, features):
        self.k = Parameter((features,), init=Random(1.0))

    def forward(self, x, *, training=False):
        other = self.k.value * x
        top = np.where(x.real >= other.real, x, other)
        parts = np.exp(x - top), np.exp(other - top)
        self.x, self.p = x, parts[1] / (parts[0] + parts[1])
        return top + np.log(parts[0] + parts[1])

    def backward(self, dy):
        axes = tuple(range(dy.ndim - 1))
        np.sum(dy * self.p * self.x, axis=axes, out=self.k.grad)
        return dy * (1 - self.p + self.p * self.k.value)

    def output_shape(self, shape):
        return shape


class WeightNorm(Layer):
    """Linear, with the rows of its weight normalized and scaled by a learned length."""

    def __init__(self, features, outputs):
        self.v = Parameter((outputs, features), init=Random(1.0))
        self.g = Parameter((outputs, 1), init=Ones())

    def forward(self, x, *, training=False):
        self.x = x
        self.norm = np.sqrt((self.v.value**2).sum(axis=1, keepdims=True) + 1e-12)
        self.unit = self.v.value / self.norm
        return x @ (self.g.value * self.unit).T

    def backward(self, dy):
        rows = dy.reshape(-1, dy.shape[-1])
        dw = rows.T @ self.x.reshape(-1, self.x.shape[-1])
        along = (dw * self.unit).sum(axis=1, keepdims=True)
        self.g.grad[...] = along
        self.v.grad[...] = self.g.value / self.norm * (dw - along * self.unit)
        return dy @ (self.g.value * self.unit)


class BatchCentred(Layer):
    """Subtracts the mean of the batch while training, a buffer otherwise."""

    couples_examples = True

    def __init__(self, features):
        self.mean = Buffer((features,), init=Zeros())

    def forward(self, x, *, training=False):
        self.coupled = training
        if not training:
            return x - self.mean.value
        mean = x.mean(axis=tuple(range(x.ndim - 1)))
        self.mean.value = 0.9 * self.mean.value + 0.1 * mean
        return x - mean

    def backward(self, dy):
        return dy - dy.mean(axis=tuple(range(dy.ndim - 1))) if self.coupled else dy.copy()

    def output_shape(self, shape):
        return shape


class FeatureNoise(Layer):
    """Adds noise of a learned size to each feature while training."""

    stochastic = True

    def __init__(self, features):
        self.size = Parameter((features,), init=Ones())

    def forward(self, x, *, training=False):
        self.noise = self.rng.standard_normal(x.shape) if training else 0.0
        return x + self.size.value * self.noise

    def backward(self, dy):
        axes = tuple(range(dy.ndim - 1))
        self.size.grad[...] = (dy * self.noise).sum(axis=axes)
        return 1.0 * dy

    def output_shape(self, shape):
        return shape
