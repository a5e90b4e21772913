"""Gradient checking.

`check_model` checks a minidl model in stages; `functions` checks any function of arrays.
Numeric derivatives are in `numeric`, the rounding error of the analytic side in `rounding`, rules
that need no derivative in `contract`, causes of failures in `diagnosis`, the result in `report`.
"""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
