"""An estimator as a transformer."""

import numpy as np
import pytest
from estimator_data import CLASSES, NAMES, ROWS, SMALL, THREE, VALUES, X
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from minidl import ArgumentError, Conv2D, Dropout, Flatten, Layer, Linear, ReLU
from minidl.sklearn import MinidlClassifier, MinidlRegressor
from minidl.sklearn.hidden_activations import count_layers


def deep(kind=MinidlClassifier, **options):
    return kind((8, 5), "tanh", dropout=0.2, max_iter=2, random_state=0, **options)


@pytest.mark.parametrize(
    ("layer", "expected"), [(None, 5), (0, 8), (1, 8), (2, 8), (4, 5), (-1, 3), (-3, 5), (7, 3)]
)
def test_each_layer_is_a_feature_map(layer, expected):
    """The layers are Linear, Tanh, Dropout, Linear, Tanh, Dropout, Linear and Softmax."""
    classifier = deep(transform_layer=layer).fit(THREE, CLASSES)
    features = classifier.transform(THREE)
    assert features.shape == (150, expected)
    n_layers = len(classifier.model_.layers) if layer is None else layer % 8 + 1
    y = THREE
    for i, (weight, bias) in enumerate(zip(classifier.coefs_, classifier.intercepts_, strict=True)):
        y = y @ weight + bias
        if 3 * i + 1 == n_layers or i == 2:
            break
        y = np.tanh(y)
        if 3 * i + 3 >= n_layers or (layer is None and i == 1):
            break
    if layer in (-1, 7):
        y = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(features, y, rtol=1e-12)


def test_the_output_of_the_last_layer_is_the_prediction():
    regressor = deep(MinidlRegressor, transform_layer=-1).fit(ROWS, VALUES)
    np.testing.assert_array_equal(regressor.transform(ROWS)[:, 0], regressor.predict(ROWS))


def test_names_count_the_units():
    classifier = deep().fit(THREE, CLASSES)
    names = [f"minidlclassifier{i}" for i in range(5)]
    assert classifier.get_feature_names_out().tolist() == names
    assert len(classifier.set_params(transform_layer=1).get_feature_names_out()) == 8
    with pytest.raises(NotFittedError):
        deep().get_feature_names_out()
    with pytest.raises(NotFittedError):
        deep().transform(THREE)


def test_data_frames_are_given_on_request():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(THREE, index=np.arange(150) * 2, columns=list("abcde"))
    classifier = deep().set_output(transform="pandas").fit(frame, CLASSES)
    features = classifier.transform(frame)
    assert features.columns.tolist() == classifier.get_feature_names_out().tolist()
    assert features.index.tolist() == frame.index.tolist()
    np.testing.assert_array_equal(features, deep().fit(THREE, CLASSES).transform(THREE))


def test_in_a_pipeline_a_union_and_a_search():
    options = {"learning_rate": 0.03, "batch_size": 16, "max_iter": 60, "random_state": 0}
    learned = MinidlClassifier((8,), **options)
    pipe = make_pipeline(StandardScaler(), learned, LogisticRegression())
    assert pipe.fit(X, NAMES).score(X, NAMES) > 0.95
    assert LogisticRegression().fit(X, NAMES).score(X, NAMES) < 0.9
    union = FeatureUnion(
        [("deep", deep(transform_layer=1)), ("values", deep(MinidlRegressor, transform_layer=-1))]
    )
    features = union.fit_transform(THREE, CLASSES)
    assert features.shape == (150, 9)
    assert union.get_feature_names_out()[-1] == "values__minidlregressor0"
    grid = {"minidlclassifier__transform_layer": [0, 1]}
    search = GridSearchCV(clone(pipe), grid, cv=2).fit(X, NAMES)
    assert search.best_params_["minidlclassifier__transform_layer"] == 1  # 0 is before the ReLU


def test_float32_and_weights_are_passed_on():
    weight = np.linspace(0, 1, 150)
    features = deep().fit_transform(THREE.astype(np.float32), CLASSES, sample_weight=weight)
    assert features.dtype == np.float32
    weighted = deep().fit(THREE.astype(np.float32), CLASSES, sample_weight=weight)
    np.testing.assert_array_equal(features, weighted.transform(THREE.astype(np.float32)))


def test_pictures_become_rows():
    pictures = np.random.default_rng(0).random((12, 6, 5, 3))
    classifier = MinidlClassifier(layers="conv 4 3, relu, flatten, linear 1", max_iter=1)
    classifier.set_params(transform_layer=1).fit(pictures, np.arange(12) % 2)
    features = classifier.transform(pictures)
    conv, relu = classifier.model_.layers[:2]
    assert isinstance(conv, Conv2D)
    expected = relu.forward(conv.forward(pictures))
    np.testing.assert_allclose(features, expected.reshape(12, -1), rtol=1e-12)
    assert len(classifier.get_feature_names_out()) == features.shape[1] == 4 * 3 * 4


class Twice(Layer):
    """A layer that does not tell its shape."""

    def forward(self, x, *, training=False):
        return np.hstack((x, x))

    def backward(self, dy):
        return dy[:, : dy.shape[1] // 2] + dy[:, dy.shape[1] // 2 :]


class Same(Layer):
    """Another one, of sequences."""

    def forward(self, x, *, training=False):
        return x

    def backward(self, dy):
        return dy


def test_a_custom_layer_is_measured():
    def network(features, outputs):
        return [Linear(features, 3), Twice(), Linear(6, outputs)]

    def of_sequences(shape, outputs):
        assert shape == (5, 2)
        return [Same(), Linear(2, 3), Flatten(), Linear(15, outputs)]

    sequences = np.random.default_rng(0).random((8, 5, 2))
    classifier = MinidlClassifier(layers=of_sequences, transform_layer=1, max_iter=1)
    features = classifier.fit(sequences, np.arange(8) % 2).transform(sequences)
    assert features.shape == (8, len(classifier.get_feature_names_out())) == (8, 15)
    classifier = MinidlClassifier(layers=network, max_iter=1).fit(X, NAMES)
    assert (
        classifier.transform(X).shape == (200, len(classifier.get_feature_names_out())) == (200, 6)
    )


@pytest.mark.parametrize("layer", [8, -9, 1.0, True, "1"])
def test_a_layer_that_is_not_there_is_refused_before_training(layer):
    message = r"transform_layer must be None or an integer from -8 to 7, the index of one of \[Lin"
    classifier = deep(transform_layer=layer)
    with pytest.raises(ArgumentError, match=message):
        classifier.fit(THREE, CLASSES)
    assert not hasattr(classifier, "model_")
    fitted = deep().fit(THREE, CLASSES)
    with pytest.raises(ArgumentError, match=message):
        fitted.set_params(transform_layer=layer).transform(THREE)


def test_a_network_without_hidden_layers_has_no_hidden_activations():
    linear = MinidlClassifier(**{**SMALL, "hidden_layer_sizes": ()}).fit(X, NAMES)
    with pytest.raises(ArgumentError, match=r"the network has none, .*: set hidden_layer"):
        linear.transform(X)
    scores = linear.set_params(transform_layer=0).transform(X)
    np.testing.assert_allclose(scores, X @ linear.coefs_[0] + linear.intercepts_[0])


def test_layers_are_counted():
    layers = [Linear(2, 3), ReLU(), Dropout(0.5), Linear(3, 1)]
    assert [count_layers(layers, i) for i in (None, 0, 3, -1, -4, np.int64(2))] == [
        3,
        1,
        4,
        4,
        1,
        3,
    ]
