import copy

import numpy as np
import pytest

from minidl import (
    Adam,
    AdamW,
    ArgumentError,
    GradientDescent,
    Linear,
    MeanSquaredError,
    MissingDependencyError,
    Sequential,
)
from minidl.optimizers import compiled
from minidl.utils import compiling

numba = pytest.importorskip("numba")


@pytest.fixture
def without_numba(monkeypatch):
    monkeypatch.setattr(compiling, "_numba_is_installed", lambda: False)


def walk(optimizer, dtype, size=10_007, steps=40):
    rng = np.random.default_rng(0)
    theta = rng.standard_normal(size).astype(dtype)
    for _ in range(steps):
        optimizer.step(theta, (rng.standard_normal(size) * 10 ** rng.uniform(-6, 3)).astype(dtype))
    return theta


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_step_is_the_numpy_step_to_rounding(dtype, kind):
    compiled, uncompiled = (
        kind(0.01, 0.8, 0.99, 1e-6, fast=True),
        kind(0.01, 0.8, 0.99, 1e-6, fast=False),
    )
    tolerance = 10 * np.finfo(dtype).eps
    np.testing.assert_allclose(
        walk(compiled, dtype), walk(uncompiled, dtype), rtol=tolerance, atol=tolerance
    )
    np.testing.assert_allclose(
        compiled.first_moment, uncompiled.first_moment, rtol=tolerance, atol=tolerance
    )
    np.testing.assert_allclose(compiled.second_moment, uncompiled.second_moment, rtol=tolerance)
    assert compiled.first_moment.dtype == compiled.second_moment.dtype == dtype
    assert compiled._compiled is not None
    assert uncompiled._compiled is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_step_of_gradient_descent_is_the_numpy_step_bit_for_bit(dtype):
    compiled, uncompiled = GradientDescent(0.3, fast=True), GradientDescent(0.3, fast=False)
    np.testing.assert_array_equal(walk(compiled, dtype), walk(uncompiled, dtype))
    assert compiled._compiled is not None
    assert uncompiled._compiled is None


def test_the_compiled_loop_of_gradient_descent_follows_its_formula():
    theta = np.array([1.0, -2.0])
    compiled.gradient_descent_step(theta, np.array([0.5, -4.0]), np.array([0.1]))
    np.testing.assert_allclose(theta, [0.95, -1.6])


def test_the_compiled_loop_of_adam_follows_its_formula():
    theta, grad = np.array([1.0, -2.0]), np.array([0.5, -4.0])
    mean, square = np.array([1.0, 0.0]), np.array([2.0, 0.0])
    compiled.adam_step(theta, grad, mean, square, np.array([0.9, 0.99, 0.1, 1e-3]))
    np.testing.assert_allclose(mean, [0.9 + 0.5, -4])
    np.testing.assert_allclose(square, [1.98 + 0.25, 16])
    np.testing.assert_allclose(
        theta, [1 - 0.1 * 1.4 / (np.sqrt(2.23) + 1e-3), -2 + 0.1 * 4 / (4 + 1e-3)]
    )


def test_training_with_compiled_steps_equals_training_without():
    X = np.random.default_rng(0).standard_normal((50, 3))
    histories = []
    for fast in (True, False):
        model = Sequential([Linear(3, 1)], loss=MeanSquaredError(), dtype=np.float64)
        histories.append(
            model.fit(X, X[:, :1], optimizer=Adam(0.1, fast=fast), epochs=20, progress=False).loss
        )
    np.testing.assert_allclose(*histories, rtol=1e-12)


def test_by_default_only_large_vectors_are_compiled():
    assert (
        compiled.compile_step(compiled.adam_step, None, np.ones(compiled.AUTO_COMPILE_MIN_SIZE))
        is not None
    )
    assert (
        compiled.compile_step(compiled.adam_step, None, np.ones(compiled.AUTO_COMPILE_MIN_SIZE - 1))
        is None
    )
    assert compiled.compile_step(compiled.adam_step, True, np.ones(1)) is not None
    assert compiled.compile_step(compiled.adam_step, False, np.ones(10**6)) is None


def test_gradient_descent_compiles_only_with_fast_true():
    optimizer = GradientDescent(0.1)
    walk(optimizer, np.float32, compiled.AUTO_COMPILE_MIN_SIZE, steps=1)
    assert optimizer._compiled is None
    with pytest.raises(
        ArgumentError, match="fast must be True or False, got None in GradientDescent"
    ):
        GradientDescent(0.1, fast=None)


def test_without_numba_numpy_makes_the_steps(without_numba):
    optimizer = Adam(0.01)
    walk(optimizer, np.float32, compiled.AUTO_COMPILE_MIN_SIZE, steps=1)
    assert optimizer._compiled is None


@pytest.mark.parametrize("kind", [Adam, GradientDescent])
def test_fast_without_numba_names_the_pip_command_and_changes_nothing(without_numba, kind):
    theta = np.ones(3)
    with pytest.raises(
        MissingDependencyError, match=r'fast=True needs numba, .*: pip install "numba'
    ):
        kind(0.1, fast=True).step(theta, np.ones(3))
    np.testing.assert_array_equal(theta, 1)


@pytest.mark.parametrize("kind", [Adam, GradientDescent])
@pytest.mark.parametrize("fast", ["yes", 2, 0.5])
def test_fast_must_be_a_boolean_or_none(fast, kind):
    with pytest.raises(
        ArgumentError, match=f"fast must be .*True or False, got {fast!r} in {kind.__name__}"
    ):
        kind(0.1, fast=fast)


def test_a_copy_is_independent():
    optimizer, theta = Adam(0.1, fast=True), np.ones(3)
    optimizer.step(theta, np.ones(3))
    optimizer_copy, theta_copy = copy.deepcopy((optimizer, theta))
    optimizer_copy.step(theta_copy, np.ones(3))
    assert (optimizer.step_count, optimizer_copy.step_count) == (1, 2)
    optimizer.step(theta, np.ones(3))
    np.testing.assert_array_equal(theta, theta_copy)
