"""The failed arrays of a function, the last computed one first."""

import re

import numpy as np
import pytest

from minidl import check_gradients

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((4, 7)), RNG.standard_normal((1, 7))
THETA = {
    name: RNG.standard_normal(shape)
    for name, shape in {
        "W1": (5, 4),
        "b1": (5, 1),
        "W2": (5, 5),
        "b2": (5, 1),
        "W3": (1, 5),
        "b3": (1, 1),
    }.items()
}
STRENGTH = 0.7


def forward(p):
    z1 = p["W1"] @ X + p["b1"]
    a1 = z1 * (z1.real > 0)
    z2 = p["W2"] @ a1 + p["b2"]
    a2 = z2 * (z2.real > 0)
    return z1, a1, z2, a2, p["W3"] @ a2 + p["b3"] - Y


def cost(p):
    weights = sum((p[name] ** 2).sum() for name in ("W1", "W2", "W3"))
    return (forward(p)[-1] ** 2).sum() / 14 + STRENGTH / 14 * weights


def gradients(p, *, masked=True, weights=STRENGTH, biases=0.0):
    z1, a1, z2, a2, error = forward(p)
    dz3 = error / 7
    dz2 = p["W3"].T @ dz3 * (z2 > 0 if masked else 1)
    dz1 = p["W2"].T @ dz2 * (z1 > 0)
    data = {}
    for i, (dz, a) in enumerate([(dz1, X), (dz2, a1), (dz3, a2)], 1):
        data[f"W{i}"] = dz @ a.T + weights / 7 * p[f"W{i}"]
        data[f"b{i}"] = dz.sum(axis=1, keepdims=True) + biases / 7 * p[f"b{i}"]
    return data


def failures(backward):
    return check_gradients(cost, backward, THETA).failures


def test_the_latest_wrong_array_is_guilty():
    guilty, *others = failures(lambda p: gradients(p, masked=False))
    assert guilty.parameter == "b2"
    assert "the derivative (a mask) with respect to the argument of *" in guilty.diagnosis
    assert "a2 = z2 * (z2.real > 0)" in guilty.diagnosis
    assert [check.parameter for check in others] == ["W2", "b1", "W1"]
    assert {check.diagnosis for check in others} == {guilty.diagnosis}


def test_an_array_without_a_name_may_be_wrong_because_a_later_one_is():
    noise = {name: RNG.standard_normal(value.shape) for name, value in THETA.items()}

    # Ready-made arrays: there is no source whose line could be named instead.
    wrong = {name: g + noise[name] * (name < "W3") for name, g in gradients(THETA).items()}
    guilty, *others = check_gradients(cost, wrong, THETA).failures
    assert guilty.diagnosis.startswith("unknown cause")
    assert "follow" not in guilty.diagnosis
    for check in others:
        assert check.diagnosis.endswith(f"it may follow from the error in {guilty.parameter}")


def test_the_order_is_that_of_the_numbers_in_the_names():
    shuffled = {name: THETA[name] for name in ("b3", "W3", "b1", "W1", "b2", "W2")}
    wrong = check_gradients(cost, lambda p: gradients(p, masked=False), shuffled)
    assert wrong.guilty.parameter == "W2"


def test_without_numbers_the_order_is_that_of_the_arrays():
    theta = {"late": np.ones(3), "early": np.full(3, 2.0)}
    report = check_gradients(
        lambda p: (p["late"] ** 3).sum() + (p["early"] ** 3).sum(),
        lambda p: {name: 2 * value**2 for name, value in p.items()},
        theta,
    )
    assert report.guilty.parameter == "early"


@pytest.mark.parametrize(
    ("options", "arrays", "words"),
    [
        ({"weights": 0.0}, ["W3", "W2", "W1"], "= -0.1 x W[1-3] itself.*missing or halved"),
        ({"weights": 0.35}, ["W3", "W2", "W1"], "= -0.05 x [Wb][1-3] itself.*halved"),
        ({"weights": 1.4}, ["W3", "W2", "W1"], "= 0.1 x [Wb][1-3] itself.*doubled"),
        ({"biases": 0.7}, ["b3", "b2", "b1"], "= 0.1 x [Wb][1-3] itself.*on biases"),
    ],
)
def test_weight_decay(options, arrays, words):
    failed = {check.parameter: check for check in failures(lambda p: gradients(p, **options))}
    for name in arrays:
        assert re.search(words, failed.pop(name).diagnosis)
    assert not failed


def test_exchanged_gradients_say_to_which_array_they_belong():
    def exchanged(p):
        g = gradients(p)
        return {**g, "b1": g["b2"], "b2": g["b1"]}

    guilty, other = failures(exchanged)
    assert guilty.diagnosis == (
        "analytic = the numeric gradient of b1: gradients of two arrays swapped, "
        "this one belongs to b1"
    )
    assert other.diagnosis.endswith("belongs to b2")


def test_an_element_of_its_own_has_no_meaningful_ratio():
    report = check_gradients(lambda p: p**3, lambda p: 3.1 * p**2, 2.0)
    assert report.guilty.diagnosis.startswith("unknown cause")
    report = check_gradients(lambda p: p**3, lambda p: -3 * p**2, 2.0)
    assert "the sign is wrong" in report.guilty.diagnosis
