"""The formula of an optimizer: right ones follow it, wrong ones leave it at a step that is told."""

import numpy as np
import pytest

from minidl import (
    Adam,
    ArgumentError,
    GradientDescent,
    Momentum,
    Optimizer,
    ShapeError,
    StepDecay,
)
from minidl.testing.reference_steps import as_formula, why_not_as_formula


def adam(theta, gradient, step, state):
    m = state["m"] = 0.9 * state.get("m", 0.0) + 0.1 * gradient
    v = state["v"] = 0.999 * state.get("v", 0.0) + 0.001 * gradient**2
    m_hat, v_hat = m / (1 - 0.9**step), v / (1 - 0.999**step)
    return theta - 0.01 * m_hat / (np.sqrt(v_hat) + 1e-8)


class OtherAdam(Optimizer):
    """Adam written once more, with one mistake."""

    def __init__(self, mistake):
        super().__init__(0.01)
        self.mistake = mistake

    def init_state(self, theta):
        self.m, self.v = np.zeros_like(theta), np.zeros_like(theta)

    state_names = ("m", "v")

    def update(self, theta, grad):
        step = 1 if self.mistake == "counter" else self.step_count + 1
        beta2 = 0.9 if self.mistake == "beta2" else 0.999
        self.m = 0.9 * self.m + (1 - 0.9) * grad
        self.v = beta2 * self.v + (1 - beta2) * grad**2
        m_hat, v_hat = self.m / (1 - 0.9**step), self.v / (1 - beta2**step)
        root = v_hat if self.mistake == "root" else np.sqrt(v_hat)
        denominator = root + 1e-8
        if self.mistake == "epsilon":
            denominator = np.sqrt(v_hat + 1e-8)
        theta -= 0.01 * m_hat / denominator


def test_right_optimizers_follow_the_formula():
    assert why_not_as_formula(lambda: Adam(0.01), adam) is None
    assert why_not_as_formula(lambda: OtherAdam(""), adam) is None

    def decayed(theta, gradient, step, state):
        return theta - 0.1 * 0.5 ** ((step - 1) // 2) * gradient

    schedule = StepDecay(0.1, decay_steps=2, factor=0.5)
    assert why_not_as_formula(lambda: GradientDescent(schedule), decayed) is None


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("root", "step 1 moves element"),
        ("counter", "the first step agrees"),
        ("beta2", "the first step agrees"),
        ("epsilon", "step 1 moves element"),
    ],
)
def test_wrong_ones_leave_it(mistake, words):
    assert words in why_not_as_formula(lambda: OtherAdam(mistake), adam)


def test_a_reference_that_never_moves_has_no_factor():
    words = why_not_as_formula(
        lambda: GradientDescent(0.2), lambda theta, gradient, step, state: theta
    )
    assert words.endswith("by the reference 0; 16 of 16 elements differ")


def test_a_factor_is_told():
    words = why_not_as_formula(
        lambda: GradientDescent(0.2), lambda theta, gradient, step, state: theta - 0.1 * gradient
    )
    assert words.endswith("16 of 16 elements differ: all move 2 times as far")


def test_another_optimizer_is_a_formula():
    assert why_not_as_formula(lambda: OtherAdam(""), as_formula(lambda: Adam(0.01))) is None
    assert why_not_as_formula(lambda: OtherAdam(""), as_formula(lambda: Momentum(0.01)))


def test_what_is_no_formula_is_refused():
    for reference in (Adam(), 3, lambda: 3, lambda theta: theta):
        with pytest.raises(ArgumentError, match=r"pass def reference\(theta, gradient, step"):
            as_formula(reference)
    with pytest.raises(ArgumentError, match="reference must be a function, got 3: pass"):
        as_formula(3)
    with pytest.raises(ShapeError, match=r"shape \(16,\), got \(\)"):
        why_not_as_formula(lambda: Adam(), lambda theta, gradient, step, state: 1.0)
