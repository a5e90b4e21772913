"""The optimizer that the parameters describe, and parameters that contradict each other."""

import pytest
from estimator_data import ROWS, VALUES

from minidl import (
    LBFGS,
    Adam,
    AdamW,
    ArgumentError,
    ConjugateGradient,
    Cosine,
    GradientDescent,
    Momentum,
    Nesterov,
    PlateauDecay,
    RMSProp,
)
from minidl.sklearn import MinidlRegressor
from minidl.sklearn.optimization import (
    OPTIMIZER_OPTIONS,
    adapted_learning_rate,
    check_optimizer_options,
    first_learning_rate,
    needs_whole_set,
    new_optimizer,
)
from minidl.sklearn.solvers import SGD, AdamEpsilonHat


def options_of(**parameters):
    estimator = MinidlRegressor(**parameters)
    options = {name: getattr(estimator, name) for name in OPTIMIZER_OPTIONS}
    check_optimizer_options(options)
    return options


OWN = {"momentum": 0.5, "beta_1": 0.6, "beta_2": 0.7, "epsilon": 0.1, "tol": 0.2, "max_fun": 9}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, AdamEpsilonHat(0.001, 0.9, 0.999, 1e-8)),
        (OWN, AdamEpsilonHat(0.001, 0.6, 0.7, 0.1)),
        ({"solver": "sgd"}, SGD(0.001, 0.9, nesterov=True)),
        ({"solver": "sgd", "nesterovs_momentum": False, **OWN}, SGD(0.001, 0.5, nesterov=False)),
        (
            {"solver": "lbfgs"},
            LBFGS(gradient_tolerance=1e-4, max_evaluations=15_000),
        ),
        ({"solver": "lbfgs", **OWN}, LBFGS(gradient_tolerance=0.2, max_evaluations=9)),
        ({"optimizer": "sgd", "learning_rate_init": 0.5}, SGD(0.5)),
        ({"optimizer": "adam", "learning_rate": 0.5}, AdamEpsilonHat(0.5)),
        ({"optimizer": "lbfgs"}, LBFGS(gradient_tolerance=1e-4, max_evaluations=15_000)),
        ({"optimizer": "cg", **OWN}, ConjugateGradient(gradient_tolerance=0.2)),
        ({"optimizer": "gd", "learning_rate": 0.5, **OWN}, GradientDescent(0.5)),
        ({"optimizer": "momentum", **OWN}, Momentum(0.001, 0.5)),
        ({"optimizer": "nesterov", **OWN}, Nesterov(0.001, 0.5)),
        ({"optimizer": "adamw", **OWN}, AdamW(0.001, 0.6, 0.7, 0.1)),
        ({"optimizer": "rmsprop", **OWN}, RMSProp(0.001)),
        ({"optimizer": Momentum(3.0), "learning_rate_init": 0.5, **OWN}, Momentum(3.0)),
        ({"learning_rate": Cosine(0.1, 9)}, AdamEpsilonHat(Cosine(0.1, 9))),
        ({"learning_rate": Cosine(0.1, 9), "solver": "sgd"}, SGD(Cosine(0.1, 9))),
    ],
    ids=str,
)
def test_each_optimizer_gets_its_parameters(parameters, expected):
    made = new_optimizer(options_of(**parameters))
    assert type(made) is type(expected)
    assert made.hyperparameters() == expected.hyperparameters()


def test_an_object_is_copied():
    given = Adam(0.5)
    assert new_optimizer(options_of(optimizer=given)) is not given


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"optimizer": "adamw", "solver": "sgd"},
            "optimizer is chosen instead of solver, got both, optimizer='adamw' and solver='sgd'",
        ),
        ({"optimizer": Adam(), "solver": "lbfgs"}, "got both, optimizer=Adam"),
        (
            {"learning_rate": 0.5, "learning_rate_init": 0.1},
            "got both, learning_rate=0.5 and learning_rate_init=0.1: leave one out",
        ),
        ({"solver": "lbfgs", "learning_rate": Cosine(0.1, 9)}, "takes no learning rate, got Cos"),
        (
            {"optimizer": "rmsprop", "learning_rate": "adaptive"},
            "learning_rate='adaptive' is for solver=\"sgd\", got optimizer='rmsprop': pass learn",
        ),
        ({"optimizer": Adam(), "learning_rate": "invscaling"}, "is for solver=.sgd., got"),
        ({"optimizer": Adam}, "optimizer must be one of 'adam', .* or an Optimizer, got <class"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(parameters, message):
    with pytest.raises(ArgumentError, match=message):
        MinidlRegressor(**parameters).fit(ROWS, VALUES)


def test_how_the_learning_rate_changes():
    assert first_learning_rate(options_of(learning_rate_init=0.5, learning_rate="adaptive")) == 0.5
    assert first_learning_rate(options_of(learning_rate=0.25)) == 0.25
    for name in ("constant", "invscaling", "adaptive"):
        assert adapted_learning_rate(options_of(solver="sgd", learning_rate=name)) == name
        assert adapted_learning_rate(options_of(optimizer="sgd", learning_rate=name)) == name
        assert adapted_learning_rate(options_of(learning_rate=name)) == "constant"  # with Adam
    scheduled = options_of(solver="sgd", learning_rate=PlateauDecay(0.1))
    assert adapted_learning_rate(scheduled) == "constant"


@pytest.mark.parametrize(
    ("parameters", "whole"),
    [
        ({}, False),
        ({"solver": "lbfgs"}, True),
        ({"optimizer": "cg"}, True),
        ({"optimizer": LBFGS()}, True),
        ({"optimizer": "sgd"}, False),
        ({"optimizer": Adam()}, False),
    ],
)
def test_who_needs_the_whole_set_has_no_partial_fit(parameters, whole):
    assert needs_whole_set(options_of(**parameters)) == whole
    assert hasattr(MinidlRegressor(**parameters), "partial_fit") != whole
