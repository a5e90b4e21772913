"""One layer alone: its backward for a random cotangent against the numeric derivative of its own forward."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import Array
from ..layers import Layer
from .jacobian import Numeric, numeric_gradients
from .steps import EPS, CentralStep, ComplexStep, NotComplexSafe, Step
from .verdict import NOISE, SAFETY, Check, compare, compare_probes, rounding_bar, runs_for
from .workbench import Workbench

PROBES = 2  # at each of two points: four random directions in all


class LayerBench:
    """Runs one layer on the workbench: forward in either arithmetic, backward, and backward under noise."""

    def __init__(self, bench: Workbench, number: int, *, training: bool, step: Step | None = None) -> None:
        self.bench, self.number, self.layer = bench, number, bench.layers[number]
        self.training = training
        self.names = [name for i, name in bench.parameters if i == number]
        self.step = step or ComplexStep()
        self.settled = step is not None
        self.note = ""

    def forward(self, x: Array, kind: str = "real") -> Array:
        """Return the output; random streams are rewound first, so that every call draws the same."""
        self.bench.use(kind)
        self.bench.rewind(self.layer)
        return self.layer.forward(x, training=self.training)

    def differs_from_inference(self, x: Array) -> bool:
        """Whether the layer computes something else while training, forward or back: it drops units, or takes batch statistics."""
        found = []
        for training in (False, True):
            lone = LayerBench(self.bench, self.number, training=training)
            y = np.array(lone.forward(x.copy()))
            found.append([y])
            with contextlib.suppress(Exception):  # a backward that raises is the protocol's to report
                found[-1] += lone.collect(np.random.default_rng(0).standard_normal(y.shape)).values()
            self.bench.reset(self.layer)
        return any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(*found, strict=False))

    def gradients(self, x: Array, cotangent: Array) -> dict[str, Array]:
        """Return the analytic gradients by name, "input" included: fresh arrays."""
        self.forward(x)
        return self.collect(cotangent)

    def collect(self, cotangent: Array) -> dict[str, Array]:
        """Go back from the last forward."""
        for name in self.names:
            self.bench.parameters[self.number, name].grad.fill(np.nan)
        dx = self.layer.backward(cotangent)
        found = {name: self.bench.parameters[self.number, name].grad.copy() for name in self.names}
        return found if dx is None else {**found, "input": np.array(dx)}

    def noisy(self, x: Array, cotangent: Array, rng: np.random.Generator) -> list[dict[str, Array]]:
        """Return the gradients of several runs with a little noise on everything that flows."""
        keys = [(self.number, name) for name in self.names]
        runs = []
        for _ in range(runs_for(sum(self.bench.parameters[key].size for key in keys))):
            with self.bench.moved({key: noise(self.bench.arrays(key)["real"], rng) for key in keys}, kinds=("real",)):
                y = self.forward(noise(x, rng))
                if isinstance(y, np.ndarray) and y.flags.writeable and y.dtype == np.float64:
                    y[...] = noise(y, rng)
                found = self.collect(noise(cotangent, rng))
            for name, gradient in found.items():
                # The mean: sums inside pass through numbers of the array's own size.
                found[name] = noise(gradient, rng) + NOISE * np.abs(gradient).mean() * rng.uniform(-1, 1, gradient.shape)
            if not type(self.layer).__module__.startswith("minidl."):
                # What a layer of the user's keeps inside cannot be shaken, such as a saturated tanh: each product is known to within eps.
                product = NOISE * float(np.abs(cotangent).max(initial=0.0)) * float(np.abs(x).max(initial=0.0))
                for name in self.names:
                    found[name] = found[name] + product * rng.uniform(-1, 1, found[name].shape)
            # Where an element of the output belongs to one of the input, a derivative computed from the output carries the
            # output's rounding: y (1 - y) is known to within eps, however small it is.
            if "input" in found and found["input"].shape == cotangent.shape:
                size = np.abs(cotangent)
                found["input"] += NOISE * (size + size.mean()) * rng.uniform(-1, 1, cotangent.shape)
            runs.append(found)
        return runs

    def choose_step(self, x: Array, rng: np.random.Generator) -> None:
        """Keep the complex step if it agrees with one central difference; fall back to central differences otherwise."""
        if self.settled or not isinstance(self.step, ComplexStep):
            return
        targets: list[tuple[str, Any]] = [("input", None), *((name, (self.number, name)) for name in self.names)]
        for name, key in targets:
            arrays = {"real": x.copy(), "complex": x.astype(np.complex128)} if key is None else self.bench.arrays(key)
            direction = rng.standard_normal(arrays["real"].shape)
            try:
                slope, _ = self.step.along(self._function(x, arrays, key, "complex"), arrays["complex"], ..., direction)
            except NotComplexSafe as error:
                self._fall_back(str(error))
                return
            central, bound = CentralStep().along(self._function(x, arrays, key, "real"), arrays["real"], ..., direction)
            scale = np.abs(central).max(initial=0.0)
            with np.errstate(all="ignore"):
                wrong = np.abs(slope - central) > 1e-6 * scale + 10 * bound
            if np.isfinite(central).all() and bool(wrong.any()):
                self._fall_back(f"its derivative for {name} got lost in complex arithmetic")
                return

    def _fall_back(self, why: str) -> None:
        self.step = CentralStep()
        self.note = f"central differences, as layer {self.number}, {self.layer}, is not complex-safe ({why})"

    def _function(self, x: Array, arrays: dict[str, Array], key: Any, kind: str) -> Any:
        """Return f() for a perturbed array: the input itself, or a parameter with a fixed input."""
        if key is None:
            return lambda: self.forward(arrays[kind], kind)
        fixed = x if kind == "real" else x.astype(np.complex128)
        return lambda: self.forward(fixed, kind)

    def numeric(
        self,
        x: Array,
        name: str,
        cotangents: list[Array],
        rng: np.random.Generator,
        limit: int,
        doubts: list[Array | None] | None = None,
    ) -> list[Numeric] | None:
        """Return the numeric gradient of sum(c * y) for each cotangent, or None where it is too large."""
        key = None if name == "input" else (self.number, name)
        arrays = {"real": x.copy(), "complex": x.astype(np.complex128)} if key is None else self.bench.arrays(key)
        functions = {kind: self._function(x, arrays, key, kind) for kind in ("real", "complex")}
        return numeric_gradients(functions, arrays, cotangents, rng, step=self.step, limit=limit, doubts=doubts)

    def probes(
        self, x: Array, name: str, cotangent: Array, analytic: Array, noisy: list[Array], rng: np.random.Generator
    ) -> list[tuple[Array, tuple[float, float, float, float]]]:
        """Return (u, (analytic, numeric, bar, scale)) for equalised directions u, each of which covers every element."""
        key = None if name == "input" else (self.number, name)
        arrays = {"real": x.copy(), "complex": x.astype(np.complex128)} if key is None else self.bench.arrays(key)
        f = self._function(x, arrays, key, self.step.kind)
        found = []
        for _ in range(PROBES):
            u = equalised(analytic, rng)
            slope, error = self.step.along(f, arrays[self.step.kind], ..., u)
            numbers = probe(analytic, noisy, u, float((cotangent * slope).sum()), float((np.abs(cotangent) * error).sum()))
            found.append((u, numbers))
        return found


def noise(array: Array, rng: np.random.Generator) -> Array:
    """Return `array` with each element changed by a few ulps; zeros and signs stay."""
    ulps = rng.random(array.shape, dtype=np.float32).astype(np.float64)
    ulps *= 2 * NOISE
    ulps += 1 - NOISE
    ulps *= array
    return ulps


def equalised(analytic: Array, rng: np.random.Generator) -> Array:
    """Return a direction of random signs along which every element of the gradient weighs about the same, however small it is.

    Not exactly: equal weights of both signs cancel, and the slope would be 0 whatever factor is wrong.
    """
    size = np.array(np.abs(analytic))
    size[~np.isfinite(size)] = 0.0
    floor = max(1e-3 * float(np.linalg.norm(size)) / np.sqrt(max(size.size, 1)), 1e-300)
    weights = floor / np.maximum(size, floor) * (rng.random(analytic.shape, dtype=np.float32) + np.float32(0.5))
    signed: Array = np.copysign(weights, rng.random(analytic.shape, dtype=np.float32) - np.float32(0.5))
    return signed


def probe(analytic: Array, noisy: list[Array], u: Array, numeric: float, error: float) -> tuple[float, float, float, float]:
    """Return (analytic slope, numeric slope, error bar, sum of the terms' sizes) along u."""
    terms = analytic * u
    scale = float(np.abs(terms).sum())
    with np.errstate(all="ignore"):
        spread = max((abs(float(((other - analytic) * u).sum())) for other in noisy), default=0.0)
    spread = spread if np.isfinite(spread) else 0.0  # a gradient that is not finite has no excuse
    return float(terms.sum()), numeric, spread * (SAFETY * EPS / NOISE) + error + 16 * EPS * (scale if np.isfinite(scale) else 0.0), scale


@dataclass
class Alone:
    """What the check of a layer alone found, kept for what comes after it.

    `carried` holds the numeric gradients for a second cotangent, that of the whole net, which the same forward calls give.
    """

    checks: list[Check]
    x: Array
    cotangent: Array
    analytic: dict[str, Array]
    numeric: dict[str, Numeric]
    bars: dict[str, Array]
    probed: dict[str, list[tuple[Array, float, float]]]
    carried: dict[str, Numeric]
    note: str


def check_alone(
    lone: LayerBench, x: Array, rng: np.random.Generator, *, limit: int, input_limit: int | None = None, carried: Numeric | None = None
) -> Alone:
    """Check one layer alone at the input `x`, for a random cotangent: each parameter, and the input.

    Up to `limit` forward calls each go into elements, `input_limit` into those of the input; beyond, probes cover them all.
    """
    layer: Layer = lone.layer
    lone.choose_step(x, rng)
    with contextlib.suppress(ValueError, ArithmeticError):  # elsewhere more of the imaginary part may get lost; if it is defined there
        lone.choose_step(synthetic_input(x, rng), rng)
    lone.settled = True
    y = np.array(lone.forward(x))
    cotangent = rng.standard_normal(y.shape)
    analytic = lone.gradients(x, cotangent)
    noisy = lone.noisy(x, cotangent, rng)
    checks, numbers, bars, probed, further = [], {}, {}, {}, {}
    cotangents = [cotangent] if carried is None else [cotangent, carried.value]
    doubts = None if carried is None else [None, carried.error]
    for name in [*lone.names, "input"]:
        check = Check(lone.number, "layer", name, where=str(layer), training=lone.training)
        checks.append(check)
        if name not in analytic:
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, "backward returned None instead of the gradient of its input"
            continue
        runs = [run[name] for run in noisy if name in run]
        most = limit if input_limit is None or name != "input" else input_limit
        found = lone.numeric(x, name, cotangents, rng, most, doubts)
        if found is not None:
            further[name] = found[-1]
            if analytic[name].shape == found[0].value.shape:
                bars[name] = rounding_bar(analytic[name], runs)
            compare(check, analytic[name], found[0], bars.get(name, np.zeros(())))
            numbers[name] = found[0]
        elif analytic[name].shape != (x.shape if name == "input" else lone.bench.parameters[lone.number, name].shape):
            check.verdict, check.difference = "fail", 1.0
            check.diagnosis = f"its gradient has shape {analytic[name].shape}"
        else:
            pairs = lone.probes(x, name, cotangent, analytic[name], runs, rng)
            probed[name] = [(u, numeric, bar) for u, (_, numeric, bar, _) in pairs]
            compare_probes(
                check, [numbers for _, numbers in pairs], analytic[name].size, f"{lone.step.name}, {PROBES} probes of every element"
            )
            check.untested = int(np.count_nonzero(analytic[name] == 0)) if check.verdict == "pass" else 0
    return Alone(checks, x, cotangent, analytic, numbers, bars, probed, further if carried is not None else {}, lone.note)


def synthetic_input(x: Array, rng: np.random.Generator) -> Array:
    """Return an input of the same width with numbers of every size and both signs, and a batch of another length.

    Real activations are often zero, of one sign, or of one size: whatever they multiply is then not tested.
    """
    m = 7 if x[0].size >= 16 else 61
    if m == len(x):
        m += 2
    shape = (m, *x.shape[1:])
    sizes = np.exp(rng.uniform(np.log(1e-4), np.log(12.0), shape))
    signs = rng.integers(0, 2, shape) * 2.0 - 1.0
    found: Array = np.where(rng.random(shape) < 0.5, sizes * signs, rng.standard_normal(shape))
    return found
