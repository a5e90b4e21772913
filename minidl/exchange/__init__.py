"""Models and parameters for other programs: safetensors, ONNX, parameter dictionaries."""

from .course import from_course, to_course
from .onnx import export_onnx
from .onnx_graph import OnnxGraph
from .safetensors import load_safetensors, save_safetensors

__all__ = [
    "OnnxGraph",
    "export_onnx",
    "from_course",
    "load_safetensors",
    "save_safetensors",
    "to_course",
]
