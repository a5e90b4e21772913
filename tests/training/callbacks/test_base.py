import csv
import math
import os
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest
from helpers import Gain, classifier, rows

from minidl import (
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    Cosine,
    CSVLog,
    DataError,
    EarlyStopping,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    MissingDependencyError,
    Nesterov,
    NonFiniteError,
    ProgressBar,
    ReLU,
    Sequential,
    Sigmoid,
    StepDecay,
    StopOnNonFinite,
    TensorBoardLog,
    WarmUp,
)
from minidl.training.callbacks.base import TrainingRun

X, Y = rows(10)


def fit(model, *callbacks, epochs=5, rate=0.1, **settings):
    return model.fit(
        X,
        Y,
        **{
            "optimizer": GradientDescent(rate),
            "epochs": epochs,
            "callbacks": callbacks,
            "progress": False,
            **settings,
        },
    )


class Script(Callback):
    """Writes given numbers into the history, and keeps the parameters of each epoch."""

    def __init__(self, numbers, name="val_loss"):
        self.numbers, self.name, self.extra_metrics, self.thetas = numbers, name, (name,), []

    def on_epoch_end(self, run):
        run.history.columns.setdefault(self.name, []).append(self.numbers[run.epoch - 1])
        self.thetas.append(run.model.parameters.theta.copy())


@pytest.mark.parametrize(
    ("numbers", "settings", "stops", "best"),
    [
        ([5, 4, 3, 4, 5, 6, 7], {"patience": 2}, 5, 3),
        ([5, 4, 3, 4, 5, 6, 7], {"patience": 3}, 6, 3),
        ([5, 4, 3, 4, 2, 3, 3], {"patience": 2}, 7, 5),
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5, 4.4], {"patience": 2, "min_delta": 0.15}, 7, 7),
        ([5, 4.9, 4.8, 4.7, 4.6, 4.5, 4.4], {"patience": 2, "min_delta": 1}, 3, 1),
        ([3, 3, 3, 3], {"patience": 1}, 2, 1),
        ([7, 6, 5, 4, 3, 2, 1], {"patience": 1}, 7, 7),
        ([1, 2, 3, 4, 5, 6, 7], {"patience": 9}, 7, 1),
        ([math.inf, 3, 4, 5], {"patience": 2}, 4, 2),
        ([math.nan, 3, 4, 5], {"patience": 2}, 4, 2),
        ([math.nan, math.nan, math.nan, 5], {"patience": 2}, 3, 1),
        ([3, math.nan, math.nan, 5], {"patience": 2}, 3, 1),
    ],
)
def test_early_stopping_stops_and_restores_the_best_bit_for_bit(numbers, settings, stops, best):
    model, script, stopping = classifier(), Script(numbers), EarlyStopping(**settings)
    history = fit(model, script, stopping, epochs=len(numbers))
    assert history.epochs == stops
    assert stopping.best_epoch == best
    assert model.parameters.theta.tobytes() == script.thetas[best - 1].tobytes()


def test_an_accuracy_is_better_where_larger():
    model, script = classifier(), Script([0.5, 0.9, 0.8, 0.7], "val_accuracy")
    fit(model, script, EarlyStopping("val_accuracy", patience=2), epochs=4)
    np.testing.assert_array_equal(model.parameters.theta, script.thetas[1])


def test_restoring_may_be_left_out():
    model, script = classifier(), Script([1, 2, 3, 4])
    history = fit(model, script, EarlyStopping(patience=2, restore_best=False), epochs=4)
    np.testing.assert_array_equal(model.parameters.theta, script.thetas[-1])
    assert "restored" not in history.stopped


def test_the_history_says_why_training_stopped():
    history = fit(classifier(), Script([1, 2, 3, 4]), EarlyStopping(patience=2), epochs=4)
    assert (
        history.stopped
        == "val_loss has not improved on 1 (epoch 1) for 2 epochs; the parameters of epoch 1 were restored"
    )
    assert fit(classifier(), Script([4, 3, 2]), EarlyStopping(), epochs=3).stopped is None


def test_early_stopping_starts_afresh_with_each_fit():
    stopping = EarlyStopping(patience=1)
    for _ in range(2):
        assert fit(classifier(), Script([1, 2, 3]), stopping, epochs=3).epochs == 2


def test_early_stopping_on_real_validation_keeps_the_best_loss():
    model = classifier(3, 30)
    history = fit(
        model, EarlyStopping(patience=5), epochs=300, rate=1.0, validation=rows(10, seed=3)
    )
    assert model.evaluate(*rows(10, seed=3))["loss"] == min(history["val_loss"])


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        (
            "val_loss",
            r"EarlyStopping monitors 'val_loss', but the history will have only loss, accuracy: pass fit\(validation=\(X, Y\)\)",
        ),
        ("f1", r"EarlyStopping monitors 'f1', but the history will have only loss, accuracy$"),
    ],
)
def test_watching_what_there_is_not_is_an_error(monitor, message):
    model = classifier()
    before = model.parameters.theta.tobytes()
    with pytest.raises(ArgumentError, match=message):
        fit(model, EarlyStopping(monitor))
    assert model.parameters.theta.tobytes() == before


@pytest.mark.parametrize("patience", [0, -1, 1.5, "2", True])
def test_patience_must_be_a_whole_number_from_1(patience):
    with pytest.raises(
        ArgumentError,
        match=f"patience must be an integer >= 1, got {patience!r} in EarlyStopping",
    ):
        EarlyStopping(patience=patience)


@pytest.mark.parametrize("delta", [-0.1, np.nan, np.inf])
def test_min_delta_must_be_finite_and_from_0(delta):
    with pytest.raises(
        ArgumentError, match=f"min_delta must be finite and >= 0, got {delta} in EarlyStopping"
    ):
        EarlyStopping(min_delta=delta)


class Breaks(Layer):
    """Lets everything pass, until a step where it gives a bad number forward or backward."""

    def __init__(self, step, way, value=np.inf):
        self.step, self.way, self.value, self.count = step, way, value, 0

    def forward(self, x, *, training=False):
        self.count += training
        return x * self.value if self.way == "forward" and self.count >= self.step else x

    def backward(self, dy):
        return dy * self.value if self.way == "backward" and self.count >= self.step else dy


class Keep(Callback):
    """Keeps the parameters at each step."""

    def __init__(self):
        self.thetas = []

    def on_gradient(self, run):
        self.thetas.append(run.model.parameters.theta.copy())


@pytest.mark.parametrize(
    ("way", "where"),
    [
        ("forward", r"layer 2, Breaks\(\), gives an output that is not finite"),
        ("backward", r"layer 2, Breaks\(\), gives a gradient of its input that is not finite"),
    ],
)
@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_bad_layer_is_named_with_epoch_and_batch(way, where, value):
    layers = [Linear(3, 4), Linear(4, 4), Breaks(5, way, value), Linear(4, 1), Sigmoid()]
    model, keep = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64), Keep()
    with pytest.raises(
        NonFiniteError, match=rf"at epoch 2, batch 2, {where}.*smaller learning rate \(now 0\.1\)"
    ):
        fit(model, keep, batch_size=4)
    assert np.isfinite(model.parameters.theta).all()
    np.testing.assert_array_equal(model.parameters.theta, keep.thetas[0])


@pytest.mark.parametrize(
    ("step", "kept", "place"),
    [(16, 0, "epoch 1, batch 1"), (17, 0, "epoch 1, batch 1"), (18, 16, "epoch 9, batch 1")],
)
def test_the_parameters_given_back_are_at_most_16_steps_old_and_their_place_is_named(
    step, kept, place
):
    layers = [Linear(3, 4), Breaks(step, "forward"), Linear(4, 1), Sigmoid()]
    model, keep = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64), Keep()
    with pytest.raises(
        NonFiniteError,
        match=rf"The model has the parameters of {place}, when everything was finite",
    ):
        fit(model, keep, batch_size=6, epochs=20)
    np.testing.assert_array_equal(model.parameters.theta, keep.thetas[kept])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence_ends_with_finite_parameters(dtype):
    model = Sequential([Linear(3, 5), ReLU(), Linear(5, 1)], loss=MeanSquaredError(), dtype=dtype)
    with pytest.raises(
        NonFiniteError, match=r"at epoch \d+, batch 1, (layer \d|the loss).*\(now 1000\)"
    ):
        fit(model, epochs=500, rate=1000.0)
    assert np.isfinite(model.parameters.theta).all()
    assert math.isfinite(model.objective(X, Y)["total"])


class Plant(Callback):
    def on_epoch_end(self, run):
        if run.epoch == 2:
            run.model.parameters["2.weight"].value[0, 1] = np.nan


def test_a_nan_planted_in_a_weight_is_found_there():
    model, keep = classifier(), Keep()
    with pytest.raises(
        NonFiniteError,
        match=r"epoch 3, batch 1, layer 2, Linear\(4, 1\), has a weight that is not finite",
    ):
        fit(model, Plant(), keep)
    np.testing.assert_array_equal(model.parameters.theta, keep.thetas[0])


def test_a_loss_that_alone_is_not_finite_is_named():
    class Broken(MeanSquaredError):
        def forward(self, prediction, target):
            return super().forward(prediction, target) * np.inf

    with pytest.raises(NonFiniteError, match=r"epoch 1, batch 1, the loss, Broken\(\), is inf"):
        fit(Sequential([Linear(3, 1)], loss=Broken()))


def test_a_certain_and_wrong_probability_is_an_infinite_loss():
    layers = [
        Linear(3, 1),
        Sigmoid(),
        Gain(1),
    ]  # the Gain keeps the loss from being computed from logits
    model = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64)
    model.parameters.theta = [1e6, 1e6, 1e6, 0, 1]
    with pytest.raises(NonFiniteError, match=r"the loss, BinaryCrossEntropy\(\), is inf"):
        model.fit([[1, 1, 1]], [[0]], optimizer=GradientDescent(0.1), epochs=1, progress=False)


def test_large_but_finite_gradients_are_let_pass():
    model = Sequential([Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float32)
    model.fit([[1e15]], [[1e15]], optimizer=GradientDescent(1e-35), epochs=1, progress=False)
    assert np.isfinite(model.parameters.theta).all()


def test_the_watch_can_be_turned_off():
    history = fit(classifier(), Plant(), StopOnNonFinite(False))
    assert history.epochs == 5
    assert math.isnan(history.loss[-1])


def test_early_stopping_does_not_bring_nan_back():
    model = Sequential(
        [Linear(3, 5), ReLU(), Linear(5, 1)], loss=MeanSquaredError(), dtype=np.float32
    )
    with pytest.raises(NonFiniteError):
        fit(model, EarlyStopping("loss", patience=1000), epochs=500, rate=1000.0)
    assert np.isfinite(model.parameters.theta).all()


def test_the_bar_shows_losses_on_stderr(capsys):
    classifier().fit(X, Y, optimizer=Adam(), epochs=3, batch_size=4, validation=(X, Y))
    shown = capsys.readouterr()
    assert shown.out == ""
    last = shown.err.rstrip().rpartition("\r")[2]
    assert "epoch 3/3" in last
    assert "9/9" in last
    assert ", loss 0." in last
    assert ", val_loss 0." in last


def test_before_the_first_epoch_ends_the_bar_shows_the_loss_of_the_step(capsys):
    class Interrupts(Callback):
        def on_gradient(self, run):
            self.loss = float(run.loss)
            if run.batch == 2:
                raise KeyboardInterrupt

    watch = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        classifier().fit(X, Y, optimizer=Adam(), epochs=1, batch_size=4, callbacks=[watch])
    shown = capsys.readouterr().err
    assert " 1/3 " in shown
    assert f"loss {watch.loss:.4f}]" in shown


def test_without_progress_nothing_is_shown(capsys):
    fit(classifier())
    assert capsys.readouterr() == ("", "")


def test_an_interruption_closes_the_bar(capsys):
    class Interrupts(Callback):
        ended = False

        def on_epoch_end(self, run):
            if run.epoch == 2:
                raise KeyboardInterrupt

        def on_train_end(self, run):
            self.ended = True

    watch, bar = Interrupts(), ProgressBar()
    with pytest.raises(KeyboardInterrupt):
        fit(classifier(), watch, bar, epochs=3)
    assert watch.ended
    assert bar._bar.disable  # closed
    shown = capsys.readouterr().err
    assert shown.endswith("\n")
    assert "epoch 2/3" in shown.rpartition("\r")[2]


def test_a_run_starts_at_nothing_and_stops_with_a_reason():
    run = TrainingRun(None, None, 3, [None, None])
    assert (run.epoch, run.batch, run.stopped, run.history.epochs) == (0, 0, None, 0)
    assert math.isnan(run.loss)
    run.stop("because")
    assert run.stopped == "because"


def test_hooks_that_are_not_wanted_do_nothing():
    callback, run = Callback(), TrainingRun(None, None, 1, [None])
    assert [
        hook(run)
        for hook in (
            callback.on_train_begin,
            callback.on_gradient,
            callback.on_epoch_end,
            callback.on_train_end,
        )
    ] == [None] * 4


# Logs.


X20, Y20 = rows(20)
SCHEDULE = WarmUp(3, Cosine(0.1, 30, 0.01))


def logged(*callbacks, epochs=5, optimizer=None, model=None, **settings):
    model = model or classifier()
    kept = {"validation": (X20[:7], Y20[:7]), "batch_size": 8, "progress": False, **settings}
    return model.fit(
        X20,
        Y20,
        optimizer=optimizer or GradientDescent(0.1),
        epochs=epochs,
        callbacks=callbacks,
        **kept,
    )


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Stop(Callback):
    """Sends SIGINT at one step."""

    def __init__(self, epoch, batch):
        self.place = epoch, batch

    def on_gradient(self, run):
        if (run.epoch, run.batch) == self.place:
            os.kill(os.getpid(), signal.SIGINT)


class Counts(Callback):
    extra_metrics = ("number, by me",)

    def on_epoch_end(self, run):
        run.history.columns.setdefault("number, by me", []).append(run.epoch**2)


def test_a_row_per_epoch_with_all_digits(tmp_path):
    log = CSVLog(tmp_path / "deep" / "log.csv")
    history = logged(log, Counts(), optimizer=Adam(SCHEDULE))
    assert log.path.read_bytes().count(b"\n") == 6
    found = table(log.path)
    assert list(found[0]) == [
        "epoch",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "number, by me",
    ]
    assert [row["epoch"] for row in found] == ["1", "2", "3", "4", "5"]
    for name in list(found[0])[1:]:
        assert [float(row[name]) for row in found] == history[name]


def test_the_learning_rate_is_logged_where_it_follows_a_schedule(tmp_path):
    history = logged(
        CSVLog(tmp_path / "log.csv"),
        optimizer=GradientDescent(StepDecay(0.1, decay_steps=6, factor=0.5)),
    )
    assert history["learning_rate"] == [
        0.1,
        0.1,
        0.05,
        0.05,
        0.025,
    ]  # three steps per epoch: that of the last one
    assert "2.50e-02" in str(history)
    assert "learning_rate" not in logged(CSVLog(tmp_path / "log.csv"))
    assert "learning_rate" not in table(tmp_path / "log.csv")[0]


def test_a_column_of_ones_own_of_that_name_stays(tmp_path):
    class Rates(Callback):
        extra_metrics = ("learning_rate",)

        def on_epoch_end(self, run):
            run.history.columns.setdefault("learning_rate", []).append(-run.epoch)

    history = logged(Rates(), CSVLog(tmp_path / "log.csv"), optimizer=Adam(SCHEDULE), epochs=2)
    assert history["learning_rate"] == [-1, -2]
    assert (
        (tmp_path / "log.csv")
        .read_text()
        .startswith("epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n")
    )


def test_the_file_is_whole_after_each_epoch_and_an_old_one_is_replaced(tmp_path):
    path, seen = tmp_path / "log.csv", []
    path.write_text("old\n")

    class Watch(Callback):
        run_last = True

        def on_gradient(self, run):
            if run.epoch == 1:
                assert path.read_text() == "old\n"

        def on_epoch_end(self, run):
            seen.append(table(path))

    logged(CSVLog(path), Watch(), epochs=3)
    assert [len(rows) for rows in seen] == [1, 2, 3]
    assert seen[0] == seen[2][:1]


def test_a_killed_training_leaves_whole_rows(tmp_path):
    code = f"""
import os
from helpers import classifier, rows
from minidl import Callback, CSVLog, GradientDescent
class Kill(Callback):
    def on_gradient(self, run):
        if run.epoch == 4:
            os._exit(9)
model = classifier()
model.fit(*rows(20), optimizer=GradientDescent(0.1), epochs=9, callbacks=[CSVLog({str(tmp_path / "log.csv")!r}), Kill()], progress=False)
"""
    here = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([here, os.path.dirname(here)])}
    assert subprocess.run([sys.executable, "-c", code], env=where, check=False).returncode == 9
    assert [row["epoch"] for row in table(tmp_path / "log.csv")] == ["1", "2", "3"]
    assert (tmp_path / "log.csv").read_bytes().endswith(b"\n")


@pytest.mark.parametrize("place", [(1, 2), (3, 1), (3, 3), (5, 2)])
def test_a_resumed_training_has_the_log_and_the_parameters_of_one_never_stopped(tmp_path, place):
    def made():
        return {"optimizer": Nesterov(SCHEDULE, clip_norm=0.3), "model": classifier()}

    whole, broken = made(), made()
    history = logged(CSVLog(tmp_path / "whole.csv"), **whole)
    logged(CSVLog(tmp_path / "log.csv"), Checkpoint(tmp_path / "run.h5"), Stop(*place), **broken)
    assert (
        len(table(tmp_path / "log.csv")) == place[0] - 1
        if place[0] > 1
        else not (tmp_path / "log.csv").exists()
    )
    rest = made()
    again = logged(CSVLog(tmp_path / "log.csv"), resume=tmp_path / "run.h5", **rest)
    assert (tmp_path / "log.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert again.columns == history.columns
    assert rest["model"].parameters.theta.tobytes() == whole["model"].parameters.theta.tobytes()
    assert rest["optimizer"].step_count == whole["optimizer"].step_count == 15


def test_a_callback_that_came_with_the_resumption_begins_with_empty_cells(tmp_path):
    logged(Checkpoint(tmp_path / "run.h5"), epochs=2)
    logged(CSVLog(tmp_path / "log.csv"), Counts(), resume=tmp_path / "run.h5", epochs=4)
    assert [row["number, by me"] for row in table(tmp_path / "log.csv")] == ["", "", "9", "16"]


@pytest.mark.parametrize("kind", [CSVLog, TensorBoardLog])
def test_a_place_that_cannot_be_written_is_told_before_the_first_step(tmp_path, kind):
    (tmp_path / "file").write_text("")
    model = classifier()
    before = model.parameters.theta.copy()
    with pytest.raises(DataError, match="cannot be written"):
        logged(kind(tmp_path / "file" / "log.csv"), model=model)
    np.testing.assert_array_equal(model.parameters.theta, before)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_told(tmp_path):
    log = CSVLog(tmp_path / "log.csv")

    class Fill(Callback):
        run_last = True

        def on_epoch_end(self, run):
            log.path.unlink()
            log.path.symlink_to("/dev/full")

    with pytest.raises(
        DataError,
        match=r"log\.csv: a row cannot be added, No space left on device: choose a folder with enough free space",
    ):
        logged(log, Fill())


def events(folder):
    """Return (run, name, epoch, value) of each number, and where a run was taken back, in the order in which they were written."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    for path in sorted(folder.glob("*/events*")):
        content = path.read_bytes()
        while content:
            (size,) = struct.unpack("<Q", content[:8])
            event = event_pb2.Event.FromString(content[12 : 12 + size])
            content = content[16 + size :]
            if event.session_log.status == 1:
                yield path.parent.name, "start", event.step, None
            for value in event.summary.value:
                yield path.parent.name, value.tag, event.step, value.simple_value


def shown(folder):
    """Return what TensorBoard shows: a start takes back what is there of that epoch and later ones."""
    kept = {}
    for run, name, epoch, value in events(folder):
        if name == "start":
            kept = {key: held for key, held in kept.items() if key[0] != run or key[2] < epoch}
        else:
            assert (run, name, epoch) not in kept
            kept[run, name, epoch] = value
    return kept


def expected(history):
    runs = {
        name: ("validation" if name.startswith("val_") else "training", name.removeprefix("val_"))
        for name in history
    }
    return {
        (*runs[name], epoch): np.float32(value)
        for name in history
        for epoch, value in enumerate(history[name], start=1)
    }


def test_tensorboard_gets_training_and_validation_as_two_runs(tmp_path):
    pytest.importorskip("tensorboardX")
    history = logged(
        TensorBoardLog(tmp_path / "runs" / "first"), optimizer=Adam(SCHEDULE), epochs=3
    )
    assert shown(tmp_path / "runs" / "first") == expected(history)
    assert len(history.columns) == 5
    logged(TensorBoardLog(tmp_path / "alone"), validation=None, epochs=1)
    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["training"]


def test_a_resumed_training_takes_back_what_came_after_the_checkpoint(tmp_path):
    pytest.importorskip("tensorboardX")
    logged(
        TensorBoardLog(tmp_path / "tb"),
        Checkpoint(tmp_path / "run.h5", every_epochs=None),
        Stop(3, 2),
        epochs=9,
    )
    (tmp_path / "run.h5").rename(tmp_path / "kept.h5")
    logged(TensorBoardLog(tmp_path / "tb"), resume=tmp_path / "kept.h5", epochs=6)
    history = logged(TensorBoardLog(tmp_path / "tb"), resume=tmp_path / "kept.h5", epochs=5)
    assert {key: held for key, held in shown(tmp_path / "tb").items() if key[2] <= 5} == expected(
        history
    )
    history = logged(
        TensorBoardLog(tmp_path / "tb"), epochs=2
    )  # a new training takes the place of the old
    assert shown(tmp_path / "tb") == expected(history)


def test_without_tensorboardx_the_pip_line_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(
        MissingDependencyError,
        match=r"TensorBoardLog needs tensorboardX, .*: pip install minidl\[tensorboard\]",
    ):
        TensorBoardLog(tmp_path)
