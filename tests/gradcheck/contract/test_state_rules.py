"""What a layer keeps in attributes that are no buffers is found, and named with its cure."""

import numpy as np
import pytest
from rule_violations import broken
from stateful_layers import (
    HARMLESS,
    STATEFUL,
    ArrayInPlace,
    DrawsGlobally,
    FailsBefore,
    KeepsABuffer,
    NeverTwiceTheSame,
    NotANumber,
    ReplacedArray,
    WithAChild,
)

from minidl import Dropout, GradientChecker, Linear, MeanSquaredError, Residual, Sequential
from minidl.testing import check_layer

RULE = "no state but buffers"
X = np.random.default_rng(0).standard_normal((5, 2))


def violations(report):
    return {
        check.path: check.diagnosis
        for check in report.failures
        if (check.term, check.parameter) == ("protocol", RULE)
    }


@pytest.mark.parametrize("layer_class", STATEFUL)
def test_each_kind_of_attribute_is_named_with_the_cure(layer_class):
    layer = layer_class()
    if layer_class is FailsBefore:
        layer.observe(X)  # a layer that fails cannot be checked
    violation = broken(layer, X)[RULE]
    names = STATEFUL[layer_class]
    assert f"because of {' and '.join(map(repr, names))}, which would never be" in violation
    assert f"write self.{names[0]} = Buffer(" in violation


@pytest.mark.parametrize(
    "layer_class", [c for c in HARMLESS if c not in (DrawsGlobally, NeverTwiceTheSame, NotANumber)]
)
def test_what_no_output_depends_on_keeps_the_rule(layer_class):
    layer = layer_class()
    if layer.stochastic:
        layer.rng = np.random.default_rng(0)
    assert RULE not in broken(layer, X)


def test_what_raises_in_training_is_left_to_other_rules():
    class Raises(ArrayInPlace):
        def observe(self, x):
            raise RuntimeError

    assert RULE not in broken(Raises(), X)


@pytest.mark.parametrize("calls_before", [0, 1, 3])
def test_a_layer_alone_is_checked_whatever_it_has_seen_and_given_back(calls_before):
    layer = ArrayInPlace()
    for _ in range(calls_before):
        layer.forward(X, training=True)
    mean = layer.mean.copy()
    assert list(violations(check_layer(layer, X))) == ["0"]
    np.testing.assert_array_equal(layer.mean, mean)
    assert violations(check_layer(KeepsABuffer(), X)) == {}


def test_a_model_is_checked_at_each_place():
    layers = [Linear(2, 2), Residual(WithAChild(), Dropout(0.5)), ReplacedArray(), Linear(2, 1)]
    model = Sequential(layers, loss=MeanSquaredError(), seed=1)
    report = GradientChecker(model).check(X, np.ones((5, 1)))
    found = violations(report)
    assert set(found) == {"1", "1.body", "1.body.0", "1.body.0.steps.1", "2"}
    assert "because of 'mean' of its layer body.0.steps.1," in found["1"]
    assert "because of 'mean'," in found["1.body.0.steps.1"]
    caused_by = {
        check.path: check.caused_by for check in report.failures if check.parameter == RULE
    }
    assert caused_by["1"] == "layer 1.body.0.steps.1 alone"
