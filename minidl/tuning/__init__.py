"""Diagnostics to run before a long training; they leave the model unchanged."""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
