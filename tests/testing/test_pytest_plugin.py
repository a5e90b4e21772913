"""The pytest plugin, in sessions of its own."""

import argparse
import json
import subprocess
import sys
from importlib.metadata import entry_points
from types import SimpleNamespace

import pytest

from minidl.testing import pytest_plugin

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
from minidl import Check, Report


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


@pytest.mark.gradient(allow_unresolved=True)
class TestAll:
    def test_in_a_class(self, check_gradient):
        check = Check(None, "total", "x", verdict="unresolved")
        check_gradient(Report([check], title="", difference=0.0, method=""))
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
    result.assert_outcomes(passed=10)
    result.stdout.fnmatch_lines(["*test_one[[]seed2[]] PASSED*", "*test_own[[]7[]] PASSED*"])
    result.stdout.fnmatch_lines(["*gradient checks: 7 ok, 3 unresolved"])
    refused = run(SEEDS, "--gradient-seeds=0")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["*seeds: must be a whole number of at least 1, got '0'"])


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


@pytest.mark.parametrize("text", ["-1", "1.5", "two", ""])
def test_what_is_no_number_of_seeds_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="a whole number of at least 1, got"):
        pytest_plugin._number_of_seeds(text)
    assert pytest_plugin._number_of_seeds("3") == 3


def mark(*args, **kwargs):
    return SimpleNamespace(args=args, kwargs=kwargs)  # as pytest's, without its registration


@pytest.mark.parametrize(
    ("marker", "problem"),
    [
        (mark(seeds=0), "got seeds=0"),
        (mark("5"), "got seeds='5'"),
        (mark(True), "got seeds=True"),
        (mark(seed=3, allow=True), "got allow, seed"),
        (mark(1, False, 2), "got 3 arguments"),
        (mark(allow_unresolved="no"), "got allow_unresolved='no'"),
    ],
)
def test_a_marker_with_other_arguments_is_refused(marker, problem):
    with pytest.raises(pytest.fail.Exception, match=r"takes seeds, a whole number of at") as caught:
        pytest_plugin._options_of(marker)
    assert caught.value.msg.endswith(problem)
    assert not caught.value.pytrace  # the sentence says all
    options = {"seeds": 2, "allow_unresolved": False}
    assert pytest_plugin._options_of(mark(2)) == options
