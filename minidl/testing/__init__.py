"""Checks for custom layers, losses, penalties and optimizers.

Each function returns a `Report`; ``.raise_if_failed()`` turns it into a test. A report
is ok, failed or unresolved; the last is accepted by ``raise_if_failed(allow_unresolved=True)``.
"""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
