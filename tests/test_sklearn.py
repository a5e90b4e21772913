"""The estimators, under scikit-learn's own suite and in the company that they keep there."""

import copy
import io
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import matplotlib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_wine, make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import minidl
from minidl import (
    L2,
    Adam,
    ArgumentError,
    Callback,
    Dropout,
    GradientDescent,
    Linear,
    Momentum,
    NonFiniteError,
    ReLU,
    Sigmoid,
    Tanh,
)
from minidl.data import planar
from minidl.schedules.cosine import Cosine
from minidl.sklearn import MinidlClassifier, MinidlRegressor

X, MOONS = planar.moons(200, noise=0.15, rng=0)
NAMES = np.where(MOONS[:, 0] == 1, "upper", "lower")
THREE, CLASSES = make_classification(
    150, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)
ROWS, VALUES = make_regression(150, 4, noise=0.1, random_state=0)
VALUES = VALUES / VALUES.std()
QUICK = {"learning_rate": 0.01, "max_iter": 30}
SMALL = {"hidden_layer_sizes": (8,), "random_state": 0, **QUICK}
LARGER = {**SMALL, "hidden_layer_sizes": (64,), "max_iter": 60}
both = pytest.mark.parametrize(
    ("kind", "rows", "y"), [(MinidlClassifier, X, NAMES), (MinidlRegressor, ROWS, VALUES)]
)

EXPECTED = {
    "check_sample_weight_equivalence_on_dense_data": (
        "weighted and repeated rows must agree to 1e-7, but the sums of either are rounded to float32, to 6e-8 at each step; "
        "in float64 they do"
    ),
    "check_regressor_multioutput": "predictions must be of float64, but they are of the type that the network computes in",
}


def expected_failures(estimator):
    return EXPECTED if estimator.dtype == "float32" else {}  # and none with the default


@parametrize_with_checks(
    [
        kind(**QUICK, dtype=dtype)
        for kind in (MinidlClassifier, MinidlRegressor)
        for dtype in (None, "float32")
    ],
    expected_failed_checks=expected_failures,
)
@pytest.mark.filterwarnings("ignore")
def test_the_checks_of_scikit_learn(estimator, check):
    check(estimator)


# Company.


def test_in_a_pipeline_and_cross_validation():
    pipe = make_pipeline(
        StandardScaler(), MinidlClassifier((16,), learning_rate=0.05, max_iter=40, random_state=0)
    )
    assert cross_val_score(pipe, X * [1, 1000], NAMES, cv=3).mean() > 0.95


def test_in_a_grid_search_of_two_processes():
    grid = {"dropout": [0.0, 0.2], "optimizer": ["adam", Momentum(0.1)]}
    search = GridSearchCV(MinidlClassifier(**SMALL), grid, cv=2, n_jobs=2).fit(X, NAMES)
    alone = GridSearchCV(MinidlClassifier(**SMALL), grid, cv=2).fit(X, NAMES)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"]
    )
    assert search.best_score_ > 0.8


def test_the_decision_boundary_is_drawn():
    matplotlib.use("Agg")
    display = DecisionBoundaryDisplay.from_estimator(
        MinidlClassifier(**SMALL).fit(X, NAMES), X, response_method="predict_proba"
    )
    assert np.ptp(display.response) > 0.5
    matplotlib.pyplot.close("all")


def test_probabilities_can_be_calibrated_and_scored():
    found = MinidlClassifier(**LARGER).fit(THREE.astype(np.float32), CLASSES)
    assert log_loss(CLASSES, found.predict_proba(THREE)) < 0.7
    assert (
        CalibratedClassifierCV(MinidlClassifier(**LARGER), cv=2)
        .fit(THREE, CLASSES)
        .score(THREE, CLASSES)
        > 0.7
    )


def test_targets_can_be_scaled_around_it():
    scaled = TransformedTargetRegressor(
        MinidlRegressor((32,), **QUICK, random_state=0), transformer=StandardScaler()
    )
    assert scaled.fit(ROWS, 1000 + 100 * VALUES).score(ROWS, 1000 + 100 * VALUES) > 0.9


@pytest.mark.parametrize(
    ("ours", "theirs", "load"),
    [(MinidlClassifier, MLPClassifier, load_wine), (MinidlRegressor, MLPRegressor, load_diabetes)],
)
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_it_predicts_as_well_as_the_network_of_scikit_learn(ours, theirs, load):
    rows, y = load(return_X_y=True)
    y = (y - y.mean()) / y.std() if ours is MinidlRegressor else y

    def score(network):
        return cross_val_score(make_pipeline(StandardScaler(), network), rows, y, cv=3).mean()

    settings = {
        "hidden_layer_sizes": (50,),
        "alpha": 1e-2,
        "batch_size": 32,
        "max_iter": 40,
        "random_state": 0,
    }
    assert (
        score(ours(learning_rate=0.01, **settings))
        > score(theirs(learning_rate_init=0.01, **settings)) - 0.04
    )


# What is kept after a training.


def test_curves_and_labels():
    found = MinidlClassifier(**SMALL, early_stopping=True, patience=30).fit(X, NAMES)
    assert found.classes_.tolist() == ["lower", "upper"]
    assert len(found.loss_curve_) == len(found.validation_loss_curve_) == found.n_iter_ == 30
    assert found.loss_curve_ == found.history_.loss
    assert found.validation_loss_curve_ == found.history_["val_loss"]
    assert set(found.predict(X)) == {"lower", "upper"}
    probabilities = found.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(probabilities[:, 1], found.model_.predict(X)[:, 0])


def test_three_classes_have_three_outputs():
    found = MinidlClassifier(**LARGER).fit(THREE, CLASSES)
    np.testing.assert_array_equal(found.predict_proba(THREE), found.model_.predict(THREE))
    assert found.score(THREE, CLASSES) > 0.8


def test_early_stopping_goes_back_to_the_best_epoch():
    found = MinidlClassifier(
        (64,), learning_rate=0.1, max_iter=200, early_stopping=True, patience=3, random_state=1
    ).fit(THREE, CLASSES)
    best = int(np.argmin(found.validation_loss_curve_)) + 1
    assert found.n_iter_ == best + 3
    assert found.history_.stopped.startswith("val_loss has not improved")
    short = MinidlClassifier(
        (64,), learning_rate=0.1, max_iter=best, early_stopping=True, patience=best, random_state=1
    )
    np.testing.assert_array_equal(
        short.fit(THREE, CLASSES).model_.parameters.theta, found.model_.parameters.theta
    )


def test_the_rows_held_out_have_their_weights(monkeypatch):
    given = {}
    right = minidl.Sequential.fit
    monkeypatch.setattr(
        minidl.Sequential,
        "fit",
        lambda model, X, Y, **settings: (
            given.update(settings, Y=Y) or right(model, X, Y, **settings)
        ),
    )
    MinidlClassifier(**SMALL, early_stopping=True, class_weight={"upper": 5.0}).fit(X, NAMES)
    held = given["validation"]
    assert len(held[0]) == 20
    for y, weight in (held[1:], (given["Y"], given["sample_weight"])):
        np.testing.assert_array_equal(weight, np.where(y[:, 0] == 1, 5.0, 1.0))


def test_rows_without_weight_are_not_held_out():
    weight = np.r_[np.ones(100), np.zeros(100)]
    found = MinidlClassifier(**SMALL, early_stopping=True).fit(X, NAMES, sample_weight=weight)
    same = MinidlClassifier(**SMALL, early_stopping=True).fit(X[:100], NAMES[:100])
    assert found.validation_loss_curve_ == pytest.approx(same.validation_loss_curve_, rel=1e-5)


def test_values_keep_their_shape():
    one, two = (
        MinidlRegressor(**SMALL).fit(ROWS, VALUES),
        MinidlRegressor(**SMALL).fit(ROWS, np.c_[VALUES, -VALUES]),
    )
    assert one.predict(ROWS).shape == (150,)
    assert two.predict(ROWS).shape == (150, 2)


# Parameters.


def test_the_parameters_make_the_network():
    found = MinidlClassifier(
        (8, 4), "tanh", dropout=0.25, alpha=0.5, random_state=0, max_iter=1
    ).fit(THREE, CLASSES)
    assert [str(layer) for layer in found.model_.layers] == [
        "Linear(5, 8)",
        "Tanh()",
        "Dropout(0.75)",
        "Linear(8, 4)",
        "Tanh()",
        "Dropout(0.75)",
        "Linear(4, 3)",
        "Softmax()",
    ]
    assert str(found.model_.penalties) == f"({L2(0.5)},)"
    assert (
        MinidlClassifier((), max_iter=1).fit(X, NAMES).model_.parameters.size == 3
    )  # logistic regression
    assert (
        MinidlRegressor(7, "identity", max_iter=1).fit(ROWS, VALUES).model_.parameters.size
        == 4 * 7 + 7 + 7 + 1
    )


def net(features, outputs):
    return [Linear(features, 6), Tanh(), Dropout(0.9), Linear(6, outputs)]


def test_a_builder_gives_layers_of_ones_own():
    found = MinidlClassifier(layers=net, max_iter=2, random_state=0).fit(X, NAMES)
    assert [str(layer) for layer in found.model_.layers] == [
        "Linear(2, 6)",
        "Tanh()",
        "Dropout(0.9)",
        "Linear(6, 1)",
        "Sigmoid()",
    ]
    whole = MinidlClassifier(
        layers=lambda d, k: [*net(d, k), Sigmoid()], max_iter=2, random_state=0
    ).fit(X, NAMES)
    np.testing.assert_array_equal(whole.model_.parameters.theta, found.model_.parameters.theta)
    assert clone(found).layers is net
    with pytest.raises(
        ArgumentError, match=r"layers\(2, 1\) must return layers with 1 outputs, got \(3,\)"
    ):
        MinidlClassifier(layers=lambda d, k: [Linear(d, 3)]).fit(X, NAMES)


def test_optimizers_and_schedules():
    mine = GradientDescent(0.1)
    found = MinidlClassifier(optimizer=mine, max_iter=2, batch_size=None).fit(X, NAMES)
    assert found.optimizer is mine
    assert mine.step_count == 0  # a parameter is not changed by fit
    scheduled = MinidlClassifier(
        learning_rate=Cosine(0.01, decay_steps=8), max_iter=2, batch_size="auto"
    ).fit(X, NAMES)
    assert scheduled.history_["learning_rate"] == [Cosine(0.01, decay_steps=8)(step) for step in (0, 1)]


def test_callbacks_look_on():
    class Count(Callback):
        epochs = 0

        def on_epoch_end(self, run):
            self.epochs += 1

    count = Count()
    MinidlClassifier(callbacks=[count], max_iter=3).fit(X, NAMES)
    MinidlClassifier(callbacks=count, max_iter=3).fit(X, NAMES)
    assert count.epochs == 6


def test_class_weights_are_by_label_and_multiply():
    sample = np.random.default_rng(0).uniform(0.5, 2, 200)
    by_label = MinidlClassifier(**SMALL, class_weight={"upper": 3.0}).fit(
        X, NAMES, sample_weight=sample
    )
    by_row = MinidlClassifier(**SMALL).fit(
        X, NAMES, sample_weight=sample * np.where(NAMES == "upper", 3.0, 1.0)
    )
    np.testing.assert_array_equal(by_label.model_.parameters.theta, by_row.model_.parameters.theta)


def test_balanced_classes_find_the_rare_one():
    rows, y = make_classification(400, 4, weights=[0.95], class_sep=0.5, flip_y=0, random_state=1)
    plain, balanced = (
        MinidlClassifier(**SMALL, class_weight=w).fit(rows, y) for w in (None, "balanced")
    )
    assert (balanced.predict(rows)[y == 1] == 1).mean() > (
        plain.predict(rows)[y == 1] == 1
    ).mean() + 0.3


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation": "swish"}, r"activation must be one of 'identity', .*, got 'swish'"),
        (
            {"optimizer": "lbfgs"},
            r"optimizer must be one of 'adam', .* or an Optimizer, got 'lbfgs'",
        ),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\), got 1.0"),
        ({"batch_size": "large"}, r"batch_size must be a whole number >= 1"),
        ({"hidden_layer_sizes": (4, 2.5)}, r"2\.5"),
        (
            {"early_stopping": True, "validation_fraction": 1e-9},
            r"early_stopping needs a validation_fraction of n_samples = 200",
        ),
        ({"random_state": -1}, r"must be a whole number >= 0"),
    ],
)
def test_bad_parameters_are_refused(settings, message):
    with pytest.raises(ArgumentError, match=message):
        MinidlClassifier(**settings).fit(X, NAMES)


def test_the_network_computes_as_the_rows_are_or_as_it_is_told():
    for dtype, given, due in (
        (None, np.float32, "float32"),
        (None, np.uint8, "float64"),
        ("float32", np.float64, "float32"),
    ):
        assert (
            MinidlClassifier(max_iter=1, dtype=dtype)
            .fit(THREE.astype(given), CLASSES)
            .model_.dtype.name
            == due
        )


# Chance.


def test_chance_comes_from_the_random_state_and_never_from_the_global_stream():
    def theta(state):
        return (
            MinidlClassifier((4,), max_iter=1, random_state=state)
            .fit(X, NAMES)
            .model_.parameters.theta
        )

    before = np.random.get_state()[1].copy()  # noqa: NPY002  # the stream that must not be touched
    np.testing.assert_array_equal(theta(3), theta(3))
    assert (theta(3) != theta(4)).any()
    assert (theta(None) != theta(None)).any()
    stream = np.random.RandomState(0)
    first, second = theta(stream), theta(stream)
    assert (first != second).any()  # an instance moves on
    np.testing.assert_array_equal(first, theta(np.random.RandomState(0)))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


# Going on.


@both
def test_partial_fits_are_epochs(kind, rows, y):
    whole, parts = (kind((8,), batch_size=16, max_iter=3, random_state=0) for _ in range(2))
    whole.fit(rows, y)
    first = {"classes": np.unique(y)} if kind is MinidlClassifier else {}
    for _ in range(3):
        parts.partial_fit(rows, y, **first)
    np.testing.assert_array_equal(parts.model_.parameters.theta, whole.model_.parameters.theta)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 3


@both
@pytest.mark.parametrize(
    "copied", [lambda e: e, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))]
)
def test_a_warm_start_goes_on_also_after_a_copy(kind, rows, y, copied):
    whole = kind((8,), batch_size=16, max_iter=6, random_state=0).fit(rows, y)
    warm = copied(
        kind((8,), batch_size=16, max_iter=3, random_state=0, warm_start=True).fit(rows, y)
    ).fit(rows, y)
    np.testing.assert_array_equal(warm.model_.parameters.theta, whole.model_.parameters.theta)
    assert warm.loss_curve_ == whole.loss_curve_


def test_parts_may_lack_classes_but_not_have_new_ones():
    found = MinidlClassifier((4,)).partial_fit(THREE[:5], np.zeros(5), classes=[0, 1, 2])
    assert found.partial_fit(THREE, CLASSES).classes_.tolist() == [0, 1, 2]
    for call, message in (
        (
            lambda: found.partial_fit(THREE[:1], [3]),
            "y must hold classes that are known, .* got the class 3",
        ),
        (
            lambda: found.partial_fit(THREE, CLASSES, classes=[0, 1]),
            "classes must be those of the first call",
        ),
        (
            lambda: MinidlClassifier().partial_fit(THREE, CLASSES),
            "the first call of partial_fit needs all classes",
        ),
        (
            lambda: MinidlClassifier(class_weight="balanced").partial_fit(X, NAMES, classes=NAMES),
            "does not see how often",
        ),
        (
            lambda: MinidlRegressor(early_stopping=True).partial_fit(ROWS, VALUES),
            "partial_fit sees one part of the data at a time",
        ),
    ):
        with pytest.raises(ArgumentError, match=message):
            call()


@both
def test_a_fitted_estimator_is_pickled(kind, rows, y):
    found, file = kind(**SMALL, dropout=0.1).fit(rows, y), io.BytesIO()
    joblib.dump(found, file)
    np.testing.assert_array_equal(joblib.load(file).predict(rows), found.predict(rows))


def test_before_and_after_failures():
    with pytest.raises(NotFittedError):
        MinidlClassifier().predict(X)
    with pytest.raises(NonFiniteError, match="training must stay finite"):
        MinidlRegressor(optimizer=GradientDescent(1e30), max_iter=5).fit(ROWS, VALUES)


def test_without_scikit_learn_the_error_says_what_to_install():
    code = "import sys; sys.modules['sklearn'] = None; import minidl.sklearn"
    root = Path(minidl.__file__).parents[1]
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert found.returncode == 1
    assert "MissingDependencyError: minidl.sklearn needs scikit-learn >= 1.6" in found.stderr
    assert "pip install minidl[sklearn]" in found.stderr


def test_the_network_is_a_model_like_any_other(tmp_path):
    found = MinidlClassifier((4,), max_iter=2, random_state=0, dtype="float64").fit(
        X, NAMES, sample_weight=np.linspace(0, 2, 200)
    )
    loaded = minidl.Sequential.load(found.model_.save(tmp_path / "model.h5"))
    np.testing.assert_array_equal(loaded.predict(X), found.model_.predict(X))
    report = minidl.GradientChecker(found.model_).check(
        X[:6], MOONS[:6], sample_weight=[1, 2, 0, 4, 1, 0.5]
    )
    assert report.ok
    assert isinstance(found._optimizer, Adam)
    assert isinstance(found.model_.layers[1], ReLU)
