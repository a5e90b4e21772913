import numpy as np
import pytest
from helpers import classifier, rows

from minidl import (
    L2,
    Adam,
    Callback,
    Checkpoint,
    Dropout,
    GradientDescent,
    Linear,
    MeanSquaredError,
    MiniBatches,
    Momentum,
    Optimizer,
    ParameterVector,
    Schedule,
    Sequential,
    StopOnNonFinite,
)
from minidl.batching.batch import Batch
from minidl.utils.scratch import Scratch

X, Y = rows(10)


def test_training_by_hand():
    model = Sequential([Linear(1, 1, bias=False)], loss=MeanSquaredError(), dtype=np.float64)
    model.parameters.theta = [0.0]
    history = model.fit(
        [[1], [2]],
        [[2], [4]],
        optimizer=GradientDescent(0.1),
        epochs=2,
        batch_size=1,
        shuffle=False,
        progress=False,
    )
    # w = 0: loss 4, w += 0.1 * 2 * 2 = 0.4;
    # w = 0.4: loss (0.8 - 4)^2 = 10.24, w += 0.1 * 2 * 3.2 * 2 = 1.28, so w = 1.68
    assert history.loss[0] == pytest.approx((4 + 10.24) / 2)
    assert history.loss[1] == pytest.approx((0.32**2 + (2 * (1.68 + 0.2 * 0.32) - 4) ** 2) / 2)


def test_the_loss_of_an_epoch_is_the_mean_over_examples_before_each_update():
    model, seen = classifier(penalties=[L2(1.0)]), []

    class Watch(Callback):
        def on_gradient(self, run):
            seen.append(
                (run.loss, len(run.data.x), run.model.objective(run.data.x, run.data.y)["total"])
            )

    history = model.fit(
        X,
        Y,
        optimizer=GradientDescent(0.5),
        epochs=1,
        batch_size=4,
        callbacks=[Watch()],
        progress=False,
    )
    losses, sizes, expected = map(np.array, zip(*seen, strict=True))
    assert sizes.tolist() == [4, 4, 2]
    np.testing.assert_allclose(losses, expected, rtol=1e-13)
    assert history.loss[0] == pytest.approx((losses * sizes).sum() / 10, rel=1e-14)


@pytest.mark.parametrize(
    "optimizer", [GradientDescent(0.1), Momentum(0.1), Adam(0.01)], ids=lambda o: type(o).__name__
)
def test_the_whole_set_at_once_is_the_loop_written_out(optimizer):
    model, twin, again = classifier(), classifier(), type(optimizer)(optimizer.learning_rate)
    model.fit(X, Y, optimizer=optimizer, epochs=7, batch_size=None, progress=False)
    for _ in range(7):
        twin.objective_function.value_and_gradient(Batch(X, Y))
        again.step(twin.parameters.theta, twin.parameters.grad)
    np.testing.assert_array_equal(model.parameters.theta, twin.parameters.theta)


@pytest.mark.parametrize("optimizer", [GradientDescent, Momentum, Adam])
def test_a_second_fit_continues(optimizer):
    once, twice = classifier(), classifier()
    first, second = optimizer(0.05), optimizer(0.05)
    once.fit(X, Y, optimizer=first, epochs=6, batch_size=None, progress=False)
    for _ in range(2):
        twice.fit(X, Y, optimizer=second, epochs=3, batch_size=None, progress=False)
    np.testing.assert_array_equal(once.parameters.theta, twice.parameters.theta)


def test_accuracy_is_that_of_the_predictions_before_the_update():
    model = classifier()
    before = model.evaluate(X, Y)["accuracy"]
    history = model.fit(
        X, Y, optimizer=GradientDescent(0.1), epochs=1, batch_size=None, progress=False
    )
    assert history["accuracy"] == [before]


def test_validation_is_evaluated_after_each_epoch():
    model, V, W = classifier(penalties=[L2(5)]), *rows(20, seed=4)
    history = model.fit(
        X, Y, optimizer=GradientDescent(0.1), epochs=3, validation=(V, W), progress=False
    )
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    measured = model.evaluate(V, W)
    assert (history["val_loss"][-1], history["val_accuracy"][-1]) == (
        measured["loss"],
        measured["accuracy"],
    )


def test_validation_does_not_change_training():
    plain, watched = classifier(), classifier()
    for model, validation in ((plain, None), (watched, rows(33, seed=4))):
        model.fit(
            X, Y, optimizer=Adam(), epochs=4, batch_size=4, validation=validation, progress=False
        )
    np.testing.assert_array_equal(plain.parameters.theta, watched.parameters.theta)


def test_a_regression_without_validation_has_only_the_loss():
    history = Sequential([Linear(3, 1)], loss=MeanSquaredError()).fit(
        X, Y, optimizer=Adam(), epochs=2, progress=False
    )
    assert list(history) == ["loss"]
    assert history.epochs == 2
    assert history.stopped is None
    assert history.seconds > 0


def test_dropout_is_on_while_training():
    layer = Dropout(0.5)
    model = Sequential([Linear(3, 40), layer, Linear(40, 1)], loss=MeanSquaredError())
    masks = []

    class Watch(Callback):
        def on_gradient(self, run):
            masks.append(layer._mask)

    model.fit(X, Y, optimizer=Adam(), epochs=1, callbacks=[Watch()], progress=False)
    assert masks[0] is not None


def test_the_last_batch_may_be_a_single_row():
    model = classifier()
    history = model.fit(
        *rows(65), optimizer=GradientDescent(0.1), epochs=30, batch_size=64, progress=False
    )
    assert history.loss[-1] < history.loss[0]


def test_hooks_are_called_in_order():
    calls = []

    class Watch(Callback):
        def on_train_begin(self, run):
            calls.append(("start", run.epochs, run.batches_per_epoch))

        def on_gradient(self, run):
            calls.append(("step", run.epoch, run.batch))

        def on_epoch_end(self, run):
            calls.append(("epoch", run.epoch, run.history.epochs))

        def on_train_end(self, run):
            calls.append(("end", run.stopped))

    classifier().fit(
        X, Y, optimizer=Adam(), epochs=2, batch_size=5, callbacks=Watch(), progress=False
    )
    steps = [[("step", e, 1), ("step", e, 2), ("epoch", e, e)] for e in (1, 2)]
    assert calls == [("start", 2, 2), *steps[0], *steps[1], ("end", None)]


def test_on_gradient_is_called_between_the_gradient_and_the_step():
    seen = []

    class Watch(Callback):
        def on_gradient(self, run):
            seen.append((run.model.parameters.theta.copy(), run.model.parameters.grad.copy()))

    model = classifier()
    start = model.parameters.theta.copy()
    model.fit(
        X,
        Y,
        optimizer=GradientDescent(0.1),
        epochs=1,
        batch_size=None,
        callbacks=[Watch()],
        progress=False,
    )
    np.testing.assert_array_equal(seen[0][0], start)
    np.testing.assert_allclose(model.parameters.theta, start - 0.1 * seen[0][1], rtol=1e-14)


def test_a_callback_may_stop_training():
    class Stop(Callback):
        def on_epoch_end(self, run):
            if run.epoch == 3:
                run.stop("enough")

    history = classifier().fit(
        X, Y, optimizer=Adam(), epochs=50, callbacks=[Stop()], progress=False
    )
    assert (history.epochs, history.stopped) == (3, "enough")


def test_a_callback_may_end_training_after_a_batch():
    seen = []

    class Stop(Callback):
        def on_batch_end(self, run):
            seen.append((run.epoch, run.batch))
            run.stop_immediately = len(seen) == 5

    history = classifier().fit(
        X,
        Y,
        optimizer=GradientDescent(0.1),
        epochs=4,
        batch_size=4,
        callbacks=[Stop()],
        progress=False,
    )
    assert seen == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]
    assert len(history.loss) == 1  # of the epoch that is complete


@pytest.mark.parametrize("hook", ["on_train_begin", "on_gradient", "on_epoch_end"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_still_ends_what_was_started(hook, error):
    class Fails(Callback):
        pass

    def fail(self, run):
        raise error

    setattr(Fails, hook, fail)
    ended = []

    class Before(Callback):
        def on_train_end(self, run):
            ended.append("before")

    class After(Callback):
        def on_train_end(self, run):
            ended.append("after")

    with pytest.raises(error):
        classifier().fit(
            X, Y, optimizer=Adam(), epochs=2, callbacks=[Before(), Fails(), After()], progress=False
        )
    assert ended == (["before"] if hook == "on_train_begin" else ["after", "before"])


def test_stop_on_nonfinite_is_added_once():
    seen = []

    class Count(StopOnNonFinite):
        def on_train_begin(self, run):
            seen.append(self)
            super().on_train_begin(run)

    classifier().fit(X, Y, optimizer=Adam(), epochs=1, callbacks=[Count()], progress=False)
    assert len(seen) == 1


def test_minibatches_yield_the_batches_of_fit():
    batches = MiniBatches(X, Y, batch_size=4, seed=classifier().shuffle_rng)
    order = [x.copy() for x, _, _ in batches]
    seen = []

    class Watch(Callback):
        def on_gradient(self, run):
            seen.append(run.data.x.copy())

    classifier().fit(
        X, Y, optimizer=Adam(), epochs=1, batch_size=4, callbacks=[Watch()], progress=False
    )
    assert all(np.array_equal(a, b) for a, b in zip(order, seen, strict=True))


class Observing(Schedule):
    """Halves the learning rate after each epoch, and keeps the losses that it observes."""

    def __init__(self):
        self.reset()

    def __call__(self, step):
        return 0.1 / 2**self.n_epochs

    def __repr__(self):
        return "Observing()"

    def observe(self, history):
        self.n_epochs += 1
        self.observed.append({name: list(history[name]) for name in history})

    def state(self):
        return {"n_epochs": self.n_epochs}

    def restore(self, state):
        self.n_epochs = state["n_epochs"]

    def reset(self):
        self.n_epochs = 0
        self.observed = []


def test_a_schedule_observes_the_history_after_each_epoch():
    schedule = Observing()
    history = classifier().fit(
        X, Y, optimizer=GradientDescent(schedule), epochs=3, validation=(X, Y), progress=False
    )
    assert history["learning_rate"] == [0.1, 0.05, 0.025]
    assert schedule.observed == [
        {name: values[:epoch] for name, values in history.columns.items()} for epoch in (1, 2, 3)
    ]


def test_a_schedule_has_observed_an_epoch_when_callbacks_see_its_end():
    counts = []

    class Watch(Callback):
        def on_epoch_end(self, run):
            counts.append(run.optimizer.schedule.n_epochs)

    classifier().fit(
        X, Y, optimizer=Adam(Observing()), epochs=2, callbacks=[Watch()], progress=False
    )
    assert counts == [1, 2]


def test_a_resumed_training_continues_with_what_the_schedule_observed(tmp_path):
    def fit(epochs, **arguments):
        model, schedule = classifier(), Observing()
        optimizer = GradientDescent(schedule)
        model.fit(X, Y, optimizer=optimizer, epochs=epochs, progress=False, **arguments)
        return model.parameters.theta, schedule.state()

    theta, state = fit(4)
    fit(2, callbacks=[Checkpoint(tmp_path / "run.h5")])
    resumed_theta, resumed_state = fit(4, resume=tmp_path / "run.h5")
    assert resumed_state == state
    np.testing.assert_array_equal(resumed_theta, theta)


@pytest.mark.parametrize(
    ("owner", "name"),
    [(Scratch, "release"), (ParameterVector, "make_read_only"), (Optimizer, "release_memory")],
)
def test_a_model_can_be_trained_again_where_ctrl_c_interrupts_the_end(monkeypatch, owner, name):
    model, function, ended = classifier(), getattr(owner, name), []

    def interrupted_once(self, *args):
        if args in ((), (False,)) and not ended:  # what is done at the end
            ended.append(1)
            raise KeyboardInterrupt
        return function(self, *args)

    def train():
        model.fit(X, Y, optimizer=GradientDescent(0.1), epochs=1, progress=False)

    monkeypatch.setattr(owner, name, interrupted_once)
    with pytest.raises(KeyboardInterrupt):
        train()
    assert ended
    assert not model.objective_function.access.is_training
    model.parameters.theta[0] = 0
    train()


def test_the_hooks_of_an_epoch_of_two_batches():
    calls = []

    def hook(name):
        return lambda self, run: calls.append((name, run.epoch, run.batch))

    names = ["train_begin", "gradient", "batch_end", "epoch_end", "train_end"]
    watch = type("Watch", (Callback,), {f"on_{name}": hook(f"on_{name}") for name in names})()
    model = classifier()
    model.fit(X, Y, optimizer=Adam(), epochs=1, batch_size=5, callbacks=watch, progress=False)
    assert calls == [
        ("on_train_begin", 0, 0),
        ("on_gradient", 1, 1),
        ("on_batch_end", 1, 1),
        ("on_gradient", 1, 2),
        ("on_batch_end", 1, 2),
        ("on_epoch_end", 1, 2),
        ("on_train_end", 1, 2),
    ]
