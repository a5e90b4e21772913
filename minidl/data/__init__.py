"""Labelled images, points in the plane, a train/validation split and a safe HDF5 reader."""

from . import planar
from .course_images import load_cats, load_signs
from .dataset import Dataset, Split
from .hdf5_reader import read_hdf5
from .hdf5_schema import Field, Limits
from .images import read_image
from .split import train_validation_split
from .synthetic_images import write_cats

__all__ = [
    "Dataset",
    "Field",
    "Limits",
    "Split",
    "load_cats",
    "load_signs",
    "planar",
    "read_hdf5",
    "read_image",
    "train_validation_split",
    "write_cats",
]
