"""The course's pictures or drawn stand-ins, points in the plane, a validation split, and the safe reader of HDF5 files."""

from . import planar
from .dataset import Dataset, Part, read_image, train_validation_split
from .hdf5 import read_hdf5
from .hdf5_rules import Field, Limits
from .pictures import load_cats, load_signs
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
