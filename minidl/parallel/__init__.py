"""Training by several processes, which exchange gradients by MPI."""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
