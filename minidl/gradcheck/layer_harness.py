"""One layer in the sandbox: its outputs, its gradients, and inputs to try it at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ..layers.base import Layer
from ..layers.hidden_state import is_custom
from ..layers.tree import MEMBERS
from ..parameters import Parameter
from ..utils.random import set_rng_state
from ..utils.snapshot import RandomState, Snapshot
from ..utils.typing import Array
from .constants import (
    NOISE_SAFETY,
    NOISY_SINGLE_RUNS,
    RELATIVE_NOISE,
    ROUNDING_ULPS,
    SINGLE_NOISE,
    SYNTHETIC_EXAMPLES,
    SYNTHETIC_EXAMPLES_OF_WIDE,
    SYNTHETIC_SIZES,
    WIDE_EXAMPLE,
)
from .numeric.differences import ComplexStep, Scheme
from .numeric.function import Function, real_and_complex
from .numeric.gradient import numeric_gradients
from .numeric.numeric_gradient import NumericGradient
from .rounding.noise import (
    REFUSALS,
    gradient_flow_noise,
    in_double,
    in_single,
    input_size,
    noisy_gradient,
    noisy_run_count,
    perturb_inplace,
    product_noise,
    reshaped_flow_noise,
    ulp_noise,
    widen_by_gaps,
    widen_by_scales,
)
from .rounding.noisy_layers import noisy_layers
from .rounding.stored import rounds_inside, widen_by_stored
from .sandbox import ModelSandbox


@dataclass(frozen=True)
class LayerHarness:
    """One layer, to be run alone.

    Attributes
    ----------
    sandbox
        Where the layer is.
    number
        Its number there.
    training
        The mode of its forward passes.
    scheme
        How its numeric derivatives are computed.
    """

    sandbox: ModelSandbox
    number: int
    training: bool = False
    scheme: Scheme = field(default_factory=ComplexStep)

    @property
    def layer(self) -> Layer:
        """The layer itself."""
        return self.sandbox.layers[self.number]

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Its parameters by name."""
        return {name: p for (i, name), p in self.sandbox.parameters.items() if i == self.number}

    @property
    def is_custom(self) -> bool:
        """Whether the layer or one in it is not minidl's own, of which less is known."""
        return any(map(is_custom, self.layer.modules()))

    @property
    def couples_examples(self) -> bool:
        """Whether rows may depend on each other: while training, if a layer in it says so."""
        return self.training and any(each.couples_examples for each in self.layer.modules())

    @property
    def random_states(self) -> list[RandomState]:
        """Its random generators with the states from which each forward pass begins."""
        return self.sandbox.random_states[self.number]

    def forward(self, x: Array, dtype: str = "real") -> Array:
        """Return the output. Random generators and buffers are reset first, so calls agree."""
        self.sandbox.set_dtype(dtype)
        self.sandbox.reset_buffers(dtype)
        for generator, state in self.random_states:
            set_rng_state(generator, state)
        return self.layer.forward(x, training=self.training)

    def collect(self, cotangent: Array) -> dict[str, Array]:
        """Run backward; return copies of the gradients by name, that of "input" included."""
        parameters = self.parameters
        for parameter in parameters.values():
            parameter.grad.fill(np.nan)
        dx = self.layer.backward(cotangent)
        gradients = {name: parameter.grad.copy() for name, parameter in parameters.items()}
        has_dx = dx is not None and not self.layer.takes_integers
        return {**gradients, "input": np.array(dx)} if has_dx else gradients

    def gradients(self, x: Array, cotangent: Array) -> dict[str, Array]:
        """Run forward and backward; return copies of the gradients by name."""
        self.forward(x)
        return self.collect(cotangent)

    def single_gradients(self, x: Array, cotangent: Array) -> dict[str, Array]:
        """Return the gradients in float32, none if the output overflows or has another shape."""
        single_x = x.copy() if x.dtype.kind in "iu" else x.astype(np.float32)
        try:
            y = self.forward(single_x, "single")
            if y.shape != cotangent.shape or not np.isfinite(y).all():
                return {}
            return self.collect(cotangent.astype(np.float32))
        finally:
            self.sandbox.set_dtype("real")

    @contextmanager
    def preserved(self) -> Iterator[None]:
        """Restore at the end what the layer and those in it store, other than parameters."""
        snapshots = [Snapshot(module, MEMBERS) for module in self.layer.modules()]
        try:
            yield
        finally:
            for snapshot in snapshots:
                snapshot.restore()

    def fresh_output(self, x: Array) -> Array:
        """Return a copy of the output for a copy of `x`."""
        return np.array(self.forward(x.copy()))

    def fresh_gradients(self, x: Array, cotangent: Array) -> dict[str, Array]:
        """Return the gradients for copies of `x` and `cotangent`."""
        return self.gradients(x.copy(), cotangent.copy())

    def output_function(self, x: Array, name: str) -> Function:
        """Return the output as a function of "input" or of a parameter, at the input `x`."""
        inputs = real_and_complex(x)
        return Function(
            lambda dtype: self.forward(inputs[dtype], dtype),
            inputs if name == "input" else self.sandbox.arrays[self.number, name],
        )

    def numeric_gradients(
        self,
        x: Array,
        name: str,
        cotangents: Sequence[Array | NumericGradient],
        rng: np.random.Generator,
        limit: int,
    ) -> list[NumericGradient] | None:
        """Return the numeric gradient for each cotangent, or None beyond `limit` forward calls."""
        function = self.output_function(x, name)
        return numeric_gradients(function, cotangents, rng, self.scheme, limit)

    def noisy_gradients(
        self, x: Array, cotangent: Array, rng: np.random.Generator
    ) -> list[dict[str, Array]]:
        """Return the gradients of several runs with noise on all that flows through the layer."""
        stores_more, x_size = rounds_inside(self.layer), input_size(x)
        parameters, child = self.parameters, rng.spawn(1)[0]  # other draws stay the same
        # Noise on x leaves a gradient zero whose terms cancel; noise between the layers does not.
        inner_layers = list(self.layer.modules())[1:]
        may_cancel = self.couples_examples and x.dtype.kind == "f"
        cancellation = self._cancellation_noise(x, cotangent, rng) if may_cancel else {}
        inside = not cancellation and any(map(rounds_inside, self.layer.modules()))
        gaps = self._single_gaps(x, cotangent, child) if inside else {}
        run = partial(self.fresh_output, x), partial(self.collect, cotangent)
        with self.sandbox.parameters_restored():
            if inside:
                widen_by_scales(gaps, lambda scale: self.fresh_gradients(x, scale * cotangent))
            widen_by_stored(gaps, self.layer.modules(), *run, child.spawn(1)[0])
        runs = []
        for _ in range(noisy_run_count(sum(parameter.size for parameter in parameters.values()))):
            values = {
                (self.number, name): ulp_noise(self.sandbox.arrays[self.number, name]["real"], rng)
                for name in parameters
            }
            with self.sandbox.perturbed(values, dtypes=("real",)), noisy_layers(inner_layers, rng):
                perturb_inplace(self.forward(ulp_noise(x, rng)), rng)
                gradients = self.collect(ulp_noise(cotangent, rng))
            gradients = {name: noisy_gradient(each, rng) for name, each in gradients.items()}
            for name in parameters if stores_more else ():
                gradients[name] += product_noise(x_size, cotangent, gradients[name].shape, rng)
            for name, size in cancellation.items():
                gradients[name] += size * rng.uniform(-1, 1, gradients[name].shape)
            for name, gap in gaps.items():
                gradients[name] += gap * child.uniform(-1, 1, gap.shape)
            # A derivative such as y (1 - y) carries the rounding of y.
            if "input" in gradients and gradients["input"].shape == cotangent.shape:
                gradients["input"] += gradient_flow_noise(cotangent, rng)
            elif "input" in gradients and stores_more:
                shape = gradients["input"].shape
                gradients["input"] += reshaped_flow_noise(cotangent, shape, child)
            runs.append(gradients)
        return runs

    def _single_gaps(self, x: Array, dy: Array, rng: np.random.Generator) -> dict[str, Array]:
        """Return the size of the noise by which what layers compute inside is rounded."""
        sizes: dict[str, Array] = {}
        for _ in range(NOISY_SINGLE_RUNS):
            values = {
                (self.number, name): in_single(self.sandbox.arrays[self.number, name]["real"], rng)
                for name in self.parameters
            }
            single_x, single_dy = in_single(x, rng), in_single(dy, rng)
            # A layer that refuses float32 fails by a rule.
            with self.sandbox.perturbed(values), suppress(*REFUSALS):
                double = self.gradients(in_double(single_x), in_double(single_dy))
                widen_by_gaps(sizes, double, self.single_gradients(single_x, single_dy))
        return sizes

    def internal_scale(self, x: Array) -> float:
        """Return the size of the numbers inside of a layer of layers, by which outputs are rounded.

        After a normalization, for example, the output is of size 1 whatever it was computed from.
        0 for a layer without inner layers.
        """
        inner_layers = list(self.layer.modules())[1:]
        if not inner_layers:
            return 0.0
        rng = np.random.default_rng(0)
        y, spread = np.array(self.forward(x)), 0.0
        for _ in range(NOISY_SINGLE_RUNS):
            with noisy_layers(inner_layers, rng), np.errstate(all="ignore"):
                gap = float(np.abs(self.forward(ulp_noise(x, rng)) - y).max(initial=0.0))
            spread = max(spread, gap if np.isfinite(gap) else 0.0)
        # A difference quotient multiplies it by `ROUNDING_ULPS * EPS`.
        return NOISE_SAFETY / RELATIVE_NOISE / ROUNDING_ULPS * spread

    def _cancellation_noise(
        self, x: Array, cotangent: Array, rng: np.random.Generator
    ) -> dict[str, float]:
        """Return the size of the noise by which the terms that cancel over the batch are rounded.

        These terms are inside of the layer, where no noise can be put on them. But the rounding of
        the same gradients in float32 shows their size.
        """
        scale = RELATIVE_NOISE / float(np.finfo(np.float32).eps)
        sizes: dict[str, float] = {}
        for _ in range(NOISY_SINGLE_RUNS):
            nearby = x * (1 + SINGLE_NOISE * rng.uniform(-1, 1, x.shape))
            nearby = nearby.astype(np.float32).astype(np.float64)
            double = self.gradients(nearby, cotangent)
            for name, gradient in self.single_gradients(nearby, cotangent).items():
                if name in double and double[name].shape == gradient.shape:
                    with np.errstate(all="ignore"):
                        gap = scale * float(np.abs(gradient - double[name]).max(initial=0.0))
                    sizes[name] = max(sizes.get(name, 0.0), gap if np.isfinite(gap) else 0.0)
        return sizes


def synthetic_input(x: Array, rng: np.random.Generator) -> Array:
    """Return a batch of another length, with numbers of every size; integers are those of `x`."""
    m = SYNTHETIC_EXAMPLES if x[0].size < WIDE_EXAMPLE else SYNTHETIC_EXAMPLES_OF_WIDE
    shape = (m + 2 if m == len(x) else m, *x.shape[1:])
    if x.dtype.kind in "iu":
        return rng.choice(x.ravel(), shape)
    smallest, largest = np.log(SYNTHETIC_SIZES)
    sizes = np.exp(rng.uniform(smallest, largest, shape))
    signs = rng.integers(0, 2, shape) * 2.0 - 1.0
    synthetic: Array = np.where(rng.random(shape) < 0.5, sizes * signs, rng.standard_normal(shape))
    return synthetic
