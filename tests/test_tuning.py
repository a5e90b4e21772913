import math
import re

import numpy as np
import pytest
from helpers import Absolute, Gain, rows

from minidl import (
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    CategoricalCrossEntropy,
    Cosine,
    Dropout,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    Momentum,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Zeros,
    lr_find,
    overfit_one_batch,
)
from minidl.tuning import _KEPT, RateSearch

X, Y = rows(120, 5, dtype=np.float32)


def net(dtype=np.float32, seed=0):
    layers = [Linear(5, 16), ReLU(), Dropout(0.9), Gain(16), Linear(16, 1), Sigmoid()]
    return Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=[L2(0.01)], seed=seed, dtype=dtype
    )


def everything(model, optimizer):
    """Return all that could have changed, as bytes and texts."""
    streams = [
        model.shuffle_rng,
        *(layer.rng for top in model.layers for layer in top.modules() if layer.stochastic),
    ]
    held = [
        model.parameters.theta,
        model.parameters.grad,
        *(value for value in optimizer.state().values() if isinstance(value, np.ndarray)),
    ]
    return (
        [array.tobytes() for array in held],
        [str(rng.bit_generator.state) for rng in streams],
        str(optimizer),
        str(optimizer.state()),
    )


@pytest.mark.parametrize(
    "make", [lambda: Adam(Cosine(0.01, 100)), lambda: Momentum(0.1, clip_norm=0.5)]
)
def test_model_optimizer_and_streams_stay_bit_for_bit(make):
    histories = []
    for searches in (True, False):
        model, optimizer = net(), make()
        model.fit(X, Y, optimizer=optimizer, epochs=2, progress=False)
        if searches:
            before, kept = everything(model, optimizer), (X.copy(), Y.copy())
            lr_find(model, X, Y, optimizer=optimizer)
            assert everything(model, optimizer) == before
            np.testing.assert_array_equal(X, kept[0])
            np.testing.assert_array_equal(Y, kept[1])
        histories.append(model.fit(X, Y, optimizer=optimizer, epochs=2, progress=False).loss)
    assert histories[0] == histories[1]


def test_it_can_be_repeated():
    first, second = (lr_find(net(), X, Y, optimizer=Adam(rate)) for rate in (1e-3, 0.5))
    np.testing.assert_array_equal(first.raw, second.raw)  # the optimizer's own rate does not matter
    assert first.suggestion == second.suggestion


def test_the_losses_are_those_of_a_training_with_these_rates():
    line = np.arange(1.0, 9.0).reshape(-1, 1)
    model = Sequential([Linear(1, 1, bias=False)], loss=MeanSquaredError(), dtype=np.float64)
    start = float(model.parameters.theta[0])
    found = lr_find(
        model,
        line,
        2 * line,
        optimizer=GradientDescent(1),
        lowest=1e-4,
        highest=1e-2,
        steps=20,
        batch_size=None,
    )
    assert len(found.rates) == len(found.raw) == len(found.losses) == 20
    np.testing.assert_allclose(found.rates, 1e-4 * 100 ** (np.arange(20) / 19), rtol=1e-12)
    weight, losses, square = start, [], float((line**2).mean())
    for rate in found.rates:
        weight -= rate * 2 * square * (weight - 2)
        losses.append(square * (weight - 2) ** 2)
    np.testing.assert_allclose(found.raw, losses, rtol=1e-10)


def search(raw, steps=None):
    raw = np.array(raw, float)
    return RateSearch(np.geomspace(1e-6, 1, len(raw)), raw, steps or len(raw))


def test_the_losses_are_smoothed_by_their_running_mean_without_its_bias():
    raw = np.random.default_rng(0).standard_normal(30)
    due = [np.average(raw[: k + 1], weights=_KEPT ** np.arange(k, -1, -1)) for k in range(30)]
    np.testing.assert_allclose(search(raw).losses, due, rtol=1e-12)
    np.testing.assert_allclose(search(np.full(30, 3.0)).losses, 3.0, rtol=1e-12)


def test_the_suggestion_is_a_fifth_of_the_rate_of_the_least_smoothed_loss():
    found = search([1.0] * 50 + [0.5] * 30 + [5.0] * 20)
    assert found.least == 79
    assert found.suggestion == float(f"{found.rates[79] / 5:.2g}")
    text = r"100 learning rates from 1e-06 to 1: the loss fell from 1 to 0\.\d+ at 0\.061; suggestion 0\.012"
    assert re.fullmatch(text, str(found))
    assert repr(found) == f"RateSearch({found})"


def test_an_early_low_loss_of_one_batch_is_no_least():
    assert search([0.1] + [1.0] * 50 + [0.6] * 30 + [5.0] * 19).least == 80


@pytest.mark.parametrize(
    "raw",
    [[1.0] * 100, np.linspace(1, 2, 100), 1 + 0.1 * np.random.default_rng(3).standard_normal(100)],
)
def test_where_the_loss_does_not_fall_there_is_no_suggestion(raw):
    found = search(raw)
    assert found.suggestion is None
    assert "no more than its noise; try larger batches, more steps or a higher highest rate" in str(
        found
    )


def test_a_loss_that_still_falls_at_the_end_is_told():
    assert "(still falling: try a higher highest rate)" in str(search(np.linspace(2, 1, 100)))


def test_it_ends_where_the_loss_has_doubled():
    found = lr_find(net(), X, Y, optimizer=GradientDescent(0.1), highest=1e6, steps=200)
    assert 20 < len(found.rates) < 200
    assert found.losses[-2] < 2 * found.raw[:10].mean() * 1.01 < found.losses[-1] * 1.1
    assert np.isfinite(found.raw).all()


def test_it_ends_where_the_loss_is_not_finite():
    wild = Sequential([Linear(5, 1)], loss=MeanSquaredError())
    found = lr_find(wild, X, Y, optimizer=GradientDescent(1), lowest=1e-3, highest=1e30, steps=20)
    assert len(found.rates) < 20
    assert np.isfinite(found.losses).all()


def test_a_first_step_that_leads_to_infinity_is_told():
    wild = Sequential([Linear(5, 1)], loss=MeanSquaredError())
    with pytest.raises(
        ArgumentError,
        match=r"the loss must be finite at the start and after a step with lowest=1e\+30 in lr_find",
    ):
        lr_find(wild, X, Y, optimizer=GradientDescent(1), lowest=1e30, highest=1e31)


def test_training_with_the_suggestion_learns():
    found = lr_find(net(), X, Y, optimizer=Adam())
    assert 0.003 < found.suggestion < 0.5
    history = net().fit(X, Y, optimizer=Adam(found.suggestion), epochs=40, progress=False)
    assert history.loss[-1] < 0.3 * history.loss[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"lowest": 0},
            "lowest and highest must be finite and 0 < lowest < highest, got 0 and 1.0 in lr_find",
        ),
        ({"lowest": 2.0}, "got 2.0 and 1.0"),
        ({"highest": np.inf}, "got 1e-06 and inf"),
        ({"highest": "1"}, "got 1e-06 and '1'"),
        ({"steps": 19}, "steps must be a whole number >= 20, got 19 in lr_find"),
        ({"steps": 50.0}, "steps must be"),
        ({"batch_size": 0}, "batch_size"),
        ({"optimizer": Adam}, "optimizer must be an Optimizer such as Adam.*in lr_find"),
        ({"model": "net"}, "model must be a Sequential, got 'net' in lr_find"),
    ],
)
def test_settings_of_lr_find_are_checked(settings, message):
    given = {"model": net(), "optimizer": Adam(), **settings}
    with pytest.raises(ArgumentError, match=message):
        lr_find(given.pop("model"), X, Y, **given)


def test_bad_data_to_lr_find_is_refused_as_by_fit():
    with pytest.raises(ShapeError, match=r"pass X\.T\?"):
        lr_find(net(), X.T, Y, optimizer=Adam())


# The picture


@pytest.fixture
def plt():
    return pytest.importorskip("matplotlib.figure")


def test_the_picture_shows_the_losses_the_least_and_the_suggestion(plt):
    found = lr_find(net(), X, Y, optimizer=Adam())
    axes = found.plot()
    points, smoothed, least, line = axes.lines
    np.testing.assert_array_equal(points.get_ydata(), found.raw)
    np.testing.assert_array_equal(smoothed.get_xdata(), found.rates)
    np.testing.assert_array_equal(smoothed.get_ydata(), found.losses)
    assert (least.get_xdata()[0], least.get_ydata()[0]) == (
        found.rates[found.least],
        found.losses[found.least],
    )
    assert line.get_xdata()[0] == found.suggestion
    assert axes.get_xscale() == "log"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[-1] == f"suggestion: a fifth, {found.suggestion:.2g}"
    low, high = axes.get_ylim()
    assert low < found.raw.min()
    assert found.losses[:25].max() < high


def test_a_picture_without_suggestion_says_so_and_goes_where_it_is_told(plt):
    axes = plt.Figure().add_subplot()
    assert search([1.0] * 100).plot(axes=axes) is axes
    assert len(axes.lines) == 2
    assert "no suggestion: it fell by no more than its noise" in axes.get_title()


def test_only_what_lr_find_found_can_be_drawn(plt):
    from minidl import plots

    with pytest.raises(
        ArgumentError, match=r"search must be what lr_find returned, got 0\.1 in rate_search"
    ):
        plots.rate_search(0.1)


# One batch


ROWS, LABELS = rows(100, 5, dtype=np.float32)
CLASSES = np.arange(100) % 3
CHANCE = np.random.default_rng(5).random((100, 1))


def classifier(outputs=1, loss=None, init=None, **settings):
    head = Sigmoid() if outputs == 1 else Softmax()
    loss = loss or (BinaryCrossEntropy() if outputs == 1 else CategoricalCrossEntropy())
    return Sequential(
        [Linear(5, 32), ReLU(), Linear(32, outputs, init=init), head], loss=loss, **settings
    )


def regression():
    return Sequential([Linear(5, 32), ReLU(), Linear(32, 1)], loss=MeanSquaredError())


def test_a_sound_classifier_learns_its_batch_by_heart():
    report = overfit_one_batch(classifier(), ROWS, LABELS, optimizer=Adam(0.02))
    assert report.ok
    assert report.learned
    assert (report.guessing, report.least, report.accuracy) == (math.log(2), 0, 1)
    assert report.last < 0.1 * report.first
    lines = str(report).splitlines()
    assert lines[0].startswith("one batch of 32 examples, 200 steps of Adam(learning_rate=0.02,")
    assert lines[1] == f"first loss  {report.first:<9.4g}  guessing: ln(2) = 0.6931"
    assert lines[2:] == [
        f"last loss   {report.last:<9.4g}  the least possible: 0",
        "accuracy    1.000",
        "learned by heart",
    ]


def test_several_classes_are_compared_with_ln_k():
    report = overfit_one_batch(classifier(3), ROWS, CLASSES, optimizer=Adam(0.05), steps=300)
    assert report.ok
    assert report.guessing == math.log(3)
    assert "guessing: ln(3) = 1.099" in str(report)


def test_all_weights_zero_is_exactly_guessing_and_is_not_learned():
    model = Sequential(
        [Linear(5, 4, init=Zeros()), ReLU(), Linear(4, 3, init=Zeros()), Softmax()],
        loss=CategoricalCrossEntropy(),
    )
    report = overfit_one_batch(model, ROWS, CLASSES, optimizer=GradientDescent(0.1))
    assert report.first == pytest.approx(math.log(3), rel=1e-6)
    assert not report.ok
    assert "not learned\nthe loss no longer fell: try other learning rates (lr_find)" in str(report)


def test_values_are_compared_with_always_the_mean():
    report = overfit_one_batch(
        regression(), ROWS[:20], 3 + CHANCE[:20], optimizer=Adam(0.02), steps=1000, batch_size=None
    )
    assert report.ok
    assert report.guessing == pytest.approx(CHANCE[:20].var(), rel=1e-3)
    assert report.accuracy is None
    assert "one batch of 20 examples" in str(report)
    assert f"always the mean: {report.guessing:.4g}" in str(report)


def test_a_loss_of_ones_own_is_measured_by_its_first_value():
    model = Sequential([Linear(5, 32), ReLU(), Linear(32, 1)], loss=Absolute())
    report = overfit_one_batch(model, ROWS, 3 + CHANCE, optimizer=Adam(0.01), steps=400)
    assert report.ok
    assert report.guessing is None
    assert "first loss" in str(report)
    assert "guessing" not in str(report)


def test_smoothed_targets_have_a_least_loss_above_0():
    report = overfit_one_batch(
        classifier(3, CategoricalCrossEntropy(label_smoothing=0.3)),
        ROWS,
        CLASSES,
        optimizer=Adam(0.02),
    )
    assert report.ok
    assert report.least == pytest.approx(-0.8 * math.log(0.8) - 2 * 0.1 * math.log(0.1), rel=1e-5)
    assert report.last == pytest.approx(report.least, rel=0.05)
    report = overfit_one_batch(
        classifier(1, BinaryCrossEntropy(label_smoothing=0.2)), ROWS, LABELS, optimizer=Adam(0.02)
    )
    assert report.ok
    assert report.least == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1), rel=1e-5)


class Backwards(Layer):
    """A mistake: the gradient has the wrong sign."""

    def forward(self, x, *, training=False):
        return x.copy()

    def backward(self, dy):
        return -dy


def test_a_wrong_gradient_is_noticed():
    model = Sequential(
        [Linear(5, 32), ReLU(), Backwards(), Linear(32, 1, init=Zeros()), Sigmoid()],
        loss=BinaryCrossEntropy(),
    )
    model.layers[3].weight.value = np.full((1, 32), 0.5)
    report = overfit_one_batch(model, ROWS, CLASSES == 1, optimizer=GradientDescent(0.5))
    assert not report.ok
    assert "not learned" in str(report)


def test_targets_that_contradict_each_other_are_named():
    same = np.ones((8, 5))
    report = overfit_one_batch(classifier(), same, np.arange(8) % 2, optimizer=Adam(0.02))
    assert not report.ok
    assert (
        "rows 0 and 1 of the batch are equal, but not their targets: nobody can learn both"
        in str(report)
    )


def test_too_few_steps_are_told():
    report = overfit_one_batch(
        classifier(), ROWS, LABELS, optimizer=GradientDescent(0.01), steps=30
    )
    assert not report.learned
    assert "the loss was still falling: try more steps, or a larger learning rate" in str(report)


def test_a_loss_that_rises_is_told():
    report = overfit_one_batch(regression(), ROWS, LABELS, optimizer=GradientDescent(0.9), steps=4)
    assert not report.ok
    assert "try a smaller learning rate" in str(report)


def test_a_loss_that_is_not_finite_is_told_and_ends_it():
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
    assert report.first > 3 * math.log(2)
    assert not report.ok
    assert "more than three times the loss of guessing: are the inputs scaled" in str(report)


def test_a_trained_model_is_told_and_is_fine():
    model = classifier()
    model.fit(ROWS, LABELS, optimizer=Adam(0.05), epochs=60, progress=False)
    report = overfit_one_batch(model, ROWS, LABELS, optimizer=Adam(0.01))
    assert report.ok
    assert "less than half the loss of guessing: is the model trained already?" in str(report)


def test_the_losses_leave_dropout_and_penalties_out():
    layers = [Linear(5, 64), ReLU(), Dropout(0.9), Linear(64, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.01)], dtype=np.float64)
    report = overfit_one_batch(model, ROWS[:10], LABELS[:10], optimizer=Adam(0.02))
    assert report.first == pytest.approx(model.objective(ROWS[:10], LABELS[:10])["data"], rel=1e-12)
    assert report.ok


class First(Callback):
    def on_gradient(self, run):
        if run.batch == 1:
            self.x = run.x.copy()


def test_the_batch_is_the_one_that_fit_would_deal_next_and_nothing_changes():
    dealt, thetas = [], []
    for tries in (True, False):
        model, optimizer, first = classifier(), Adam(0.02), First()
        model.fit(ROWS, LABELS, optimizer=optimizer, epochs=1, progress=False)
        state, theta, grad = (
            str(optimizer.state()),
            model.parameters.theta.copy(),
            model.parameters.grad.tobytes(),
        )
        if tries:
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
        dealt.append(first.x)
        thetas.append(model.parameters.theta.tobytes())
    np.testing.assert_array_equal(*dealt)
    assert thetas[0] == thetas[1]
    places = [int(np.flatnonzero((row == ROWS).all(axis=1))[0]) for row in first.x]
    trained = classifier()
    trained.parameters.theta = theta
    assert report.first == pytest.approx(
        trained.evaluate(ROWS[places], LABELS[places])["loss"], rel=1e-6
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"steps": 0}, "steps must be a whole number >= 1, got 0 in overfit_one_batch"),
        ({"steps": True}, "steps must be"),
        ({"batch_size": 0}, "batch_size"),
        (
            {"optimizer": 0.1},
            "optimizer must be an Optimizer such as Adam.*, got 0.1 in overfit_one_batch",
        ),
        ({"model": None}, "model must be a Sequential, got None in overfit_one_batch"),
    ],
)
def test_settings_of_overfit_are_checked(settings, message):
    given = {"model": classifier(), "optimizer": Adam(), **settings}
    with pytest.raises(ArgumentError, match=message):
        overfit_one_batch(given.pop("model"), ROWS, LABELS, **given)


def test_bad_data_to_overfit_is_refused_as_by_fit():
    with pytest.raises(ShapeError, match=r"same number of rows|as many rows"):
        overfit_one_batch(classifier(), ROWS, LABELS[:-1], optimizer=Adam())
