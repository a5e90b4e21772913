"""Which rules a layer breaks, and a layer to derive such layers from."""

import numpy as np
from custom_parts import Gain

from minidl.gradcheck.contract.layer_rules import LAYER_RULES, check_layer_rules
from minidl.gradcheck.layer_harness import LayerHarness
from minidl.gradcheck.sandbox import ModelSandbox


def broken(layer, x=None, training=False):
    """Return {rule: what is said} of the rules that the layer breaks."""
    x = np.random.default_rng(0).standard_normal((5, 4)) if x is None else x
    with ModelSandbox([layer]) as sandbox:
        checks = check_layer_rules(
            LayerHarness(sandbox, 0, training=training), x, np.random.default_rng(1)
        )
    assert [check.parameter for check in checks] == [rule.title for rule in LAYER_RULES.values()]
    assert all((check.verdict == "fail") == bool(check.diagnosis) for check in checks)
    return {check.parameter: check.diagnosis for check in checks if check.verdict == "fail"}


class Broken(Gain):
    """Learns a factor for each of 4 features; a subclass breaks a rule."""

    def __init__(self):
        super().__init__(4)
