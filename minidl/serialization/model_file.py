"""Saving models to files and loading them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar

import numpy as np

from .. import layers, losses, penalties
from ..buffers import Buffer, BufferSet
from ..data.hdf5_schema import Limits
from ..data.hdf5_writer import write_hdf5
from ..errors import ArgumentError, DataError
from ..layers.base import Layer
from ..layers.tree import named_buffers, named_parameters
from ..losses.base import Loss
from ..parameters import Parameter, ParameterVector
from ..penalties import Penalty
from ..utils.atomic_files import FilePath
from ..utils.self_description import SelfDescribing
from ..utils.settings import construct, settings_of
from ..utils.typing import Array
from .container import damaged_error, pack_with_checksums, read_verified
from .json_codec import ARRAY_PREFIX
from .strict_json import matches_schema

MAX_LAYERS = 10_000
MAX_PENALTIES = 1_000
MAX_DEPTH = 50  # of layers in layers: each level is some frames of Python's stack
_CONTENT_RULE = (
    f"must have dtype float32 or float64, 1 to {MAX_LAYERS:,} layers, a loss and "
    f"at most {MAX_PENALTIES:,} penalties"
)
_OBJECT_SCHEMA = {"class": str, "settings": dict}
_CLASS_CHANGED = "has a class changed since the model was saved?"


class Model(Protocol):
    """The attributes of a model that are saved; a `Sequential` and its objective have them."""

    @property
    def layers(self) -> Sequence[Layer]: ...
    @property
    def loss(self) -> Loss: ...
    @property
    def penalties(self) -> Sequence[Penalty]: ...
    @property
    def parameters(self) -> ParameterVector: ...
    @property
    def buffers(self) -> BufferSet: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...


ModelT = TypeVar("ModelT", bound=Model)


def _exported_classes(module: ModuleType, base: type[Any]) -> dict[str, type[Any]]:
    exported = {name: getattr(module, name) for name in module.__all__}
    return {
        name: value
        for name, value in exported.items()
        if isinstance(value, type) and issubclass(value, base) and not inspect.isabstract(value)
    }


BUILT_IN: dict[str, type[Any]] = {
    **_exported_classes(layers, Layer),
    **_exported_classes(losses, Loss),
    **_exported_classes(penalties, Penalty),
}


def save_model(
    model: Model,
    path: FilePath,
    extra_content: Mapping[str, Any] | None = None,
    extra_arrays: Mapping[str, Array] | None = None,
) -> Path:
    """Save a model; `Sequential.save` is the public way to do so.

    Parameters
    ----------
    model : Model
        The model.
    path : path-like
        The file, which is replaced if it exists.
    extra_content : mapping of str to JSON-compatible values, optional
        What the description contains besides the model's configuration.
    extra_arrays : mapping of str to ndarray, optional
        Arrays to store beside the parameters.

    Returns
    -------
    Path
        The path of the file.

    Raises
    ------
    ArgumentError
        If the model could not be loaded again.
    DataError
        If the file cannot be written.
    """
    datasets = model_datasets(model, extra_content, extra_arrays)
    return write_hdf5({Path(path): datasets}, replace=True)[0]


def model_datasets(
    model: Model,
    extra_content: Mapping[str, Any] | None = None,
    extra_arrays: Mapping[str, Array] | None = None,
) -> dict[str, Array]:
    """Return the HDF5 datasets of a model's file; see `save_model`."""
    config = model_config(model)
    if not _is_model_config(config):
        raise ArgumentError(
            f"a saved model {_CONTENT_RULE}, got {model.dtype} and {len(model.layers):,} layers: "
            "use astype, or fewer layers"
        )
    members: dict[str, Parameter | Buffer] = {**dict(model.parameters), **model.buffers}
    parameters = {name: member.value for name, member in members.items()}
    return pack_with_checksums(
        {**config, **(extra_content or {})}, {**parameters, **(extra_arrays or {})}
    )


def model_config(model: Model) -> dict[str, Any]:
    """Return the configuration of a model, without its parameters, as JSON-compatible values."""
    return {
        "dtype": model.dtype.name,
        "layers": [_object_config(layer) for layer in model.layers],
        "loss": _object_config(model.loss),
        "penalties": [_object_config(penalty) for penalty in model.penalties],
    }


def _object_config(owner: object, depth: int = 0) -> dict[str, Any]:
    """Return class and settings of an object; layers among the settings likewise, nested."""
    if depth > MAX_DEPTH:
        raise ArgumentError(
            f"a saved model has layers in layers to a depth of at most {MAX_DEPTH}, got more: "
            "nest them less"
        )

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(item) for item in value]
        return _object_config(value, depth + 1) if isinstance(value, SelfDescribing) else value

    settings = {name: plain(value) for name, value in settings_of(owner).items()}
    return {"class": type(owner).__name__, "settings": settings}


def _is_model_config(content: Mapping[str, Any]) -> bool:
    object_schema = _OBJECT_SCHEMA
    schema = {
        "dtype": ("float32", "float64"),
        "layers": [object_schema],
        "loss": object_schema,
        "penalties": [object_schema],
    }
    return (
        matches_schema(content, schema)
        and 1 <= len(content["layers"]) <= MAX_LAYERS
        and len(content["penalties"]) <= MAX_PENALTIES
    )


def load_model(
    path: FilePath,
    model_class: Callable[..., ModelT],
    custom: Sequence[type[Any]] = (),
    *,
    limit: int | Limits = Limits.max_bytes,
) -> ModelT:
    """Load a model; `Sequential.load` is the public way to do so.

    Parameters
    ----------
    path : path-like
        A file of a model, or of a checkpoint, whose training state is ignored.
    model_class : callable
        Called with the layers and `loss=`, `penalties=` and `dtype=`.
    custom : sequence of type
        The custom classes of layers, losses and penalties that the file may use.
    limit : int or Limits, default 256 MiB
        The largest allowed number of bytes of the file, and of its arrays together.

    Returns
    -------
    Model
        What `model_class` returned, with the stored parameters.

    Raises
    ------
    ArgumentError
        If `custom` is not a sequence of such classes, or one has the name of a built-in class.
    MissingDataError
        If the file does not exist.
    DataError
        If the file is not a model of minidl, was changed, or uses other classes.
    """
    classes = {**BUILT_IN, **_check_custom(custom)}
    content, arrays = read_verified(path, limit)
    if content.pop("training", None) is not None:
        arrays = {
            name: array for name, array in arrays.items() if not name.startswith(ARRAY_PREFIX)
        }
    if not _is_model_config(content):
        raise damaged_error(path, f"{_CONTENT_RULE}, found an unexpected structure")
    model_layers = [_build(path, config, Layer, classes) for config in content["layers"]]
    # Before memory is allocated for the model.
    _check_parameters(path, model_layers, arrays, content["dtype"])
    loss = _build(path, content["loss"], Loss, classes)
    model_penalties = [_build(path, config, Penalty, classes) for config in content["penalties"]]
    try:
        model = model_class(
            model_layers, loss=loss, penalties=model_penalties, dtype=content["dtype"]
        )
        for name, array in arrays.items():
            member = model.buffers[name] if name in model.buffers else model.parameters[name]
            member.value = array
    except Exception as error:  # custom classes may raise anything
        raise DataError(
            f"{path}: its layers must fit together, found {str(error)[:300]}: {_CLASS_CHANGED}"
        ) from error
    return model


def _check_custom(custom: Sequence[type[Any]]) -> dict[str, type[Any]]:
    """Return the custom classes by name."""
    for custom_class in custom:
        if not (
            isinstance(custom_class, type) and issubclass(custom_class, Layer | Loss | Penalty)
        ):
            raise ArgumentError(
                "custom must be a list of classes of layers, losses or penalties, "
                f"got {custom_class!r}: pass the classes themselves"
            )
        if custom_class.__name__ in BUILT_IN:
            raise ArgumentError(
                "custom must not have the name of a built-in class, "
                f"got {custom_class.__name__}: rename it"
            )
    return {custom_class.__name__: custom_class for custom_class in custom}


def _check_parameters(
    path: FilePath, model_layers: Sequence[Layer], arrays: Mapping[str, Array], dtype: str
) -> None:
    """Raise `DataError` unless the arrays are the parameters and buffers of the layers."""
    expected_shapes = {name: member.shape for name, member in named_parameters(model_layers)}
    expected_shapes |= {name: buffer.shape for name, buffer in named_buffers(model_layers)}
    stored_shapes = {name: array.shape for name, array in arrays.items()}
    for name in {**expected_shapes, **stored_shapes}:
        expected = expected_shapes.get(name, "none")
        stored = stored_shapes.get(name, "none")
        if stored != expected:
            raise DataError(
                f"{path}, key {name!r}: must be a parameter or buffer of its layer, of shape "
                f"{expected}, found {stored}: {_CLASS_CHANGED}"
            )
        if arrays[name].dtype.name != dtype:
            raise damaged_error(path, f"must be {dtype}, found {arrays[name].dtype}", name)


def _build(
    path: FilePath,
    config: Mapping[str, Any],
    base: type[Any],
    classes: Mapping[str, type[Any]],
    depth: int = 0,
) -> Any:
    """Return the layer, loss or penalty of that configuration, with the layers inside of it."""
    name = config["class"]
    stored_class = classes.get(name)
    if stored_class is None or not issubclass(stored_class, base):
        cure = f"pass custom=[{name}]" if name.isidentifier() else "restore a copy"
        raise DataError(
            f"{path}: must use built-in or custom classes, "
            f"found the {base.__name__.lower()} {name[:80]!r}: {cure}"
        )
    settings = {
        setting: _build_value(path, value, classes, depth)
        for setting, value in config["settings"].items()
    }
    try:
        instance = construct(stored_class, settings)
        # Compared as JSON, in which 1, 1.0 and true differ.
        built = json.dumps(_object_config(instance, depth)["settings"], sort_keys=True)
        if built != json.dumps(config["settings"], sort_keys=True):
            raise ArgumentError(f"{instance} has other values")
    except Exception as error:  # custom classes may raise anything
        raise DataError(
            f"{path}: the settings of {name} must be the arguments of its __init__, "
            f"found {str(config['settings'])[:200]} ({str(error)[:200]}): {_CLASS_CHANGED}"
        ) from error
    return instance


def _build_value(path: FilePath, value: Any, classes: Mapping[str, type[Any]], depth: int) -> Any:
    """Return a setting: the layers that it describes, alone or in a list, or the value itself."""
    if isinstance(value, list):
        # Nothing that is saved has lists in lists.
        return [
            item if isinstance(item, list) else _build_value(path, item, classes, depth)
            for item in value
        ]
    if not isinstance(value, dict):
        return value
    if depth >= MAX_DEPTH or not matches_schema(value, _OBJECT_SCHEMA):
        raise damaged_error(
            path,
            f"must have layers in layers to a depth of at most {MAX_DEPTH}, each with its class "
            f"and settings, found {str(value)[:80]}",
        )
    return _build(path, value, Layer, classes, depth + 1)
