import numpy as np
import pytest
from coarse_functions import bfloat16, both_sides, relu_layer, tanh_layer

from minidl import check_gradients
from minidl.gradcheck.functions.precision.measure import measure_precision
from minidl.gradcheck.functions.precision.measured_checks import measured_checks


def checks_of(cost, gradient, x, seed=0):
    sides = both_sides(cost, gradient, x)
    rng = np.random.default_rng(seed)
    return measured_checks(*sides, measure_precision(*sides, rng), rng)


@pytest.mark.parametrize("make", [tanh_layer, relu_layer])
@pytest.mark.parametrize("seed", range(3))
def test_right_functions_in_float32_pass_and_a_factor_fails(make, seed):
    (check,) = checks_of(*make(seed), seed)
    assert check.verdict == "pass"
    assert check.resolution <= 2e-4
    (check,) = checks_of(*make(seed, factor=1.01), seed)
    assert check.verdict == "fail"
    assert check.difference > 1e-3


def test_one_wrong_element_is_found():
    cost, gradient, x = tanh_layer()

    def wrong(p):
        g = gradient(p)
        g[2, 1] *= 1.1
        return g

    assert checks_of(cost, wrong, x)[0].verdict == "fail"


def two_arrays(wrong=1.0, bias=0.0):
    """A batch normalization in float32, whose gradient of the bias is zero."""
    rng = np.random.default_rng(0)
    x, r = rng.standard_normal((9, 4)), rng.standard_normal((9, 3))

    def forward(p):
        h = (x @ p["W"] + p["b"]).astype(np.float32)
        d = h - h.mean(0)
        return d, np.sqrt((d * d).mean(0) + np.float32(1e-5))

    def cost(p):
        d, s = forward(p)
        return float((r * (d / s)).sum())

    def gradients(p):
        d, s = forward(p)
        y, dy = d / s, r.astype(np.float32)
        dh = (dy - dy.mean(0) - y * (dy * y).mean(0)) / s
        return {"W": wrong * (x.T @ dh), "b": dh.sum(0) + bias}

    return cost, gradients, {"W": rng.standard_normal((4, 3)), "b": rng.standard_normal(3)}


def test_a_gradient_that_is_zero_within_rounding_passes_as_such():
    by_name = {check.parameter: check for check in checks_of(*two_arrays())}
    assert [check.verdict for check in by_name.values()] == ["pass", "pass"]
    assert "zero here" in by_name["b"].diagnosis
    assert by_name["b"].resolution < 1e-2


@pytest.mark.parametrize("slope", [0.0, 2e-7])
def test_a_gradient_of_zeros_passes_only_where_the_cost_stays_the_same(slope):
    """The true slope may be as small as the noise: that is not zero."""
    x = np.random.default_rng(0).standard_normal((2, 12))

    def cost(p):
        a, b = p["a"].astype(np.float32), p["b"].astype(np.float32)
        return float(np.tanh(b).sum() + np.float32(slope) * a.sum())

    def gradients(p):
        return {"a": np.zeros(12), "b": 1 - np.tanh(p["b"]) ** 2}

    by_name = {c.parameter: c for c in checks_of(cost, gradients, {"a": x[0], "b": x[1]})}
    assert by_name["b"].verdict == "pass"
    assert by_name["a"].verdict == ("unresolved" if slope else "pass")


def test_the_array_that_is_wrong_fails_alone():
    assert [c.verdict for c in checks_of(*two_arrays(wrong=1.02))] == ["fail", "pass"]
    assert [c.verdict for c in checks_of(*two_arrays(bias=0.1))] == ["pass", "fail"]


def test_what_is_not_finite_fails():
    cost, gradient, x = tanh_layer()
    (check,) = checks_of(cost, lambda p: gradient(p) * np.nan, x)
    assert check.verdict == "fail"


def test_what_noise_hides_is_unresolved():
    cost, gradient, x = tanh_layer(dtype=np.float16)
    (check,) = checks_of(lambda p: float(np.float16(60 + cost(p))), gradient, x)
    assert check.verdict == "unresolved"
    assert check.resolution > 1e-2
    assert "reference=" in check.diagnosis


def layer_norm_in_bfloat16(factor=1.0):
    """Its mean and its deviation are the same numbers, rounded, at all points nearby."""
    rng = np.random.default_rng(10)
    r = bfloat16(rng.standard_normal(800))

    def cost(x, rounded=lambda array: array):
        d = rounded(x - rounded(x.mean()))
        return float((r * (d / rounded(np.sqrt((d * d).mean() + 1e-3)))).sum())

    def gradient(x):
        b = bfloat16
        x = b(x)
        d = b(x - b(x.mean()))
        s = b(np.sqrt(b(b(d * d).mean() + 1e-3)))
        y = b(d / s)
        return factor * b(b(b(r - b(r.mean())) - b(y * b(b(r * y).mean()))) / s)

    return cost, gradient, rng.standard_normal(800) + 1.0


@pytest.mark.parametrize("seed", range(6))
def test_what_half_precision_rounds_alike_everywhere_does_not_fail(seed):
    (check,) = checks_of(*layer_norm_in_bfloat16(), seed)
    assert check.verdict != "fail"
    (check,) = checks_of(*layer_norm_in_bfloat16(1.05), seed)
    assert check.verdict == "fail"


def test_a_reference_is_asked_for_only_where_there_is_none():
    cost, gradient, x = layer_norm_in_bfloat16()
    b = bfloat16
    coarse = lambda p: float(b(cost(b(p), b)))  # noqa: E731
    alone = check_gradients(coarse, gradient, x)
    assert alone.status == "unresolved"
    assert "pass reference=" in alone.text(colour=False)
    for reference in (cost, lambda p: float(np.float32(cost(np.float32(p))))):
        given = check_gradients(coarse, gradient, x, reference=reference)
        assert "pass reference=" not in given.text(colour=False)


@pytest.mark.parametrize("size", [1e-4, 1.0])
def test_a_cost_that_float32_keeps_constant_is_unresolved_where_it_hardly_changes(size):
    x = size * np.random.default_rng(0).uniform(0.5, 1, 3)

    def gradient(p):
        return (2 * p / (1 + p**2)).astype(np.float32)

    right = check_gradients(
        lambda p: float(np.log(1 + p.astype(np.float32) ** 2).sum()), gradient, x
    )
    assert right.status == ("unresolved" if size < 1e-3 else "ok")
    constant = check_gradients(lambda p: 0.0 * float(p.sum()), gradient, x)
    assert constant.status == ("unresolved" if size < 1e-3 else "failed")


def test_a_resolution_of_more_than_the_array_itself_is_none():
    x = np.random.default_rng(0).standard_normal(20)

    def cost(p):  # an ulp of the cost is larger than all that p changes
        return float(np.float32(1e6) + np.float32(1e-3) * np.sin(p.astype(np.float32)).sum())

    report = check_gradients(cost, lambda p: 1e-3 * np.cos(p).astype(np.float32), x)
    assert report.status == "unresolved"
    assert report.checks[0].resolution == np.inf


@pytest.mark.parametrize("factor", [1.0, 1.7])
def test_a_small_gradient_that_jumps_beside_a_large_one_is_not_zero_here(factor):
    """The order of a sort changes nearby, and with it each element: that is no rounding."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal(300).astype(np.float32)

    def cost(p):
        a, b = p["a"].astype(np.float32), p["b"].astype(np.float32)
        return float(np.sort(a) @ weights + np.float32(1e4) * (b * b).sum())

    def gradients(p):
        slopes = np.zeros(300)
        slopes[np.argsort(p["a"].astype(np.float32))] = weights
        return {"a": factor * slopes, "b": np.float32(2e4) * p["b"].astype(np.float32)}

    parameters = {"a": 1 + 1e-6 * rng.standard_normal(300), "b": rng.standard_normal(100)}
    verdicts = [check.verdict for check in checks_of(cost, gradients, parameters)]
    assert verdicts == ["unresolved", "pass"]


@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_zeros_of_an_array_that_only_far_moves_show_are_unresolved(slope):
    def cost(p):
        a, c = p["a"].astype(np.float32), p["c"].astype(np.float32)
        return float(np.float32(1e9) * np.sin(a).sum() + c.sum())

    def gradients(p):
        return {"a": 1e9 * np.cos(p["a"].astype(np.float32)), "c": np.full(4, slope)}

    parameters = {"a": np.array([0.3, 0.7]), "c": np.array([0.5, -0.2, 0.1, 0.4])}
    verdicts = [check.verdict for check in checks_of(cost, gradients, parameters)]
    assert verdicts == ["pass", "unresolved"]


def test_a_gradient_that_turns_within_short_moves_is_not_zero_here():
    """Nothing can be seen of it: sin(b a) has a period of 1e-8 of b."""
    rng = np.random.default_rng(0)
    w, a, b = rng.standard_normal(200), rng.standard_normal(200) * 1e3, rng.standard_normal(2) * 1e5

    def cost(p):
        return np.float32(np.sin(p["b"]).sum() + 1e-8 * (w * np.sin(p["b"][0] * p["a"])).sum())

    def gradients(p, factor=1.0):
        slope = 1e-8 * w * np.cos(p["b"][0] * p["a"])
        of_b = np.cos(p["b"])
        of_b[0] += (slope * p["a"]).sum()
        return {"a": factor * slope * p["b"][0], "b": of_b}

    for factor in (1.0, -1.0):
        report = check_gradients(cost, lambda p, f=factor: gradients(p, f), {"a": a, "b": b})
        assert [check.verdict for check in report.checks] == ["unresolved"] * 2, report
