"""What is known of a wrong gradient of a pair: inputs, output, incoming gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ....utils.typing import Array
from ...diagnosis.activation_mistakes import DROPOUT_MISTAKES
from ...diagnosis.evidence import Candidate, are_close, constant_ratio
from ...diagnosis.function_candidates import function_candidates
from ...diagnosis.known_function import KnownFunction, VectorJacobian
from ...numeric.differences import ComplexStep, RichardsonDifference, Scheme
from ...numeric.function import Function, real_and_complex
from ...numeric.gradient import numeric_gradients
from ...result import Check
from ..budget import calls_per_element, default_budget
from .pair import FunctionPair, as_vector


class PairEvidence:
    """The source of evidence for the diagnosis of a pair at one point."""

    def __init__(
        self, pair: FunctionPair, values: Mapping[str, Array], budget: int | None = None
    ) -> None:
        self._pair, self._values = pair, dict(values)
        self._y = np.array(pair.output(values))
        self._dy = as_vector(pair.cotangents)
        size = self._y.size + sum(value.size for value in self._values.values())
        self._calls = default_budget(size) if budget is None else budget

    def of(self, check: Check) -> dict[str, Any]:
        """Return fields of `Evidence` for a failed check."""
        value, numeric = self._values[check.parameter], check.numeric
        if numeric is not None and check.block is not None:
            numeric = check.block.embed(numeric)
        factors = dict(self._pair.inputs.numbers)
        if self._dy.ndim:
            factors["m"] = float(len(self._dy))
        evidence: dict[str, Any] = {
            "factors": factors,
            "input": value if value.shape == self._y.shape else None,
            "parameter_value": None,
            "inputs": self._pair.inputs.values | self._values,
            "output": self._y,
            "cotangent": self._dy,
        }
        if evidence["input"] is not None and numeric is not None:
            with suppress(Exception):
                evidence["is_elementwise"] = self._is_elementwise(check, numeric)
        if not any(map(str.isdigit, check.parameter)):  # no layer of a net, but an input of its own
            evidence["later_error"] = ""
        if numeric is not None and numeric.shape == value.shape:
            with suppress(Exception):  # of a function that refuses what a diagnosis tries
                candidates = self._candidates(check, numeric)
                evidence["candidates"] = [c for c in candidates if not _is_factor(c, numeric)]
        return evidence

    @property
    def _has_batch(self) -> bool:
        """Whether the output and an input have rows, as many each."""
        arrays = self._pair.inputs.values | self._values
        return self._y.ndim > 1 and any(
            np.ndim(array) > 1 and len(array) == len(self._y) for array in arrays.values()
        )

    def _is_elementwise(self, check: Check, numeric: Array) -> bool:
        """Return whether zeros in dy give zeros at the same places, and nothing else changes."""
        mask = np.arange(self._dy.size).reshape(self._dy.shape) % 2
        found = self._vjp(check)([self._dy * mask], None, self._calls)
        return found is not None and are_close(found[0], numeric * mask)

    def _vjp(self, check: Check) -> VectorJacobian:
        """Return the numeric gradients of an array for other incoming gradients."""
        name, value = check.parameter, self._values[check.parameter]
        scheme: Scheme = RichardsonDifference()
        most = self._calls // calls_per_element(scheme)
        if check.method.startswith(ComplexStep.name):
            scheme, most = ComplexStep(), self._calls

        def vjp(cotangents: Sequence[Array], at: Array | None, limit: int) -> list[Array] | None:
            arrays = real_and_complex(value if at is None else at.reshape(value.shape))
            function = Function(
                lambda arithmetic: self._pair.output(self._values | {name: arrays[arithmetic]}),
                arrays,
            )
            rng = np.random.default_rng(0)
            gradients = numeric_gradients(function, cotangents, rng, scheme, min(limit, most))
            return None if gradients is None else [gradient.value for gradient in gradients]

        return vjp

    def _candidates(self, check: Check, numeric: Array) -> list[Candidate]:
        name, value = check.parameter, self._values[check.parameter]
        others = [array for other, array in self._pair.inputs.values.items() if other != name]
        numbers = [x for x in self._pair.inputs.numbers.values() if 0 < x < 1]
        known = KnownFunction(
            value,
            numeric,
            self._y,
            self._dy,
            self._vjp(check),
            inputs=[array for array in others if array.ndim] or [value],
            weights=others,
            has_several_outputs=len(self._pair.cotangents) > 1,
            keep_probs=[x for number in numbers for x in (number, 1 - number)],
            has_batch=self._has_batch,
        )
        return list(function_candidates(known))


def _is_factor(candidate: Candidate, numeric: Array) -> bool:
    """Return whether a mistake gives a multiple of the right gradient: the factor says more."""
    words, gradient = candidate
    is_known = words in (mistake.words for mistake in DROPOUT_MISTAKES)
    return not is_known and constant_ratio(gradient, numeric) is not None
