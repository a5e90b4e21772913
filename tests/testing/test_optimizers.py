"""check_optimizer: right optimizers pass, and each mistake is found."""

import numpy as np
import pytest

from minidl import (
    Adam,
    ArgumentError,
    GradientDescent,
    Momentum,
    Optimizer,
)
from minidl.testing import check_optimizer


def failed(report):
    return {check.parameter for check in report.failures}


@pytest.mark.parametrize(
    "make",
    [
        lambda: GradientDescent(0.1),
        lambda: GradientDescent(0.01),
        lambda: GradientDescent(1.0),
        lambda: Momentum(0.1),
        lambda: Momentum(0.05, beta=0.5),
        lambda: Adam(0.1),
        lambda: Adam(0.01),
        lambda: Adam(),
    ],
)
def test_right_optimizers_pass(make):
    report = check_optimizer(make)
    assert report.ok, report
    assert {check.term for check in report.checks} == {"protocol"}
    assert len(report.checks) == 7


class BrokenOptimizer(GradientDescent):
    state_names = ("total", "sum")

    def __init__(self, fault):
        super().__init__(0.1)
        self.fault = fault
        self.sum = None
        self.rng = np.random.default_rng()

    def init_state(self, theta):
        super().init_state(theta)
        self.total = np.zeros_like(theta)
        self._hidden = 0
        if self.sum is None or self.fault != "keeps its state":
            self.sum = 1.0

    def update(self, theta, grad):
        self.sum *= 0.5
        if self.fault == "copies":
            theta = theta.copy()
        elif self.fault == "writes the gradient":
            grad *= 1.0
        elif self.fault == "uphill":
            grad = -grad
        elif self.fault == "by chance":
            grad = grad * self.rng.uniform(0.5, 1.5, grad.shape)
        elif self.fault == "keeps its state":
            grad = grad * (1 + self.sum)
        elif self.fault == "other in float32":
            grad = grad * (1.5 if grad.dtype == np.float32 else 1.0)
        elif self.fault == "only signs":
            grad = np.sign(grad)
        elif self.fault == "first element":
            grad = np.where(np.arange(len(grad)) == 0, grad, 0)
        elif self.fault == "hides its state":
            self._hidden += 1
            grad = grad / self._hidden
        super().update(theta, grad)


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("copies", "moves theta in place"),
        ("writes the gradient", "gradient untouched"),
        ("uphill", "finds the minimum of a parabola"),
        ("uphill", "gets down Rosenbrock's valley"),
        ("by chance", "repeatable"),
        ("hides its state", "repeatable"),
        ("keeps its state", "starts anew for another vector"),
        ("other in float32", "float32 as float64"),
        ("only signs", "finds the minimum of a parabola"),
        ("first element", "gets down Rosenbrock's valley"),
    ],
)
def test_each_fault_of_an_optimizer_is_found(fault, rule):
    report = check_optimizer(lambda: BrokenOptimizer(fault), steps=3000)
    assert rule in failed(report), report
    assert all(check.diagnosis for check in report.failures)


def test_a_useless_learning_rate_is_told():
    report = check_optimizer(lambda: GradientDescent(1e-9), steps=100)
    assert failed(report) == {"finds the minimum of a parabola", "gets down Rosenbrock's valley"}
    assert "too small a learning rate" in str(report)
    assert "too large a learning rate" in str(
        check_optimizer(lambda: GradientDescent(1000.0), steps=100)
    )


def test_what_makes_no_new_optimizer_is_refused():
    one = Adam()
    with pytest.raises(ArgumentError, match="new optimizer"):
        check_optimizer(lambda: one)
    with pytest.raises(ArgumentError, match="Optimizer"):
        check_optimizer(lambda: 3)
    for given in (3, one):
        with pytest.raises(ArgumentError, match=r"a function without arguments, got .*: pass a"):
            check_optimizer(given)
    assert issubclass(Adam, Optimizer)


class WithoutRoot(Adam):
    """Adam without its square root: it minimizes all the same."""

    def update(self, theta, grad):
        self._moved = theta - 0.1 * grad / (grad**2 + 1)
        theta[...] = self._moved


def test_only_a_reference_shows_another_formula():
    assert check_optimizer(lambda: WithoutRoot(0.01)).ok
    assert "pass reference=" in check_optimizer(lambda: WithoutRoot(0.01)).notes[-1]
    report = check_optimizer(lambda: WithoutRoot(0.01), reference=lambda: Adam(0.01))
    assert failed(report) == {"steps of the reference"}
    assert not report.notes


def test_the_valley_starts_where_rosenbrock_started():
    starts = []

    class Recorder(GradientDescent):
        def step(self, theta, grad):
            if self.step_count == 0:
                starts.append(theta.tolist())
            super().step(theta, grad)

    assert check_optimizer(lambda: Recorder(0.1)).ok
    assert [-1.2, 1.0] in starts
