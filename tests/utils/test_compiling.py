import signal
import threading

import numpy as np
import pytest

from minidl import ArgumentError, MissingDependencyError
from minidl.utils import compiling
from minidl.utils.compiling import check_fast, compile_loop, copy_numbers, should_compile

numba = pytest.importorskip("numba")


def copy_backwards(source, target):
    """Copy pairs of numbers in reverse order."""
    for i in range(0, len(source), 2):
        copy_numbers(target, i, source, len(source) - 2 - i, 2)


def add_twice(x):
    """Add a number to itself, by a function."""
    for i in range(len(x)):
        x[i] = twice(x[i])


def twice(number):
    return number + number


@pytest.mark.parametrize(
    ("fast", "pays", "expected"),
    [
        (None, True, True),
        (None, False, False),
        (True, False, True),
        (False, True, False),
    ],
)
def test_by_default_it_must_pay(fast, pays, expected):
    assert should_compile(fast, pays=pays) is expected


def test_without_numba_numpy_does_the_work_and_fast_names_the_pip_command(monkeypatch):
    monkeypatch.setattr(compiling, "_numba_is_installed", lambda: False)
    assert should_compile(None, pays=True) is False
    assert should_compile(False, pays=True) is False
    with pytest.raises(
        MissingDependencyError, match=r'fast=True needs numba, .*: pip install "numba'
    ):
        should_compile(True, pays=True)


def test_whether_numba_is_installed_is_looked_up_once(monkeypatch):
    looked_up = []
    monkeypatch.setattr("importlib.util.find_spec", looked_up.append)
    compiling._numba_is_installed.cache_clear()
    assert [compiling._numba_is_installed() for _ in range(2)] == [False, False]
    assert looked_up == ["numba"]
    compiling._numba_is_installed.cache_clear()


def test_a_value_that_is_not_allowed_raises():
    assert check_fast(None, object(), None, True) is None
    with pytest.raises(ArgumentError, match="fast must be None or True, got False in object"):
        check_fast(False, object(), None, True)


def test_numbers_are_copied_as_by_slices():
    types, source = "float32[::1], float32[::1]", np.arange(6, dtype=np.float32)
    for copy in (copy_backwards, compile_loop(copy_backwards, types)):
        target = np.zeros(6, np.float32)
        copy(source, target)
        np.testing.assert_array_equal(target, [4, 5, 2, 3, 0, 1])


def test_a_loop_is_compiled_once_for_the_given_types_with_its_helpers():
    loop = compile_loop(add_twice, "float64[::1]", helpers=(twice,))
    assert compile_loop(add_twice, "float64[::1]", helpers=(twice,)) is loop
    assert [str(each) for (each,) in loop.signatures] == ["array(float64, 1d, C)"]
    x = np.array([1.0, 2.5])
    loop(x)
    np.testing.assert_array_equal(x, [2, 5])


def test_a_loop_is_compiled_even_if_no_cache_can_be_written(monkeypatch):
    njit, cache_arguments = numba.njit, []

    def njit_without_cache(cache=False, **options):
        cache_arguments.append(cache)
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", njit_without_cache)
    x = np.ones(2, np.float32)
    compiling._compile(add_twice, "float32[::1]", (twice,), relaxed=False)(x)
    assert cache_arguments == [True, False]
    np.testing.assert_array_equal(x, 2)


def test_ctrl_c_does_not_reach_numba_while_it_compiles(monkeypatch):
    calls, compiled_to_the_end = [], threading.Event()

    def compile_interrupted(loop, *arguments):
        signal.raise_signal(signal.SIGINT)  # its handler runs in the main thread
        calls.append((loop, threading.current_thread() is threading.main_thread()))
        compiled_to_the_end.set()

    monkeypatch.setattr(compiling, "_compile", compile_interrupted)
    with pytest.raises(KeyboardInterrupt):
        compile_loop(add_twice, "int8[::1]")
    # An interrupt at the moment when the thread starts does not wait for the thread.
    assert compiled_to_the_end.wait(timeout=60)
    assert calls == [(add_twice, False)]
