"""How the rows of a dataset became inputs of a network, and what its outputs are called."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from .. import DataError
from ..serialization.container import damaged_error, read_verified
from ..serialization.model_file import DATASET_ENTRY
from ..serialization.strict_json import matches_schema
from ..utils.atomic_files import FilePath
from ..utils.typing import Array

MAX_JSON = 2**20  # a quarter of what the description of a model may take


class Scaling(NamedTuple):
    """Makes each column one of mean 0 and standard deviation 1 over the training rows.

    Parameters
    ----------
    exponents : ndarray of shape (d,), int32
        Powers of two by which each column is divided first: they change no digits, but let the
        square of any number be one.
    mean, deviation : ndarray of shape (d,), float64
        Of what is left, over the training rows; 1 instead of a deviation of 0.
    """

    exponents: Array
    mean: Array
    deviation: Array

    def apply(self, X: Array) -> None:
        """Scale rows in place."""
        np.ldexp(X, -self.exponents, out=X)
        X -= self.mean
        X /= self.deviation


def scale_in_place(train: Array, test: Array) -> Scaling:
    """Scale the training and the test rows, and return how.

    Parameters
    ----------
    train, test : ndarray of shape (m, d), float64
        The rows, which change.

    Returns
    -------
    Scaling
        That of the training rows.
    """
    largest = np.maximum(train.max(axis=0), -train.min(axis=0))
    exponents = np.frexp(largest)[1]
    for rows in (train, test):
        np.ldexp(rows, -exponents, out=rows)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1
    for rows in (train, test):
        rows -= mean
        rows /= deviation
    return Scaling(exponents, mean, deviation)


class Preparation(NamedTuple):
    """What the file of a network holds besides, so that rows of a table can be predicted.

    Parameters
    ----------
    n_features : int
        Numbers of an example.
    classes : list of str
        The names of the classes.
    columns : list of str or None
        The names of the columns, that of the class last.
    scaling : Scaling or None
        How the columns were scaled.
    """

    n_features: int
    classes: list[str]
    columns: list[str] | None
    scaling: Scaling | None

    def entry(self) -> dict[str, Any] | None:
        """Return it as the file has it; None if it would be too large."""
        scaling = self.scaling and {k: v.tolist() for k, v in self.scaling._asdict().items()}
        entry = {**self._asdict(), "scaling": scaling}
        return entry if len(json.dumps(entry)) <= MAX_JSON else None


def read_preparation(path: FilePath, limit: int) -> Preparation | None:
    """Return what the file of a network tells of its dataset.

    Parameters
    ----------
    path : path-like
        The file.
    limit : int
        Bytes that it may have.

    Returns
    -------
    Preparation or None
        None if `minidl train` has not written the file.

    Raises
    ------
    DataError
        If the file does not tell it, because there are too many columns, or tells nonsense.
    """
    content = read_verified(path, limit, limit_name="--limit").content
    if DATASET_ENTRY not in content:
        return None
    entry = content[DATASET_ENTRY]
    if entry is None:
        raise DataError(
            f"{path}: must tell how its columns were scaled, found too many columns to keep that: "
            "use the API"
        )
    if not _is_valid(entry):
        raise damaged_error(path, "must tell its dataset as minidl train does, found other values")
    scaling = entry["scaling"] and Scaling(**{k: np.array(v) for k, v in entry["scaling"].items()})
    return Preparation(**{**entry, "scaling": scaling})


_MAX_EXPONENT = 1100  # of float64
_SCHEMA: dict[str, Any] = {
    "n_features": int,
    "classes": [str],
    "columns": [str],
    "scaling": {"exponents": [int], "mean": [float], "deviation": [float]},
}


def _is_valid(entry: Any) -> bool:
    """Return whether an entry has the right structure, and as many numbers as columns."""
    if not isinstance(entry, dict):
        return False
    absent = {key: (None,) for key in ("columns", "scaling") if entry.get(key, 0) is None}
    if not matches_schema(entry, _SCHEMA | absent):
        return False
    n_features, columns, scaling = entry["n_features"], entry["columns"], entry["scaling"]
    if n_features < 1 or (columns is not None and len(columns) != n_features + 1):
        return False
    return scaling is None or (
        {*map(len, scaling.values())} == {n_features}
        and max(map(abs, scaling["exponents"])) <= _MAX_EXPONENT
        and min(scaling["deviation"]) > 0
    )
