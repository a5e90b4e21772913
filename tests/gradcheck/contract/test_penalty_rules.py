"""The protocol of losses and penalties."""

import numpy as np
import pytest

from minidl import (
    L1,
    L2,
    GradientChecker,
    Linear,
    MeanSquaredError,
    Sequential,
    Tanh,
)
from minidl.gradcheck.contract.penalty_rules import check_penalty_rules


class WritesInValue(L2):
    def value(self, weight, m):
        weight *= 1.0
        return super().value(weight, m)


class WritesInGradient(L2):
    def gradient(self, weight, m, out):
        super().gradient(weight, m, out)
        weight *= 1.0


class Adds(L2):
    def gradient(self, weight, m, out):
        out += self.strength / m * weight


class AnArray(L2):
    def value(self, weight, m):
        return self.strength / (2 * m) * weight**2


@pytest.mark.parametrize("penalty", [L1(0.1), L2(0.1), L2(0)])
def test_a_right_penalty_keeps_all_rules(penalty):
    assert all(
        check.verdict == "pass" for check in check_penalty_rules(penalty, np.ones((2, 3)), 5)
    )


@pytest.mark.parametrize(
    ("penalty", "rule"),
    [
        (WritesInValue(0.1), "weight untouched"),
        (WritesInGradient(0.1), "weight untouched"),
        (Adds(0.1), "out overwritten"),
        (AnArray(0.1), "one number"),
    ],
)
def test_a_broken_rule_of_a_penalty_is_named(penalty, rule):
    broken = [
        check
        for check in check_penalty_rules(penalty, np.ones((2, 3)), 5)
        if check.verdict == "fail"
    ]
    assert [check.parameter for check in broken] == [rule]
    assert str(penalty) in broken[0].location


@pytest.mark.parametrize(
    ("penalty", "rule"),
    [(WritesInGradient(0.1), "weight untouched"), (Adds(0.1), "out overwritten")],
)
def test_the_checker_tries_the_rules_of_penalties(penalty, rule):
    model = Sequential(
        [Linear(3, 2), Tanh(), Linear(2, 1)], loss=MeanSquaredError(), penalties=[penalty]
    )
    report = GradientChecker(model).check(np.eye(3), np.ones(3))
    assert rule in [check.parameter for check in report.failures if check.term == "protocol"]
