"""A gradient too large to compute element by element."""

import numpy as np
import pytest

from minidl import check_gradients
from minidl.gradcheck.functions import probe_check
from minidl.gradcheck.functions.numeric_roughness import slope_roughness


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

    def buggy_gradients(p):
        g = gradients(p)
        g["W"][31, 207] *= factor
        return g

    report = check_gradients(cost, buggy_gradients, p)
    assert [check.parameter for check in report.failures] == ["W"]
    worst = report.failures[0].worst
    assert worst["index"] == [31, 207]
    assert worst["numeric"] == pytest.approx(gradients(p)["W"][31, 207], rel=1e-12)
    assert worst["analytic"] == pytest.approx(factor * worst["numeric"])


def test_where_one_direction_fails_the_rounding_of_the_others_is_not_measured(monkeypatch):
    measured = []

    def counted(cost, moves, rng):
        measured.append(len(moves))
        return slope_roughness(cost, moves, rng)

    monkeypatch.setattr(probe_check, "slope_roughness", counted)
    cost, gradients, p = large()
    report = check_gradients(cost, lambda p: {**gradients(p), "W": 1.0001 * gradients(p)["W"]}, p)
    assert [check.parameter for check in report.failures] == ["W"]
    assert measured == [1]


def test_all_directions_are_measured_where_rounding_explains_the_worst(monkeypatch):
    measured = []

    def rough(cost, moves, rng):  # so rough that no direction fails
        measured.append(len(moves))
        return np.full(len(moves), 1e3)

    monkeypatch.setattr(probe_check, "slope_roughness", rough)
    cost, gradients, p = large()
    check_gradients(cost, lambda p: {**gradients(p), "W": 1.0001 * gradients(p)["W"]}, p)
    assert measured == [1, 3]
