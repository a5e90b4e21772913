"""A training on other data or with other settings does not resume from a checkpoint."""

import copy
import os

import h5py
import numpy as np
import pytest
from resuming import VALIDATION, Signal, X, Y, assert_equal_trainings, fit, network

from minidl import (
    L1,
    L2,
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    EnvironmentWarning,
    Linear,
    ResumeError,
    Sequential,
    Sigmoid,
)
from minidl.training import resume
from minidl.training.run_identity import check_data, check_settings, run_identity

WEIGHTS = np.linspace(0.1, 2, len(X))


def train(model=None, *callbacks, X=X, Y=Y, **arguments):
    """Train as `resuming.fit` does, on any data."""
    settings = {"optimizer": Adam(0.05), "epochs": 3, "batch_size": 8, "progress": False}
    model = model or network()
    return model, model.fit(X, Y, callbacks=callbacks, **settings | arguments)


def changed(values, place, value):
    other = np.array(values, np.float64)
    other[place] = value
    return other


class Settings(Callback):
    """Adds to what identifies the training."""

    def __init__(self, **settings):
        self.settings = settings

    def on_train_begin(self, run):
        run.settings |= self.settings


@pytest.mark.parametrize(
    ("saved", "other", "message"),
    [
        ({}, {"X": changed(X, (36, 2), 0.5)}, "got other values in X: pass the same; to train on"),
        ({}, {"X": X[::-1]}, "got other values in X: "),
        ({}, {"X": X[:20], "Y": Y[:20]}, r"got X of shape \(20, 3\) instead of \(37, 3\); Y of sh"),
        ({}, {"Y": 1 - Y}, "got other values in Y: "),
        ({"sample_weight": WEIGHTS}, {}, r"got no weights \(sample_weight, class_weight\): "),
        ({}, {"sample_weight": WEIGHTS}, r"got weights \(sa.*, class_weight\) where it had none: "),
        ({"sample_weight": WEIGHTS}, {"sample_weight": WEIGHTS[::-1]}, "got other values in weig"),
        ({}, {"class_weight": {1: 3}}, "got weights .* where it had none: "),
        ({"class_weight": {1: 2}}, {"class_weight": {1: 3}}, "got other values in weights"),
        ({"class_weight": "balanced"}, {"class_weight": {1: 3}}, "got other values in weights"),
        ({"validation": VALIDATION}, {}, "got no validation set: "),
        ({}, {"validation": VALIDATION}, "got a validation set where it had none: "),
        (
            {"validation": VALIDATION},
            {"validation": (VALIDATION[0], 1 - VALIDATION[1])},
            "got other values in Y of the validation set: ",
        ),
        (
            {"validation": VALIDATION},
            {"validation": (*VALIDATION, np.arange(11))},
            "got weights .* of the validation set where it had none: ",
        ),
        ({"X": X + 1, "Y": 1 - Y}, {}, "got other values in X; other values in Y: "),
    ],
)
def test_other_data_are_refused_and_nothing_changes(tmp_path, saved, other, message):
    path, model = tmp_path / "run.h5", network(seed=8)
    train(None, Checkpoint(path), **saved)
    before = model.parameters.theta.tobytes()
    rule = "run.h5: resume needs the data of the saved training, "
    with pytest.raises(ResumeError, match=rule + message):
        train(model, **{"epochs": 5, **other}, resume=path)
    assert model.parameters.theta.tobytes() == before
    train(model, **{"epochs": 5, **saved}, resume=path)


@pytest.mark.parametrize(
    ("saved", "other"),
    [
        (Adam(0.05, clip_norm=1.0), Adam(0.05)),
        (Adam(0.05), Adam(0.05, clip_norm=1.0)),
        (Adam(0.05, clip_norm=1.0), Adam(0.05, clip_norm=2.0)),
        ([L2(0.1)], []),
        ([L2(0.1)], [L2(0.2)]),
        ([L2(0.1)], [L2(0.1), L1(0.1)]),
    ],
)
def test_other_clipping_and_other_penalties_are_refused(tmp_path, saved, other):
    def arguments(part):
        penalties = part if isinstance(part, list) else []
        model = Sequential(
            [Linear(3, 1), Sigmoid()], loss=BinaryCrossEntropy(), penalties=penalties
        )
        optimizer = Adam(0.05) if isinstance(part, list) else copy.copy(part)
        return model, {"optimizer": optimizer}

    path = tmp_path / "run.h5"
    model, settings = arguments(saved)
    train(model, Checkpoint(path), **settings)
    model, settings = arguments(other)
    with pytest.raises(ResumeError, match=r"needs the (model|optimizer) of the saved training"):
        train(model, resume=path, **settings)


@pytest.mark.parametrize(
    ("saved", "resumed"),
    [
        ({"X": X, "Y": Y}, {"X": X.astype(np.float32), "Y": Y.reshape(-1, 1).astype(np.uint8)}),
        ({"X": X.tolist()}, {"X": np.asfortranarray(X)}),
        ({"sample_weight": WEIGHTS}, {"sample_weight": (7 * WEIGHTS.astype(np.float64)).tolist()}),
        ({"class_weight": {0: 1, 1: 2}}, {"class_weight": {0: 2, 1: 4}}),
        ({}, {"memory_limit": 2**20}),
        ({"batch_size": None}, {"batch_size": None, "X": X.astype(np.float32)}),
    ],
)
def test_the_same_data_in_another_form_are_resumed(tmp_path, saved, resumed):
    path, fresh = tmp_path / "run.h5", network(seed=8)
    whole, expected = train(**{"epochs": 5, **saved})
    train(None, Checkpoint(path), **saved)
    fresh, history = train(fresh, **{"epochs": 5, **resumed}, resume=path)
    assert_equal_trainings(fresh, whole, history, expected)


@pytest.mark.parametrize("values", ["X", "validation"])
def test_data_are_compared_in_the_dtype_of_the_model(tmp_path, values):
    path, close = tmp_path / "run.h5", X * (1 + 1e-12)  # the same in float32
    other = {"X": close} if values == "X" else {"validation": (close, Y)}
    saved = {} if values == "X" else {"validation": (X, Y)}
    train(network(), Checkpoint(path), **saved)
    train(network(), resume=path, **other)
    train(network(np.float64), Checkpoint(path), **saved)
    with pytest.raises(ResumeError, match="got other values in X"):
        train(network(np.float64), resume=path, **other)


def write_rows(path, rows):
    with h5py.File(path, "w") as file:
        file["x"] = rows
    return path


def test_a_file_of_other_rows_size_or_time_is_refused(tmp_path):
    path, data = tmp_path / "run.h5", tmp_path / "data.h5"
    rows = np.random.default_rng(0).standard_normal((3000, 3))
    labels = np.arange(3000) % 2

    def resumed(file, **arguments):
        with h5py.File(file) as opened:
            return train(X=opened["x"], Y=labels, memory_limit=50_000, epochs=1, **arguments)

    with h5py.File(write_rows(data, rows)) as file:
        train(None, Checkpoint(path), X=file["x"], Y=labels, memory_limit=50_000, epochs=1)
    resumed(data, resume=path)
    stamp = data.stat().st_mtime_ns
    with pytest.raises(ResumeError, match="another memory_limit, so that X fits into memory or no"):
        train(X=rows, Y=labels, epochs=1, resume=path)
    for change, same_time, message in [
        ((0, 9), True, "got other values in X: "),
        ((1, 9), False, r"X with the time stamp 20.* instead of 20.* \(give a copy the time stamp"),
    ]:
        place, value = change
        write_rows(data, changed(rows, (place, 0), value))
        os.utime(data, ns=(stamp, stamp + (not same_time) * 10**9))
        with pytest.raises(ResumeError, match=message):
            resumed(data, resume=path)
    with h5py.File(write_rows(data, rows), "a") as file:
        file["more"] = rows
    os.utime(data, ns=(stamp, stamp))
    with pytest.raises(ResumeError, match=r"got a file of X of [\d,]+ bytes instead of [\d,]+: "):
        resumed(data, resume=path)
    write_rows(data, rows)
    os.utime(data, ns=(stamp, stamp))
    resumed(data, resume=path)


def test_settings_of_a_callback_are_kept_and_compared(tmp_path):
    path = tmp_path / "run.h5"
    saved = Settings(noise=0.2, layers=(8, 4), name="moons", extra=None, old=1)
    train(None, saved, Checkpoint(path))
    other = Settings(noise=0.3, layers=[8], name="moons", new=3)
    message = (
        "the settings of the saved training, got noise 0.3 instead of 0.2; layers 8 instead of "
        "8,4; old none instead of 1: pass the same"
    )
    with pytest.raises(ResumeError, match=message):
        train(None, other, X=X + 1, resume=path)
    more = Settings(noise=0.2, layers=[8, 4], name="moons", old=1, new=3)
    _, history = train(None, more, epochs=4, resume=path)
    assert history.epochs == 4


@pytest.mark.parametrize("position", [(2, 5), (3, 2)])  # at the end of an epoch, and within one
def test_a_shuffle_function_that_gives_another_order_is_refused(tmp_path, position):
    path, calls = tmp_path / "run.h5", []

    def order(epoch):
        calls.append(epoch)
        return np.random.default_rng(epoch).permutation(len(X))

    whole, model = network(), network(seed=7)
    expected = fit(whole, shuffle=order)
    fit(network(), Signal(*position), Checkpoint(path), shuffle=order)
    for other in (lambda epoch: order(epoch)[::-1], lambda epoch: np.arange(len(X)), True):
        before = model.parameters.theta.tobytes()
        message = f"got a shuffle function that gives epoch {position[0]} another order: "
        with pytest.raises(ResumeError, match=message):
            fit(model, shuffle=other, resume=path)
        assert model.parameters.theta.tobytes() == before
    calls.clear()
    history = fit(model, shuffle=order, resume=path)
    assert calls == list(range(position[0], 7))  # once for each epoch
    assert_equal_trainings(model, whole, history, expected)


def test_drawn_examples_are_resumed_exactly_and_with_the_same_argument_only(tmp_path):
    path, whole, model = tmp_path / "run.h5", network(), network(seed=7)
    expected = fit(whole, shuffle="with_replacement")
    assert expected.loss != fit(network()).loss
    fit(network(), Signal(3, 2), Checkpoint(path), shuffle="with_replacement")
    with pytest.raises(ResumeError, match="got shuffle True instead of with_replacement: "):
        fit(model, resume=path)
    history = fit(model, shuffle="with_replacement", resume=path)
    assert_equal_trainings(model, whole, history, expected)


@pytest.mark.parametrize("value", [X, np.float32(1), float("nan"), {1: 2, "1": 3}, 10**20])
def test_settings_that_no_file_can_store_are_refused_at_the_start(tmp_path, value):
    path, other, model = tmp_path / "run.h5", tmp_path / "other.h5", network()
    train(None, Settings(noise=1.0), Checkpoint(path), epochs=1)
    before = model.parameters.theta.tobytes()
    for callbacks, arguments in (([Checkpoint(other)], {}), ([], {"resume": path})):
        with pytest.raises(ArgumentError, match=r"run\.settings must consist of numbers, strings"):
            train(model, Settings(noise=value), *callbacks, **arguments)
        assert model.parameters.theta.tobytes() == before
    assert not other.exists()


def test_a_file_of_an_earlier_minidl_is_resumed_with_a_warning(tmp_path, monkeypatch):
    path, fresh = tmp_path / "run.h5", network(seed=7)
    with monkeypatch.context() as patch:
        patch.setattr(resume, "run_identity", lambda run: None)
        fit(network(), Signal(3, 3), Checkpoint(path))
    model = network()
    whole = fit(model)
    with pytest.warns(EnvironmentWarning, match=r"run\.h5: .* an earlier minidl, does not tell it"):
        rest = fit(fresh, resume=path)
    assert_equal_trainings(fresh, model, rest, whole)


@pytest.mark.parametrize("identity", [0, [], {}, {"settings": 1}, {"settings": {}, "data": None}])
def test_a_forged_identity_is_refused(tmp_path, monkeypatch, identity):
    path = tmp_path / "run.h5"
    with monkeypatch.context() as patch:
        patch.setattr(resume, "run_identity", lambda run: identity)
        fit(network(), Checkpoint(path), epochs=1)
    with pytest.raises(OSError, match="must hold the state of a training"):
        fit(network(), resume=path)


class Run(Callback):
    """Keeps the training."""

    def on_train_begin(self, run):
        self.run = run


def test_an_identity_equals_itself_and_reads_the_data_once(monkeypatch):
    kept = Run()
    fit(network(), kept, epochs=1)
    identity = run_identity(kept.run)
    assert identity.keys() == {"data", "validation", "order", "augmentation", "settings"}
    check_settings(identity, kept.run)
    check_data(identity, kept.run)
    assert run_identity(kept.run)["data"] is identity["data"]
    assert run_identity(kept.run)["validation"] is identity["validation"]
