"""Harmless underflow raises nothing under `np.errstate(all="raise")`, in any built-in part."""

import inspect

import numpy as np
import pytest

import minidl
from minidl import (
    Adam,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Chain,
    Concat,
    Dropout,
    GradientChecker,
    GradientDescent,
    Linear,
    MeanSquaredError,
    Residual,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    check_gradients,
)
from minidl.layers.activation import Activation
from minidl.optimizers import Optimizer
from minidl.optimizers.full_batch import FullBatchOptimizer
from minidl.testing import (
    assert_gradients,
    check_layer,
    check_loss,
    check_optimizer,
    check_penalty,
)
from minidl.utils.underflow import (
    ignore_underflow,
    repeat_without_underflow,
    unguarded,
    without_underflow,
)

TINY = {np.float32: 1e-42, np.float64: 1e-310}
Y = np.array([0, 1, 0, 1])


def parts(base):
    values = [getattr(minidl.layers, name) for name in minidl.layers.__all__]
    values += [getattr(minidl.optimizers, name) for name in minidl.optimizers.__all__]
    return [
        value
        for value in values
        if inspect.isclass(value) and issubclass(value, base) and not inspect.isabstract(value)
    ]


FULL_BATCH = parts(FullBatchOptimizer)
STEPPING = [kind for kind in parts(Optimizer) if kind not in FULL_BATCH]


def extreme_rows(dtype):
    """Return rows whose exponentials, squares or products round to 0."""
    tiny = TINY[dtype]
    return np.array([[tiny, 900.0], [-900.0, tiny], [300.0, -300.0], [0.0, -tiny]])


def use(model, optimizer, batch_sizes=(2, None)):
    """Train and ask the model where NumPy raises everything."""
    X = extreme_rows(model.dtype.type)
    with np.errstate(all="raise"):
        for batch_size in batch_sizes:
            model.fit(
                X,
                Y,
                optimizer=optimizer,
                epochs=2,
                batch_size=batch_size,
                sample_weight=[1.0, 1e-300, 1e-300, 1.0],
                validation=(X, Y),
                progress=False,
            )
        model.predict(X)
        model.predict(X[:1])
        model.evaluate(X, Y)
        model.objective(X, Y)
        model.gradient(X, Y)


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("activation", parts(Activation))
def test_no_activation_raises(activation, dtype):
    layers = [Linear(2, 3), activation(), Linear(3, 2), Softmax()]
    use(Sequential(layers, loss=CategoricalCrossEntropy(), dtype=dtype), Adam(1e-4))


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize(
    "loss",
    [
        BinaryCrossEntropy(),
        MeanSquaredError(),
        minidl.HalfSquaredError(),
        minidl.Huber(),
        minidl.MeanAbsoluteError(),
        minidl.Hinge(),
        minidl.Poisson(),
        minidl.Poisson(log_input=False),
    ],
)
def test_no_loss_raises(loss, dtype):
    last = Tanh() if isinstance(loss, minidl.Hinge) else Sigmoid()
    model = Sequential([Linear(2, 1), last], loss=loss, dtype=dtype)
    use(model, GradientDescent(1e-6))


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("optimizer", STEPPING)
def test_no_optimizer_raises(optimizer, dtype):
    model = Sequential([Linear(2, 2), Softmax()], loss=CategoricalCrossEntropy(), dtype=dtype)
    use(model, optimizer(1e-6))


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_no_full_batch_optimizer_raises(optimizer, dtype):
    model = Sequential([Linear(2, 2), Softmax()], loss=CategoricalCrossEntropy(), dtype=dtype)
    use(model, optimizer(), batch_sizes=[None])


@pytest.mark.parametrize("dtype", TINY)
def test_the_checker_does_not_raise(dtype):
    model = Sequential([Linear(2, 2), Softmax()], loss=CategoricalCrossEntropy(), dtype=dtype)
    with np.errstate(all="raise"):
        report = GradientChecker(model).check([[300.0, -300.0], [0.5, 1.0]], [0, 1])
    assert report.ok


def test_results_do_not_depend_on_the_error_state():
    model = Sequential([Linear(2, 2), Softmax()], loss=CategoricalCrossEntropy(), seed=2)
    X = extreme_rows(np.float32)
    with np.errstate(all="raise"):
        raising = model.predict(X)
    assert raising.tobytes() == model.predict(X).tobytes()


# What is called by hand, each with numbers whose exponentials, squares or products round to 0.
def values(dtype):
    tiny, root = TINY[dtype], TINY[dtype] ** 0.5
    rows = [[800.0, 0.0, -800.0], [-90.0, -104.0, -50.0], [tiny, -tiny, root], [root, root, root]]
    return np.array(rows, dtype)


LAYERS = {
    **{kind.__name__: kind for kind in parts(Activation)},
    "Dropout": lambda: Dropout(0.8),
    "Chain": lambda: Chain(Sigmoid(), Softmax()),
    "Residual": lambda: Residual(Sigmoid()),
    "Concat": lambda: Concat(Softmax(), Tanh()),
}


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("make", LAYERS.values(), ids=list(LAYERS))
def test_no_layer_raises_alone(make, dtype):
    x = values(dtype)
    for training in (False, True):
        layer, other = make(), make()
        expected = other.forward(x, training=training).copy()
        with np.errstate(all="raise"):
            y = layer.forward(x, training=training)
            assert y.tobytes() == expected.tobytes()
            for dy in (TINY[dtype], 1.0):
                layer.backward(np.full(y.shape, dy, dtype))
                layer.backward_parameters(np.full(y.shape, dy, dtype))


@pytest.mark.parametrize("dtype", TINY)
def test_linear_does_not_raise_alone(dtype):
    root = TINY[dtype] ** 0.5
    layer = Sequential([Linear(3, 3)], loss=MeanSquaredError(), dtype=dtype).layers[0]
    layer.weight.value = np.full((3, 3), root / 8)
    with np.errstate(all="raise"):
        y = layer.forward(np.full((2, 3), root / 8, dtype))
        layer.backward(np.full_like(y, root / 8))
        layer.forward(np.full((2, 3), root / 8, np.longdouble))  # by matmul, not dot


LOSSES = {
    "MeanSquaredError": (MeanSquaredError(), values),
    "HalfSquaredError": (minidl.HalfSquaredError(), values),
    "Huber": (minidl.Huber(), values),
    "MeanAbsoluteError": (minidl.MeanAbsoluteError(), values),
    "Hinge": (minidl.Hinge(), values),
    "Poisson": (minidl.Poisson(), lambda dtype: values(dtype).clip(None, 80)),
    "Poisson of counts": (
        minidl.Poisson(log_input=False),
        lambda dtype: np.abs(values(dtype)),
    ),
    "SigmoidCrossEntropy": (minidl.SigmoidCrossEntropy(), values),
    "SoftmaxCrossEntropy": (minidl.SoftmaxCrossEntropy(), values),
    "BinaryCrossEntropy": (BinaryCrossEntropy(), lambda dtype: np.abs(values(dtype)).clip(0, 1)),
    "CategoricalCrossEntropy": (
        CategoricalCrossEntropy(),
        lambda dtype: np.abs(values(dtype)).clip(0, 1),
    ),
}


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize(("loss", "predictions"), LOSSES.values(), ids=list(LOSSES))
def test_no_loss_raises_alone(loss, predictions, dtype):
    prediction = predictions(dtype)
    target = np.array([[TINY[dtype], 1, 0]] * len(prediction), dtype)
    with np.errstate(all="raise", over="ignore"):  # t / p overflows for a tiny p
        value = loss.forward(prediction, target)
        loss.per_example()
        loss.per_position()
        loss.backward()
    assert value == loss.forward(prediction, target)


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("kind", [minidl.L1, minidl.L2])
def test_no_penalty_raises_alone(kind, dtype):
    tiny = TINY[dtype]
    weight = np.array([[tiny, tiny**0.5, 1.0]], dtype)
    out = np.empty_like(weight)
    with np.errstate(all="raise"):
        for penalty in (kind(1e-10), kind(float(np.finfo(dtype).tiny))):
            penalty.value(weight, 10**9)
            penalty.gradient(weight, m=10**9, out=out)


@pytest.mark.parametrize("dtype", TINY)
@pytest.mark.parametrize("kind", STEPPING)
def test_no_optimizer_raises_alone(kind, dtype):
    for options in ({}, {"clip_norm": 1e-30}):
        optimizer = kind(1e-6, **options)
        theta = np.full(3, np.finfo(dtype).tiny * 4, dtype)
        with np.errstate(all="raise"):
            for factor in (1.0, 1e-3, 0.0):
                optimizer.step(theta, np.full(3, TINY[dtype] ** 0.5 * factor, dtype))


def test_initializers_conversions_and_checks_do_not_raise_alone(capsys):
    X = np.array([[300.0, -300.0], [0.5, 1.0]])
    model = Sequential([Linear(2, 2), Softmax()], loss=CategoricalCrossEntropy(), dtype=np.float64)
    model.layers[0].bias.value = [1e-300, 0]
    with np.errstate(all="raise"):
        minidl.Random(1e-44)(np.empty(9, np.float32), fan_in=2, rng=np.random.default_rng(0))
        model.astype(np.float32)
        model.explain(X, [0, 1])
        for activation in parts(Activation):
            assert check_layer(activation(), X).ok
        assert check_loss(MeanSquaredError(), X, X + 1e-200).ok
        check_penalty(minidl.L2(1e-30), X * 1e-20)
        assert check_optimizer(lambda: Adam(0.1), steps=50)
        assert_gradients(model, X, [0, 1])
        assert check_gradients(lambda p: (p**2).sum(), lambda p: 2 * p, X * 1e-10).ok


class Squared(Activation):
    """An activation of the user's."""

    def activate(self, x, out):
        np.square(x, out=out)

    def activation_gradient(self, y, dy, out):
        np.multiply(2 * np.sqrt(y), dy, out=out)


def test_overflow_is_raised_by_parts_alone():
    big = np.full((1, 3), 1e30, np.float32)
    calls = [
        lambda: Squared().forward(big),
        lambda: MeanSquaredError().forward(big, -big),
        lambda: minidl.L2(1.0).value(big, 1),
        lambda: minidl.Linear(3, 3, init=minidl.Random(1e30)).forward(big),
        lambda: minidl.GradientDescent(1e38).step(big[0].copy(), big[0]),
    ]
    for call in calls:
        with pytest.raises(FloatingPointError, match="overflow"), np.errstate(all="raise"):
            call()


def test_what_is_no_underflow_is_raised():
    @ignore_underflow("square")
    class Owner:
        def square(self, x):
            return np.square(x)

    @without_underflow
    def exp(x):
        return np.exp(x)

    with np.errstate(all="raise"):
        assert Owner().square(np.array([1e-200])) == exp(np.array([-1e4])) == 0
        assert repeat_without_underflow(np.exp, np.array([-1e4])) == 0
        for overflowing in (Owner().square, exp, lambda x: repeat_without_underflow(np.exp, x)):
            with pytest.raises(FloatingPointError, match="overflow"):
                overflowing(np.array([1e200]))


def test_a_guard_is_left_out_where_the_error_state_is_set():
    class Owner:
        square = without_underflow(lambda self, x: np.square(x))
        plain = lambda self: 1  # noqa: E731

    owner = Owner()
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="underflow"):
        unguarded(owner.square)(np.array([1e-200]))
    assert unguarded(owner.square)(3) == 9
    assert unguarded(owner.plain)() == 1
    assert unguarded(len) is len
