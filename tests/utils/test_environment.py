import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from minidl.utils import environment
from minidl.utils.environment import UNKNOWN, environment_changes, fingerprint


@pytest.fixture(autouse=True)
def _look_again(monkeypatch):
    for name in environment.KERNEL_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    environment._numpy_blas.cache_clear()
    yield
    environment._numpy_blas.cache_clear()


def test_the_fingerprint_names_what_the_last_digits_depend_on():
    assert list(fingerprint()) == [
        *("minidl", "numpy", "blas", "blas_kernel", "blas_threads", "processor", "threads"),
    ]
    assert all(isinstance(value, str) and value for value in fingerprint().values())


class Controller:
    """A stand-in for that of threadpoolctl."""

    libraries = ()

    def __init__(self, libraries=None):
        self.libraries = libraries or self.libraries

    def select(self, **chosen):
        ((key, values),) = chosen.items()
        values = values if isinstance(values, list) else [values]
        return Controller([library for library in self.libraries if library[key] in values])

    def info(self):
        return list(self.libraries)


def library(path, kernel, threads=2, api="openblas", user_api="blas"):
    found = {"filepath": path, "internal_api": api, "num_threads": threads, "user_api": user_api}
    return found | ({"architecture": kernel} if kernel else {})


FOLDER = os.path.dirname(np.__file__)


@pytest.mark.parametrize(
    ("libraries", "kernel", "threads"),
    [
        ([library(f"{FOLDER}.libs/lib.so", "Haswell")], "openblas Haswell", "2"),
        (
            [
                library("/elsewhere/scipy.libs/lib.so", "SkylakeX", threads=4),
                library(os.path.join(FOLDER, ".dylibs", "lib.dylib"), "ARMV8", threads=8),
                library(f"{FOLDER}.libs/libgomp.so", None, 7, "openmp", "openmp"),
            ],
            "openblas ARMV8",
            "8",
        ),
        (
            [
                library("/usr/lib/libopenblas.so", "Zen", threads=3),
                library("/usr/lib/libblis.so", "zen3", threads=1, api="blis"),
            ],
            "blis zen3, openblas Zen",
            "1, 3",
        ),
        ([library("/usr/lib/libmkl_rt.so", None, api="mkl")], UNKNOWN, "2"),
        ([library("/usr/lib/libmkl_rt.so", None, None, api="mkl")], UNKNOWN, UNKNOWN),
    ],
)
def test_kernel_and_threads_are_those_of_the_blas_of_numpy(monkeypatch, libraries, kernel, threads):
    threadpoolctl = pytest.importorskip("threadpoolctl")
    monkeypatch.setattr(threadpoolctl, "ThreadpoolController", Controller)
    monkeypatch.setattr(Controller, "libraries", libraries)
    found = fingerprint()
    assert (found["blas_kernel"], found["blas_threads"]) == (kernel, threads)


def test_the_present_number_of_threads_counts():
    threadpoolctl = pytest.importorskip("threadpoolctl")
    with threadpoolctl.threadpool_limits(1):
        assert fingerprint()["blas_threads"] in ("1", UNKNOWN)


def test_without_threadpoolctl_they_are_unknown_but_what_chooses_the_kernel(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    found = fingerprint()
    assert (found["blas_kernel"], found["blas_threads"]) == (UNKNOWN, UNKNOWN)
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert fingerprint()["blas_kernel"] == "unknown OPENBLAS_CORETYPE=Haswell"


def test_a_threadpoolctl_that_fails_is_as_good_as_none(monkeypatch):
    def fail():
        raise OSError("no libraries here")

    monkeypatch.setitem(sys.modules, "threadpoolctl", SimpleNamespace(ThreadpoolController=fail))
    assert fingerprint()["blas_threads"] == UNKNOWN
    monkeypatch.setitem(sys.modules, "threadpoolctl", SimpleNamespace())  # an old one
    environment._numpy_blas.cache_clear()
    assert fingerprint()["blas_threads"] == UNKNOWN


@pytest.mark.parametrize(
    ("saved", "current", "changes"),
    [
        ({}, {"blas_kernel": "openblas Zen"}, []),  # of an earlier minidl
        ({"numpy": "1"}, {"numpy": "1", "blas": "x"}, []),
        ({"numpy": "1"}, {"numpy": "2"}, ["numpy was 1 and is 2"]),
        ({"future": "1"}, {}, ["future was 1 and is None"]),
        ({"blas_kernel": "A"}, {"blas_kernel": UNKNOWN}, ["blas_kernel was A and is unknown"]),
        ({"blas_kernel": UNKNOWN}, {"blas_kernel": "A"}, ["blas_kernel was unknown and is A"]),
        (
            {"blas_threads": "2", "threads": "OMP_NUM_THREADS=2"},
            {"blas_threads": "2", "threads": "2"},
            [],
        ),
        (
            {"blas_threads": "2", "threads": "2"},
            {"blas_threads": "1", "threads": "2"},
            ["blas_threads was 2 and is 1"],
        ),
        (
            {"blas_threads": UNKNOWN, "threads": "2"},
            {"blas_threads": UNKNOWN, "threads": "1"},
            ["threads was 2 and is 1"],
        ),
        ({"threads": "2"}, {"blas_threads": "1", "threads": "1"}, ["threads was 2 and is 1"]),
    ],
)
def test_changes_are_named_where_both_are_known(saved, current, changes):
    assert environment_changes(saved, current) == changes


def test_another_kernel_has_another_fingerprint():
    pytest.importorskip("threadpoolctl")
    kernel = fingerprint()["blas_kernel"]
    if not kernel.startswith("openblas ") or kernel.endswith("Nehalem"):
        pytest.skip("needs OpenBLAS")
    code = "from minidl.utils.environment import fingerprint; print(fingerprint()['blas_kernel'])"
    command = [sys.executable, "-c", code]
    run = subprocess.run(
        command,
        env={**os.environ, "OPENBLAS_CORETYPE": "Nehalem"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert run.stdout.strip() != kernel
