"""A model at one point in the space of its parameters: its protocol, each layer alone, and the whole net."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import Array
from ..objective import Objective
from .jacobian import Numeric, Rng, Subject, both, certified, numeric_gradients
from .layer_check import PROBES, Alone, LayerBench, check_alone, compare_along, flow_noise, noise, noisy_sum, shake, synthetic_input
from .protocol import LossTrial, check_loss_protocol, check_penalty_protocol, check_protocol
from .steps import EPS, CentralStep, ComplexStep, Step
from .verdict import NOISE, RUNS, SAFETY, Check, compare, difference, rounding_bar, runs_for
from .workbench import Key, Workbench

Gradients = dict[Key, Array]
Numerics = dict[Key, Numeric]
Value = Callable[[Array], Any]
"""A term of the objective, of the inputs."""

ONE = np.ones(())


class Network:
    """A model on the workbench, with its batch."""

    def __init__(self, bench: Workbench, model: Objective, x: Array, t: Array, rng: Rng, weight: Array | None = None) -> None:
        self.bench, self.model, self.x, self.t, self.rng, self.weight = bench, model, x, t, rng, weight
        self.loss_step: Step = ComplexStep()
        self.step: Step = ComplexStep()
        self.unit = 0.0
        self.trained: Any = np.nan

    # The terms of the objective.

    def data_value(self, x: Array) -> Any:
        """Return the data loss."""
        return self.model.data_loss(x, self.t, self.weight)

    def total_value(self, x: Array) -> Any:
        """Return the total objective."""
        return self.model.terms(x, self.t, self.weight)["total"]

    def penalty_value(self, index: int) -> Value:
        """Return one penalty, as a function."""
        return lambda x: self.model.penalty_value(index, len(x))

    def loss(self, z: Array) -> Array:
        """Return the data loss of outputs."""
        return np.asarray(self.model.loss_of(z, self.t, self.weight))

    def inputs(self) -> list[Array]:
        """Return copies of the input of each layer, and of what the loss sees."""
        self.bench.use("real")
        z = self.x
        found = [np.array(z)]
        for layer in self.model._body:
            z = layer.forward(z)
            found.append(np.array(z))
        return found

    def penalized(self, index: int) -> list[Key]:
        """Return the parameters that a penalty acts on."""
        touched = {id(parameter) for parameter in self.model._penalized[index][1]}
        return [key for key, parameter in self.bench.parameters.items() if id(parameter) in touched]

    # Analytic gradients: what training computes.

    def gradient(self, fill: Callable[[], Any], blank: float = np.nan) -> Gradients:
        """Return copies of all gradients, `blank` before, after `fill()`."""
        self.bench.use("real")
        for parameter in self.bench.parameters.values():
            parameter.grad.fill(blank)
        fill()
        return {key: parameter.grad.copy() for key, parameter in self.bench.parameters.items()}

    def data_gradient(self) -> Gradients:
        """Return the gradient of the data loss."""

        def fill() -> None:
            self.data_value(self.x)
            self.model.data_gradient()

        return self.gradient(fill)

    def total_gradient(self) -> Gradients:
        """Return the gradient of the total objective."""

        def fill() -> None:
            self.trained = self.model.value_and_gradient(self.x, self.t, self.weight)

        return self.gradient(fill)

    def penalty_gradient(self, index: int) -> Gradients:
        """Return the gradient of one penalty."""
        return self.gradient(lambda: self.model.add_penalty_gradient(index, len(self.x)), blank=0.0)

    def noisy_gradients(self) -> list[Gradients]:
        """Return several gradients of the data loss under noise on everything that flows."""
        runs, losses = [], []
        values = {key: self.bench.arrays(key)["real"] for key in self.bench.parameters}
        for _ in range(runs_for(self.model.parameters.size)):
            with self.bench.moved({key: noise(value, self.rng) for key, value in values.items()}, kinds=("real",)):
                found = self.gradient(lambda: losses.append(self._noisy_pass()))
            runs.append({key: noisy_sum(gradient, self.rng) for key, gradient in found.items()})
        # As many units of rounding as the loss itself shows under noise: 1 - p, where p is nearly 1, is known to a few digits.
        spread = max(losses) - min(losses)
        self.unit = max(1.0, SAFETY / NOISE / 16 * spread) if np.isfinite(spread) else np.inf
        return runs

    def _noisy_pass(self) -> float:
        z = noise(self.x, self.rng)
        for layer in self.model._body:
            z = layer.forward(z)
            shake(z, self.rng)
        loss = float(self.loss(z))
        dy: Any = self._noisy_slope()
        for layer in (*self.model._rest, *self.model._first):
            before, dy = dy, layer.backward(dy)
            if dy is not None:
                dy = noise(dy, self.rng) + (flow_noise(before, self.rng) if dy.shape == before.shape else 0.0)
        return loss

    def _noisy_slope(self) -> Array:
        dy = self.model.loss_gradient()
        return noise(dy, self.rng) + NOISE / len(self.x) * self.rng.uniform(-1, 1, dy.shape)

    # Numeric gradients: from forward calls alone.

    def subject(self, value: Value, key: Key) -> Subject:
        """Return a term as a function of one parameter."""
        inputs = both(self.x)

        def f(kind: str) -> Array:
            self.bench.use(kind)
            return np.asarray(value(inputs[kind]))

        return Subject(f, self.bench.arrays(key))

    def loss_subject(self) -> Subject:
        """Return the loss as a function of what it sees."""
        arrays = both(self.inputs()[-1])
        return Subject(lambda kind: self.loss(arrays[kind]), arrays)

    def choose_loss_step(self) -> str:
        """Take the complex step for the loss; or return why it does not do."""
        self.loss_step = ComplexStep()
        if not self.loss_subject().unsafe("prediction", self.rng, CentralStep(unit=1.0)):
            return ""
        self.loss_step = CentralStep(unit=1.0)
        return f"central differences, as the loss {self.model.loss} is not complex-safe"

    def choose_step(self, alone: list[LayerBench]) -> None:
        """Take the complex step for the whole net if every part does."""
        steps = [self.loss_step, *(lone.step for lone in alone[: len(self.model._body)])]
        self.step = ComplexStep() if all(isinstance(step, ComplexStep) for step in steps) else CentralStep(unit=1.0)

    def penalty_step(self, index: int) -> Step:
        """Return the complex step where it does."""
        keys = self.penalized(index)
        safe = keys and not self.subject(self.penalty_value(index), keys[0]).unsafe("weight", self.rng, CentralStep())
        return ComplexStep() if safe else CentralStep()

    def penalty_numeric(self, index: int, key: Key, limit: int) -> Numeric | None:
        """Return the numeric gradient of a penalty if it is a sum over the elements, which can be asked one at a time."""
        arrays, m, h = self.bench.arrays(key), len(self.x), ComplexStep.h
        real, value = arrays["real"], self.model._penalized[index][0].value
        if key not in self.penalized(index) or real.size > limit:
            return None
        moved = arrays["complex"].reshape(-1) + 1j * h
        # In proportion to each element's size: over the kink of L1 at 0 it does not step.
        direction = self.rng.standard_normal(real.shape) * np.abs(real)
        direction /= float(np.abs(direction).max(initial=0.0)) or 1.0
        try:
            slopes = np.array([complex(value(moved[j : j + 1], m)).imag / h for j in range(real.size)]).reshape(real.shape)
            total, error = CentralStep().along(lambda: np.asarray(value(real, m)), real, ..., direction)
        except Exception:  # an own penalty may want the whole array, or real numbers: the probes decide
            return None
        numeric = Numeric(slopes, 64 * EPS * np.abs(slopes), ComplexStep.name)
        return numeric if certified(numeric, ONE, direction, total, 4 * error + 1e-7 * np.abs(total)) else None

    # Verdicts.

    def check_value(self) -> Check:
        """Check that the value which training reports is the objective itself, after `total_gradient`."""
        check = Check(None, "total", "value", where="value_and_gradient", elements=1, method="no derivative needed")
        self.bench.use("real")
        value, trained = float(self.total_value(self.x)), float(self.trained)
        gap, scale = abs(trained - value), abs(trained) + abs(value)
        check.difference = gap / scale if scale > 0 else 0.0
        if np.isfinite(value) and not gap <= 1e-12 * scale + EPS * self.unit:
            check.verdict = "fail"
            check.worst = {"analytic": trained, "numeric": value, "bar": 1e-12 * scale}
            check.diagnosis = f"training reports an objective of {trained:.9g}, but its terms add up to {value:.9g}"
        return check

    def check_loss(self, limit: int) -> tuple[Check, Numeric | None]:
        """Check the gradient of the loss alone; return the numeric one, too."""
        subject = self.loss_subject()
        z = subject.arrays["real"]
        self.loss(z)
        analytic = np.array(self.model.loss_gradient())
        noisy = []
        for _ in range(RUNS):
            self.loss(noise(z, self.rng))
            noisy.append(self._noisy_slope())
        context = {"p": z.copy(), "t": self.t} | ({} if self.weight is None else {"w": self.weight})
        check = Check(None, "data", "prediction", where=str(self.model.loss), context=context)
        found = numeric_gradients(subject, [ONE], self.rng, self.loss_step, limit)
        if analytic.shape != z.shape:
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, f"its gradient has shape {analytic.shape}, the output {z.shape}"
        elif found is not None:
            return compare(check, analytic, found[0], rounding_bar(analytic, noisy)), found[0]
        else:
            compare_along(check, subject, self.loss_step, analytic, noisy, self.rng, ONE)
        return check, None

    def check_term(
        self, term: str, value: Value, analytic: Gradients, noisy: list[Gradients], numeric: Numerics, step: Step | None = None
    ) -> list[Check]:
        """Check a term for each parameter: by elements where there are any, and by probes of the whole objective."""
        checks = []
        step = step or self.step
        central = isinstance(step, CentralStep)
        if isinstance(step, CentralStep):
            step = CentralStep(unit=max(step.unit, self.unit))
        for key, gradient in analytic.items():
            check, probed = (Check(key[0], term, key[1], where=str(self.model.layers[key[0]])) for _ in range(2))
            runs, known = [run[key] for run in noisy], numeric.get(key)
            count = PROBES if known is None and term != "total" else 1
            compare_along(probed, self.subject(value, key), step, gradient, runs, self.rng, ONE, count)
            if known is None:
                check = probed
            # Central differences of a whole deep net are no witness against its parts: kinks lie closer than any step that rounding allows.
            elif (
                compare(check, gradient, known, rounding_bar(gradient, runs)).verdict == "pass" and probed.verdict == "fail" and not central
            ):
                check = probed
                check.diagnosis = "every layer's numeric derivative agrees, but the objective as a whole does not: is a layer skipped?"
            checks.append(check)
        return checks


class Point:
    """All checks at one point, and what they found."""

    def __init__(self, net: Network, *, exhaustive: bool = False, steps: list[Step] | None = None) -> None:
        self.net, self.bench, self.model = net, net.bench, net.model
        self.least = 10**9 if exhaustive else 0  # forward calls that each gradient may cost in any case
        self.lone = [LayerBench(self.bench, i, training=False, step=steps[i] if steps else None) for i in range(len(self.model.layers))]
        self.alone: dict[int, Alone] = {}
        self.on: dict[int, Alone] = {}
        self.numeric: Numerics = {}
        self.total: Gradients = {}
        self.penalties: list[tuple[Gradients, Numerics]] = []
        self.loss_checks: list[Check] = []
        self.note = ""

    @property
    def kinks(self) -> int:
        """How many elements of the layers' derivatives sit on a kink."""
        return sum(check.kinks for alone in self.alone.values() for check in alone.checks)

    def not_complex_safe(self) -> list[str]:
        """Return why central differences were taken, where they were."""
        return sorted({self.note, *(alone.note for alone in self.alone.values())} - {""})

    def limit(self, i: int) -> int:
        """Return how many forward calls of layer `i` a default check may spend: about a tenth of a second."""
        size = sum(parameter.size for (layer, _), parameter in self.bench.parameters.items() if layer == i)
        return int(0.1 / (2e-5 + len(self.net.x) * max(size, 100) * 2e-10))

    def _active(self, lone: LayerBench, x: Array) -> LayerBench | None:
        """Return the layer as it is while training, where that differs."""
        active = LayerBench(self.bench, lone.number, training=True)
        return active if active.differs_from_inference(x) else None

    def protocol(self) -> list[Check]:
        """Try the protocol of every layer, of each penalty, and of the loss."""
        checks, inputs, head = [], self.net.inputs(), self.model._head
        for lone, x in zip(self.lone, inputs, strict=False):
            checks += check_protocol(lone, x, self.net.rng)
            if active := self._active(lone, x):
                checks += check_protocol(active, x, self.net.rng)
                self.bench.reset(lone.layer)
        for penalty, weights in self.model._penalized:
            if weights:
                checks += check_penalty_protocol(penalty, weights[0].value, len(self.net.x))
        return checks + check_loss_protocol(LossTrial(head, inputs[-1], self.net.t, lambda: self.bench.reset(head)))

    def layers(self, synthetic: bool = False) -> list[Check]:
        """Check each layer alone, at its own input or at a synthetic one; and as it is while training, where that differs.

        At their own inputs the numeric gradient of the data loss is carried back on the way, as far as it goes element by element
        and no kink is met.
        """
        carried: Numeric | None = None
        self.note = self.net.choose_loss_step()
        if not synthetic:
            check, carried = self.net.check_loss(max(self.least, 4096))
            self.loss_checks.append(check)
        checks: list[Check] = []
        for lone, own in reversed(list(zip(self.lone, self.net.inputs(), strict=False))):
            i, x, rng = lone.number, own, self.net.rng
            if synthetic:
                x = synthetic_input(x, rng)
                if not _takes(lone, x):
                    lone.choose_step(own, rng)
                    continue
            within = carried if i < len(self.model._body) else None
            limit = max(self.least, self.limit(i))
            alone = self.alone[i] = check_alone(lone, x, rng, limit=limit, input_limit=None if i else self.limit(i), carried=within)
            found = alone.checks
            if within is not None:
                onward = alone.carried.pop("input", None)
                carried = None if any(check.kinks for check in found) else onward
                self.numeric.update({(i, name): numeric for name, numeric in alone.carried.items()})
            if active := self._active(lone, x):
                self.on[i] = check_alone(active, x, rng, limit=self.limit(i))
                found = found + self.on[i].checks
                self.bench.reset(lone.layer)
            checks = found + checks
        return self.loss_checks + checks

    def network(self) -> list[Check]:
        """Check each penalty alone, the data loss through the whole net, and the total."""
        net = self.net
        net.choose_step(self.lone)
        checks = []
        for index, penalty in enumerate(self.model.penalties):
            analytic, touched = net.penalty_gradient(index), net.penalized(index)
            numeric = {key: found for key in analytic if (found := net.penalty_numeric(index, key, max(self.least, 5000))) is not None}
            self.penalties.append((analytic, numeric))
            rows = net.check_term(str(penalty), net.penalty_value(index), analytic, [], numeric, net.penalty_step(index))
            checks += [check for key, check in zip(analytic, rows, strict=True) if check.verdict == "fail" or key in touched]
        data, noisy = net.data_gradient(), net.noisy_gradients()
        if self.kinks:
            return checks  # at a kink the objective has no gradient: the generic point decides
        checks += net.check_term("data", net.data_value, data, noisy, self.numeric)
        self.total = net.total_gradient()
        checks.append(net.check_value())
        return checks + net.check_term("total", net.total_value, self.total, shifted(noisy, data, self.total), self.total_numeric())

    def total_numeric(self) -> Numerics:
        """Return the numeric gradient of the total, where all of its terms are known element by element."""
        found = dict(self.numeric)
        for index, (_, numeric) in enumerate(self.penalties):
            for key in self.net.penalized(index):
                known = found.pop(key, None)
                if known is not None and key in numeric:
                    found[key] = known + numeric[key]
        return found

    def difference(self) -> float | None:
        """Return the course's number for the total, or None where not every element was computed."""
        numeric = self.total_numeric()
        return over_all(self.total, numeric) if self.total and set(numeric) == set(self.total) else None


def _takes(lone: LayerBench, x: Array) -> bool:
    """Return whether the input is within the layer's domain, and its backward takes a batch of that length."""
    try:
        y = lone.forward(x)
        lone.collect(np.zeros(y.shape))
    except Exception:
        return False
    return bool(np.isfinite(y).all())


def shifted(runs: list[Gradients], data: Gradients, total: Gradients) -> list[Gradients]:
    """Return noisy gradients of the total, given those of the data loss."""
    return [{key: run[key] + total[key] - data[key] for key in run} for run in runs]


def over_all(analytic: Gradients, numeric: Numerics) -> float:
    """Return the course's number for all parameters."""
    return difference(
        *(np.concatenate(list(map(np.ravel, side))) for side in (analytic.values(), (numeric[key].value for key in analytic)))
    )
