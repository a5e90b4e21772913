"""check_gradients: the course's numbers, right functions that never fail, wrong ones that always do, refusals."""

import json
import warnings
from collections import namedtuple
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minidl import (
    ArgumentError,
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
    def wrong(p):
        return NET.gradients(p, *factors)

    report = check_gradients(
        NET.cost, wrong(NET.parameters) if ready else wrong, NET.parameters, method="central"
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


# Structures.

Pair = namedtuple("Pair", "left right")


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        (np.ones((2, 3)), ["parameters"]),
        (1.5, ["parameters"]),
        ({"W": np.ones((2, 3)), "b": np.ones(2)}, ["W", "b"]),
        ([np.ones(2), np.ones((1, 2))], ["[0]", "[1]"]),
        (
            {"layers": [{"weight": np.ones(3), "bias": 2.0}], "scale": np.ones(())},
            ["layers[0].weight", "layers[0].bias", "scale"],
        ),
        ((np.ones(2), {3: np.ones(1)}), ["[0]", "[1][3]"]),
        (Pair(np.ones(2), np.ones(3)), ["[0]", "[1]"]),
    ],
)
def test_any_structure_of_arrays(parameters, names):
    def total(tree):
        if isinstance(tree, dict):
            return sum(total(held) for held in tree.values())
        if isinstance(tree, list | tuple):
            return sum(total(held) for held in tree)
        return np.sin(tree).sum()

    def slope(tree, factor=1.0):
        if isinstance(tree, dict):
            return {key: slope(held, factor) for key, held in tree.items()}
        if isinstance(tree, list | tuple):
            return [slope(held, factor) for held in tree]
        return factor * np.cos(tree)

    def typed(tree):
        assert type(tree) is (np.ndarray if isinstance(parameters, float) else type(parameters))
        return total(tree)

    report = check_gradients(typed, slope, parameters)
    assert [check.parameter for check in report.checks] == names
    assert report.ok
    assert report.difference < 1e-15
    assert len(check_gradients(typed, lambda p: slope(p, 1.001), parameters).failures) == len(names)


def test_a_named_tuple_keeps_its_names():
    report = check_gradients(
        lambda p: (p.left * p.right).sum(),
        lambda p: Pair(p.right, p.left),
        Pair(np.ones(2), np.array([2.0, 3.0])),
    )
    assert report.ok


def test_complex_copies_come_in_the_same_structure():
    kinds = []

    def cost(p):
        kinds.append((p["a"].dtype, p["b"][0].dtype))
        return (p["a"] * p["b"][0]).sum()

    check_gradients(
        cost, lambda p: {"a": p["b"][0], "b": [p["a"]]}, {"a": np.ones(2), "b": [np.ones(2)]}
    )
    assert {np.dtype(np.float64), np.dtype(np.complex128)} == {
        kind for pair in kinds for kind in pair
    }
    assert all(one == other for one, other in kinds)


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


def test_gradients_that_go_back_from_the_last_forward():
    kept = {}

    def cost(p):
        kept["p"] = p.copy()
        return (p**4).sum()

    assert check_gradients(cost, lambda p: 4 * kept["p"] ** 3, of_rank(2)).ok


def test_a_returned_buffer_may_be_used_again():
    buffer = np.empty(3)

    def gradients(p):
        buffer[:] = 2 * p
        return buffer

    report = check_gradients(lambda p: (p**2).sum(), gradients, np.array([1.0, 2.0, 3.0]))
    assert report.ok
    np.testing.assert_array_equal(report.checks[0].analytic, [2, 4, 6])


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
def test_a_right_network_never_fails(seed, activation, scale, ready):
    cost, gradients, parameters = network(np.random.default_rng(seed), activation, scale)
    given_ = gradients(parameters) if ready else gradients
    for settings in ({}, {"method": "central"}, {"method": "central", "epsilon": 1e-4}):
        report = check_gradients(cost, given_, parameters, **settings)
        assert report.ok, report


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
            assert report.ok, report
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
def test_a_wrong_polynomial_is_always_found(seed, wrong, ready):
    cost, gradients, x = polynomial(np.random.default_rng(seed))

    def planted(p):
        g = gradients(p)
        return {**g, "x": WRONG[wrong](g["x"])}

    report = check_gradients(cost, planted(x) if ready else planted, x)
    assert [check.parameter for check in report.failures] == ["x"], report


@given(
    seeds,
    st.sampled_from(["scaled", "sign", "one element", "nan"]),
    st.sampled_from(["tanh", "relu", "sigmoid"]),
)
def test_a_wrong_network_is_always_found(seed, wrong, activation):
    cost, gradients, parameters = network(np.random.default_rng(seed), activation, 0.5)
    if not np.abs(gradients(parameters)[-1]["W"]).max() > 1e-6:
        return  # all dead: nothing is wrong

    def planted(p):
        g = gradients(p)
        g[-1]["W"] = WRONG[wrong](g[-1]["W"])
        return g

    report = check_gradients(cost, planted, parameters)
    assert [check.parameter for check in report.failures] == [f"[{len(parameters) - 1}].W"], report


# Kinks, functions that complex numbers break, coarse ones, large ones.


@pytest.mark.parametrize(
    "cost",
    [
        lambda p: np.maximum(p, 0).sum(),
        lambda p: np.where(p.real > 0, p, 0).sum(),
        lambda p: (np.abs(p) + p.real).sum() / 2,
    ],
    ids=["maximum", "where", "abs"],
)
@pytest.mark.parametrize(
    ("slope", "right"),
    [(0.0, True), (0.5, True), (1.0, True), (-0.01, False), (1.01, False), (2.0, False)],
)
def test_at_a_kink_every_slope_between_the_one_sided_ones_is_right(cost, slope, right):
    report = check_gradients(
        cost, lambda p: np.where(p == 0, slope, (p > 0) * 1.0), np.array([1.0, 0.0, -2.0])
    )
    assert report.ok == right
    if right:
        assert report.difference < 1e-9
        if slope:  # where complex numbers do not see the kink, nothing asks for it at slope 0
            assert report.checks[0].kinks == 1
            assert any("1 of 3 elements sit exactly on a kink" in note for note in report.notes)
    else:
        assert report.failures[0].worst["index"] == [1]


@pytest.mark.parametrize(
    ("cost", "why"),
    [
        (lambda p: float(np.sum(p**2)), "ComplexWarning"),
        (lambda p: np.linalg.norm(p) ** 2, "real"),
        (lambda p: (np.abs(p) ** 2).sum(), "real"),
        (lambda p: np.vdot(p, p), "got lost"),
        (lambda p: (p[:1] ** 2).sum() + (np.abs(p[1:]) ** 2).sum(), "got lost"),
        (lambda p: np.sum(np.power(p, 2, dtype=np.float64)), "UFuncTypeError"),
    ],
)
def test_falls_back_to_central_differences_and_says_why(cost, why):
    p = np.array([1.0, -2.0, 0.5])
    report = check_gradients(cost, lambda p: 2 * p, p)
    assert report.ok
    assert report.method == "central differences (Richardson)"
    assert why in report.notes[0]
    assert "not complex-safe" in report.notes[0]
    assert report.difference < 1e-9
    assert not check_gradients(cost, lambda p: 2.00001 * p, p).ok
    with pytest.raises(ArgumentError, match="not complex-safe"):
        check_gradients(cost, lambda p: 2 * p, p, method="complex")


def test_a_small_part_lost_by_complex_numbers_is_no_failure():
    p = {"w": np.array([0.3, -0.4]), "s": np.array([1e-7])}

    def cost(q):
        return (q["w"] ** 2).sum() + 1e-8 * np.linalg.norm(q["w"]) + (q["s"] ** 2).sum()

    report = check_gradients(
        cost,
        lambda q: {"w": 2 * q["w"] + 1e-8 * q["w"] / np.linalg.norm(q["w"]), "s": 2 * q["s"]},
        p,
    )
    assert report.ok, report


def test_the_domain_of_the_cost_may_end_close_by():
    def cost(p):
        if p.real.min() <= 0:
            raise ValueError("outside")
        return np.log(p).sum()

    assert check_gradients(cost, lambda p: 1 / p, np.array([1e-9, 1.0])).ok


def test_a_cost_in_single_precision_is_not_called_wrong():
    report = check_gradients(
        lambda p: (p.astype(np.float32) ** 2).sum(), lambda p: 2 * p, np.array([1.0, 2.0])
    )
    assert report.ok
    assert report.checks[0].verdict in ("pass", "unresolved")


def test_gradients_in_single_precision_are_compared_as_such():
    p = of_rank(2)
    assert check_gradients(lambda p: (p**2).sum(), (2 * p).astype(np.float32), p).ok
    report = check_gradients(lambda p: (p**2).sum(), (2.01 * p).astype(np.float32), p)
    assert not report.ok
    assert any("single precision" in note for note in report.notes)


def test_ready_made_gradients_that_are_slightly_off_are_unresolved():
    p = of_rank(2)
    report = check_gradients(lambda p: (p**2).sum(), 2 * p * (1 + 1e-10), p)
    assert report.checks[0].verdict == "unresolved"
    assert not check_gradients(lambda p: (p**2).sum(), lambda p: 2 * p * (1 + 1e-10), p).ok


def large():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 5))
    p = {"W": rng.standard_normal((40, 300)) / 17, "b": np.zeros((40, 1))}

    def cost(p):
        return (np.tanh(p["W"] @ X + p["b"]) ** 2).mean()

    def gradients(p):
        a = np.tanh(p["W"] @ X + p["b"])
        dz = 2 * a * (1 - a * a) / a.size
        return {"W": dz @ X.T, "b": dz.sum(axis=1, keepdims=True)}

    return cost, gradients, p


def test_many_elements_are_probed():
    cost, gradients, p = large()
    calls = []
    report = check_gradients(lambda p: calls.append(1) or cost(p), gradients, p)
    assert report.ok
    assert report.difference < 1e-14
    assert len(calls) < 200
    assert any("probes" in note for note in report.notes)


@pytest.mark.parametrize("factor", [1.001, -1.0])
def test_one_wrong_element_of_many_is_found_and_located(factor):
    cost, gradients, p = large()

    def wrong(p):
        g = gradients(p)
        g["W"][31, 207] *= factor
        return g

    report = check_gradients(cost, wrong, p)
    assert [check.parameter for check in report.failures] == ["W"]
    worst = report.failures[0].worst
    assert worst["index"] == [31, 207]
    assert worst["numeric"] == pytest.approx(gradients(p)["W"][31, 207], rel=1e-12)
    assert worst["analytic"] == pytest.approx(factor * worst["numeric"])


def test_a_cost_that_ignores_its_argument_is_told():
    W = np.array([1.0, 2.0])
    report = check_gradients(lambda p: (W**2).sum() + 0 * p.sum(), lambda p: 2 * p, W)
    assert not report.ok
    assert any("does it use its argument" in note for note in report.notes)


def test_what_has_zero_gradient_is_told():
    report = check_gradients(lambda p: p[0] ** 2, lambda p: np.array([2 * p[0], 0.0]), np.ones(2))
    assert report.ok
    assert any("not tested: 1 of 2" in note for note in report.notes)


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
    ("arguments", "error", "said"),
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
            (lambda p: square(p[0]), [np.ones(2)], [np.ones(2), np.ones(2)]),
            ShapeError,
            "a list of 2",
        ),
        ((lambda p: square(p["a"][0]), {"a": {}}, {"a": [np.ones(2)]}), ShapeError, "under a"),
        ((lambda p: square(p), {"W": 1}, np.ones(2)), ShapeError, "expected an array"),
    ],
)
def test_what_cannot_be_checked_is_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        check_gradients(*arguments)


def test_a_cost_by_chance_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ArgumentError, match="freeze its randomness"):
        check_gradients(lambda p: (p * (rng.random(3) < 0.5)).sum(), lambda p: p, np.ones(3))


@pytest.mark.parametrize(
    "settings", [{"method": "forward"}, {"epsilon": 0}, {"epsilon": -1e-7}, {"epsilon": np.nan}]
)
def test_settings_outside_of_their_range(settings):
    with pytest.raises(ArgumentError, match=next(iter(settings))):
        check_gradients(square, lambda p: 2 * p, np.ones(3), **settings)
