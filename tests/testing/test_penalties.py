"""check_penalty: right penalties pass, and each mistake is found."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minidl import (
    L1,
    L2,
    ArgumentError,
    Penalty,
)
from minidl.testing import check_penalty

X = np.random.default_rng(0).standard_normal((5, 3))


def failed(report):
    return {check.parameter for check in report.failures}


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([L1, L2]),
    st.sampled_from([0.0, 1e-3, 0.7, 100.0]),
    st.integers(1, 100),
)
def test_right_penalties_pass(seed, kind, strength, m):
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal(tuple(rng.integers(1, 5, rng.integers(1, 4)))) * rng.integers(0, 2)
    report = check_penalty(kind(strength), weight, m)
    assert report.ok, report
    assert report.difference < 1e-13


class BrokenPenalty(L2):
    def __init__(self, fault):
        super().__init__(0.5)
        self.fault = fault

    def value(self, weight, m):
        if self.fault == "writes weight":
            weight *= 1.0
        if self.fault == "rows":
            return (weight**2).sum(axis=1)
        return super().value(weight, m)

    def gradient(self, weight, m, out):
        if self.fault == "adds":
            out += self.strength / m * weight
            return
        super().gradient(weight, m, out)
        if self.fault == "forgets a row":
            out[0] = np.nan
        elif self.fault == "no m":
            out *= m
        elif self.fault == "double":
            out *= 2
        elif self.fault == "sign of weight":
            np.sign(weight, out=out)


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("writes weight", "weight untouched"),
        ("rows", "one number"),
        ("adds", "out overwritten"),
        ("forgets a row", "out overwritten"),
        ("no m", "weight"),
        ("double", "weight"),
        ("sign of weight", "weight"),
    ],
)
def test_each_fault_of_a_penalty_is_found(fault, rule):
    weight = X.copy()
    report = check_penalty(BrokenPenalty(fault), weight)
    assert rule in failed(report), report
    assert report.failures[0].diagnosis
    np.testing.assert_array_equal(weight, X)


def test_a_penalty_that_is_right_at_zero_alone_is_found_at_a_point_nearby():
    report = check_penalty(BrokenPenalty("double"), np.zeros((2, 2)))
    assert failed(report) == {"weight (a point nearby)"}


def test_what_is_no_penalty_is_refused():
    with pytest.raises(ArgumentError, match="Penalty"):
        check_penalty(0.1, X)
    assert issubclass(L2, Penalty)
