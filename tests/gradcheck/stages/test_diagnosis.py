"""The diagnosis links failures to the one that causes them, and explains it at the right point."""

import numpy as np
import pytest
from helpers import rows

from minidl import (
    BinaryCrossEntropy,
    GradientChecker,
    Layer,
    Linear,
    MeanSquaredError,
    Sequential,
    Sigmoid,
    Tanh,
)
from minidl.gradcheck import Check
from minidl.gradcheck.stages.diagnosis import link_failures


def failed(layer, term, parameter="weight", **more):
    return Check(layer, term, parameter, verdict="fail", **more)


@pytest.mark.parametrize(
    ("cause", "check", "expected"),
    [
        (failed(1, "layer"), failed(1, "data"), "layer 1 alone"),
        (failed(1, "protocol", "rule"), failed(1, "total", "bias"), "layer 1 alone"),
        (failed(2, "layer", "input"), failed(0, "data"), "the input gradient of layer 2"),
        (failed(0, "layer", "input"), failed(2, "data"), ""),
        (failed(1, "L2(0.1)"), failed(1, "total"), "the penalty"),
        (failed(1, "L2(0.1)"), failed(1, "data"), ""),
        (failed(1, "L2(0.1)"), failed(1, "total", "bias"), ""),
        (failed(None, "data", "prediction"), failed(1, "data"), "the gradient of the loss"),
        (failed(None, "protocol", "rule"), failed(1, "total"), "the gradient of the loss"),
    ],
)
def test_a_failure_of_the_whole_model_is_linked_to_its_cause(cause, check, expected):
    link_failures([cause, check])
    assert check.caused_by == expected
    assert cause.caused_by == ""


@pytest.mark.parametrize(
    ("diagnosis", "expected"),
    [
        ("", "wrong; consistent with a broken rule: it writes into dy"),
        (
            "unknown cause: nothing",
            "unknown cause; consistent with a broken rule: it writes into dy",
        ),
        ("a factor 2", "a factor 2"),
    ],
)
def test_a_broken_rule_explains_what_no_pattern_does(diagnosis, expected):
    rule = failed(1, "protocol", "arguments untouched", diagnosis="it writes into dy")
    check = failed(1, "layer", diagnosis=diagnosis)
    link_failures([rule, check])
    assert check.diagnosis == expected


def test_a_failure_at_the_point_nearby_alone_is_explained_there():
    """At zero weights the gradient of the first layer is zero, whatever its backward gives."""
    layers = [Linear(3, 4), Tanh(), Linear(4, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64, seed=2)
    right = layers[1].backward
    layers[1].backward = lambda dy: np.where(np.abs(dy) < 1e-3, right(dy), 2 * right(dy))
    guilty = GradientChecker(model).check(*rows()).guilty
    assert guilty.layer == 1
    assert guilty.diagnosis


class Scale(Layer):
    """y = 100 x for small numbers, with a wrong gradient."""

    def forward(self, x, *, training=False):
        if np.abs(x).max() > 20:
            raise ValueError("too large")
        return 100 * x

    def backward(self, dy):
        return 93 * dy


def test_a_layer_that_raises_for_the_inputs_of_a_diagnosis_is_still_reported():
    model = Sequential([Scale(), Linear(3, 1)], loss=MeanSquaredError(), dtype=np.float64)
    report = GradientChecker(model).check(rows()[0], np.zeros(len(rows()[0])))
    [check] = [c for c in report.failures if c.term == "layer"]
    assert (check.layer, check.parameter) == (0, "input")
    assert check.diagnosis.startswith("unknown cause: the layer raises ValueError")
