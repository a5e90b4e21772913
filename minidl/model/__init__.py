"""The model that users hold."""

from .sequential import Sequential

__all__ = ["Sequential"]
