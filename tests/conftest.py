"""Settings of every test."""

import gc
import os
import signal

import pytest
from hypothesis import settings

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell script
    signal.signal(signal.SIGINT, signal.default_int_handler)  # many tests press Ctrl-C

# They need torch and Cosmic Ray, a browser (.ci/pages names the folder), or are no tests.
collect_ignore = [
    *("reference", "mutation/operators.py", "pages"),
    *("parallel/equality.py", "parallel/kills.py"),
]
if os.name == "nt":  # their tools are those of POSIX: locks, limits of memory, terminals
    collect_ignore += [
        *("experiments/test_speed.py", "experiments/test_speed_parts.py"),
        *("experiments/test_torture.py", "mutation", "utils/test_atomic_files.py"),
    ]

settings.register_profile("minidl", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("minidl")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    """Compare pictures, where pytest-mpl is installed: without its option it only draws them."""
    if config.pluginmanager.hasplugin("pytest_mpl"):
        config.option.mpl = True


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect without looking for garbage: 16,000 tests stay, and are looked through each time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
