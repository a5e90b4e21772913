"""The lines of the table do what they say."""

import numpy as np
import pytest

from minidl import Dropout, Linear, Sigmoid, Tanh
from minidl.play.mistakes import MISTAKES, BackwardCall

RIGHT_AND_WRONG = [
    pytest.param(base, mistake, id=f"{base.__name__} {mistake.title}")
    for base, mistakes in MISTAKES.items()
    for mistake in mistakes
]
KEEP_PROB = 0.8


def layer_of(base):
    """Return a layer with its class; `Linear` is square, so that each mistake can be made."""
    if base is Linear:
        layer = Linear(3, 3)
        layer.weight.value = np.random.default_rng(2).standard_normal((3, 3))
        return layer
    return Dropout(KEEP_PROB) if base is Dropout else Tanh()


def call_of(layer):
    """Return a call of `backward`, with what the lines of the table may name."""
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 5, 3))
    y = np.array(layer.forward(x, training=True))
    slope = np.array(layer.backward(np.ones_like(dy)))
    call = BackwardCall(type(layer), layer, x, y, dy, slope)
    names = {"x": x, "y": y, "dy": dy, "len": len, "derivative": call.derivative}
    names |= {"mask": slope * KEEP_PROB, "keep_prob": KEEP_PROB}
    if isinstance(layer, Linear):
        names["weight"] = layer.weight.value
    return call, names


@pytest.mark.parametrize(("base", "mistake"), RIGHT_AND_WRONG)
def test_the_line_that_is_shown_is_the_one_that_is_computed(base, mistake):
    layer = layer_of(base)
    call, names = call_of(layer)
    wrong = mistake.gradient(call)
    assert np.allclose(wrong, eval(mistake.wrong, {}, names))
    dx = layer.backward(call.dy)
    right = dx if mistake.array == "input" else getattr(layer, mistake.array).grad
    assert np.allclose(right, eval(mistake.right, {}, names))
    assert not np.allclose(wrong, right)


def test_a_line_that_has_no_shape_is_none():
    layer = Linear(3, 2)
    layer.weight.value = np.ones((2, 3))
    x, dy = np.ones((5, 3)), np.ones((5, 2))
    call = BackwardCall(Linear, layer, x, layer.forward(x), dy, np.zeros(()))
    given = {each.title: each.gradient(call) for each in MISTAKES[Linear]}
    assert [title for title, gradient in given.items() if gradient is None] == [
        "weight: transposed",
        "weight: the output instead of the input",
        "input: transposed",
    ]


@pytest.mark.parametrize(("kind", "slope"), [(Sigmoid, 0.25), (Tanh, 1.0)])
def test_the_derivative_is_that_of_the_activation(kind, slope):
    zeros = np.zeros((2, 2))
    call = BackwardCall(kind, kind(), zeros, zeros, zeros, zeros)
    assert np.allclose(call.derivative(zeros), slope)


def test_outside_of_training_no_mask_is_missing():
    mistake = MISTAKES[Dropout][0]
    ones = np.ones((2, 2))
    call = BackwardCall(Dropout, Dropout(0.5), ones, ones, ones, ones)
    assert np.array_equal(mistake.gradient(call), ones)
