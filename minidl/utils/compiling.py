"""Loops compiled by numba, where it is installed."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from typing import Any, TypeAlias

from ..errors import ArgumentError, MissingDependencyError, install_line
from .typing import Array

Loop: TypeAlias = Callable[..., None]
Helper: TypeAlias = Callable[..., Any]

AUTO_COMPILE_MIN_SIZE = 50_000
"""From this number of elements on, `fast=None` compiles loops over them, which takes 0.3 s."""


def check_fast(fast: bool | None, owner: object, *allowed: bool | None) -> bool | None:
    """Return the argument `fast`, or raise `ArgumentError` if it is not an allowed value."""
    if fast not in allowed:
        raise ArgumentError(
            f"fast must be {' or '.join(map(str, allowed))}, got {fast!r} in {type(owner).__name__}"
        )
    return fast


def should_compile(fast: bool | None, *, pays: bool) -> bool:
    """Return whether compiled loops are to do the work.

    Parameters
    ----------
    fast : bool or None
        Whether they are; None: if numba is installed and it pays.
    pays : bool
        Whether there is so much work that compiling pays, which takes up to seconds for the first
        time and tenths of a second from then on, when numba finds what it has compiled.

    Returns
    -------
    bool
        False if NumPy should do the work.

    Raises
    ------
    MissingDependencyError
        If `fast` is True and numba is not installed.
    """
    if fast is False or (fast is None and not pays):
        return False
    if fast and not _numba_is_installed():
        raise MissingDependencyError(
            f"fast=True needs numba, which is not installed: {install_line('numba', 'fast')}"
        )
    return _numba_is_installed()


@functools.cache
def _numba_is_installed() -> bool:
    return importlib.util.find_spec("numba") is not None


@functools.cache
def compile_loop(
    loop: Loop, types: str, *, helpers: tuple[Helper, ...] = (), relaxed: bool = False
) -> Loop:
    """Return a compiled loop.

    Parameters
    ----------
    loop : callable
        A function at the top of a module, of loops over arrays.
    types : str
        The types of its arguments in numba's notation, such as "float32[:, ::1], int64".
    helpers : tuple of callable, default ()
        Functions at the top of a module that the loop calls.
    relaxed : bool, default False
        Whether sums may be made in another order, and a product and a sum in one operation. The
        results are the same in each call on one machine.

    Returns
    -------
    callable
        The same function for the same arguments. It does not hold the interpreter's lock.
    """
    from concurrent.futures import ThreadPoolExecutor

    # In a thread, which Ctrl-C does not reach: an interrupt while numba compiles would leave it
    # broken or end the process.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_compile, loop, types, helpers, relaxed).result()


def _compile(loop: Loop, types: str, helpers: tuple[Helper, ...], relaxed: bool) -> Loop:
    import numba

    _compile_copy()
    for helper in helpers:
        numba.extending.register_jitable(helper)
    # "numpy": x / 0 is inf. A test for division by zero would keep the loop from being vectorized.
    fastmath = {"contract", "nsz", "reassoc"} if relaxed else False
    njit = functools.partial(numba.njit, error_model="numpy", fastmath=fastmath, nogil=True)
    try:
        compiled: Any = njit(cache=True)(loop)
    except RuntimeError:  # there is no folder that numba can write its cache to
        compiled = njit()(loop)
    compiled.compile(f"void({types})")
    result: Loop = compiled
    return result


def copy_numbers(target: Array, i: int, source: Array, j: int, n: int) -> None:
    """Copy source[j : j + n] to target[i : i + n].

    In a compiled loop this is a copy of memory, five times as fast as a short loop over numbers.

    Parameters
    ----------
    target, source : ndarray of shape (size,)
        Contiguous arrays of the same dtype.
    i, j : int
        The first places, which are not checked in a compiled loop.
    n : int
        How many numbers are copied.
    """
    target[i : i + n] = source[j : j + n]


@functools.cache
def _compile_copy() -> None:
    """Tell numba what `copy_numbers` is."""
    import numba.core
    import numba.extending

    cgutils: Any = numba.core.cgutils
    extending: Any = numba.extending
    address = numba.types.intp

    def copy_bytes(typing_context: Any, target: Any, source: Any, n_bytes: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            *addresses, count = arguments
            pointers = [builder.inttoptr(each, cgutils.voidptr_t) for each in addresses]
            cgutils.raw_memcpy(builder, *pointers, count, 1)
            return context.get_dummy_value()

        return numba.types.void(address, address, address), generate

    copy_bytes_compiled = extending.intrinsic(copy_bytes)

    def compiled(target: Any, i: Any, source: Any, j: Any, n: Any) -> Any:
        def copy(target: Any, i: Any, source: Any, j: Any, n: Any) -> None:
            size = target.itemsize
            to, origin = target.ctypes.data + i * size, source.ctypes.data + j * size
            copy_bytes_compiled(to, origin, n * size)

        return copy

    extending.overload(copy_numbers)(compiled)
