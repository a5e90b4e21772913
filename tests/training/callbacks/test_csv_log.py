import csv
import errno
import os
import subprocess
import sys

import numpy as np
import pytest
from callback_training import SCHEDULE, InterruptAt, SquaredEpoch, log_training
from helpers import classifier

from minidl import (
    Adam,
    Callback,
    Checkpoint,
    CSVLog,
    DataError,
    GradientDescent,
    Nesterov,
    StepDecay,
    TensorBoardLog,
)


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_epoch_is_a_row_with_all_digits(tmp_path):
    log = CSVLog(tmp_path / "deep" / "log.csv")
    history = log_training(log, SquaredEpoch(), optimizer=Adam(SCHEDULE))
    assert log.path.read_bytes().count(b"\n") == 6
    found = table(log.path)
    assert list(found[0]) == [
        "epoch",
        "loss",
        "accuracy",
        "val_loss",
        "val_accuracy",
        "learning_rate",
        "squared, by epoch",
    ]
    assert [row["epoch"] for row in found] == ["1", "2", "3", "4", "5"]
    for name in list(found[0])[1:]:
        assert [float(row[name]) for row in found] == history[name]


def test_the_learning_rate_is_logged_if_there_is_a_schedule(tmp_path):
    history = log_training(
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
    assert "learning_rate" not in log_training(CSVLog(tmp_path / "log.csv"))
    assert "learning_rate" not in table(tmp_path / "log.csv")[0]


def test_a_custom_column_of_that_name_is_kept(tmp_path):
    class Rates(Callback):
        extra_metrics = ("learning_rate",)

        def on_epoch_end(self, run):
            run.history.columns.setdefault("learning_rate", []).append(-run.epoch)

    history = log_training(
        Rates(), CSVLog(tmp_path / "log.csv"), optimizer=Adam(SCHEDULE), epochs=2
    )
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

    log_training(CSVLog(path), Watch(), epochs=3)
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
callbacks = [CSVLog({str(tmp_path / "log.csv")!r}), Kill()]
settings = dict(epochs=9, callbacks=callbacks, progress=False)
model.fit(*rows(20), optimizer=GradientDescent(0.1), **settings)
"""
    here = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([here, os.path.dirname(here)])}
    assert subprocess.run([sys.executable, "-c", code], env=where, check=False).returncode == 9
    assert [row["epoch"] for row in table(tmp_path / "log.csv")] == ["1", "2", "3"]
    assert (tmp_path / "log.csv").read_bytes().endswith(b"\n")


@pytest.mark.parametrize("place", [(1, 2), (3, 1), (3, 3), (5, 2)])
def test_a_resumed_training_has_the_log_and_the_parameters_of_one_that_never_stopped(
    tmp_path, place
):
    def made():
        return {"optimizer": Nesterov(SCHEDULE, clip_norm=0.3), "model": classifier()}

    whole, broken = made(), made()
    history = log_training(CSVLog(tmp_path / "whole.csv"), **whole)
    log_training(
        CSVLog(tmp_path / "log.csv"), Checkpoint(tmp_path / "run.h5"), InterruptAt(*place), **broken
    )
    assert (
        len(table(tmp_path / "log.csv")) == place[0] - 1
        if place[0] > 1
        else not (tmp_path / "log.csv").exists()
    )
    rest = made()
    again = log_training(CSVLog(tmp_path / "log.csv"), resume=tmp_path / "run.h5", **rest)
    assert (tmp_path / "log.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert again.columns == history.columns
    assert rest["model"].parameters.theta.tobytes() == whole["model"].parameters.theta.tobytes()
    assert rest["optimizer"].step_count == whole["optimizer"].step_count == 15


def test_a_column_added_when_resuming_begins_with_nan_and_is_resumed_again(tmp_path):
    path, log = tmp_path / "run.h5", CSVLog(tmp_path / "log.csv")
    log_training(Checkpoint(path), epochs=2)
    for epochs in (4, 5):
        log_training(log, SquaredEpoch(), Checkpoint(path), resume=path, epochs=epochs)
    numbers = [row["squared, by epoch"] for row in table(log.path)]
    assert numbers == ["nan", "nan", "9.0", "16.0", "25"]


def test_an_epoch_in_which_a_callback_measures_nothing_has_nan(tmp_path):
    class Sometimes(SquaredEpoch):
        def on_epoch_end(self, run):
            if run.epoch % 2 == 0:
                super().on_epoch_end(run)

    log = CSVLog(tmp_path / "log.csv")
    history = log_training(log, Sometimes(), epochs=5)
    expected = ["nan", "4", "nan", "16", "nan"]
    assert [row["squared, by epoch"] for row in table(log.path)] == expected
    assert list(map(str, history["squared, by epoch"])) == expected


@pytest.mark.parametrize("kind", [CSVLog, TensorBoardLog])
def test_a_path_that_cannot_be_written_is_reported_before_the_first_step(tmp_path, kind):
    (tmp_path / "file").write_text("")
    model = classifier()
    before = model.parameters.theta.copy()
    with pytest.raises(DataError, match="cannot be written"):
        log_training(kind(tmp_path / "file" / "log.csv"), model=model)
    np.testing.assert_array_equal(model.parameters.theta, before)


@pytest.mark.parametrize("kind", [CSVLog, TensorBoardLog, Checkpoint])
@pytest.mark.parametrize("place", ["/proc/self/log", "{}/taken/log", "{}/read-only/log"])
def test_a_place_in_which_no_file_can_be_made_is_refused_before_the_first_step(
    tmp_path, kind, place, monkeypatch
):
    """By trying: root may write into a folder whose mode says that it is read-only."""
    if kind is TensorBoardLog:
        pytest.importorskip("tensorboardX")
    if place.startswith("/proc") and not os.path.exists("/proc/self"):
        pytest.skip("needs a folder without room")
    (tmp_path / "taken").write_text("")
    callback, model = kind(place.format(tmp_path)), classifier()
    before = model.parameters.theta.copy()
    if "read-only" in place:

        def fail(path, flags, mode=0o777, real=os.open):
            if flags & os.O_CREAT:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS))
            return real(path, flags, mode)

        monkeypatch.setattr(os, "open", fail)
    with pytest.raises(DataError, match="cannot be written"):
        log_training(callback, model=model)
    np.testing.assert_array_equal(model.parameters.theta, before)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_reported(tmp_path):
    log = CSVLog(tmp_path / "log.csv")

    class Fill(Callback):
        run_last = True

        def on_epoch_end(self, run):
            log.path.unlink()
            log.path.symlink_to("/dev/full")

    with pytest.raises(
        DataError,
        match=r"log\.csv: a row cannot be added, No space left on device: choose a folder with "
        r"enough free space",
    ):
        log_training(log, Fill())
