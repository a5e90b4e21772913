"""scipy.check: what minimize, root and least_squares take, right and wrong."""

import numpy as np
import pytest
from scipy.optimize import (
    BFGS,
    LinearConstraint,
    NonlinearConstraint,
    rosen,
    rosen_der,
    rosen_hess,
    rosen_hess_prod,
)
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator, aslinearoperator

from minidl import ArgumentError, DtypeError
from minidl.adapters import scipy

X0 = np.array([1.3, 0.7, 0.8, 1.9])
T = np.linspace(0, 3, 7)


def wrong(report):
    return {check.parameter for check in report.failures}


def residuals(x, shift=0.0):
    return x[0] * np.exp(-x[1] * T) + x[2] * T + x[3] ** 2 + shift


def jacobian(x, shift=0.0, factor=1.0):
    decay = np.exp(-x[1] * T)
    return np.stack([decay, -x[0] * T * decay * factor, T, 2 * x[3] + 0 * T], axis=1)


def test_all_derivatives_of_minimize():
    report = scipy.check(rosen, X0, jac=rosen_der, hess=rosen_hess, hessp=rosen_hess_prod)
    assert report.ok, report
    assert [check.parameter for check in report.checks] == ["jac", "hess", "hessp"]
    assert [check.elements for check in report.checks] == [4, 16, 4]
    report = scipy.check(
        rosen,
        X0,
        jac=rosen_der,
        hess=lambda x: rosen_hess(x) * (1 + 0.1 * np.eye(4)),
        hessp=lambda x, p: rosen_hess_prod(x, p) + p,
    )
    assert wrong(report) == {"hess", "hessp"}
    assert wrong(scipy.check(rosen, X0, jac=lambda x: -rosen_der(x))) == {"jac"}


def test_value_and_jac_in_one():
    assert scipy.check(lambda x: (rosen(x), rosen_der(x)), X0, jac=True).ok
    assert wrong(scipy.check(lambda x: (rosen(x), 2 * rosen_der(x)), X0, jac=True)) == {"jac"}
    report = scipy.check(lambda x: (residuals(x), jacobian(x, factor=2)), X0, jac=True)
    assert wrong(report) == {"jac"}


def test_args_are_passed_also_when_they_are_no_tuple():
    fun = lambda x, a: a * np.sum(x**2)  # noqa: E731
    assert scipy.check(fun, X0, (3.0,), jac=lambda x, a: 2 * a * x).ok
    assert scipy.check(fun, X0, args=3.0, jac=lambda x, a: 2 * a * x).ok
    assert not scipy.check(fun, X0, args=3.0, jac=lambda x, a: 2 * x).ok


def test_the_matrix_of_residuals_is_checked_element_by_element():
    report = scipy.check(residuals, X0, (0.5,), jac=jacobian)
    assert report.ok, report
    assert report.checks[0].elements == 28

    def one_wrong(x):
        matrix = jacobian(x)
        matrix[5, 1] *= 1.001
        return matrix

    report = scipy.check(residuals, X0, jac=one_wrong)
    assert report.guilty.worst["index"] == [5, 1]


@pytest.mark.parametrize("form", [csr_array, aslinearoperator, np.ndarray.tolist])
def test_other_forms_of_a_matrix(form):
    assert scipy.check(residuals, X0, jac=lambda x: form(jacobian(x))).ok
    assert wrong(scipy.check(residuals, X0, jac=lambda x: form(jacobian(x, factor=1.1)))) == {"jac"}


def test_many_residuals_are_checked_together():
    t = np.linspace(0, 3, 1000)
    fun = lambda x: x[0] * np.exp(-x[1] * t)  # noqa: E731
    jac = lambda x: np.stack([np.exp(-x[1] * t), -x[0] * t * np.exp(-x[1] * t)], 1)  # noqa: E731
    report = scipy.check(fun, [1.5, 0.4, 1.0], jac=lambda x: np.pad(jac(x), ((0, 0), (0, 1))))
    assert "1,000 rows of jac were checked together" in report.notes[-1]
    assert not report.failures

    def one_wrong(x):
        matrix = jac(x)
        matrix[500, 1] += 0.01
        return matrix

    assert scipy.check(fun, [1.5, 0.4], jac=jac).ok
    report = scipy.check(fun, [1.5, 0.4], jac=one_wrong)
    assert report.guilty.worst["index"] == [1]
    assert not scipy.check(fun, [1.5, 0.4], jac=lambda x: csr_array(one_wrong(x))).ok


def test_one_residual_is_a_matrix_of_one_row():
    fun = lambda x: np.array([np.sum(x**2)])  # noqa: E731
    assert scipy.check(fun, X0, jac=lambda x: 2 * x[None]).ok
    assert scipy.check(fun, X0, jac=lambda x: 2 * x).ok
    assert not scipy.check(fun, X0, jac=lambda x: 3 * x[None]).ok


def test_constraints():
    circle = {"type": "ineq", "fun": lambda x, r: r**2 - np.sum(x**2), "args": (2,)}
    nonlinear = NonlinearConstraint(
        lambda x: np.array([x[0] * x[1], np.sin(x[2])]),
        0,
        1,
        jac=lambda x: np.array([[x[1], x[0], 0, 0], [0, 0, np.cos(x[2]), 0]]),
        hess=lambda x, v: (
            v[0] * np.eye(4)[[1, 0, 2, 3]] * [1, 1, 0, 0]
            - v[1] * np.sin(x[2]) * np.diag([0, 0, 1, 0])
        ),
    )
    without = NonlinearConstraint(lambda x: x[0], 0, 1, jac="2-point", hess=BFGS())
    constraints = [
        circle | {"jac": lambda x, r: -2 * x},
        nonlinear,
        without,
        LinearConstraint(np.eye(4)),
        circle,
    ]
    report = scipy.check(rosen, X0, jac=rosen_der, constraints=constraints)
    assert not report.failures, report
    assert [check.parameter for check in report.checks] == [
        "jac",
        "constraints[0].jac",
        "constraints[1].jac",
        "constraints[1].hess",
    ]
    report = scipy.check(rosen, X0, constraints=circle | {"jac": lambda x, r: 2 * x})
    assert wrong(report) == {"constraints[0].jac"}


def test_nothing_to_check_is_refused():
    with pytest.raises(ArgumentError, match="no derivative to check, got jac='2-point'"):
        scipy.check(rosen, X0, jac="2-point")
    with pytest.raises(ArgumentError, match="hess is checked against jac"):
        scipy.check(rosen, X0, hess=rosen_hess)


@pytest.mark.parametrize(
    ("jac", "words"),
    [
        (lambda x: jacobian(x).T, "shape (4, 7), but must have shape (7, 4)"),
        (lambda x: jacobian(x)[0], "shape (4,), but must have shape (7, 4)"),
        (lambda x: {}["J"], "it raises KeyError: 'J'"),
        (lambda x: None, "shape (), but must have shape (7, 4)"),
    ],
)
def test_a_derivative_of_another_shape_or_that_raises_is_a_failed_row(jac, words):
    constraint = {"type": "eq", "fun": np.sum, "jac": np.ones_like}
    report = scipy.check(residuals, X0, jac=jac, constraints=constraint)
    assert wrong(report) == {"jac"}
    assert words in report.guilty.diagnosis
    assert report.checks[-1].verdict == "pass"


def test_a_gradient_of_another_length_is_a_failed_row():
    assert wrong(scipy.check(rosen, X0, jac=lambda x: rosen_der(x)[:3])) == {"jac"}
    assert not scipy.check(lambda x: x[0] ** 2, 3.0, jac=lambda x: 2 * x[0]).failures


def test_functions_that_fill_one_buffer_are_right():
    x0 = X0[:2]
    slope, matrix = np.zeros(2), np.zeros((2, 2))

    def jac(x):
        slope[:] = rosen_der(x)
        return slope

    def hess(x):
        matrix[:] = rosen_hess(x)
        return matrix

    report = scipy.check(rosen, x0, jac=jac, hess=hess)
    assert not report.failures, report
    assert wrong(scipy.check(rosen, x0, jac=jac, hess=lambda x: 2 * hess(x))) == {"hess"}


@pytest.mark.parametrize("factor", [1, 2])
def test_an_operator_that_only_knows_its_product(factor):
    def hess(x):
        return LinearOperator((x.size,) * 2, matvec=lambda p: factor * rosen_hess_prod(x, p))

    for x in (X0, np.linspace(0.5, 1.5, 25)):  # of 16 elements, and too many for one by one
        report = scipy.check(rosen, x, jac=rosen_der, hess=hess)
        assert wrong(report) == ({"hess"} if factor == 2 else set()), report


def test_a_hess_that_piles_up_fails():
    total = np.zeros((4, 4))

    def piles_up(x):
        total[:] += rosen_hess(x)
        return total

    report = scipy.check(rosen, X0, jac=rosen_der, hess=piles_up)
    assert wrong(report) == {"the same twice"}
    assert "another gradient of hess, by the same amount each time" in report.guilty.diagnosis


def test_functions_that_write_into_their_arguments_are_named():
    def moves(function):
        def moving(*vectors):
            result = function(*vectors)
            vectors[-1][...] *= 0.5
            return result

        return moving

    derivatives = {"jac": rosen_der, "hess": rosen_hess, "hessp": rosen_hess_prod}
    for name, argument in {"jac": "x", "hess": "x", "hessp": "p"}.items():
        report = scipy.check(rosen, X0, **derivatives | {name: moves(derivatives[name])})
        assert wrong(report) == {"argument untouched"}
        assert report.guilty.diagnosis == f"{name} writes into {argument}: work on a copy"
    report = scipy.check(moves(rosen), X0, jac=rosen_der)
    assert report.ok
    assert "fun writes into x; it got copies here" in report.notes


def test_what_is_no_function_of_x_is_refused():
    no_function = {
        "fun": lambda: scipy.check(3, X0, jac=rosen_der),
        "hess": lambda: scipy.check(rosen, X0, jac=rosen_der, hess=np.eye(4)),
        r"constraints\[0\]\.fun": lambda: scipy.check(rosen, X0, constraints={"jac": rosen_der}),
    }
    for name, check in no_function.items():
        with pytest.raises(ArgumentError, match=f"{name} must be a function of x, got "):
            check()
    with pytest.raises(ArgumentError, match=r"fun must return \(value, jac\), got float64"):
        scipy.check(rosen, X0, jac=True)
    with pytest.raises(DtypeError, match="x0 must hold real numbers"):
        scipy.check(rosen, ["a"], jac=rosen_der)


@pytest.mark.parametrize(
    ("derivative", "words"),
    [
        (lambda right: None, "it must contain real numbers, got dtype object"),
        (lambda right: right + 1j, "it must contain real numbers, got dtype complex128"),
        (lambda right: [[1.0], [1.0, 2.0]], "it is no array: "),
    ],
)
def test_a_derivative_that_holds_no_numbers_is_a_failed_row(derivative, words):
    report = scipy.check(lambda x: x[0] ** 2, 3.0, jac=lambda x: derivative(2 * x[0]))
    assert words in report.guilty.diagnosis


def test_a_derivative_that_raises_at_another_point_is_a_failed_row():
    def only_at_the_point(x):
        if x.tolist() != X0.tolist():
            raise ValueError("elsewhere")
        return rosen_der(x)

    report = scipy.check(rosen, X0, jac=only_at_the_point, hess=rosen_hess)
    assert wrong(report) == {"jac", "hess"}  # which was to be checked against jac
    assert report.guilty.diagnosis == "it raises ValueError: elsewhere"
    with pytest.raises(ValueError, match="elsewhere"):
        scipy.check(only_at_the_point, X0, jac=rosen_hess)
