import copy
import pickle

import numpy as np
import pytest
from helpers import Gain, Residual, central, classifier, complex_step, rows

from minidl import (
    L1,
    L2,
    ArgumentError,
    BinaryCrossEntropy,
    CategoricalCrossEntropy,
    Dropout,
    Flatten,
    GradientDescent,
    LayerReuseError,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    Parameter,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
    Tanh,
    Xavier,
)
from minidl.batching.batch import Batch
from minidl.initializers import Ones
from minidl.losses.binary_cross_entropy import SigmoidCrossEntropy
from minidl.losses.categorical_cross_entropy import SoftmaxCrossEntropy
from minidl.objective import Objective

X = np.random.default_rng(8).standard_normal((6, 4))
TARGETS = {1: (X[:, :1] > 0).astype(float), 3: np.eye(3)[[0, 1, 2, 2, 1, 0]]}

NETS = {
    "binary": ([Linear(4, 3), ReLU(), Linear(3, 1), Sigmoid()], BinaryCrossEntropy(), ()),
    "binary with penalties": (
        [Linear(4, 3), Tanh(), Linear(3, 1), Sigmoid()],
        BinaryCrossEntropy(),
        [L2(0.7), L1(0.3, layers=[2])],
    ),
    "classes": (
        [Linear(4, 5), LeakyReLU(), Linear(5, 3), Softmax()],
        CategoricalCrossEntropy(),
        [L2(0.1)],
    ),
    "regression": (
        [Linear(4, 3, bias=False), Sigmoid(), Linear(3, 3)],
        MeanSquaredError(),
        [L1(0.2)],
    ),
    "nested": (
        [Residual(4), Gain(4), Tanh(), Linear(4, 1), Sigmoid()],
        BinaryCrossEntropy(),
        [L2(0.5)],
    ),
    "first layer learns nothing": ([Tanh(), Linear(4, 1), Sigmoid()], BinaryCrossEntropy(), ()),
    "unfused": (
        [Linear(4, 3), Tanh(), Linear(3, 1), Sigmoid(), Flatten()],
        BinaryCrossEntropy(),
        (),
    ),
}


def model_of(name, dtype=np.float64):
    layers, loss, penalties = NETS[name]
    return Sequential(copy.deepcopy(layers), loss=loss, penalties=penalties, seed=2, dtype=dtype)


def targets(name):
    return TARGETS[3 if name in ("classes", "regression") else 1]


each = pytest.mark.parametrize("name", NETS)


@each
def test_the_gradient_is_that_of_the_total(name):
    model, Y = model_of(name), targets(name)
    twin = model.astype(np.complex128)

    def total(theta):
        twin.parameters.theta = theta
        batch = Batch(X.astype(np.complex128), Y.astype(np.complex128))
        return twin.objective_function.terms(batch)["total"]

    gradient = model.gradient(X, Y)
    assert gradient.shape == (model.parameters.size,)
    np.testing.assert_allclose(
        gradient, complex_step(total, model.parameters.theta), rtol=1e-11, atol=1e-13
    )
    np.testing.assert_allclose(
        gradient, central(total, model.parameters.theta), rtol=1e-5, atol=1e-8
    )


@each
def test_the_total_is_the_sum_of_the_terms(name):
    model, Y = model_of(name), targets(name)
    terms = model.objective(X, Y)
    assert list(terms) == ["data", *map(str, model.penalties), "total"]
    assert terms["total"] == pytest.approx(sum(list(terms.values())[:-1]), rel=1e-14)
    total, _ = model.objective_function.value_and_gradient(Batch(X, Y))
    assert total == pytest.approx(terms["total"], rel=1e-14)


@each
def test_the_gradient_is_the_parameters_gradients_one_after_another(name):
    model = model_of(name)
    gradient = model.gradient(X, targets(name))
    by_name = [
        parameter.grad.ravel()
        for layer in model.layers
        for parameter in layer.parameters().values()
    ]
    np.testing.assert_array_equal(gradient, np.concatenate(by_name))
    assert not np.shares_memory(gradient, model.parameters.grad)


def test_penalties_are_those_of_the_specialization():
    model = Sequential(
        [Linear(4, 3), ReLU(), Linear(3, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        penalties=[L2(0.7), L1(0.3)],
        dtype="f8",
    )
    weights = [model.parameters[name].value for name in ("0.weight", "2.weight")]
    model.parameters["0.bias"].value[...] = 100  # biases are not penalized
    terms = model.objective(X, TARGETS[1])
    assert terms["L2(0.7)"] == pytest.approx(
        0.7 / (2 * 6) * sum((w**2).sum() for w in weights), rel=1e-14
    )
    assert terms["L1(0.3)"] == pytest.approx(
        0.3 / 6 * sum(np.abs(w).sum() for w in weights), rel=1e-14
    )


def test_a_penalty_acts_on_its_layers_only():
    plain, limited = (
        Sequential(
            [Linear(4, 3), Linear(3, 1)], loss=MeanSquaredError(), penalties=p, dtype=np.float64
        )
        for p in ([], [L2(6, layers=[1])])
    )
    difference = limited.gradient(X, TARGETS[1]) - plain.gradient(X, TARGETS[1])
    np.testing.assert_allclose(difference[:15], 0)
    np.testing.assert_allclose(
        difference[15:18], limited.parameters["1.weight"].value[0], rtol=1e-12
    )
    assert difference[18] == 0


def test_a_penalty_need_not_be_in_a_list():
    assert list(
        Sequential([Linear(4, 1)], loss=MeanSquaredError(), penalties=L2(0.1)).objective(
            X, TARGETS[1]
        )
    ) == [
        "data",
        "L2(0.1)",
        "total",
    ]


@pytest.mark.parametrize(
    ("head", "loss", "k"), [(Sigmoid, BinaryCrossEntropy, 1), (Softmax, CategoricalCrossEntropy, 3)]
)
def test_the_loss_of_logits_is_that_of_probabilities(head, loss, k):
    fused, unfused = (
        Sequential([Linear(4, k), head(), *more], loss=loss(), dtype=np.float64)
        for more in ([], [Flatten()])
    )
    assert fused.objective_function.is_fused
    assert not unfused.objective_function.is_fused
    assert fused.objective(X, TARGETS[k])["total"] == pytest.approx(
        unfused.objective(X, TARGETS[k])["total"], rel=1e-13
    )
    np.testing.assert_allclose(
        fused.gradient(X, TARGETS[k]), unfused.gradient(X, TARGETS[k]), rtol=1e-10, atol=1e-14
    )
    np.testing.assert_array_equal(fused.predict(X), unfused.predict(X))
    assert fused.evaluate(X, TARGETS[k])["accuracy"] == unfused.evaluate(X, TARGETS[k])["accuracy"]


def test_a_subclass_of_sigmoid_is_not_computed_from_logits():
    class Steep(Sigmoid):
        def activate(self, x, out):
            super().activate(3 * x, out)

    assert not Sequential(
        [Linear(4, 1), Steep()], loss=BinaryCrossEntropy()
    ).objective_function.is_fused


def test_losses_of_logits_may_be_passed_too():
    for layers, loss, k in (
        ([Linear(4, 1)], SigmoidCrossEntropy(), 1),
        ([Linear(4, 3)], SoftmaxCrossEntropy(), 3),
    ):
        model = Sequential(layers, loss=loss)
        assert not model.objective_function.is_fused
        assert set(model.evaluate(X, TARGETS[k])) == {"loss", "accuracy"}


def test_a_model_without_parameters_has_an_empty_gradient():
    model = Sequential([Tanh()], loss=MeanSquaredError())
    assert model.parameters.size == 0
    assert model.gradient(X, X).shape == (0,)


def test_only_the_first_layer_with_parameters_may_omit_its_input_gradient():
    class Recorder(Gain):
        calls = ()

        def backward(self, dy):
            self.calls += ("backward",)
            return super().backward(dy)

        def backward_parameters(self, dy):
            self.calls += ("backward_parameters",)
            super().backward(dy)

    first, second = Recorder(4), Recorder(4)
    Sequential([Tanh(), first, second], loss=MeanSquaredError()).gradient(X, X)
    assert (first.calls, second.calls) == (("backward_parameters",), ("backward",))


@pytest.mark.parametrize("m", [1, 1023, 1024, 1025, 2500])
def test_predictions_in_batches_are_those_of_one_batch(m):
    model = classifier()
    X, Y = rows(m)
    expected = model.objective_function.forward(X).copy()
    predicted = model.predict(X)
    np.testing.assert_allclose(predicted, expected, rtol=1e-12)
    measured = model.evaluate(X, Y)
    assert measured["loss"] == pytest.approx(model.objective(X, Y)["data"], rel=1e-12)
    assert measured["accuracy"] == ((predicted > 0.5) == Y).mean()


COPIES = {
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "astype": lambda model: model.astype(np.float64),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_is_equal_and_independent(copied):
    X, Y = rows(30)
    layers = [Linear(3, 8), ReLU(), Dropout(0.5), Residual(8), Linear(8, 1), Sigmoid()]
    model = Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=[L2(0.1, layers=[0])], dtype=np.float64
    )
    model.fit(X, Y, optimizer=GradientDescent(0.1), epochs=2, batch_size=8, progress=False)
    twin = copied(model)
    before = model.parameters.theta.copy()
    np.testing.assert_array_equal(twin.parameters.theta, before)
    np.testing.assert_array_equal(twin.gradient(X, Y), model.gradient(X, Y))
    # The generators have the same state too: the copy trains as the original would.
    trained = [
        m.fit(X, Y, optimizer=GradientDescent(0.1), epochs=3, batch_size=8, progress=False).loss
        for m in (twin, model)
    ]
    assert trained[0] == trained[1]
    np.testing.assert_array_equal(twin.parameters.theta, model.parameters.theta)
    twin.parameters.theta[...] = 0
    assert model.parameters.theta.any()
    assert np.shares_memory(model.layers[0].weight.value, model.parameters.theta)
    assert np.shares_memory(twin.layers[0].weight.value, twin.parameters.theta)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_astype_computes_in_the_dtype(dtype):
    model = classifier(dtype=np.float32)
    twin = model.astype(dtype)
    assert twin.dtype == twin.predict(X[:, :3]).dtype == twin.layers[0].weight.grad.dtype == dtype
    assert model.dtype == np.float32
    np.testing.assert_allclose(twin.predict(X[:, :3]), model.predict(X[:, :3]), rtol=1e-5)


def test_the_layers_of_a_copy_belong_to_it():
    twin = copy.deepcopy(classifier())
    with pytest.raises(LayerReuseError):
        Sequential(twin.layers, loss=BinaryCrossEntropy())


def test_dropout_has_its_own_generator_and_does_not_change_the_weights():
    def start(*dropouts):
        layers = [Linear(4, 5, init=Xavier()), *dropouts, Linear(5, 1)]
        return Sequential(layers, loss=MeanSquaredError(), seed=3)

    model = start(Dropout(0.5), Dropout(0.5))
    np.testing.assert_array_equal(model.parameters.theta, start().parameters.theta)
    streams = [
        model.layers[1].rng.random(),
        model.layers[2].rng.random(),
        model.shuffle_rng.random(),
    ]
    assert len(set(streams)) == 3


def test_every_generator_follows_from_the_seed():
    def drawn(seed):
        layer = Dropout(0.5)
        model = Sequential([Linear(2, 2), layer], loss=MeanSquaredError(), seed=seed)
        return layer.rng.random(), model.shuffle_rng.random()

    assert drawn(1) == drawn(1)
    assert not set(drawn(1)) & set(drawn(2))


def test_a_generator_set_by_the_user_is_kept():
    dropout, rng = Dropout(0.5), np.random.default_rng(99)
    dropout.rng = rng
    Sequential([Linear(2, 2), dropout], loss=MeanSquaredError())
    assert dropout.rng is rng


@pytest.mark.parametrize("make", [tuple, list, iter], ids=["tuple", "list", "iterator"])
def test_layers_may_be_any_iterable(make):
    assert len(Sequential(make([Linear(4, 3), Linear(3, 1)]), loss=MeanSquaredError()).layers) == 2


BAD = [
    ({"layers": []}, ArgumentError, "layers must be a list of at least one layer, got"),
    ({"layers": Linear(4, 1)}, ArgumentError, r"layers must be a list.*got Linear\(4, 1\)"),
    ({"layers": ReLU}, ArgumentError, "layers must be a list"),
    ({"layers": None}, ArgumentError, "layers must be a list"),
    (
        {"layers": [Linear(4, 1), ReLU]},
        ArgumentError,
        r"layer 1 must be a Layer, got .*write ReLU\(\.\.\.\)",
    ),
    (
        {"layers": [np.tanh]},
        ArgumentError,
        "layer 0 must be a Layer, got .*derive it from minidl.Layer",
    ),
    ({"layers": ["relu"]}, ArgumentError, "layer 0 must be a Layer, got 'relu'"),
    (
        {"loss": BinaryCrossEntropy},
        ArgumentError,
        r"loss must be a Loss such as BinaryCrossEntropy\(\), got",
    ),
    ({"loss": "mse"}, ArgumentError, "loss must be a Loss.*got 'mse'"),
    ({"loss": None}, ArgumentError, "loss must be a Loss"),
    (
        {"penalties": [0.1]},
        ArgumentError,
        r"penalties must be a list of Penalty objects such as L2\(0\.1\), got 0\.1",
    ),
    ({"penalties": [L2]}, ArgumentError, "penalties must be a list of Penalty objects"),
    ({"penalties": L2}, ArgumentError, "penalties must be a list of Penalty objects"),
    (
        {"penalties": [L2(0.1), L1(0.1), L2(0.1)]},
        ArgumentError,
        r"penalty L2\(0\.1\) is given twice",
    ),
    (
        {"penalties": [L2(0.1, layers=[0, 2])]},
        ArgumentError,
        r"names layer 2, but the model has layers 0 to 1",
    ),
    ({"seed": None}, ArgumentError, "seed must be"),
    ({"seed": -1}, ArgumentError, "seed must be"),
    ({"dtype": np.int32}, TypeError, "dtype must be one of float32, float64"),
    ({"dtype": "float31"}, TypeError, "dtype must be one of float32, float64.*'float31'"),
    (
        {"layers": [Linear(4, 3), ReLU(), Linear(2, 1)]},
        ShapeError,
        r"layer 2, Linear\(2, 1\), expects 2 features, got 3 from layer 1",
    ),
    (
        {"layers": [Linear(4, 3), Residual(5)]},
        ShapeError,
        r"layer 1, Residual\(\), expects 5 features, got 3 from layer 0, Linear\(4, 3\)",
    ),
]


@pytest.mark.parametrize(
    ("arguments", "error", "message"), BAD, ids=lambda v: v if isinstance(v, str) else ""
)
def test_an_invalid_model_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Sequential(
            **{"layers": [Linear(4, 1), Sigmoid()], "loss": BinaryCrossEntropy(), **arguments}
        )


def test_a_refused_layer_can_still_be_used():
    layer = Linear(4, 3)
    with pytest.raises(ShapeError):
        Sequential([layer, Linear(2, 1)], loss=MeanSquaredError())
    Sequential([layer], loss=MeanSquaredError())


class Tied(Gain):
    """Has a parameter of another layer."""

    def __init__(self, parameter):
        self.gain = parameter


def shared(way):
    """Return the layers of two models that share a layer or parameter, and the message."""
    layer, block, owner = Linear(4, 4), Residual(4), Linear(4, 4)
    parameter = Parameter((4,), init=Ones())
    return {
        "a second model": ([layer], [layer], "already belongs to another model"),
        "a second model, held": ([layer], [Holder(layer)], "already belongs to another model"),
        "a part of a layer of another model": (
            [block],
            [block.last],
            "already belongs to another model",
        ),
        "a parameter of another model": (
            [owner],
            [Tied(owner.bias)],
            "already belongs to another model",
        ),
        "the same layer twice": (
            [],
            [layer, ReLU(), layer],
            r"layer 2, .*is layer 0 too",
        ),
        "a layer and its part": ([], [block, block.last], r"layer 1, .*is layer 0.last too"),
        "a parameter of two layers": (
            [],
            [Tied(parameter), Tied(parameter)],
            r"'gain' of layer 1, .*is 'gain' of layer 0 too",
        ),
    }[way]


class Holder(Gain):
    def __init__(self, layer):
        super().__init__(4)
        self.layer = layer


WAYS = (
    "a second model, a second model/held, a part of a layer of another model, a parameter of "
    "another model, "
    "the same layer twice, a layer and its part, a parameter of two layers"
)


@pytest.mark.parametrize("way", [way.replace("/", ", ") for way in WAYS.split(", ")])
def test_no_layer_or_parameter_may_be_in_two_models_or_twice_in_one(way):
    first, second, message = shared(way)
    model = Sequential(first, loss=MeanSquaredError()) if first else None
    before = None if model is None else model.parameters.theta.copy()
    with pytest.raises(LayerReuseError, match=message):
        Sequential(second, loss=MeanSquaredError())
    if model is not None:
        np.testing.assert_array_equal(model.parameters.theta, before)
        assert all(
            np.shares_memory(parameter.value, model.parameters.theta)
            for _, parameter in model.parameters
        )


def test_a_copied_layer_may_be_in_another_model():
    layer = Linear(4, 4)
    first = Sequential([layer], loss=MeanSquaredError())
    second = Sequential([copy.deepcopy(layer)], loss=MeanSquaredError())
    np.testing.assert_array_equal(first.parameters.theta, second.parameters.theta)
    second.parameters.theta[...] = 0
    assert first.parameters.theta.any()


def test_two_models_may_share_a_loss_object():
    loss = MeanSquaredError()
    first, second = (
        Objective([Linear(4, 1)], loss=loss, rng=np.random.default_rng(seed), dtype=np.float64)
        for seed in (1, 2)
    )
    x = X[:, :4]
    first.data_loss(Batch(x, TARGETS[1]))
    second.data_loss(Batch(2 * x, TARGETS[1]))
    first.backward()
    expected = 2 / 6 * ((first.forward(x) - TARGETS[1]).T @ x)
    np.testing.assert_allclose(first.parameters["0.weight"].grad, expected, rtol=1e-12)


def test_a_forward_pass_in_training_drops_units_and_one_outside_does_not():
    model = Sequential([Dropout(0.5)], loss=MeanSquaredError(), seed=0)
    x = np.ones((4, 50), model.dtype)
    objective = model.objective_function
    assert set(np.unique(objective.forward(x, training=True))) == {0, 2}
    assert set(np.unique(objective.forward(x))) == {1}
