import csv
import importlib.util
import io
import os
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest
from helpers import classifier, rows

from minidl import (
    Adam,
    Callback,
    Checkpoint,
    Cosine,
    CSVLog,
    DataError,
    GradientDescent,
    MissingExtraError,
    Nesterov,
    StepDecay,
    TensorBoardLog,
    WarmUp,
)

X, Y = rows(20)
SCHEDULE = WarmUp(3, Cosine(0.1, 30, 0.01))


def fit(*callbacks, epochs=5, optimizer=None, model=None, **settings):
    model = model or classifier()
    kept = {"validation": (X[:7], Y[:7]), "batch_size": 8, "progress": False, **settings}
    return model.fit(X, Y, optimizer=optimizer or GradientDescent(0.1), epochs=epochs, callbacks=callbacks, **kept)


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Stop(Callback):
    """Sends SIGINT at one step."""

    def __init__(self, epoch, batch):
        self.place = epoch, batch

    def on_step(self, run):
        if (run.epoch, run.batch) == self.place:
            os.kill(os.getpid(), signal.SIGINT)


class Counts(Callback):
    adds = ("number, by me",)

    def on_epoch(self, run):
        run.history.columns.setdefault("number, by me", []).append(run.epoch**2)


def test_a_row_per_epoch_with_all_digits(tmp_path):
    log = CSVLog(tmp_path / "deep" / "log.csv")
    history = fit(log, Counts(), optimizer=Adam(SCHEDULE))
    assert log.path.read_bytes().count(b"\n") == 6
    found = table(log.path)
    assert list(found[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate", "number, by me"]
    assert [row["epoch"] for row in found] == ["1", "2", "3", "4", "5"]
    for name in list(found[0])[1:]:
        assert [float(row[name]) for row in found] == history[name]


def test_the_learning_rate_is_logged_where_it_follows_a_schedule(tmp_path):
    history = fit(CSVLog(tmp_path / "log.csv"), optimizer=GradientDescent(StepDecay(0.1, every=6, factor=0.5)))
    assert history["learning_rate"] == [0.1, 0.1, 0.05, 0.05, 0.025]  # three steps per epoch: that of the last one
    assert "2.50e-02" in str(history)
    assert "learning_rate" not in fit(CSVLog(tmp_path / "log.csv"))
    assert "learning_rate" not in table(tmp_path / "log.csv")[0]


def test_a_column_of_ones_own_of_that_name_stays(tmp_path):
    class Rates(Callback):
        adds = ("learning_rate",)

        def on_epoch(self, run):
            run.history.columns.setdefault("learning_rate", []).append(-run.epoch)

    history = fit(Rates(), CSVLog(tmp_path / "log.csv"), optimizer=Adam(SCHEDULE), epochs=2)
    assert history["learning_rate"] == [-1, -2]
    assert (tmp_path / "log.csv").read_text().startswith("epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n")


def test_the_file_is_whole_after_each_epoch_and_an_old_one_is_replaced(tmp_path):
    path, seen = tmp_path / "log.csv", []
    path.write_text("old\n")

    class Watch(Callback):
        late = True

        def on_step(self, run):
            if run.epoch == 1:
                assert path.read_text() == "old\n"

        def on_epoch(self, run):
            seen.append(table(path))

    fit(CSVLog(path), Watch(), epochs=3)
    assert [len(rows) for rows in seen] == [1, 2, 3]
    assert seen[0] == seen[2][:1]


def test_a_killed_training_leaves_whole_rows(tmp_path):
    code = f"""
import os
from helpers import classifier, rows
from minidl import Callback, CSVLog, GradientDescent
class Kill(Callback):
    def on_step(self, run):
        if run.epoch == 4:
            os._exit(9)
model = classifier()
model.fit(*rows(20), optimizer=GradientDescent(0.1), epochs=9, callbacks=[CSVLog({str(tmp_path / "log.csv")!r}), Kill()], progress=False)
"""
    here = os.path.dirname(__file__)
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([here, os.path.dirname(here)])}
    assert subprocess.run([sys.executable, "-c", code], env=where, check=False).returncode == 9
    assert [row["epoch"] for row in table(tmp_path / "log.csv")] == ["1", "2", "3"]
    assert (tmp_path / "log.csv").read_bytes().endswith(b"\n")


@pytest.mark.parametrize("place", [(1, 2), (3, 1), (3, 3), (5, 2)])
def test_a_resumed_training_has_the_log_and_the_parameters_of_one_never_stopped(tmp_path, place):
    def made():
        return {"optimizer": Nesterov(SCHEDULE, clip_norm=0.3), "model": classifier()}

    whole, broken = made(), made()
    history = fit(CSVLog(tmp_path / "whole.csv"), **whole)
    fit(CSVLog(tmp_path / "log.csv"), Checkpoint(tmp_path / "run.h5"), Stop(*place), **broken)
    assert len(table(tmp_path / "log.csv")) == place[0] - 1 if place[0] > 1 else not (tmp_path / "log.csv").exists()
    rest = made()
    again = fit(CSVLog(tmp_path / "log.csv"), resume=tmp_path / "run.h5", **rest)
    assert (tmp_path / "log.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert again.columns == history.columns
    assert rest["model"].parameters.theta.tobytes() == whole["model"].parameters.theta.tobytes()
    assert rest["optimizer"].steps_made == whole["optimizer"].steps_made == 15


def test_a_callback_that_came_with_the_resumption_begins_with_empty_cells(tmp_path):
    fit(Checkpoint(tmp_path / "run.h5"), epochs=2)
    fit(CSVLog(tmp_path / "log.csv"), Counts(), resume=tmp_path / "run.h5", epochs=4)
    assert [row["number, by me"] for row in table(tmp_path / "log.csv")] == ["", "", "9", "16"]


@pytest.mark.parametrize("kind", [CSVLog, TensorBoardLog])
def test_a_place_that_cannot_be_written_is_told_before_the_first_step(tmp_path, kind):
    (tmp_path / "file").write_text("")
    model = classifier()
    before = model.parameters.theta.copy()
    with pytest.raises(DataError, match="cannot be written"):
        fit(kind(tmp_path / "file" / "log.csv"), model=model)
    np.testing.assert_array_equal(model.parameters.theta, before)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_told(tmp_path):
    log = CSVLog(tmp_path / "log.csv")

    class Fill(Callback):
        late = True

        def on_epoch(self, run):
            log._file.close()
            log._file = io.FileIO("/dev/full", "a")

    with pytest.raises(DataError, match=r"log\.csv: a row cannot be added, No space left on device: choose a place with enough room"):
        fit(log, Fill())
    assert log._file is None


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
    runs = {name: ("validation" if name.startswith("val_") else "training", name.removeprefix("val_")) for name in history}
    return {(*runs[name], epoch): np.float32(value) for name in history for epoch, value in enumerate(history[name], start=1)}


def test_tensorboard_gets_training_and_validation_as_two_runs(tmp_path):
    pytest.importorskip("tensorboardX")
    history = fit(TensorBoardLog(tmp_path / "runs" / "first"), optimizer=Adam(SCHEDULE), epochs=3)
    assert shown(tmp_path / "runs" / "first") == expected(history)
    assert len(history.columns) == 5
    fit(TensorBoardLog(tmp_path / "alone"), validation=None, epochs=1)
    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["training"]


def test_a_resumed_training_takes_back_what_came_after_the_checkpoint(tmp_path):
    pytest.importorskip("tensorboardX")
    fit(TensorBoardLog(tmp_path / "tb"), Checkpoint(tmp_path / "run.h5", every_epochs=None), Stop(3, 2), epochs=9)
    (tmp_path / "run.h5").rename(tmp_path / "kept.h5")
    fit(TensorBoardLog(tmp_path / "tb"), resume=tmp_path / "kept.h5", epochs=6)
    history = fit(TensorBoardLog(tmp_path / "tb"), resume=tmp_path / "kept.h5", epochs=5)
    assert {key: held for key, held in shown(tmp_path / "tb").items() if key[2] <= 5} == expected(history)
    history = fit(TensorBoardLog(tmp_path / "tb"), epochs=2)  # a new training takes the place of the old
    assert shown(tmp_path / "tb") == expected(history)


def test_without_tensorboardx_the_pip_line_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"TensorBoardLog needs tensorboardX, .*: pip install 'minidl\[tensorboard\]'"):
        TensorBoardLog(tmp_path)
