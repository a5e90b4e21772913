"""The model, from its inputs to its evaluation."""

from .sequential import Sequential

__all__ = ["Sequential"]
