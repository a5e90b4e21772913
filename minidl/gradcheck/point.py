"""A model at one point in the space of its parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..batching.batch import Batch
from ..objective import Objective
from ..utils.typing import Array
from .constants import EPS, NOISE_SAFETY, NOISY_RUNS, PROBES, RELATIVE_NOISE
from .contract.layer_rules import check_layer_rules
from .contract.loss_rules import LossRun, check_loss_rules
from .contract.penalty_rules import check_penalty_rules
from .layer_harness import LayerHarness, LayerResult, check_layer_gradients, synthetic_input
from .numeric.differences import ComplexStep, RichardsonDifference, Scheme
from .numeric.function import Function, Rng, real_and_complex
from .numeric.gradient import numeric_gradients, separable_gradient
from .numeric.numeric_gradient import NumericGradient
from .result import Check, relative_error
from .rounding.compare import compare, rounding_bar
from .rounding.noise import (
    gradient_flow_noise,
    noisy_gradient,
    noisy_run_count,
    perturb_inplace,
    ulp_noise,
)
from .rounding.probes import check_directions
from .sandbox import ModelSandbox, ParameterKey

Gradients = dict[ParameterKey, Array]


Numerics = dict[ParameterKey, NumericGradient]


ONE = np.ones(())


@dataclass
class Point:
    """All checks at one point; a term is "data", "total" or a penalty's name."""

    bench: ModelSandbox
    model: Objective
    x: Array
    t: Array
    rng: Rng
    weight: Array | None = None
    least: int = 0  # forward calls allowed in any case
    steps: Sequence[Scheme | None] = ()
    step: Scheme = field(default_factory=ComplexStep)
    loss_step: Scheme = field(default_factory=ComplexStep)
    unit: float = 0.0
    trained: Any = np.nan
    note: str = ""
    alone: dict[tuple[int, bool], LayerResult] = field(default_factory=dict)
    numeric: Numerics = field(default_factory=dict)
    total: Gradients = field(default_factory=dict)
    penalties: dict[str, tuple[Gradients, Numerics]] = field(default_factory=dict)
    loss_checks: list[Check] = field(default_factory=list)

    def __post_init__(self) -> None:
        steps = self.steps or [None] * len(self.model.layers)
        self.lone = [
            LayerHarness(self.bench, i, training=False, step=step) for i, step in enumerate(steps)
        ]
        self.numbers = {str(penalty): number for number, penalty in enumerate(self.model.penalties)}

    def value(self, term: str, x: Array) -> Any:
        """Return a term of the objective."""
        if term in self.numbers:
            return self.model.penalty_value(self.numbers[term], len(x))
        return (
            self.model.data_loss(Batch(x, self.t, self.weight)).value
            if term == "data"
            else self.model.terms(Batch(x, self.t, self.weight))[term]
        )

    def loss(self, z: Array) -> Array:
        """Return the data loss of outputs."""
        return np.asarray(self.model.loss_from_output(z, self.t, self.weight))

    def inputs(self) -> list[Array]:
        """Return the input of each layer, and what the loss sees."""
        self.bench.use("real")
        z = self.x
        found = [np.array(z)]
        for layer in self.model.layers_before_loss:
            z = layer.forward(z)
            found.append(np.array(z))
        return found

    def penalized(self, term: str) -> list[ParameterKey]:
        """Return the parameters that a penalty acts on."""
        touched = {
            id(parameter) for parameter in self.model.penalized_parameters(self.numbers[term])
        }
        return [key for key, parameter in self.bench.parameters.items() if id(parameter) in touched]

    def gradient(self, term: str) -> Gradients:
        """Return the gradient of a term."""
        self._fill(0.0 if term in self.numbers else np.nan)
        if term in self.numbers:
            self.model.add_penalty_gradient(self.numbers[term], len(self.x))
        elif term == "total":
            self.trained, _ = self.model.value_and_gradient(Batch(self.x, self.t, self.weight))
        else:
            self.value(term, self.x)
            self.model.backward(self.weight)
        return self._collect()

    def _fill(self, blank: float) -> None:
        self.bench.use("real")
        for parameter in self.bench.parameters.values():
            parameter.grad.fill(blank)

    def _collect(self) -> Gradients:
        return {key: parameter.grad.copy() for key, parameter in self.bench.parameters.items()}

    def noisy_gradients(self) -> list[Gradients]:
        """Return gradients of the data loss under noise on all that flows."""
        runs, losses = [], []
        for _ in range(noisy_run_count(self.model.parameters.size)):
            with self.bench.shaken(self.bench.parameters, self.rng):
                self._fill(np.nan)
                losses.append(self._noisy_pass())
            runs.append(
                {
                    key: noisy_gradient(gradient, self.rng)
                    for key, gradient in self._collect().items()
                }
            )
        # The loss's own rounding.
        spread = max(losses) - min(losses)
        self.unit = (
            max(1.0, NOISE_SAFETY / RELATIVE_NOISE / 16 * spread) if np.isfinite(spread) else np.inf
        )
        return runs

    def _noisy_pass(self) -> float:
        z = ulp_noise(self.x, self.rng)
        for layer in self.model.layers_before_loss:
            z = layer.forward(z)
            perturb_inplace(z, self.rng)
        loss = float(self.loss(z))
        dy: Any = self._noisy_slope()
        for layer in reversed(self.model.layers_before_loss[self.model.first_trainable :]):
            before, dy = dy, layer.backward(dy)
            if dy is not None:
                dy = ulp_noise(dy, self.rng) + (
                    gradient_flow_noise(before, self.rng) if dy.shape == before.shape else 0.0
                )
        return loss

    def _noisy_slope(self) -> Array:
        dy = self.model.loss_backward(self.weight)
        return ulp_noise(dy, self.rng) + RELATIVE_NOISE / len(self.x) * self.rng.uniform(
            -1, 1, dy.shape
        )

    def subject(self, term: str, key: ParameterKey) -> Function:
        """Return a term as a function of one parameter."""
        inputs = real_and_complex(self.x)

        def f(kind: str) -> Array:
            self.bench.use(kind)
            return np.asarray(self.value(term, inputs[kind]))

        return Function(f, self.bench.arrays(key))

    def loss_subject(self) -> Function:
        """Return the loss as a function of outputs."""
        arrays = real_and_complex(self.inputs()[-1])
        return Function(lambda kind: self.loss(arrays[kind]), arrays)

    def choose_loss_step(self) -> None:
        """Fall back to central differences for the loss if need be."""
        if self.loss_subject().why_not_complex_safe(
            "prediction", self.rng, RichardsonDifference(internal_scale=1.0)
        ):
            self.loss_step = RichardsonDifference(internal_scale=1.0)
            self.note = f"central differences, as the loss {self.model.loss} is not complex-safe"

    def choose_step(self) -> None:
        """Take the complex step for the whole net if every part is complex-safe."""
        steps = [
            self.loss_step,
            *(lone.step for lone in self.lone[: len(self.model.layers_before_loss)]),
        ]
        self.step = (
            ComplexStep()
            if all(isinstance(step, ComplexStep) for step in steps)
            else RichardsonDifference(internal_scale=1.0)
        )

    def penalty_step(self, term: str) -> Scheme:
        """Return the complex step if the penalty is complex-safe, else central differences."""
        keys = self.penalized(term)
        return (
            ComplexStep()
            if keys
            and not self.subject(term, keys[0]).why_not_complex_safe(
                "weight", self.rng, RichardsonDifference()
            )
            else RichardsonDifference()
        )

    def penalty_numeric(self, term: str, limit: int) -> Numerics:
        """Return the numeric gradients of a penalty that are known by elements."""
        penalty, found = self.model.penalties[self.numbers[term]], {}
        for key in self.penalized(term):
            arrays = self.bench.arrays(key)
            if arrays["real"].size <= limit and (
                known := separable_gradient(
                    lambda array: penalty.value(array, len(self.x)), arrays, self.rng
                )
            ):
                found[key] = known
        return found

    def check_value(self) -> Check:
        """Check the value that training reported."""
        check = Check(None, "total", "value", component="value_and_gradient", elements=1)
        self.bench.use("real")
        value, trained = float(self.value("total", self.x)), float(self.trained)
        gap, scale = abs(trained - value), abs(trained) + abs(value)
        check.difference = gap / scale if scale > 0 else 0.0
        if np.isfinite(value) and not gap <= 1e-12 * scale + EPS * self.unit:
            check.verdict = "fail"
            check.worst = {"analytic": trained, "numeric": value, "bar": 1e-12 * scale}
            check.diagnosis = f"training reports an objective of {trained:.9g}, but its terms add up to {value:.9g}"
        return check

    def check_loss(self, limit: int) -> tuple[Check, NumericGradient | None]:
        """Check the loss alone; return its numeric gradient, too."""
        subject = self.loss_subject()
        z, noisy = subject.arrays["real"], []
        self.loss(z)
        analytic = np.array(self.model.loss_backward(self.weight))
        for _ in range(NOISY_RUNS):
            self.loss(ulp_noise(z, self.rng))
            noisy.append(self._noisy_slope())
        context = {"prediction": z.copy(), "target": self.t}
        if self.weight is not None:
            context["sample_weight"] = self.weight
        check = Check(None, "data", "prediction", component=str(self.model.loss), context=context)
        found = numeric_gradients(subject, [ONE], self.rng, self.loss_step, limit)
        if analytic.shape != z.shape:
            check.verdict, check.difference, check.diagnosis = (
                "fail",
                1.0,
                f"its gradient has shape {analytic.shape}, the output {z.shape}",
            )
        elif found is not None:
            return compare(check, analytic, found[0], rounding_bar(analytic, noisy)), found[0]
        else:
            check_directions(check, subject, self.loss_step, analytic, noisy, self.rng, ONE)
        return check, None

    def check_term(
        self,
        term: str,
        analytic: Gradients,
        noisy: list[Gradients],
        numeric: Numerics,
        step: Scheme | None = None,
    ) -> dict[ParameterKey, Check]:
        """Check a term for each parameter: by the elements that are known, and by probes."""
        checks = {}
        step = step or self.step
        # Central differences of a deep net are no witness: kinks lie too close.
        witness = "" if isinstance(step, RichardsonDifference) else "fail"
        if isinstance(step, RichardsonDifference):
            step = RichardsonDifference(internal_scale=max(step.internal_scale, self.unit))
        for key, gradient in analytic.items():
            check, probed = (
                Check(key[0], term, key[1], component=str(self.model.layers[key[0]]))
                for _ in range(2)
            )
            runs, known = [run[key] for run in noisy], numeric.get(key)
            count = PROBES if known is None and term != "total" else 1
            check_directions(
                probed, self.subject(term, key), step, gradient, runs, self.rng, ONE, count
            )
            if known is None:
                check = probed
            elif (
                compare(check, gradient, known, rounding_bar(gradient, runs)).verdict == "pass"
                and probed.verdict == witness
            ):
                check = probed
                check.diagnosis = "every layer's derivative agrees, but the objective as a whole does not: is a layer skipped?"
            checks[key] = check
        return checks

    @property
    def kinks(self) -> int:
        """How many elements sit on a kink."""
        return sum(
            check.kinks
            for (_, training), alone in self.alone.items()
            for check in alone.checks
            if not training
        )

    def not_complex_safe(self) -> list[str]:
        """Return why central differences were taken."""
        return sorted({self.note, *(alone.note for alone in self.alone.values())} - {""})

    def limit(self, i: int) -> int:
        """Return how many forwards of layer `i` take about 0.1 s."""
        size = sum(parameter.size for parameter in self.lone[i].parameters.values())
        return int(0.1 / (2e-5 + len(self.x) * max(size, 100) * 2e-10))

    def _active(self, lone: LayerHarness, x: Array) -> LayerHarness | None:
        active = LayerHarness(self.bench, lone.number, training=True)
        return active if active.differs_from_inference(x) else None

    def protocol(self) -> list[Check]:
        """Try the protocol of each part."""
        checks, inputs, head = [], self.inputs(), self.model.training_loss
        for lone, x in zip(self.lone, inputs, strict=False):
            checks += check_layer_rules(lone, x, self.rng)
            if active := self._active(lone, x):
                checks += check_layer_rules(active, x, self.rng)
                self.bench.reset(lone.layer)
        for index, penalty in enumerate(self.model.penalties):
            weights = self.model.penalized_parameters(index)
            if weights:
                checks += check_penalty_rules(penalty, weights[0].value, len(self.x))
        return checks + check_loss_rules(
            LossRun(head, inputs[-1], self.t, lambda: self.bench.reset(head))
        )

    def layers(self, synthetic: bool = False) -> list[Check]:
        """Check each layer alone, and carry the loss's numeric gradient back, up to a kink."""
        carried: NumericGradient | None = None
        self.choose_loss_step()
        if not synthetic:
            check, carried = self.check_loss(max(self.least, 4096))
            self.loss_checks.append(check)
        checks: list[Check] = []
        for lone, own in reversed(list(zip(self.lone, self.inputs(), strict=False))):
            i, x, rng = lone.number, own, self.rng
            if synthetic:
                x = synthetic_input(x, rng)
                if not _takes(lone, x):
                    lone.choose_step(own, rng)
                    continue
            within = carried if i < len(self.model.layers_before_loss) else None
            limit = max(self.least, self.limit(i))
            alone = self.alone[i, False] = check_layer_gradients(
                lone, x, rng, limit=limit, input_limit=None if i else self.limit(i), carried=within
            )
            found = alone.checks
            if within is not None:
                onward = alone.carried.pop("input", None)
                carried = None if any(check.kinks for check in found) else onward
                self.numeric |= {(i, name): numeric for name, numeric in alone.carried.items()}
            if active := self._active(lone, x):
                self.alone[i, True] = check_layer_gradients(active, x, rng, limit=self.limit(i))
                found = found + self.alone[i, True].checks
                self.bench.reset(lone.layer)
            checks = found + checks
        return self.loss_checks + checks

    def network(self) -> list[Check]:
        """Check each term of the objective."""
        self.choose_step()
        checks = []
        for term in self.numbers:
            analytic, numeric = self.penalties[term] = (
                self.gradient(term),
                self.penalty_numeric(term, max(self.least, 5000)),
            )
            rows = self.check_term(term, analytic, [], numeric, self.penalty_step(term))
            checks += [
                check
                for key, check in rows.items()
                if check.verdict == "fail" or key in self.penalized(term)
            ]
        data, noisy = self.gradient("data"), self.noisy_gradients()
        if self.kinks:
            return checks  # the generic point decides
        checks += self.check_term("data", data, noisy, self.numeric).values()
        self.total = self.gradient("total")
        checks.append(self.check_value())
        return [
            *checks,
            *self.check_term(
                "total", self.total, shifted(noisy, data, self.total), self.total_numeric()
            ).values(),
        ]

    def total_numeric(self) -> Numerics:
        """Return the numeric gradient of the total, where it is known by elements."""
        found = dict(self.numeric)
        for term, (_, numeric) in self.penalties.items():
            for key in self.penalized(term):
                known = found.pop(key, None)
                if known is not None and key in numeric:
                    found[key] = known + numeric[key]
        return found

    def difference(self) -> float | None:
        """Return the course's number for the total, if every element is known."""
        numeric = self.total_numeric()
        return (
            over_all(self.total, numeric)
            if self.total and set(numeric) == set(self.total)
            else None
        )


def _takes(lone: LayerHarness, x: Array) -> bool:
    """Return whether the layer takes such an input."""
    try:
        y = lone.forward(x)
        lone.collect(np.zeros(y.shape))
    except Exception:
        return False
    return bool(np.isfinite(y).all())


def shifted(runs: list[Gradients], data: Gradients, total: Gradients) -> list[Gradients]:
    """Return noisy gradients of the total."""
    return [{key: run[key] + total[key] - data[key] for key in run} for run in runs]


def over_all(analytic: Gradients, numeric: Numerics) -> float:
    """Return the course's number for all parameters."""
    pairs = [(gradient.ravel(), numeric[key].value.ravel()) for key, gradient in analytic.items()]
    return relative_error(*map(np.concatenate, zip(*pairs, strict=True)))
