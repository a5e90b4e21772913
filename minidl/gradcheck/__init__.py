"""Gradient checking."""

from .checker import GradientChecker
from .functions import check_gradients
from .verdict import Check, GradientError, Report

__all__ = ["Check", "GradientChecker", "GradientError", "Report", "check_gradients"]
