"""Stage 0: layers whose backward works in training alone, and integers that are not declared."""

import numpy as np
import pytest
from stage_context import context_of

from minidl import (
    BinaryCrossEntropy,
    Buffer,
    Chain,
    Dropout,
    Flatten,
    GradientChecker,
    Layer,
    Linear,
    MeanSquaredError,
    Parameter,
    Sequential,
    Sigmoid,
)
from minidl.errors import DtypeError
from minidl.gradcheck.stages.preconditions import training_only_rows, whole_net_note
from minidl.initializers import Ones, Random, Zeros


class BookDropout(Layer):
    """Has a mask in training alone."""

    def __init__(self):
        self.rng = np.random.default_rng(0)

    def forward(self, x, *, training=False):
        if not training:
            return x
        self.mask = (self.rng.random(x.shape) < 0.8) / 0.8
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


class BookBatchNorm(Layer):
    """Keeps what backward needs in training alone; `factor` 1 is right."""

    couples_examples = True

    def __init__(self, features, factor=1.0):
        self.factor = factor
        self.gain = Parameter((features,), init=Ones())
        self.mean = Buffer((features,), init=Zeros())

    def forward(self, x, *, training=False):
        if not training:
            return self.gain.value * (x - self.mean.value)
        centred = x - x.mean(axis=0)
        self.deviation = np.sqrt((centred**2).mean(axis=0) + 1e-5)
        self.normal = centred / self.deviation
        self.mean.value = 0.9 * self.mean.value + 0.1 * x.mean(axis=0)
        return self.gain.value * self.normal

    def backward(self, dy):
        self.gain.grad[...] = self.factor * (dy * self.normal).sum(axis=0)
        dn = dy * self.gain.value
        along = self.normal * (dn * self.normal).mean(axis=0)
        return (dn - dn.mean(axis=0) - along) / self.deviation


class Broken(BookDropout):
    """Raises in both modes."""

    def backward(self, dy):
        return dy * self.maskk


class Lookup(Layer):
    """Takes integers and does not say so."""

    def __init__(self):
        self.weight = Parameter((5, 2), init=Random(1.0))

    def forward(self, x, *, training=False):
        self.numbers = x
        return self.weight.value[x]

    def backward(self, dy):
        self.weight.grad[...] = 0
        np.add.at(self.weight.grad, self.numbers, dy)


class DeclaredLookup(Lookup):
    """Says so."""

    takes_integers = True


def data():
    rng = np.random.default_rng(3)
    return rng.standard_normal((6, 3)), rng.integers(0, 2, (6, 1))


def net(layer):
    layers = [Linear(3, 4), layer, Linear(4, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64, seed=1)


@pytest.mark.parametrize("method", ["auto", "central"])
@pytest.mark.parametrize("make", [BookDropout, lambda: BookBatchNorm(4)])
def test_a_backward_that_works_in_training_alone_is_the_one_failed_row(make, method):
    report = GradientChecker(net(make()), method=method).check(*data())
    (failure,) = report.failures
    assert (failure.layer, failure.parameter) == (1, "backward at inference")
    assert "forward(training=False) it raises AttributeError" in failure.diagnosis
    assert "store in both modes what backward needs" in failure.diagnosis
    assert "the whole net was not checked" in str(report)
    assert not any(check.verdict == "fail" for check in report.checks if check is not failure)
    if method == "auto":
        assert {check.layer for check in report.checks if check.term == "layer"} == {0, 1, 2, 3}
        assert all(check.training for check in report.checks[1:] if check.layer == 1)


def test_its_gradients_are_checked_in_training():
    report = GradientChecker(net(BookBatchNorm(4, factor=2.0))).check(*data())
    wrong = [check.parameter for check in report.failures if check.term == "layer"]
    assert wrong == ["gain"]
    assert "an extra factor of 2" in str(report)


def test_a_layer_inside_of_a_container_counts():
    report = GradientChecker(net(Chain(BookDropout(), Linear(4, 4)))).check(*data())
    (failure,) = report.failures
    assert failure.parameter == "backward at inference"
    inner = [check for check in report.checks if check.inner and check.term == "layer"]
    assert inner
    assert all(check.training for check in inner)


def test_the_model_is_restored():
    model = net(BookDropout())
    before = dict(vars(model.layers[1]))
    GradientChecker(model).check(*data())
    assert vars(model.layers[1]) == before


def test_what_raises_in_both_modes_is_the_error_of_its_author():
    with pytest.raises(AttributeError, match="maskk"):
        GradientChecker(net(Broken())).check(*data())


@pytest.mark.parametrize("layer", [Dropout(0.5), Linear(4, 4)])
def test_layers_that_work_in_both_modes_give_no_row(layer):
    with context_of(net(layer), *data()) as context:
        assert training_only_rows(context) == []
    assert whole_net_note([]) == []


def lookup_net(layer):
    layers = [layer, Flatten(), Linear(6, 1)]
    return Sequential(layers, loss=MeanSquaredError(), dtype=np.float64, seed=1)


@pytest.mark.parametrize("dtype", [int, float])
def test_integers_that_are_not_declared_are_refused_with_the_cure(dtype):
    x = np.random.default_rng(0).integers(0, 5, (4, 3)).astype(dtype)
    with pytest.raises(DtypeError, match=r"layer 0, Lookup\(\).*write takes_integers = True"):
        GradientChecker(lookup_net(Lookup())).check(x, np.ones((4, 1)))
    x = x.astype(int)
    assert GradientChecker(lookup_net(DeclaredLookup())).check(x, np.ones((4, 1))).ok


def test_an_index_error_of_another_kind_stays():
    x = np.full((4, 3), 7)
    with pytest.raises(IndexError):
        GradientChecker(lookup_net(Lookup())).check(x, np.ones((4, 1)))
    with pytest.raises(IndexError):
        GradientChecker(lookup_net(Lookup())).check(x + 0.5, np.ones((4, 1)))
