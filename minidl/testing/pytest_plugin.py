"""The pytest plugin: the fixture `check_gradient`, the marker `gradient`, ``--gradient-seeds=N``.

pytest loads this module at every start, wherever minidl is installed: it imports nothing but pytest
before a fixture is used.
"""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from .gradient_fixture import GradientFixture

_PROPERTY = "gradient_check"  # in a test's user properties, which xdist brings from its workers
_OUTCOMES = ("ok", "failed", "unresolved")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--gradient-seeds``."""
    group = parser.getgroup("minidl", "gradient checks (minidl)")
    group.addoption(
        "--gradient-seeds",
        type=_number_of_seeds,
        default=1,
        metavar="N",
        help="repeat each test that uses check_gradient or gradient_seed with the seeds 0 to N - 1",
    )


def _number_of_seeds(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return number


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the summary."""
    config.addinivalue_line(
        "markers",
        "gradient(seeds=1, allow_unresolved=False): a gradient check, counted in the summary; "
        "seeds repeats it, allow_unresolved accepts what no check could decide",
    )
    config.pluginmanager.register(GradientSummary(), "minidl-gradient-summary")


@pytest.fixture
def gradient_seed() -> int:
    """Return the seed of a gradient check: 0, or one of those of ``--gradient-seeds``.

    Returns
    -------
    int
        The seed. Use it for data, too: ``rng = np.random.default_rng(gradient_seed)``.
    """
    return 0


@pytest.fixture
def check_gradient(request: pytest.FixtureRequest, gradient_seed: int) -> GradientFixture:
    """Return a callable that checks a gradient and fails the test with the whole report.

    Parameters
    ----------
    request : pytest.FixtureRequest
        The test.
    gradient_seed : int
        The seed of the check.

    Returns
    -------
    GradientFixture
        The callable, with the arguments of `minidl.check_gradients` or `minidl.check_function`.
    """
    from .gradient_fixture import GradientFixture

    marker = request.node.get_closest_marker("gradient")
    options = _options_of(marker)
    return GradientFixture(
        gradient_seed,
        lambda status: request.node.user_properties.append((_PROPERTY, status)),
        allow_unresolved=options["allow_unresolved"],
    )


def _options_of(marker: pytest.Mark | None) -> dict[str, Any]:
    """Return the arguments of a marker; a marker with others fails the test or its collection."""
    options: dict[str, Any] = {"seeds": 1, "allow_unresolved": False}
    if marker is None:
        return options
    given: dict[str, Any] = {**dict(zip(options, marker.args, strict=False)), **marker.kwargs}
    problem = ""
    if unknown := sorted(given.keys() - options.keys()):
        problem = f"got {', '.join(unknown)}"
    elif len(marker.args) > len(options):
        problem = f"got {len(marker.args)} arguments"
    options |= given
    seeds, allows = options["seeds"], options["allow_unresolved"]
    if not isinstance(seeds, int) or isinstance(seeds, bool) or seeds < 1:
        problem = problem or f"got seeds={seeds!r}"
    if not isinstance(allows, bool):
        problem = problem or f"got allow_unresolved={allows!r}"
    if problem:
        pytest.fail(
            "@pytest.mark.gradient takes seeds, a whole number of at least 1, and "
            f"allow_unresolved, True or False: {problem}",
            pytrace=False,
        )
    return options


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat a test over the seeds."""
    options = _options_of(metafunc.definition.get_closest_marker("gradient"))
    if "gradient_seed" not in metafunc.fixturenames:
        return
    for marker in metafunc.definition.iter_markers("parametrize"):
        if "gradient_seed" in str(marker.args[:1]):
            return  # by the test itself
    seeds = max(metafunc.config.getoption("--gradient-seeds"), options["seeds"])
    if seeds > 1:
        numbers = range(seeds)
        metafunc.parametrize("gradient_seed", numbers, ids=[f"seed{n}" for n in numbers])


@pytest.hookimpl(tryfirst=True)  # before pytest selects by -m
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that use the fixture, so that ``-m gradient`` selects all."""
    for item in items:
        uses_fixture = "check_gradient" in getattr(item, "fixturenames", ())
        if uses_fixture and not item.get_closest_marker("gradient"):  # one of its class or module
            item.add_marker("gradient")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count a marked test that checks without the fixture as one check."""
    report = yield
    recorded = any(name == _PROPERTY for name, _ in item.user_properties)
    if call.when == "call" and not recorded and item.get_closest_marker("gradient"):
        kinds = type(call.excinfo.value).__mro__ if call.excinfo else ()
        if not call.excinfo:
            item.user_properties.append((_PROPERTY, "ok"))
        elif any(kind.__name__ == "GradientError" for kind in kinds):  # not imported for it
            item.user_properties.append((_PROPERTY, "failed"))
    return report


class GradientSummary:
    """The last line of a session: how many gradient checks were ok, failed, unresolved.

    Attributes
    ----------
    counts : Counter of str
        The checks by outcome.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the checks of a test, at its teardown, when all are known.

        Parameters
        ----------
        report : TestReport
            The report of a test, also from another process.
        """
        if report.when == "teardown":
            self.counts.update(
                str(value) for name, value in report.user_properties if name == _PROPERTY
            )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Write the line, if there was a check.

        Parameters
        ----------
        terminalreporter : TerminalReporter
            The terminal.
        """
        if not self.counts:
            return
        listed = [f"{self.counts[name]} {name}" for name in _OUTCOMES if self.counts[name]]
        colour = "green" if set(self.counts) == {"ok"} else "red"
        line = f"gradient checks: {', '.join(listed)}"
        terminalreporter.write_line(line, **{colour: True})
