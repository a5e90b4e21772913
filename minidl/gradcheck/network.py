"""The whole network: its gradient of the data loss, of each penalty, and of their total, against numeric ones.

Element by element, the numeric gradient is carried back from the loss layer by layer, each step of the way taken from forward
calls alone; and in any case the objective itself, as training computes it, is derived along directions that cover every element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Array
from ..objective import Objective
from .jacobian import Numeric, numeric_gradients
from .layer_check import PROBES, LayerBench, equalised, noise, probe
from .steps import EPS, CentralStep, ComplexStep, Function, NotComplexSafe, Step
from .verdict import NOISE, RUNS, SAFETY, Check, compare, compare_probes, rounding_bar, runs_for
from .workbench import Workbench

Key = tuple[int, str]
Gradients = dict[Key, Array]


class Network:
    """A model on the workbench, with its batch."""

    def __init__(
        self,
        bench: Workbench,
        model: Objective,
        x: Array,
        t: Array,
        rng: np.random.Generator,
        alone: list[LayerBench],
        weight: Array | None = None,
    ) -> None:
        self.bench, self.model, self.x, self.t, self.rng, self.weight = bench, model, x, t, rng, weight
        self.alone = alone
        self.loss_step: Step = ComplexStep()
        self.step: Step = ComplexStep()
        self.unit = 0.0
        self.trained: Any = np.nan

    # Analytic gradients: what training computes.

    def collect(self) -> Gradients:
        """Return a copy of all gradients."""
        return {key: parameter.grad.copy() for key, parameter in self.bench.parameters.items()}

    def poison(self, value: float = np.nan) -> None:
        """Fill all gradients, so that a forgotten one is seen."""
        for parameter in self.bench.parameters.values():
            parameter.grad.fill(value)

    def data_gradient(self) -> Gradients:
        """Return the analytic gradient of the data loss."""
        self.bench.use("real")
        self.poison()
        self.data_value(self.x, self.t)
        self.model.data_gradient()
        return self.collect()

    def total_gradient(self) -> Gradients:
        """Return the analytic gradient of the total objective."""
        self.bench.use("real")
        self.poison()
        self.trained = self.model.value_and_gradient(self.x, self.t, self.weight)
        return self.collect()

    def value_check(self) -> Check:
        """Check that the value which training reports is the objective itself, after `total_gradient`."""
        check = Check(None, "total", "value", where="value_and_gradient", elements=1, method="no derivative needed")
        self.bench.use("real")
        value, trained = float(self.total_value(self.x, self.t)), float(self.trained)
        gap, scale = abs(trained - value), abs(trained) + abs(value)
        check.difference = gap / scale if scale > 0 else 0.0
        if np.isfinite(value) and not gap <= 1e-12 * scale + EPS * self.unit:
            check.verdict = "fail"
            check.worst = {"analytic": trained, "numeric": value, "bar": 1e-12 * scale}
            check.diagnosis = f"training reports an objective of {trained:.9g}, but its terms add up to {value:.9g}"
        return check

    def penalty_gradient(self, index: int) -> Gradients:
        """Return the analytic gradient of one penalty."""
        self.bench.use("real")
        self.poison(0.0)
        self.model.add_penalty_gradient(index, len(self.x))
        return self.collect()

    def noisy_gradients(self) -> list[Gradients]:
        """Return the data gradient under a little noise on everything that flows, several times."""
        runs, losses = [], []
        model, rng = self.model, self.rng
        for _ in range(runs_for(model.parameters.size)):
            with self.bench.moved({key: noise(self.bench.arrays(key)["real"], rng) for key in self.bench.parameters}, kinds=("real",)):
                self.bench.use("real")
                self.poison()
                z = noise(self.x, rng)
                for layer in model._body:
                    z = layer.forward(z)
                    if z.flags.writeable and z.dtype == np.float64:
                        z[...] = noise(z, rng)
                losses.append(float(self.loss(z)))
                dy: Any = model.loss_gradient()
                dy = noise(dy, rng) + NOISE / len(z) * rng.uniform(-1, 1, dy.shape)
                for layer in (*model._rest, *model._first):
                    before, dy = dy, layer.backward(dy)
                    if dy is not None:
                        size = np.abs(before)
                        dy = noise(dy, rng)
                        if dy.shape == size.shape:
                            dy = dy + NOISE * (size + size.mean()) * rng.uniform(-1, 1, size.shape)
                found = self.collect()
                for key, gradient in found.items():
                    found[key] = noise(gradient, rng) + NOISE * np.abs(gradient).mean() * rng.uniform(-1, 1, gradient.shape)
                runs.append(found)
        # As many units of rounding as the loss itself shows under noise: 1 - p, where p is nearly 1, is known to a few digits.
        spread = max(losses) - min(losses)
        self.unit = max(1.0, SAFETY / NOISE / 16 * spread) if np.isfinite(spread) else np.inf
        return runs

    # Numeric gradients: from forward calls alone.

    def objective(self, kind: str, value: Callable[[Array, Array], Any]) -> Callable[[], Array]:
        """Return f() for `value(x, t)` in the given arithmetic."""
        x = self.x if kind == "real" else self.x.astype(np.complex128)

        def f() -> Array:
            self.bench.use(kind)
            return np.asarray(value(x, self.t))

        return f

    def choose_loss_step(self) -> str:
        """Choose complex or central steps for the loss; return why, where the complex step does not do."""
        z = self.logits()
        arrays = {"real": z, "complex": z.astype(np.complex128)}
        direction = self.rng.standard_normal(z.shape)
        try:
            slope, _ = ComplexStep().along(lambda: self.loss(arrays["complex"]), arrays["complex"], ..., direction)
            central, bound = CentralStep(unit=1.0).along(lambda: self.loss(arrays["real"]), arrays["real"], ..., direction)
            lost = bool(abs(slope - central) > 1e-6 * abs(central) + 10 * bound)
        except NotComplexSafe:
            lost = True
        if not lost:
            return ""
        self.loss_step = CentralStep(unit=1.0)
        return f"central differences, as the loss {self.model.loss} is not complex-safe"

    def choose_step(self) -> None:
        """Choose complex steps for the whole net if every part of it is complex-safe."""
        steps = [self.loss_step, *(lone.step for lone in self.alone[: len(self.model._body)])]
        self.step = ComplexStep() if all(isinstance(step, ComplexStep) for step in steps) else CentralStep(unit=1.0)

    def logits(self) -> Array:
        """Return what the loss sees: a fresh array."""
        self.bench.use("real")
        z = self.x
        for layer in self.model._body:
            z = layer.forward(z)
        return np.array(z)

    def loss(self, z: Array) -> Array:
        """Return the data loss for given outputs."""
        return np.asarray(self.model.loss_of(z, self.t, self.weight))

    def loss_gradient(self, limit: int) -> tuple[Check, Numeric | None]:
        """Check the loss alone: its gradient with respect to what it sees."""
        z = self.logits()
        self.loss(z)
        analytic = np.array(self.model.loss_gradient())
        noisy = []
        for _ in range(RUNS):
            self.loss(noise(z, self.rng))
            noisy.append(noise(np.array(self.model.loss_gradient()), self.rng) + NOISE / len(z) * self.rng.uniform(-1, 1, z.shape))
        arrays = {"real": z, "complex": z.astype(np.complex128)}
        functions: dict[str, Function] = {"real": lambda: self.loss(arrays["real"]), "complex": lambda: self.loss(arrays["complex"])}
        context = {"p": z.copy(), "t": self.t} | ({} if self.weight is None else {"w": self.weight})
        check = Check(None, "data", "prediction", where=str(self.model.loss), context=context)
        one = np.ones(())
        found = numeric_gradients(functions, arrays, [one], self.rng, step=self.loss_step, limit=limit)
        if analytic.shape != z.shape:
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, f"its gradient has shape {analytic.shape}, the output {z.shape}"
            return check, None
        bar = rounding_bar(analytic, noisy)
        if found is not None:
            return compare(check, analytic, found[0], bar), found[0]
        pairs = []
        for _ in range(PROBES):
            u = equalised(analytic, self.rng)
            slope, error = self.loss_step.along(functions[self.loss_step.kind], arrays[self.loss_step.kind], ..., u)
            pairs.append(probe(analytic, noisy, u, float(slope), float(error)))
        return compare_probes(check, pairs, analytic.size, f"{self.loss_step.name}, probes"), None

    def inputs(self) -> list[Array]:
        """Return the input of each layer, fresh copies."""
        self.bench.use("real")
        found, z = [], self.x
        for layer in self.model._body:
            found.append(np.array(z))
            z = layer.forward(z)
        return [*found, np.array(z)]

    def data_value(self, x: Array, t: Array) -> Any:
        """Return the data loss."""
        return self.model.data_loss(x, t, self.weight)

    def total_value(self, x: Array, t: Array) -> Any:
        """Return the total objective."""
        return self.model.terms(x, t, self.weight)["total"]

    def penalty_value(self, index: int) -> Callable[[Array, Array], Any]:
        """Return one penalty as a function of a batch."""
        return lambda x, t: self.model.penalty_value(index, len(x))

    def penalty_step(self, index: int) -> Step:
        """Return the complex step where the penalty keeps the imaginary part, else central differences."""
        _, weights = self.model._penalized[index]
        for key, parameter in self.bench.parameters.items():
            if any(parameter is weight for weight in weights):
                arrays = self.bench.arrays(key)
                direction = self.rng.standard_normal(parameter.shape)
                steps: tuple[Step, Step] = (ComplexStep(), CentralStep())
                try:
                    slope, (central, bound) = (
                        steps[0].along(self.objective("complex", self.penalty_value(index)), arrays["complex"], ..., direction)[0],
                        steps[1].along(self.objective("real", self.penalty_value(index)), arrays["real"], ..., direction),
                    )
                except NotComplexSafe:
                    return steps[1]
                return steps[1] if abs(slope - central) > 1e-6 * abs(central) + 10 * bound else steps[0]
        return CentralStep()

    def compare_term(
        self,
        term: str,
        value: Callable[[Array, Array], Any],
        analytic: Gradients,
        noisy: list[Gradients],
        numeric: dict[Key, Numeric],
        step: Step | None = None,
    ) -> list[Check]:
        """Check one term of the objective for each parameter: by elements where there are any, and by probes of the objective."""
        checks = []
        step = step or self.step
        if isinstance(step, CentralStep):
            step = CentralStep(unit=max(step.unit, self.unit))
        f = self.objective(step.kind, value)
        for key, gradient in analytic.items():
            i, name = key
            check = Check(i, term, name, where=str(self.model.layers[i]))
            runs = [run[key] for run in noisy]
            if key in numeric:
                compare(check, gradient, numeric[key], rounding_bar(gradient, runs))
            pairs = []
            for _ in range(1 if key in numeric or term == "total" else PROBES):
                u = equalised(gradient, self.rng)
                slope, error = step.along(f, self.bench.arrays(key)[step.kind], ..., u)
                pairs.append(probe(gradient, runs, u, float(slope), float(error)))
            probed = compare_probes(Check(i, term, name, where=check.where), pairs, gradient.size, f"{step.name}, probes of every element")
            if key not in numeric:
                check = probed
                check.untested = int(np.count_nonzero(gradient == 0)) if check.verdict == "pass" else 0
            # Central differences of a whole deep net are no witness against its parts: kinks lie closer than any step that rounding allows.
            elif probed.verdict == "fail" and check.verdict == "pass" and not isinstance(step, CentralStep):
                probed.diagnosis = "every layer's numeric derivative agrees, but the objective as a whole does not: is a layer skipped?"
                check = probed
            checks.append(check)
        return checks

    def penalty_numeric(self, index: int, key: Key, limit: int) -> Numeric | None:
        """Return the numeric gradient of a penalty with respect to one array, element by element."""
        arrays = self.bench.arrays(key)
        penalty, weights = self.model._penalized[index]
        if self.bench.parameters[key] not in weights:
            return None
        size = arrays["real"].size
        if size > limit:
            return None
        # A penalty that is a sum over the elements can be asked one element at a time. That it is one, and that it keeps the
        # imaginary part, is looked up along one random direction of the whole array.
        m, h = len(self.x), ComplexStep.h
        moved = arrays["complex"].reshape(-1) + 1j * h
        # Each element moves in proportion to its size: over the kink of L1 at 0 it does not step.
        direction = self.rng.standard_normal(arrays["real"].shape) * np.abs(arrays["real"])
        direction /= float(np.abs(direction).max(initial=0.0)) or 1.0
        try:
            slopes = [complex(penalty.value(moved[j : j + 1], m)).imag / h for j in range(size)]
            whole, error = CentralStep().along(lambda: np.asarray(penalty.value(arrays["real"], m)), arrays["real"], ..., direction)
        except Exception:  # an own penalty may want the whole array, or real numbers: the probes decide
            return None
        value = np.array(slopes).reshape(arrays["real"].shape)
        size_of_terms = float(np.abs(value * direction).sum())
        if not abs(float((value * direction).sum()) - float(whole)) <= 1e-7 * (size_of_terms + abs(float(whole))) + 4 * float(error):
            return None
        return Numeric(value, 64 * EPS * np.abs(value), "complex step")


def added(first: dict[Key, Numeric], second: dict[Key, Numeric]) -> dict[Key, Numeric]:
    """Return the sum of two numeric gradients, where both are known."""
    return {
        key: Numeric(one.value + second[key].value, one.error + second[key].error, one.step) for key, one in first.items() if key in second
    }
