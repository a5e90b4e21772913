"""Models and parameters for other programs: PyTorch, ONNX runtimes, the course's functions."""

from .course import from_course, to_course
from .onnx import export_onnx
from .safetensors import load_safetensors, save_safetensors

__all__ = ["export_onnx", "from_course", "load_safetensors", "save_safetensors", "to_course"]
