import numpy as np
import pytest
from loss_examples import BINARY, F8, SUMMED, example, floats

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    GradientChecker,
    Linear,
    Sequential,
    Sigmoid,
)
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy


@pytest.mark.parametrize(("t", "value"), [(1.0, 0.0), (0.0, 1000.0), (0.5, 500.0)])
@floats
def test_large_logits_do_not_overflow(t, value, dtype):
    loss = SigmoidCrossEntropy()
    assert (
        loss.forward(np.array([[1000], [-1000]], dtype), np.array([[t], [1 - t]], dtype)) == value
    )
    np.testing.assert_array_equal(loss.backward(), [[(1 - t) / 2], [(t - 1) / 2]])


@pytest.mark.parametrize("loss", BINARY, ids=str)
@pytest.mark.parametrize(("Y", "value"), [([0, 2], "2"), ([-1, 1], "-1"), ([0.5, 1.01], "1.01")])
def test_binary_targets_lie_in_0_to_1(loss, Y, value):
    with pytest.raises(
        ArgumentError,
        match=rf"Y must lie in \[0, 1\] for .*CrossEntropy\(\), got {value}: number the two cl",
    ):
        loss.prepare_targets(Y, 1, F8)


@pytest.mark.parametrize(
    ("loss", "sure"), [(BinaryCrossEntropy(), (0.2, 0.8)), (SigmoidCrossEntropy(), (-1.0, 1.0))]
)
def test_a_target_between_the_classes_counts_as_the_nearer_one(loss, sure):
    no, yes = sure
    prediction, target = (
        np.array([[no], [no], [yes], [yes]]),
        np.array([[0.3], [0.7], [0.7], [0.7]]),
    )
    assert loss.count_correct(prediction, target) == (3, 4)


@pytest.mark.parametrize("loss", SUMMED, ids=str)
@pytest.mark.parametrize("share", [0.0, 0.2])
def test_the_outputs_may_be_added(loss, share):
    prediction, target = example(loss, 5, 3)
    mean = type(loss)(label_smoothing=share)
    added = type(loss)(label_smoothing=share, sum_outputs=True)
    assert added.forward(prediction, target) == pytest.approx(3 * mean.forward(prediction, target))
    np.testing.assert_allclose(added.backward(), 3 * mean.backward(), rtol=1e-14)
    np.testing.assert_allclose(added.per_example(), 3 * mean.per_example(), rtol=1e-14)
    assert added.formula() == tuple(text.replace("(m k)", "m") for text in mean.formula())
    assert added.settings() == {**mean.settings(), "sum_outputs": True}
    with pytest.raises(ArgumentError, match="sum_outputs must be True or False, got 'no'"):
        type(loss)(sum_outputs="no")


def test_a_saved_model_adds_its_outputs(tmp_path):
    loss = BinaryCrossEntropy(sum_outputs=True)
    model = Sequential([Linear(2, 3), Sigmoid()], loss=loss, dtype="float64")
    X, Y = np.array([[1.0, -2.0], [0.5, 0.0]]), np.array([[0, 1, 1], [1, 0, 0]])
    assert str(model.objective_function.training_loss) == "SigmoidCrossEntropy(sum_outputs=True)"
    p = model.predict(X)
    by_hand = -np.log(np.where(Y == 1, p, 1 - p)).sum() / 2
    loaded = Sequential.load(model.save(tmp_path / "model.h5"))
    assert loaded.evaluate(X, Y)["loss"] == pytest.approx(by_hand, rel=1e-14)
    assert GradientChecker(loaded).check(X, Y, sample_weight=[1.0, 3.0]).ok
