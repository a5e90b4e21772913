"""Pictures and sequences that estimators get."""

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

from minidl import GRU, Conv2D, GlobalAvgPool2D, Linear, ReLU, ShapeError
from minidl.sklearn import MinidlClassifier, MinidlRegressor

PICTURES = np.random.default_rng(0).random((36, 6, 5, 3))
PICTURES[::2, ..., 0] += 1
REDNESS = np.where(PICTURES[..., 0].mean(axis=(1, 2)) > 1, "red", "other")


def of_pictures(shape, n_outputs):
    return [Conv2D(shape[2], 4, 3), ReLU(), GlobalAvgPool2D(), Linear(4, n_outputs)]


def picture_classifier(**options):
    settings = {"learning_rate_init": 0.03, "max_iter": 30, "batch_size": 12, "random_state": 0}
    return MinidlClassifier(layers=of_pictures, **settings | options)


def test_pictures_are_learned():
    classifier = picture_classifier(early_stopping=True, validation_fraction=0.2)
    assert cross_val_score(classifier, PICTURES, REDNESS, cv=3).mean() > 0.9
    fitted = picture_classifier(max_iter=2).fit(PICTURES, REDNESS)
    assert fitted.input_shape_ == (6, 5, 3)
    assert fitted.predict(PICTURES.tolist()).tolist() == fitted.predict(PICTURES).tolist()
    assert fitted.predict_proba(PICTURES).shape == (36, 2)
    values = PICTURES.mean(axis=(1, 2))
    regressor = MinidlRegressor(layers=of_pictures, max_iter=2).fit(PICTURES, values)
    assert regressor.predict(PICTURES).shape == (36, 3)
    going_on = picture_classifier(max_iter=1, warm_start=True).fit(PICTURES, REDNESS)
    going_on.fit(PICTURES, REDNESS).partial_fit(PICTURES, REDNESS)
    assert len(going_on.loss_curve_) == 3


def test_sequences_are_taken():
    def network(shape, n_outputs):
        assert shape == (6, 5)
        return [GRU(5, 3, return_sequences=False), Linear(3, n_outputs)]

    sequences = PICTURES[..., 0]
    fitted = MinidlClassifier(layers=network, max_iter=1).fit(sequences, REDNESS)
    assert fitted.predict(sequences).shape == (36,)


@pytest.mark.parametrize("kind", [MinidlClassifier, MinidlRegressor])
def test_pictures_need_layers(kind):
    message = (
        r"hidden_layer_sizes .* got X of shape \(36, 6, 5, 3\): pass X.reshape\(len\(X\), -1\)"
    )
    with pytest.raises(ShapeError, match=message):
        kind(max_iter=1).fit(PICTURES, np.arange(36) % 2)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            PICTURES.transpose(0, 3, 1, 2),
            r"got X of shape \(36, 3, 6, 5\): channels come last, pass",
        ),
        (PICTURES[:, :, :4], r"of shape \(6, 5, 3\), as in fit, got X of shape \(36, 6, 4, 3\)$"),
        (PICTURES[0], r"of shape \(6, 5, 3\), as in fit, got X of shape \(6, 5, 3\)$"),
        (PICTURES.reshape(36, -1), r"of shape \(6, 5, 3\), as in fit, got X of shape \(36, 90\)$"),
    ],
)
def test_examples_of_another_shape_are_refused(other, message):
    fitted = picture_classifier(max_iter=1, warm_start=True).fit(PICTURES, REDNESS)
    with pytest.raises(ShapeError, match=message):
        fitted.predict(other)
    with pytest.raises(ShapeError, match=message):
        fitted.fit(other, REDNESS[: len(other)])
    rows = MinidlClassifier(max_iter=1).fit(PICTURES[:, :, 0, 0], REDNESS)
    with pytest.raises(ShapeError, match=r"of shape \(6,\), as in fit, got"):
        rows.predict(PICTURES)


def test_layers_that_do_not_fit_pictures_are_refused_in_a_sentence():
    channels_first = PICTURES.transpose(0, 3, 1, 2)
    message = r"layer 0, .*, expects 3 channels, got 5 \(channels come last: pass X.transpose\(0, 2"

    def network(shape, n_outputs):
        return [Conv2D(3, 4, 3), GlobalAvgPool2D(), Linear(4, n_outputs)]

    with pytest.raises(ShapeError, match=message):
        MinidlClassifier(layers=network).fit(channels_first, REDNESS)


FITTED = MinidlClassifier((4,), max_iter=1, random_state=0).fit(PICTURES[:, 0, :, 0], REDNESS)


@pytest.mark.parametrize("change", [np.float32, np.asfortranarray, np.ndarray.tolist])
def test_rows_are_taken_in_each_form(change):
    rows = PICTURES[:, 0, :, 0]
    rows = rows.astype(np.float32) if change is np.float32 else change(rows)
    expected = FITTED.model_.predict(np.asarray(rows))[:, 0]
    np.testing.assert_array_equal(FITTED.predict_proba(rows)[:, 1], expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_finite_are_refused(value):
    rows = PICTURES[:, 0, :, 0].copy()
    rows[3, 2] = value
    for dtype in (np.float32, np.float64):
        with pytest.raises(ValueError, match=r"contains (NaN|infinity)"):
            FITTED.predict(rows.astype(dtype))


def test_large_numbers_are_finite():
    rows = np.full((2, 5), 1e200)  # the sum of their squares is not
    assert FITTED.predict(rows).shape == (2,)


@pytest.mark.parametrize("rows", [np.ones((2, 4)), np.ones((2, 6)), np.ones(5), np.ones((0, 5))])
def test_rows_of_another_shape_are_refused(rows):
    with pytest.raises(ValueError, match=r"X has . features, but|Expected 2D|0 sample"):
        FITTED.predict(rows)


@pytest.mark.parametrize(
    "rows", [np.ones((2, 5)) * 1j, np.full((2, 5), "a"), np.ma.masked_less(np.ones((2, 5)), 2)]
)
def test_complex_texts_and_masks_are_refused(rows):
    with pytest.raises(ValueError, match=r"Complex|strings|masked"):
        FITTED.predict(rows)


def test_rows_without_the_names_of_the_fit_are_warned_of():
    fitted = MinidlClassifier((4,), max_iter=1).fit(PICTURES[:, 0, :, 0], REDNESS)
    fitted.feature_names_in_ = np.array([*"abcde"], object)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        fitted.predict(PICTURES[:, 0, :, 0])
