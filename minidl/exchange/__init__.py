"""Exchange: weights and models for other programs, and back; one file per format.

PyTorch reads and writes the weights by `save_safetensors` and `load_safetensors` (extra `safetensors`), whatever runs ONNX takes the
whole model by `export_onnx` (extra `onnx`), and the course's functions take its dictionary by `to_course` and `from_course`.
"""

from .course import from_course, to_course
from .onnx import export_onnx
from .safetensors import load_safetensors, save_safetensors

__all__ = ["export_onnx", "from_course", "load_safetensors", "save_safetensors", "to_course"]
