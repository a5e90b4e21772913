import numpy as np
import pytest
from helpers import Gain, classifier

from minidl import (
    ArgumentError,
    BinaryCrossEntropy,
    Dropout,
    DtypeError,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Sequential,
    ShapeError,
    Tanh,
)
from minidl.exchange import from_course, to_course

SHAPES = {"W1": (5, 4), "b1": (5, 1), "W2": (3, 5), "b2": (3, 1), "W3": (1, 3), "b3": (1, 1)}


def dictionary():
    rng = np.random.default_rng(0)
    return {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}


def course_forward(X, parameters):
    """Compute as the DeepLearning.AI specialization does: each example is a column."""
    A = X
    layers = len(parameters) // 2
    for number in range(1, layers):
        A = np.maximum(0, np.dot(parameters[f"W{number}"], A) + parameters[f"b{number}"])
    return 1 / (1 + np.exp(-(np.dot(parameters[f"W{layers}"], A) + parameters[f"b{layers}"])))


def two_layers(bias=True):
    return Sequential(
        [Linear(4, 5, bias=bias), Dropout(0.5), Tanh(), Linear(5, 2)],
        loss=MeanSquaredError(),
        dtype=np.float64,
    )


def test_the_new_network_computes_the_reference_outputs():
    parameters, X = dictionary(), np.random.default_rng(1).standard_normal((4, 50))
    parameters["b3"] -= 1
    model = from_course(parameters)
    expected = course_forward(X, parameters)
    assert expected.min() < 0.5 < expected.max()
    np.testing.assert_allclose(model.predict(X.T).T, expected, rtol=1e-14)
    assert repr(model.loss) == "BinaryCrossEntropy()"


def test_a_round_trip_is_exact_bit_for_bit():
    parameters = dictionary()
    back = to_course(from_course(parameters))
    assert list(back) == list(SHAPES)
    for name, array in parameters.items():
        np.testing.assert_array_equal(back[name], array, strict=True)


def test_the_dictionary_of_a_model_computes_the_same_outputs():
    model, X = classifier(), np.random.default_rng(1).standard_normal((6, 3))
    np.testing.assert_allclose(
        course_forward(X.T, to_course(model)), model.predict(X).T, rtol=1e-14
    )


def test_a_passed_model_is_filled_and_returned():
    model, parameters = two_layers(), to_course(two_layers())
    changed = {name: array + 1 for name, array in parameters.items()}
    assert from_course(changed, model) is model
    np.testing.assert_array_equal(model.layers[0].weight.value, changed["W1"])
    np.testing.assert_array_equal(model.layers[3].bias.value, changed["b2"].ravel())


def test_the_dictionary_holds_copies():
    model = two_layers()
    before = model.parameters.theta.copy()
    for array in to_course(model).values():
        array += 1
    np.testing.assert_array_equal(model.parameters.theta, before)


def test_a_layer_without_bias_exports_zeros_and_accepts_none_or_zeros():
    model = two_layers(bias=False)
    parameters = to_course(model)
    np.testing.assert_array_equal(parameters["b1"], np.zeros((5, 1)))
    from_course(parameters, model)
    from_course({name: array for name, array in parameters.items() if name != "b1"}, model)
    parameters["b1"][3] = 0.5
    with pytest.raises(
        ArgumentError,
        match=r"b1 must be absent or 0 in from_course, because layer 0, "
        r"Linear\(4, 5, bias=False\), has no bias",
    ):
        from_course(parameters, model)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.int64, np.float64),
        (np.float16, np.float32),
    ],
)
def test_the_new_network_keeps_the_dtype(dtype, expected):
    assert (
        from_course({"W1": np.ones((1, 2), dtype), "b1": np.ones((1, 1), dtype)}).dtype == expected
    )


def test_a_passed_model_keeps_its_dtype():
    model = Sequential(
        [Linear(4, 5), ReLU(), Linear(5, 3), ReLU(), Linear(3, 1)], loss=BinaryCrossEntropy()
    )
    from_course(dictionary(), model)
    np.testing.assert_array_equal(
        model.layers[0].weight.value, dictionary()["W1"].astype(np.float32), strict=True
    )


def changed(**changes):
    return {
        name: array
        for name, array in {**to_course(two_layers()), **changes}.items()
        if array is not None
    }


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        (
            changed(W2=None),
            ArgumentError,
            r"must be W1, b1 to W2, b2 for 2 Linear layers; in from_course W2 is missing: add it",
        ),
        (changed(b2=None), ArgumentError, r"b2 is missing"),
        (changed(dW1=np.ones((5, 4))), ArgumentError, r"dW1 is unknown: remove it"),
        (changed(W3=np.ones((1, 2))), ArgumentError, r"W3 is unknown"),
        (
            changed(W1=np.ones((4, 5))),
            ShapeError,
            r"W1 must have shape \(5, 4\), as layer 0, Linear\(4, 5\), in from_course, "
            r"got \(4, 5\)",
        ),
        (
            changed(b2=np.ones(2)),
            ShapeError,
            r"b2 must have shape \(2, 1\), as layer 3, Linear\(5, 2\), in from_course, got \(2,\)",
        ),
        (changed(b2=np.ones((1, 2))), ShapeError, r"b2 must have shape \(2, 1\)"),
        (
            changed(b2=[[0.0], [np.nan]]),
            NonFiniteError,
            r"b2 must be finite, got nan at b2\[1, 0\]",
        ),
        (
            changed(W2=np.ones((2, 5), complex)),
            DtypeError,
            r"W2 must hold real numbers, got dtype complex128",
        ),
        (
            [1, 2],
            ArgumentError,
            r"parameters must be a dict with W1, b1, W2, \.\.\., got a list in from_course",
        ),
    ],
)
def test_parameters_that_do_not_fit_are_an_error_and_change_nothing(parameters, error, message):
    model = two_layers()
    before = model.parameters.theta.copy()
    with pytest.raises(error, match=message):
        from_course(parameters, model)
    np.testing.assert_array_equal(model.parameters.theta, before)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({}, ArgumentError, r"W1 is missing"),
        ({"W1": np.ones((1, 2))}, ArgumentError, r"b1 is missing"),
        ({"b1": np.ones((1, 2)), "W2": np.ones((1, 1))}, ArgumentError, r"W1 is missing"),
        (
            {"W1": np.ones(2), "b1": np.ones((1, 1))},
            ShapeError,
            r"W1 must be a matrix \(n1, n0\), got shape \(2,\)",
        ),
        (
            {**dictionary(), "W2": np.ones((3, 6))},
            ShapeError,
            r"layer 2, Linear\(6, 3\), expects 6 features, got 5",
        ),
        (
            {**dictionary(), "W2": np.full((3, 5), 1j)},
            DtypeError,
            r"W2 must hold real numbers, got dtype complex128",
        ),
        ({**dictionary(), "W2": "text"}, DtypeError, r"W2 must hold real numbers"),
        ({**dictionary(), "W2": [[1, 2], [3]]}, ShapeError, r"W2 must be a rectangular array"),
    ],
)
def test_other_dictionaries_are_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        from_course(parameters)


def test_other_layers_must_not_have_parameters():
    model = Sequential([Linear(4, 3), Gain(3)], loss=MeanSquaredError())
    for call in (lambda: to_course(model), lambda: from_course({}, model)):
        with pytest.raises(
            ArgumentError,
            match=r"layer 1, Gain\(\), has parameters, "
            r"but (to|from)_course supports only those of Linear",
        ):
            call()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda model: "net", ArgumentError, "model must be a Sequential, got 'net' in to_course"),
        (
            lambda model: model.astype(np.complex128),
            DtypeError,
            "must be in float32 or float64, got complex128 in to_course",
        ),
        (
            lambda model: model.layers[3].weight.value.fill(np.nan) or model,
            NonFiniteError,
            r"parameters must be finite, got nan at 3\.weight\[0, 0\] in to_course",
        ),
    ],
)
def test_other_models_have_no_dictionary(change, error, message):
    with pytest.raises(error, match=message):
        to_course(change(two_layers()))


def test_a_logistic_regression_there_and_back():
    rng = np.random.default_rng(0)
    w, b, X = rng.standard_normal((4, 1)), 0.3, rng.standard_normal((4, 9))
    model = from_course({"w": w, "b": b})
    expected = 1 / (1 + np.exp(-(w.T @ X + b)))
    np.testing.assert_allclose(model.predict(X.T).T, expected, rtol=1e-14)
    back = to_course(model, logistic_regression=True)
    np.testing.assert_array_equal(back["w"], w, strict=True)
    assert back["b"] == b
    assert back["w"].flags.owndata
    assert from_course({"w": w + 1, "b": np.array([[1]])}, model) is model
    assert to_course(model)["b1"] == [[1]]
    assert from_course({"w": np.zeros((2, 1)), "b": 0}).parameters.theta.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"w": np.ones((2, 1))}, ArgumentError, 'the parameters "w" and "b", got \'w\' in from_'),
        (
            {"w": np.ones((2, 1)), "b": 0, "costs": [1.0]},
            ArgumentError,
            "got 'w', 'b', 'costs' in from_course: pass these two alone",
        ),
        ({"w": np.ones((1, 2)), "b": 0}, ShapeError, r"a column \(n, 1\) .* got shapes \(1, 2\)"),
        ({"w": np.ones(2), "b": 0}, ShapeError, r"got shapes \(2,\) and \(\) in from_course"),
        ({"w": np.ones((2, 1)), "b": [0, 1]}, ShapeError, r"shapes \(2, 1\) and \(2,\)"),
    ],
)
def test_another_dictionary_with_w_is_refused(parameters, error, message):
    with pytest.raises(error, match=message):
        from_course(parameters)


def test_a_network_is_no_logistic_regression():
    message = r"must be one Linear layer with one output, got parameters of shapes {'W1': .*: leave"
    for model in (two_layers(), Sequential([Linear(2, 3)], loss=MeanSquaredError())):
        with pytest.raises(ArgumentError, match=message):
            to_course(model, logistic_regression=True)
