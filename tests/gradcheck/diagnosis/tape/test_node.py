"""One operation, and what flows back through it."""

import numpy as np
import pytest

from minidl.gradcheck.diagnosis.limits import TAPE_ARRAY
from minidl.gradcheck.diagnosis.tape.node import Node, NotTraceable, unbroadcast

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((3, 4)), RNG.standard_normal((4, 2))
G = RNG.standard_normal((3, 2))


def leaf(number, value):
    return Node(number, "input", lambda values: value, [], value)


def node_of(function, *values, is_elementwise=False):
    parents = [leaf(i, value) for i, value in enumerate(values)]
    result = np.asarray(function(*values))
    node = Node(9, "function", lambda v: function(*v), parents, result)
    node.is_elementwise = is_elementwise
    return node


def test_a_product_comes_back_through_both_factors():
    node = node_of(np.matmul, A, B)
    np.testing.assert_allclose(node.pull(0, G), G @ B.T)
    np.testing.assert_allclose(node.pull(1, G), A.T @ G)


def test_an_elementwise_operation_sums_over_what_was_broadcast():
    row = RNG.standard_normal((1, 4))
    node = node_of(np.multiply, A, row, is_elementwise=True)
    np.testing.assert_allclose(node.pull(1, np.ones((3, 4))), A.sum(axis=0, keepdims=True))
    assert unbroadcast(np.ones((2, 3, 4)), (4,)).tolist() == [6.0] * 4


@pytest.mark.parametrize("function", [np.abs, lambda x: np.sort(np.abs(x), axis=0)])
def test_what_refuses_complex_numbers_is_differentiated_by_differences(function):
    node = node_of(function, A)
    numeric = (function(A + 1e-6) - function(A - 1e-6)).sum() / 2e-6
    assert node.pull(0, np.ones((3, 4))).sum() == pytest.approx(numeric, rel=1e-8)


def test_a_large_array_is_not_differentiated():
    with pytest.raises(NotTraceable, match="elements"):
        node_of(np.max, np.ones(TAPE_ARRAY + 1)).pull(0, np.ones(()))


def test_a_derivative_may_be_taken_elsewhere():
    node = node_of(np.tanh, A, is_elementwise=True)
    found = node.pull_through(0, np.ones((3, 4)), node.derivative(0, [2 * A]))
    np.testing.assert_allclose(found, 1 - np.tanh(2 * A) ** 2)


def test_the_derivative_of_an_absolute_value_is_exact_beside_its_kink():
    x = np.array([1e-5, -1e-5, 2.0])
    node = Node(1, "absolute", lambda v: np.abs(*v), [leaf(0, x)], np.abs(x))
    node.is_elementwise = True
    assert node.pull(0, np.ones(3)).tolist() == [1.0, -1.0, 1.0]


def test_a_sum_of_many_elements_is_differentiated():
    def sum_node(x, **options):
        return Node(1, "sum", lambda v: np.sum(*v, **options), [leaf(0, x)], np.sum(x, **options))

    x = RNG.standard_normal(TAPE_ARRAY + 1)
    assert (sum_node(x).pull(0, np.ones(())) == 1).all()
    masked = sum_node(x[:4], where=[True, False, True, True])
    assert masked.pull(0, np.ones(())).tolist() == [1.0, 0.0, 1.0, 1.0]


def test_a_large_derivative_is_not_computed():
    with pytest.raises(NotTraceable, match="elements"):
        node_of(np.sort, np.ones(500)).pull(0, np.ones(500))
