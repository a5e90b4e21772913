import copy
import pickle

import numpy as np
import pytest
from helpers import assert_loss_gradient
from hypothesis import given
from hypothesis import strategies as st
from loss_examples import ALL, BINARY, F8, each, example, floats
from scipy import special

from minidl import (
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    DtypeError,
    HalfSquaredError,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    NonFiniteError,
    Poisson,
    ShapeError,
)
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy
from minidl.losses.categorical_cross_entropy import SoftmaxCrossEntropy


@each
@given(
    m=st.integers(1, 5),
    k=st.integers(1, 4),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64]),
    hard=st.booleans(),
)
def test_gradients(loss, m, k, seed, dtype, hard):
    assert_loss_gradient(loss, *example(loss, m, k, seed, dtype, hard))


@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        (MeanSquaredError(), lambda p, t: ((p - t) ** 2).mean()),
        (HalfSquaredError(), lambda p, t: ((p - t) ** 2).sum() / 2 / len(t)),
        (
            BinaryCrossEntropy(),
            lambda p, t: -(special.xlogy(t, p) + special.xlogy(1 - t, 1 - p)).mean(),
        ),
        (
            SigmoidCrossEntropy(),
            lambda z, t: -(t * special.log_expit(z) + (1 - t) * special.log_expit(-z)).mean(),
        ),
        (CategoricalCrossEntropy(), lambda p, t: -special.xlogy(t, p).sum() / len(t)),
        (SoftmaxCrossEntropy(), lambda z, t: -(t * special.log_softmax(z, axis=1)).sum() / len(t)),
        (MeanAbsoluteError(), lambda p, t: np.abs(p - t).mean()),
        (Poisson(), lambda z, t: (np.exp(z) - t * z).mean()),
        (Poisson(log_input=False), lambda p, t: (p - special.xlogy(t, p)).mean()),
    ],
    ids=lambda part: type(part).__name__,
)
@pytest.mark.parametrize("hard", [True, False])
@floats
def test_forward_is_the_formula(loss, formula, hard, dtype):
    prediction, target = example(loss, 7, 3, dtype=dtype, hard=hard)
    value = loss.forward(prediction, target)
    assert value.dtype == dtype
    np.testing.assert_allclose(
        value,
        formula(prediction.astype(F8), target.astype(F8)),
        rtol=1e-5 if dtype == np.float32 else 1e-13,
    )


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "value", "gradient"),
    [
        (MeanSquaredError(), [[1, 2], [3, 4]], [[1, 0], [0, 4]], 13 / 4, [[0, 1], [1.5, 0]]),
        (
            BinaryCrossEntropy(),
            [[0.5], [0.25]],
            [[1], [0]],
            (np.log(2) + np.log(4 / 3)) / 2,
            [[-1], [2 / 3]],
        ),
        (
            SigmoidCrossEntropy(),
            [[0], [np.log(3)]],
            [[1], [1]],
            (np.log(2) + np.log(4 / 3)) / 2,
            [[-1 / 4], [-1 / 8]],
        ),
        (
            CategoricalCrossEntropy(),
            [[0.5, 0.5], [0.25, 0.75]],
            [[1, 0], [1, 0]],
            np.log(8) / 2,
            [[-1, 0], [-2, 0]],
        ),
        (
            SoftmaxCrossEntropy(),
            np.log([[1, 3], [1, 1]]),
            [[1, 0], [0, 1]],
            np.log(8) / 2,
            [[-3 / 8, 3 / 8], [1 / 4, -1 / 4]],
        ),
    ],
    ids=str,
)
def test_by_hand(loss, prediction, target, value, gradient):
    assert loss.forward(np.array(prediction, F8), np.array(target, F8)) == pytest.approx(
        value, rel=1e-15
    )
    np.testing.assert_allclose(loss.backward(), gradient, rtol=1e-15, atol=1e-16)


@each
def test_neither_argument_is_written_to(loss):
    prediction, target = example(loss)
    kept = prediction.copy(), target.copy()
    loss.forward(prediction, target)
    loss.backward()
    np.testing.assert_array_equal(prediction, kept[0])
    np.testing.assert_array_equal(target, kept[1])


@each
@pytest.mark.parametrize("shape", [(3, 1), (1, 4), (3,), (4, 3)])
def test_nothing_is_broadcast(loss, shape):
    prediction, _ = example(loss)
    with pytest.raises(ShapeError, match=r"same shape, got \(3, 4\) and .*nothing is broadcast"):
        loss.forward(prediction, np.ones(shape))


@pytest.mark.parametrize("loss", [*BINARY, MeanSquaredError()], ids=str)
def test_a_vector_of_targets_is_a_column(loss):
    assert loss.prepare_targets([0, 1, 1], 1, F8).tolist() == [[0], [1], [1]]
    assert loss.prepare_targets([0, 1, 1], None, F8).shape == (3, 1)


@pytest.mark.parametrize("loss", [*BINARY, MeanSquaredError()], ids=str)
@pytest.mark.parametrize(
    ("shape", "outputs"), [((3,), 2), ((3, 1), 2), ((3, 2), 1), ((3, 1, 1), 1)]
)
def test_targets_of_another_width_raise(loss, shape, outputs):
    with pytest.raises(
        ShapeError, match=rf"Y must have shape \(m, {outputs}\), one row per example, got \(3,"
    ):
        loss.prepare_targets(np.zeros(shape), outputs, F8)


@pytest.mark.parametrize(("shape", "outputs"), [((1, 5), 1), ((2, 5), 2)])
def test_columns_as_examples_get_a_hint(shape, outputs):
    with pytest.raises(ShapeError, match=r"the examples are the rows: pass Y\.T\?"):
        MeanSquaredError().prepare_targets(np.zeros(shape), outputs, F8)


@pytest.mark.parametrize("loss", ALL, ids=str)
@pytest.mark.parametrize(
    ("Y", "error"),
    [
        ([], ShapeError),
        (np.ones((0, 1)), ShapeError),
        (3, ShapeError),
        ([["a", "b"]], DtypeError),
        ([[np.nan, 1]], NonFiniteError),
        ([[np.inf, 1]], NonFiniteError),
    ],
    ids=str,
)
def test_invalid_targets_raise(loss, Y, error):
    with pytest.raises(error, match=r"Y|labels"):
        loss.prepare_targets(Y, 2, F8)


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda loss: pickle.loads(pickle.dumps(loss))]
)
@each
def test_a_copy_has_a_separate_workspace(loss, copied):
    prediction, target = example(loss)
    value = loss.forward(prediction, target)
    before = loss.backward()
    twin = copied(loss)
    assert twin.forward(prediction, target) == value
    assert not np.shares_memory(twin.backward(), before)


def test_a_custom_loss_needs_only_forward_and_backward():
    class Absolute(Loss):
        def forward(self, prediction, target):
            self.sign = np.sign(prediction - target)
            return np.abs(prediction - target).mean()

        def backward(self):
            return self.sign / self.sign.size

    loss = Absolute()
    assert loss.forward(np.array([[3.0]]), loss.prepare_targets([1], 1, F8)) == 2
    assert str(loss) == "Absolute()"
    with pytest.raises(TypeError, match="abstract"):
        Loss()


def test_the_losses_of_examples_are_means_also_where_they_underflow():
    class Positions(MeanSquaredError):
        per_example = Loss.per_example

        def per_position(self):
            return np.array([[1e-320, 0.0, 0.0], [5e-324, 0.0, 0.0]])

    loss = Positions()
    with np.errstate(all="raise"):
        found = loss.per_example()
    np.testing.assert_array_equal(found, [1e-320 / 3, 0.0])
