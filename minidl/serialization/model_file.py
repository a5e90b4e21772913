"""Models in files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from .. import layers, losses, penalties
from ..data.hdf5_schema import Limits
from ..data.hdf5_writer import write_hdf5
from ..errors import ArgumentError, DataError
from ..layers.base import Layer
from ..losses.base import Loss
from ..objective import Objective
from ..penalties import Penalty
from ..utils.atomic_files import FilePath
from ..utils.settings import settings_of
from ..utils.typing import Array
from .container import damaged_error, matches_schema, pack_with_checksums, read_verified

M = TypeVar("M")


MAX_LAYERS = 10_000


MAX_PENALTIES = 1_000


_FORM = f"dtype float32 or float64, 1 to {MAX_LAYERS:,} layers, a loss and at most {MAX_PENALTIES:,} penalties"


_CHANGED = "has a class changed since it was saved?"


BUILT_IN = {
    name: held
    for base, module in ((Layer, layers), (Loss, losses), (Penalty, penalties))
    for name, held in vars(module).items()
    if isinstance(held, type)
    and issubclass(held, base)
    and name[0] != "_"
    and not getattr(held, "__abstractmethods__", None)
}


def save_model(
    model: Objective,
    path: FilePath,
    more: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Array] | None = None,
) -> Path:
    """Write a model; `Sequential.save` is the door to it."""
    return write_hdf5({Path(path): model_datasets(model, more, arrays)}, replace=True)[0]


def model_datasets(
    model: Objective,
    more: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """Return the data sets of a model's file; `more` goes into its description, and `arrays` beside the parameters."""
    content = model_config(model)
    if not _has_form(content):
        raise ArgumentError(
            f"a saved model has {_FORM}, got {len(model.layers):,} layers of {model.dtype}: use astype, or fewer"
        )
    parameters = {name: parameter.value for name, parameter in model.parameters}
    return pack_with_checksums({**content, **(more or {})}, {**parameters, **(arrays or {})})


def model_config(model: Objective) -> dict[str, Any]:
    """Return, as plain values, what makes such a model again."""
    return {
        "dtype": model.dtype.name,
        "layers": [_entry(layer) for layer in model.layers],
        "loss": _entry(model.loss),
        "penalties": [_entry(penalty) for penalty in model.penalties],
    }


def _entry(owner: object) -> dict[str, Any]:
    return {"class": type(owner).__name__, "settings": settings_of(owner)}


def load_model(
    path: FilePath,
    model_class: Callable[..., M],
    custom: Sequence[type[Any]] = (),
    *,
    limit: int | Limits = Limits.max_bytes,
) -> M:
    """Return the model that `path` holds; `Sequential.load` is the door to it."""
    for held in custom:
        if not (isinstance(held, type) and issubclass(held, Layer | Loss | Penalty)):
            raise ArgumentError(
                f"custom must be a list of classes of layers, losses or penalties, got {held!r}"
            )
        if held.__name__ in BUILT_IN:
            raise ArgumentError(
                f"custom has a class {held.__name__}, which is the name of a built-in one: rename it"
            )
    known = {**BUILT_IN, **{held.__name__: held for held in custom}}
    content, arrays = read_verified(path, limit)
    if (
        content.pop("training", None) is not None
    ):  # a checkpoint: the model is all that is wanted of it
        arrays = {name: array for name, array in arrays.items() if not name.startswith("training.")}
    if not _has_form(content):
        raise damaged_error(path, f"must have {_FORM}, found it otherwise")
    made = [_make(path, entry, Layer, known) for entry in content["layers"]]
    due = {
        f"{i}.{name}": held.shape
        for i, layer in enumerate(made)
        for name, held in layer.parameters().items()
    }
    found = {name: array.shape for name, array in arrays.items()}
    for name in {**due, **found}:  # before memory is taken for the model
        rule, shape = due.get(name, "none"), found.get(name, "none")
        if rule != shape:
            raise DataError(
                f"{path}, key {name!r}: must be its layer's parameter, of shape {rule}, found {shape}: {_CHANGED}"
            )
        if arrays[name].dtype.name != content["dtype"]:
            raise damaged_error(
                path, f"must be {content['dtype']}, found {arrays[name].dtype}", name
            )
    loss = _make(path, content["loss"], Loss, known)
    terms = [_make(path, entry, Penalty, known) for entry in content["penalties"]]
    try:
        model = model_class(made, loss=loss, penalties=terms, dtype=content["dtype"])
        parameters = getattr(model, "parameters")  # noqa: B009
        for name, array in arrays.items():
            parameters[name].value = array
    except Exception as error:  # parts of one's own may raise anything
        raise DataError(
            f"{path}: its layers do not fit together: {str(error)[:300]}: {_CHANGED}"
        ) from error
    return model


def _make(
    path: FilePath, entry: Mapping[str, Any], base: type[Any], known: Mapping[str, type[Any]]
) -> Any:
    name, settings = entry["class"], entry["settings"]
    found = known.get(name)
    if found is None or not issubclass(found, base):
        cure = f"pass custom=[{name}]" if name.isidentifier() else "restore a copy"
        raise DataError(
            f"{path}: must have known classes, found the {base.__name__.lower()} {name[:80]!r}: {cure}"
        )
    try:
        made = found(**settings)
        # As JSON, in which 1, 1.0 and true differ.
        if json.dumps(settings_of(made), sort_keys=True) != json.dumps(settings, sort_keys=True):
            raise ArgumentError(f"{made} has others")
    except Exception as error:  # classes of one's own may raise anything
        told = f"{str(settings)[:200]}: {str(error)[:200]}"
        raise DataError(
            f"{path}: the settings of {name} must be those of its __init__, found {told}"
        ) from error
    return made


def _has_form(content: Mapping[str, Any]) -> bool:
    part = {"class": str, "settings": dict}
    return (
        matches_schema(
            content,
            {"dtype": ("float32", "float64"), "layers": [part], "loss": part, "penalties": [part]},
        )
        and 1 <= len(content["layers"]) <= MAX_LAYERS
        and len(content["penalties"]) <= MAX_PENALTIES
    )
