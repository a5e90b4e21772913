"""One layer in the sandbox, and the check of its gradients."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from ..utils.typing import Array
from .constants import RELATIVE_NOISE
from .numeric.differences import ComplexStep, RichardsonDifference, Scheme
from .numeric.function import Function, Rng, real_and_complex
from .numeric.gradient import numeric_gradients
from .numeric.numeric_gradient import NumericGradient
from .result import Check
from .rounding.compare import compare, rounding_bar
from .rounding.noise import (
    gradient_flow_noise,
    noisy_gradient,
    noisy_run_count,
    perturb_inplace,
    ulp_noise,
)
from .rounding.probes import Probe, check_directions
from .sandbox import ModelSandbox


class LayerHarness:
    """One layer on the workbench."""

    def __init__(
        self, bench: ModelSandbox, number: int, *, training: bool, step: Scheme | None = None
    ) -> None:
        self.bench, self.number, self.layer = bench, number, bench.layers[number]
        self.training = training
        self.parameters = {
            name: parameter for (i, name), parameter in bench.parameters.items() if i == number
        }
        self.names = list(self.parameters)
        self.step = step or ComplexStep()
        self.settled = step is not None
        self.note = ""

    def forward(self, x: Array, kind: str = "real") -> Array:
        """Return the output; chance is the same in every call."""
        self.bench.use(kind)
        self.bench.rewind(self.layer)
        return self.layer.forward(x, training=self.training)

    def collect(self, cotangent: Array) -> dict[str, Array]:
        """Go back; return copies of the gradients by name, "input" included."""
        for parameter in self.parameters.values():
            parameter.grad.fill(np.nan)
        dx = self.layer.backward(cotangent)
        found = {name: parameter.grad.copy() for name, parameter in self.parameters.items()}
        return found if dx is None else {**found, "input": np.array(dx)}

    def gradients(self, x: Array, cotangent: Array) -> dict[str, Array]:
        """Go forth and back."""
        self.forward(x)
        return self.collect(cotangent)

    def differs_from_inference(self, x: Array) -> bool:
        """Whether training changes what the layer computes."""
        found = []
        for training in (False, True):
            lone = LayerHarness(self.bench, self.number, training=training)
            y = np.array(lone.forward(x.copy()))
            found.append([y])
            with suppress(Exception):  # the protocol's to report
                found[-1] += lone.collect(
                    np.random.default_rng(0).standard_normal(y.shape)
                ).values()
            self.bench.reset(self.layer)
        return any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(*found, strict=False))

    def noisy(self, x: Array, cotangent: Array, rng: Rng) -> list[dict[str, Array]]:
        """Return gradients under noise on all that flows."""
        # What a user's layer keeps cannot be shaken: its products have rounding of their own.
        own = not type(self.layer).__module__.startswith("minidl.")
        product = RELATIVE_NOISE * np.abs(cotangent).max(initial=0.0) * np.abs(x).max(initial=0.0)
        runs = []
        for _ in range(
            noisy_run_count(sum(parameter.size for parameter in self.parameters.values()))
        ):
            with self.bench.shaken([(self.number, name) for name in self.names], rng):
                perturb_inplace(self.forward(ulp_noise(x, rng)), rng)
                found = self.collect(ulp_noise(cotangent, rng))
            for name, gradient in found.items():
                found[name] = noisy_gradient(gradient, rng)
            for name in self.names if own else ():
                found[name] += product * rng.uniform(-1, 1, found[name].shape)
            # A derivative such as y (1 - y) carries the rounding of y.
            if "input" in found and found["input"].shape == cotangent.shape:
                found["input"] += gradient_flow_noise(cotangent, rng)
            runs.append(found)
        return runs

    def choose_step(self, x: Array, rng: Rng) -> None:
        """Fall back to central differences if need be."""
        for name in ("input", *self.names):
            if self.settled or not isinstance(self.step, ComplexStep):
                return
            if why := self.subject(x, name).why_not_complex_safe(name, rng, RichardsonDifference()):
                self.step = RichardsonDifference()
                self.note = f"central differences, as layer {self.number}, {self.layer}, is not complex-safe ({why})"

    def subject(self, x: Array, name: str) -> Function:
        """Return the output as a function of one array."""
        inputs = real_and_complex(x)
        return Function(
            lambda kind: self.forward(inputs[kind], kind),
            inputs if name == "input" else self.bench.arrays((self.number, name)),
        )

    def numeric(
        self,
        x: Array,
        name: str,
        cotangents: Sequence[Array | NumericGradient],
        rng: Rng,
        limit: int,
    ) -> list[NumericGradient] | None:
        """Return `numeric_gradients` of the output."""
        return numeric_gradients(self.subject(x, name), cotangents, rng, self.step, limit)


@dataclass
class LayerResult:
    """What the check of a layer found; `carried`: for the whole net's cotangent."""

    x: Array
    cotangent: Array
    analytic: dict[str, Array]
    note: str
    checks: list[Check] = field(default_factory=list)
    numeric: dict[str, NumericGradient] = field(default_factory=dict)
    bars: dict[str, Array] = field(default_factory=dict)
    probed: dict[str, list[Probe]] = field(default_factory=dict)
    carried: dict[str, NumericGradient] = field(default_factory=dict)


def check_layer_gradients(
    lone: LayerHarness,
    x: Array,
    rng: Rng,
    *,
    limit: int,
    input_limit: int | None = None,
    carried: NumericGradient | None = None,
) -> LayerResult:
    """Check each gradient of one layer: by probes, if it would take over `limit` forward calls."""
    lone.choose_step(x, rng)
    with suppress(ValueError, ArithmeticError):  # if it is defined there
        lone.choose_step(synthetic_input(x, rng), rng)
    lone.settled = True
    cotangent = rng.standard_normal(np.shape(lone.forward(x)))
    alone = LayerResult(x, cotangent, lone.gradients(x, cotangent), lone.note)
    noisy = lone.noisy(x, cotangent, rng)
    cotangents: list[Array | NumericGradient] = (
        [cotangent] if carried is None else [cotangent, carried]
    )
    limits = dict.fromkeys(lone.names, limit) | {
        "input": limit if input_limit is None else input_limit
    }
    for name, most in limits.items():
        check = Check(lone.number, "layer", name, component=str(lone.layer), training=lone.training)
        alone.checks.append(check)
        if name not in alone.analytic:
            check.verdict, check.difference, check.diagnosis = (
                "fail",
                1.0,
                "backward returned None instead of the gradient of its input",
            )
            continue
        analytic, runs, subject = (
            alone.analytic[name],
            [run[name] for run in noisy if name in run],
            lone.subject(x, name),
        )
        fits = analytic.shape == subject.arrays["real"].shape
        found = lone.numeric(x, name, cotangents, rng, most)
        if found is not None:
            alone.numeric[name], alone.carried[name] = found[0], found[-1]
            bar = rounding_bar(analytic, runs) if fits else np.zeros(())
            alone.bars[name] = bar
            compare(check, analytic, found[0], bar)
        elif fits:
            alone.probed[name] = check_directions(
                check, subject, lone.step, analytic, runs, rng, cotangent
            )
        else:
            check.verdict, check.difference, check.diagnosis = (
                "fail",
                1.0,
                f"its gradient has shape {analytic.shape}",
            )
    return alone


def synthetic_input(x: Array, rng: Rng) -> Array:
    """Return a batch of another length, with numbers of every size."""
    m = 7 if x[0].size >= 16 else 61
    shape = (m + 2 if m == len(x) else m, *x.shape[1:])
    sizes = np.exp(rng.uniform(np.log(1e-4), np.log(12.0), shape))
    signs = rng.integers(0, 2, shape) * 2.0 - 1.0
    found: Array = np.where(rng.random(shape) < 0.5, sizes * signs, rng.standard_normal(shape))
    return found
