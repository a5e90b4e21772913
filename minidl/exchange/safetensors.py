"""Weights as safetensors files, named and laid out as PyTorch has them. They need safetensors: pip install 'minidl[safetensors]'.

A file has names, types, shapes and numbers, no layers and nothing that runs. It has no checksum: a changed number is not noticed, unlike
in what `model.save` writes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError
from ..files import FilePath, read_whole, write_whole
from ..sequential import Sequential
from .common import check_model, check_sendable, missing

_DTYPES = {"F32": "float32", "F64": "float64"}


def save_safetensors(model: Sequential, path: FilePath) -> Path:
    """Write the parameters of `model` to a safetensors file under their names, such as "0.weight"; return the path.

    A file of that name is replaced, and stays whole where anything fails. The file has no checksum.

    Parameters
    ----------
    model : Sequential
        In float32 or float64.
    path : path

    Raises
    ------
    MissingExtraError
        If safetensors is not installed.
    ArgumentError, DtypeError, NonFiniteError, DataError
        If it is not such a model, has a parameter that is not finite, or the file cannot be written.

    Notes
    -----
    `torch.nn.Sequential` names and lays out its parameters alike. Where its layers correspond to the model's one by one, activations,
    `Dropout` and `Flatten` included, `net.load_state_dict(safetensors.torch.load_file(path))` takes them as they are.

    Examples
    --------
    >>> import tempfile
    >>> from minidl import Linear, MeanSquaredError
    >>> model, other = (Sequential([Linear(2, 1)], loss=MeanSquaredError(), seed=seed) for seed in (1, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     load_safetensors(other, save_safetensors(model, f"{folder}/model.safetensors"))
    >>> bool((other.parameters.theta == model.parameters.theta).all())
    True
    """
    library = _library("save_safetensors")
    check_sendable(model, "save_safetensors")
    return write_whole(path, library.numpy.save({name: parameter.value for name, parameter in model.parameters}))


def load_safetensors(model: Sequential, path: FilePath) -> None:
    """Copy the weights of a safetensors file, such as one of a `torch.nn.Sequential`, into `model`, which must have just these.

    The file is not trusted: before anything changes it is known to be a regular file, of no more bytes than such a model needs, with a
    header of sensible length, tensors that neither overlap nor lie outside of it, each name once, and names, shapes and dtypes that
    are those of the model, all numbers finite. It has no checksum: other finite numbers than were written are not noticed.

    Parameters
    ----------
    model : Sequential
        In float32 or float64, as the file.
    path : path

    Raises
    ------
    MissingExtraError
        If safetensors is not installed.
    MissingDataError, DataError
        If there is no such file, or it is not of such a model; then the model is as it was.
    """
    library = _library("load_safetensors")
    check_model(model, "load_safetensors")
    header = 64 * 2**10 + 2**10 * len(model.parameters)  # the most bytes of it; 100 per parameter are usual
    limit = 8 + header + model.parameters.theta.nbytes
    content = read_whole(path, limit, "a safetensors file for this model", "is it of another model?")
    _check_header(path, content[8 : 8 + int.from_bytes(content[:8], "little")], header)
    try:
        tensors = dict(library.deserialize(content))  # checks that the tensors fill the file without gap or overlap
    except library.SafetensorError as error:
        raise DataError(f"{path}: must be a whole safetensors file, found {str(error)[:200]!r}: fetch or write it again") from None
    _check_tensors(path, tensors, model)
    arrays = {name: np.frombuffer(tensors[name]["data"], model.dtype.newbyteorder("<")) for name, _ in model.parameters}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise _unfit(path, name, "finite numbers", array[~np.isfinite(array)][0], "train that model anew")
    for name, parameter in model.parameters:
        parameter.value = arrays[name].reshape(parameter.shape)


def _library(where: str) -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise missing(where, "safetensors") from None
    return safetensors


def _check_header(path: FilePath, text: bytes, most: int) -> None:
    """Check what the library does not: the length, before it is parsed, and that no name comes twice, of which it takes the last."""
    if len(text) > most:
        raise DataError(f"{path}: the header of the file may have {most:,} bytes for this model, found more: is it of another model?")
    try:
        json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: must begin with the JSON header of a safetensors file, found {error}: is it the right file?") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a name twice")
    return content


def _check_tensors(path: FilePath, tensors: dict[str, Any], model: Sequential) -> None:
    """Raise unless names, shapes and dtypes are those of the model's parameters."""
    due = {name: parameter.shape for name, parameter in model.parameters}
    found = {name: tuple(tensor["shape"]) for name, tensor in tensors.items()}
    for name in [*due, *found]:
        if due.get(name) != found.get(name):
            wanted = f"of shape {due[name]}" if name in due else "absent, for the model has no parameter of that name"
            cure = "layers must correspond one by one, see model.summary()"
            raise _unfit(path, name, wanted, f"shape {found[name]}" if name in found else f"only {[*found]}", cure)
    for name, tensor in tensors.items():
        if _DTYPES.get(tensor["dtype"]) != model.dtype.name:
            cure = "convert it there, or make the model with the file's dtype"
            raise _unfit(path, name, f"{model.dtype}, as the model", tensor["dtype"], cure)


def _unfit(path: FilePath, name: str, rule: str, found: object, cure: str) -> DataError:
    return DataError(f"{path}, tensor {name[:80]!r}: must be {rule}, found {str(found)[:200]}: {cure}")
