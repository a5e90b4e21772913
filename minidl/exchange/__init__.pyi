from .course import from_course as from_course
from .course import to_course as to_course
from .onnx import export_onnx as export_onnx
from .onnx_graph import OnnxGraph as OnnxGraph
from .safetensors import load_safetensors as load_safetensors
from .safetensors import save_safetensors as save_safetensors
