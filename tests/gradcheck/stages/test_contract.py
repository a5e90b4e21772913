"""The contract: the rows of every part's rules, before any derivative is computed."""

from collections import Counter

import numpy as np
import pytest
from helpers import rows
from stage_context import context_of, layers_of

from minidl import (
    L1,
    L2,
    BinaryCrossEntropy,
    Dropout,
    Linear,
    MeanSquaredError,
    Sequential,
    Sigmoid,
)
from minidl.errors import NonFiniteError
from minidl.gradcheck.contract.layer_rules import LAYER_RULES
from minidl.gradcheck.contract.loss_rules import LOSS_RULES
from minidl.gradcheck.contract.penalty_rules import PENALTY_RULES
from minidl.gradcheck.stages.contract import check_contract, check_rules_of_zeros
from minidl.testing import check_layer


def net(*penalties):
    layers = [Linear(3, 4), Dropout(0.5), Linear(4, 1), Sigmoid()]
    return Sequential(
        layers, loss=BinaryCrossEntropy(), penalties=penalties, dtype=np.float64, seed=2
    )


def test_every_part_has_its_rows():
    with context_of(net(L2(0.1), L1(0.1, layers=[1])), *rows()) as context:
        checks = check_contract(context).checks
    assert {check.term for check in checks} == {"protocol"}
    counts = Counter((check.layer, check.training, check.component) for check in checks)
    layers = {
        (0, False, "Linear(3, 4)"): len(LAYER_RULES),
        (1, False, "Dropout(0.5)"): len(LAYER_RULES),
        (1, True, "Dropout(0.5)"): len(LAYER_RULES),
        (2, False, "Linear(4, 1)"): len(LAYER_RULES),
        (3, False, "Sigmoid()"): len(LAYER_RULES),
    }
    # L1 acts on no parameter; the loss is the one that is fused with the last layer.
    others = {(None, False, "L2(0.1)"): len(PENALTY_RULES)}
    others[None, False, str(context.objective.training_loss)] = len(LOSS_RULES)
    assert counts == layers | others


def test_nothing_is_tested_if_the_objective_is_not_finite():
    X, Y = rows()
    with context_of(net(), X, Y) as context:
        context.sandbox.arrays[0, "bias"]["real"][...] = np.nan
        with pytest.raises(NonFiniteError, match=r"layer 0, Linear\(3, 4\)"):
            check_contract(context)


class OffInSingle(Linear):
    """Linear, then ReLU if asked for; dx in float32 is 2 % too large."""

    def __init__(self, *sizes, rectifies=False):
        super().__init__(*sizes)
        self.rectifies = rectifies

    def forward(self, x, *, training=False):
        y = super().forward(x)
        self.slope = (y.real > 0) if self.rectifies else np.ones(y.shape)
        return y * self.slope

    def backward(self, dy):
        dx = super().backward(dy * self.slope.astype(dy.dtype))
        return dx * np.float32(1.02) if dx.dtype == np.float32 else dx


@pytest.mark.parametrize("rectifies", [False, True])
def test_rules_are_tested_again_where_a_gradient_that_was_zero_is_none(rectifies):
    layer = OffInSingle(3, 2, rectifies=rectifies)
    model = Sequential([layer], loss=MeanSquaredError(), dtype=np.float64, seed=2)
    layer.weight.value[...] = 0.0
    X = -1 - np.random.default_rng(0).random((5, 3))  # weights above 0 let nothing pass, either
    assert check_layer(layer, X).failures
    with context_of(model, X, np.ones((5, 2))) as context:
        rows = check_contract(context).checks
        _, layers = layers_of(context)
        assert not any(check.verdict == "fail" for check in rows)
        with context.sandbox.perturbed({(0, "weight"): np.full((2, 3), 0.5)}):
            again = check_rules_of_zeros(layers.layers.values())
    assert [check.parameter for check in again if check.verdict == "fail"] == ["float32 as float64"]
