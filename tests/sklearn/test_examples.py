"""Pictures and sequences that estimators get."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from minidl import (
    GRU,
    ArgumentError,
    Conv2D,
    GlobalAvgPool2D,
    Linear,
    ReLU,
    ShapeError,
    SparseLinear,
)
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
    classifier = picture_classifier(early_stopping=True, validation_fraction=0.5, tol=0.0)
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


FRUITS = np.array(["apple", "pear", "plum", "cherry", "quince", "fig"])
RNG = np.random.default_rng(0)
KINDS = RNG.integers(2, size=60)
TEXTS = [" ".join(RNG.choice(FRUITS[2 * kind : 2 * kind + 4], 6)) for kind in KINDS]
QUICK = {"hidden_layer_sizes": (8,), "learning_rate": 0.03, "max_iter": 30, "random_state": 0}
WORDS = HashingVectorizer(n_features=500).fit_transform(TEXTS)


@pytest.mark.parametrize("vectorizer", [TfidfVectorizer(), HashingVectorizer(n_features=500)])
def test_texts_are_learned_in_a_pipeline_without_being_made_dense(vectorizer, monkeypatch):
    monkeypatch.setattr(sparse.csr_array, "toarray", None)
    monkeypatch.setattr(sparse.csr_matrix, "toarray", None)
    stopping = {"early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 30}
    classifier = MinidlClassifier(**QUICK, **stopping)
    pipe = make_pipeline(vectorizer, classifier)
    assert cross_val_score(pipe, TEXTS, KINDS, cv=3).mean() > 0.9


def test_categories_are_learned_by_a_regressor():
    rows = FRUITS[RNG.integers(6, size=(80, 2))]
    y = (rows[:, 0] == "plum") - 2.0 * (rows[:, 1] == "fig")
    encoder = ColumnTransformer([("fruits", OneHotEncoder(), [0, 1])], sparse_threshold=1)
    pipe = make_pipeline(encoder, MinidlRegressor((8,), optimizer="lbfgs", random_state=0))
    assert sparse.issparse(encoder.fit_transform(rows))
    assert pipe.fit(rows, y).score(rows, y) > 0.99


@pytest.mark.parametrize("convert", [sparse.csc_array, sparse.coo_matrix, sparse.lil_array])
def test_sparse_rows_give_the_estimator_of_the_same_array(convert):
    weight, array = RNG.random(60), WORDS.toarray()
    for kind, y in ((MinidlClassifier, KINDS), (MinidlRegressor, array[:, :2] + KINDS[:, None])):
        of_sparse, of_array = kind(**QUICK, warm_start=True), kind(**QUICK, warm_start=True)
        for estimator, X in ((of_sparse, convert(array)), (of_array, array)):
            estimator.fit(X, y, sample_weight=weight).partial_fit(X, y)
        np.testing.assert_allclose(
            of_sparse.predict(convert(array)), of_array.predict(array), rtol=0, atol=1e-12
        )
        assert isinstance(of_sparse.model_.layers[0], SparseLinear)
        for name in ("coefs_", "intercepts_"):
            for ours, expected in zip(
                getattr(of_sparse, name), getattr(of_array, name), strict=True
            ):
                np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(
            of_sparse.transform(convert(array)), of_array.transform(array), rtol=0, atol=1e-12
        )
        assert of_sparse.__sklearn_tags__().input_tags.sparse
    of_labels = MinidlClassifier(**QUICK).fit(convert(array), array[:, :3] > 0)
    for name in ("predict", "predict_proba", "predict_log_proba"):
        ask = getattr(of_labels, name)
        np.testing.assert_allclose(ask(convert(array)), ask(array), rtol=0, atol=1e-12)


def test_what_does_not_go_with_sparse_rows_is_refused():
    with pytest.raises(
        ArgumentError, match=r"got layer 0, Flatten\(\), .*: begin the network with"
    ):
        MinidlClassifier(layers="flatten, linear 1").fit(WORDS, KINDS)
    with pytest.raises(ArgumentError, match=r"augment changes pictures.*got a sparse X"):
        MinidlClassifier(augment="flip").fit(WORDS, KINDS)
    with pytest.raises(
        ValueError, match="X has 20 features, but MinidlClassifier is expecting 500"
    ):
        MinidlClassifier(**QUICK).fit(WORDS, KINDS).predict(WORDS[:, :20])
    with pytest.raises(
        ShapeError, match=r"examples of shape \(6, 5, 3\).*got X of shape \(60, 500\)"
    ):
        picture_classifier(max_iter=1).fit(PICTURES, REDNESS).predict(WORDS)


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
