"""JAX: a compiled step that gathers its batch on the device, differentiates and updates by Adam.

It reuses its buffers. The weights are (in, out), as in Flax, or (out, in), as in Equinox: for
narrow layers one may take four times as long as the other, but which depends on the processor and
the number of rows, so both are measured. With `scan` the whole epoch is one compiled loop, which
saves the call from Python for each step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..workloads import Workload


def version() -> str:
    """Return the name and the version of what is measured."""
    return f"jax {jax.__version__}"


class Trainer:
    """Trains a workload from its initial weights."""

    def __init__(self, workload: Workload, scan: bool, out_in: bool = True) -> None:
        self.workload, self.out_in = workload, out_in
        x, labels = workload.data()
        target = (
            labels.astype(np.float32)[:, np.newaxis]
            if workload.n_outputs == 1
            else labels.astype(np.int32)
        )
        self.data = jnp.asarray(x), jnp.asarray(target)
        self.first = _parameters(workload, out_in)
        step = partial(_step, workload.optimizer, workload.learning_rate, out_in)
        self.epoch = (
            self._scanned(step) if scan and not workload.is_full_batch else self._stepped(step)
        )
        self.rng = np.random.default_rng(0)

    def __call__(self, epochs: int) -> None:
        """Train for this number of epochs."""
        parameters = jax.tree.map(jnp.copy, self.first)
        first_moment = second_moment = None
        if self.workload.optimizer == "adam":
            first_moment = jax.tree.map(jnp.zeros_like, parameters)
            second_moment = jax.tree.map(jnp.zeros_like, parameters)
        state = (parameters, first_moment, second_moment, jnp.float32(0))
        for _ in range(epochs):
            state = self.epoch(state)
        self.last = jax.block_until_ready(state)[0]

    def _stepped(self, step: Callable[..., Any]) -> Callable[[Any], Any]:
        """Return an epoch that calls a compiled step for each batch."""
        if self.workload.is_full_batch:
            full_step = jax.jit(step, donate_argnums=0)
            return lambda state: full_step(state, *self.data)
        batch_step = jax.jit(
            lambda state, x, y, rows: step(state, x[rows], y[rows]), donate_argnums=0
        )

        def epoch(state: Any) -> Any:
            order, size = self.order(), self.workload.batch
            for start in range(0, len(order), size):
                state = batch_step(state, *self.data, order[start : start + size])
            return state

        return epoch

    def _scanned(self, step: Callable[..., Any]) -> Callable[[Any], Any]:
        """Return an epoch that is compiled as one loop over its batches."""
        size = self.workload.batch_sizes[0]

        @partial(jax.jit, donate_argnums=0)
        def loop(state: Any, x: Any, y: Any, order: Any) -> Any:
            full = len(order) // size * size
            body = lambda state, rows: (step(state, x[rows], y[rows]), None)  # noqa: E731
            state, _ = jax.lax.scan(body, state, order[:full].reshape(-1, size))
            return body(state, order[full:])[0] if full < len(order) else state

        return lambda state: loop(state, *self.data, self.order())

    def order(self) -> np.ndarray:
        """Return a new order of the rows."""
        return self.rng.permutation(self.workload.rows).astype(np.int32)

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the weights after the last call."""
        return [
            (np.asarray(weight if self.out_in else weight.T), np.asarray(bias))
            for weight, bias in self.last
        ]


def _step(optimizer: str, rate: float, out_in: bool, state: Any, x: Any, y: Any) -> Any:
    """Return the state after one step: parameters, both means of Adam, the number of steps."""
    parameters, mean, square, t = state
    gradient = jax.grad(_loss)(parameters, x, y, out_in)
    if optimizer == "gd":
        return jax.tree.map(lambda p, g: p - rate * g, parameters, gradient), mean, square, t
    t = t + 1
    mean = jax.tree.map(lambda v, g: 0.9 * v + 0.1 * g, mean, gradient)
    square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, gradient)
    root = jnp.sqrt(1 - 0.999**t)
    scale = rate * root / (1 - 0.9**t)
    parameters = jax.tree.map(
        lambda p, v, s: p - scale * v / (jnp.sqrt(s) + 1e-8 * root), parameters, mean, square
    )
    return parameters, mean, square, t


def _loss(parameters: Any, x: Any, y: Any, out_in: bool) -> Any:
    """Return the mean cross-entropy, computed from the logits."""
    z = _logits(parameters, x, out_in)
    if z.shape[1] == 1:
        return jnp.mean(jax.nn.softplus(z) - y * z)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), y[:, jnp.newaxis], axis=1))


def _logits(parameters: Any, x: Any, out_in: bool) -> Any:
    for i, (weight, bias) in enumerate(parameters):
        x = (jax.nn.relu(x) if i else x) @ (weight.T if out_in else weight) + bias
    return x


def _parameters(workload: Workload, out_in: bool) -> Any:
    return jax.tree.map(
        jnp.asarray, [(weight if out_in else weight.T, bias) for weight, bias in workload.weights()]
    )


def train(workload: Workload, out_in: bool = False, scan: bool = False) -> Trainer:
    """Return a callable that trains n epochs."""
    return Trainer(workload, scan, out_in)


def predict(workload: Workload, out_in: bool = False) -> Callable[[int], None]:
    """Return a callable that predicts all rows n times, from device array to device array."""
    last = jax.nn.sigmoid if workload.n_outputs == 1 else jax.nn.softmax
    x = jnp.asarray(workload.data()[0])
    compiled = jax.jit(lambda parameters, x: last(_logits(parameters, x, out_in)))
    parameters = _parameters(workload, out_in)

    def run(times: int) -> None:
        for _ in range(times):
            compiled(parameters, x).block_until_ready()

    return run
