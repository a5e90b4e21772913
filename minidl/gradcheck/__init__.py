"""Gradient checking: whether a backward is right, and if not, where and how it is wrong."""

from .checker import GradientChecker
from .functions import check_gradients
from .verdict import Check, GradientError, Report

__all__ = ["Check", "GradientChecker", "GradientError", "Report", "check_gradients"]
