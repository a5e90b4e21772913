"""One layer in the sandbox: outputs and gradients that can be repeated, and inputs to try it at."""

import numpy as np
import pytest
from custom_parts import Gain

from minidl import Dropout, Linear
from minidl.gradcheck.layer_harness import LayerHarness, synthetic_input
from minidl.gradcheck.sandbox import ModelSandbox


def test_a_random_layer_gives_the_same_output_in_each_call():
    with ModelSandbox([Dropout(0.5)]) as sandbox:
        harness = LayerHarness(sandbox, 0, training=True)
        first, second = (harness.fresh_output(np.ones((4, 9))) for _ in range(2))
    assert 0 < np.count_nonzero(first) < first.size
    np.testing.assert_array_equal(first, second)


def test_gradients_are_copies_by_name():
    layer = Linear(3, 2)
    with ModelSandbox([layer]) as sandbox:
        harness = LayerHarness(sandbox, 0)
        gradients = harness.fresh_gradients(np.ones((4, 3)), np.ones((4, 2)))
        assert {name: g.shape for name, g in gradients.items()} == {
            "weight": (2, 3),
            "bias": (2,),
            "input": (4, 3),
        }
        layer.weight.grad[...] = 7
        assert (gradients["weight"] == 4).all()


def test_a_gradient_that_backward_does_not_write_is_nan():
    class Forgets(Gain):
        def backward(self, dy):
            return dy * self.gain.value

    with ModelSandbox([Forgets(3)]) as sandbox:
        gradients = LayerHarness(sandbox, 0).gradients(np.ones((2, 3)), np.ones((2, 3)))
    assert np.isnan(gradients["gain"]).all()


def test_noise_changes_every_gradient_a_little_and_the_parameters_come_back():
    layer = Linear(3, 2)
    x, dy = np.random.default_rng(0).standard_normal((2, 4, 3)), np.ones((4, 2))
    with ModelSandbox([layer]) as sandbox:
        harness = LayerHarness(sandbox, 0)
        value, gradients = layer.weight.value.copy(), harness.gradients(x[0], dy)
        runs = harness.noisy_gradients(x[0], dy, np.random.default_rng(1))
        np.testing.assert_array_equal(layer.weight.value, value)
    for run in runs:
        for name, gradient in gradients.items():
            assert 0 < np.abs(run[name] - gradient).max() < 1e-11


@pytest.mark.parametrize(
    ("shape", "m"), [((5, 4), 61), ((61, 4), 63), ((2, 20), 7), ((7, 4, 4), 9)]
)
def test_a_synthetic_input_has_another_length_and_every_kind_of_number(shape, m):
    x = synthetic_input(np.zeros(shape), np.random.default_rng(0))
    assert x.shape == (m, *shape[1:])
    assert (x < 0).any()
    assert (x > 1).any()
    assert (np.abs(x) < 1e-2).any()
    assert (x != 0).all()
