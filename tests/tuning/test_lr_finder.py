"""The learning-rate range test."""

import re

import numpy as np
import pytest
from helpers import Gain, rows

from minidl import (
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Cosine,
    Dropout,
    GradientDescent,
    Linear,
    MeanSquaredError,
    Momentum,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    lr_find,
)
from minidl.tuning.lr_finder import SMOOTHING, LearningRateSearch

X, Y = rows(120, 5, dtype=np.float32)


def net(dtype=np.float32, seed=0):
    layers = [Linear(5, 16), ReLU(), Dropout(0.9), Gain(16), Linear(16, 1), Sigmoid()]
    return Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=[L2(0.01)], seed=seed, dtype=dtype
    )


def full_state(model, optimizer):
    """Return the whole state of the model and the optimizer, as bytes and strings."""
    streams = [
        model.shuffle_rng,
        *(layer.rng for top in model.layers for layer in top.modules() if layer.stochastic),
    ]
    arrays = [
        model.parameters.theta,
        model.parameters.grad,
        *(value for value in optimizer.state().values() if isinstance(value, np.ndarray)),
    ]
    return (
        [array.tobytes() for array in arrays],
        [str(rng.bit_generator.state) for rng in streams],
        str(optimizer),
        str(optimizer.state()),
    )


@pytest.mark.parametrize(
    "make", [lambda: Adam(Cosine(0.01, 100)), lambda: Momentum(0.1, clip_norm=0.5)]
)
def test_model_optimizer_and_random_streams_stay_bit_for_bit(make):
    histories = []
    for searches in (True, False):
        model, optimizer = net(), make()
        model.fit(X, Y, optimizer=optimizer, epochs=2, progress=False)
        if searches:
            before, copies = full_state(model, optimizer), (X.copy(), Y.copy())
            lr_find(model, X, Y, optimizer=optimizer)
            assert full_state(model, optimizer) == before
            np.testing.assert_array_equal(X, copies[0])
            np.testing.assert_array_equal(Y, copies[1])
        histories.append(model.fit(X, Y, optimizer=optimizer, epochs=2, progress=False).loss)
    assert histories[0] == histories[1]


def test_the_search_is_repeatable():
    first, second = (lr_find(net(), X, Y, optimizer=Adam(rate)) for rate in (1e-3, 0.5))
    # The learning rate of the optimizer does not matter.
    np.testing.assert_array_equal(first.raw_losses, second.raw_losses)
    assert first.suggestion == second.suggestion


def test_the_losses_are_those_of_a_training_with_these_rates():
    line = np.arange(1.0, 9.0).reshape(-1, 1)
    model = Sequential([Linear(1, 1, bias=False)], loss=MeanSquaredError(), dtype=np.float64)
    start = float(model.parameters.theta[0])
    search = lr_find(
        model,
        line,
        2 * line,
        optimizer=GradientDescent(1),
        min_learning_rate=1e-4,
        max_learning_rate=1e-2,
        steps=20,
        batch_size=None,
    )
    assert len(search.learning_rates) == len(search.raw_losses) == len(search.losses) == 20
    np.testing.assert_allclose(
        search.learning_rates, 1e-4 * 100 ** (np.arange(20) / 19), rtol=1e-12
    )
    weight, losses, square = start, [], float((line**2).mean())
    for rate in search.learning_rates:
        weight -= rate * 2 * square * (weight - 2)
        losses.append(square * (weight - 2) ** 2)
    np.testing.assert_allclose(search.raw_losses, losses, rtol=1e-10)


def search_of(raw, steps=None):
    raw = np.array(raw, float)
    return LearningRateSearch(np.geomspace(1e-6, 1, len(raw)), raw, steps or len(raw))


def test_the_losses_are_smoothed_by_their_running_mean_without_its_bias():
    raw = np.random.default_rng(0).standard_normal(30)
    expected = [
        np.average(raw[: k + 1], weights=SMOOTHING ** np.arange(k, -1, -1)) for k in range(30)
    ]
    np.testing.assert_allclose(search_of(raw).losses, expected, rtol=1e-12)
    np.testing.assert_allclose(search_of(np.full(30, 3.0)).losses, 3.0, rtol=1e-12)


def test_the_suggestion_is_a_fifth_of_the_rate_of_the_smallest_smoothed_loss():
    search = search_of([1.0] * 50 + [0.5] * 30 + [5.0] * 20)
    assert search.best_index == 79
    assert search.suggestion == float(f"{search.learning_rates[79] / 5:.2g}")
    text = (
        r"100 learning rates from 1e-06 to 1: "
        r"the loss fell from 1 to 0\.\d+ at 0\.061; suggestion 0\.012"
    )
    assert re.fullmatch(text, str(search))
    assert repr(search) == f"LearningRateSearch({search})"


def test_an_early_low_loss_of_one_batch_is_not_the_minimum():
    assert search_of([0.1] + [1.0] * 50 + [0.6] * 30 + [5.0] * 19).best_index == 80


@pytest.mark.parametrize(
    "raw",
    [[1.0] * 100, np.linspace(1, 2, 100), 1 + 0.1 * np.random.default_rng(3).standard_normal(100)],
)
def test_a_loss_that_does_not_fall_gives_no_suggestion(raw):
    search = search_of(raw)
    assert search.suggestion is None
    assert (
        "no more than its noise; try larger batches, more steps or a higher max_learning_rate"
        in str(search)
    )


def test_a_loss_that_still_falls_at_the_end_is_reported():
    assert "(still falling: try a higher max_learning_rate)" in str(
        search_of(np.linspace(2, 1, 100))
    )


def test_the_search_stops_when_the_loss_has_doubled():
    search = lr_find(net(), X, Y, optimizer=GradientDescent(0.1), max_learning_rate=1e6, steps=200)
    assert 20 < len(search.learning_rates) < 200
    assert search.losses[-2] < 2 * search.raw_losses[:10].mean() * 1.01 < search.losses[-1] * 1.1
    assert np.isfinite(search.raw_losses).all()


class Programmed(MeanSquaredError):
    """The losses of a list, one after another, whatever the model predicts."""

    def __init__(self, losses):
        self.losses = list(losses)

    def forward(self, prediction, target):
        super().forward(prediction, target)
        return np.float32(self.losses.pop(0))


@pytest.mark.parametrize(
    ("n_before", "stops"),
    # The loss of one step of the first ten raises the mean with which the average is compared.
    [(9, False), (10, True)],
)
def test_the_first_ten_losses_are_the_measure_of_what_has_doubled(n_before, stops):
    losses = [1.0] * n_before + [60.0] + [1.0] * 40
    model = Sequential([Linear(5, 1)], loss=Programmed(losses))
    search = lr_find(model, X, Y, optimizer=GradientDescent(0.1), steps=30)
    assert len(search.learning_rates) == (n_before if stops else 30)


def test_the_search_stops_when_the_loss_is_not_finite():
    wild = Sequential([Linear(5, 1)], loss=MeanSquaredError())
    search = lr_find(
        wild,
        X,
        Y,
        optimizer=GradientDescent(1),
        min_learning_rate=1e-3,
        max_learning_rate=1e30,
        steps=20,
    )
    assert len(search.learning_rates) < 20
    assert np.isfinite(search.losses).all()


def test_a_first_step_that_leads_to_infinity_is_an_error():
    wild = Sequential([Linear(5, 1)], loss=MeanSquaredError())
    with pytest.raises(
        ArgumentError,
        match=r"the loss must be finite at the start and after a step "
        r"with min_learning_rate=1e\+30 in lr_find",
    ):
        lr_find(
            wild, X, Y, optimizer=GradientDescent(1), min_learning_rate=1e30, max_learning_rate=1e31
        )


def test_training_with_the_suggestion_learns():
    search = lr_find(net(), X, Y, optimizer=Adam())
    assert 0.003 < search.suggestion < 0.5
    history = net().fit(X, Y, optimizer=Adam(search.suggestion), epochs=40, progress=False)
    assert history.loss[-1] < 0.3 * history.loss[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"min_learning_rate": 0},
            "0 < min_learning_rate < max_learning_rate, got 0 and 1.0 in lr_find",
        ),
        ({"min_learning_rate": 2.0}, "got 2.0 and 1.0"),
        ({"max_learning_rate": np.inf}, "got 1e-06 and inf"),
        ({"max_learning_rate": "1"}, "got 1e-06 and '1'"),
        ({"steps": 19}, "steps must be an integer >= 20, got 19 in lr_find"),
        ({"steps": 50.0}, "steps must be"),
        ({"batch_size": 0}, "batch_size"),
        ({"optimizer": Adam}, "optimizer must be an Optimizer such as Adam.*in lr_find"),
        ({"model": "net"}, "model must be a Sequential, got 'net' in lr_find"),
    ],
)
def test_arguments_of_lr_find_are_checked(arguments, message):
    keywords = {"model": net(), "optimizer": Adam(), **arguments}
    with pytest.raises(ArgumentError, match=message):
        lr_find(keywords.pop("model"), X, Y, **keywords)


def test_bad_data_to_lr_find_is_refused_as_by_fit():
    with pytest.raises(ShapeError, match=r"pass X\.T\?"):
        lr_find(net(), X.T, Y, optimizer=Adam())


@pytest.fixture
def plt():
    return pytest.importorskip("matplotlib.figure")


def test_the_plot_shows_the_losses_the_minimum_and_the_suggestion(plt):
    search = lr_find(net(), X, Y, optimizer=Adam())
    axes = search.plot()
    points, smoothed, minimum, line = axes.lines
    np.testing.assert_array_equal(points.get_ydata(), search.raw_losses)
    np.testing.assert_array_equal(smoothed.get_xdata(), search.learning_rates)
    np.testing.assert_array_equal(smoothed.get_ydata(), search.losses)
    assert (minimum.get_xdata()[0], minimum.get_ydata()[0]) == (
        search.learning_rates[search.best_index],
        search.losses[search.best_index],
    )
    assert line.get_xdata()[0] == search.suggestion
    assert axes.get_xscale() == "log"
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[-1] == f"suggestion (a fifth): {search.suggestion:.2g}"
    low, high = axes.get_ylim()
    assert low < search.raw_losses.min()
    assert search.losses[:25].max() < high


def test_a_plot_without_suggestion_says_so_and_uses_the_passed_axes(plt):
    axes = plt.Figure().add_subplot()
    assert search_of([1.0] * 100).plot(axes=axes) is axes
    assert len(axes.lines) == 2
    assert "no suggestion: the loss fell by no more than its noise" in axes.get_title()


def test_only_a_result_of_lr_find_can_be_plotted(plt):
    from minidl import plots

    with pytest.raises(
        ArgumentError,
        match=r"search must be what lr_find returned, got 0\.1 in learning_rate_curve",
    ):
        plots.learning_rate_curve(0.1)
