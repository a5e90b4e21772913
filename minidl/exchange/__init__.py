"""Exchange: parameters and models for other programs, and back."""

from .onnx import export_onnx
from .tensors import from_course, load_safetensors, save_safetensors, to_course

__all__ = ["export_onnx", "from_course", "load_safetensors", "save_safetensors", "to_course"]
