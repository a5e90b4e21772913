"""The report of a gradient check, as text, HTML and JSON."""

import json
import re

import numpy as np
import pytest

from minidl import MinidlError
from minidl.gradcheck import Check, GradientError, Report

WORST = {"index": [1, 2], "analytic": 2.0, "numeric": 1.0, "bar": 1e-12}


def report(*checks, **settings):
    return Report(
        list(checks), title="2 layers", difference=0.25, method="complex step", **settings
    )


def good(layer=0, term="layer", parameter="weight", **more):
    return Check(
        layer, term, parameter, difference=1e-15, component="Linear(2, 1)", elements=2, **more
    )


def bad(layer=0, term="layer", parameter="weight", **more):
    return Check(
        layer,
        term,
        parameter,
        **{
            "difference": 0.3,
            "verdict": "fail",
            "component": "Linear(2, 1)",
            "diagnosis": "a factor 2",
            **more,
        },
    )


def unresolved(**more):
    return Check(
        1,
        "data",
        "bias",
        verdict="unresolved",
        diagnosis="rounding floor",
        component="Linear(2, 1)",
        **more,
    )


def body(text):
    """Return the rows of the table."""
    lines = text.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("verdict"))
    return lines[start + 1 : lines.index("", start)]


def test_what_passes_is_ok_and_returns_itself():
    passed = report(good(), unresolved())
    assert passed.ok
    assert passed.failures == []
    assert passed.guilty is None
    assert passed.raise_if_failed() is passed
    assert repr(passed) == "Report(ok: 1 checks passed, 1 unresolved; difference 0.25)"
    assert repr(report(good())) == "Report(ok: 1 checks passed; difference 0.25)"


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
    found = report(good(), *checks)
    terms = [(c.layer, c.term, c.parameter) for c in found.failures]
    assert terms == [
        (1, "layer", "bias"),
        (2, "layer", "weight"),
        (1, "protocol", "gradients overwritten"),
        (None, "data", "prediction"),
        (0, "L2(0.1)", "weight"),
        (0, "data", "weight"),
        (0, "total", "weight"),
    ]
    assert found.guilty is checks[-1]


def test_the_worst_comes_last():
    small, large = bad(0, difference=1e-9), bad(1, difference=0.9)
    rows = body(str(report(large, good(), unresolved(), small)))
    assert [row.split()[0] for row in rows] == ["pass", "unresolved", "fail", "fail"]
    assert rows[-1].endswith("9.0e-01")
    assert rows[-2].endswith("1.0e-09")


def test_kept_rules_are_one_row_for_each_layer():
    rules = [
        Check(layer, "protocol", str(i), component="Tanh()", training=training)
        for layer, training in ((0, False), (0, True), (1, False))
        for i in range(11)
    ]
    rows = body(str(report(*rules, bad(1, "protocol", "rows independent"))))
    assert len(rows) == 4
    assert [("11 rules" in row) for row in rows] == [True, True, True, False]
    assert sum("(training)" in row for row in rows) == 1


def test_the_text_says_which_side_is_numeric_and_what_was_found():
    failed = report(
        bad(worst=WORST, error_summary="1 of 6 elements wrong"),
        bad(2, worst={**WORST, "index": []}),
    )
    text = str(failed)
    assert "analytic: backward; numeric: complex step" in text
    assert "layer 0 Linear(2, 1) weight (layer): a factor 2" in text
    assert "worst at (1, 2): analytic 2, numeric 1 +- 1.0e-12" in text
    assert "worst: analytic 2" in text
    assert "1 of 6 elements wrong" in text
    assert "FAILED: 2 of 2 checks; difference 0.25" in text


def test_what_follows_from_others_is_only_listed():
    text = str(
        report(
            bad(),
            bad(1, "data", caused_by="layer 0 alone", diagnosis="hidden"),
            *[bad(9, "total", caused_by="x")] * 9,
        )
    )
    assert "what may follow from these: data 1 weight, total 9 weight" in text
    assert "..." in text
    assert "hidden" not in text


def test_many_findings_are_cut_short():
    text = str(report(*[bad(i, diagnosis="") for i in range(8)]))
    assert "... and 2 more: see report.failures" in text
    assert text.count("unknown cause") == 6


def test_the_unresolved_are_listed_with_their_reason():
    assert "layer 1 Linear(2, 1) bias (data), unresolved: rounding floor" in str(
        report(good(), unresolved())
    )


def test_the_kill_score_and_the_survivors_are_shown():
    passed = report(good())
    assert "could it have failed" not in str(passed)
    passed.mutation_score, passed.surviving_mutants = (3, 9), [f"bug {i}" for i in range(6)]
    passed.notes.append("a note")
    text = str(passed)
    assert "could it have failed? 3 of 9 bugs planted into this model were found" in text
    assert "not found: bug 4" in text
    assert "bug 5" not in text
    assert text.endswith("a note")


@pytest.mark.parametrize(
    ("terminal", "colour", "painted"),
    [(True, None, True), (False, None, False), (False, True, True), (True, False, False)],
)
def test_colour_only_on_a_terminal_or_on_request(monkeypatch, terminal, colour, painted):
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal, raising=False)
    text = report(good(), bad(), unresolved()).text(colour=colour)
    assert ("\033[31mfail" in text) == painted
    assert ("\033[33munresolved" in text) == painted
    assert ("\033[" in text) == painted


def test_str_is_coloured_on_a_terminal_unless_no_color_is_set(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\033[" in str(report(bad()))
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" not in str(report(bad()))


def test_an_error_is_never_coloured(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with pytest.raises(GradientError) as caught:
        report(bad()).raise_if_failed()
    assert "\033[" not in str(caught.value)


def test_html_has_every_row_and_is_escaped():
    failed = report(good(), bad(component="<script>", diagnosis="a < b"))
    failed.mutation_score = (1, 2)
    failed.notes.append("R&D")
    html = failed._repr_html_()
    assert html.count("<tr>") == 3
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &lt; b" in html
    assert "R&amp;D" in html
    assert "1 of 2 planted bugs" in html
    assert len(re.findall(r"<(\w+)[ >]", html)) == len(re.findall(r"</(\w+)>", html)) + html.count(
        "<br>"
    )


def test_json_has_everything_but_the_arrays():
    failed = report(
        good(),
        bad(
            analytic=np.ones(2),
            numeric=np.zeros(2),
            bar=np.zeros(2),
            worst=WORST,
            caused_by="x",
            untested=np.int64(3),
        ),
    )
    failed.mutation_score = (1, 2)
    content = json.loads(failed.to_json())
    assert content["ok"] is False
    assert content["difference"] == 0.25
    assert content["mutation_score"] == [1, 2]
    assert content["guilty"] == "layer 0 Linear(2, 1) weight"
    assert len(content["checks"]) == 2
    row = content["checks"][1]
    assert {
        "layer": 0,
        "term": "layer",
        "parameter": "weight",
        "verdict": "fail",
        "caused_by": "x",
    }.items() <= row.items()
    assert row["worst"] == WORST
    assert row["untested"] == 3
    assert not {"analytic", "numeric", "bar"} & set(row)
    assert json.loads(report(good()).to_json())["guilty"] is None


def test_json_is_strict_where_a_gradient_is_not_a_number():
    failed = report(bad(worst={**WORST, "analytic": np.nan, "numeric": np.inf}))

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    json.loads(failed.to_json(), parse_constant=refuse)
