"""Exchange of models and parameters with other programs: safetensors, ONNX, dictionaries."""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
