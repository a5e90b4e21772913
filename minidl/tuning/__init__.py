"""What to try before a long training: which learning rate suits, and whether one batch can be learned at all.

Both work on copies: model, optimizer and random streams stay as they are, bit for bit.
"""

from .overfit import OverfitReport, overfit_one_batch
from .rates import RateSearch, lr_find

__all__ = ["OverfitReport", "RateSearch", "lr_find", "overfit_one_batch"]
