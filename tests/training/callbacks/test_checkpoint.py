import json
import os
import signal
import threading
import time
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from resuming import (
    VALIDATION,
    CustomOptimizer,
    Signal,
    X,
    Y,
    assert_equal_trainings,
    fit,
    network,
)

from minidl import (
    Adam,
    ArgumentError,
    Callback,
    Checkpoint,
    CSVLog,
    DataError,
    EarlyStopping,
    GradientDescent,
    NonFiniteError,
    Sequential,
)
from minidl.serialization.container import read_verified
from minidl.training import resume


def test_sigterm_stops_as_well_and_the_handlers_are_restored(tmp_path):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    history = fit(network(), Signal(2, 2, signal.SIGTERM), Checkpoint(tmp_path / "run.h5"))
    assert history.stopped.startswith("SIGTERM in epoch 2, after batch 2 of 5")
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_a_second_ctrl_c_interrupts_at_once(tmp_path):
    class Twice(Callback):
        def on_gradient(self, run):
            for _ in range(2):
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fit(network(), Twice(), Checkpoint(tmp_path / "run.h5"))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_at_the_end_of_an_epoch_ends_there(tmp_path):
    class AtEpoch(Callback):
        def on_epoch_end(self, run):
            if run.epoch == 2:
                os.kill(os.getpid(), signal.SIGINT)

    path, model, fresh = tmp_path / "run.h5", network(), network(seed=3)
    whole = fit(model)
    assert fit(network(), AtEpoch(), Checkpoint(path, every_epochs=None)).epochs == 2
    assert_equal_trainings(fresh, model, fit(fresh, resume=path), whole)


def test_in_another_thread_it_trains_without_signals(tmp_path):
    histories = []
    thread = threading.Thread(
        target=lambda: histories.append(fit(network(), Checkpoint(tmp_path / "run.h5")))
    )
    thread.start()
    thread.join()
    assert histories[0].loss == fit(network()).loss


def test_it_saves_every_n_epochs_and_at_the_end(tmp_path):
    class Watch(Callback):
        epochs = ()

        def on_save(self, run):
            if run.epoch_ended and path.exists():
                with h5py.File(path) as file:
                    state = json.loads(file["description"][()].tobytes())["training"]["state"]
                self.epochs = (*self.epochs, state["minibatches"]["epoch"])

    path, watch = tmp_path / "deep" / "run.h5", Watch()
    fit(network(), Checkpoint(path, every_epochs=3), watch, epochs=8)
    assert watch.epochs == (3, 3, 3, 6, 6, 8)
    path.unlink()
    fit(network(), Checkpoint(path, every_epochs=None), watch := Watch(), epochs=3)
    assert watch.epochs == (3,)
    path.unlink()
    fit(network(), Checkpoint(path), watch := Watch(), epochs=4)
    assert watch.epochs == (1, 2, 3, 4)


def test_it_saves_within_an_epoch_after_some_seconds(tmp_path):
    class Watch(Callback):
        def on_save(self, run):
            assert path.exists()

    path = tmp_path / "run.h5"
    fit(network(), Checkpoint(path, every_epochs=None, every_seconds=1e-9), Watch(), epochs=1)


def test_the_seconds_count_from_the_last_save(tmp_path, monkeypatch):
    class Watch(Callback):
        saves = 0

        def on_batch_end(self, run):
            if path.exists():
                path.unlink()
                self.saves += 1
            clock.now += 2

    path, watch, clock = tmp_path / "run.h5", Watch(), SimpleNamespace(now=0.0)
    monkeypatch.setattr(time, "perf_counter", lambda: clock.now)
    fit(network(), watch, Checkpoint(path, every_epochs=None, every_seconds=5), epochs=4)
    assert watch.saves == 20 // 3  # of 20 steps, which take 2 seconds each
    assert path.exists()


def test_the_best_state_is_saved_beside_the_last(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.h5", keep="both")
    model = network()
    history = fit(model, checkpoint, epochs=12, optimizer=Adam(0.5))
    assert checkpoint.best_path == tmp_path / "run.best.h5"
    best, last = Sequential.load(checkpoint.best_path), Sequential.load(checkpoint.path)
    np.testing.assert_allclose(
        best.evaluate(*VALIDATION)["loss"], min(history["val_loss"]), rtol=1e-6
    )
    np.testing.assert_array_equal(last.parameters.theta, model.parameters.theta)
    assert history.best_epoch() < 12


def test_only_the_best_state_may_be_saved(tmp_path):
    checkpoint = Checkpoint(tmp_path / "run.h5", keep="best", monitor="accuracy")
    history = fit(network(), checkpoint, Signal(5, 1), epochs=12)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.h5"]
    assert history.stopped.endswith("run.h5 holds its best epoch")


def test_the_best_value_is_remembered_when_a_training_is_resumed(tmp_path):
    for name, stops in (("whole", ()), ("parts", (2, 4, 5))):
        path, resume = tmp_path / f"{name}.h5", None
        for epochs in (*stops, 9):
            fit(
                network(),
                Checkpoint(path, keep="both"),
                epochs=epochs,
                optimizer=Adam(0.5),
                resume=resume,
            )
            resume = path
    whole, parts = (Sequential.load(tmp_path / f"{name}.best.h5") for name in ("whole", "parts"))
    np.testing.assert_array_equal(whole.parameters.theta, parts.parameters.theta)


def test_a_checkpoint_is_a_model_file(tmp_path):
    model = network()
    fit(model, Checkpoint(tmp_path / "run.h5"))
    np.testing.assert_array_equal(Sequential.load(tmp_path / "run.h5").predict(X), model.predict(X))


def test_an_optimizer_that_cannot_be_saved_is_an_error_at_the_start(tmp_path):
    class WithDict(CustomOptimizer):
        state_names = (*CustomOptimizer.state_names, "pairs")

        def init_state(self, theta):
            super().init_state(theta)
            self.pairs = {1: 2}

    with pytest.raises(
        ArgumentError,
        match=r"WithDict\.pairs is listed in state_names, so must be an array, .* got \{1: 2\}",
    ):
        fit(network(), Checkpoint(tmp_path / "run.h5"), optimizer=WithDict(0.1))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"every_epochs": 0},
            "every_epochs must be an integer >= 1 or None, got 0 in Checkpoint",
        ),
        ({"every_epochs": True}, "every_epochs"),
        ({"every_epochs": 1.5}, "every_epochs"),
        ({"every_seconds": 0}, "every_seconds must be > 0 or None, got 0 in Checkpoint"),
        ({"every_seconds": "1"}, "every_seconds"),
        ({"keep": "all"}, "keep must be 'last', 'best' or 'both', got 'all' in Checkpoint"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Checkpoint("run.h5", **arguments)


@pytest.mark.parametrize(
    ("path", "keep", "error", "message"),
    [
        ("", "both", ArgumentError, r"path must be that of a file, got '\.' in Checkpoint"),
        ("/", "last", ArgumentError, "path must be that of a file, got '/' in Checkpoint"),
        ("a\0b.h5", "both", DataError, r"a\\x00b.h5: cannot be written, embedded null byte"),
        ("x" * 255, "both", DataError, r"x\.best: cannot be written"),
    ],
    ids=["empty", "root", "null", "long"],
)
def test_a_path_that_cannot_be_is_refused_before_the_first_step(path, keep, error, message):
    model = network()
    before = model.parameters.theta.copy()
    with pytest.raises(error, match=message):
        fit(model, Checkpoint(path, keep=keep))
    np.testing.assert_array_equal(model.parameters.theta, before)


def test_monitoring_a_missing_metric_is_an_error(tmp_path):
    with pytest.raises(
        ArgumentError,
        match=r"Checkpoint monitors 'val_loss', but .*: pass fit\(validation=\(X, Y\)\)",
    ):
        fit(network(), Checkpoint(tmp_path / "run.h5", keep="best"), validation=None)
    with pytest.raises(
        ArgumentError, match=r"Checkpoint monitors 'f1', but the history will have only .*$"
    ):
        fit(network(), Checkpoint(tmp_path / "run.h5", keep="best", monitor="f1"))


def stopped_early(checkpoint, *, checkpoint_first=False, seed=0, epochs=40, **arguments):
    model = network(seed=seed)
    callbacks = [EarlyStopping(patience=3), checkpoint]
    if checkpoint_first:
        callbacks.reverse()
    history = fit(model, *callbacks, optimizer=Adam(0.3), epochs=epochs, **arguments)
    return model, history


def loaded_theta(path):
    return Sequential.load(path).parameters.theta


@pytest.mark.parametrize("checkpoint_first", [True, False])
@pytest.mark.parametrize("keep", ["last", "both"])
def test_the_file_of_a_finished_training_is_the_model_that_fit_left(
    tmp_path, keep, checkpoint_first
):
    path = tmp_path / "run.h5"
    model, history = stopped_early(Checkpoint(path, keep=keep), checkpoint_first=checkpoint_first)
    assert "were restored" in history.stopped
    np.testing.assert_array_equal(loaded_theta(path), model.parameters.theta)
    if keep == "both":
        np.testing.assert_array_equal(
            loaded_theta(tmp_path / "run.best.h5"), model.parameters.theta
        )


def test_the_file_of_the_best_epoch_is_the_model_that_fit_left(tmp_path):
    path = tmp_path / "run.h5"
    model, _ = stopped_early(Checkpoint(path, keep="best"))
    np.testing.assert_array_equal(loaded_theta(path), model.parameters.theta)


@pytest.mark.parametrize("epochs", [3, 4, 5, 6])
def test_a_finished_training_resumes_from_the_parameters_that_it_had(tmp_path, epochs):
    path = tmp_path / "run.h5"
    whole, whole_history = stopped_early(Checkpoint(tmp_path / "whole.h5"))
    assert whole_history.epochs > 4
    part, _ = stopped_early(Checkpoint(path), epochs=min(epochs, whole_history.epochs - 1))
    np.testing.assert_array_equal(loaded_theta(path), part.parameters.theta)
    rest, history = stopped_early(Checkpoint(path), seed=3, resume=path)
    assert history.columns == whole_history.columns
    np.testing.assert_array_equal(rest.parameters.theta, whole.parameters.theta)
    np.testing.assert_array_equal(loaded_theta(path), whole.parameters.theta)


def test_an_interrupted_training_leaves_its_model_in_the_file_and_resumes(tmp_path):
    path = tmp_path / "run.h5"
    whole, whole_history = stopped_early(Checkpoint(tmp_path / "whole.h5"))
    model = network()
    callbacks = [EarlyStopping(patience=3), Checkpoint(path), Signal(4, 2)]
    fit(model, *callbacks, optimizer=Adam(0.3), epochs=40)
    np.testing.assert_array_equal(loaded_theta(path), model.parameters.theta)
    rest, history = stopped_early(Checkpoint(path), seed=3, resume=path)
    assert history.columns == whole_history.columns
    np.testing.assert_array_equal(rest.parameters.theta, whole.parameters.theta)


def test_a_file_holds_other_parameters_to_resume_from_only_if_there_are_any(tmp_path):
    path, plain = tmp_path / "run.h5", tmp_path / "plain.h5"
    stopped_early(Checkpoint(path))
    fit(network(), Checkpoint(plain), epochs=1)
    resumed = read_verified(path).content["training"]["state"]["resumed"]
    assert resumed.keys() == {"theta", "buffers"}
    assert read_verified(plain).content["training"]["state"]["resumed"] is None


class Dies(Checkpoint):
    """Saves, and is killed right after an epoch's save, before those that save after it."""

    dies_after = None

    def on_save(self, run):
        super().on_save(run)
        if run.epoch == self.dies_after and run.epoch_ended:
            raise SystemExit


@pytest.mark.parametrize("lost", ["a.h5", "b.h5"])
def test_a_finished_training_writes_the_file_that_a_kill_kept_from_it(tmp_path, lost):
    """The process ends when one file has the end of the training, and another one has not."""

    def train(**arguments):
        checkpoints = [Checkpoint(tmp_path / name) for name in ("a.h5", "b.h5")]
        stopping = EarlyStopping("loss", patience=1, min_delta=10.0)  # restores the first epoch
        model = network()
        fit(model, *checkpoints, stopping, **arguments)
        return model.parameters.theta.copy()

    whole = train()
    (tmp_path / lost).unlink()
    left = tmp_path / ("b.h5" if lost == "a.h5" else "a.h5")
    np.testing.assert_array_equal(train(resume=left), whole)
    for path in (left, tmp_path / lost):
        np.testing.assert_array_equal(Sequential.load(path).parameters.theta, whole)


def test_the_best_epoch_of_another_checkpoint_is_not_lost_between_two_saves(tmp_path, monkeypatch):
    def train(folder, **arguments):
        saved, best = Dies(folder / "a.h5"), Checkpoint(folder / "best.h5", keep="best")
        history = fit(network(), saved, best, optimizer=GradientDescent(30.0), **arguments)
        return history, Sequential.load(best.best_path).parameters.theta.tolist()

    whole, expected = train(tmp_path / "whole")
    best_epoch = whole.best_epoch("val_loss")
    assert best_epoch < whole.epochs  # no later one replaces the file
    monkeypatch.setattr(Dies, "dies_after", best_epoch)
    with pytest.raises(SystemExit):
        train(tmp_path / "killed")
    monkeypatch.undo()
    _, found = train(tmp_path / "killed", resume=tmp_path / "killed" / "a.h5")
    assert found == expected


@pytest.mark.parametrize("keep", ["best", "both"])
@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
def test_the_best_training_metric_is_that_of_the_saved_model(tmp_path, keep, monitor):
    checkpoint = Checkpoint(tmp_path / "run.h5", keep=keep, monitor=monitor)
    model = network(dropout=False, dtype=np.float64)
    arguments = {"batch_size": None, "shuffle": False, "epochs": 8}
    history = fit(model, checkpoint, optimizer=GradientDescent(30.0), **arguments)
    assert history.best_epoch(monitor) < history.epochs
    best = Sequential.load(checkpoint.best_path)
    measured = {
        "loss": best.objective(X, Y)["total"],
        "accuracy": best.evaluate(X, Y)["accuracy"],
    }
    np.testing.assert_allclose(measured[monitor], checkpoint.best, rtol=1e-12)
    # Resumed, it goes on from the parameters after the step.
    again = Checkpoint(tmp_path / "again.h5", keep=keep, monitor=monitor)
    rest = network(seed=5, dropout=False, dtype=np.float64)
    resumed = fit(
        rest, again, optimizer=GradientDescent(30.0), resume=checkpoint.best_path, **arguments
    )
    assert resumed.columns == history.columns
    np.testing.assert_array_equal(rest.parameters.theta, model.parameters.theta)


def test_each_callback_ends_although_another_fails(tmp_path):
    class Fails(Callback):
        def on_train_end(self, run):
            raise RuntimeError("at the end")

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(RuntimeError, match="at the end"):
        fit(network(), Fails(), Checkpoint(tmp_path / "run.h5"), epochs=1)
    assert signal.getsignal(signal.SIGINT) is handler


class Steps(Callback):
    count = 0

    def on_gradient(self, run):
        self.count += 1


@pytest.fixture
def data_file(tmp_path):
    path = tmp_path / "data.h5"
    with h5py.File(path, "w") as file:
        file["x"], file["y"] = X.astype(np.float32), Y.astype(np.float32)[:, np.newaxis]
    return path


@pytest.mark.parametrize("write", [Checkpoint, CSVLog, None])
@pytest.mark.parametrize("use", ["in memory", "out of core", "validation"])
def test_the_file_that_is_trained_from_is_not_replaced(data_file, write, use):
    """Neither while training nor after it, as long as it is open."""
    before, steps, model = data_file.read_bytes(), Steps(), network()
    refused = pytest.raises(DataError, match=r"data\.h5: must not be replaced, found the file that")
    callbacks = [steps, write(data_file)] if write else [steps]
    arguments = {"optimizer": Adam(), "epochs": 1, "callbacks": callbacks, "progress": False}
    if use == "out of core":
        arguments |= {"batch_size": 4, "memory_limit": 600}
    with h5py.File(data_file) as file:
        rows = file["x"], file["y"]
        if use == "validation":
            arguments["validation"], rows = rows, (X, Y)
        if write:
            with refused:
                model.fit(*rows, **arguments)
            assert steps.count == 0
        else:
            model.fit(*rows, **arguments)
        with refused:
            model.save(data_file)
    assert data_file.read_bytes() == before
    model.save(data_file)  # nobody reads it any more


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="only Linux has it")
def test_a_file_whose_memory_the_converted_data_share_is_not_replaced(tmp_path):
    """As that of a tensor, which only its library knows."""
    path = tmp_path / "rows.raw"
    X.astype(np.float32).tofile(path)
    rows = np.memmap(path, np.float32, mode="r", shape=X.shape)

    class Tensor:
        shape, dtype = X.shape, np.dtype(np.float32)

        def __array__(self, dtype=None, copy=None):
            return np.frombuffer(globals()["MEMORY"], np.float32).reshape(X.shape)

    globals()["MEMORY"] = memoryview(rows)
    try:
        with pytest.raises(DataError, match="that is being trained from"):
            network().fit(
                Tensor(),
                Y,
                optimizer=Adam(),
                epochs=1,
                callbacks=[Checkpoint(path)],
                progress=False,
            )
    finally:
        del globals()["MEMORY"]


def test_no_callback_replaces_a_memmap_that_is_trained_from(tmp_path):
    class Save(Callback):
        def on_epoch_end(self, run):
            run.model.save(tmp_path / "rows.npy")

    np.save(tmp_path / "rows.npy", X)
    rows = np.load(tmp_path / "rows.npy", mmap_mode="r")
    for callback in (Checkpoint(tmp_path / "rows.npy"), Save()):
        with pytest.raises(DataError, match="that is being trained from"):
            network().fit(
                rows[1:], Y[1:], optimizer=Adam(), epochs=1, callbacks=[callback], progress=False
            )
    np.testing.assert_array_equal(rows, X)
    np.save(tmp_path / "weights.npy", np.ones(len(X)))
    weights = np.load(tmp_path / "weights.npy", mmap_mode="r")
    with pytest.raises(DataError, match="that is being trained from"):
        fit(network(), Checkpoint(tmp_path / "weights.npy"), sample_weight=weights)


@pytest.mark.parametrize("keep", ["last", "both"])
def test_a_read_only_file_is_refused_before_the_first_step(tmp_path, keep):
    steps, checkpoint = Steps(), Checkpoint(tmp_path / "run.h5", keep=keep)
    path = checkpoint.best_path or checkpoint.path
    path.write_bytes(b"mine")
    path.chmod(0o444)
    with pytest.raises(DataError, match=r"found a read-only file \(mode 444\)"):
        fit(network(), steps, checkpoint)
    assert steps.count == 0
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_each_of_several_checkpoints_saves_at_the_first_signal(tmp_path, number):
    """In the middle of an epoch, so that each file resumes the same training."""
    whole, paths = network(), [tmp_path / f"{name}.h5" for name in "abc"]
    whole_history = fit(whole)
    checkpoints = [Checkpoint(path, every_epochs=None) for path in paths]
    history = fit(network(), *checkpoints, Signal(3, 2, number))
    assert history.stopped.startswith(f"{number.name} in epoch 3, after batch 2 of 5; ")
    for path in paths:
        assert f"{path} holds the training: resume it" in history.stopped
        resumed = network(seed=3)
        rest = fit(resumed, resume=path)
        assert rest.columns == whole_history.columns
        assert resumed.parameters.theta.tobytes() == whole.parameters.theta.tobytes()


def test_each_of_several_checkpoints_remembers_its_best_epoch(tmp_path):
    """Although one of them saves before the other one has seen the epoch."""

    def checkpoints(name):
        return [
            Checkpoint(tmp_path / f"{name}.last.h5"),
            Checkpoint(tmp_path / f"{name}.best.h5", keep="best"),
            Checkpoint(tmp_path / f"{name}.worst.h5", keep="both", monitor="accuracy"),
        ]

    fit(network(), *checkpoints("whole"), epochs=9, optimizer=Adam(0.5))
    for epochs in (2, 4, 5, 9):
        resume = tmp_path / "parts.last.h5"
        resume = resume if resume.exists() else None
        parts = checkpoints("parts")
        fit(network(), *parts, epochs=epochs, resume=resume, optimizer=Adam(0.5))
    for name in ("last", "best", "worst", "worst.best"):
        np.testing.assert_array_equal(
            loaded_theta(tmp_path / f"whole.{name}.h5"), loaded_theta(tmp_path / f"parts.{name}.h5")
        )


def test_a_checkpoint_without_memory_may_be_missing_when_resuming(tmp_path):
    """Not one with a best epoch, which would be forgotten."""
    best = Checkpoint(tmp_path / "best.h5", keep="both")
    fit(network(), best, Checkpoint(tmp_path / "last.h5"), epochs=2)
    resumed = Checkpoint(tmp_path / "best.h5", keep="both")
    fit(network(), resumed, epochs=3, resume=tmp_path / "last.h5")
    assert resumed.best <= best.best
    with pytest.raises(
        ArgumentError, match="callbacks of the saved training, Checkpoint, got only"
    ):
        fit(network(), epochs=3, resume=tmp_path / "last.h5")


def test_an_impossible_path_is_a_data_error():
    with pytest.raises(DataError, match="cannot be written, embedded null"):
        fit(network(), Checkpoint("a\0b"))


@pytest.mark.parametrize("names", [("a.h5", "a.h5"), ("a.h5", "link.h5"), ("a.best.h5", "a.h5")])
def test_two_checkpoints_do_not_share_a_file(tmp_path, names):
    (tmp_path / "link.h5").symlink_to("a.h5")
    checkpoints = [Checkpoint(tmp_path / name, keep="both") for name in names]
    checkpoints[0].best_path = None
    with pytest.raises(
        ArgumentError, match=r"each Checkpoint must have files of its own, got .*h5"
    ):
        fit(network(), *checkpoints)


@pytest.mark.parametrize("epoch", [1, 3])
def test_a_stop_tells_only_of_files_that_exist(tmp_path, epoch):
    path = tmp_path / "best.h5"
    path.write_bytes(b"an old one")
    history = fit(network(), Checkpoint(path, keep="best"), Signal(epoch, 2), optimizer=Adam(0.5))
    if epoch == 1:
        assert path.read_bytes() == b"an old one"
        assert history.stopped.endswith(
            f"{path} was not written: no epoch has ended with a better val_loss"
        )
    else:
        assert history.stopped.endswith(f"{path} holds its best epoch")
        assert Sequential.load(path)


class Late(Callback):
    """Remembers all that it has seen; comes after a Checkpoint."""

    run_last = True

    def __init__(self, stop_at=None):
        self.seen = []
        self.stop_at = stop_at

    def on_batch_end(self, run):
        self.seen.append(run.batch)

    def on_epoch_end(self, run):
        self.seen.append(-run.epoch)
        if run.epoch == self.stop_at:
            run.stop("enough")

    def state(self):
        return {"seen": self.seen}

    def restore(self, state):
        self.seen = state["seen"]


@pytest.mark.parametrize("position", [(1, 1), (2, 3), (4, 5)])
def test_a_late_callback_after_a_checkpoint_loses_nothing(tmp_path, position):
    path, whole, part, rest = tmp_path / "run.h5", Late(), Late(), Late()
    fit(network(), Checkpoint(tmp_path / "whole.h5"), whole)
    fit(network(), Checkpoint(path), part, Signal(*position))
    assert part.seen == whole.seen[: len(part.seen)]
    fit(network(), Checkpoint(path), rest, resume=path)
    assert rest.seen == whole.seen


def test_a_late_callback_may_stop_a_training_which_is_saved_then(tmp_path):
    path = tmp_path / "run.h5"
    model = network()
    fit(model, Checkpoint(path, every_epochs=None), Late(stop_at=2))
    np.testing.assert_array_equal(loaded_theta(path), model.parameters.theta)


class StopWithinEpoch(Callback):
    """Asks for a stop in one batch."""

    run_last = True

    def __init__(self, now):
        self.now = now

    def on_batch_end(self, run):
        if (run.epoch, run.batch) == (2, 3):
            run.stop("enough", now=self.now)


@pytest.mark.parametrize("now", [False, True])
def test_a_stop_within_an_epoch_is_saved_and_is_the_same_when_resumed(tmp_path, now):
    """At once, or when the epoch has ended, which Ctrl-C interrupts."""
    path, whole, rest = tmp_path / "run.h5", network(), network(seed=3)
    history = fit(whole, Checkpoint(tmp_path / "whole.h5"), StopWithinEpoch(now))
    assert (history.stopped, history.epochs) == ("enough", 1 if now else 2)
    np.testing.assert_array_equal(loaded_theta(tmp_path / "whole.h5"), whole.parameters.theta)
    fit(network(), Checkpoint(path), StopWithinEpoch(now), Signal(2, 4))
    resumed = fit(rest, Checkpoint(path), StopWithinEpoch(now), resume=path)
    assert rest.parameters.theta.tobytes() == whole.parameters.theta.tobytes()
    assert (resumed.stopped, resumed.columns) == (history.stopped, history.columns)


def test_an_earlier_file_does_not_tell_of_a_stop_at_once(tmp_path, monkeypatch):
    path, fresh = tmp_path / "run.h5", network(seed=3)

    def without(run, *, real=resume.capture_state, **options):
        state = real(run, **options)
        del state["stop_immediately"]
        return state

    with monkeypatch.context() as patch:
        patch.setattr(resume, "capture_state", without)
        fit(network(), Checkpoint(path), Signal(2, 4))
    whole = network()
    assert_equal_trainings(fresh, whole, fit(fresh, resume=path), fit(whole))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_end", "on_train_end"])
def test_handlers_are_restored_although_a_callback_fails(tmp_path, hook, late):
    class Fails(Callback):
        run_last = late

    def fail(self, run):
        raise RuntimeError("in a hook")

    setattr(Fails, hook, fail)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    callbacks = [Fails(), Checkpoint(tmp_path / "a.h5"), Fails(), Checkpoint(tmp_path / "b.h5")]
    with pytest.raises(RuntimeError, match="in a hook"):
        fit(network(), *callbacks, epochs=2)
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_where_ctrl_c_is_ignored_the_training_goes_on(tmp_path):
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        history = fit(network(), Signal(2, 2), Checkpoint(tmp_path / "run.h5"))
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, previous)
    assert (history.epochs, history.stopped) == (6, None)


class Remembers(Callback):
    restored = None

    def __init__(self, value):
        self.value = value

    def state(self):
        return {"value": self.value}

    def restore(self, state):
        self.restored = state["value"]


@pytest.mark.parametrize(
    "value",
    [
        {1: 2.0, "1": 3.0, None: (1, [2.0])},
        {"b": 1, "a": 2},
        np.arange(3, dtype=np.int32),
        np.array([[True, False]]),
        np.array(0.5, np.float16),
        np.float32(0.1),
        np.random.default_rng(0).random(250_000).tolist(),
        list(range(250_000)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_callback_remembers_comes_back_as_it_was(tmp_path, value):
    path, other = tmp_path / "run.h5", Remembers(None)
    fit(network(), Remembers(value), Checkpoint(path), epochs=1)
    fit(network(), other, resume=path, epochs=2)
    assert repr(other.restored) == repr(value)
    assert type(other.restored) is type(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1, 2}, r"got an object of class set at Remembers\.state\(\)\['value'\]"),
        (np.array(["a"]), r"got an array of dtype <U1 at Remembers\.state\(\)\['value'\]"),
        (np.ma.array([1.0, 2.0], mask=[0, 1]), "of class MaskedArray"),
        (["x" * 100] * 50_000, "a description of 4,194,304 bytes"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_would_not_come_back_is_refused_before_the_first_step(tmp_path, value, message):
    steps = Steps()
    with pytest.raises(ArgumentError, match=message):
        fit(network(), steps, Remembers(value), Checkpoint(tmp_path / "run.h5"))
    assert steps.count == 0
    assert not list(tmp_path.iterdir())


def test_a_state_that_outgrows_the_description_is_an_error_when_it_is_saved(tmp_path):
    class Grows(Remembers):
        def on_epoch_end(self, run):
            if run.epoch == 2:
                self.value = ["x" * 100] * 50_000

    path = tmp_path / "run.h5"
    with pytest.raises(ArgumentError, match="a description of 4,194,304 bytes"):
        fit(network(), Grows([]), Checkpoint(path))
    state = read_verified(path).content["training"]["state"]
    assert state["minibatches"]["epoch"] == 1  # the file of the last save


@pytest.mark.parametrize("value", [None, [1], "text"])
def test_a_state_must_be_a_dict(tmp_path, value):
    class Other(Callback):
        def state(self):
            return value

    with pytest.raises(ArgumentError, match=r"Other\.state\(\) must return a dict, got"):
        fit(network(), Other(), Checkpoint(tmp_path / "run.h5"))


def test_a_state_may_exist_from_the_first_step_on(tmp_path):
    class Sum(Callback):
        def on_batch_end(self, run):
            self.sum = run.loss + getattr(self, "sum", 0)

        def state(self):
            return {"sum": self.sum}

        def restore(self, state):
            self.sum = state["sum"]

    class Forgets(Sum):
        def on_batch_end(self, run):
            self.total = 0

    path, whole, rest = tmp_path / "run.h5", Sum(), Sum()
    fit(network(), whole)
    fit(network(), Sum(), Checkpoint(path), epochs=2)
    fit(network(), rest, resume=path)
    assert rest.sum == whole.sum
    with pytest.raises(AttributeError, match="sum"):
        fit(network(), Forgets(), Checkpoint(path))


def test_what_a_callback_empties_at_the_end_was_saved_before(tmp_path):
    """Also if the file is written again, since another callback has restored parameters."""

    class Counts(Remembers):
        def on_batch_end(self, run):
            self.value += 1

        def on_train_end(self, run):
            self.value *= 0

        def restore(self, state):
            self.value = state["value"]
            self.restored = self.value.copy()

    path, rest = tmp_path / "run.h5", Counts(None)
    callbacks = [EarlyStopping(patience=1), Counts(np.zeros(1)), Checkpoint(path)]
    history = fit(network(), *callbacks, optimizer=Adam(0.3), epochs=40)
    fit(network(), EarlyStopping(), rest, optimizer=Adam(0.3), resume=path)
    assert rest.restored == [5 * history.epochs]


def test_a_checkpoint_may_monitor_what_a_late_callback_measures(tmp_path):
    class Measures(Callback):
        run_last = True
        extra_metrics = ("size",)

        def on_epoch_end(self, run):
            run.history.add({"size": float(np.abs(run.model.parameters.theta).sum())})

    checkpoint = Checkpoint(tmp_path / "run.h5", keep="best", monitor="size")
    history = fit(network(), checkpoint, Measures())
    assert checkpoint.best == min(history["size"])


@pytest.mark.parametrize("checkpoint_first", [True, False])
def test_a_callback_that_uses_the_file_is_called_after_the_checkpoint_before_it(
    tmp_path, checkpoint_first
):
    """At the end, too, when the checkpoint has saved the model that EarlyStopping restored."""

    class Copies(Callback):
        def on_save(self, run):
            self.saved = path.read_bytes() if path.exists() else None

        def on_train_end(self, run):
            self.at_the_end = path.read_bytes()

    path, copies = tmp_path / "run.h5", Copies()
    callbacks = [Checkpoint(path), copies]
    if not checkpoint_first:
        callbacks.reverse()
    model = network()
    fit(model, EarlyStopping(patience=3), *callbacks, optimizer=Adam(0.3), epochs=40)
    assert (copies.at_the_end == path.read_bytes()) == checkpoint_first
    assert copies.saved != path.read_bytes()  # when that was called, nothing was restored


def test_a_model_that_is_not_finite_at_the_end_replaces_no_file(tmp_path):
    class Spoils(Callback):
        def on_train_end(self, run):
            run.model.parameters.theta[0] = np.nan

    path = tmp_path / "run.h5"
    with pytest.raises(NonFiniteError, match="finite"):
        fit(network(), Checkpoint(path), Spoils(), epochs=2)
    assert np.isfinite(Sequential.load(path).parameters.theta).all()


def test_who_saves_may_wait_for_a_thread_that_uses_the_model(tmp_path):
    class Predicts(Callback):
        def on_save(self, run):
            thread = threading.Thread(target=run.model.predict, args=(X,), daemon=True)
            thread.start()
            thread.join(60)
            assert not thread.is_alive()

    fit(network(), Predicts(), epochs=1)


def test_a_training_that_fails_leaves_the_file_of_the_last_save(tmp_path):
    class Fails(Callback):
        thetas = ()

        def on_epoch_end(self, run):
            self.thetas = (*self.thetas, run.model.parameters.theta.copy())

        def on_batch_end(self, run):
            if (run.epoch, run.batch) == (3, 2):
                raise RuntimeError

    path, fails = tmp_path / "run.h5", Fails()
    with pytest.raises(RuntimeError):
        fit(network(), Checkpoint(path), fails)
    np.testing.assert_array_equal(loaded_theta(path), fails.thetas[1])


def test_an_argument_of_another_library_is_answered_with_the_cure():
    with pytest.raises(TypeError, match="no argument 'filepath': it has path, every"):
        Checkpoint(filepath="run.h5")
