"""Mutation testing: injected bugs are found by a checker that can see, and the layers come back."""

import numpy as np
import pytest
from custom_parts import Gain
from helpers import rows

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    Dropout,
    Linear,
    Sequential,
    Sigmoid,
    Tanh,
)
from minidl.gradcheck import GradientChecker, check_model, mutation
from minidl.gradcheck.contract.layer_rules import LAYER_RULES
from minidl.gradcheck.layer_harness import LayerHarness
from minidl.gradcheck.mutation import MUTATIONS, SideEffectBug
from minidl.gradcheck.sandbox import ModelSandbox


def right_model():
    layers = [Linear(3, 4), Tanh(), Dropout(0.7), Linear(4, 4), Gain(4), Linear(4, 1), Sigmoid()]
    return Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1), L1(0.2)], dtype=np.float64
    )


@pytest.fixture
def patient(monkeypatch):
    """Let the injection take as long as it needs."""
    inject_bugs = mutation.inject_bugs
    monkeypatch.setattr(
        check_model, "inject_bugs", lambda *results: inject_bugs(*results, budget=10**12)
    )


@pytest.mark.usefixtures("patient")
def test_every_bug_injected_into_a_right_model_is_detected():
    report = GradientChecker(right_model()).check(*rows())
    detected, injected = report.mutation_score
    assert detected == injected > 80
    assert report.surviving_mutants == []
    assert f"{detected} of {injected} bugs injected into this model were detected" in str(report)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("is_replaced", [False, True])
def test_the_layers_come_back(is_replaced):
    model = right_model()
    backward = model.layers[3].backward
    if is_replaced:
        model.layers[3].backward = replaced = lambda dy: backward(dy)
    GradientChecker(model).check(*rows())
    for i, layer in enumerate(model.layers):
        assert ("backward" in vars(layer)) == (is_replaced and i == 3)
    if is_replaced:
        assert model.layers[3].backward is replaced


@pytest.mark.usefixtures("patient")
def test_surviving_mutants_of_a_blind_checker_are_named(monkeypatch):
    monkeypatch.setattr(mutation, "_is_distinguishable", lambda *_: False)
    report = GradientChecker(right_model()).check(*rows())
    detected, injected = report.mutation_score
    assert detected < injected
    assert len(report.surviving_mutants) == injected - detected
    for name in (
        "layer 3 Linear(4, 4) weight: transposed",
        "layer 0 Linear(3, 4) bias: a factor 1.001",
        "layer 1 Tanh() input: the wrong sign",
        "layer 4 Gain() gain: one element x 1.5",
        "L2(0.1) of layer 3: a factor 2",
        "L1(0.2) of layer 0: detached (zero)",
        "BinaryCrossEntropy(): 1/m missing",
    ):
        assert name in report.surviving_mutants
    assert f"    not detected: {report.surviving_mutants[0]}" in str(report)


@pytest.mark.usefixtures("patient")
def test_error_bars_without_end_show_survivors(monkeypatch):
    monkeypatch.setattr(
        mutation, "rounding_bar", lambda gradient, _: np.full(gradient.shape, np.inf)
    )
    report = GradientChecker(right_model()).check(*rows())
    assert all("of layer" in name for name in report.surviving_mutants)
    assert any(name.startswith("L2(0.1)") for name in report.surviving_mutants)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("does_not_accumulate", "accumulates"),
        ("arguments_untouched", "writes into dy"),
        ("gradients_overwritten", "leaves an element unwritten"),
    ],
)
def test_a_rule_that_sees_nothing_lets_its_bug_survive(monkeypatch, rule, words):
    blind = LAYER_RULES[rule]._replace(find_violation=lambda run: None)
    monkeypatch.setitem(LAYER_RULES, rule, blind)
    places = ("5 Linear(4, 1)", "4 Gain()", "3 Linear(4, 4)", "0 Linear(3, 4)")
    assert GradientChecker(right_model()).check(*rows()).surviving_mutants == [
        f"layer {place}: {words}" for place in places
    ]


@pytest.mark.usefixtures("patient")
def test_bugs_are_detected_by_probes_too(monkeypatch):
    monkeypatch.setattr("minidl.gradcheck.stages.layers._forward_call_limit", lambda harness, m: 0)
    detected, injected = GradientChecker(right_model()).check(*rows()).mutation_score
    assert detected == injected > 50


def test_a_failed_check_injects_nothing():
    model = right_model()
    right = model.layers[1].backward
    model.layers[1].backward = lambda dy: 2 * right(dy)
    report = GradientChecker(model).check(*rows())
    assert report.mutation_score is None
    assert not report.ok


def test_the_injection_ends_with_its_budget_whatever_the_clock_says(monkeypatch):
    inject_bugs = mutation.inject_bugs
    monkeypatch.setattr(
        check_model, "inject_bugs", lambda *results: inject_bugs(*results, budget=200_000)
    )
    model = right_model()
    reports = [GradientChecker(model).check(*rows()) for _ in range(2)]
    for report in reports:
        assert any("the injection of bugs was stopped" in note for note in report.notes)
        assert 0 < report.mutation_score[0] == report.mutation_score[1] < 80
    assert reports[0].mutation_score == reports[1].mutation_score


def test_what_changes_nothing_is_not_counted():
    """A gradient that is zero has no sign to be wrong."""
    zero = np.zeros((3, 3))
    assert all(
        mutation._is_distinguishable(mutate(zero.copy()), zero, zero, zero) is None
        for mutate in MUTATIONS.values()
    )


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_changes_a_general_gradient(name):
    gradient = np.random.default_rng(0).standard_normal((3, 3))
    before = gradient.copy()
    assert not np.array_equal(MUTATIONS[name](gradient), before)
    np.testing.assert_array_equal(gradient, before)


def test_a_loss_that_was_only_probed_has_no_mutants():
    assert mutation._is_distinguishable(np.ones(2), np.zeros(2), None, None) is None


def test_an_injected_bug_is_removed_at_once_also_when_it_raises():
    layer = Linear(2, 2)

    def fails(grad, old, dy):
        raise RuntimeError

    for custom_backward in (None, layer.backward):
        if custom_backward:
            layer.backward = custom_backward
        with ModelSandbox([layer]) as sandbox:
            harness, bug = LayerHarness(sandbox, 0), SideEffectBug("fails", "", fails)
            with pytest.raises(RuntimeError), mutation._injected(harness, bug):
                harness.gradients(np.ones((1, 2)), np.ones((1, 2)))
            assert vars(layer).get("backward") is custom_backward
