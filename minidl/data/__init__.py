"""Data to learn from: the course's pictures or drawn stand-ins, points in the plane, and a validation split.

`load_cats` and `load_signs` return a `Dataset` that says where its pictures come from; `planar` draws point sets.
Files from outside are read by `read_hdf5` alone.
"""

from . import planar
from .dataset import Dataset, Part
from .hdf5 import read_hdf5
from .hdf5_rules import Field, Limits
from .image_file import read_image
from .pictures import load_cats, load_signs
from .split import train_validation_split
from .standin import write_cats

__all__ = [
    "Dataset",
    "Field",
    "Limits",
    "Part",
    "load_cats",
    "load_signs",
    "planar",
    "read_image",
    "read_hdf5",
    "train_validation_split",
    "write_cats",
]
