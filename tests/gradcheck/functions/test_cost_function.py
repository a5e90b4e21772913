"""A scalar cost: its domain, its precision, and whether it can compute with complex numbers."""

import numpy as np
import pytest

from minidl import ArgumentError, DtypeError, check_gradients
from minidl.gradcheck.functions.cost_function import CostFunction
from minidl.gradcheck.functions.pytree import ParameterTree
from minidl.gradcheck.numeric.differences import CentralDifference, ComplexStep


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
    assert not report.failures, report
    w, small = report.checks
    assert w.verdict == "pass"
    assert w.resolution < 1e-9
    assert small.resolution < 1e-5  # differences of the whole cost see no more of it


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
    assert not report.failures


def test_a_cost_by_chance_is_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ArgumentError, match="freeze its randomness"):
        check_gradients(lambda p: (p * (rng.random(3) < 0.5)).sum(), lambda p: p, np.ones(3))


@pytest.mark.parametrize("scheme", [ComplexStep(), CentralDifference(1e-5)])
def test_the_slopes_of_all_elements(scheme):
    cost = CostFunction(lambda p: np.sin(p).sum(), ParameterTree(np.array([0.5, -1.0])))
    gradient = cost.elementwise_gradient(scheme)
    np.testing.assert_allclose(gradient.value, np.cos([0.5, -1.0]), rtol=1e-8)
    slope, bound = cost.slope(scheme, ..., np.array([1.0, 2.0]))
    assert abs(slope - np.cos([0.5, -1.0]) @ [1.0, 2.0]) <= bound + 1e-15


def test_the_precision_of_a_cost_in_float32():
    tree = ParameterTree(np.ones(2))
    assert CostFunction(lambda p: p.sum(), tree).precision == 0
    single = CostFunction(lambda p: p.astype(np.float32).sum(), tree)
    assert single.precision == np.finfo(np.float32).eps


@pytest.mark.parametrize("factor", [1.0, 1.01])
def test_a_complex_number_without_an_imaginary_part_is_a_cost(factor):
    report = check_gradients(
        lambda p: complex(np.sin(p).sum()), lambda p: factor * np.cos(p), np.array([0.3, 2.0])
    )
    assert report.ok == (factor == 1)


@pytest.mark.parametrize(
    ("cost", "words"),
    [(lambda p: bool(p.sum() > 0), "bool"), (lambda p: p.sum() + 1j, "real part")],
)
def test_what_is_no_real_number_is_refused(cost, words):
    with pytest.raises(DtypeError, match=words):
        check_gradients(cost, np.ones_like, np.array([0.3, 2.0]))


def test_a_cost_in_float16_does_not_overflow():
    x = np.random.default_rng(0).standard_normal((4, 3))
    assert check_gradients(lambda p: np.float16(np.sin(p.real).sum()), np.cos, x).failures == []


def test_bfloat16_of_other_libraries_is_widened():
    dtype = pytest.importorskip("ml_dtypes").bfloat16
    x = np.random.default_rng(0).standard_normal(8)

    def cost(p):
        return (p.astype(dtype) ** 2).sum()

    report = check_gradients(
        cost, lambda p: 2 * p.astype(dtype), x, reference=lambda p: (p**2).sum()
    )
    assert report.ok


def test_what_the_functions_set_for_numpy_s_warnings_stays_their_own():
    def gradient(p):
        np.seterr(all="raise")
        return -2 * p * np.exp(-(p**2))

    before = np.geterr()
    assert check_gradients(lambda p: np.exp(-(p**2)).sum(), gradient, np.array([0.3, 2.0])).ok
    assert np.geterr() == before


@pytest.mark.parametrize("error", [AssertionError, RuntimeError, KeyError])
def test_any_error_nearby_is_the_end_of_the_domain(error):
    x = np.array([0.3, 2.0])

    def cost(p):
        if np.abs(p.real - x).max() > 1e-3:
            raise error("outside")
        return float(np.sin(p.real).sum())

    assert check_gradients(cost, np.cos, x).failures == []
