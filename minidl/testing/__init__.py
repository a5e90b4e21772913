"""Checks for custom layers, losses, penalties and optimizers.

Each function returns a `Report`; ``.raise_if_failed()`` turns it into a test.
"""

from __future__ import annotations

from .layers import check_layer
from .losses import check_loss
from .models import assert_gradients
from .optimizers import check_optimizer
from .penalties import check_penalty

__all__ = ["assert_gradients", "check_layer", "check_loss", "check_optimizer", "check_penalty"]
