"""Broken layers train, and the checker names each mistake."""

import copy

import numpy as np
import pytest

from minidl import BinaryCrossEntropy, Dropout, Linear, ReLU, Sequential, Sigmoid, Tanh
from minidl.play.broken_layers import broken_layer, mistakes_of
from minidl.testing import check_layer

LAYERS = [(Linear, (3, 3)), (Linear, (3, 2)), (ReLU, ()), (Tanh, ()), (Dropout, (0.8,))]
NAMED = {  # what the diagnosis must have, where the words of the table differ from the checker's
    "wrong sign": "the sign is wrong",
    "a factor 2": "an extra factor of 2",
    "divided by the number of examples a second time": "1/m applied twice",
    "transposed": "transposed",
    "the output instead of the input": "the layer's output instead of its input",
    "only the last example": "only the last example is in the sum",
    "forgotten": "missing, detached, or not propagated",
    "summed over both axes": "the sum of dy over both axes",
    "the mean, not the sum": "a mean instead of a sum",
    "the derivative is forgotten": "the derivative of the activation is missing",
    "the derivative at the output": "the derivative is taken at the output",
    "the output instead of the derivative": "the output instead of the derivative",
    "the derivative twice": "the derivative is applied twice",
    "a term of the derivative is forgotten": "a term or a square of the derivative is missing",
    "the mask of dy instead of x": "the mask is taken from the incoming gradient",
    "the mask is forgotten": "the mask is missing",
    "the scale is forgotten": "1/keep_prob missing",
    "forgotten: as outside of training": "the mask and its scale are missing",
}
CASES = [
    pytest.param(kind, arguments, mistake, id=f"{kind.__name__}{arguments} {mistake.title}")
    for kind, arguments in LAYERS
    for mistake in mistakes_of(kind, *arguments).values()
]


@pytest.mark.parametrize(("kind", "arguments", "mistake"), CASES)
def test_the_checker_names_the_mistake(kind, arguments, mistake):
    layer = broken_layer(kind, mistake, *arguments)
    report = check_layer(layer, np.random.default_rng(1).standard_normal((5, 3)))
    assert report.status == "failed"
    assert report.guilty.parameter == mistake.array
    assert NAMED[mistake.words] in report.guilty.diagnosis


def test_what_is_no_mistake_in_a_layer_is_not_offered():
    titles = {kind: mistakes_of(kind, *arguments) for kind, arguments in LAYERS}
    assert "input: the derivative at the output" in titles[Tanh]
    assert "input: the derivative at the output" not in titles[ReLU]
    assert "input: the derivative twice" not in titles[ReLU]
    assert "weight: transposed" not in mistakes_of(Linear, 3, 2)
    assert mistakes_of(Linear, 3, 1).keys() >= {"bias: the mean, not the sum"}
    assert "bias: summed over both axes" not in mistakes_of(Linear, 3, 1)


def test_a_broken_layer_looks_like_a_right_one_and_is_a_layer_of_models():
    mistake = mistakes_of(Linear, 2, 3)["bias: forgotten"]
    layer = broken_layer(Linear, mistake, 2, 3)
    assert repr(layer) == "Linear(2, 3)"
    model = Sequential([layer, Tanh(), Linear(3, 1), Sigmoid()], loss=BinaryCrossEntropy())
    gradient = model.gradient(np.ones((2, 2)), [0, 1])
    assert np.array_equal(copy.deepcopy(model).gradient(np.ones((2, 2)), [0, 1]), gradient)
    assert not layer.bias.grad.any()
    assert layer.weight.grad.any()
    assert layer.weight.grad.dtype == np.float32
