"""Diagnostics to run before a long training; they leave the model unchanged."""

from .lr_finder import LearningRateSearch, lr_find
from .overfit import OverfitReport, overfit_one_batch

__all__ = ["LearningRateSearch", "OverfitReport", "lr_find", "overfit_one_batch"]
