"""The arrays of a function that are beyond the budget."""

import numpy as np

from minidl import check_gradients

RNG = np.random.default_rng(0)
P = {"W1": RNG.standard_normal((80, 90)), "b": RNG.standard_normal(80)}
P["W2"] = RNG.standard_normal((80, 90))
R = RNG.standard_normal((80, 90))


def cost(p):
    return (np.sin(p["W1"]) * R + np.cos(p["W2"])).sum() + (p["b"] ** 2).sum()


def gradients(p):
    return {"W1": np.cos(p["W1"]) * R, "b": 2 * p["b"], "W2": -np.sin(p["W2"])}


def test_small_arrays_are_whole_beside_large_ones():
    report = check_gradients(cost, gradients, P)
    assert report.ok
    assert [check.parameter for check in report.checks] == ["W1", "b", "W2"]
    assert [check.numeric is not None for check in report.checks] == [False, True, False]
    assert "element by element: b" in report.notes
    assert "W1: 4 probes of all 7,200 elements" in str(report)


def test_what_hides_a_thousandth_of_the_gradient_is_unresolved():
    """Every probe sees its own slope, but one element would have to be wrong by far more."""

    def rough(p):
        return float((1e7 + np.sin(np.array(p, np.float64)) * R).sum())

    (check,) = check_gradients(rough, np.cos(P["W1"]) * R, P["W1"], budget=100).checks
    assert check.verdict == "unresolved"
    assert check.resolution > 1e-3


def test_places_along_axes_are_those_of_the_whole_array():
    x = RNG.standard_normal((20, 30, 40))

    def wrong(x):
        g = np.cos(x)
        g[:3] = 0
        return g

    (check,) = check_gradients(lambda x: np.sin(x).sum(), wrong, x).failures
    assert "axis 0: wrong at 0 to 2, right at 3 to 19" in check.error_summary


def test_tiny_gradients_have_a_norm():
    x = RNG.standard_normal(7000)
    (check,) = check_gradients(
        lambda p: p.sum() * 1e-170, np.full(7000, 1e-170), x, method="complex"
    ).checks
    assert check.verdict == "pass"
    assert 0 < check.resolution < 1e-9


def test_exchanged_gradients_are_named_at_any_size():
    def exchanged(p):
        g = gradients(p)
        return {"W1": g["W2"], "b": g["b"], "W2": g["W1"]}

    failures = {check.parameter: check for check in check_gradients(cost, exchanged, P).failures}
    assert "belongs to W2" in failures["W1"].diagnosis
    assert "belongs to W1" in failures["W2"].diagnosis


def test_what_probes_leave_unresolved_is_computed_whole_if_that_is_affordable():
    x = np.maximum(R, 0)

    def relu_cost(p):
        return np.maximum(p, 0).sum()

    probed = check_gradients(relu_cost, (x > 0) * 1.0, x, budget=500)
    assert probed.checks[0].verdict == "unresolved"
    whole = check_gradients(relu_cost, (x > 0) * 1.0, x, budget=2000)
    assert whole.checks[0].verdict == "pass"
    assert whole.checks[0].numeric is not None


def test_a_penalty_that_is_forgotten_is_named_at_any_size():
    def with_penalty(p):
        return cost(p) + 0.05 * (p["W1"] ** 2).sum()

    (check,) = check_gradients(with_penalty, gradients, P).failures
    assert "penalty" in check.diagnosis
