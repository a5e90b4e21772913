"""Trainings by LBFGS and ConjugateGradient: their paths, and all that happens around a step."""

import copy
import signal
from threading import Thread

import numpy as np
import pytest
from resuming import Signal
from scipy.optimize import minimize

from minidl import (
    L2,
    LBFGS,
    BinaryCrossEntropy,
    Callback,
    Checkpoint,
    ConjugateGradient,
    EarlyStopping,
    GradientChecker,
    Linear,
    NonFiniteError,
    OptimizerWarning,
    Poisson,
    Sequential,
    Sigmoid,
    Tanh,
)
from minidl.batching.batch import Batch
from minidl.training.full_batch import ObjectiveAtPoints

RNG = np.random.default_rng(0)
X = RNG.standard_normal((40, 3))
Y = X.sum(axis=1, keepdims=True) + 2 * RNG.standard_normal((40, 1)) > 0
WEIGHT = np.linspace(0.5, 2, 40)
BOTH = pytest.mark.parametrize("kind", [LBFGS, ConjugateGradient])


def network(dtype=np.float64, seed=0):
    layers = [Linear(3, 4), Tanh(), Linear(4, 1), Sigmoid()]
    return Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=[L2(0.5)], seed=seed, dtype=dtype
    )


def fit(model, *callbacks, optimizer=None, epochs=12, **arguments):
    arguments = {"batch_size": None, "progress": False, **arguments}
    return model.fit(
        X, Y, optimizer=optimizer or LBFGS(), epochs=epochs, callbacks=callbacks, **arguments
    )


class Path(Callback):
    """Keeps the parameters after each step, and counts the evaluations of the objective."""

    def on_train_begin(self, run):
        self.points, self.n_evaluations = [], 0
        objective = run.model.objective_function
        evaluate = objective.value_and_gradient

        def counted(*args, **kwargs):
            self.n_evaluations += 1
            return evaluate(*args, **kwargs)

        objective.value_and_gradient = counted

    def on_batch_end(self, run):
        self.points.append(run.model.parameters.theta.copy())

    def on_train_end(self, run):
        del run.model.objective_function.value_and_gradient


def path_of_scipy(model, method, weight, **options):
    """Return the points after each iteration, the objective before it, and the result."""
    theta, points, losses = model.parameters.theta.copy(), [], []

    def function(point):
        model.parameters.theta = point.astype(model.dtype)
        losses.append((point.copy(), model.objective(X, Y, sample_weight=weight)["total"]))
        return losses[-1][1], model.gradient(X, Y, sample_weight=weight).astype(np.float64)

    result = minimize(
        function,
        theta.astype(np.float64),
        jac=True,
        method=method,
        callback=lambda point: points.append(point.astype(model.dtype)),
        options=options,
    )
    before = [next(v for p, v in losses if np.array_equal(p.astype(model.dtype), at))
              for at in [theta, *points[:-1]]]  # fmt: skip
    return points, before, result


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("optimizer", "method", "options"),
    [
        (LBFGS(memory=3), "L-BFGS-B", {"maxcor": 3, "ftol": 2.2e-9}),
        (ConjugateGradient(), "CG", {}),
    ],
    ids=["LBFGS", "CG"],
)
def test_the_path_is_that_of_scipy_with_no_more_evaluations(
    optimizer, method, options, weight, dtype
):
    model, path = network(dtype), Path()
    assert GradientChecker(network()).check(X, Y, sample_weight=weight).ok
    history = fit(model, path, optimizer=copy.deepcopy(optimizer), sample_weight=weight)
    points, losses, result = path_of_scipy(network(dtype), method, weight, maxiter=12, **options)
    assert model.dtype == dtype
    assert history.epochs == len(points) == 12
    np.testing.assert_allclose(path.points, points, rtol=0, atol=1e-12)
    np.testing.assert_allclose(history.loss, losses, rtol=1e-7 if dtype == np.float32 else 1e-12)
    # The last iteration is not followed by another one, nor does a line search repeat a point.
    assert path.n_evaluations <= result.nfev
    assert history.stopped is None


def test_class_weights_are_those_of_the_examples():
    model, other = network(), network()
    weight = np.where(Y[:, 0] > 0, 3.0, 1.0)
    fit(model, class_weight={1: 3.0})
    fit(other, sample_weight=weight)
    np.testing.assert_allclose(model.parameters.theta, other.parameters.theta, atol=1e-12)


@BOTH
def test_it_ends_when_it_has_converged_with_an_epoch_without_a_step(kind):
    model, path = network(), Path()
    history = fit(model, path, optimizer=kind(gradient_tolerance=1e-3), epochs=500)
    assert history.epochs < 200
    assert history.stopped == (
        f"{kind.__name__} has converged: no element of the gradient is larger than 0.001"
    )
    assert np.abs(model.gradient(X, Y)).max() <= 1e-3
    np.testing.assert_array_equal(path.points[-1], path.points[-2])
    assert history.loss[-1] == model.objective(X, Y)["total"]
    again = fit(model, optimizer=kind(gradient_tolerance=1e-3), epochs=5)
    assert (again.epochs, again.stopped) == (1, history.stopped)


def test_it_ends_when_the_objective_hardly_decreases():
    history = fit(network(), optimizer=LBFGS(loss_tolerance=0.01), epochs=500)
    assert history.stopped.startswith(
        "LBFGS has converged: the objective hardly decreases any more (the largest element of the "
    )
    assert history.loss[-3] - history.loss[-2] > 0.01 >= history.loss[-2] - history.loss[-1]


def test_it_ends_where_a_line_search_finds_no_lower_point():
    optimizer = ConjugateGradient(gradient_tolerance=0)
    history = fit(network(np.float32), optimizer=optimizer, epochs=500)
    assert "ConjugateGradient found no lower point along its direction" in history.stopped
    assert history.epochs < 500
    assert history.loss[-1] == pytest.approx(min(history.loss), rel=1e-5)


def test_the_accuracy_is_that_before_the_step_and_the_validation_that_after():
    model, seen, other = network(), [], (X[::-1] + 1, Y)  # of as many rows: outputs are overwritten

    class Watch(Callback):
        def on_gradient(self, run):
            seen.append([run.model.evaluate(X, Y)["accuracy"]])
            np.testing.assert_array_equal(
                run.forward_pass.output, model_logits(run.model), err_msg=f"epoch {run.epoch}"
            )

        def on_batch_end(self, run):
            seen[-1] += run.model.evaluate(*other).values()

    history = fit(model, Watch(), validation=other)
    columns = [history["accuracy"], history["val_loss"], history["val_accuracy"]]
    np.testing.assert_allclose(np.transpose(columns), seen, rtol=1e-12)
    plain = network()
    assert fit(plain).loss == history.loss
    np.testing.assert_array_equal(plain.parameters.theta, model.parameters.theta)


def model_logits(model):
    objective = copy.deepcopy(model.objective_function)
    x = X
    for layer in objective.layers_before_loss:
        x = layer.forward(x, training=True)
    return x


def test_an_iteration_may_end_at_another_point_than_that_evaluated_last():
    objective = network().objective_function
    theta, start = objective.parameters.theta, objective.parameters.theta.copy()
    trained = objective.trained_parameters()
    function = ObjectiveAtPoints(objective, trained, outputs_change=False)
    batch = Batch(X, Y.astype(float))
    before = function.evaluate(batch)[0]
    values = [function(start + shift)[0] for shift in (0.0, 0.5, 1.0)]
    assert values[0] == before
    np.testing.assert_array_equal(theta, start)
    function.move_to(start + 0.5)
    np.testing.assert_array_equal(theta, start + 0.5)
    assert function.evaluate(batch)[0] == values[1] != values[2]
    expected = objective.parameters.grad.copy()
    objective.value_and_gradient(batch, training=True)
    np.testing.assert_array_equal(expected, objective.parameters.grad)


def test_a_validation_set_costs_no_more_gradients():
    plain, validated = Path(), Path()
    fit(network(), plain)
    fit(network(), validated, validation=(X, Y))
    assert plain.n_evaluations == validated.n_evaluations


def test_early_stopping_restores_the_best_epoch():
    model = network()
    stopping = EarlyStopping(patience=3)
    path = Path()
    rng = np.random.default_rng(5)
    noise = rng.standard_normal((30, 3)), rng.integers(0, 2, 30)
    history = fit(model, stopping, path, epochs=300, validation=noise)
    assert history.stopped.startswith("val_loss has not improved")
    assert history.epochs == stopping.best_epoch + 3
    np.testing.assert_array_equal(model.parameters.theta, path.points[stopping.best_epoch - 1])


@BOTH
def test_a_resumed_training_restarts_at_the_point_that_was_reached(tmp_path, kind):
    file, path, rest = tmp_path / "run.h5", Path(), Path()
    whole = fit(network(), path, optimizer=kind(), epochs=9)
    fit(network(), Checkpoint(file, every_epochs=None), optimizer=kind(), epochs=4)
    model, optimizer = network(seed=3), kind()
    with pytest.warns(OptimizerWarning, match=rf"the training resumes .*, but {kind.__name__} "):
        history = fit(model, rest, optimizer=optimizer, epochs=9, resume=file)
    assert optimizer.step_count == 9
    assert history.loss[:5] == whole.loss[:5]
    anew = network()
    anew.parameters.theta = path.points[3]
    new_history = fit(anew, optimizer=kind(), epochs=5)
    assert history.loss == [*whole.loss[:4], *new_history.loss]
    np.testing.assert_array_equal(model.parameters.theta, anew.parameters.theta)
    assert new_history.loss != whole.loss[4:]  # the curvature is lost
    loaded = Sequential.load(file)
    np.testing.assert_array_equal(loaded.parameters.theta, path.points[3])


def test_a_signal_ends_it_after_an_iteration_and_a_finished_training_is_restored(tmp_path):
    file, path = tmp_path / "run.h5", Path()
    model = network()
    history = fit(model, path, Signal(3, 1, signal.SIGTERM), Checkpoint(file, every_epochs=None))
    assert history.stopped.startswith("SIGTERM in epoch 3, after batch 1 of 1")
    assert history.epochs == 2
    np.testing.assert_array_equal(model.parameters.theta, path.points[2])
    fresh = network(seed=1)
    with pytest.warns(OptimizerWarning):
        rest = fit(fresh, Checkpoint(file, every_epochs=None), epochs=500, resume=file)
    assert rest.loss[:2] == history.loss
    assert "has converged" in rest.stopped
    again = network(seed=2)
    assert fit(again, epochs=500, resume=file).columns == rest.columns
    np.testing.assert_array_equal(again.parameters.theta, fresh.parameters.theta)


@pytest.mark.parametrize("n_evaluations", [3, 6, 7])
def test_an_interruption_leaves_the_point_that_was_reached(n_evaluations):
    """Wherever Ctrl-C comes, also while the objective is evaluated at another point."""
    model, path = network(), Path()

    class Interrupt(Callback):
        def on_train_begin(self, run):
            objective = run.model.objective_function
            evaluate = objective.value_and_gradient

            def interrupted(*args, **kwargs):
                result = evaluate(*args, **kwargs)
                if path.n_evaluations == n_evaluations:
                    raise KeyboardInterrupt
                return result

            objective.value_and_gradient = interrupted

    with pytest.raises(KeyboardInterrupt):
        fit(model, path, Interrupt())
    np.testing.assert_array_equal(model.parameters.theta, path.points[-1])
    model.parameters.theta = model.parameters.theta * 2  # it can be written to again
    fit(model)


def test_other_threads_and_callbacks_see_the_points_that_were_reached():
    model, outputs, expected = network(), [], []

    class Ask(Callback):
        def on_batch_end(self, run):
            thread = Thread(target=lambda: outputs.append(run.model.predict(X)))
            thread.start()
            thread.join()
            twin = copy.deepcopy(run.model)
            expected.append(twin.predict(X))

    path = Path()
    fit(model, Ask(), path, epochs=5)
    for output, other, theta in zip(outputs, expected, path.points, strict=True):
        np.testing.assert_array_equal(output, other)
        twin = network()
        twin.parameters.theta = theta
        np.testing.assert_array_equal(output, twin.predict(X))


def test_an_objective_that_is_not_finite_at_the_start_is_an_error():
    model = Sequential([Linear(1, 1)], loss=Poisson())
    model.parameters.theta = [300.0, 0.0]
    with pytest.raises(NonFiniteError, match=r"at epoch 1.* Try to scale the inputs"):
        model.fit([[1.0], [2.0]], [1, 2], optimizer=LBFGS(), epochs=9, batch_size=None)
    np.testing.assert_array_equal(model.parameters.theta, [300, 0])


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [(LBFGS, np.float64), (LBFGS, np.float32), (ConjugateGradient, np.float32)],
)
def test_a_line_search_comes_back_from_where_the_objective_is_not_finite(kind, dtype):
    """The first trial point lies where exp overflows."""
    counts = RNG.poisson(np.exp(X @ [0.5, -0.3, 0.2] + 1))

    def fitted(scale):
        model = Sequential([Linear(3, 1)], loss=Poisson(), dtype=dtype)
        model.parameters.theta = np.zeros(4)
        return model.fit(
            X * scale, counts, optimizer=kind(), epochs=99, batch_size=None, progress=False
        )

    easy, hard = fitted(1), fitted(1000)
    assert hard.loss[0] == pytest.approx(easy.loss[0])
    assert hard.loss[-1] < 0.99 * hard.loss[0]
    assert easy.loss[-1] == pytest.approx(hard.loss[-1], rel=1e-3)


def test_the_bar_shows_the_iterations(capsys):
    fit(network(), epochs=500, progress=True)
    assert "epoch " in capsys.readouterr().err


def test_a_model_without_parameters_ends_at_once():
    for optimizer in (LBFGS(), ConjugateGradient()):
        model = Sequential([Sigmoid()], loss=BinaryCrossEntropy())
        history = model.fit(
            X[:, :1], Y, optimizer=optimizer, epochs=9, batch_size=None, progress=False
        )
        assert (history.epochs, history.stopped) == (1, "there are no parameters")
