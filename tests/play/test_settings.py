"""Settings, and the networks that follow from them."""

import pytest

from minidl import L2, Adam, ArgumentError, Momentum
from minidl.play.points import drawn_sets
from minidl.play.settings import (
    ACTIVATIONS,
    BATCH_SIZES,
    DROPOUT_RATES,
    L2_COEFFICIENTS,
    LEARNING_RATES,
    OPTIMIZERS,
    Settings,
    widths_of,
)


def test_the_first_settings_are_in_the_lists():
    settings = Settings()
    assert settings.activation in ACTIVATIONS
    assert settings.optimizer in OPTIMIZERS
    assert settings.learning_rate in LEARNING_RATES
    assert settings.batch_size in BATCH_SIZES
    assert settings.l2 in L2_COEFFICIENTS
    assert settings.dropout in DROPOUT_RATES


def test_optimizers_that_make_no_steps_of_batches_are_not_offered():
    assert "adam" in OPTIMIZERS
    assert not {"lbfgs", "cg"} & {*OPTIMIZERS}


@pytest.mark.parametrize(
    ("settings", "name", "layers"),
    [
        (Settings(widths=()), "moons", "(Linear(2, 1), Sigmoid())"),
        (
            Settings(widths=(3,), activation="relu", dropout=0.2),
            "blobs",
            "(Linear(2, 3), ReLU(), Dropout(0.8), Linear(3, 3), Softmax())",
        ),
    ],
)
def test_a_network_follows_from_settings(settings, name, layers):
    assert str(settings.model(drawn_sets()[name]()).layers) == layers


def test_penalty_and_optimizer_follow_from_settings(moons):
    settings = Settings(l2=0.1, optimizer="momentum", learning_rate=0.3)
    assert [str(penalty) for penalty in settings.model(moons).penalties] == [str(L2(0.1))]
    assert str(settings.new_optimizer()) == str(Momentum(0.3))
    assert str(Settings().new_optimizer()) == str(Adam(0.01))
    assert Settings().model(moons).penalties == ()


def test_the_weights_are_the_same_with_and_without_a_mistake(moons):
    broken = Settings(broken=2, mistake="weight: forgotten")
    theta = Settings().model(moons).parameters.theta
    assert (broken.model(moons).parameters.theta == theta).all()
    assert broken.planned_mistake(broken.plan(moons)).wrong == "0"


@pytest.mark.parametrize(
    ("broken", "mistake"), [(None, ""), (9, "weight: forgotten"), (1, "weight: forgotten")]
)
def test_a_mistake_that_the_network_has_no_place_for_is_not_made(moons, broken, mistake):
    settings = Settings(broken=broken, mistake=mistake)
    assert settings.planned_mistake(settings.plan(moons)) is None


@pytest.mark.parametrize(
    ("text", "widths"), [("", ()), (" 8 ", (8,)), ("8,4", (8, 4)), ("64 1, 2", (64, 1, 2))]
)
def test_widths_are_read(text, widths):
    assert widths_of(text) == widths


@pytest.mark.parametrize(
    "text", ["0", "65", "-1", "1.5", "a", "1,2,3,4,5,6,7", "9" * 5000, "\u0663", "1_0", "8;4"]
)
def test_other_texts_are_refused(text):
    with pytest.raises(ArgumentError, match="must be at most 6 numbers from 1 to 64, got "):
        widths_of(text)
