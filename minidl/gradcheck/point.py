"""All checks at one point in the space of the parameters: of the protocol, of each layer alone, and of the whole net."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import Array
from ..sequential import Sequential
from .jacobian import Numeric
from .layer_check import Alone, LayerBench, check_alone, synthetic_input
from .loss_protocol import LossTrial, check_loss_protocol
from .network import Gradients, Network, added
from .penalty_protocol import check_penalty_protocol
from .protocol import check_protocol
from .steps import Step
from .verdict import Check, difference
from .workbench import Workbench


class Point:
    """All derivative checks at one point in the space of the parameters."""

    def __init__(
        self,
        bench: Workbench,
        model: Sequential,
        x: Array,
        t: Array,
        rng: np.random.Generator,
        exhaustive: bool,
        steps: list[Step] | None = None,
        weight: Array | None = None,
    ) -> None:
        self.bench, self.model, self.x, self.t, self.rng = bench, model, x, t, rng
        self.exhaustive = exhaustive
        self.lone = [LayerBench(bench, i, training=False, step=None if steps is None else steps[i]) for i in range(len(model.layers))]
        self.net = Network(bench, model, x, t, rng, self.lone, weight)
        self.alone: dict[int, Alone] = {}
        self.on: dict[int, Alone] = {}
        self.numeric: dict[Any, Numeric] = {}
        self.data: Gradients = {}
        self.total: Gradients = {}
        self.noisy: list[Gradients] = []
        self.penalties: list[tuple[Gradients, dict[Any, Numeric]]] = []
        self.loss_checks: list[Check] = []
        self.note = ""

    @property
    def kinks(self) -> int:
        """How many elements of the layers' derivatives sit on a kink."""
        return sum(check.kinks for alone in self.alone.values() for check in alone.checks)

    def not_complex_safe(self) -> list[str]:
        """Return why central differences were taken, for each layer or loss where they were."""
        return sorted({self.note, *(alone.note for alone in self.alone.values())} - {""})

    def inputs(self) -> list[Array]:
        """Return the input of every layer."""
        inputs = self.net.inputs()
        if len(inputs) < len(self.model.layers):
            inputs.append(np.array(self.lone[len(inputs) - 1].forward(inputs[-1])))
        return inputs

    def limit(self, i: int) -> int:
        """Return how many forward calls of layer `i` a default check may spend: about a tenth of a second."""
        size = sum(parameter.size for (layer, _), parameter in self.bench.parameters.items() if layer == i)
        return int(0.1 / (2e-5 + len(self.x) * max(size, 100) * 2e-10))

    def protocol(self) -> list[Check]:
        """Try the protocol of every layer, once more while training where that makes a difference, of each penalty, and of the loss."""
        checks = []
        for lone, x in zip(self.lone, self.inputs(), strict=False):
            checks += check_protocol(lone, x, self.rng)
            active = LayerBench(self.bench, lone.number, training=True)
            if active.differs_from_inference(x):
                checks += check_protocol(active, x, self.rng)
                self.bench.reset(lone.layer)
        for penalty, weights in self.model._penalized:
            if weights:
                checks += check_penalty_protocol(penalty, weights[0].value, len(self.x))
        head = self.model._head
        return [*checks, *check_loss_protocol(LossTrial(head, self.net.logits(), self.t, lambda: self.bench.reset(head)))]

    def layers(self, synthetic: bool = False) -> list[Check]:
        """Check each layer alone, at its own input or at a synthetic one; and as it is while training, where that differs.

        At their own inputs the layers are taken from the last to the first, and the numeric gradient of the data loss is carried
        back on the way, as far as it goes element by element and no kink is met.
        """
        v: Numeric | None = None
        self.note = self.net.choose_loss_step()
        if not synthetic:
            loss_check, v = self.net.loss_gradient(10**9 if self.exhaustive else 4096)
            self.loss_checks.append(loss_check)
        rows: list[list[Check]] = []
        inputs = self.inputs()
        for lone in reversed(self.lone):
            i, x = lone.number, inputs[lone.number]
            if synthetic:
                x = synthetic_input(x, self.rng)
                if not self._takes(lone, x):
                    lone.choose_step(inputs[i], self.rng)
                    continue
            within = v if i < len(self.model._body) else None
            limit = 10**9 if self.exhaustive else self.limit(i)
            alone = check_alone(lone, x, self.rng, limit=limit, input_limit=self.limit(i) if i == 0 else limit, carried=within)
            self.alone[i] = alone
            rows.append(list(alone.checks))
            if within is not None:
                self.numeric.update({(i, name): found for name, found in alone.carried.items() if name != "input"})
                kinked = any(check.kinks for check in alone.checks)
                v = None if kinked else alone.carried.get("input")
            active = LayerBench(self.bench, i, training=True)
            if active.differs_from_inference(x):
                self.on[i] = on = check_alone(active, x, self.rng, limit=self.limit(i))
                rows[-1] += on.checks
                self.bench.reset(lone.layer)
        return [*self.loss_checks, *(check for layer in reversed(rows) for check in layer)]

    @staticmethod
    def _takes(lone: LayerBench, x: Array) -> bool:
        """Return whether the input is within the layer's domain, and its backward takes a batch of that length."""
        try:
            y = lone.forward(x)
            lone.collect(np.zeros(y.shape))
        except Exception:
            return False
        return bool(np.isfinite(y).all())

    def network(self) -> list[Check]:
        """Check each penalty alone, the data loss through the whole net, and the total."""
        net, model = self.net, self.model
        net.choose_step()
        checks = []
        big = 10**9 if self.exhaustive else 5000
        for index, penalty in enumerate(model.penalties):
            analytic = net.penalty_gradient(index)
            numeric = {key: found for key in analytic if (found := net.penalty_numeric(index, key, big)) is not None}
            self.penalties.append((analytic, numeric))
            rows = net.compare_term(str(penalty), net.penalty_value(index), analytic, [], numeric, step=net.penalty_step(index))
            touched = {id(parameter) for parameter in model._penalized[index][1]}
            checks += [c for c in rows if c.verdict == "fail" or id(self.bench.parameters[c.layer or 0, c.parameter]) in touched]
        self.data, self.noisy = net.data_gradient(), net.noisy_gradients()
        if self.kinks:
            return checks  # at a kink the objective has no gradient: the generic point decides
        checks += net.compare_term("data", net.data_value, self.data, self.noisy, self.numeric)
        self.total = net.total_gradient()
        checks.append(net.value_check())
        noisy = [{key: run[key] + self.total[key] - self.data[key] for key in run} for run in self.noisy]
        checks += net.compare_term("total", net.total_value, self.total, noisy, self.total_numeric())
        return checks

    def total_numeric(self) -> dict[Any, Numeric]:
        """Return the numeric gradient of the total, where all of its terms are known element by element."""
        found = dict(self.numeric)
        for index, (_, numeric) in enumerate(self.penalties):
            touched = {id(parameter) for parameter in self.model._penalized[index][1]}
            for key in list(found):
                if id(self.bench.parameters[key]) not in touched:
                    continue
                if key in numeric:
                    found[key] = added({key: found[key]}, numeric)[key]
                else:
                    del found[key]
        return found

    def difference(self) -> float | None:
        """Return the course's number for the total, or None where not every element was computed."""
        numeric = self.total_numeric()
        if not self.total or set(numeric) != set(self.total):
            return None
        return difference(flat(self.total), np.concatenate([numeric[key].value.ravel() for key in self.total]))


def flat(gradients: Gradients) -> Array:
    """Return all gradients as one vector."""
    return np.concatenate([gradient.ravel() for gradient in gradients.values()]) if gradients else np.zeros(0)
