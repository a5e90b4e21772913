"""What the first layer computes of sparse rows, beside what it computes of the same array."""

import copy

import numpy as np
import pytest
from scipy import sparse

from minidl import (
    L2,
    CategoricalCrossEntropy,
    Chain,
    Dropout,
    GradientChecker,
    Linear,
    Sequential,
    Softmax,
    Tanh,
)
from minidl.errors import ArgumentError
from minidl.utils.sparse_rows import SparseRows

RNG = np.random.default_rng(0)
X = sparse.csc_matrix(RNG.standard_normal((5, 9)) * (RNG.random((5, 9)) < 0.4))
Y = [0, 1, 2, 0, 1]


class DoubledOutput(Linear):
    takes_sparse = True

    def forward(self, x, *, training=False):
        y = super().forward(x, training=training)
        return 1.000001 * y if isinstance(x, SparseRows) else y


class LostWords(Linear):
    """Its gradient for sparse rows lacks the last word."""

    takes_sparse = True

    def backward_parameters(self, dy):
        super().backward_parameters(dy)
        if isinstance(self._x, SparseRows):
            self.weight.grad[:, X.indices.max()] = 0


class Unwritten(Linear):
    """Its gradient for sparse rows has only the words that occur."""

    takes_sparse = True

    def backward_parameters(self, dy):
        if not isinstance(self._x, SparseRows):
            super().backward_parameters(dy)
            return
        self.bias.grad[...] = dy.sum(axis=0)
        columns = np.unique(self._x.csr.indices)
        self.weight.grad[:, columns] = (dy.T @ self._x.csr)[:, columns]


class DenseOnly(Linear):
    takes_sparse = True

    def forward(self, x, *, training=False):
        return super().forward(np.abs(x) * np.sign(x), training=training)


def report_of(first, x=X, **settings):
    layers = [copy.deepcopy(first), Tanh(), Dropout(0.8), Linear(4, 3), Softmax()]
    model = Sequential(layers, loss=CategoricalCrossEntropy(), penalties=[L2(0.1)])
    theta = model.parameters.theta.copy()
    report = GradientChecker(model, **settings).check(x, Y)
    np.testing.assert_array_equal(model.parameters.theta, theta)
    return report


def sparse_row(report):
    (row,) = [check for check in report.checks if check.parameter == "sparse rows"]
    assert (row.term, row.layer) == ("protocol", 0)
    return row


@pytest.mark.parametrize("method", ["auto", "central"])
@pytest.mark.parametrize("first", [Linear(9, 4), Chain(Linear(9, 4), Tanh())], ids=str)
def test_layers_that_take_sparse_rows_pass(first, method):
    report = report_of(first, method=method)
    assert report.ok
    assert sparse_row(report).verdict == "pass"


def test_a_check_of_an_array_says_nothing_about_sparse_rows():
    report = report_of(LostWords(9, 4), X.toarray())
    assert report.ok
    assert not [check for check in report.checks if check.parameter == "sparse rows"]


@pytest.mark.parametrize(
    ("first", "diagnosis"),
    [
        (DoubledOutput(9, 4), "its output for sparse rows is not that for the same rows"),
        (LostWords(9, 4), "its gradient of weight for sparse rows is not that for the same rows"),
        (Unwritten(9, 4), "its gradient of weight for sparse rows is not that for the same rows"),
        (DenseOnly(9, 4), "for sparse rows it raises TypeError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_another_result_for_sparse_rows_fails(first, diagnosis):
    report = report_of(first)
    row = sparse_row(report)
    assert report.failures == [row]
    assert row.diagnosis.startswith(diagnosis)


def test_more_than_a_few_rows_are_refused():
    rows = sparse.csr_array((20_000, 1000))
    model = Sequential([Linear(1000, 3), Softmax()], loss=CategoricalCrossEntropy())
    with pytest.raises(ArgumentError, match=r"takes a few examples.*got .*\(20000, 1000\): pass"):
        GradientChecker(model).check(rows, np.zeros(20_000, int))
