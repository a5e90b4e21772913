"""Reading untrusted MAT-files, the format of MATLAB, by SciPy."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from ..errors import DataError
from ..escaping import escaped
from ..utils.atomic_files import FilePath, read_bounded
from ..utils.typing import Array
from .hdf5_schema import RuleViolation
from .hdf5_validation import HDF5_SIGNATURE
from .mat_elements import check_numbers, clean_header, read_variables

MAX_BYTES = 256 * 2**20
MAX_NAMES = 20  # in an error


def read_mat(
    path: FilePath, X: str = "X", y: str = "y", *, limit: int = MAX_BYTES
) -> tuple[Array, Array]:
    """Read examples and targets from a MAT-file, the format of MATLAB.

    The file is not trusted: its size is limited, and so is what is unpacked from it; of its
    variables only numbers are read, which run no code.

    Parameters
    ----------
    path : path-like
        The file, of version 5 to 7: MATLAB's and SciPy's default, with or without compression.
    X, y : str, default "X" and "y"
        The names of the two variables. The set of points of the DeepLearning.AI specialization,
        "data.mat", also has the test set "Xval" and "yval".
    limit : int, default 256 MiB
        The largest allowed number of bytes of the file, and of what is unpacked from it.

    Returns
    -------
    X : ndarray of shape (m, ...), float64
        The examples. In the file, their axis is the first or the last one, whichever is as long as
        y; if both are, it is the one that y has.
    Y : ndarray of shape (m, 1), float64
        The targets; in the file a row or a column.

    Raises
    ------
    MissingDataError
        If the file does not exist.
    DataError
        If it is no MAT-file of such a version, is damaged or above the limit, lacks a variable, or
        if a variable does not hold finite real numbers in a fitting shape.

    See Also
    --------
    read_hdf5 : Reads arrays from HDF5 files.
    train_validation_split : Splits a set in two.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import scipy.io
    >>> from minidl.data import read_mat
    >>> points = {"X": [[0.0, 1.0, 2.0], [5.0, 6.0, 7.0]], "y": [[1, 0, 1]]}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scipy.io.savemat(Path(folder, "data.mat"), points)
    ...     X, Y = read_mat(Path(folder, "data.mat"))
    >>> X.tolist(), Y.tolist()
    ([[0.0, 5.0], [1.0, 6.0], [2.0, 7.0]], [[1.0], [0.0], [1.0]])
    """
    return MATFile(path, limit=limit).examples(X, y)


class MATFile:
    """A MAT-file in memory.

    Parameters
    ----------
    path : path-like
        The file.
    limit : int, default 256 MiB
        The largest allowed number of bytes of the file, and of what is unpacked from it.

    Attributes
    ----------
    variables : dict of str to Variable
        The variables by name.
    """

    def __init__(self, path: FilePath, *, limit: int = MAX_BYTES) -> None:
        self.path = path
        content = read_bounded(path, limit, "a MAT-file")
        if HDF5_SIGNATURE in (content[:8], content[512:520]):
            raise DataError(
                f"{path}: must be a MAT-file of version 5 to 7, found version 7.3, which is HDF5: "
                "save it in MATLAB with '-v7', or read it with h5py"
            )
        if content[126:128] not in (b"IM", b"MI"):
            raise DataError(
                f"{path}: must be a MAT-file of version 5 to 7, found {content[:8]!r} at its "
                "beginning: is it another format?"
            )
        self._byte_order = "<" if content[126:128] == b"IM" else ">"
        try:
            self.variables = read_variables(content, self._byte_order, limit)
        except RuleViolation as violation:
            raise self._error(violation) from None

    def examples(self, X: str = "X", y: str = "y") -> tuple[Array, Array]:
        """Return two variables as `read_mat` does."""
        for name in (X, y):
            if name not in self.variables:
                found = ", ".join([*self.variables][:MAX_NAMES]) or "none"
                raise DataError(
                    f"{self.path}: must have the variables {X} and {y}, found {escaped(found)}: "
                    'pass their names, such as read_mat(path, "Xval", "yval")'
                )
        x, targets = self._numbers(X), self._numbers(y)
        m = targets.size
        if m == 0 or m not in targets.shape:
            raise DataError(
                f"{self.path}: {y} must be a row or a column of targets, found shape "
                f"{targets.shape}: pass the name of another variable"
            )
        if m not in (x.shape[0], x.shape[-1]) or x.size == 0:
            raise DataError(
                f"{self.path}: {X} must have {m} examples, as {y} has targets, along its first or "
                f"last axis, found shape {x.shape}: pass the names of two variables that fit"
            )
        if x.shape[-1] == m and (x.shape[0] != m or targets.shape[-1] == m > 1):
            x = np.moveaxis(x, -1, 0)
        return np.ascontiguousarray(x, np.float64), targets.reshape(-1, 1).astype(np.float64)

    def _numbers(self, name: str) -> Array:
        from scipy.io import loadmat

        variable = self.variables[name]
        try:
            check_numbers(variable, self._byte_order)
        except RuleViolation as violation:
            raise self._error(violation) from None
        content = clean_header(self._byte_order) + variable.element
        try:
            array = np.asarray(loadmat(BytesIO(content), variable_names=[name])[name])
        except Exception as error:  # nothing is known to be left that SciPy cannot read
            raise self._error(f"{name} cannot be read, {error}: fetch it again") from error
        if not np.isfinite(array).all():
            raise DataError(
                f"{self.path}: {name} must be finite, found NaN or infinity: drop such rows"
            )
        return array

    def _error(self, violation: RuleViolation | str) -> DataError:
        return DataError(f"{self.path}: {escaped(str(violation))}")
