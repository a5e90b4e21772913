"""Parameters as safetensors files, which PyTorch and others read and write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DataError, require_extra
from ..model.sequential import Sequential
from ..serialization.strict_json import reject_duplicate_keys
from ..utils.atomic_files import FilePath, atomic_write, read_bounded
from ..utils.typing import Array
from .torch_arrays import from_torch, names_in_torch_only, to_torch
from .validation import check_model

HEADER_SIZE_BYTES = 8  # at the start of the file: the length of the header, little-endian
MAX_HEADER_BYTES = 64 * 2**10  # besides those for the parameters
MAX_HEADER_BYTES_PER_PARAMETER = 2**10  # besides its name; about 100 are used
NUMBER_BYTES = 8  # of what PyTorch alone has, such as the number of batches that it has seen


def _from_bfloat16(data: bytes) -> Array:
    """Return the numbers, which are the upper halves of those in float32."""
    upper = np.frombuffer(data, "<u2").astype(np.uint32)
    return (upper << np.uint32(16)).view(np.float32)


# How the tensors are read that a model in a dtype takes: those of half precision without rounding.
READERS: dict[str, dict[str, Callable[[bytes], Array]]] = {
    "float32": {
        "F32": lambda data: np.frombuffer(data, "<f4"),
        "F16": lambda data: np.frombuffer(data, "<f2").astype(np.float32),
        "BF16": _from_bfloat16,
    },
    "float64": {"F64": lambda data: np.frombuffer(data, "<f8")},
}


def save_safetensors(model: Sequential, path: FilePath) -> Path:
    """Write parameters and buffers to a safetensors file, as PyTorch names and arranges them.

    A `torch.nn.Sequential` of the corresponding layers, `Dropout` and `Flatten` included, has the
    same names, such as "0.weight", and the same shapes. It reads the file by
    ``net.load_state_dict(safetensors.torch.load_file(path))``. Layers that PyTorch arranges in
    another way, such as `SelfAttention`, are converted (`Layer.to_torch`).

    Parameters
    ----------
    model : Sequential
        A model in float32 or float64 with finite parameters.
    path : path-like
        The file. An existing file is replaced, as a whole or not at all.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    ArgumentError
        If the model is not a Sequential.
    DtypeError
        If the model computes in complex128.
    NonFiniteError
        If a parameter is NaN or infinite.
    DataError
        If the file cannot be written.
    MissingDependencyError
        If safetensors is not installed.

    See Also
    --------
    load_safetensors : Reads the file.
    minidl.Sequential.save : Writes the layers too, with checksums.

    Examples
    --------
    >>> import tempfile
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> from minidl.exchange import load_safetensors, save_safetensors
    >>> model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_safetensors(model, f"{folder}/model.safetensors")
    ...     load_safetensors(model, path)
    """
    with require_extra("safetensors", "safetensors", "save_safetensors"):
        from safetensors.numpy import save
    check_model(model, "save_safetensors")
    with model.objective_function.access:  # all parameters are of one moment
        content = save({name: np.ascontiguousarray(a) for name, a in to_torch(model).items()})
    return atomic_write(path, content)


def load_safetensors(model: Sequential, path: FilePath) -> None:
    """Copy the parameters of a safetensors file into the model.

    The file is not trusted: its size, header, names, shapes, dtypes and values are checked before
    the model changes. The format has no checksum, so a changed finite number is not noticed.

    Numbers in half precision (F16, BF16) are read into a model in float32, exactly; all others
    must have the dtype of the model.

    Parameters
    ----------
    model : Sequential
        A model in float32 for a file in F32, F16 or BF16, or in float64 for one in F64. It must
        have exactly the parameters in the file, such as those of the corresponding
        `torch.nn.Sequential`.
    path : path-like
        The file.

    Raises
    ------
    ArgumentError
        If the model is not a Sequential.
    DtypeError
        If the model computes in complex128.
    MissingDataError
        If the file does not exist.
    DataError
        If the file is not a safetensors file, or does not fit the model. The model is unchanged
        after any error.
    MissingDependencyError
        If safetensors is not installed.

    See Also
    --------
    save_safetensors : Writes such a file.

    Examples
    --------
    >>> import tempfile
    >>> from minidl import Linear, MeanSquaredError, Sequential
    >>> from minidl.exchange import load_safetensors, save_safetensors
    >>> first = Sequential([Linear(2, 1)], loss=MeanSquaredError(), seed=1)
    >>> second = Sequential([Linear(2, 1)], loss=MeanSquaredError(), seed=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_safetensors(first, f"{folder}/model.safetensors")
    ...     load_safetensors(second, path)
    >>> bool((first.parameters.theta == second.parameters.theta).all())
    True
    """
    check_model(model, "load_safetensors", finite=False)
    tensors = _read_tensors(model, path)
    _check_shapes(model, path, tensors)
    arrays = from_torch(
        model,
        {
            name: _to_array(model, path, name, tensor).reshape(tensor["shape"])
            for name, tensor in tensors.items()
        },
    )
    for name, parameter in model.parameters:
        parameter.value = arrays[name]
    model.buffers.restore({name: arrays[name] for name in model.buffers})


def _read_tensors(model: Sequential, path: FilePath) -> dict[str, Mapping[str, Any]]:
    """Return "dtype", "shape" and "data" of each tensor in the file."""
    with require_extra("safetensors", "safetensors", "load_safetensors"):
        from safetensors import SafetensorError, deserialize
    expected, torch_only = to_torch(model), names_in_torch_only(model)
    max_header = MAX_HEADER_BYTES + sum(
        MAX_HEADER_BYTES_PER_PARAMETER + len(json.dumps(name)) for name in (*expected, *torch_only)
    )
    content = read_bounded(
        path,
        HEADER_SIZE_BYTES
        + max_header
        + sum(array.nbytes for array in expected.values())
        + NUMBER_BYTES * len(torch_only),
        "a safetensors file for this model",
        "is it of another model?",
    )
    header_size = int.from_bytes(content[:HEADER_SIZE_BYTES], "little")
    header = content[HEADER_SIZE_BYTES : HEADER_SIZE_BYTES + header_size]
    try:
        if len(header) > max_header:
            raise ValueError(f"more than {max_header:,} bytes of header")
        # The library takes the last of two equal names.
        json.loads(header, object_pairs_hook=reject_duplicate_keys)
        # The library checks that the tensors fill the file without gap or overlap.
        tensors = dict(deserialize(content))  # type: ignore[no-untyped-call]
    except (ValueError, RecursionError, SafetensorError) as error:
        raise DataError(
            f"{path}: must be a whole safetensors file, found {str(error)[:200]!r}: "
            "fetch or write it again"
        ) from None
    return {name: tensor for name, tensor in tensors.items() if name not in torch_only}


def _check_shapes(
    model: Sequential, path: FilePath, tensors: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raise unless the file has exactly the model's names, each with its shape."""
    expected = {name: f"shape {array.shape}" for name, array in to_torch(model).items()}
    actual = {name: f"shape {tuple(tensor['shape'])}" for name, tensor in tensors.items()}
    for name in {**expected, **actual}:
        if expected.get(name) != actual.get(name):
            rule = f"of {expected[name]}" if name in expected else "absent, as in the model"
            value = actual.get(name, f"only {[*actual]}")
            raise _tensor_error(path, name, rule, value, "the layers must correspond one by one")


def _to_array(model: Sequential, path: FilePath, name: str, tensor: Mapping[str, Any]) -> Array:
    """Return the values of a tensor, finite and in the dtype of the model."""
    readers = READERS[model.dtype.name]
    if tensor["dtype"] not in readers:
        *others, last = readers
        rule = f"{', '.join(others)} or {last}" if others else last
        fitting = [dtype for dtype, names in READERS.items() if tensor["dtype"] in names]
        cure = f"pass a model in {fitting[0]}" if fitting else "convert the file first"
        rule = f"{rule} for a model in {model.dtype}"
        raise _tensor_error(path, name, rule, tensor["dtype"], cure)
    array = readers[tensor["dtype"]](tensor["data"])
    is_finite = np.isfinite(array)
    if not is_finite.all():
        value = array[~is_finite][0]
        raise _tensor_error(path, name, "finite numbers", value, "train that model again")
    return array


def _tensor_error(path: FilePath, name: str, rule: str, value: object, cure: str) -> DataError:
    # Names come from the file: they may be long.
    return DataError(
        f"{path}, tensor {name[:80]!r}: must be {rule}, found {str(value)[:200]}: {cure}"
    )
