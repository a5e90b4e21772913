"""Metrics of trainings: in history, callbacks and logs, over batches, files and interruptions."""

import csv

import numpy as np
import pytest
from resuming import Signal

from minidl import (
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    CategoricalCrossEntropy,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    FunctionMetric,
    GradientDescent,
    Linear,
    MeanSquaredError,
    PlateauDecay,
    ResumeError,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    TensorBoardLog,
)
from minidl.training import resume
from minidl.training.resume import capture_state

RNG = np.random.default_rng(0)
X = RNG.standard_normal((45, 3))
Y = (X[:, 0] > 0.3).astype(int) + (X[:, 1] > 0)
NUMBERS = X @ [[1.0], [2.0], [0.5]] + RNG.standard_normal((45, 1))
WEIGHT = RNG.random(45)
VALIDATION = X[:20], Y[:20], WEIGHT[:20]


def classifier(seed=0):
    layers = [Linear(3, 4), Tanh(), Linear(4, 3), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), seed=seed, dtype=np.float64)


def regression():
    return Sequential([Linear(3, 1)], loss=MeanSquaredError(), seed=1, dtype=np.float64)


def wrong_share(y_true, y_pred):
    return np.mean(y_true != y_pred)


def fit(model, Y=Y, **arguments):
    arguments = {"optimizer": Adam(0.05), "epochs": 4, "batch_size": 7, **arguments}
    return model.fit(X, Y, progress=False, **arguments)


class KeepOutputs(Callback):
    """Keeps what a batch was measured by."""

    def on_train_begin(self, run):
        self.batches = []

    def on_gradient(self, run):
        parts = run.forward_pass.output, run.data.y, run.data.sample_weight
        self.batches.append([np.array(part) for part in parts])


@pytest.mark.parametrize("batch_size", [7, 45])
def test_the_metrics_of_an_epoch_are_those_of_all_its_predictions(batch_size):
    metrics = pytest.importorskip("sklearn.metrics")
    keep = KeepOutputs()
    history = fit(
        classifier(),
        epochs=1,
        batch_size=batch_size,
        sample_weight=WEIGHT,
        metrics=["f1", "recall"],
        callbacks=[keep],
    )
    output, target, weight = map(np.concatenate, zip(*keep.batches, strict=True))
    arguments = target.argmax(axis=1), output.argmax(axis=1)
    for name in ("f1", "recall"):
        score = getattr(metrics, f"{name}_score")
        expected = score(*arguments, average="macro", sample_weight=weight, zero_division=0)
        assert history[name] == pytest.approx([expected], rel=1e-12)
    assert history["accuracy"] == pytest.approx(
        [metrics.accuracy_score(*arguments, sample_weight=weight)], rel=1e-12
    )


def test_validation_and_evaluate_measure_the_same():
    model = classifier()
    asked = ["f1", "top_2", wrong_share]
    history = fit(model, validation=VALIDATION, metrics=asked)
    names = ["loss", "accuracy", "f1", "top_2", "wrong_share"]
    assert list(history) == [*names, *(f"val_{name}" for name in names)]
    found = model.evaluate(*VALIDATION[:2], sample_weight=VALIDATION[2], metrics=asked)
    assert {name: history[f"val_{name}"][-1] for name in names} == found
    assert found["wrong_share"] == np.mean(model.predict_classes(X[:20]) != Y[:20])


def test_numbers_are_measured_batch_by_batch_from_a_file(tmp_path):
    model = regression()
    whole = model.evaluate(X, NUMBERS, metrics=["r2", "mean_absolute_error"])
    residual = NUMBERS - model.predict(X)
    squares = (NUMBERS - NUMBERS.mean()) ** 2
    assert whole["r2"] == pytest.approx(1 - (residual**2).sum() / squares.sum(), rel=1e-12)
    assert whole["mean_absolute_error"] == pytest.approx(np.abs(residual).mean(), rel=1e-12)
    file = np.memmap(tmp_path / "x", np.float64, "w+", shape=(4000, 3))
    targets = np.memmap(tmp_path / "y", np.float64, "w+", shape=(4000, 1))
    file[:], targets[:] = np.resize(X, (4000, 3)), np.resize(NUMBERS, (4000, 1))
    arguments = {"metrics": ["r2", "mean_absolute_error"]}
    read = model.evaluate(file, targets, memory_limit=50_000, **arguments)
    expected = model.evaluate(np.array(file), np.array(targets), **arguments)
    assert read == pytest.approx(expected, rel=1e-12)


def test_callbacks_schedules_and_logs_know_the_metrics(tmp_path):
    stopping = EarlyStopping("val_f1", patience=4)
    log, best = CSVLog(tmp_path / "log.csv"), Checkpoint(tmp_path / "m.h5", monitor="val_f1")
    schedule = PlateauDecay(0.05, "val_f1", factor=0.5, patience=1)
    model = classifier()
    history = fit(
        model,
        optimizer=Adam(schedule),
        epochs=30,
        validation=VALIDATION,
        metrics=["f1"],
        callbacks=[stopping, log, best],
    )
    assert stopping.best_epoch == history.best_epoch("val_f1")
    assert stopping.best == max(history["val_f1"])
    assert history["learning_rate"][-1] < 0.05
    found = model.evaluate(*VALIDATION[:2], sample_weight=VALIDATION[2], metrics=["f1"])
    assert found["f1"] == stopping.best
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [float(row["val_f1"]) for row in rows] == history["val_f1"]


def test_tensorboard_has_the_metrics_of_both_sets(tmp_path):
    pytest.importorskip("tensorboardX")
    fit(classifier(), validation=VALIDATION, metrics=["f1"], callbacks=[TensorBoardLog(tmp_path)])
    for subset in ("training", "validation"):
        assert any(b"f1" in file.read_bytes() for file in (tmp_path / subset).iterdir())


def test_an_epoch_of_one_step_restores_the_parameters_that_were_measured():
    stopping = EarlyStopping("f1", patience=9)
    model = classifier()
    fit(
        model, optimizer=GradientDescent(3.0), batch_size=None, metrics=["f1"], callbacks=[stopping]
    )
    assert model.evaluate(X, Y, metrics=["f1"])["f1"] == stopping.best


def test_own_metrics_are_monitored_in_the_direction_that_is_told(tmp_path):
    model = classifier()
    for monitor in (
        EarlyStopping,
        lambda name: Checkpoint(tmp_path / "m.h5", 1, None, "best", name),
    ):
        with pytest.raises(ArgumentError, match="only you know whether a larger value is better"):
            fit(model, metrics=[wrong_share], callbacks=[monitor("wrong_share")])
    with pytest.raises(ArgumentError, match="PlateauDecay monitors 'wrong_share', a metric of"):
        fit(model, metrics=[wrong_share], optimizer=Adam(PlateauDecay(0.1, "wrong_share")))
    for higher in (True, False):
        stopping = EarlyStopping("wrong_share", higher_is_better=higher)
        history = fit(classifier(), metrics=[wrong_share], callbacks=[stopping])
        best = max if higher else min
        assert stopping.best == best(history["wrong_share"])
        metric = FunctionMetric(wrong_share, higher_is_better=higher)
        stopping = EarlyStopping("wrong_share")
        history = fit(classifier(), metrics=[metric], callbacks=[stopping])
        assert stopping.best == best(history["wrong_share"])
        assert history.best_epoch("wrong_share") == stopping.best_epoch


@pytest.mark.parametrize(
    ("asked", "Y", "build"),
    [
        (["f1", "class_accuracy", wrong_share], Y, classifier),
        (["r2", "mean_absolute_error"], NUMBERS, regression),
        ([], Y, classifier),
        ([], NUMBERS, regression),
    ],
)
def test_a_training_that_resumes_within_an_epoch_has_the_same_metrics(tmp_path, asked, Y, build):
    arguments = {"Y": Y, "metrics": asked, "sample_weight": WEIGHT}
    whole = fit(build(), **arguments)
    path = tmp_path / "run.h5"
    fit(build(), callbacks=[Signal(2, 4), Checkpoint(path)], **arguments)
    history = fit(build(), resume=path, **arguments)
    assert history.columns == whole.columns


def test_a_training_resumes_with_the_same_metrics_only(tmp_path):
    path = tmp_path / "run.h5"
    fit(classifier(), metrics=["f1"], callbacks=[Signal(2, 4), Checkpoint(path)])
    model = classifier(1)
    before = model.parameters.theta.copy()
    for metrics in ([], ["f1", "recall"], ["recall"]):
        with pytest.raises(ResumeError, match="resume needs the metrics of the saved training"):
            fit(model, metrics=metrics, resume=path)
    np.testing.assert_array_equal(model.parameters.theta, before)


@pytest.mark.parametrize(
    ("model", "metrics", "message"),
    [
        (regression(), ["f1"], "'f1' needs a loss that predicts classes, got MeanSquaredError"),
        (regression(), ["accuracy"], "'accuracy' needs a loss that predicts classes"),
        (classifier(), ["r2"], "'r2' needs a loss that predicts numbers, got Categorical"),
        (classifier(), ["mean_absolute_error"], "needs a loss that predicts numbers"),
        (classifier(), ["top_3"], "'top_3' needs more than 3 classes, got 3"),
        (classifier(), ["f5"], "a metric must be one of accuracy, .*, got 'f5'"),
    ],
)
def test_a_metric_without_a_meaning_is_refused_before_anything_runs(model, metrics, message):
    before = model.parameters.theta.copy()
    targets = NUMBERS if model.loss.is_classification is False else Y
    with pytest.raises(ArgumentError, match=message):
        fit(model, targets, metrics=metrics)
    with pytest.raises(ArgumentError, match=message):
        model.evaluate(X, targets, metrics=metrics)
    np.testing.assert_array_equal(model.parameters.theta, before)


def test_the_best_of_several_outputs_needs_classes():
    model = Sequential([Linear(3, 2), Sigmoid()], loss=BinaryCrossEntropy())
    with pytest.raises(ArgumentError, match="'top_1' needs an output for each of several classes"):
        model.evaluate(X, np.ones((45, 2)), metrics=["top_1"])


def test_the_progress_bar_shows_the_metrics_that_are_asked_for(capsys):
    model = classifier()
    arguments = {"optimizer": Adam(), "epochs": 2, "validation": VALIDATION}
    model.fit(X, Y, metrics=["f1", "class_accuracy"], **arguments)
    shown = capsys.readouterr().err
    assert "val_f1 " in shown
    assert "class_accuracy" not in shown


def test_an_earlier_file_has_the_sums_of_the_accuracy_among_the_others(tmp_path, monkeypatch):
    whole = fit(classifier())
    path = tmp_path / "run.h5"

    def earlier_state(run, **arguments):
        state = capture_state(run, **arguments)
        counts = state.pop("metric_sums").get("accuracy", (0, 0))
        names = ("n_correct", "n_predictions")
        state["epoch_sums"] |= {name: int(n) for name, n in zip(names, counts, strict=True)}
        return state

    with monkeypatch.context() as patch:
        patch.setattr(resume, "capture_state", earlier_state)
        fit(classifier(), callbacks=[Signal(2, 4), Checkpoint(path)])
    assert fit(classifier(), resume=path).columns == whole.columns
