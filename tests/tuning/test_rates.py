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
from minidl.tuning import RateSearch
from minidl.tuning.rates import _KEPT

X, Y = rows(120, 5, dtype=np.float32)


def net(dtype=np.float32, seed=0):
    layers = [Linear(5, 16), ReLU(), Dropout(0.9), Gain(16), Linear(16, 1), Sigmoid()]
    return Sequential(layers, loss=BinaryCrossEntropy(), penalties=[L2(0.01)], seed=seed, dtype=dtype)


def everything(model, optimizer):
    """Return all that could have changed, as bytes and texts."""
    streams = [model.shuffle_rng, *(layer.rng for top in model.layers for layer in top.walk() if layer.stochastic)]
    held = [
        model.parameters.theta,
        model.parameters.grad,
        *(value for value in optimizer.state().values() if isinstance(value, np.ndarray)),
    ]
    return [array.tobytes() for array in held], [str(rng.bit_generator.state) for rng in streams], str(optimizer), str(optimizer.state())


@pytest.mark.parametrize("make", [lambda: Adam(Cosine(0.01, 100)), lambda: Momentum(0.1, clip_norm=0.5)])
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
    found = lr_find(model, line, 2 * line, optimizer=GradientDescent(1), lowest=1e-4, highest=1e-2, steps=20, batch_size=None)
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


@pytest.mark.parametrize("raw", [[1.0] * 100, np.linspace(1, 2, 100), 1 + 0.1 * np.random.default_rng(3).standard_normal(100)])
def test_where_the_loss_does_not_fall_there_is_no_suggestion(raw):
    found = search(raw)
    assert found.suggestion is None
    assert "no more than its noise; try larger batches, more steps or a higher highest rate" in str(found)


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
    with pytest.raises(ArgumentError, match=r"the loss must be finite at the start and after a step with lowest=1e\+30, but it is not"):
        lr_find(wild, X, Y, optimizer=GradientDescent(1), lowest=1e30, highest=1e31)


def test_training_with_the_suggestion_learns():
    found = lr_find(net(), X, Y, optimizer=Adam())
    assert 0.003 < found.suggestion < 0.5
    history = net().fit(X, Y, optimizer=Adam(found.suggestion), epochs=40, progress=False)
    assert history.loss[-1] < 0.3 * history.loss[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lowest": 0}, "lowest and highest must be finite and 0 < lowest < highest, got 0 and 1.0 in lr_find"),
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
def test_settings_are_checked(settings, message):
    given = {"model": net(), "optimizer": Adam(), **settings}
    with pytest.raises(ArgumentError, match=message):
        lr_find(given.pop("model"), X, Y, **given)


def test_bad_data_is_refused_as_by_fit():
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
    assert (least.get_xdata()[0], least.get_ydata()[0]) == (found.rates[found.least], found.losses[found.least])
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

    with pytest.raises(ArgumentError, match=r"search must be what lr_find returned, got 0\.1 without rates in rate_search"):
        plots.rate_search(0.1)
