"""Metrics, which tell how good predictions are. Training does not minimize them."""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
