"""The conformance kit: does a layer, a loss, a penalty or an optimizer of one's own keep the contract? One line per test.

Each `check_...` returns a report, as a gradient check does, with the rules that need no derivative as rows of the term "protocol";
`.raise_if_failed()` makes a test of it. `assert_gradients` does so for a whole model.

>>> from minidl import Tanh
>>> report = check_layer(Tanh(), [[0.5, -1.0]]).raise_if_failed()
"""

from .layers import assert_gradients, check_layer
from .losses import check_loss
from .optimizers import check_optimizer
from .penalties import check_penalty

__all__ = ["assert_gradients", "check_layer", "check_loss", "check_optimizer", "check_penalty"]
