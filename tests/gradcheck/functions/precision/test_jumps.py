import numpy as np
import pytest

from minidl import check_function
from minidl.gradcheck.functions.precision.jumps import is_jump


@pytest.mark.parametrize("place", [-0.93, 0.1, 0.7])
def test_a_jump_is_at_one_place(place):
    def value(x):
        return x**2 + 0.3 * (x > place)

    assert is_jump(value, lambda x: 2 * x, 1e-9)
    assert not is_jump(value, lambda x: 2 * x, 0.1)  # noise hides it
    assert is_jump(lambda x: value(x) + 0.2 * (x > place / 2), lambda x: 2 * x, 1e-9)  # two


def test_a_spike_of_the_gradient_is_seen_where_points_are_closer():
    def value(x):
        return np.tanh(100 * (x - 0.21))

    assert is_jump(value, lambda x: 100 * (1 - value(x) ** 2), 1e-9)


@pytest.mark.parametrize("factor", [0.9, 1.1, -1.0])
def test_a_wrong_gradient_is_wrong_everywhere(factor):
    assert not is_jump(np.exp, lambda x: factor * np.exp(x), 1e-9)
    assert not is_jump(lambda x: max(x, 0.0), lambda x: factor * (x > 0), 1e-9)


def rounded(a):
    return (np.asarray(a, np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)


def gate(x, weights):
    """Return the two largest logits of each row as a softmax: a choice that jumps."""
    logits = x @ weights
    chosen = np.argsort(-logits.real, axis=1)[:, :2]
    e = np.exp(np.take_along_axis(logits, chosen, axis=1))
    share = e / e.sum(axis=1, keepdims=True)
    y = np.zeros_like(logits)
    np.put_along_axis(y, chosen, share, axis=1)
    return y, (x, weights, chosen, share)


def gate_backward(dy, cache):
    x, weights, chosen, share = cache
    ds = np.take_along_axis(dy, chosen, axis=1)
    dz = np.zeros((len(x), weights.shape[1]))
    slopes = share * (ds - (share * ds).sum(axis=1, keepdims=True))
    np.put_along_axis(dz, chosen, slopes, axis=1)
    return rounded(dz @ weights.T), rounded(x.T @ dz)


@pytest.mark.parametrize("seed", [0, 4])
def test_a_choice_that_bfloat16_makes_at_another_place_does_not_fail(seed):
    rng = np.random.default_rng(seed)
    inputs = [rounded(rng.standard_normal(shape)).astype(float) for shape in ((5, 4), (4, 6))]
    report = check_function(
        lambda x, weights: gate(rounded(x), rounded(weights)),
        lambda dy, cache: gate_backward(rounded(dy), cache),
        *inputs,
        cache=True,
        reference=lambda *arrays: gate(*arrays)[0],
    )
    assert report.failures == []
