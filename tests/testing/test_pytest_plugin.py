"""The pytest plugin, in sessions of its own."""

import json
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

pytest_plugins = ["pytester"]

PLUGIN = "minidl.testing.pytest_plugin"
INSTALLED = any(point.value == PLUGIN for point in entry_points(group="pytest11"))

TESTS = """
import numpy as np
import pytest
from minidl import GradientError, ReLU
from minidl.testing import check_layer

X = np.array([0.5, -2.0, 3.0])


def cost(x):
    return (x**3).sum()


def test_right(check_gradient):
    check_gradient(cost, lambda x: 3 * x**2, X)
    check_gradient(check_layer(ReLU(), np.ones((2, 3))))


def test_wrong(check_gradient):
    check_gradient(cost, lambda x: 2 * x**2, X)


@pytest.mark.gradient
def test_marked():
    check_layer(ReLU(), np.ones((2, 3))).raise_if_failed()


@pytest.mark.gradient
def test_marked_and_wrong():
    raise GradientError("the report")


def test_other():
    assert X.size == 3
"""

SEEDS = """
import numpy as np
import pytest


def test_one(check_gradient, gradient_seed):
    x = np.random.default_rng(gradient_seed).standard_normal(3)
    check_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, x)


@pytest.mark.gradient(seeds=2)
def test_two(check_gradient):
    check_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, 1.0)


@pytest.mark.parametrize("gradient_seed", [7])
def test_own(check_gradient, gradient_seed):
    assert gradient_seed == 7
    check_gradient(lambda x: (x**2).sum(), lambda x: 2 * x, 1.0)
"""


@pytest.fixture
def run(pytester, monkeypatch):
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(source, *options):
        pytester.makepyfile(source)
        loaded = () if INSTALLED else ("-p", PLUGIN)
        arguments = ("-p", "no:cacheprovider", "--strict-markers", "-W", "error")
        return pytester.runpytest_subprocess(*loaded, *arguments, *options)

    return run


def test_a_session_counts_its_checks_and_shows_reports_in_full(run):
    result = run(TESTS, "-q")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*check_gradient(cost, lambda x: 2 * x[*][*]2, X)",
            "E *GradientError: Gradient check of a function of 1 array, 3 elements",
            "E *verdict  term *",
            "E *worst at (*): analytic *",
            "*gradient checks: 3 ok, 2 failed",
        ]
    )
    result.stdout.no_fnmatch_line("*gradient_fixture.py*")  # the traceback ends in the user's line


def test_the_fixture_is_a_marker_and_other_sessions_have_no_summary(run):
    result = run(TESTS, "-q", "-m", "not gradient")
    result.assert_outcomes(passed=1, deselected=4)
    result.stdout.no_fnmatch_line("*gradient checks:*")


def test_seeds_repeat_the_tests(run):
    result = run(SEEDS, "-v", "--gradient-seeds=3")
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["*test_one[[]seed2[]] PASSED*", "*test_own[[]7[]] PASSED*"])
    result.stdout.fnmatch_lines(["*gradient checks: 7 ok"])
    assert run(SEEDS, "--gradient-seeds=0").ret == pytest.ExitCode.USAGE_ERROR


def test_the_checks_of_all_workers_are_counted(run):
    pytest.importorskip("xdist")
    result = run(TESTS, "-q", "-n", "2")
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*gradient checks: 3 ok, 2 failed"])


def test_the_marker_is_listed(run):
    result = run("", "--markers")
    result.stdout.fnmatch_lines(["@pytest.mark.gradient(seeds=1, allow_unresolved=False)*"])


def test_the_plugin_loads_nothing_heavy():
    code = f"import json, sys, {PLUGIN}; print(json.dumps(sorted(sys.modules)))"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = json.loads(process.stdout)
    assert not {"numpy", "scipy", "minidl.gradcheck"} & set(modules)
