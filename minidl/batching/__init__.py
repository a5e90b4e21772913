"""Mini-batches, and rows read from arrays that do not fit into memory."""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
