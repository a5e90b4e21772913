"""check_gradients: right functions never fail, wrong ones always do."""

import json
import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minidl import (
    DtypeError,
    GradientError,
    NonFiniteError,
    ShapeError,
    check_gradients,
)

SHAPES = {"W1": (5, 4), "b1": (5, 1), "W2": (3, 5), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}


class Course:
    """The course's network with its own numbers, examples as columns."""

    def __init__(self):
        rng = np.random.RandomState(1)
        self.X, self.Y = rng.randn(4, 3), np.array([1, 1, 0])
        self.parameters = {name: rng.randn(*shape) for name, shape in SHAPES.items()}

    def forward(self, p):
        a = [self.X]
        for i in (1, 2, 3):
            z = np.dot(p[f"W{i}"], a[-1]) + p[f"b{i}"]
            a.append(np.maximum(0, z) if i < 3 else 1 / (1 + np.exp(-z)))
        return a

    def cost(self, p):
        a = self.forward(p)[-1]
        return 1.0 / 3 * np.sum(-np.log(a) * self.Y - np.log(1 - a) * (1 - self.Y))

    def gradients(self, p, w2=1, b1=1):
        a, g = self.forward(p), {}
        dz = a[3] - self.Y
        for i in (3, 2, 1):
            g[f"W{i}"], g[f"b{i}"] = dz @ a[i - 1].T / 3, dz.sum(axis=1, keepdims=True) / 3
            dz = (p[f"W{i}"].T @ dz) * (a[i - 1] > 0)
        return {**g, "W2": g["W2"] * w2, "b1": g["b1"] * b1}


NET = Course()


def of_rank(rank, seed=0):
    return np.random.default_rng(seed).standard_normal((2, 3, 4)[:rank])


# The course's numbers.


@pytest.mark.parametrize("ready", [False, True], ids=["callable", "arrays"])
@pytest.mark.parametrize(
    ("factors", "expected"),
    [((2, 4), 0.2850931567761624), ((3, 2), 0.3134753368918789)],
    ids=["x2 and x4", "xm and x2"],
)
def test_the_planted_bugs_of_the_course(factors, expected, ready):
    def buggy_gradients(p):
        return NET.gradients(p, *factors)

    report = check_gradients(
        NET.cost,
        buggy_gradients(NET.parameters) if ready else buggy_gradients,
        NET.parameters,
        method="central",
    )
    assert report.difference == pytest.approx(expected, rel=1e-12)
    assert {check.parameter for check in report.failures} == {"W2", "b1"}
    assert not report.ok
    for check in report.failures:
        index = tuple(check.worst["index"])
        right = NET.gradients(NET.parameters)[check.parameter][index]
        assert check.worst["numeric"] == pytest.approx(right, rel=1e-5)
        assert check.worst["analytic"] == pytest.approx(right * factors[check.parameter == "b1"])
        assert check.layer is None
        assert check.term == "total"
        assert check.diagnosis
        assert check.error_summary
    with pytest.raises(GradientError, match="W2"):
        report.raise_if_failed()


@pytest.mark.parametrize(
    ("settings", "expected", "to"),
    [
        ({}, 1.1890913024643007e-07, 1e-9),
        ({"epsilon": 1e-7}, 1.1890913024643007e-07, 1e-9),
        ({"epsilon": 1e-5}, 9.322638280272664e-10, 1e-6),
    ],
    ids=["default", "1e-7", "1e-5"],
)
def test_the_right_backward_has_the_course_s_number_and_passes(settings, expected, to):
    report = check_gradients(NET.cost, NET.gradients, NET.parameters, method="central", **settings)
    assert report.difference == pytest.approx(expected, rel=to)
    assert [check.verdict for check in report.checks] == ["pass"] * 6
    assert any("above the usual threshold of 1e-7" in note for note in report.notes) == (
        expected > 1e-7
    )


@pytest.mark.parametrize("method", ["auto", "complex"])
@pytest.mark.parametrize(
    "gradients", [NET.gradients, NET.gradients(NET.parameters)], ids=["callable", "arrays"]
)
def test_the_complex_step_leaves_rounding_alone(method, gradients):
    report = check_gradients(NET.cost, gradients, NET.parameters, method=method)
    assert report.ok
    assert 0 < report.difference < 5e-14
    assert report.method == "complex step"
    assert report.difference == pytest.approx(2.54e-14, rel=0.02)


def test_one_dimension():
    report = check_gradients(lambda t: t * 2, lambda t: 2.0, 4.0, method="central", epsilon=1e-7)
    assert report.difference == 2.919335883291695e-10
    assert report.ok


def test_central_asks_the_cost_at_theta_plus_and_minus_epsilon_of_each_element():
    seen = []
    check_gradients(
        lambda t: seen.append(t.copy()) or (t**2).sum(),
        lambda t: 2 * t,
        np.array([1.0, 2.0]),
        method="central",
        epsilon=1e-3,
    )
    for expected in ([1.001, 2], [0.999, 2], [1, 2.001], [1, 1.999]):
        assert any(np.array_equal(t, np.array(expected)) for t in seen)


# Calls.


@pytest.mark.parametrize("method", ["auto", "central"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_parameters_are_never_changed_even_by_a_cost_that_writes_or_raises(method, dtype):
    parameters = {"W": of_rank(2).astype(dtype), "b": np.array([-0.0, 1.0], dtype)}
    before = {name: array.tobytes() for name, array in parameters.items()}

    def cost(p):
        p["W"] *= 1
        value = (p["W"] ** 3).sum() + p["b"].sum()
        p["W"][...] = 7
        return value

    gradients = lambda p: {"W": 3 * p["W"] ** 2, "b": np.ones(2)}  # noqa: E731
    assert check_gradients(cost, gradients, parameters, method=method).ok
    calls = []

    def breaks(p):
        calls.append(p["W"].dtype.kind)
        if len(calls) > 20:
            raise RuntimeError("in the middle")
        return cost(p)

    with pytest.raises(RuntimeError, match="in the middle"):
        check_gradients(breaks, gradients, parameters, method="central")
    assert {name: array.tobytes() for name, array in parameters.items()} == before
    assert parameters["W"].dtype == dtype


# Right functions never fail, wrong ones always do.

ACTIVATIONS = {
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: (z > 0) * 1.0),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, a: a * (1 - a)),
    "abs": (np.abs, lambda z, a: np.sign(z)),  # not complex-safe
}


def network(rng, activation, scale):
    f, derivative = ACTIVATIONS[activation]
    widths = rng.integers(1, 6, rng.integers(2, 5))
    m = int(rng.integers(1, 8))
    X = rng.standard_normal((widths[0], m)) * rng.integers(
        0, 2, (1, m)
    )  # zero columns sit on the kink where biases are zero
    T = rng.standard_normal((widths[-1], m))
    parameters = [
        {
            "W": rng.standard_normal((o, i)) * scale,
            "b": rng.standard_normal((o, 1)) * rng.integers(0, 2),
        }
        for i, o in pairwise(widths)
    ]

    def forward(p):
        z, a = [], [X]
        for layer in p:
            z.append(layer["W"] @ a[-1] + layer["b"])
            a.append(f(z[-1]))
        return z, a

    def cost(p):
        return ((forward(p)[1][-1] - T) ** 2).sum() / m

    def gradients(p):
        z, a = forward(p)
        dy, found = 2 * (a[-1] - T) / m, []
        for k in reversed(range(len(p))):
            dz = dy * derivative(z[k], a[k + 1])
            found.insert(0, {"W": dz @ a[k].T, "b": dz.sum(axis=1, keepdims=True)})
            dy = p[k]["W"].T @ dz
        return found

    return cost, gradients, parameters


seeds = st.integers(0, 2**32 - 1)


@given(
    seeds,
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from([1e-3, 0.1, 1.0, 3.0, 100.0]),
    st.booleans(),
)
@example(276, "tanh", 100.0, True)
@example(8, "relu", 1e-3, False)
def test_a_right_network_never_fails(seed, activation, scale, ready):
    cost, gradients, parameters = network(np.random.default_rng(seed), activation, scale)
    given_ = gradients(parameters) if ready else gradients
    for settings in ({}, {"method": "central"}, {"method": "central", "epsilon": 1e-4}):
        report = check_gradients(cost, given_, parameters, **settings)
        assert not report.failures, report


def polynomial(rng):
    x = {"x": rng.standard_normal((3, 3)) * 10.0 ** rng.uniform(-2, 2), "y": rng.standard_normal(4)}
    c, d = rng.standard_normal((4, 3, 3)), rng.standard_normal((2, 4))

    def cost(p):
        return (
            sum((c[k] * p["x"] ** k).sum() for k in range(4))
            + (d[0] * np.sin(p["y"]) + d[1] * np.exp(p["y"])).sum()
        )

    def gradients(p):
        return {
            "x": sum(k * c[k] * p["x"] ** (k - 1) for k in (1, 2, 3)),
            "y": d[0] * np.cos(p["y"]) + d[1] * np.exp(p["y"]),
        }

    return cost, gradients, x


@given(seeds)
def test_a_right_polynomial_never_fails(seed):
    cost, gradients, x = polynomial(np.random.default_rng(seed))
    for given_ in (gradients, gradients(x)):
        for method in ("auto", "central"):
            report = check_gradients(cost, given_, x, method=method)
            assert not report.failures, report
            assert report.ok or method == "central", report
            assert report.difference < (1e-12 if method == "auto" else 1e-4)


def one_element(g):
    g = g.copy()
    g.flat[np.abs(g).argmax()] *= 1.01
    return g


WRONG = {
    "scaled": lambda g: g * (1 + 1e-6),
    "sign": lambda g: -g,
    "transposed": lambda g: g.T.copy(),
    "one element": one_element,
    "zero": lambda g: 0 * g,
    "nan": lambda g: g * np.nan,
}


@given(seeds, st.sampled_from(sorted(WRONG)), st.booleans())
def test_a_wrong_polynomial_is_always_found(seed, mistake, ready):
    cost, gradients, x = polynomial(np.random.default_rng(seed))

    def planted(p):
        g = gradients(p)
        return {**g, "x": WRONG[mistake](g["x"])}

    report = check_gradients(cost, planted(x) if ready else planted, x)
    assert [check.parameter for check in report.failures] == ["x"], report


@given(
    seeds,
    st.sampled_from(["scaled", "sign", "one element", "nan"]),
    st.sampled_from(["tanh", "relu", "sigmoid"]),
)
def test_a_wrong_network_is_always_found(seed, mistake, activation):
    cost, gradients, parameters = network(np.random.default_rng(seed), activation, 0.5)
    if not np.abs(gradients(parameters)[-1]["W"]).max() > 1e-6:
        return  # all dead: nothing is wrong

    def planted(p):
        g = gradients(p)
        g[-1]["W"] = WRONG[mistake](g[-1]["W"])
        return g

    report = check_gradients(cost, planted, parameters)
    assert [check.parameter for check in report.failures] == [f"[{len(parameters) - 1}].W"], report


# The report.


def test_the_report_is_text_html_and_json():
    report = check_gradients(lambda p: (p**2).sum(), lambda p: 3 * p, np.ones(2))
    assert "parameters" in str(report)
    assert "FAILED" in report._repr_html_()
    assert json.loads(report.to_json())["ok"] is False
    assert report.seconds > 0


def test_warnings_of_the_cost_do_not_disturb():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_gradients(
            lambda p: np.where(p > 0, p**2, np.sqrt(-1.0 * np.abs(p))).sum(),
            lambda p: 2 * p,
            np.ones(2),
        ).ok


# Refusals.


def square(p):
    return (p**2).sum()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((square, lambda p: 2 * p, np.arange(3)), DtypeError, "int64 for parameters"),
        ((square, lambda p: 2 * p, 4), DtypeError, "int64"),
        ((square, lambda p: 2 * p, np.ones(3, complex)), DtypeError, "complex128"),
        ((square, lambda p: 2 * p, None), DtypeError, "object"),
        ((square, lambda p: 2 * p, {}), ShapeError, "at least one array"),
        ((square, lambda p: 2 * p, np.ones((0, 3))), ShapeError, r"\(0, 3\)"),
        ((square, lambda p: 2 * p, np.array([1.0, np.nan])), NonFiniteError, "NaN"),
        (
            (lambda p: p**2, lambda p: 2 * p, np.ones(3)),
            ShapeError,
            r"one number, got an array of shape \(3,\)",
        ),
        ((lambda p: (square(p), p), lambda p: 2 * p, np.ones(3)), ShapeError, "tuple of 2"),
        ((lambda p: None, lambda p: 2 * p, np.ones(3)), ShapeError, "NoneType"),
        ((lambda p: "1", lambda p: 2 * p, np.ones(3)), ShapeError, "str"),
        ((lambda p: np.log(-square(p)), lambda p: 2 * p, np.ones(3)), NonFiniteError, "finite"),
        ((lambda p: p.sum() * np.inf, lambda p: 2 * p, np.ones(3)), NonFiniteError, "inf"),
        ((square, lambda p: np.ones((3, 1)), np.ones(3)), ShapeError, r"\(3,\), got \(3, 1\)"),
        ((square, lambda p: 1.0, np.ones(1)), ShapeError, "nothing is broadcast"),
        ((square, lambda p: None, np.ones(3)), ShapeError, "NoneType"),
        ((square, lambda p: [[1.0], [1.0, 2.0]], np.ones((2, 2))), ShapeError, "unequal"),
        ((square, lambda p: p + 0j, np.ones(3)), DtypeError, "complex128"),
        ((lambda p: p[0], ["a"], [np.ones(())]), DtypeError, "dtype"),
        (
            (lambda p: square(p["W"]), {"dW": np.ones(2), "dZ": 1}, {"W": np.ones(2)}),
            ShapeError,
            r'gradients\["d" \+ key\]',
        ),
        (
            (lambda p: square(p["W"]), {"W": np.ones(2), "b": 1}, {"W": np.ones(2)}),
            ShapeError,
            "'b' too many",
        ),
        ((lambda p: square(p["W"]), np.ones(2), {"W": np.ones(2)}), ShapeError, "expected a dict"),
        (
            (lambda p: square(p["W"]), (np.ones(2),) * 2, {"W": np.ones(2)}),
            ShapeError,
            "expected a dict, got a tuple of 2",
        ),
        (
            (lambda p: square(p[0]), [np.ones(2)], [np.ones(2), np.ones(2)]),
            ShapeError,
            "a list of 2",
        ),
        ((lambda p: square(p["a"][0]), {"a": {}}, {"a": [np.ones(2)]}), ShapeError, "under a"),
        ((lambda p: square(p), {"W": 1}, np.ones(2)), ShapeError, "expected an array"),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        check_gradients(*arguments)
