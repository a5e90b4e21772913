"""A report as an object."""

import pytest
from example_checks import bad, good, report, unresolved

from minidl import MinidlError
from minidl.gradcheck import GradientError


def test_what_passes_is_ok_and_returns_itself():
    passed = report(good(), good(1))
    assert passed.ok
    assert passed.status == "ok"
    assert passed.failures == passed.unresolved == []
    assert passed.guilty is None
    assert passed.raise_if_failed() is passed
    assert repr(passed) == "Report(ok: 2 checks passed; difference 0.25)"


def test_what_is_unresolved_is_neither_ok_nor_failed():
    doubtful = report(good(), unresolved(resolution=0.02))
    assert not doubtful.ok
    assert doubtful.status == "unresolved"
    assert doubtful.failures == []
    assert [check.resolution for check in doubtful.unresolved] == [0.02]
    assert repr(doubtful) == "Report(UNRESOLVED: 1 of 2 checks; difference 0.25)"
    with pytest.raises(GradientError, match=r"errors below 2.0e-02 of the array"):
        doubtful.raise_if_failed()
    assert doubtful.raise_if_failed(allow_unresolved=True) is doubtful


def test_a_failure_counts_more_than_what_is_unresolved():
    both = report(bad(), unresolved())
    assert both.status == "failed"
    with pytest.raises(GradientError):
        both.raise_if_failed(allow_unresolved=True)


def test_what_fails_raises_the_report():
    failed = report(good(), bad())
    assert not failed.ok
    with pytest.raises(GradientError) as caught:
        failed.raise_if_failed()
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, MinidlError)
    assert str(caught.value) == str(failed)
    assert repr(failed) == "Report(FAILED: 1 of 2 checks; difference 0.25)"


def test_failures_begin_with_the_likeliest_origin():
    checks = [
        bad(0, "total"),
        bad(0, "data"),
        bad(None, "data", "prediction"),
        bad(0, "L2(0.1)"),
        bad(1, "protocol", "gradients overwritten"),
        bad(2, "layer"),
        bad(1, "layer", "bias"),
    ]
    full_report = report(good(), *checks)
    terms = [(c.layer, c.term, c.parameter) for c in full_report.failures]
    assert terms == [
        (1, "layer", "bias"),
        (2, "layer", "weight"),
        (1, "protocol", "gradients overwritten"),
        (None, "data", "prediction"),
        (0, "L2(0.1)", "weight"),
        (0, "data", "weight"),
        (0, "total", "weight"),
    ]
    assert full_report.guilty is checks[-1]


def test_an_error_is_never_coloured(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(GradientError) as caught:
        report(bad()).raise_if_failed()
    assert "\033[" not in str(caught.value)
