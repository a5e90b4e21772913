import math

import numpy as np
import pytest
from callback_training import X, Y, fit
from helpers import Gain, classifier

from minidl import (
    Adam,
    BinaryCrossEntropy,
    Buffer,
    Callback,
    Chain,
    Checkpoint,
    Concat,
    EarlyStopping,
    GradientDescent,
    Layer,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    StopOnNonFinite,
    Tanh,
    Zeros,
)


class Breaks(Layer):
    """The identity, until a step in which it returns a bad value, forward or backward."""

    def __init__(self, step, way, value=np.inf):
        self.step, self.way, self.value, self.count = step, way, value, 0

    def forward(self, x, *, training=False):
        self.count += training
        return x * self.value if self.way == "forward" and self.count >= self.step else x

    def backward(self, dy):
        return dy * self.value if self.way == "backward" and self.count >= self.step else dy


class KeepParameters(Callback):
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
def test_the_layer_is_reported_with_epoch_and_batch(way, where, value):
    layers = [Linear(3, 4), Linear(4, 4), Breaks(5, way, value), Linear(4, 1), Sigmoid()]
    model, keep = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64), KeepParameters()
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
def test_restored_parameters_are_at_most_16_steps_old_and_reported(step, kept, place):
    layers = [Linear(3, 4), Breaks(step, "forward"), Linear(4, 1), Sigmoid()]
    model, keep = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64), KeepParameters()
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


def test_a_gradient_of_a_parameter_alone_is_reported():
    class Spoiled(Linear):
        def backward_parameters(self, dy):
            super().backward_parameters(dy)
            self.weight.grad[1, 0] = np.inf

        def backward(self, dy):
            dx = super().backward(dy)
            self.weight.grad[1, 0] = np.inf
            return dx

    layers = [Linear(3, 4), Spoiled(4, 4), Linear(4, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    message = r"layer 1, Spoiled\(4, 4\), has a gradient of its weight that is not finite"
    with pytest.raises(NonFiniteError, match=message):
        fit(model)


class PlantNaN(Callback):
    def on_epoch_end(self, run):
        if run.epoch == 2:
            run.model.parameters.make_read_only(False)
            run.model.parameters["2.weight"].value[0, 1] = np.nan


def test_a_nan_in_a_weight_is_reported_there():
    model, keep = classifier(), KeepParameters()
    with pytest.raises(
        NonFiniteError,
        match=r"epoch 3, batch 1, layer 2, Linear\(4, 1\), has a weight that is not finite",
    ):
        fit(model, PlantNaN(), keep)
    np.testing.assert_array_equal(model.parameters.theta, keep.thetas[0])


def test_a_loss_that_alone_is_not_finite_is_reported():
    class Broken(MeanSquaredError):
        def forward(self, prediction, target):
            return super().forward(prediction, target) * np.inf

    with pytest.raises(NonFiniteError, match=r"epoch 1, batch 1, the loss, Broken\(\), is inf"):
        fit(Sequential([Linear(3, 1)], loss=Broken()))


def test_a_wrong_probability_of_1_is_an_infinite_loss():
    layers = [
        Linear(3, 1),
        Sigmoid(),
        Gain(1),
    ]  # the Gain keeps the loss from being computed from logits
    model = Sequential(layers, loss=BinaryCrossEntropy(), dtype=np.float64)
    model.parameters.theta = [1e6, 1e6, 1e6, 0, 1]
    with pytest.raises(NonFiniteError, match=r"the loss, BinaryCrossEntropy\(\), is inf"):
        model.fit([[1, 1, 1]], [[0]], optimizer=GradientDescent(0.1), epochs=1, progress=False)


def test_large_but_finite_gradients_are_accepted():
    model = Sequential([Linear(1, 1)], loss=MeanSquaredError(), dtype=np.float32)
    model.fit([[1e15]], [[1e15]], optimizer=GradientDescent(1e-35), epochs=1, progress=False)
    assert np.isfinite(model.parameters.theta).all()


def test_the_check_can_be_turned_off():
    history = fit(classifier(), PlantNaN(), StopOnNonFinite(False))
    assert history.epochs == 5
    assert math.isnan(history.loss[-1])


@pytest.mark.parametrize(
    ("wrap", "path"),
    [
        (lambda *layers: Residual(*layers), r"1\.body\.1"),
        (lambda *layers: Chain(Chain(*layers)), r"1\.0\.1"),
        (lambda *layers: Chain(Tanh(), Concat([*layers], axis=1)), r"1\.1\.0\.1"),
        (lambda *layers: Residual(Linear(4, 4), shortcut=[*layers]), r"1\.shortcut\.1"),
    ],
)
@pytest.mark.parametrize("way", ["forward", "backward"])
def test_an_inner_layer_is_named_by_its_path(way, wrap, path):
    what = "an output" if way == "forward" else "a gradient of its input"
    inner = wrap(Linear(4, 4), Breaks(5, way))
    model = Sequential([Linear(3, 4), inner, Linear(4, 1)], loss=MeanSquaredError())
    message = rf"layer {path}, Breaks\(\), gives {what} that is not finite"
    with pytest.raises(NonFiniteError, match=message):
        fit(model, rate=1e-3)


def test_an_infinite_output_of_an_inner_layer_is_seen_though_the_next_layer_hides_it():
    class Infinite(Linear):
        def forward(self, x, *, training=False):
            y = super().forward(x, training=training)
            y[0, 0] = np.inf
            return y

    inner = Residual(Chain(Infinite(4, 4), Tanh()))
    model = Sequential([Linear(3, 4), inner, Linear(4, 1)], loss=MeanSquaredError())
    message = r"layer 1\.body\.0\.0, Infinite\(4, 4\), gives an output that is not finite"
    with pytest.raises(NonFiniteError, match=message):
        fit(model, rate=1e-3)


def test_a_bad_parameter_of_an_inner_layer_is_named():
    inner = Residual(Linear(4, 4))
    model = Sequential([Linear(3, 4), inner, Linear(4, 1)], loss=MeanSquaredError())
    inner.body.layers[0].bias.value = np.full(4, np.nan)
    message = r"layer 1\.body\.0, Linear\(4, 4\), has a bias that is not finite"
    with pytest.raises(NonFiniteError, match=message):
        fit(model, rate=1e-3)


class Explodes(GradientDescent):
    """Makes a parameter infinite in one step."""

    def __init__(self, at, index=0, rate=0.1):
        super().__init__(rate)
        self.at, self.index = at, index

    def update(self, theta, grad):
        super().update(theta, grad)
        if self.step_count + 1 == self.at:
            theta[self.index] = np.inf


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: GradientDescent(1e308),
        lambda: Adam(epsilon=1e-60),  # 0 in float32: 0 / 0 where a gradient is 0
        lambda: Adam(1e308, epsilon=1e308),  # infinite in float32
        lambda: Explodes(1),
    ],
)
@pytest.mark.parametrize("observed", [True, False])
def test_a_last_update_that_is_not_finite_is_an_error(optimizer, observed, tmp_path):
    layers = [Linear(3, 4), ReLU(), Linear(4, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    model.parameters["0.bias"].value = np.full(4, -100.0)  # all gradients of the layer are 0
    before = model.parameters.theta.copy()
    callbacks = [EarlyStopping("loss"), Checkpoint(tmp_path / "a.h5", keep="both", monitor="loss")]
    message = (
        r"at epoch 1, batch 1, the step of .* left NaN or infinity in 0\.weight.*parameters of"
    )
    with pytest.raises(NonFiniteError, match=message + " epoch 1, batch 1, when everything"):
        fit(
            model,
            *(callbacks if observed else []),
            optimizer=optimizer(),
            epochs=1,
            batch_size=None,
        )
    np.testing.assert_array_equal(model.parameters.theta, before)
    assert list(tmp_path.iterdir()) == []


def test_the_update_is_checked_before_a_checkpoint_saves_within_an_epoch(tmp_path):
    checkpoint = Checkpoint(tmp_path / "a.h5", every_seconds=1e-9)
    with pytest.raises(NonFiniteError, match=r"epoch 1, batch 3, the step .* in 2\.bias\. The"):
        fit(classifier(), checkpoint, optimizer=Explodes(3, -1), batch_size=2)
    assert np.isfinite(Sequential.load(tmp_path / "a.h5").parameters.theta).all()


def test_what_the_model_gets_back_is_not_saved_by_another_checkpoint(tmp_path):
    """It would be saved with the state of an optimizer that is some steps ahead."""
    paths = tmp_path / "a.h5", tmp_path / "b.h5"
    checkpoints = [Checkpoint(path, every_seconds=1e-9) for path in paths]
    keep = KeepParameters()
    with pytest.raises(NonFiniteError, match="epoch 1, batch 3, the step"):
        fit(classifier(), keep, *checkpoints, optimizer=Explodes(3), batch_size=2)
    for path in paths:
        saved = Sequential.load(path).parameters.theta
        np.testing.assert_array_equal(saved, keep.thetas[2])


def test_a_parameter_that_no_output_shows_is_found_before_it_is_kept():
    class Idle(Linear):
        def forward(self, x, *, training=False):
            self.weight.value  # noqa: B018
            return x

        def backward(self, dy):
            self.weight.grad[...] = self.bias.grad[...] = 0
            return dy

    model = Sequential(
        [Linear(3, 4), Idle(4, 4), Linear(4, 1), Sigmoid()], loss=BinaryCrossEntropy()
    )
    model.parameters["1.bias"].value = [0, np.nan, 0, 0]
    message = (
        r"layer 1, Idle\(4, 4\), has a bias .* the start, with NaN or infinity in 1\.bias\. Try"
    )
    with pytest.raises(NonFiniteError, match=message):
        fit(model)


def test_beside_early_stopping_the_error_names_the_epoch_that_was_restored():
    model, stopping = classifier(), EarlyStopping("loss", patience=99)
    with pytest.raises(
        NonFiniteError,
        match=r"epoch 4, batch 2, .* has the parameters of epoch 3, the best by loss, which are",
    ):
        fit(model, stopping, optimizer=Explodes(9 + 1), batch_size=4, epochs=9)
    other = classifier()
    fit(other, batch_size=4, epochs=3)
    assert stopping.best_epoch == 3
    np.testing.assert_array_equal(model.parameters.theta, other.parameters.theta)


def test_the_best_epoch_of_one_step_is_named_by_the_parameters_before_the_step():
    model, stopping, keep = classifier(), EarlyStopping("loss", patience=99), KeepParameters()
    with pytest.raises(
        NonFiniteError, match=r"parameters of epoch 3 before its step, the best by loss, which are"
    ):
        fit(model, stopping, keep, optimizer=Explodes(4), batch_size=None, epochs=9)
    np.testing.assert_array_equal(model.parameters.theta, keep.thetas[2])


class BadGradient(Callback):
    def on_gradient(self, run):
        run.model.parameters.grad[0] = np.nan


@pytest.mark.parametrize("every", [None, 1e-9])
def test_right_after_a_resume_the_model_has_the_parameters_of_the_file(every, tmp_path):
    saved, model, path = classifier(), classifier(), tmp_path / "a.h5"
    fit(saved, Checkpoint(path, every_seconds=every), batch_size=4, epochs=3)
    model.parameters.theta = model.parameters.theta + 1
    with pytest.raises(
        NonFiniteError,
        match=r"epoch 4, batch 1, the gradient of 0\.weight is not finite\. The model has the "
        "parameters of the checkpoint, when",
    ):
        fit(model, BadGradient(), StopOnNonFinite(), batch_size=4, resume=path)
    np.testing.assert_array_equal(model.parameters.theta, saved.parameters.theta)


def test_a_finished_training_that_is_not_finite_is_not_returned_by_a_resume(tmp_path):
    fit(classifier(), PlantNaN(), Checkpoint(tmp_path / "a.h5"), StopOnNonFinite(False), epochs=2)
    model = classifier()
    with pytest.raises(
        NonFiniteError,
        match=r"its end there was NaN or infinity in 2\.weight.*parameters of the start, when",
    ):
        fit(model, resume=tmp_path / "a.h5", epochs=2)
    assert np.isfinite(model.parameters.theta).all()


@pytest.mark.parametrize("value", [1e200, np.nan])
def test_parameters_that_a_callback_loads_at_the_start_are_kept_if_they_are_finite(value):
    class Loads(Callback):
        def on_train_begin(self, run):
            run.model.parameters.theta = np.full(run.model.parameters.size, value)

    model = classifier()
    before = model.parameters.theta.copy()
    with pytest.raises(NonFiniteError, match="The model has the parameters of the start, when"):
        fit(model, Loads())
    expected = before if np.isnan(value) else np.full_like(before, value)
    np.testing.assert_array_equal(model.parameters.theta, expected)


class AtTheEnd(Callback):
    def on_train_end(self, run):
        run.model.parameters["0.bias"].value[0] = np.inf


@pytest.mark.parametrize("saved", [True, False])
def test_what_a_callback_leaves_at_the_end_is_checked(saved, tmp_path):
    model = classifier()
    savers = [Checkpoint(tmp_path / "a.h5")] if saved else []
    with pytest.raises(NonFiniteError, match=r"its end there was NaN or infinity in 0\.bias\. The"):
        fit(model, AtTheEnd(), *savers)
    assert np.isfinite(model.parameters.theta).all()
    fit(model, AtTheEnd(), StopOnNonFinite(False))
    assert not np.isfinite(model.parameters.theta).all()


def test_other_errors_leave_a_finite_model_and_tell_of_it():
    class Interrupts(Callback):
        def on_batch_end(self, run):
            raise KeyboardInterrupt

    model = classifier()
    with pytest.raises(KeyboardInterrupt) as caught:
        fit(model, Interrupts(), optimizer=Explodes(1))
    assert np.isfinite(model.parameters.theta).all()
    assert caught.value.__notes__ == [
        "There was NaN or infinity in 0.weight. The model has the parameters of epoch 1, batch 1, "
        "when everything was finite."
    ]


def test_many_parameters_are_counted():
    layers = [Linear(1, 1) for _ in range(4)]
    model = Sequential(layers, loss=MeanSquaredError())
    with pytest.raises(
        NonFiniteError, match=r"in 0\.weight, 0\.bias, 1\.weight, 1\.bias and 4 others\. The model"
    ):
        model.fit([[1.0]], [0.0], optimizer=GradientDescent(1e308), epochs=1, progress=False)


def test_a_buffer_is_named():
    class Scaled(Gain):
        def __init__(self):
            super().__init__(4)
            self.scale = Buffer((4,), init=Zeros())

    class Spoils(Callback):
        def on_batch_end(self, run):
            run.model.buffers["1.scale"].value[0] = np.nan

    layers = [Linear(3, 4), Scaled(), Linear(4, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    with pytest.raises(NonFiniteError, match=r"left NaN or infinity in 1\.scale\. The model"):
        fit(model, Spoils())
    assert model.buffers["1.scale"].value.tolist() == [0, 0, 0, 0]
