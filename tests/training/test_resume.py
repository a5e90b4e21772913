import copy
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from resuming import CustomOptimizer, Signal, assert_equal_trainings, fit, network

from minidl import (
    Adam,
    AdamW,
    ArgumentError,
    Callback,
    Checkpoint,
    Cosine,
    DataError,
    EarlyStopping,
    EnvironmentWarning,
    GradientDescent,
    MissingDataError,
    Momentum,
    Nesterov,
    OptimizerWarning,
    ReLU,
    RMSProp,
    Schedule,
    Sequential,
    StepDecay,
    WarmUp,
)
from minidl.data import Limits
from minidl.serialization.container import read_verified
from minidl.serialization.model_file import save_model
from minidl.training import resume
from minidl.training.resume import default_limit
from minidl.utils.environment import fingerprint


def scheduled(rate):
    return Adam(WarmUp(7, Cosine(rate, 20, rate / 9)), clip_norm=0.2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dropout", [True, False])
@pytest.mark.parametrize(
    "kind",
    [GradientDescent, Momentum, Nesterov, RMSProp, Adam, AdamW, scheduled],
    ids=lambda kind: kind.__name__,
)
@pytest.mark.parametrize("position", [(1, 1), (2, 5), (4, 3), (6, 4)])
def test_a_resumed_training_is_the_uninterrupted_one_bit_for_bit(
    tmp_path, kind, dropout, dtype, position
):
    path, model, other = tmp_path / "run.h5", network(dtype, dropout), network(dtype, dropout)
    whole = fit(model, EarlyStopping("loss", patience=6), optimizer=kind(0.05))
    broken = fit(
        other,
        EarlyStopping("loss", patience=6),
        Signal(*position),
        Checkpoint(path),
        optimizer=kind(0.05),
    )
    assert broken.stopped.startswith(
        f"SIGINT in epoch {position[0]}, after batch {position[1]} of 5; {path} holds the training"
    )
    assert broken.epochs == position[0] - 1
    fresh, optimizer = network(dtype, dropout, seed=7), kind(0.05)
    rest = fit(fresh, EarlyStopping("loss", patience=6), optimizer=optimizer, resume=path)
    assert_equal_trainings(fresh, model, rest, whole)


def test_the_count_of_early_stopping_is_resumed(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=2)
    whole = fit(model, EarlyStopping(patience=2))
    assert "epoch 1" in whole.stopped
    assert whole.epochs == 3
    fit(network(), EarlyStopping(patience=2), Signal(3, 2), Checkpoint(path))
    assert_equal_trainings(fresh, model, fit(fresh, EarlyStopping(patience=2), resume=path), whole)


def test_a_training_may_be_stopped_again_and_again(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network()
    whole = fit(model)
    fit(fresh, Signal(1, 2), Checkpoint(path))
    for position in [(1, 3), (2, 1), (2, 5), (5, 2)]:
        fresh = network(seed=position[1])
        fit(fresh, Signal(*position), Checkpoint(path), resume=path)
    fresh = network(seed=9)
    assert_equal_trainings(fresh, model, fit(fresh, resume=path), whole)


def test_a_training_stopped_after_an_epoch_resumes_with_the_next(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=3)
    whole = fit(model)
    fit(network(), Checkpoint(path), epochs=4)
    assert_equal_trainings(fresh, model, fit(fresh, resume=path), whole)


def test_a_finished_training_is_restored(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=3)
    whole = fit(model, EarlyStopping("loss", patience=1, min_delta=10), Checkpoint(path), epochs=9)
    assert "has not improved" in whole.stopped
    rest = fit(
        fresh,
        EarlyStopping("loss", patience=1, min_delta=10),
        Checkpoint(path),
        epochs=9,
        resume=path,
    )
    assert_equal_trainings(fresh, model, rest, whole)
    saved = Sequential.load(path).parameters.theta
    np.testing.assert_array_equal(saved, model.parameters.theta)


def test_a_callback_must_have_its_state_after_the_first_step(tmp_path):
    """Before it, an attribute that the first step makes may be missing."""

    class Made(Callback):
        def on_batch_end(self, run):
            self.made = 1

        def state(self):
            return {"made": self.made}

    class NeverMade(Made):
        def on_batch_end(self, run):
            pass

    fit(network(), Made(), Checkpoint(tmp_path / "run.h5"), epochs=1)
    with pytest.raises(AttributeError, match="made"):
        fit(network(), NeverMade(), Checkpoint(tmp_path / "run.h5"), epochs=1)


class Scalar(Callback):
    def __init__(self):
        self.kept = {"b": np.float32(0.1), "a": 1}

    def state(self):
        return {"kept": self.kept}

    def restore(self, state):
        self.restored = state["kept"]


def test_a_callback_gets_the_types_and_the_order_of_its_state_back(tmp_path):
    path, restored = tmp_path / "run.h5", Scalar()
    fit(network(), Scalar(), Checkpoint(path), epochs=1)
    fit(network(), restored, resume=path, epochs=2)
    assert [*restored.restored.items()] == [*Scalar().kept.items()]
    assert type(restored.restored["b"]) is np.float32


def test_the_seconds_before_a_stop_count(tmp_path, monkeypatch):
    path, captured = tmp_path / "run.h5", resume.capture_state
    with monkeypatch.context() as patch:
        state = lambda run, **options: {**captured(run, **options), "seconds": 1e3}  # noqa: E731
        patch.setattr(resume, "capture_state", state)
        fit(network(), Checkpoint(path), epochs=1)
    assert fit(network(), resume=path, epochs=2).seconds > 1e3


def test_a_custom_optimizer_is_resumed(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=4)
    whole = fit(model, optimizer=CustomOptimizer(0.1))
    fit(network(), Signal(3, 3), Checkpoint(path), optimizer=CustomOptimizer(0.1))
    assert_equal_trainings(
        fresh, model, fit(fresh, optimizer=CustomOptimizer(0.1), resume=path), whole
    )


class ChangeLearningRate(Callback):
    """Assigns a learning rate at the start of the third epoch."""

    def __init__(self, rate):
        self.rate = rate

    def on_gradient(self, run):
        if (run.epoch, run.batch) == (3, 1):
            run.optimizer.learning_rate = self.rate


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (0.05, StepDecay(0.1, 13, 0.5)),
        (Cosine(0.05, 30), WarmUp(20, 0.1)),
        (Cosine(0.05, 30), 0.01),
    ],
)
@pytest.mark.parametrize("position", [(2, 4), (3, 2), (5, 5)])
def test_a_schedule_assigned_during_training_is_resumed(tmp_path, first, second, position):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=4)
    whole = fit(model, ChangeLearningRate(second), optimizer=Momentum(first))
    fit(
        network(),
        ChangeLearningRate(second),
        Signal(*position),
        Checkpoint(path),
        optimizer=Momentum(first),
    )
    assert_equal_trainings(
        fresh,
        model,
        fit(fresh, ChangeLearningRate(second), optimizer=Momentum(first), resume=path),
        whole,
    )


@dataclass(frozen=True)
class Halves(Schedule):
    rate: float

    def __call__(self, step):
        return self.rate / 2**step


def test_a_custom_schedule_must_be_passed_again(tmp_path):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=4)
    whole = fit(model, optimizer=Adam(Halves(0.1)))
    fit(network(), Signal(3, 3), Checkpoint(path), optimizer=Adam(Halves(0.1)))
    for other in (Halves(0.2), Cosine(0.1, 30), 0.1):
        with pytest.raises(
            ArgumentError,
            match=r"the saved training, Adam\(learning_rate=Halves\(rate=0\.1\) .*, got Adam",
        ):
            fit(fresh, optimizer=Adam(other), resume=path)
    assert_equal_trainings(
        fresh, model, fit(fresh, optimizer=Adam(Halves(0.1)), resume=path), whole
    )


def test_a_custom_schedule_that_only_the_checkpoint_has_is_refused_and_nothing_changes(tmp_path):
    path, model = tmp_path / "run.h5", network(seed=4)
    fit(
        network(),
        ChangeLearningRate(Halves(0.1)),
        Signal(4, 3),
        Checkpoint(path),
        optimizer=Adam(0.1),
    )
    before = model.parameters.theta.tobytes()
    with pytest.raises(
        ArgumentError,
        match=r"run\.h5: the learning rate followed Halves\(rate=0\.1\), got None: ",
    ):
        fit(model, ChangeLearningRate(Halves(0.1)), optimizer=Adam(0.1), resume=path)
    assert model.parameters.theta.tobytes() == before


class HalvesOnRise(Schedule):
    """Halves the learning rate after each epoch whose validation loss has risen."""

    def __init__(self, rate):
        self.rate, self.halvings = rate, 0

    def __call__(self, step):
        return self.rate / 2**self.halvings

    def __repr__(self):
        return f"HalvesOnRise({self.rate})"

    def observe(self, history):
        losses = history["val_loss"]
        self.halvings += len(losses) > 1 and losses[-1] > losses[-2]

    def state(self):
        return {"halvings": self.halvings}

    def restore(self, state):
        self.halvings = state["halvings"]

    def reset(self):
        self.halvings = 0


@pytest.mark.parametrize("position", [(2, 4), (5, 1), (7, 5)])
@pytest.mark.parametrize("wrap", [lambda schedule: schedule, lambda schedule: WarmUp(4, schedule)])
def test_a_schedule_that_follows_the_history_is_resumed(tmp_path, wrap, position):
    path, model, fresh = tmp_path / "run.h5", network(), network(seed=4)
    whole = fit(model, optimizer=Adam(wrap(HalvesOnRise(0.6))), epochs=9)
    assert len(set(whole["learning_rate"])) > 2
    saved = Adam(wrap(HalvesOnRise(0.6)))
    fit(network(), Signal(*position), Checkpoint(path), optimizer=saved, epochs=9)
    rest = fit(fresh, optimizer=Adam(wrap(HalvesOnRise(0.6))), epochs=9, resume=path)
    assert_equal_trainings(fresh, model, rest, whole)


def test_a_schedule_that_follows_the_history_starts_again_with_another_model():
    optimizer = Adam(HalvesOnRise(0.6))
    first = fit(network(), optimizer=optimizer, epochs=9)
    with pytest.warns(OptimizerWarning, match="Adam starts anew"):
        second = fit(network(), optimizer=optimizer, epochs=9)
    assert first.columns == second.columns


def test_a_custom_callback_is_resumed(tmp_path):
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
    assert rest.seen != whole.seen  # the state belongs to the first of its class
    fit(network(), rest, resume=path)
    assert rest.seen == whole.seen
    assert rest.last == whole.last


def test_a_callback_is_saved_where_one_of_its_class_has_a_state(tmp_path):
    """Those of one class get their states back in order, so that an empty one counts."""

    class Kept(Callback):
        def __init__(self, **state):
            self.kept = state

        def state(self):
            return self.kept

        def restore(self, state):
            self.kept = state

    class Empty(Kept):
        pass

    path, rest = tmp_path / "run.h5", [Kept(), Kept()]
    fit(network(), Empty(), Kept(), Kept(n=3), Callback(), Checkpoint(path), epochs=1)
    saved = read_verified(path).content["training"]["state"]["callbacks"]
    entry = {"class": "Kept", "origin": "custom"}
    assert saved == [{**entry, "state": {}}, {**entry, "state": {"n": 3}}]
    fit(network(), *rest, resume=path, epochs=1)
    assert [callback.kept for callback in rest] == [{}, {"n": 3}]


def named(part_class, name):
    """Return a class of the user's with the name of another."""
    return type(name, (part_class,), {})


@pytest.mark.parametrize(
    ("saved", "other", "message"),
    [
        (
            {"callbacks": [EarlyStopping(patience=9)]},
            {"callbacks": [named(EarlyStopping, "EarlyStopping")(patience=9)]},
            r"callbacks of the saved training, EarlyStopping, got only .*EarlyStopping \(custom\)",
        ),
        (
            {"optimizer": Momentum(0.1)},
            {"optimizer": named(Momentum, "Momentum")(0.1)},
            r"saved training, Momentum\(.*beta=0.9\), got Momentum\(.*beta=0.9\) \(custom\)",
        ),
        (
            {"optimizer": Momentum(StepDecay(0.1, 9))},
            {"optimizer": Momentum(dataclass(frozen=True)(named(StepDecay, "StepDecay"))(0.1, 9))},
            r"saved training, Momentum\(learning_rate=StepDecay\([^)]*\), b.*\(custom\), beta",
        ),
        (
            {"model": network()},
            {"model": network()},
            "the model of the saved training",
        ),
    ],
    ids=["callback", "optimizer", "schedule", "layer"],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_users_class_does_not_resume_as_minidls_of_the_same_name(
    tmp_path, saved, other, message, turned
):
    path = tmp_path / "run.h5"
    saved, other = copy.deepcopy(saved), copy.deepcopy(other)
    if "model" in other:
        other["model"].layers[1].__class__ = named(ReLU, "ReLU")
    if turned:
        saved, other = other, saved
    callbacks = saved.pop("callbacks", [])
    fit(saved.pop("model", network()), *callbacks, Checkpoint(path), Signal(3, 3), **saved)
    callbacks = other.pop("callbacks", [])
    with pytest.raises(ArgumentError, match="the saved training" if turned else message):
        fit(other.pop("model", network(seed=8)), *callbacks, resume=path, **other)


def test_two_classes_of_callbacks_with_a_state_and_one_name_are_refused(tmp_path):
    callbacks = [named(EarlyStopping, "Mine")(), named(EarlyStopping, "Mine")("loss")]
    with pytest.raises(ArgumentError, match="callbacks with a state must not have two classes of"):
        fit(network(), *callbacks, Checkpoint(tmp_path / "run.h5"))
    fit(
        network(),
        named(EarlyStopping, "EarlyStopping")(),
        EarlyStopping(),
        Checkpoint(tmp_path / "run.h5"),
    )
    stateless = [named(Callback, "Mine")(), named(Callback, "Mine")()]
    fit(network(), *stateless, Checkpoint(tmp_path / "run.h5"), epochs=1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"optimizer": Adam(0.1)},
            r"of the saved training, Adam\(learning_rate=0\.05.*, got Adam\(learning_rate=0\.1",
        ),
        ({"optimizer": Momentum(0.05)}, r"of the saved training, Adam.*, got Momentum"),
        ({"batch_size": 9}, "the batches of the saved training, got batch_size 9 instead of 8: "),
        ({"shuffle": False}, "the batches of the saved training, got shuffle False instead of Tru"),
        ({"model": network(width=6)}, r"the model of the saved training, got layer 0: Linear\(.*6"),
        ({"model": network(np.float64)}, "the saved training, got dtype: float64 instead of float"),
        ({"model": network(dropout=False)}, r"got layer 2: Linear\(.*\) instead of Dropout\(.*0.7"),
        (
            {"validation": None, "callbacks": [EarlyStopping("loss")]},
            "the data of the saved training, got no validation set",
        ),
        (
            {"callbacks": []},
            r"the saved training, EarlyStopping, got only StopOnNonFinite: pass the same",
        ),
    ],
)
def test_other_arguments_are_refused_and_nothing_changes(tmp_path, change, message):
    path = tmp_path / "run.h5"
    fit(network(), EarlyStopping(), Checkpoint(path), Signal(3, 3))
    model = copy.deepcopy(change.get("model") or network(seed=8))
    before = model.parameters.theta.tobytes()
    arguments = {
        "optimizer": Adam(0.05),
        "resume": path,
        **{name: value for name, value in change.items() if name != "model"},
    }
    callbacks = arguments.pop("callbacks", [EarlyStopping()])
    with pytest.raises(ArgumentError, match=message):
        fit(model, *callbacks, **arguments)
    assert model.parameters.theta.tobytes() == before


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(MissingDataError, match=r"run\.h5"):
        fit(network(), resume=tmp_path / "run.h5")


def test_a_model_without_a_training_state_is_refused(tmp_path):
    with pytest.raises(
        DataError, match="must be a checkpoint, found a model without a training state"
    ):
        fit(network(), resume=network().save(tmp_path / "model.h5"))


@pytest.mark.parametrize("state", [None, [], {}, {"theta": 3}, {"optimizer": 1}])
def test_a_forged_state_is_refused(tmp_path, state):
    path, model = tmp_path / "run.h5", network()
    training = {"state": state, "environment": {}}
    save_model(model, path, {"training": training})
    with pytest.raises(
        DataError, match="must hold the state of a training, found an unexpected structure"
    ):
        fit(network(), resume=path)


@pytest.mark.parametrize("steps", [-1, -5, -(10**12)])
def test_an_impossible_optimizer_state_is_refused(tmp_path, monkeypatch, steps):
    path, model = tmp_path / "run.h5", network(seed=8)
    with monkeypatch.context() as patch:
        state = Adam.state
        patch.setattr(Adam, "state", lambda self: {**state(self), "step_count": steps})
        fit(network(), Checkpoint(path), epochs=2)
    before = model.parameters.theta.tobytes()
    with pytest.raises(DataError, match="must hold the state of a training"):
        fit(model, resume=path)
    assert model.parameters.theta.tobytes() == before


@pytest.mark.parametrize(
    ("names", "added", "message"),
    [
        ((), [1.0], r"must be in its extra_metrics, got 'size': add the name"),
        (("size",), [1.0, 2.0], r"one number per epoch, got 2\.0 as number 2 of 'size'"),
        (("size",), ["large"], r"one number per epoch, got 'large' as number 1 of 'size'"),
    ],
)
def test_a_history_that_could_not_be_resumed_is_not_saved(tmp_path, names, added, message):
    class Adds(Callback):
        extra_metrics = names

        def on_epoch_end(self, run):
            for value in added:
                run.history.add({"size": value})

    with pytest.raises(ArgumentError, match=message):
        fit(network(), Adds(), Checkpoint(tmp_path / "run.h5"))
    assert not list(tmp_path.iterdir())


def test_a_callback_that_cannot_restore_its_state_is_an_error_and_nothing_changes(tmp_path):
    class WithoutRestore(Callback):
        def state(self):
            return {"seen": 1}

        def restore(self, state):
            raise KeyError("epochs")

    path, model = tmp_path / "run.h5", network(seed=8)
    fit(network(), EarlyStopping(), WithoutRestore(), Checkpoint(path), Signal(3, 3))
    before = model.parameters.theta.tobytes()
    with pytest.raises(
        ArgumentError,
        match=r"WithoutRestore, got one that cannot restore its state: KeyError\('epochs'\)",
    ):
        fit(model, EarlyStopping(), WithoutRestore(), resume=path)  # the first has its best epoch
    assert model.parameters.theta.tobytes() == before


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"stopped": 3}, DataError, "must hold the state of a training"),
        ({"stop_immediately": 1}, DataError, "must hold the state of a training"),
        ({"more": 3}, DataError, "must hold the state of a training"),
        (
            {"callbacks": [{"class": "EarlyStopping", "state": {}}]},
            DataError,
            "must hold the state of a training",
        ),
        ({"resumed": 3}, DataError, "must hold the state of a training"),
        (
            {"resumed": {"theta": np.ones(26, np.float32), "buffers": {"0.mean": np.ones(1)}}},
            ArgumentError,
            "structure of buffers of the saved training",
        ),
        ({"history": {"loss": np.zeros(7)}}, DataError, "must hold the state of a training"),
        (
            {"history": {"loss": np.zeros(2, np.float32)}},
            DataError,
            "must hold the state of a training",
        ),
        (
            {"seconds": "long"},
            ArgumentError,
            "structure of seconds of the saved training, str, got number: pass the same arguments",
        ),
        (
            {"rng_states": []},
            ArgumentError,
            r"structure of rng_states of the saved training, \[\], got ",
        ),
    ],
)
def test_an_impossible_state_is_refused_and_nothing_changes(
    tmp_path, monkeypatch, change, error, message
):
    path, model = tmp_path / "run.h5", network(seed=8)
    with monkeypatch.context() as patch:
        captured = resume.capture_state
        patch.setattr(
            resume, "capture_state", lambda run, **options: {**captured(run, **options), **change}
        )
        fit(network(), Checkpoint(path), epochs=2)
    before = model.parameters.theta.tobytes()
    with pytest.raises(error, match=message):
        fit(model, resume=path)
    assert model.parameters.theta.tobytes() == before


@pytest.mark.parametrize("name", ["numpy", "blas_kernel", "blas_threads"])
def test_another_environment_is_a_warning(tmp_path, monkeypatch, name):
    path = tmp_path / "run.h5"
    with monkeypatch.context() as patch:
        patch.setattr(resume, "fingerprint", lambda: {**fingerprint(), name: "1.0"})
        fit(network(), Checkpoint(path), epochs=3)
    with pytest.warns(
        EnvironmentWarning,
        match=rf"run\.h5: .* last digits may differ: {name} was 1\.0 and is {fingerprint()[name]}$",
    ) as caught:
        fit(network(), resume=path)
    assert Path(caught[0].filename).name == "resuming.py"  # where `Sequential.fit` was called
    fit(network(), Checkpoint(path), epochs=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(network(), resume=path)


def test_the_progress_bar_of_a_resumed_training_starts_where_it_stopped(tmp_path, capsys):
    path = tmp_path / "run.h5"
    fit(network(), Checkpoint(path), epochs=4)
    fit(network(), epochs=6, resume=path, progress=True)
    shown = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in shown] == ["epoch 5/6", "epoch 6/6"]


@pytest.mark.parametrize(
    "change",
    [
        {"0.weight": np.zeros((3, 5), np.float32)},
        {"0.weight": np.zeros((5, 3), np.float64)},
        {"0.more": np.zeros(1, np.float32)},
    ],
)
def test_arrays_that_are_not_those_of_the_model_are_refused(tmp_path, monkeypatch, change):
    path, model = tmp_path / "run.h5", network(seed=8)
    with monkeypatch.context() as patch:
        arrays_of = resume.model_arrays

        def changed(objective):
            arrays = arrays_of(objective)
            return arrays._replace(parameters={**arrays.parameters, **change})

        patch.setattr(resume, "model_arrays", changed)
        fit(network(), Checkpoint(path), epochs=2)
    with pytest.raises(DataError, match=rf"run\.h5, key '{next(iter(change))}': must be "):
        fit(model, resume=path)


class Keeps(Callback):
    """Keeps an array of 100 kB."""

    def state(self):
        return {"rows": np.zeros(12_500)}

    def restore(self, state):
        self.rows = state["rows"]


def test_a_checkpoint_of_any_size_that_was_written_can_be_read(tmp_path, monkeypatch):
    path, resumed = tmp_path / "run.h5", tmp_path / "resumed.h5"
    # As if files could have 20 kB; the model has 10 kB, its checkpoint five copies of it.
    monkeypatch.setattr(Limits, "max_bytes", 20_000)
    parts = lambda: [EarlyStopping("loss", patience=9)]  # noqa: E731
    whole, model = network(width=500), network(width=500)
    expected = fit(whole, *parts())
    fit(model, *parts(), Signal(3, 3), Checkpoint(path))
    assert path.stat().st_size > 5 * 10_000
    with pytest.raises(
        DataError, match=r"may have at most 20,000 bytes, found [\d,]+: pass a larger resume_limit"
    ):
        fit(network(width=500), *parts(), resume=path, resume_limit=20_000)
    fresh = network(width=500, seed=3)
    rest = fit(fresh, *parts(), Checkpoint(resumed), resume=path)
    assert_equal_trainings(fresh, whole, rest, expected)
    fit(network(width=500), *parts(), resume=path, resume_limit=path.stat().st_size)


def test_the_default_limit_has_room_for_what_a_checkpoint_holds():
    class Limit(Callback):
        def on_train_begin(self, run):
            self.limit, self.n_callbacks = default_limit(run), len(run.callbacks)

    for optimizer, n_arrays in ((GradientDescent(0.1), 0), (Momentum(0.1), 1), (Adam(0.1), 2)):
        model, limit = network(), Limit()
        fit(model, EarlyStopping(), limit, optimizer=optimizer, epochs=1)
        assert limit.n_callbacks == 3  # with the one that `fit` adds
        copies = n_arrays + 3 + 2
        assert limit.limit == 256 * 2**20 + copies * model.parameters.theta.nbytes


def test_a_callback_with_a_large_state_needs_a_larger_limit(tmp_path, monkeypatch):
    path, keeps = tmp_path / "run.h5", Keeps()
    monkeypatch.setattr(Limits, "max_bytes", 50_000)
    fit(network(), Keeps(), Checkpoint(path), epochs=2)
    with pytest.raises(DataError, match="pass a larger resume_limit if you trust the file"):
        fit(network(), Keeps(), resume=path)
    fit(network(), keeps, resume=path, resume_limit=200_000)
    assert keeps.rows.shape == (12_500,)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "1", True])
def test_the_limit_must_be_a_number_of_bytes(limit):
    with pytest.raises(ArgumentError, match="resume_limit must be a number of bytes >= 1, or None"):
        fit(network(), resume_limit=limit)
