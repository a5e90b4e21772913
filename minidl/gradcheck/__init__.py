"""Gradient checking: is a hand-written backward right, and if not, where and how is it wrong?"""

from .checker import GradientChecker
from .report import GradientError, Report
from .verdict import Check

__all__ = ["Check", "GradientChecker", "GradientError", "Report"]
