"""Every planted bug is detected and located, nine of ten are named; what is no bug passes."""

import pytest
from planted_bugs import BUGS, RIGHT, examine

from minidl.gradcheck import GradientChecker

pytestmark = pytest.mark.no_cover  # tests of the whole: coverage is measured elsewhere

# Detected and located, but the cause is unknown or a formula that happens to be equal.
UNNAMED = {"a layer skipped on the way back", "tied weight: the first use forgotten"}


@pytest.fixture(scope="module")
def outcomes():
    return {}


@pytest.mark.parametrize("planted", BUGS, ids=lambda planted: planted.name)
def test_found_and_located(planted, outcomes):
    outcome = outcomes[planted.name] = examine(planted)
    assert outcome.found
    assert outcome.located, outcome.says


@pytest.mark.parametrize(
    "planted",
    [b for b in BUGS if b.words and b.name not in UNNAMED],
    ids=lambda planted: planted.name,
)
def test_named(planted, outcomes):
    outcome = outcomes.get(planted.name) or examine(planted)
    assert outcome.named, outcome.says


def test_nine_of_ten_are_named():
    with_a_name = [planted for planted in BUGS if planted.words]
    assert len(UNNAMED) <= 0.1 * len(with_a_name)
    assert {planted.name for planted in with_a_name} >= UNNAMED


def test_names_are_unique():
    assert len({planted.name for planted in BUGS}) == len(BUGS)


@pytest.mark.parametrize(("name", "build"), RIGHT, ids=[name for name, _ in RIGHT])
def test_what_only_looks_like_a_bug_passes(name, build):
    model, X, Y = build()
    report = GradientChecker(model).check(X, Y)
    assert report.ok, str(report)
