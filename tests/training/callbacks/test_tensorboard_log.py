import struct
import sys

import numpy as np
import pytest
from callback_training import SCHEDULE, InterruptAt, SquaredEpoch, log_training

from minidl import Adam, Checkpoint, MissingDependencyError, TensorBoardLog


def events(folder):
    """Yield (run, name, epoch, value) as written; the name of a restart is "start"."""
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
    """Return what TensorBoard shows: a restart removes values of its epoch and later ones."""
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


def test_an_epoch_in_which_a_callback_measures_nothing_has_no_point(tmp_path):
    pytest.importorskip("tensorboardX")

    class Sometimes(SquaredEpoch):
        def on_epoch_end(self, run):
            if run.epoch == 2:
                super().on_epoch_end(run)

    log_training(TensorBoardLog(tmp_path), Sometimes(), epochs=3)
    points = [(name[:7], epoch, value) for (_, name, epoch), value in shown(tmp_path).items()]
    assert [point for point in points if point[0] == "squared"] == [("squared", 2, 4)]


def test_training_and_validation_are_two_runs(tmp_path):
    pytest.importorskip("tensorboardX")
    history = log_training(
        TensorBoardLog(tmp_path / "runs" / "first"), optimizer=Adam(SCHEDULE), epochs=3
    )
    assert shown(tmp_path / "runs" / "first") == expected(history)
    assert len(history.columns) == 5
    log_training(TensorBoardLog(tmp_path / "alone"), validation=None, epochs=1)
    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["training"]


def test_a_resumed_training_replaces_what_came_after_the_checkpoint(tmp_path):
    pytest.importorskip("tensorboardX")
    log_training(
        TensorBoardLog(tmp_path / "tb"),
        Checkpoint(tmp_path / "run.h5", every_epochs=None),
        InterruptAt(3, 2),
        epochs=9,
    )
    (tmp_path / "run.h5").rename(tmp_path / "kept.h5")
    log_training(TensorBoardLog(tmp_path / "tb"), resume=tmp_path / "kept.h5", epochs=6)
    history = log_training(TensorBoardLog(tmp_path / "tb"), resume=tmp_path / "kept.h5", epochs=5)
    assert {key: held for key, held in shown(tmp_path / "tb").items() if key[2] <= 5} == expected(
        history
    )
    history = log_training(
        TensorBoardLog(tmp_path / "tb"), epochs=2
    )  # a new training takes the place of the old
    assert shown(tmp_path / "tb") == expected(history)


def test_without_tensorboardx_the_error_has_the_pip_command(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(
        MissingDependencyError,
        match=r'TensorBoardLog needs tensorboardX, .*: pip install "tensorboardX',
    ):
        TensorBoardLog(tmp_path)
