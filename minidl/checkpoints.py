"""Models on disk: a JSON description and named arrays in one HDF5 file, every byte of them under a SHA-256."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from . import layers, losses, penalties
from .arrays import Array
from .data.hdf5 import HDF5File, write_hdf5
from .data.hdf5_rules import Field, Limits
from .errors import ArgumentError, DataError
from .files import FilePath
from .layers import Layer
from .losses import Loss
from .objective import Objective
from .penalties import Penalty
from .settings import settings_of

M = TypeVar("M", bound=Objective)

FORMAT = {"format": "minidl model", "version": 1}
DTYPES = ("<f4", "<f8", "<i8", "|u1")
MOST_TEXT = 4 * 2**20  # bytes of a description; parsed, it can take twenty times as many
MOST_ARRAYS = MOST_LAYERS = 10_000
MOST_PENALTIES = 1_000
_FORM = f"dtype float32 or float64, 1 to {MOST_LAYERS:,} layers, a loss and at most {MOST_PENALTIES:,} penalties"
_CHANGED = "has a class changed since it was saved?"
BUILT_IN = {
    name: held
    for base, module in ((Layer, layers), (Loss, losses), (Penalty, penalties))
    for name, held in vars(module).items()
    if isinstance(held, type) and issubclass(held, base) and name[0] != "_" and not getattr(held, "__abstractmethods__", None)
}


def save(model: Objective, path: FilePath, more: Mapping[str, Any] | None = None, arrays: Mapping[str, Array] | None = None) -> Path:
    """Write a model; `Sequential.save` is the door to it."""
    return write_hdf5({Path(path): contents(model, more, arrays)}, replace=True)[0]


def contents(model: Objective, more: Mapping[str, Any] | None = None, arrays: Mapping[str, Array] | None = None) -> dict[str, Array]:
    """Return the data sets of a model's file; `more` goes into its description, and `arrays` beside the parameters."""
    content = description(model)
    if not _has_form(content):
        raise ArgumentError(f"a saved model has {_FORM}, got {len(model.layers):,} layers of {model.dtype}: use astype, or fewer")
    parameters = {name: parameter.value for name, parameter in model.parameters}
    return seal({**content, **(more or {})}, {**parameters, **(arrays or {})})


def description(model: Objective) -> dict[str, Any]:
    """Return, as plain values, what makes such a model again."""
    return {
        "dtype": model.dtype.name,
        "layers": [_entry(layer) for layer in model.layers],
        "loss": _entry(model.loss),
        "penalties": [_entry(penalty) for penalty in model.penalties],
    }


def _entry(owner: object) -> dict[str, Any]:
    return {"class": type(owner).__name__, "settings": settings_of(owner)}


def seal(content: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the data sets of a file of plain values and arrays of float32, float64, int64 or uint8."""
    little = {name: np.asarray(array, np.asarray(array).dtype.newbyteorder("<")) for name, array in arrays.items()}
    table = {name: {"dtype": array.dtype.str, "shape": list(array.shape), "sha256": _digest(array)} for name, array in little.items()}
    try:
        text = json.dumps({**content, **FORMAT, "arrays": table}, sort_keys=True, allow_nan=False).encode()
        parsed = _parsed(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise ArgumentError(f"a saved model must be plain values that JSON can hold, got {error}") from error
    if len(text) > MOST_TEXT or not _is_table(parsed["arrays"]):
        found = ", ".join(f"{name} ({array.dtype.str})" for name, array in list(little.items())[:5])
        raise ArgumentError(
            f"a saved model has up to {MOST_TEXT:,} bytes of settings and {MOST_ARRAYS:,} arrays of {', '.join(DTYPES)} with plain names, "
            f"got {len(text):,} and {found}, ...: make fewer parts, or rename them"
        )
    own = {"description": np.frombuffer(text, np.uint8), "sha256": np.frombuffer(hashlib.sha256(text).digest(), np.uint8)}
    return {**own, **little}


def read(path: FilePath, limit: int | Limits = Limits.size) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return what `seal` was given; the description is known to be whole before it is parsed, each array before it is used."""
    file = HDF5File(path, limit=limit)
    own = file.read({"description": Field(("n",), "u", itemsize=1, most=MOST_TEXT), "sha256": Field((32,), "u", itemsize=1)})
    text = own["description"].tobytes()
    if own["sha256"].tobytes() != hashlib.sha256(text).digest():
        raise _damaged(path, "must have the SHA-256 that was written with it, found another")
    try:
        content = _parsed(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"must be JSON, found {error}") from None
    for key, due in FORMAT.items():
        if (found := content.pop(key, None)) != due:
            raise DataError(f"{path}: must have the {key} {due!r}, found {repr(found)[:40]}: is it the right file, or of another minidl?")
    table = content.pop("arrays", None)
    if not _is_table(table):
        raise _damaged(path, "must list its arrays with dtype, shape and SHA-256")
    arrays = file.read(
        {name: Field(tuple(row["shape"]), row["dtype"][1], itemsize=int(row["dtype"][2]), finite=False) for name, row in table.items()}
    )
    for name, row in table.items():
        if arrays[name].dtype.str != row["dtype"] or _digest(arrays[name]) != row["sha256"]:
            raise _damaged(path, "must have the SHA-256 that was written with it, found another", name)
    return content, arrays


def load(path: FilePath, model_class: type[M], custom: Sequence[type[Any]] = (), *, limit: int | Limits = Limits.size) -> M:
    """Return the model that `path` holds; `Sequential.load` is the door to it."""
    for held in custom:
        if not (isinstance(held, type) and issubclass(held, Layer | Loss | Penalty)):
            raise ArgumentError(f"custom must be a list of classes of layers, losses or penalties, got {held!r}")
        if held.__name__ in BUILT_IN:
            raise ArgumentError(f"custom has a class {held.__name__}, which is the name of a built-in one: rename it")
    known = {**BUILT_IN, **{held.__name__: held for held in custom}}
    content, arrays = read(path, limit)
    if content.pop("training", None) is not None:  # a checkpoint: the model is all that is wanted of it
        arrays = {name: array for name, array in arrays.items() if not name.startswith("training.")}
    if not _has_form(content):
        raise _damaged(path, f"must have {_FORM}, found it otherwise")
    made = [_make(path, entry, Layer, known) for entry in content["layers"]]
    due = {f"{i}.{name}": held.shape for i, layer in enumerate(made) for name, held in layer.parameters().items()}
    found = {name: array.shape for name, array in arrays.items()}
    for name in {**due, **found}:  # before memory is taken for the model
        rule, shape = due.get(name, "none"), found.get(name, "none")
        if rule != shape:
            raise DataError(f"{path}, key {name!r}: must be its layer's parameter, of shape {rule}, found {shape}: {_CHANGED}")
        if arrays[name].dtype.name != content["dtype"]:
            raise _damaged(path, f"must be {content['dtype']}, found {arrays[name].dtype}", name)
    loss = _make(path, content["loss"], Loss, known)
    terms = [_make(path, entry, Penalty, known) for entry in content["penalties"]]
    try:
        model = model_class(made, loss=loss, penalties=terms, dtype=content["dtype"])
        for name, array in arrays.items():
            model.parameters[name].value = array
    except Exception as error:  # parts of one's own may raise anything
        raise DataError(f"{path}: its layers do not fit together: {str(error)[:300]}: {_CHANGED}") from error
    return model


def _make(path: FilePath, entry: Mapping[str, Any], base: type[Any], known: Mapping[str, type[Any]]) -> Any:
    name, settings = entry["class"], entry["settings"]
    found = known.get(name)
    if found is None or not issubclass(found, base):
        cure = f"pass custom=[{name}]" if name.isidentifier() else "restore a copy"
        raise DataError(f"{path}: must have known classes, found the {base.__name__.lower()} {name[:80]!r}: {cure}")
    try:
        made = found(**settings)
        # As JSON, in which 1, 1.0 and true differ.
        if json.dumps(settings_of(made), sort_keys=True) != json.dumps(settings, sort_keys=True):
            raise ArgumentError(f"{made} has others")
    except Exception as error:  # classes of one's own may raise anything
        told = f"{str(settings)[:200]}: {str(error)[:200]}"
        raise DataError(f"{path}: the settings of {name} must be those of its __init__, found {told}") from error
    return made


def fits(value: Any, form: Any) -> bool:
    """Return whether `value` has a form: a type, some texts, a list of the form of its elements, or a dict of those of all its keys."""
    if isinstance(form, dict):
        return isinstance(value, dict) and value.keys() == form.keys() and all(fits(value[key], form[key]) for key in form)
    if isinstance(form, list):
        return isinstance(value, list) and all(fits(held, form[0]) for held in value)
    return value in form if isinstance(form, tuple) else type(value) is form


def _has_form(content: Mapping[str, Any]) -> bool:
    part = {"class": str, "settings": dict}
    return (
        fits(content, {"dtype": ("float32", "float64"), "layers": [part], "loss": part, "penalties": [part]})
        and 1 <= len(content["layers"]) <= MOST_LAYERS
        and len(content["penalties"]) <= MOST_PENALTIES
    )


def _is_table(table: Any) -> bool:
    row = {"dtype": DTYPES, "shape": [int], "sha256": str}  # the reader refuses wrong shapes
    refused = ("", ".", "..", "description", "sha256")
    return (
        isinstance(table, dict)
        and len(table) <= MOST_ARRAYS
        and all(name.isprintable() and len(name) <= 255 and "/" not in name and name not in refused for name in table)
        and fits([*table.values()], [row])
    )


def _digest(array: Array) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


def _damaged(path: FilePath, what: str, key: str = "description") -> DataError:
    return DataError(f"{path}, key {key!r}: {what}: it was changed or damaged, restore a copy")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON, if it has each key once."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key twice in one object")
    return content


def _parsed(text: bytes) -> dict[str, Any]:
    """Parse a JSON object that has each key once and no number that is not finite or has more than 20 digits."""
    content = json.loads(text.decode(), object_pairs_hook=once, parse_constant=_finite, parse_float=_finite, parse_int=_short)
    if not isinstance(content, dict):
        raise ValueError(f"no object, but a {type(content).__name__}")
    return content


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"{text[:40]}, which is no number")
    return value


def _short(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)
