"""One layer alone: its backward for a random cotangent against the numeric derivative of its own forward."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import numpy as np

from ..arrays import Array
from .jacobian import Numeric, Rng, Subject, both, numeric_gradients
from .steps import EPS, CentralStep, ComplexStep, Step
from .verdict import NOISE, SAFETY, Check, compare, compare_probes, rounding_bar, runs_for
from .workbench import Workbench

PROBES = 2  # at each of two points: four random directions in all

Numbers = tuple[float, float, float, float]
"""Along a direction: analytic and numeric slope, error bar, sum of the terms' sizes."""


class LayerBench:
    """One layer on the workbench."""

    def __init__(self, bench: Workbench, number: int, *, training: bool, step: Step | None = None) -> None:
        self.bench, self.number, self.layer = bench, number, bench.layers[number]
        self.training = training
        self.names = [name for i, name in bench.parameters if i == number]
        self.step = step or ComplexStep()
        self.settled = step is not None
        self.note = ""

    def forward(self, x: Array, kind: str = "real") -> Array:
        """Return the output; every call draws the same random numbers."""
        self.bench.use(kind)
        self.bench.rewind(self.layer)
        return self.layer.forward(x, training=self.training)

    def collect(self, cotangent: Array) -> dict[str, Array]:
        """Go back; return copies of the gradients by name, "input" included."""
        parameters = {name: self.bench.parameters[self.number, name] for name in self.names}
        for parameter in parameters.values():
            parameter.grad.fill(np.nan)
        dx = self.layer.backward(cotangent)
        found = {name: parameter.grad.copy() for name, parameter in parameters.items()}
        return found if dx is None else {**found, "input": np.array(dx)}

    def gradients(self, x: Array, cotangent: Array) -> dict[str, Array]:
        """Go forth and back."""
        self.forward(x)
        return self.collect(cotangent)

    def differs_from_inference(self, x: Array) -> bool:
        """Whether training changes what the layer computes."""
        found = []
        for training in (False, True):
            lone = LayerBench(self.bench, self.number, training=training)
            y = np.array(lone.forward(x.copy()))
            found.append([y])
            with contextlib.suppress(Exception):  # a backward that raises is the protocol's to report
                found[-1] += lone.collect(np.random.default_rng(0).standard_normal(y.shape)).values()
            self.bench.reset(self.layer)
        return any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(*found, strict=False))

    def noisy(self, x: Array, cotangent: Array, rng: Rng) -> list[dict[str, Array]]:
        """Return several gradients under noise on everything that flows."""
        values = {(self.number, name): self.bench.arrays((self.number, name))["real"] for name in self.names}
        # What a user's layer keeps inside cannot be shaken, such as a saturated tanh: each product is known to within eps.
        own = not type(self.layer).__module__.startswith("minidl.")
        product = NOISE * float(np.abs(cotangent).max(initial=0.0)) * float(np.abs(x).max(initial=0.0))
        runs = []
        for _ in range(runs_for(sum(value.size for value in values.values()))):
            with self.bench.moved({key: noise(value, rng) for key, value in values.items()}, kinds=("real",)):
                shake(self.forward(noise(x, rng)), rng)
                found = self.collect(noise(cotangent, rng))
            for name, gradient in found.items():
                found[name] = noisy_sum(gradient, rng)
            for name in self.names if own else ():
                found[name] += product * rng.uniform(-1, 1, found[name].shape)
            # A derivative computed from the output, such as y (1 - y), carries its rounding, however small it is.
            if "input" in found and found["input"].shape == cotangent.shape:
                found["input"] += flow_noise(cotangent, rng)
            runs.append(found)
        return runs

    def choose_step(self, x: Array, rng: Rng) -> None:
        """Fall back to central differences where the complex step disagrees."""
        for name in ("input", *self.names):
            if self.settled or not isinstance(self.step, ComplexStep):
                return
            if why := self.subject(x, name).unsafe(name, rng, CentralStep()):
                self.step = CentralStep()
                self.note = f"central differences, as layer {self.number}, {self.layer}, is not complex-safe ({why})"

    def subject(self, x: Array, name: str) -> Subject:
        """Return the output as a function of the input or a parameter."""
        inputs = both(x)
        return Subject(lambda kind: self.forward(inputs[kind], kind), inputs if name == "input" else self.bench.arrays((self.number, name)))

    def numeric(
        self, x: Array, name: str, cotangents: list[Array], rng: Rng, limit: int, doubts: list[Array | None] | None = None
    ) -> list[Numeric] | None:
        """Return `numeric_gradients` of the output."""
        return numeric_gradients(self.subject(x, name), cotangents, rng, self.step, limit, doubts)


def noise(array: Array, rng: Rng) -> Array:
    """Return `array` changed by a few ulps."""
    ulps = rng.random(array.shape, dtype=np.float32).astype(np.float64)
    ulps *= 2 * NOISE
    ulps += 1 - NOISE
    ulps *= array
    return ulps


def shake(y: Array, rng: Rng) -> None:
    """Put noise on an output that its layer may remember."""
    if isinstance(y, np.ndarray) and y.flags.writeable and y.dtype == np.float64:
        y[...] = noise(y, rng)


def noisy_sum(gradient: Array, rng: Rng) -> Array:
    """Return a gradient with noise of its mean size, too, which sums inside pass through."""
    found: Array = noise(gradient, rng) + NOISE * np.abs(gradient).mean() * rng.uniform(-1, 1, gradient.shape)
    return found


def flow_noise(dy: Array, rng: Rng) -> Array:
    """Return the noise of a gradient made from `dy` element by element."""
    size = np.abs(dy)
    ulps: Array = NOISE * (size + size.mean()) * rng.uniform(-1, 1, dy.shape)
    return ulps


def equalised(analytic: Array, rng: Rng) -> Array:
    """Return a random direction along which all elements of the gradient weigh about the same: equal ones of both signs cancel."""
    size = np.array(np.abs(analytic))
    size[~np.isfinite(size)] = 0.0
    floor = max(1e-3 * float(np.linalg.norm(size)) / np.sqrt(max(size.size, 1)), 1e-300)
    weights = floor / np.maximum(size, floor) * (rng.random(analytic.shape, dtype=np.float32) + np.float32(0.5))
    signed: Array = np.copysign(weights, rng.random(analytic.shape, dtype=np.float32) - np.float32(0.5))
    return signed


def probe(analytic: Array, noisy: list[Array], u: Array, numeric: float, error: float) -> Numbers:
    """Return the numbers along u."""
    terms = analytic * u
    scale = float(np.abs(terms).sum())
    with np.errstate(all="ignore"):
        spread = max((abs(float(((other - analytic) * u).sum())) for other in noisy), default=0.0)
    spread, rounding = (size if np.isfinite(size) else 0.0 for size in (spread, scale))  # what is not finite has no excuse
    return float(terms.sum()), numeric, spread * (SAFETY * EPS / NOISE) + error + 16 * EPS * rounding, scale


def compare_along(
    check: Check, subject: Subject, step: Step, analytic: Array, noisy: list[Array], rng: Rng, cotangent: Array, count: int = PROBES
) -> list[tuple[Array, Numbers]]:
    """Fill in `check` from probes that cover every element; return (direction, numbers) of each."""
    found = []
    for _ in range(count):
        u = equalised(analytic, rng)
        slope, error = subject.along(step, u)
        found.append((u, probe(analytic, noisy, u, float((cotangent * slope).sum()), float((np.abs(cotangent) * error).sum()))))
    compare_probes(check, [numbers for _, numbers in found], analytic.size, f"{step.name}, probes of every element")
    check.untested = int(np.count_nonzero(analytic == 0)) if check.verdict == "pass" else 0
    return found


@dataclass
class Alone:
    """What the check of a layer alone found, by parameter; `carried` for the cotangent of the whole net."""

    x: Array
    cotangent: Array
    analytic: dict[str, Array]
    note: str
    checks: list[Check] = field(default_factory=list)
    numeric: dict[str, Numeric] = field(default_factory=dict)
    bars: dict[str, Array] = field(default_factory=dict)
    probed: dict[str, list[tuple[Array, Numbers]]] = field(default_factory=dict)
    carried: dict[str, Numeric] = field(default_factory=dict)


def check_alone(
    lone: LayerBench, x: Array, rng: Rng, *, limit: int, input_limit: int | None = None, carried: Numeric | None = None
) -> Alone:
    """Check each gradient of one layer at `x`; where one would take over `limit` forward calls, by probes.

    The same forward calls give the numeric gradient for another cotangent, `carried`.
    """
    lone.choose_step(x, rng)
    with contextlib.suppress(ValueError, ArithmeticError):  # if it is defined there
        lone.choose_step(synthetic_input(x, rng), rng)
    lone.settled = True
    cotangent = rng.standard_normal(np.shape(lone.forward(x)))
    alone = Alone(x, cotangent, lone.gradients(x, cotangent), lone.note)
    noisy = lone.noisy(x, cotangent, rng)
    cotangents = [cotangent] if carried is None else [cotangent, carried.value]
    doubts = None if carried is None else [None, carried.error]
    limits = dict.fromkeys(lone.names, limit) | {"input": limit if input_limit is None else input_limit}
    for name, most in limits.items():
        check = Check(lone.number, "layer", name, where=str(lone.layer), training=lone.training)
        alone.checks.append(check)
        if name not in alone.analytic:
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, "backward returned None instead of the gradient of its input"
            continue
        analytic, runs, subject = alone.analytic[name], [run[name] for run in noisy if name in run], lone.subject(x, name)
        fits = analytic.shape == subject.arrays["real"].shape
        found = lone.numeric(x, name, cotangents, rng, most, doubts)
        if found is not None:
            alone.numeric[name], alone.carried[name] = found[0], found[-1]
            bar = rounding_bar(analytic, runs) if fits else np.zeros(())
            alone.bars[name] = bar
            compare(check, analytic, found[0], bar)
        elif fits:
            alone.probed[name] = compare_along(check, subject, lone.step, analytic, runs, rng, cotangent)
        else:
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, f"its gradient has shape {analytic.shape}"
    return alone


def synthetic_input(x: Array, rng: Rng) -> Array:
    """Return an input for a batch of another length, with numbers of every size and both signs: zeros would test nothing."""
    m = 7 if x[0].size >= 16 else 61
    shape = (m + 2 if m == len(x) else m, *x.shape[1:])
    sizes = np.exp(rng.uniform(np.log(1e-4), np.log(12.0), shape))
    signs = rng.integers(0, 2, shape) * 2.0 - 1.0
    found: Array = np.where(rng.random(shape) < 0.5, sizes * signs, rng.standard_normal(shape))
    return found
