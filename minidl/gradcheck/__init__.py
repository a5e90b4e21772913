"""Gradient checking."""

from .check_function import check_gradients
from .check_model import GradientChecker
from .report.report import GradientError, Report
from .result import Check

__all__ = ["Check", "GradientChecker", "GradientError", "Report", "check_gradients"]
