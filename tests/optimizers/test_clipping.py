"""Clipping: a gradient longer than the maximum norm is scaled down to it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimizer_paths import GRADS, KINDS, Signs, each, walk

from minidl import (
    L2,
    Adam,
    ArgumentError,
    GradientDescent,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    Sequential,
)


@pytest.mark.parametrize("kind", [*KINDS, Signs])
def test_clipping_is_a_step_along_the_shortened_gradient(kind):
    norms = np.linalg.norm(GRADS, axis=1)
    assert 0 < (norms > 1.8).sum() < len(norms)
    shortened = GRADS * np.minimum(1, 1.8 / norms)[:, np.newaxis]
    grads_before = GRADS.copy()
    np.testing.assert_allclose(
        walk(kind(0.1, clip_norm=1.8)), walk(kind(0.1), shortened), rtol=1e-12
    )
    np.testing.assert_array_equal(grads_before, GRADS)
    np.testing.assert_array_equal(walk(kind(0.1, clip_norm=100)), walk(kind(0.1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=st.integers(0, 99), power=st.integers(-12, 30), max_norm=st.floats(1e-3, 1e3))
def test_the_step_of_a_clipped_gradient_has_the_maximum_norm_and_the_same_direction(
    dtype, seed, power, max_norm
):
    grad = (np.random.default_rng(seed).standard_normal(7) * 10.0**power).astype(dtype)
    theta = np.zeros(7, dtype)
    GradientDescent(1.0, clip_norm=max_norm).step(theta, grad)
    wide = grad.astype(np.float64)
    norm = np.linalg.norm(wide)
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(
        -theta.astype(np.float64), wide * min(1, max_norm / norm), rtol=tolerance
    )


def test_float32_squares_that_overflow_do_not_end_the_training():
    theta, grad = np.zeros(2, np.float32), np.array([3e30, -4e30], np.float32)
    GradientDescent(1.0, clip_norm=5.0).step(theta, grad)
    np.testing.assert_allclose(theta, [-3, 4], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_gradient_that_is_not_finite_is_not_clipped(bad):
    theta = np.zeros(2)
    GradientDescent(1.0, clip_norm=5.0).step(theta, np.array([1.0, bad]))
    assert not np.isfinite(theta).all()
    assert theta[0] == -1


def test_training_clips_the_whole_gradient_with_penalties():
    X, Y = np.random.default_rng(1).standard_normal((20, 3)), np.full((20, 1), 50.0)
    model = Sequential(
        [Linear(3, 2), Linear(2, 1)], loss=MeanSquaredError(), penalties=[L2(5.0)], dtype=np.float64
    )
    before, gradient = model.parameters.theta.copy(), model.gradient(X, Y)
    model.fit(
        X,
        Y,
        optimizer=GradientDescent(1.0, clip_norm=0.5),
        epochs=1,
        batch_size=None,
        progress=False,
    )
    assert np.linalg.norm(gradient) > 10
    np.testing.assert_allclose(
        before - model.parameters.theta, gradient * 0.5 / np.linalg.norm(gradient), rtol=1e-12
    )
    np.testing.assert_allclose(model.parameters.grad, gradient)  # not clipped in place


def test_a_gradient_that_is_not_finite_is_reported_not_clipped():
    model = Sequential([Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float64)
    with pytest.raises(NonFiniteError, match=r"gradient|loss"):
        model.fit(
            [[1e200]],
            [[1.0]],
            optimizer=GradientDescent(0.1, clip_norm=1.0),
            epochs=3,
            progress=False,
        )


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, "1", True])
@each
def test_clip_norm_must_be_positive(kind, value):
    with pytest.raises(
        ArgumentError,
        match=f"clip_norm must be finite and > 0, got {value!r} in {kind.__name__}: pass None",
    ):
        kind(0.1, clip_norm=value)


def test_clip_norm_is_read_only():
    assert (Adam(clip_norm=2).clip_norm, Adam().clip_norm) == (2.0, None)
    with pytest.raises(AttributeError):
        Adam().clip_norm = 1.0
