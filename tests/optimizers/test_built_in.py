"""Every exported optimizer declares what the command line, the estimators and the documentation need."""

import pytest

from minidl import Optimizer, optimizers
from minidl.cli import model_options
from minidl.utils.parts import exported_parts

BUILT_IN = exported_parts(optimizers, Optimizer)


@pytest.mark.parametrize("kind", BUILT_IN)
def test_it_declares_its_name_on_the_command_line(kind):
    assert vars(kind).get("option_name"), (
        f'give {kind.__name__} a class attribute option_name = "...": its name after --optimizer '
        "(and in the estimators, with underscores, unless it has an estimator_name)"
    )


@pytest.mark.parametrize("kind", BUILT_IN)
def test_it_declares_whether_it_is_adaptive(kind):
    declared = any("is_adaptive" in vars(base) for base in kind.__mro__ if base is not Optimizer)
    assert declared, (
        f"give {kind.__name__} a class attribute is_adaptive: True if the size of a step hardly "
        "depends on the scale of the gradient, which needs a smaller default learning rate"
    )


def test_the_names_differ():
    names = [kind.option_name for kind in BUILT_IN]
    assert len(set(names)) == len(names)


def test_the_command_line_offers_all_of_them():
    assert set(model_options.OPTIMIZERS.values()) == set(BUILT_IN)
    assert {name for name, kind in model_options.OPTIMIZERS.items() if kind.is_adaptive} == {
        "adam",
        "adamw",
        "rmsprop",
    }


def test_the_estimators_offer_all_of_them():
    estimators = pytest.importorskip("minidl.sklearn")
    assert set(estimators.OPTIMIZERS.values()) == set(BUILT_IN)
    assert estimators.OPTIMIZERS["sgd"] is optimizers.GradientDescent
