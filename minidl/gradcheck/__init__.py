"""Gradient checking."""

from .checker import GradientChecker
from .functions import check_gradients
from .report import GradientError, Report
from .verdict import Check

__all__ = ["Check", "GradientChecker", "GradientError", "Report", "check_gradients"]
