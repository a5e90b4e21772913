from functools import partial

import numpy as np
import pytest

from minidl import BatchNorm, whole_sums
from minidl.layers.batch_sums import ADD_UP
from minidl.parallel.baton import run_together

RNG = np.random.default_rng(0)


def test_a_whole_batch_keeps_its_sums():
    sums = np.arange(3.0), np.arange(2.0)
    n, *whole = whole_sums(5, *sums)
    assert (n, [id(each) for each in whole]) == (5, [id(each) for each in sums])


def test_a_part_gets_those_of_all_parts():
    token = ADD_UP.set(lambda sums: sums + np.arange(6))
    try:
        n, first, second = whole_sums(5, np.ones(3, np.float32), np.zeros(2, np.float32))
    finally:
        ADD_UP.reset(token)
    assert (n, first.tolist(), second.tolist()) == (10, [1, 2, 3], [3, 4])


def test_batch_normalization_of_two_parts_is_that_of_the_whole():
    x, dy = RNG.standard_normal((2, 10, 3))
    whole, parts = BatchNorm(3), (slice(4), slice(4, 10))
    y, dx = whole.forward(x, training=True), whole.backward(dy)
    layers = [BatchNorm(3), BatchNorm(3)]
    results = {}

    def task(meet, i):
        token = ADD_UP.set(meet)
        out = layers[i].forward(x[parts[i]], training=True)
        results[i] = out, layers[i].backward(dy[parts[i]])
        ADD_UP.reset(token)

    run_together([partial(task, i=i) for i in range(2)], sum)
    assert np.concatenate([results[i][0] for i in range(2)]) == pytest.approx(y, abs=1e-12)
    assert np.concatenate([results[i][1] for i in range(2)]) == pytest.approx(dx, abs=1e-6)
    for name in ("weight", "bias"):
        gradients = [getattr(layer, name).grad for layer in layers]
        assert sum(gradients) == pytest.approx(getattr(whole, name).grad, abs=1e-5)
    for layer in layers:
        assert layer.running_mean.value == pytest.approx(whole.running_mean.value, abs=1e-6)
        assert layer.running_var.value == pytest.approx(whole.running_var.value, abs=1e-6)
