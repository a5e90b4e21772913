"""Layers inside of layers are checked alone, and named by their paths."""

import json

import numpy as np
import pytest
from batch_norm import BatchNorm
from custom_parts import Abs, Gain
from custom_parts import Residual as CustomResidual
from rank_layers import LayerNorm

from minidl import (
    Chain,
    Concat,
    Dropout,
    GradientChecker,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    Tanh,
)
from minidl.testing import check_layer

X = np.random.default_rng(0).standard_normal((6, 8))
Y = np.random.default_rng(1).standard_normal(6)


class Wrong(Linear):
    """Doubles the gradient of its weight."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.weight.grad *= 2
        return dx


class Accumulates(Linear):
    """Adds to its gradient."""

    def backward(self, dy):
        before = self.bias.grad.copy()
        dx = super().backward(dy)
        self.bias.grad += before
        return dx


class Held(Layer):
    """Holds layers in a list and in an attribute."""

    def __init__(self, wrong):
        self.steps = [Tanh(), wrong]
        self.last = Gain(8)

    def forward(self, x, *, training=False):
        for step in (*self.steps, self.last):
            x = step.forward(x, training=training)
        return x

    def backward(self, dy):
        for step in (self.last, *reversed(self.steps)):
            dy = step.backward(dy)
        return dy


def checked(layer):
    layers = [Linear(8, 8), ReLU(), layer, Linear(16 if isinstance(layer, Concat) else 8, 1)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    return GradientChecker(model).check(X, Y)


PLACES = [
    (lambda layer: Residual(layer, Tanh()), "2.body.0"),
    (lambda layer: Residual(Linear(8, 8), Chain(Tanh(), layer)), "2.body.1.1"),
    (lambda layer: Concat(Linear(8, 8), Chain(layer, ReLU())), "2.1.0"),
    (lambda layer: Residual(Linear(8, 8), shortcut=layer), "2.shortcut"),
    (Held, "2.steps.1"),
]


@pytest.mark.parametrize(("wrap", "path"), PLACES, ids=[path for _, path in PLACES])
@pytest.mark.parametrize(
    ("wrong", "parameter"),
    [(Wrong, "weight"), (Accumulates, "bias")],
)
def test_the_innermost_wrong_layer_is_guilty(wrap, path, wrong, parameter):
    report = checked(wrap(wrong(8, 8)))
    guilty = report.guilty
    assert (guilty.path, guilty.layer, guilty.parameter) == (path, 2, parameter)
    assert guilty.component == str(wrong(8, 8))
    assert guilty.caused_by == ""
    outer = [
        check
        for check in report.failures
        if check.term in ("layer", "protocol") and path.startswith(f"{check.path}.")
    ]
    assert outer
    assert {check.caused_by for check in outer} == {f"layer {path} alone"}
    assert f"layer {path} {guilty.component} {parameter}" in str(report)
    assert path in report._repr_html_()
    assert path in {check["path"] for check in json.loads(report.to_json())["checks"]}


def test_right_layers_pass_and_each_one_has_its_rows():
    layer = Residual(Linear(8, 8), BatchNorm(8), Concat(Tanh(), Dropout(0.5)), Linear(16, 8))
    report = checked(layer)
    assert report.ok, str(report)
    assert not report.surviving_mutants
    inside = {check.path for check in report.checks if check.inner}
    names = {"0", "1", "2", "2.0", "2.1", "3"}
    assert inside == {"2.body", *(f"2.body.{name}" for name in names)}
    assert all("forward" not in vars(module) for module in layer.modules())


def test_without_inner_layers_the_path_is_the_number_of_the_layer():
    report = checked(Tanh())
    assert {check.path for check in report.checks} == {"0", "1", "2", "3", None}


def test_a_layer_alone_is_searched_too():
    report = check_layer(CustomResidual(8), X)
    assert report.ok
    assert {check.path for check in report.checks} == {"0", "0.steps.0", "0.steps.1", "0.last"}
    assert check_layer(Chain(Tanh(), Wrong(8, 8)), X).guilty.path == "0.1"


def test_a_layer_that_is_not_called_or_cannot_run_alone_has_no_rows():
    class Helper(Layer):
        def forward(self, x, *, training=False):
            return x

        def backward(self, dy):
            raise NotImplementedError

    class Holds(Gain):
        def __init__(self):
            super().__init__(8)
            self.unused, self.helper = Tanh(), Helper()

        def forward(self, x, *, training=False):
            return super().forward(self.helper.forward(x))

    report = check_layer(Holds(), X)
    assert report.ok, str(report)
    assert {check.path for check in report.checks} == {"0"}


def at_kinks_of_inner_layers():
    """Return containers with an input at which several of their layers have a kink."""
    zero_row = np.random.default_rng(0).standard_normal((4, 3))
    zero_row[0] = 0
    holes = np.array([[0.0, -0.2], [0.0, 0.3], [0.5, 0.0], [0.4, 0.0]])
    return {
        "one input moves several": (Chain(LayerNorm(3), Concat(ReLU(), Tanh())), zero_row),
        "as many outputs as examples": (
            Chain(Concat(Dropout(0.5), Abs(), axis=1), LeakyReLU(0.01)),
            holes,
        ),
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", at_kinks_of_inner_layers())
def test_a_container_may_be_on_several_kinks_at_once(name, seed):
    layer, x = at_kinks_of_inner_layers()[name]
    report = check_layer(layer, x, seed=seed)
    assert not report.failures, str(report)


@pytest.mark.parametrize("name", at_kinks_of_inner_layers())
def test_a_wrong_gradient_is_found_although_a_container_is_on_kinks(name):
    layer, x = at_kinks_of_inner_layers()[name]
    backward = layer.backward
    layer.backward = lambda dy: backward(dy) * 1.01
    assert not check_layer(layer, x).ok


def test_a_gradient_of_zero_in_a_container_of_coupled_rows_fails():
    layer = Chain(Linear(3, 4), BatchNorm(4), Tanh())
    backward = layer.backward
    layer.backward = lambda dy: backward(dy) * 0
    report = check_layer(layer, np.random.default_rng(0).standard_normal((5, 3)))
    failed = {(check.parameter, check.training) for check in report.failures}
    assert {("input", False), ("input", True)} <= failed
