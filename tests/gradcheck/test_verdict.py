"""Verdicts: pass, fail and unresolved, from error bars that hold; the report: a table for people, an object for programs."""

import json
import re

import numpy as np
import pytest
from helpers import in_dtype

from minidl import LeakyReLU, Linear, MinidlError, Sigmoid, Softmax, Tanh
from minidl.gradcheck import Check, GradientError, Report
from minidl.gradcheck.jacobian import Numeric
from minidl.gradcheck.steps import EPS
from minidl.gradcheck.verdict import NOISE, compare, compare_probes, difference, rounding_bar
from minidl.gradcheck.workbench import LayerBench, Workbench


def verdict(analytic, numeric, *, bar=1e-12, error=0.0, **more):
    """Return the check of one array against another."""
    analytic, numeric = np.array(analytic, float), np.array(numeric, float)
    known = Numeric(numeric, np.full(numeric.shape, error), "complex step", **more)
    return compare(Check(0, "layer", "weight", where="Linear(2, 2)"), analytic, known, np.full(analytic.shape, bar))


def test_equal_arrays_pass():
    check = verdict([[1.0, -2.0]], [[1.0, -2.0]])
    assert (check.verdict, check.difference, check.elements, check.method) == ("pass", 0.0, 2, "complex step")
    assert (check.worst, check.diagnosis) == ({}, "")


@pytest.mark.parametrize(("gap", "expected"), [(0.9e-12, "pass"), (1.1e-12, "fail")])
def test_the_bar_decides(gap, expected):
    assert verdict([gap], [0.0], bar=1e-12).verdict == expected


@pytest.mark.parametrize(("error", "expected"), [(0.0, "fail"), (2e-6, "pass")])
def test_the_numeric_side_brings_an_error_of_its_own(error, expected):
    assert verdict([1.0 + 1e-6], [1.0], error=error).verdict == expected


def test_the_worst_element_is_that_of_the_largest_gap():
    check = verdict([[1.0, 2.0], [3.1, 9.0]], [[1.0, 2.0], [3.0, 4.0]])
    assert check.worst == {"index": [1, 1], "analytic": 9.0, "numeric": 4.0, "bar": 1e-12}
    assert check.verdict == "fail"


def test_the_worst_element_is_one_that_is_wrong():
    known = Numeric(np.array([0.0, 0.0]), np.zeros(2), "")
    check = compare(Check(0, "layer", "bias"), np.array([5.0, 1.0]), known, np.array([10.0, 0.0]))
    assert check.worst["index"] == [1]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_fails_and_is_the_worst(bad):
    check = verdict([1.0, bad, 7.0], [1.0, 2.0, 3.0])
    assert (check.verdict, check.difference, check.worst["index"]) == ("fail", 1.0, [1])


def test_a_single_number_has_the_empty_index():
    check = verdict(2.0, 1.0)
    assert check.verdict == "fail"
    assert check.worst["index"] == []


def test_another_shape_fails():
    check = compare(Check(0, "layer", "bias"), np.ones((2, 1)), Numeric(np.ones(2), np.zeros(2), ""), np.zeros(()))
    assert (check.verdict, check.difference) == ("fail", 1.0)
    assert "(2, 1)" in check.diagnosis
    assert "(2,)" in check.diagnosis


def kinked(analytic, **more):
    return verdict(analytic, [0.0, 1.0], low=np.array([0.0, 1.0]), high=np.array([2.0, 1.0]), **more)


@pytest.mark.parametrize("value", [0.0, 1.0, 2.0])
def test_at_a_kink_every_slope_between_the_one_sided_ones_is_right(value):
    check = kinked([value, 1.0])
    assert (check.verdict, check.kinks, check.difference) == ("pass", 1, 0.0)


@pytest.mark.parametrize("value", [-0.1, 2.1])
def test_at_a_kink_what_lies_outside_is_wrong(value):
    assert kinked([value, 1.0]).verdict == "fail"


def test_where_kinks_mingle_nothing_is_decided():
    check = kinked([9.0, 1.0], mingled=True)
    assert check.verdict == "unresolved"
    assert "kinks" in check.diagnosis
    assert kinked([1.0, 1.0], mingled=True).verdict == "pass"


@pytest.mark.parametrize(("bar", "expected"), [(1e-4, "pass"), (1e-2, "unresolved")])
def test_bars_that_hide_the_gradient_leave_it_open(bar, expected):
    check = verdict([1.0], [1.0], bar=bar)
    assert check.verdict == expected
    assert ("rounding floor" in check.diagnosis) == (expected == "unresolved")


def test_a_bar_without_end_is_no_proof():
    assert verdict([1.0], [5.0], error=np.inf).verdict == "unresolved"


def test_elements_that_are_zero_on_both_sides_count_as_untested():
    assert verdict([0.0, 0.0, 1.0], [0.0, 0.0, 1.0]).untested == 2


@pytest.mark.parametrize(
    ("a", "n", "expected"), [([3.0], [1.0], 0.5), ([0.0], [0.0], 0.0), ([1.0], [-1.0], 1.0), ([0.0, 0.0], [3.0, 4.0], 1.0)]
)
def test_the_difference_is_the_number_of_the_course(a, n, expected):
    assert difference(np.array(a), np.array(n)) == expected


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_the_difference_of_what_is_not_finite_is_never_small(bad):
    assert not difference(np.array([bad, 1.0]), np.ones(2)) < 1


def probes(*pairs):
    return compare_probes(Check(1, "data", "weight"), list(pairs), 10, "complex step, probes")


def test_probes_that_agree_pass():
    check = probes((1.0, 1.0 + 1e-15, 1e-12, 3.0), (2.0, 2.0, 1e-12, 3.0))
    assert (check.verdict, check.elements, check.method) == ("pass", 10, "complex step, probes")
    assert 0 < check.difference < 1e-15


def test_one_wrong_probe_fails():
    check = probes((1.0, 1.0, 1e-12, 3.0), (1.0, 1.5, 1e-12, 3.0))
    assert check.verdict == "fail"
    assert check.worst == {"analytic": 1.0, "numeric": 1.5, "bar": 1e-12}
    assert check.difference == pytest.approx(0.5 / 6)


def test_a_failed_probe_is_not_passed_by_a_later_one():
    assert probes((1.0, 1.5, 1e-12, 3.0), (1.0, 1.0, 1e-12, 3.0), (1.0, 1.0, 9.0, 3.0)).verdict == "fail"


def test_a_probe_that_is_not_a_number_fails():
    check = probes((np.nan, 1.0, 1e-12, 1.0))
    assert (check.verdict, check.difference) == ("fail", 1.0)


def test_a_probe_under_rounding_is_left_open():
    check = probes((1e-9, 1e-9, 1e-6, 1e-9))
    assert check.verdict == "unresolved"
    assert "rounding floor" in check.diagnosis


@pytest.mark.parametrize(("numeric", "bar"), [(np.nan, 1e-12), (np.inf, 1e-12), (1.0, np.inf), (1.0, np.nan)])
def test_a_probe_without_a_numeric_side_is_left_open(numeric, bar):
    check = probes((1.0, numeric, bar, 1.0))
    assert check.verdict == "unresolved"
    assert "cannot be computed" in check.diagnosis


def test_probes_of_nothing_but_zeros_pass():
    assert probes((0.0, 0.0, 0.0, 0.0)).difference == 0.0


def test_the_place_is_said_in_words():
    assert Check(2, "layer", "weight", where="Linear(3, 1)").place == "layer 2 Linear(3, 1) weight"
    assert Check(2, "layer", "input", where="Dropout(0.5)", training=True).place == "layer 2 Dropout(0.5) input (training)"
    assert Check(None, "data", "prediction").place == "data prediction"


# The bar of the analytic side: it holds against a reference of higher precision, and is not wide.

ACTIVATIONS = {
    "sigmoid": (Sigmoid(), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    "tanh": (Tanh(), lambda x: 1 / np.cosh(x) ** 2),
    "leaky": (LeakyReLU(0.1), lambda x: np.where(x > 0, np.longdouble(1), np.longdouble(0.1))),
}


def bars(layer, x, cotangent):
    """Return (analytic, its bars) of a layer in float64."""
    with Workbench([layer]) as bench:
        lone = LayerBench(bench, 0, training=False)
        found = lone.gradients(x, cotangent)
        noisy = lone.noisy(x, cotangent, np.random.default_rng(5))
    return found, {name: rounding_bar(gradient, [run[name] for run in noisy]) for name, gradient in found.items()}


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_bar_covers_the_rounding_of_an_activation(name, scale):
    layer, derivative = ACTIVATIONS[name]
    rng = np.random.default_rng(2)
    x, c = scale * rng.standard_normal((20, 10)), rng.standard_normal((20, 10))
    found, bar = bars(layer, x, c)
    exact = derivative(x.astype(np.longdouble)) * c
    assert (np.abs(found["input"] - exact) <= bar["input"]).all()
    assert (bar["input"] <= 1e-10 * np.abs(exact) + 1e-12 * (np.abs(c) + 1)).all()  # ... and a factor 1 + 1e-9 would be seen


@pytest.mark.parametrize("m", [1, 30])
def test_the_bar_covers_the_rounding_of_a_linear_layer(m):
    rng = np.random.default_rng(3)
    layer = in_dtype(Linear(40, 5), np.float64)
    x, c = rng.standard_normal((m, 40)), rng.standard_normal((m, 5))
    x[:, :3] *= 1e8  # sums in which a large number hides the small ones
    found, bar = bars(layer, x, c)
    long_x, long_c, weight = x.astype(np.longdouble), c.astype(np.longdouble), layer.weight.value.astype(np.longdouble)
    for name, exact in (("weight", long_c.T @ long_x), ("bias", long_c.sum(axis=0)), ("input", long_c @ weight)):
        assert (np.abs(found[name] - exact) <= bar[name]).all(), name
        assert bar[name].max() <= 1e-9 * np.abs(exact).max(), name


def test_the_bar_covers_the_cancellation_in_softmax():
    rng = np.random.default_rng(4)
    x, c = 20 * rng.standard_normal((30, 6)), rng.standard_normal((30, 6)) + 1e4
    found, bar = bars(Softmax(), x, c)
    e = np.exp(x.astype(np.longdouble))
    y = e / e.sum(axis=1, keepdims=True)
    exact = y * (c - (c * y).sum(axis=1, keepdims=True))
    assert (np.abs(found["input"] - exact) <= bar["input"]).all()


def test_the_bar_of_an_exact_gradient_is_a_few_ulps():
    np.testing.assert_allclose(rounding_bar(np.array([0.0, 2.0]), []), [0.0, 32 * EPS])


def test_the_bar_grows_with_what_noise_shows():
    gradient = np.ones(2)
    noisy = [gradient + np.array([0.0, NOISE]), gradient - np.array([0.0, 2 * NOISE])]
    bar = rounding_bar(gradient, noisy)
    assert bar[1] == pytest.approx(2 * 50 * EPS + 16 * EPS)
    assert bar[0] == 16 * EPS


# The report.

WORST = {"index": [1, 2], "analytic": 2.0, "numeric": 1.0, "bar": 1e-12}


def report(*checks, **settings):
    return Report(list(checks), title="2 layers", difference=0.25, method="complex step", **settings)


def good(layer=0, term="layer", parameter="weight", **more):
    return Check(layer, term, parameter, difference=1e-15, where="Linear(2, 1)", elements=2, **more)


def bad(layer=0, term="layer", parameter="weight", **more):
    return Check(
        layer, term, parameter, **{"difference": 0.3, "verdict": "fail", "where": "Linear(2, 1)", "diagnosis": "a factor 2", **more}
    )


def unresolved(**more):
    return Check(1, "data", "bias", verdict="unresolved", diagnosis="rounding floor", where="Linear(2, 1)", **more)


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
        Check(layer, "protocol", str(i), where="Tanh()", training=training)
        for layer, training in ((0, False), (0, True), (1, False))
        for i in range(11)
    ]
    rows = body(str(report(*rules, bad(1, "protocol", "rows independent"))))
    assert len(rows) == 4
    assert [("11 rules" in row) for row in rows] == [True, True, True, False]
    assert sum("(training)" in row for row in rows) == 1


def test_the_text_says_which_side_is_numeric_and_what_was_found():
    failed = report(bad(worst=WORST, census="1 of 6 elements wrong"), bad(2, worst={**WORST, "index": []}))
    text = str(failed)
    assert "analytic: backward; numeric: complex step" in text
    assert "layer 0 Linear(2, 1) weight (layer): a factor 2" in text
    assert "worst at (1, 2): analytic 2, numeric 1 +- 1.0e-12" in text
    assert "worst: analytic 2" in text
    assert "1 of 6 elements wrong" in text
    assert "FAILED: 2 of 2 checks; difference 0.25" in text


def test_what_follows_from_others_is_only_listed():
    text = str(report(bad(), bad(1, "data", follows="layer 0 alone", diagnosis="hidden"), *[bad(9, "total", follows="x")] * 9))
    assert "what may follow from these: data 1 weight, total 9 weight" in text
    assert "..." in text
    assert "hidden" not in text


def test_many_findings_are_cut_short():
    text = str(report(*[bad(i, diagnosis="") for i in range(8)]))
    assert "... and 2 more: see report.failures" in text
    assert text.count("unknown cause") == 6


def test_the_unresolved_are_listed_with_their_reason():
    assert "layer 1 Linear(2, 1) bias (data), unresolved: rounding floor" in str(report(good(), unresolved()))


def test_the_kill_score_and_the_survivors_are_shown():
    passed = report(good())
    assert "could it have failed" not in str(passed)
    passed.kill_score, passed.survivors = (3, 9), [f"bug {i}" for i in range(6)]
    passed.notes.append("a note")
    text = str(passed)
    assert "could it have failed? 3 of 9 bugs planted into this model were found" in text
    assert "not found: bug 4" in text
    assert "bug 5" not in text
    assert text.endswith("a note")


@pytest.mark.parametrize(
    ("terminal", "colour", "painted"), [(True, None, True), (False, None, False), (False, True, True), (True, False, False)]
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
    failed = report(good(), bad(where="<script>", diagnosis="a < b"))
    failed.kill_score = (1, 2)
    failed.notes.append("R&D")
    html = failed._repr_html_()
    assert html.count("<tr>") == 3
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &lt; b" in html
    assert "R&amp;D" in html
    assert "1 of 2 planted bugs" in html
    assert len(re.findall(r"<(\w+)[ >]", html)) == len(re.findall(r"</(\w+)>", html)) + html.count("<br>")


def test_json_has_everything_but_the_arrays():
    failed = report(good(), bad(analytic=np.ones(2), numeric=np.zeros(2), bar=np.zeros(2), worst=WORST, follows="x", untested=np.int64(3)))
    failed.kill_score = (1, 2)
    content = json.loads(failed.to_json())
    assert content["ok"] is False
    assert content["difference"] == 0.25
    assert content["kill_score"] == [1, 2]
    assert content["guilty"] == "layer 0 Linear(2, 1) weight"
    assert len(content["checks"]) == 2
    row = content["checks"][1]
    assert {"layer": 0, "term": "layer", "parameter": "weight", "verdict": "fail", "follows": "x"}.items() <= row.items()
    assert row["worst"] == WORST
    assert row["untested"] == 3
    assert not {"analytic", "numeric", "bar"} & set(row)
    assert json.loads(report(good()).to_json())["guilty"] is None


def test_json_is_strict_where_a_gradient_is_not_a_number():
    failed = report(bad(worst={**WORST, "analytic": np.nan, "numeric": np.inf}))

    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    json.loads(failed.to_json(), parse_constant=refuse)
