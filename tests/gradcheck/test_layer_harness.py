"""One layer in the sandbox: outputs and gradients that can be repeated, and inputs to try it at."""

import numpy as np
import pytest
from batch_norm import BatchNorm
from custom_parts import Gain
from rank_layers import LayerNorm

from minidl import Chain, Dropout, He, Layer, Linear, Ones, Parameter
from minidl.gradcheck.constants import RELATIVE_NOISE
from minidl.gradcheck.layer_harness import LayerHarness, synthetic_input
from minidl.gradcheck.sandbox import ModelSandbox
from minidl.testing import check_layer


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


def test_the_size_of_the_numbers_inside_of_a_container_is_measured():
    large = Linear(3, 4)
    large.weight.value = 1e4 * np.random.default_rng(0).standard_normal((4, 3))
    x = np.random.default_rng(1).standard_normal((4, 3))
    scales = []
    for layer in (Chain(large, LayerNorm(4)), Chain(Linear(3, 4), LayerNorm(4)), LayerNorm(3)):
        with ModelSandbox([layer]) as sandbox:
            scales.append(LayerHarness(sandbox, 0).internal_scale(x))
    assert scales[0] > 1
    assert scales[1] > 1
    assert scales[2] == 0


def test_the_rounding_of_terms_that_cancel_is_seen_in_float32_only_where_rows_are_coupled():
    x, dy = np.random.default_rng(0).standard_normal((2, 2, 3))
    with ModelSandbox([BatchNorm(3)]) as sandbox:
        harness = LayerHarness(sandbox, 0, training=True)
        right = harness.fresh_gradients(x, dy)
        single = harness.single_gradients(x, dy)
        noisy = harness.noisy_gradients(x, dy, np.random.default_rng(1))
    # Of two rows nearly everything cancels: the noise is relative to the terms, not to their sum.
    assert single["input"].dtype == np.float32
    assert 0 < np.abs(single["input"] - right["input"]).max() < 1e-4
    spread = max(np.abs(run["input"] - right["input"]).max() for run in noisy)
    assert RELATIVE_NOISE * np.abs(right["input"]).max() < spread < 1e-9


class Saturated(Layer):
    """tanh(x w), which keeps its own copy of what it returns: 1 - y**2 has the rounding of 1."""

    def __init__(self):
        self.w = Parameter((2,), init=Ones())

    def forward(self, x, *, training=False):
        self.x, self.y = x, np.tanh(x @ self.w.value)
        return self.y.copy()

    def backward(self, dy):
        dz = dy * (1 - self.y**2)
        self.w.grad[...] = dz @ self.x
        return dz[:, np.newaxis] * self.w.value


def test_a_gradient_of_another_shape_has_the_rounding_of_what_is_stored():
    with ModelSandbox([Saturated()]) as sandbox:
        harness = LayerHarness(sandbox, 0)
        x, cotangent = np.array([[4.0, 3.0], [5.0, 3.0]]), np.array([1.0, 2.0])
        right = harness.gradients(x, cotangent)["input"]
        runs = harness.noisy_gradients(x, cotangent, np.random.default_rng(0))
    spread = np.max([np.abs(run["input"] - right) for run in runs], axis=0)
    assert (spread > RELATIVE_NOISE / 4).all()


class Attention(Layer):
    """Self-attention that computes its weights again in backward, instead of storing them."""

    def __init__(self):
        for name in "qkv":
            setattr(self, name, Parameter((4, 4), init=He(), fan_in=4))

    def parts(self, x):
        q, k, v = (x @ getattr(self, name).value for name in "qkv")
        scores = q @ k.mT
        weights = np.exp(scores - scores.real.max(axis=-1, keepdims=True))
        return q, k, v, weights / weights.sum(axis=-1, keepdims=True)

    def forward(self, x, *, training=False):
        self.x = x
        _, _, v, weights = self.parts(x)
        return weights @ v

    def backward(self, dy):
        q, k, v, weights = self.parts(self.x)
        dweights = dy @ v.mT
        dscores = weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True))
        back = {"q": dscores @ k, "k": dscores.mT @ q, "v": weights.mT @ dy}
        for name, gradient in back.items():
            getattr(self, name).grad[...] = np.einsum("mti,mtj->ij", self.x, gradient)
        return sum(gradient @ getattr(self, name).value.T for name, gradient in back.items())


@pytest.mark.parametrize("seed", [15, 17, 21])
def test_terms_of_the_incoming_gradient_that_cancel_show_their_rounding(seed):
    """Where a weight is nearly 1, noise moves all terms of its gradient; another scale does not."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((3, rng.integers(2, 6), 4)) * rng.choice([1, 3, 10])
    assert not check_layer(Attention(), x, seed=seed).failures
