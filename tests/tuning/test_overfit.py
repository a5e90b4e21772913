"""The test of whether a model can overfit a single batch."""

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

ROWS, LABELS = rows(100, 5, dtype=np.float32)
CLASSES = np.arange(100) % 3
NOISE = np.random.default_rng(5).random((100, 1))


def classifier(outputs=1, loss=None, init=None, **arguments):
    head = Sigmoid() if outputs == 1 else Softmax()
    loss = loss or (BinaryCrossEntropy() if outputs == 1 else CategoricalCrossEntropy())
    return Sequential(
        [Linear(5, 32), ReLU(), Linear(32, outputs, init=init), head], loss=loss, **arguments
    )


def regression():
    return Sequential([Linear(5, 32), ReLU(), Linear(32, 1)], loss=MeanSquaredError())


def test_a_correct_classifier_memorizes_its_batch():
    report = overfit_one_batch(classifier(), ROWS, LABELS, optimizer=Adam(0.02))
    assert report.ok
    assert report.memorized
    assert (report.chance_level_loss, report.minimum_loss, report.accuracy) == (math.log(2), 0, 1)
    assert report.last_loss < 0.1 * report.first_loss
    lines = str(report).splitlines()
    assert lines[0].startswith("one batch of 32 examples, 200 steps of Adam(learning_rate=0.02,")
    assert lines[1] == f"first loss  {report.first_loss:<9.4g}  chance level: ln(2) = 0.6931"
    assert lines[2:] == [
        f"last loss   {report.last_loss:<9.4g}  minimum: 0",
        "accuracy    1.000",
        "memorized",
    ]


def test_several_classes_are_compared_with_ln_k():
    report = overfit_one_batch(classifier(3), ROWS, CLASSES, optimizer=Adam(0.05), steps=300)
    assert report.ok
    assert report.chance_level_loss == math.log(3)
    assert "chance level: ln(3) = 1.099" in str(report)


def test_all_weights_zero_is_the_chance_level_and_not_memorized():
    model = Sequential(
        [Linear(5, 4, init=Zeros()), ReLU(), Linear(4, 3, init=Zeros()), Softmax()],
        loss=CategoricalCrossEntropy(),
    )
    report = overfit_one_batch(model, ROWS, CLASSES, optimizer=GradientDescent(0.1))
    assert report.first_loss == pytest.approx(math.log(3), rel=1e-6)
    assert not report.ok
    assert "not memorized\nthe loss no longer fell: try other learning rates (lr_find)" in str(
        report
    )


def test_values_are_compared_with_predicting_the_mean():
    report = overfit_one_batch(
        regression(), ROWS[:20], 3 + NOISE[:20], optimizer=Adam(0.02), steps=1000, batch_size=None
    )
    assert report.ok
    assert report.chance_level_loss == pytest.approx(NOISE[:20].var(), rel=1e-3)
    assert report.accuracy is None
    assert "one batch of 20 examples" in str(report)
    assert f"predicting the mean: {report.chance_level_loss:.4g}" in str(report)


def test_a_custom_loss_is_compared_with_its_first_value():
    model = Sequential([Linear(5, 32), ReLU(), Linear(32, 1)], loss=Absolute())
    report = overfit_one_batch(model, ROWS, 3 + NOISE, optimizer=Adam(0.01), steps=400)
    assert report.ok
    assert report.chance_level_loss is None
    assert "first loss" in str(report)
    assert "chance level" not in str(report)


def test_smoothed_targets_have_a_minimum_loss_above_0():
    report = overfit_one_batch(
        classifier(3, CategoricalCrossEntropy(label_smoothing=0.3)),
        ROWS,
        CLASSES,
        optimizer=Adam(0.02),
    )
    assert report.ok
    assert report.minimum_loss == pytest.approx(
        -0.8 * math.log(0.8) - 2 * 0.1 * math.log(0.1), rel=1e-5
    )
    assert report.last_loss == pytest.approx(report.minimum_loss, rel=0.05)
    report = overfit_one_batch(
        classifier(1, BinaryCrossEntropy(label_smoothing=0.2)), ROWS, LABELS, optimizer=Adam(0.02)
    )
    assert report.ok
    assert report.minimum_loss == pytest.approx(
        -0.9 * math.log(0.9) - 0.1 * math.log(0.1), rel=1e-5
    )


class WrongSign(Layer):
    """A layer whose gradient has the wrong sign."""

    def forward(self, x, *, training=False):
        return x.copy()

    def backward(self, dy):
        return -dy


def test_a_wrong_gradient_is_detected():
    model = Sequential(
        [Linear(5, 32), ReLU(), WrongSign(), Linear(32, 1, init=Zeros()), Sigmoid()],
        loss=BinaryCrossEntropy(),
    )
    model.layers[3].weight.value = np.full((1, 32), 0.5)
    report = overfit_one_batch(model, ROWS, CLASSES == 1, optimizer=GradientDescent(0.5))
    assert not report.ok
    assert "not memorized" in str(report)


def test_contradicting_targets_are_named():
    equal_rows = np.ones((8, 5))
    report = overfit_one_batch(classifier(), equal_rows, np.arange(8) % 2, optimizer=Adam(0.02))
    assert not report.ok
    assert (
        "rows 0 and 1 of the batch are equal, but their targets differ: no model can fit both"
        in str(report)
    )


def test_a_loss_that_rises_is_told():
    optimizer = GradientDescent(0.2)
    report = overfit_one_batch(regression(), ROWS, NOISE, optimizer=optimizer, steps=3)
    assert report.last_loss > report.first_loss
    assert "the loss rose: try a smaller learning rate" in str(report)


def test_too_few_steps_are_reported():
    report = overfit_one_batch(
        classifier(), ROWS, LABELS, optimizer=GradientDescent(0.01), steps=30
    )
    assert not report.memorized
    assert "the loss was still falling: try more steps, or a larger learning rate" in str(report)


def test_a_rising_loss_is_reported():
    report = overfit_one_batch(regression(), ROWS, LABELS, optimizer=GradientDescent(0.9), steps=4)
    assert not report.ok
    assert "try a smaller learning rate" in str(report)


def test_a_loss_that_is_not_finite_is_reported_and_stops_the_steps():
    report = overfit_one_batch(
        regression(), ROWS, LABELS, optimizer=GradientDescent(1e9), steps=500
    )
    assert not report.ok
    assert "the loss was not finite after step" in str(report)
    assert "500 steps" not in str(report)


def test_inputs_that_are_not_scaled_make_the_first_loss_high():
    report = overfit_one_batch(
        classifier(), 255 * ROWS, CLASSES == 1, optimizer=Adam(0.02), steps=400
    )
    assert report.first_loss > 3 * math.log(2)
    assert not report.ok
    assert "more than three times the chance level: are the inputs scaled" in str(report)


def test_a_trained_model_is_reported_and_ok():
    model = classifier()
    model.fit(ROWS, LABELS, optimizer=Adam(0.05), epochs=60, progress=False)
    report = overfit_one_batch(model, ROWS, LABELS, optimizer=Adam(0.01))
    assert report.ok
    assert "less than half the chance level: is the model trained already?" in str(report)


def test_the_losses_exclude_dropout_and_penalties():
    layers = [Linear(5, 64), ReLU(), Dropout(0.9), Linear(64, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.01)], dtype=np.float64)
    report = overfit_one_batch(model, ROWS[:10], LABELS[:10], optimizer=Adam(0.02))
    assert report.first_loss == pytest.approx(
        model.objective(ROWS[:10], LABELS[:10])["data"], rel=1e-12
    )
    assert report.ok


class First(Callback):
    def on_gradient(self, run):
        if run.batch == 1:
            self.x = run.data.x.copy()


def test_the_batch_is_the_next_one_of_fit_and_nothing_changes():
    batches, thetas = [], []
    for overfits in (True, False):
        model, optimizer, first = classifier(), Adam(0.02), First()
        model.fit(ROWS, LABELS, optimizer=optimizer, epochs=1, progress=False)
        state = str(optimizer.state())
        theta = model.parameters.theta.copy()
        grad = model.parameters.grad.tobytes()
        if overfits:
            report = overfit_one_batch(model, ROWS, LABELS, optimizer=optimizer, steps=5)
            assert (str(optimizer.state()), model.parameters.theta.tobytes()) == (
                state,
                theta.tobytes(),
            )
            assert model.parameters.grad.tobytes() == grad
        model.fit(
            ROWS,
            LABELS,
            optimizer=optimizer,
            epochs=1,
            batch_size=32,
            callbacks=first,
            progress=False,
        )
        batches.append(first.x)
        thetas.append(model.parameters.theta.tobytes())
    np.testing.assert_array_equal(*batches)
    assert thetas[0] == thetas[1]
    row_numbers = [int(np.flatnonzero((row == ROWS).all(axis=1))[0]) for row in first.x]
    trained = classifier()
    trained.parameters.theta = theta
    assert report.first_loss == pytest.approx(
        trained.evaluate(ROWS[row_numbers], LABELS[row_numbers])["loss"], rel=1e-6
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "steps must be an integer >= 1, got 0 in overfit_one_batch"),
        ({"steps": True}, "steps must be"),
        ({"batch_size": 0}, "batch_size"),
        (
            {"optimizer": 0.1},
            "optimizer must be an Optimizer such as Adam.*, got 0.1 in overfit_one_batch",
        ),
        ({"model": None}, "model must be a Sequential, got None in overfit_one_batch"),
    ],
)
def test_arguments_of_overfit_are_checked(arguments, message):
    keywords = {"model": classifier(), "optimizer": Adam(), **arguments}
    with pytest.raises(ArgumentError, match=message):
        overfit_one_batch(keywords.pop("model"), ROWS, LABELS, **keywords)


def test_bad_data_to_overfit_is_refused_as_by_fit():
    with pytest.raises(ShapeError, match=r"same number of rows|as many rows"):
        overfit_one_batch(classifier(), ROWS, LABELS[:-1], optimizer=Adam())
