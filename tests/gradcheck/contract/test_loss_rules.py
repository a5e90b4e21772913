"""The rules of the loss contract: for each a loss that breaks just that one."""

import numpy as np
import pytest

from minidl import BinaryCrossEntropy, GradientChecker, Linear, MeanSquaredError, Sequential
from minidl.gradcheck.contract.loss_rules import LOSS_RULES, LossRun, check_loss_rules
from minidl.gradcheck.sandbox import ModelSandbox


def broken(loss):
    """Return the ids of the rules that the loss breaks."""
    rng = np.random.default_rng(0)
    prediction, target = rng.uniform(0.1, 0.9, (5, 2)), rng.uniform(0.1, 0.9, (5, 2))
    with ModelSandbox([], others=(loss,)) as sandbox:
        run = LossRun(loss, prediction, target, lambda: sandbox.reset(loss))
        checks = check_loss_rules(run)
    assert [check.parameter for check in checks] == [rule.title for rule in LOSS_RULES]
    pairs = zip(LOSS_RULES, checks, strict=True)
    return {rule.id for rule, check in pairs if check.verdict == "fail"}


class ARow(MeanSquaredError):
    def forward(self, prediction, target):
        return np.array([super().forward(prediction, target)])


class WritesTarget(MeanSquaredError):
    def forward(self, prediction, target):
        target *= 1.0
        return super().forward(prediction, target)


class Single(MeanSquaredError):
    def backward(self):
        return super().backward().astype(np.float32)


class Accumulates(MeanSquaredError):
    def backward(self):
        self.sum = getattr(self, "sum", 0) + super().backward()
        return self.sum


@pytest.mark.parametrize("loss", [MeanSquaredError(), BinaryCrossEntropy()])
def test_a_right_loss_keeps_all_rules(loss):
    assert broken(loss) == set()


@pytest.mark.parametrize(
    ("loss", "rule"),
    [
        (ARow(), "scalar_value"),
        (WritesTarget(), "arguments_untouched"),
        (Single(), "gradient_like_prediction"),
        (Accumulates(), "no_stale_cache"),
    ],
)
def test_a_broken_rule_is_named(loss, rule):
    assert broken(loss) == {rule}


def test_a_loss_that_keeps_its_first_batch_is_caught():
    class Stale(MeanSquaredError):
        def forward(self, prediction, target):
            if not hasattr(self, "first"):
                self.first = prediction.copy()
            return super().forward(prediction, target)

        def backward(self):
            return (
                super().backward() + 0 * self.first.sum()
                if self.first.shape != self._difference.shape
                else 2 * self.first / self.first.size
            )

    model = Sequential([Linear(4, 1)], loss=Stale())
    report = GradientChecker(model).check(np.eye(4), np.ones(4))
    assert any(
        check.parameter == "no stale cache" and check.layer is None for check in report.failures
    )
