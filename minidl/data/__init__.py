"""Labelled images, points in the plane, a train/validation split and a safe HDF5 reader.

A module is imported when one of its names is first used: saving a model needs the HDF5 writer, but
no images.
"""

from ..utils.lazy import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
