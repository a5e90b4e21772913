"""The rules of the layer contract."""

from __future__ import annotations

import warnings

import numpy as np

from ...errors import ArgumentError
from ...utils.typing import Array
from ..layer_harness import LayerHarness
from ..result import Check
from .call_rules import CALL_RULES
from .gradient_rules import GRADIENT_RULES
from .layer_run import LayerRun
from .member_rules import MEMBER_RULES
from .rule import Rule, run_rules
from .state_rules import STATE_RULES, has_hidden_state

LAYER_RULES: dict[str, Rule[LayerRun]] = {
    rule.id: rule for rule in (*CALL_RULES, *MEMBER_RULES, *STATE_RULES, *GRADIENT_RULES)
}
"""The rules by their ids, in the order in which they are tested."""


def check_layer_rules(harness: LayerHarness, x: Array, rng: np.random.Generator) -> list[Check]:
    """Test every rule on a layer at the input `x`.

    Parameters
    ----------
    harness : LayerHarness
        The layer, in training mode or not.
    x : ndarray
        The input, in float64.
    rng : numpy.random.Generator
        Draws a second input, two cotangents, and noise.

    Returns
    -------
    list of Check
        A row for each rule, in the order of `LAYER_RULES`.

    Raises
    ------
    ArgumentError
        If the output is random and no generator could be reset to repeat it.
    """

    def guarded(rule: Rule[LayerRun]) -> Rule[LayerRun]:
        def find_violation(run: LayerRun) -> str | None:
            try:
                return rule.find_violation(run)
            except Exception as error:
                kind = type(error).__name__
                return f"it raises {kind}, for a batch of another size perhaps: {error}"

        return rule._replace(find_violation=find_violation)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        run = LayerRun.of(harness, x, rng)
        repeats = np.array_equal(run.repeated_y, run.y, equal_nan=True)
        if not repeats and not has_hidden_state(run):  # which a rule reports
            raise ArgumentError(
                f"layer {harness.number}, {harness.layer}: two forward passes differ, so its "
                "randomness cannot be frozen: draw only from a Generator such as self.rng, and "
                "only while training"
            )
        checks = run_rules(map(guarded, LAYER_RULES.values()), run, str(harness.layer))
    for check in checks:
        check.layer, check.training = harness.number, harness.training
    return checks
