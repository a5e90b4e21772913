"""Each penalty alone, by elements where it is a sum and else by probes."""

from dataclasses import replace

import numpy as np
import pytest
from custom_parts import Ring
from helpers import classifier, rows
from stage_context import context_of

from minidl import L1, L2, BinaryCrossEntropy, Linear, Sequential, Sigmoid, Tanh
from minidl.gradcheck.numeric.differences import ComplexStep, RichardsonDifference
from minidl.gradcheck.stages.penalties import (
    _noisy_gradients,
    check_penalties,
    penalty_gradients,
)
from minidl.gradcheck.terms import check_term, choose_term_scheme
from minidl.penalties import Penalty


def test_a_penalty_is_shown_for_what_it_acts_on():
    layers = [Linear(3, 4), Tanh(), Linear(4, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1, layers=[2])])
    with context_of(model, *rows()) as context:
        checks = check_penalties(context).checks
    assert [(c.layer, c.parameter) for c in checks] == [(2, "weight")]


@pytest.mark.parametrize("penalty", [L2(0.3), L1(0.3), L2(0.3, layers=[2])])
def test_the_elements_of_a_penalty_are_asked_one_at_a_time(penalty, monkeypatch):
    with context_of(classifier(penalties=[penalty]), *rows()) as context:
        keys, analytic, numeric = penalty_gradients(context, 0)
        assert isinstance(choose_term_scheme(context, str(penalty), keys), ComplexStep)
        monkeypatch.setattr("minidl.gradcheck.stages.penalties.PENALTY_ELEMENTS", 3)
        assert penalty_gradients(context, 0).numeric == {}  # too large
    expected = {(2, "weight")} if penalty.layers else {(0, "weight"), (2, "weight")}
    assert set(numeric) == set(keys) == expected
    for key, gradient in numeric.items():
        np.testing.assert_allclose(gradient.value, analytic[key], rtol=1e-14)


class Lengths(Penalty):
    """The lengths of the rows: no sum over elements, and with a norm, which is not complex-safe."""

    def value(self, weight, m):
        return self.strength * np.linalg.norm(weight, axis=1).sum()

    def gradient(self, weight, m, out):
        out[...] = self.strength * weight / np.linalg.norm(weight, axis=1, keepdims=True)


@pytest.mark.parametrize("penalty", [Lengths(0.3), Ring(0.3)])
def test_a_penalty_that_is_no_sum_over_elements_is_asked_as_a_whole(penalty):
    with context_of(classifier(penalties=[penalty]), *rows()) as context:
        keys, analytic, numeric = penalty_gradients(context, 0)
        assert numeric == {}
        scheme = choose_term_scheme(context, str(penalty), keys)
        kind = RichardsonDifference if isinstance(penalty, Lengths) else ComplexStep
        assert isinstance(scheme, kind)
        checks = check_term(context, str(penalty), analytic, [], {}, scheme)
    assert {check.verdict for check in checks.values()} == {"pass"}


def test_a_penalty_that_refuses_complex_numbers_gets_central_differences():
    class Real(L2):
        def value(self, weight, m):
            return float(np.sum(weight**2)) * self.strength / (2 * m)

    with context_of(classifier(penalties=[Real(0.3)]), *rows()) as context:
        keys = penalty_gradients(context, 0).keys
        assert isinstance(choose_term_scheme(context, "Real(0.3)", keys), RichardsonDifference)


def test_a_penalty_on_nothing_gets_central_differences():
    penalty = L2(0.3, layers=[1])
    with context_of(classifier(penalties=[penalty]), *rows()) as context:
        keys = penalty_gradients(context, 0).keys
        assert keys == []
        assert isinstance(choose_term_scheme(context, str(penalty), keys), RichardsonDifference)


def test_a_penalty_whose_terms_cancel_passes():
    """The gradient of one element is the sum of its neighbours, here 1e-9 of their size."""
    model = classifier(penalties=[Ring(0.3)])
    weight = model.layers[0].weight
    value = np.array(weight.value)
    value.flat[2] = -value.flat[0] * (1 + 1e-9)
    weight.value = value
    for seed in range(10):
        with context_of(model, *rows()) as context:
            checks = check_penalties(replace(context, rng=np.random.default_rng(seed))).checks
        assert {check.verdict for check in checks} == {"pass"}


def test_noise_on_a_penalty_is_drawn_apart():
    draws = []
    for penalty in (L2(0.3), Ring(0.3)):
        with context_of(classifier(penalties=[penalty]), *rows()) as context:
            _noisy_gradients(context, 0)
            draws.append(context.rng.random())
    assert draws[0] == draws[1] == np.random.default_rng(0).random()
