"""Parameters for PyTorch, and back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..errors import DataError, require_extra
from ..model.sequential import Sequential
from ..serialization.strict_json import reject_duplicate_keys
from ..utils.atomic_files import FilePath, atomic_write, read_bounded
from .common import check_model


def save_safetensors(model: Sequential, path: FilePath) -> Path:
    """Write the parameters to a safetensors file under their names, such as "0.weight"; return the path.

    A `torch.nn.Sequential` of corresponding layers, `Dropout` and `Flatten` included, has the same names and layout:
    `net.load_state_dict(safetensors.torch.load_file(path))` takes them.

    Parameters
    ----------
    model : Sequential
        In float32 or float64, and finite.
    path : path
        A file of that name is replaced whole or not at all.

    Raises
    ------
    MissingDependencyError, ArgumentError, DtypeError, NonFiniteError, DataError
    """
    with require_extra("safetensors", "safetensors", "save_safetensors"):
        from safetensors.numpy import save
    check_model(model, "save_safetensors")
    return atomic_write(path, save({name: parameter.value for name, parameter in model.parameters}))


def load_safetensors(model: Sequential, path: FilePath) -> None:
    """Copy the weights of a safetensors file, such as one of a `torch.nn.Sequential`, into `model`, which must have just these.

    The file is not trusted, but has no checksum: other finite numbers than were written are not noticed.

    Parameters
    ----------
    model : Sequential
        In float32 or float64, as the file.
    path : path

    Raises
    ------
    MissingDependencyError, MissingDataError, DataError
        Then the model is as it was.
    """
    with require_extra("safetensors", "safetensors", "load_safetensors"):
        from safetensors import SafetensorError, deserialize
    check_model(model, "load_safetensors", finite=False)
    most = 64 * 2**10 + 2**10 * len(
        model.parameters
    )  # bytes of the header; 100 per parameter are usual
    content = read_bounded(
        path,
        8 + most + model.parameters.theta.nbytes,
        "a safetensors file for this model",
        "is it of another model?",
    )
    header = content[8 : 8 + int.from_bytes(content[:8], "little")]
    try:
        if len(header) > most:
            raise ValueError(f"more than {most:,} bytes of header")
        json.loads(
            header, object_pairs_hook=reject_duplicate_keys
        )  # of a name that comes twice, the library takes the last
        # It checks that the tensors fill the file without gap or overlap.
        tensors = dict(deserialize(content))  # type: ignore[no-untyped-call]
    except (ValueError, RecursionError, SafetensorError) as error:
        raise DataError(
            f"{path}: must be a whole safetensors file, found {str(error)[:200]!r}: fetch or write it again"
        ) from None
    due = {name: f"shape {parameter.shape}" for name, parameter in model.parameters}
    found = {name: f"shape {tuple(tensor['shape'])}" for name, tensor in tensors.items()}
    for name in {**due, **found}:
        if due.get(name) != found.get(name):
            rule = f"of {due[name]}" if name in due else "absent, as from the model"
            raise _unfit(
                path,
                name,
                rule,
                found.get(name, f"only {[*found]}"),
                "layers must correspond one by one",
            )
    arrays = {}
    for name, tensor in tensors.items():
        if {"F32": "float32", "F64": "float64"}.get(tensor["dtype"]) != model.dtype.name:
            raise _unfit(
                path,
                name,
                f"{model.dtype}, as the model",
                tensor["dtype"],
                "make the model with the file's dtype",
            )
        array = arrays[name] = np.frombuffer(tensor["data"], model.dtype.newbyteorder("<"))
        if not (finite := np.isfinite(array)).all():
            raise _unfit(path, name, "finite numbers", array[~finite][0], "train that model anew")
    for name, parameter in model.parameters:
        parameter.value = arrays[name].reshape(parameter.shape)


def _unfit(path: FilePath, name: str, rule: str, found: object, cure: str) -> DataError:
    return DataError(
        f"{path}, tensor {name[:80]!r}: must be {rule}, found {str(found)[:200]}: {cure}"
    )
