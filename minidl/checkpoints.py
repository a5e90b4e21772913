"""Models on disk.

A model is an HDF5 file: each parameter is a data set under its name, such as "0.weight"; "description" is JSON with the classes of the
layers, the loss and the penalties by their names and their settings as plain values; "sha256" is a digest over all of it. Nothing in a
file decides what is imported or run: a class is built in, or it is given by the reader.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from . import layers, losses, penalties
from .arrays import Array
from .data.hdf5 import LIMIT, Field, read_hdf5
from .data.writer import write_hdf5
from .errors import ArgumentError, DataError
from .layers import Layer
from .losses import Loss
from .objective import Objective
from .penalties import Penalty
from .settings import settings_of

M = TypeVar("M", bound=Objective)

FORMAT, VERSION = "minidl model", 1

_KINDS: dict[str, tuple[type[Any], Any]] = {"layers": (Layer, layers), "loss": (Loss, losses), "penalties": (Penalty, penalties)}
BUILT_IN = {
    name: held
    for base, module in _KINDS.values()
    for name, held in vars(module).items()
    if isinstance(held, type) and issubclass(held, base) and not name.startswith("_") and not getattr(held, "__abstractmethods__", None)
}


def save(model: Objective, path: str | os.PathLike[str]) -> Path:
    """Write a model; an old file of that name is replaced whole, or left as it is where anything fails.

    Raises
    ------
    ArgumentError
        If a layer, loss or penalty has settings that are not plain values.
    DataError
        If the file cannot be written.
    """
    parameters = {name: np.array(parameter.value) for name, parameter in model.parameters}
    content = {
        "format": FORMAT,
        "version": VERSION,
        "dtype": model.dtype.name,
        "layers": [_entry(layer) for layer in model.layers],
        "loss": _entry(model.loss),
        "penalties": [_entry(penalty) for penalty in model.penalties],
        "parameters": {name: list(array.shape) for name, array in parameters.items()},
    }
    description = np.frombuffer(json.dumps(content, sort_keys=True, allow_nan=False).encode(), np.uint8)
    digest = np.frombuffer(_digest(description, parameters), np.uint8)
    return write_hdf5({Path(path): {"description": description, "sha256": digest, **parameters}}, replace=True)[0]


def load(path: str | os.PathLike[str], model_class: type[M], custom: Sequence[type[Any]] = (), *, limit: int = LIMIT) -> M:
    """Return the model that `path` holds, as an instance of `model_class`; `Sequential.load` is the door to it.

    Parameters
    ----------
    path : path
    model_class : type
        `Sequential`.
    custom : sequence of type
        The classes of one's own that the model has: layers, a loss, penalties.
    limit : int
        The most bytes that the file may have.
    """
    known = {**BUILT_IN, **_named(custom)}
    raw = read_hdf5(path, {"description": Field(("n",), kinds="u", itemsize=1), "sha256": Field((32,), kinds="u", itemsize=1)}, limit=limit)
    content = _content(path, raw.arrays["description"])
    kind = np.dtype(content["dtype"])
    schema = {name: Field(tuple(shape), kinds="f", itemsize=kind.itemsize) for name, shape in content["parameters"].items()}
    arrays = read_hdf5(path, schema, limit=limit).arrays if schema else {}
    if raw.arrays["sha256"].tobytes() != _digest(raw.arrays["description"], arrays):
        raise DataError(f"{path}: must have the SHA-256 that was written with it, found another: it was changed or damaged, restore a copy")
    made = [_make(path, entry, Layer, known) for entry in content["layers"]]
    due = {f"{i}.{name}": list(held.shape) for i, layer in enumerate(made) for name, held in layer.parameters().items()}
    if due != content["parameters"]:
        raise DataError(f"{path}: must hold the parameters of its layers, {due}, found {content['parameters']}: has a class changed?")
    loss = _make(path, content["loss"], Loss, known)
    terms = [_make(path, entry, Penalty, known) for entry in content["penalties"]]
    try:
        model = model_class(made, loss=loss, penalties=terms, dtype=kind)
    except ValueError as error:
        raise DataError(f"{path}: its layers do not fit together: {error}") from error
    for name, array in arrays.items():
        model.parameters[name].value = array
    return model


def _entry(owner: object) -> dict[str, Any]:
    return {"class": type(owner).__name__, "settings": settings_of(owner)}


def _digest(description: Array, parameters: Mapping[str, Array]) -> bytes:
    digest = hashlib.sha256(description.tobytes())
    for name, array in sorted(parameters.items()):
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()


def _named(custom: Sequence[type[Any]]) -> dict[str, type[Any]]:
    for held in custom:
        if not (isinstance(held, type) and issubclass(held, Layer | Loss | Penalty)):
            raise ArgumentError(f"custom must be a list of classes of layers, losses or penalties, got {held!r}")
        if held.__name__ in BUILT_IN:
            raise ArgumentError(f"custom has a class {held.__name__}, which is the name of a built-in one: rename it")
    return {held.__name__: held for held in custom}


def _content(path: str | os.PathLike[str], description: Array) -> dict[str, Any]:
    """Return the description, once its form is known to be right."""
    try:
        content = json.loads(description.tobytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}, key 'description': must be JSON, found {error}: it was changed or damaged, restore a copy") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{path}, key 'description': must describe a {FORMAT}, found something else: is it the right file?")
    if content.get("version") != VERSION:
        raise DataError(f"{path}: must be of version {VERSION}, found {content.get('version')!r}: a newer minidl may read it")
    entries = [content.get("loss"), *_list(content.get("layers")), *_list(content.get("penalties"))]
    shapes = content.get("parameters")
    right = (
        content.get("dtype") in ("float32", "float64")
        and all(
            isinstance(entry, dict) and isinstance(entry.get("class"), str) and isinstance(entry.get("settings"), dict) for entry in entries
        )
        and bool(_list(content.get("layers")))
        and isinstance(shapes, dict)
        and all(isinstance(shape, list) and all(type(n) is int and n >= 1 for n in shape) for shape in shapes.values())
    )
    if not right:
        raise DataError(
            f"{path}, key 'description': must have dtype, layers, loss, penalties and parameters, found it damaged: restore a copy"
        )
    return content


def _is_entry(held: Any) -> bool:
    return isinstance(held, dict) and isinstance(held.get("class"), str) and isinstance(held.get("settings"), dict)


def _list(held: Any) -> list[Any]:
    return held if isinstance(held, list) else [None]


def _make(path: str | os.PathLike[str], entry: Mapping[str, Any], base: type[Any], known: Mapping[str, type[Any]]) -> Any:
    """Return the object that an entry describes, of a class that is known."""
    name = entry["class"]
    found = known.get(name)
    if found is None or not issubclass(found, base):
        raise DataError(f"{path}: must name classes that are known, found the {base.__name__.lower()} {name!r}: pass custom=[{name}]")
    try:
        return found(**entry["settings"])
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: the settings of {name} must be those of its __init__, found {entry['settings']}: {error}") from error
