"""Labelled images, points in the plane, a train/validation split and a safe HDF5 reader.

A module is imported when one of its names is first used: saving a model needs the HDF5 reader and
no image.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for editors and type checkers; see `_MODULE_OF`
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

_MODULE_OF = {
    "Dataset": "dataset",
    "Field": "hdf5_schema",
    "Limits": "hdf5_schema",
    "Split": "dataset",
    "load_cats": "course_images",
    "load_signs": "course_images",
    "read_hdf5": "hdf5_reader",
    "read_image": "images",
    "train_validation_split": "split",
    "write_cats": "synthetic_images",
}


def __getattr__(name: str) -> Any:
    if name == "planar":
        return import_module(".planar", __name__)
    if name in _MODULE_OF:
        value = globals()[name] = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
