"""Models on disk.

A model is a sealed file (see `sealed`): its arrays are the parameters under their names, such as "0.weight"; its description has the
classes of the layers, the loss and the penalties by their names, and their settings as plain values. Nothing in a file decides what is
imported or run: a class is built in, or it is given by the reader.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from . import layers, losses, penalties, sealed
from .arrays import Array
from .data.hdf5 import Limits, write_hdf5
from .errors import ArgumentError, DataError
from .files import FilePath
from .layers import Layer
from .losses import Loss
from .objective import Objective
from .penalties import Penalty
from .settings import settings_of

M = TypeVar("M", bound=Objective)

FORMAT, VERSION = "minidl model", 1
MOST_LAYERS, MOST_PENALTIES = 10_000, 1_000
_FORM = f"dtype float32 or float64, 1 to {MOST_LAYERS:,} layers, a loss and at most {MOST_PENALTIES:,} penalties"

_KINDS: dict[str, tuple[type[Any], Any]] = {"layers": (Layer, layers), "loss": (Loss, losses), "penalties": (Penalty, penalties)}
BUILT_IN = {
    name: held
    for base, module in _KINDS.values()
    for name, held in vars(module).items()
    if isinstance(held, type) and issubclass(held, base) and not name.startswith("_") and not getattr(held, "__abstractmethods__", None)
}


def save(model: Objective, path: FilePath) -> Path:
    """Write a model; an old file of that name is replaced whole, or left as it is where anything fails.

    Raises
    ------
    ArgumentError
        If a layer, loss or penalty has settings that are not plain values.
    DataError
        If the file cannot be written.
    """
    return write_hdf5({Path(path): contents(model)}, replace=True)[0]


def contents(model: Objective, more: Mapping[str, Any] | None = None, arrays: Mapping[str, Array] | None = None) -> dict[str, Array]:
    """Return the data sets of a model's file; `more` goes into its description, and `arrays` beside the parameters."""
    content = description(model)
    if not _has_form(content):
        raise ArgumentError(f"a saved model has {_FORM}, got {len(model.layers):,} layers of {model.dtype}: use model.astype, or fewer")
    parameters = {name: parameter.value for name, parameter in model.parameters}
    return sealed.seal(FORMAT, VERSION, {**content, **(more or {})}, {**parameters, **(arrays or {})})


def description(model: Objective) -> dict[str, Any]:
    """Return, as plain values, what makes such a model again."""
    return {
        "dtype": model.dtype.name,
        "layers": [_entry(layer) for layer in model.layers],
        "loss": _entry(model.loss),
        "penalties": [_entry(penalty) for penalty in model.penalties],
    }


def load(path: FilePath, model_class: type[M], custom: Sequence[type[Any]] = (), *, limit: int | Limits = Limits.size) -> M:
    """Return the model that `path` holds, as an instance of `model_class`; `Sequential.load` is the door to it.

    Every byte is known to be as it was written, and every shape to be that of the stored arrays, before memory is taken for the model.

    Parameters
    ----------
    path : path
    model_class : type
        `Sequential`.
    custom : sequence of type
        The classes of one's own that the model has: layers, a loss, penalties.
    limit : int or Limits
        The most bytes that the file may have.
    """
    known = {**BUILT_IN, **_named(custom)}
    content, arrays = sealed.read(path, FORMAT, VERSION, limit=limit)
    if content.pop("training", None) is not None:  # a checkpoint: the model is all that is wanted of it
        arrays = {name: array for name, array in arrays.items() if not name.startswith("training.")}
    if not _has_form(content):
        raise sealed.damaged(path, f"must have {_FORM}, found it otherwise: restore a copy")
    made = [_make(path, entry, Layer, known) for entry in content["layers"]]
    due = {f"{i}.{name}": held.shape for i, layer in enumerate(made) for name, held in layer.parameters().items()}
    found = {name: array.shape for name, array in arrays.items()}
    if due != found:
        name = next(name for name in [*due, *found] if due.get(name) != found.get(name))
        raise DataError(
            f"{path}, key {name!r}: must be the parameter that its layer has, of shape {due.get(name, 'none')}, "
            f"found {found.get(name, 'none')}: has the class changed since it was saved?"
        )
    if wrong := [name for name, array in arrays.items() if array.dtype.name != content["dtype"]]:
        raise DataError(f"{path}, key {wrong[0]!r}: must be {content['dtype']}, found {arrays[wrong[0]].dtype}: restore a copy")
    loss = _make(path, content["loss"], Loss, known)
    terms = [_make(path, entry, Penalty, known) for entry in content["penalties"]]
    try:
        model = model_class(made, loss=loss, penalties=terms, dtype=content["dtype"])
        for name, array in arrays.items():
            model.parameters[name].value = array
    except Exception as error:  # parts of one's own may raise anything
        raise DataError(f"{path}: its layers do not fit together: {str(error)[:300]}: has a class changed since it was saved?") from error
    return model


def _entry(owner: object) -> dict[str, Any]:
    return {"class": type(owner).__name__, "settings": settings_of(owner)}


def _named(custom: Sequence[type[Any]]) -> dict[str, type[Any]]:
    for held in custom:
        if not (isinstance(held, type) and issubclass(held, Layer | Loss | Penalty)):
            raise ArgumentError(f"custom must be a list of classes of layers, losses or penalties, got {held!r}")
        if held.__name__ in BUILT_IN:
            raise ArgumentError(f"custom has a class {held.__name__}, which is the name of a built-in one: rename it")
    return {held.__name__: held for held in custom}


def _has_form(content: Mapping[str, Any]) -> bool:
    """Return whether a description has all that a model needs, in the right form, and nothing else."""
    made, terms = content.get("layers"), content.get("penalties")
    return (
        set(content) == {"dtype", "layers", "loss", "penalties"}
        and content["dtype"] in ("float32", "float64")
        and isinstance(made, list)
        and 1 <= len(made) <= MOST_LAYERS
        and isinstance(terms, list)
        and len(terms) <= MOST_PENALTIES
        and all(_is_entry(entry) for entry in [*made, content["loss"], *terms])
    )


def _is_entry(held: Any) -> bool:
    return (
        isinstance(held, dict)
        and set(held) == {"class", "settings"}
        and isinstance(held["class"], str)
        and isinstance(held["settings"], dict)
    )


def _make(path: FilePath, entry: Mapping[str, Any], base: type[Any], known: Mapping[str, type[Any]]) -> Any:
    """Return the object that an entry describes, of a class that is known."""
    name, settings = entry["class"], entry["settings"]
    found = known.get(name)
    if found is None or not issubclass(found, base):
        cure = f"pass custom=[{name}]" if name.isidentifier() else "restore a copy"
        raise DataError(f"{path}: must name classes that are known, found the {base.__name__.lower()} {name[:80]!r}: {cure}")
    try:
        made = found(**settings)
        same = _text(settings_of(made)) == _text(settings)  # an argument that no saved file has, or of another type, is told here
    except Exception as error:  # classes of one's own may raise anything
        raise _wrong_settings(path, name, settings, str(error)) from error
    if not same:
        raise _wrong_settings(path, name, settings, f"{made} has others")
    return made


def _text(settings: object) -> str:
    return json.dumps(settings, sort_keys=True)  # 1, 1.0 and true are equal in Python, but not here


def _wrong_settings(path: FilePath, name: str, settings: object, why: str) -> DataError:
    return DataError(f"{path}: the settings of {name} must be those of its __init__, found {str(settings)[:200]}: {why[:200]}")
