import copy
import importlib.util
import signal
import threading

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

numba = pytest.importorskip("numba")


@pytest.fixture
def without_numba(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


def walk(optimizer, dtype, size=10_007, steps=40):
    rng = np.random.default_rng(0)
    theta = rng.standard_normal(size).astype(dtype)
    for _ in range(steps):
        optimizer.step(theta, (rng.standard_normal(size) * 10 ** rng.uniform(-6, 3)).astype(dtype))
    return theta


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_step_is_the_numpy_step_to_rounding(dtype, kind):
    compiled, passes = (
        kind(0.01, 0.8, 0.99, 1e-6, fast=True),
        kind(0.01, 0.8, 0.99, 1e-6, fast=False),
    )
    few = 10 * np.finfo(dtype).eps
    np.testing.assert_allclose(walk(compiled, dtype), walk(passes, dtype), rtol=few, atol=few)
    np.testing.assert_allclose(compiled.first_moment, passes.first_moment, rtol=few, atol=few)
    np.testing.assert_allclose(compiled.second_moment, passes.second_moment, rtol=few)
    assert compiled.first_moment.dtype == compiled.second_moment.dtype == dtype
    assert compiled._compiled is not None
    assert passes._compiled is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_compiled_step_of_gradient_descent_is_the_numpy_step_bit_for_bit(dtype):
    compiled, passes = GradientDescent(0.3, fast=True), GradientDescent(0.3, fast=False)
    np.testing.assert_array_equal(walk(compiled, dtype), walk(passes, dtype))
    assert compiled._compiled is not None
    assert passes._compiled is None


def test_the_loop_of_gradient_descent_is_its_formula():
    theta = np.array([1.0, -2.0])
    compiled.gradient_descent_step(theta, np.array([0.5, -4.0]), np.array([0.1]))
    np.testing.assert_allclose(theta, [0.95, -1.6])


def test_the_loop_itself_is_adams_formula():
    theta, grad = np.array([1.0, -2.0]), np.array([0.5, -4.0])
    mean, square = np.array([1.0, 0.0]), np.array([2.0, 0.0])
    compiled.adam_step(theta, grad, mean, square, np.array([0.9, 0.99, 0.1, 1e-3]))
    np.testing.assert_allclose(mean, [0.9 + 0.5, -4])
    np.testing.assert_allclose(square, [1.98 + 0.25, 16])
    np.testing.assert_allclose(
        theta, [1 - 0.1 * 1.4 / (np.sqrt(2.23) + 1e-3), -2 + 0.1 * 4 / (4 + 1e-3)]
    )


def test_training_with_it_is_training_without():
    X = np.random.default_rng(0).standard_normal((50, 3))
    histories = []
    for fast in (True, False):
        model = Sequential([Linear(3, 1)], loss=MeanSquaredError(), dtype=np.float64)
        histories.append(
            model.fit(X, X[:, :1], optimizer=Adam(0.1, fast=fast), epochs=20, progress=False).loss
        )
    np.testing.assert_allclose(*histories, rtol=1e-12)


def test_unasked_it_is_taken_for_large_vectors_only():
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


def test_gradient_descent_waits_to_be_asked():
    optimizer = GradientDescent(0.1)
    walk(optimizer, np.float32, compiled.AUTO_COMPILE_MIN_SIZE, steps=1)
    assert optimizer._compiled is None
    with pytest.raises(
        ArgumentError, match="fast must be True or False, got None in GradientDescent"
    ):
        GradientDescent(0.1, fast=None)


def test_without_numba_numpy_does_the_work_silently(without_numba):
    optimizer = Adam(0.01)
    walk(optimizer, np.float32, compiled.AUTO_COMPILE_MIN_SIZE, steps=1)
    assert optimizer._compiled is None


@pytest.mark.parametrize("kind", [Adam, GradientDescent])
def test_insisting_without_numba_names_the_pip_line_and_changes_nothing(without_numba, kind):
    theta = np.ones(3)
    with pytest.raises(
        MissingDependencyError, match=r"fast=True needs numba, .*: pip install minidl\[fast\]"
    ):
        kind(0.1, fast=True).step(theta, np.ones(3))
    np.testing.assert_array_equal(theta, 1)


@pytest.mark.parametrize("kind", [Adam, GradientDescent])
@pytest.mark.parametrize("fast", ["yes", 2, 0.5])
def test_fast_must_be_a_truth_value_or_none(fast, kind):
    with pytest.raises(
        ArgumentError, match=f"fast must be .*True or False, got {fast!r} in {kind.__name__}"
    ):
        kind(0.1, fast=fast)


def test_where_no_cache_can_be_written_it_is_compiled_all_the_same(monkeypatch):
    njit, asked = numba.njit, []

    def refuses(cache=False, **options):
        asked.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", refuses)
    loop = compiled._compile.__wrapped__(compiled.adam_step, np.dtype(float))
    arrays = [np.ones(2) for _ in range(4)]
    loop(*arrays, np.array([0.9, 0.99, 0.1, 1e-8]))
    assert asked == [True, False]
    assert (arrays[0] < 1).all()


def test_ctrl_c_does_not_reach_numba_while_it_compiles(monkeypatch):
    told = []

    def compiles(loop, dtype):
        signal.raise_signal(signal.SIGINT)  # whose handler runs in the main thread
        told.append((loop, dtype, threading.current_thread() is threading.main_thread()))

    monkeypatch.setattr(compiled, "_compile", compiles)
    with pytest.raises(KeyboardInterrupt):
        compiled.compile_step(compiled.adam_step, True, np.ones(3, np.float32))
    assert told == [(compiled.adam_step, np.float32, False)]  # and it came to its end


def test_a_copy_goes_on_by_itself():
    optimizer, theta = Adam(0.1, fast=True), np.ones(3)
    optimizer.step(theta, np.ones(3))
    twin, other = copy.deepcopy((optimizer, theta))
    twin.step(other, np.ones(3))
    assert (optimizer.step_count, twin.step_count) == (1, 2)
    optimizer.step(theta, np.ones(3))
    np.testing.assert_array_equal(theta, other)
