import copy
import json
import os
import signal
import threading
import warnings
from dataclasses import dataclass

import h5py
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minidl import (
    L2,
    Adam,
    AdamW,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    Cosine,
    DataError,
    Dropout,
    EarlyStopping,
    EnvironmentWarning,
    GradientDescent,
    Linear,
    MissingDataError,
    Momentum,
    Nesterov,
    Optimizer,
    ReLU,
    RMSProp,
    Schedule,
    Sequential,
    Sigmoid,
    StepDecay,
    WarmUp,
)
from minidl.serialization.json_codec import decode, encode
from minidl.serialization.model_file import save_model
from minidl.training import resume
from minidl.training.callbacks import checkpoint

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((37, 3)), RNG.integers(0, 2, 37)
VALIDATION = RNG.standard_normal((11, 3)), RNG.integers(0, 2, 11)


def network(dtype=np.float32, dropout=True, seed=0, width=5):
    hidden = [
        Linear(3, width),
        ReLU(),
        *([Dropout(0.7)] if dropout else []),
        Linear(width, 1),
        Sigmoid(),
    ]
    return Sequential(
        hidden, loss=BinaryCrossEntropy(), penalties=[L2(0.1)], seed=seed, dtype=dtype
    )


def fit(model, *callbacks, optimizer=None, epochs=6, **settings):
    kept = {"batch_size": 8, "validation": VALIDATION, "progress": False, **settings}
    return model.fit(
        X, Y, optimizer=optimizer or Adam(0.05), epochs=epochs, callbacks=callbacks, **kept
    )


class Signal(Callback):
    """Sends a signal to this process at one step, before the parameters move."""

    def __init__(self, epoch, batch, number=signal.SIGINT):
        self.place, self.number = (epoch, batch), number

    def on_gradient(self, run):
        if (run.epoch, run.batch) == self.place:
            os.kill(os.getpid(), self.number)


def same(model, other, history, whole):
    assert model.parameters.theta.tobytes() == other.parameters.theta.tobytes()
    assert history.columns == whole.columns
    assert history.stopped == whole.stopped
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    assert model.shuffle_rng.random() == other.shuffle_rng.random()


def scheduled(rate):
    return Adam(WarmUp(7, Cosine(rate, 20, rate / 9)), clip_norm=0.2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dropout", [True, False])
@pytest.mark.parametrize(
    "kind",
    [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW, scheduled],
    ids=lambda kind: kind.__name__,
)
@pytest.mark.parametrize("place", [(1, 1), (2, 5), (4, 3), (6, 4)])
def test_a_resumed_training_is_the_uninterrupted_one_bit_for_bit(
    tmp_path, kind, dropout, dtype, place
):
    path, model, other = tmp_path / "run.h5", network(dtype, dropout), network(dtype, dropout)
    whole = fit(model, EarlyStopping("loss", patience=6), optimizer=kind(0.05))
    broken = fit(
        other,
        EarlyStopping("loss", patience=6),
        Signal(*place),
        Checkpoint(path),
        optimizer=kind(0.05),
    )
    assert broken.stopped.startswith(
        f"SIGINT in epoch {place[0]}, after batch {place[1]} of 5; {path} holds the training"
    )
    assert broken.epochs == place[0] - 1
    fresh, optimizer = network(dtype, dropout, seed=7), kind(0.05)
    rest = fit(fresh, EarlyStopping("loss", patience=6), optimizer=optimizer, resume=path)
    same(fresh, model, rest, whole)


def test_early_stopping_counts_on_where_it_stood(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=2)
    whole = fit(model, EarlyStopping(patience=2))
    assert "epoch 1" in whole.stopped
    assert whole.epochs == 3
    fit(network(), EarlyStopping(patience=2), Signal(3, 2), Checkpoint(path))
    same(fresh, model, fit(fresh, EarlyStopping(patience=2), resume=path), whole)


def test_it_may_be_stopped_again_and_again(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network()
    whole = fit(model)
    fit(fresh, Signal(1, 2), Checkpoint(path))
    for place in [(1, 3), (2, 1), (2, 5), (5, 2)]:
        fresh = network(seed=place[1])
        fit(fresh, Signal(*place), Checkpoint(path), resume=path)
    fresh = network(seed=9)
    same(fresh, model, fit(fresh, resume=path), whole)


def test_whoever_stops_after_an_epoch_goes_on_with_the_next(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=3)
    whole = fit(model)
    fit(network(), Checkpoint(path), epochs=4)
    same(fresh, model, fit(fresh, resume=path), whole)


def test_a_finished_training_is_given_back(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=3)
    whole = fit(model, EarlyStopping("loss", patience=1, min_delta=10), Checkpoint(path), epochs=9)
    assert "has not improved" in whole.stopped
    before = path.read_bytes()
    rest = fit(
        fresh,
        EarlyStopping("loss", patience=1, min_delta=10),
        Checkpoint(path),
        epochs=9,
        resume=path,
    )
    same(fresh, model, rest, whole)
    assert path.read_bytes() == before


def test_sigterm_stops_as_well_and_the_handlers_come_back(tmp_path):
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
    same(fresh, model, fit(fresh, resume=path), whole)


def test_in_another_thread_it_trains_without_signals(tmp_path):
    kept = []
    thread = threading.Thread(
        target=lambda: kept.append(fit(network(), Checkpoint(tmp_path / "run.h5")))
    )
    thread.start()
    thread.join()
    assert kept[0].loss == fit(network()).loss


def test_it_saves_each_so_many_epochs_and_at_the_end(tmp_path):
    class Watch(Callback):
        run_last = True
        epochs = ()

        def on_epoch_end(self, run):
            if path.exists():
                with h5py.File(path) as file:
                    state = json.loads(file["description"][()].tobytes())["training"]["state"]
                self.epochs = (*self.epochs, state["dealing"]["epoch"])

    path, watch = tmp_path / "deep" / "run.h5", Watch()
    fit(network(), Checkpoint(path, every_epochs=3), watch, epochs=8)
    assert watch.epochs == (3, 3, 3, 6, 6, 8)


def test_it_saves_within_an_epoch_after_some_seconds(tmp_path):
    class Watch(Callback):
        run_last = True

        def on_batch_end(self, run):
            assert path.exists()

    path = tmp_path / "run.h5"
    fit(network(), Checkpoint(path, every_epochs=None, every_seconds=1e-9), Watch(), epochs=1)


def test_the_best_is_kept_beside_the_last(tmp_path):
    kept = Checkpoint(tmp_path / "run.h5", keep="both")
    model = network()
    history = fit(model, kept, epochs=12, optimizer=Adam(0.5))
    assert kept.best_path == tmp_path / "run.best.h5"
    best, last = Sequential.load(kept.best_path), Sequential.load(kept.path)
    np.testing.assert_allclose(
        best.evaluate(*VALIDATION)["loss"], min(history["val_loss"]), rtol=1e-6
    )
    np.testing.assert_array_equal(last.parameters.theta, model.parameters.theta)
    assert history.best_epoch() < 12


def test_only_the_best_may_be_kept(tmp_path):
    kept = Checkpoint(tmp_path / "run.h5", keep="best", monitor="accuracy")
    history = fit(network(), kept, Signal(5, 1), epochs=12)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.h5"]
    assert history.stopped.endswith("run.h5 holds its best epoch")


def test_the_best_so_far_is_remembered_over_a_stop(tmp_path):
    for name, stops in (("whole", ()), ("parts", (2, 4, 5))):
        path, going = tmp_path / f"{name}.h5", None
        for epochs in (*stops, 9):
            fit(
                network(),
                Checkpoint(path, keep="both"),
                epochs=epochs,
                optimizer=Adam(0.5),
                resume=going,
            )
            going = path
    whole, parts = (Sequential.load(tmp_path / f"{name}.best.h5") for name in ("whole", "parts"))
    np.testing.assert_array_equal(whole.parameters.theta, parts.parameters.theta)


def test_a_checkpoint_is_a_models_file(tmp_path):
    model = network()
    fit(model, Checkpoint(tmp_path / "run.h5"))
    np.testing.assert_array_equal(Sequential.load(tmp_path / "run.h5").predict(X), model.predict(X))


class OwnOptimizer(Optimizer):
    state_names = ("sum", "steps")

    def init_state(self, theta):
        self.sum, self.steps, self._spare = np.zeros_like(theta), 0, object()

    def update(self, theta, grad):
        self.steps += 1
        self.sum += grad
        theta -= self.learning_rate * np.sign(self.sum) / self.steps


def test_an_optimizer_of_ones_own_is_resumed(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=4)
    whole = fit(model, optimizer=OwnOptimizer(0.1))
    fit(network(), Signal(3, 3), Checkpoint(path), optimizer=OwnOptimizer(0.1))
    same(fresh, model, fit(fresh, optimizer=OwnOptimizer(0.1), resume=path), whole)


class Changes(Callback):
    """Assigns a learning rate at the start of the third epoch."""

    def __init__(self, rate):
        self.rate = rate

    def on_gradient(self, run):
        if (run.epoch, run.batch) == (3, 1):
            run.optimizer.learning_rate = self.rate


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (0.05, StepDecay(0.1, 13, 0.5)),
        (Cosine(0.05, 30), WarmUp(20, 0.1)),
        (Cosine(0.05, 30), 0.01),
    ],
)
@pytest.mark.parametrize("place", [(2, 4), (3, 2), (5, 5)])
def test_a_schedule_that_was_assigned_on_the_way_goes_on(tmp_path, first, then, place):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=4)
    whole = fit(model, Changes(then), optimizer=Momentum(first))
    fit(network(), Changes(then), Signal(*place), Checkpoint(path), optimizer=Momentum(first))
    same(fresh, model, fit(fresh, Changes(then), optimizer=Momentum(first), resume=path), whole)


@dataclass(frozen=True)
class Halves(Schedule):
    rate: float

    def __call__(self, step):
        return self.rate / 2**step


def test_a_schedule_of_ones_own_must_be_given_again(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=4)
    whole = fit(model, optimizer=Adam(Halves(0.1)))
    fit(network(), Signal(3, 3), Checkpoint(path), optimizer=Adam(Halves(0.1)))
    for other in (Halves(0.2), Cosine(0.1, 30), 0.1):
        with pytest.raises(
            ArgumentError,
            match=r"what was stopped, Adam\(learning_rate=Halves\(rate=0\.1\), .*, got Adam",
        ):
            fit(fresh, optimizer=Adam(other), resume=path)
    same(fresh, model, fit(fresh, optimizer=Adam(Halves(0.1)), resume=path), whole)


def test_one_that_only_the_state_names_is_refused_and_nothing_changes(tmp_path):
    path, model = tmp_path / "run.h5", network(seed=4)
    fit(network(), Changes(Halves(0.1)), Signal(4, 3), Checkpoint(path), optimizer=Adam(0.1))
    before = model.parameters.theta.tobytes()
    with pytest.raises(
        ArgumentError,
        match=r"run\.h5: the learning rate followed Halves\(rate=0\.1\), got None: give the optimizer the same",
    ):
        fit(model, Changes(Halves(0.1)), optimizer=Adam(0.1), resume=path)
    assert model.parameters.theta.tobytes() == before


def test_an_optimizer_that_cannot_be_kept_is_told_at_the_first_save(tmp_path):
    class Holds(OwnOptimizer):
        state_names = (*OwnOptimizer.state_names, "pairs")

        def init_state(self, theta):
            super().init_state(theta)
            self.pairs = {1: 2}

    with pytest.raises(
        ArgumentError,
        match=r"Holds\.pairs is listed in state_names, so must be an array, .* got \{1: 2\}",
    ):
        fit(network(), Checkpoint(tmp_path / "run.h5"), optimizer=Holds(0.1))
    assert not list(tmp_path.iterdir())


def test_a_callback_of_ones_own_is_resumed(tmp_path):
    class Sums(Callback):
        def on_train_begin(self, run):
            self.seen, self.last = {"losses": []}, np.nan

        def on_epoch_end(self, run):
            self.seen["losses"].append(run.history.loss[-1])
            self.last = np.array([run.history.loss[-1]])

        def state(self):
            return {"seen": self.seen, "last": self.last, "much": 2**70, "none": -np.inf}

        def restore(self, state):
            assert (state["much"], state["none"]) == (2**70, -np.inf)
            self.seen, self.last = state["seen"], state["last"]

    path, whole, broken, rest = tmp_path / "run.h5", Sums(), Sums(), Sums()
    fit(network(), whole)
    fit(network(), broken, Signal(4, 2), Checkpoint(path))
    fit(network(), Sums(), rest, resume=path)
    assert rest.seen != whole.seen  # the first of its class got the state
    fit(network(), rest, resume=path)
    assert rest.seen == whole.seen
    assert rest.last == whole.last


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"optimizer": Adam(0.1)},
            r"what was stopped, Adam\(learning_rate=0\.05.*, got Adam\(learning_rate=0\.1",
        ),
        ({"optimizer": Momentum(0.05)}, r"what was stopped, Adam.*, got Momentum"),
        ({"batch_size": 9}, "state must be of batches dealt as these"),
        ({"shuffle": False}, "state must be of batches dealt as these"),
        ({"model": network(width=6)}, "the model that was stopped"),
        ({"model": network(np.float64)}, "the model that was stopped"),
        ({"model": network(dropout=False)}, "the model that was stopped"),
        (
            {"validation": None, "callbacks": [EarlyStopping("loss")]},
            "val_accuracy, val_loss would end",
        ),
        (
            {"callbacks": []},
            r"with the callback EarlyStopping, got only StopOnNonFinite: give the same callbacks",
        ),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_changes(tmp_path, change, message):
    path = tmp_path / "run.h5"
    fit(network(), EarlyStopping(), Checkpoint(path), Signal(3, 3))
    model = copy.deepcopy(change.get("model") or network(seed=8))
    before = model.parameters.theta.tobytes()
    settings = {
        "optimizer": Adam(0.05),
        "resume": path,
        **{name: value for name, value in change.items() if name != "model"},
    }
    callbacks = settings.pop("callbacks", [EarlyStopping()])
    with pytest.raises(ArgumentError, match=message):
        fit(model, *callbacks, **settings)
    assert model.parameters.theta.tobytes() == before


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(MissingDataError, match=r"run\.h5"):
        fit(network(), resume=tmp_path / "run.h5")


def test_a_model_without_its_training_is_refused(tmp_path):
    with pytest.raises(DataError, match="must be a checkpoint, found a model without its training"):
        fit(network(), resume=network().save(tmp_path / "model.h5"))


@pytest.mark.parametrize("state", [None, [], {}, {"theta": 3}, {"recipe": 1}])
def test_a_forged_state_is_refused(tmp_path, state):
    path, model = tmp_path / "run.h5", network()
    training = {"state": state, "environment": {}}
    save_model(model, path, {"training": training})
    with pytest.raises(DataError, match="must hold the state of a training, found it otherwise"):
        fit(network(), resume=path)


@pytest.mark.parametrize("steps", [-1, -5, -(10**12)])
def test_an_optimizer_that_no_training_leaves_is_refused(tmp_path, monkeypatch, steps):
    path, model = tmp_path / "run.h5", network(seed=8)
    with monkeypatch.context() as patch:
        state = Adam.state
        patch.setattr(Adam, "state", lambda self: {**state(self), "step_count": steps})
        fit(network(), Checkpoint(path), epochs=2)
    before = model.parameters.theta.tobytes()
    with pytest.raises(DataError, match="must hold the state of a training"):
        fit(model, resume=path)
    assert model.parameters.theta.tobytes() == before


def test_a_callback_that_cannot_take_its_state_back_is_told_and_nothing_changes(tmp_path):
    class Forgets(Callback):
        def state(self):
            return {"seen": 1}

        def restore(self, state):
            raise KeyError("epochs")

    path, model = tmp_path / "run.h5", network(seed=8)
    fit(network(), Forgets(), Checkpoint(path), Signal(3, 3))
    before = model.parameters.theta.tobytes()
    with pytest.raises(
        ArgumentError,
        match=r"with Forgets, got one that cannot take its state back: KeyError\('epochs'\)",
    ):
        fit(model, Forgets(), resume=path)
    assert model.parameters.theta.tobytes() == before


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"stopped": 3}, DataError, "must hold the state of a training"),
        ({"history": {"loss": np.zeros(7)}}, DataError, "must hold the state of a training"),
        (
            {"history": {"loss": np.zeros(2, np.float32)}},
            DataError,
            "must hold the state of a training",
        ),
        (
            {"seconds": "long"},
            ArgumentError,
            "with seconds of the form str, got number: use the same settings",
        ),
        ({"streams": []}, ArgumentError, r"with streams of the form \[\], got "),
    ],
)
def test_a_state_that_no_training_leaves_is_refused_and_nothing_changes(
    tmp_path, monkeypatch, change, error, message
):
    path, model = tmp_path / "run.h5", network(seed=8)
    with monkeypatch.context() as patch:
        captured = resume.capture_state
        patch.setattr(checkpoint, "capture_state", lambda run: {**captured(run), **change})
        fit(network(), Checkpoint(path), epochs=2)
    before = model.parameters.theta.tobytes()
    with pytest.raises(error, match=message):
        fit(model, resume=path)
    assert model.parameters.theta.tobytes() == before


def test_another_environment_is_a_warning(tmp_path, monkeypatch):
    path = tmp_path / "run.h5"
    with monkeypatch.context() as patch:
        patch.setattr(resume, "fingerprint", lambda: {**resume_fingerprint(), "numpy": "1.0"})
        fit(network(), Checkpoint(path), epochs=3)
    with pytest.warns(
        EnvironmentWarning,
        match=rf"run\.h5: .* last digits may differ: numpy was 1\.0 and is {np.__version__}$",
    ):
        fit(network(), resume=path)
    fit(network(), Checkpoint(path), epochs=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(network(), resume=path)


resume_fingerprint = resume.fingerprint


def test_what_the_last_digits_depend_on():
    assert sorted(resume.fingerprint()) == ["blas", "minidl", "numpy", "processor", "threads"]
    assert all(isinstance(value, str) and value for value in resume.fingerprint().values())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"every_epochs": 0},
            "every_epochs must be a whole number >= 1 or None, got 0 in Checkpoint",
        ),
        ({"every_epochs": True}, "every_epochs"),
        ({"every_epochs": 1.5}, "every_epochs"),
        ({"every_seconds": 0}, "every_seconds must be > 0 or None, got 0 in Checkpoint"),
        ({"every_seconds": "1"}, "every_seconds"),
        ({"keep": "all"}, "keep must be 'last', 'best' or 'both', got 'all' in Checkpoint"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(ArgumentError, match=message):
        Checkpoint("run.h5", **settings)


def test_watching_what_there_is_not_is_an_error(tmp_path):
    with pytest.raises(
        ArgumentError,
        match=r"Checkpoint watches 'val_loss', but .*: give fit\(validation=\(X, Y\)\)",
    ):
        fit(network(), Checkpoint(tmp_path / "run.h5", keep="best"), validation=None)
    with pytest.raises(
        ArgumentError, match=r"Checkpoint watches 'f1', but the history will have only .*$"
    ):
        fit(network(), Checkpoint(tmp_path / "run.h5", keep="best", monitor="f1"))


def test_the_bar_of_a_resumed_training_begins_where_it_stopped(tmp_path, capsys):
    path = tmp_path / "run.h5"
    fit(network(), Checkpoint(path), epochs=4)
    fit(network(), epochs=6, resume=path, progress=True)
    shown = capsys.readouterr().err.rstrip().rpartition("\r")[2]
    assert "epoch 6/6" in shown
    assert "30/30" in shown


NUMBERS = (
    st.floats()
    | st.integers(-(2**80), 2**80)
    | st.integers(-(2**62), 2**62).map(np.int64)
    | st.floats(width=32).map(np.float32)
)
PLAIN = st.none() | st.booleans() | st.text(max_size=4) | NUMBERS | st.integers(0, 3).map(np.arange)
KEYS = st.sampled_from(["array", "float", "int", "dict", "other"])
STATES = st.recursive(
    PLAIN,
    lambda held: st.lists(held, max_size=3) | st.dictionaries(KEYS, held, max_size=3),
    max_leaves=8,
)


@example([{"array": "_0"}, {"float": "inf"}, {"int": "0x1"}, {"dict": {"dict": {"int": 2**60}}}])
@given(STATES)
def test_any_state_of_a_callback_is_the_same_after_json(state):
    arrays = {}
    tree = json.loads(json.dumps(encode(state, arrays), allow_nan=False))
    found = decode(tree, arrays)
    np.testing.assert_equal(found, state)  # to which NaN is NaN
    assert repr(found).count("array(") == repr(state).count("array(")
