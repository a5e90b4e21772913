import math

import numpy as np
import pytest
from helpers import Absolute, rows

from minidl import (
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    CategoricalCrossEntropy,
    Dropout,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Zeros,
    overfit_one_batch,
)

X, Y = rows(100, 5, dtype=np.float32)
CLASSES = np.arange(100) % 3
CHANCE = np.random.default_rng(5).random((100, 1))


def net(outputs=1, loss=None, init=None, **settings):
    head = Sigmoid() if outputs == 1 else Softmax()
    loss = loss or (BinaryCrossEntropy() if outputs == 1 else CategoricalCrossEntropy())
    return Sequential([Linear(5, 32), ReLU(), Linear(32, outputs, init=init), head], loss=loss, **settings)


def regression():
    return Sequential([Linear(5, 32), ReLU(), Linear(32, 1)], loss=MeanSquaredError())


def test_a_sound_classifier_learns_its_batch_by_heart():
    report = overfit_one_batch(net(), X, Y, optimizer=Adam(0.02))
    assert report.ok
    assert report.learned
    assert (report.guessing, report.least, report.accuracy) == (math.log(2), 0, 1)
    assert report.last < 0.1 * report.first
    lines = str(report).splitlines()
    assert lines[0].startswith("one batch of 32 examples, 200 steps of Adam(learning_rate=0.02,")
    assert lines[1] == f"first loss  {report.first:<9.4g}  guessing: ln(2) = 0.6931"
    assert lines[2:] == [f"last loss   {report.last:<9.4g}  the least possible: 0", "accuracy    1.000", "learned by heart"]


def test_several_classes_are_compared_with_ln_k():
    report = overfit_one_batch(net(3), X, CLASSES, optimizer=Adam(0.05), steps=300)
    assert report.ok
    assert report.guessing == math.log(3)
    assert "guessing: ln(3) = 1.099" in str(report)


def test_all_weights_zero_is_exactly_guessing_and_is_not_learned():
    model = Sequential([Linear(5, 4, init=Zeros()), ReLU(), Linear(4, 3, init=Zeros()), Softmax()], loss=CategoricalCrossEntropy())
    report = overfit_one_batch(model, X, CLASSES, optimizer=GradientDescent(0.1))
    assert report.first == pytest.approx(math.log(3), rel=1e-6)
    assert not report.ok
    assert "not learned\nthe loss no longer fell: try other learning rates (lr_find)" in str(report)


def test_values_are_compared_with_always_the_mean():
    report = overfit_one_batch(regression(), X[:20], 3 + CHANCE[:20], optimizer=Adam(0.02), steps=1000, batch_size=None)
    assert report.ok
    assert report.guessing == pytest.approx(CHANCE[:20].var(), rel=1e-3)
    assert report.accuracy is None
    assert "one batch of 20 examples" in str(report)
    assert f"always the mean: {report.guessing:.4g}" in str(report)


def test_a_loss_of_ones_own_is_measured_by_its_first_value():
    model = Sequential([Linear(5, 32), ReLU(), Linear(32, 1)], loss=Absolute())
    report = overfit_one_batch(model, X, 3 + CHANCE, optimizer=Adam(0.01), steps=400)
    assert report.ok
    assert report.guessing is None
    assert "first loss" in str(report)
    assert "guessing" not in str(report)


def test_smoothed_targets_have_a_least_loss_above_0():
    report = overfit_one_batch(net(3, CategoricalCrossEntropy(label_smoothing=0.3)), X, CLASSES, optimizer=Adam(0.02))
    assert report.ok
    assert report.least == pytest.approx(-0.8 * math.log(0.8) - 2 * 0.1 * math.log(0.1), rel=1e-5)
    assert report.last == pytest.approx(report.least, rel=0.05)
    report = overfit_one_batch(net(1, BinaryCrossEntropy(label_smoothing=0.2)), X, Y, optimizer=Adam(0.02))
    assert report.ok
    assert report.least == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1), rel=1e-5)


class Backwards(Layer):
    """A mistake: the gradient has the wrong sign."""

    def forward(self, x, *, training=False):
        return x.copy()

    def backward(self, dy):
        return -dy


def test_a_wrong_gradient_is_noticed():
    model = Sequential([Linear(5, 32), ReLU(), Backwards(), Linear(32, 1, init=Zeros()), Sigmoid()], loss=BinaryCrossEntropy())
    model.layers[3].weight.value = np.full((1, 32), 0.5)
    report = overfit_one_batch(model, X, CLASSES == 1, optimizer=GradientDescent(0.5))
    assert not report.ok
    assert "not learned" in str(report)


def test_targets_that_contradict_each_other_are_named():
    same = np.ones((8, 5))
    report = overfit_one_batch(net(), same, np.arange(8) % 2, optimizer=Adam(0.02))
    assert not report.ok
    assert "rows 0 and 1 of the batch are equal, but not their targets: nobody can learn both" in str(report)


def test_too_few_steps_are_told():
    report = overfit_one_batch(net(), X, Y, optimizer=GradientDescent(0.01), steps=30)
    assert not report.learned
    assert "the loss was still falling: try more steps, or a larger learning rate" in str(report)


def test_a_loss_that_rises_is_told():
    report = overfit_one_batch(regression(), X, Y, optimizer=GradientDescent(0.9), steps=4)
    assert not report.ok
    assert "try a smaller learning rate" in str(report)


def test_a_loss_that_is_not_finite_is_told_and_ends_it():
    report = overfit_one_batch(regression(), X, Y, optimizer=GradientDescent(1e9), steps=500)
    assert not report.ok
    assert "the loss was not finite after step" in str(report)
    assert "500 steps" not in str(report)


def test_inputs_that_are_not_scaled_make_the_first_loss_high():
    report = overfit_one_batch(net(), 255 * X, CLASSES == 1, optimizer=Adam(0.02), steps=400)
    assert report.first > 3 * math.log(2)
    assert not report.ok
    assert "more than three times the loss of guessing: are the inputs scaled" in str(report)


def test_a_trained_model_is_told_and_is_fine():
    model = net()
    model.fit(X, Y, optimizer=Adam(0.05), epochs=60, progress=False)
    report = overfit_one_batch(model, X, Y, optimizer=Adam(0.01))
    assert report.ok
    assert "less than half the loss of guessing: is the model trained already?" in str(report)


def test_the_losses_leave_dropout_and_penalties_out():
    layers = [Linear(5, 64), ReLU(), Dropout(0.9), Linear(64, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.01)], dtype=np.float64)
    report = overfit_one_batch(model, X[:10], Y[:10], optimizer=Adam(0.02))
    assert report.first == pytest.approx(model.objective(X[:10], Y[:10])["data"], rel=1e-12)
    assert report.ok


class First(Callback):
    def on_step(self, run):
        if run.batch == 1:
            self.x = run.x.copy()


def test_the_batch_is_the_one_that_fit_would_deal_next_and_nothing_changes():
    dealt, thetas = [], []
    for tries in (True, False):
        model, optimizer, first = net(), Adam(0.02), First()
        model.fit(X, Y, optimizer=optimizer, epochs=1, progress=False)
        state, theta, grad = str(optimizer.state()), model.parameters.theta.copy(), model.parameters.grad.tobytes()
        if tries:
            report = overfit_one_batch(model, X, Y, optimizer=optimizer, steps=5)
            assert (str(optimizer.state()), model.parameters.theta.tobytes()) == (state, theta.tobytes())
            assert model.parameters.grad.tobytes() == grad
        model.fit(X, Y, optimizer=optimizer, epochs=1, batch_size=32, callbacks=first, progress=False)
        dealt.append(first.x)
        thetas.append(model.parameters.theta.tobytes())
    np.testing.assert_array_equal(*dealt)
    assert thetas[0] == thetas[1]
    places = [int(np.flatnonzero((row == X).all(axis=1))[0]) for row in first.x]
    trained = net()
    trained.parameters.theta = theta
    assert report.first == pytest.approx(trained.evaluate(X[places], Y[places])["loss"], rel=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be a whole number >= 1, got 0 in overfit_one_batch"),
        ({"steps": True}, "steps must be"),
        ({"batch_size": 0}, "batch_size"),
        ({"optimizer": 0.1}, "optimizer must be an Optimizer such as Adam.*, got 0.1 in overfit_one_batch"),
        ({"model": None}, "model must be a Sequential, got None in overfit_one_batch"),
    ],
)
def test_settings_are_checked(settings, message):
    given = {"model": net(), "optimizer": Adam(), **settings}
    with pytest.raises(ArgumentError, match=message):
        overfit_one_batch(given.pop("model"), X, Y, **given)


def test_bad_data_is_refused_as_by_fit():
    with pytest.raises(ShapeError, match=r"same number of rows|as many rows"):
        overfit_one_batch(net(), X, Y[:-1], optimizer=Adam())
