"""Probes of one array of a gradient along directions."""

import numpy as np
import pytest

from minidl.gradcheck.functions.analytic_gradient import AnalyticGradient
from minidl.gradcheck.functions.array_probes import ArrayProbes
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.numeric.differences import ComplexStep

RNG = np.random.default_rng(0)
P = {"a": RNG.standard_normal(5), "W": RNG.standard_normal((30, 20))}


def cost(p):
    return (np.sin(p["W"]) * p["a"][0]).sum() + (p["a"] ** 2).sum()


def gradients(p):
    a = 2 * p["a"]
    a[0] += np.sin(p["W"]).sum()
    return {"a": a, "W": np.cos(p["W"]) * p["a"][0]}


def array_probes(gradients=gradients, number=1):
    function = CostFunction(cost, ParameterTree(P))
    gradient = AnalyticGradient(gradients, function, np.random.default_rng(1))
    return ArrayProbes(function.part([number]), gradient.part([number]), ComplexStep())


@pytest.mark.parametrize("number", [0, 1])
def test_both_slopes_agree_within_the_bar(number):
    probes = array_probes(number=number)
    direction = RNG.standard_normal(probes.value.size)
    analytic, numeric, bar, terms = probes.along(direction)
    assert abs(analytic - numeric) <= bar < 1e-11 * terms
    expected = (gradients(P)[["a", "W"][number]].ravel() * direction).sum()
    assert numeric == pytest.approx(expected, rel=1e-12)


def test_an_element_moves_alone():
    probes = array_probes()
    slope, error = probes.element(25)
    assert probes.shape == (30, 20)
    assert abs(slope - gradients(P)["W"][1, 5]) <= error
    assert probes.element(25, -1.0)[0] == -slope


def test_the_other_arrays_keep_their_values():
    probes = array_probes()
    probes.along(np.ones(600))
    assert np.array_equal(probes.cost.tree.unflatten(probes.value)["a"], P["a"])


def test_an_error_of_one_element_is_seen_from_the_resolution_on():
    right = array_probes()
    direction = np.full(600, 0.5)
    resolution = right.resolution([right.along(direction)])
    assert 1e-14 < resolution < 1e-9
    norm = np.linalg.norm(gradients(P)["W"])

    def wrong(p):
        g = gradients(p)
        g["W"][3, 4] += 3 * resolution * norm
        return g

    analytic, numeric, bar, _ = array_probes(wrong).along(direction)
    assert abs(analytic - numeric) > bar


def test_a_gradient_of_zeros_resolves_nothing():
    probes = array_probes(lambda p: {"a": p["a"], "W": 0 * p["W"]})
    assert probes.resolution([probes.along(np.ones(600))]) == np.inf


def test_a_point_nearby_has_its_own_gradient():
    nearby = array_probes().nearby(1e-3, np.random.default_rng(0))
    assert not np.array_equal(nearby.value, P["W"].ravel())
    np.testing.assert_allclose(nearby.value, P["W"].ravel(), atol=1e-2)
    analytic, numeric, bar, _ = nearby.along(np.ones(600))
    assert abs(analytic - numeric) <= bar
