import numpy as np
import pytest
from coarse_functions import both_sides, relu_layer, tanh_layer

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
