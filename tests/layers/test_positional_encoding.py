import math

import numpy as np
import pytest
from helpers import assert_gradients

from minidl import ArgumentError, PositionalEncoding, ShapeError


@pytest.mark.parametrize("features", [1, 4, 5])
def test_each_element_by_the_formula(features):
    y = PositionalEncoding(features).forward(np.full((2, 7, features), 3.0))
    for example in y:
        for i, row in enumerate(example):
            for k, value in enumerate(row):
                angle = i / 10_000 ** ((k - k % 2) / features)
                wave = math.cos(angle) if k % 2 else math.sin(angle)
                assert value == pytest.approx(3 + wave, abs=1e-14)


def test_gradients():
    assert_gradients(PositionalEncoding(4), np.random.default_rng(0).standard_normal((2, 3, 4)))


def test_longer_and_shorter_sequences_and_other_dtypes():
    layer = PositionalEncoding(4)
    short = layer.forward(np.zeros((1, 3, 4))).copy()
    long = layer.forward(np.zeros((1, 9, 4))).copy()
    np.testing.assert_array_equal(layer.forward(np.zeros((1, 3, 4))), short)
    np.testing.assert_array_equal(long[:, :3], short)
    single = layer.forward(np.zeros((1, 9, 4), np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, long, atol=1e-7)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ArgumentError, match="features must be an integer >= 1, got 0"):
        PositionalEncoding(0)
    layer = PositionalEncoding(3)
    with pytest.raises(ShapeError, match=r"expects x of shape \(m, t, 3\), got \(4, 3\)"):
        layer.forward(np.zeros((4, 3)))
    with pytest.raises(ShapeError, match="backward was called before forward"):
        layer.backward(np.zeros((4, 2, 3)))
    with pytest.raises(ShapeError, match=r"expects sequences \(t, 3\), got \(4,\)"):
        layer.output_shape((4,))
    assert layer.output_shape((2, 3)) == (2, 3)
    assert layer.settings() == {"features": 3, "skip_padding": False}
