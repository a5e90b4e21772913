"""Layers that cannot give probabilities of classes are refused."""

import numpy as np
import pytest

from minidl import (
    ELU,
    GELU,
    CategoricalCrossEntropy,
    Chain,
    Hinge,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
    SigmoidCrossEntropy,
    SiLU,
    Softmax,
    SoftmaxCrossEntropy,
    Softplus,
    Tanh,
)
from minidl.errors import ArgumentError
from minidl.layers.probabilities import check_probabilities


@pytest.mark.parametrize("last", [ELU, GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softplus, Tanh])
def test_an_activation_of_single_outputs_is_refused_under_class_probabilities(last):
    with pytest.raises(ArgumentError, match=rf"last layer is {last.__name__}.*Softmax\(\)"):
        Sequential([Linear(2, 3), last()], loss=CategoricalCrossEntropy())


def test_a_linear_end_is_refused_and_nothing_of_the_layers_is_used_up():
    layers = [Linear(2, 3)]
    with pytest.raises(ArgumentError, match=r"end the layers in Softmax\(\); append it after"):
        Sequential(layers, loss=CategoricalCrossEntropy())
    Sequential([*layers, Softmax()], loss=CategoricalCrossEntropy())


@pytest.mark.parametrize("loss", [CategoricalCrossEntropy(), MeanSquaredError()], ids=str)
def test_softmax_twice_is_refused(loss):
    with pytest.raises(ArgumentError, match="must not follow another one, got layers 1 and 2"):
        Sequential([Linear(2, 3), Softmax(), Softmax()], loss=loss)


def test_a_loss_of_logits_takes_linear_outputs():
    check_probabilities([Linear(2, 3)], SoftmaxCrossEntropy())
    check_probabilities([Linear(2, 3)], MeanSquaredError())


@pytest.mark.parametrize(
    ("last", "loss", "message"),
    [
        (Sigmoid, SigmoidCrossEntropy(label_smoothing=0.1), "takes logits.*use BinaryCross"),
        (Sigmoid, Hinge(), "takes scores.*use BinaryCross"),
        (Softmax, SoftmaxCrossEntropy(), "takes logits.*use CategoricalCross"),
    ],
    ids=str,
)
def test_a_loss_of_logits_refuses_probabilities(last, loss, message):
    with pytest.raises(ArgumentError, match=f"{message}") as caught:
        Sequential([Linear(2, 3), Chain(Tanh(), last())], loss=loss)
    assert f"the last layer is {last.__name__}(): remove layer 1.1, or use" in str(caught.value)
    with pytest.raises(ArgumentError, match="remove layer 1, or use"):
        Sequential([Linear(2, 3), last()], loss=loss)


def test_a_subclass_may_give_probabilities():
    class Normalized(ReLU):
        def activate(self, x, out):
            np.abs(x, out=out)
            out /= out.sum(axis=-1, keepdims=True)

    check_probabilities([Linear(2, 3), Normalized()], CategoricalCrossEntropy())


def test_chains_are_judged_by_their_layers():
    layers = [Tanh(), Chain(Chain(Linear(2, 3), Sigmoid()))]
    with pytest.raises(ArgumentError, match=r"is Sigmoid\(\): .* in place of layer 1\.0\.1$"):
        Sequential(layers, loss=CategoricalCrossEntropy())
    with pytest.raises(ArgumentError, match=r"got layers 0\.1 and 1: remove one"):
        Sequential([Chain(Linear(2, 3), Softmax()), Softmax()], loss=CategoricalCrossEntropy())
    Sequential([Chain(Linear(2, 3), Softmax())], loss=CategoricalCrossEntropy())
