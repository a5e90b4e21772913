"""Models in files of format version 1, as version 2 describes them.

A file of version 1 has layers of which none contains another among its settings, no buffers, and
names classes without their origin, minidl's or the user's. It is understood as follows:

- A name in `NAMES` is a class of minidl: custom classes of these names could not be loaded then.
- Any other name is that of the class of this name in `custom=`, minidl's own or the user's.
- Without such a class, a name in `AMBIGUOUS_NAMES` is refused: minidl got these classes while it
  still wrote version 1, so the file may be older or newer than they are.
- All further names, such as `Residual`, are those of the user's classes, since minidl never wrote
  its own of these names in version 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DataError
from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .classes import CUSTOM, MINIDL, class_entry
from .container import StoredArrays, StoredFile, damaged_error
from .json_codec import ARRAY_PREFIX
from .strict_json import matches_schema

# Never to be extended: the classes that minidl has had ever since it wrote version 1.
NAMES = frozenset(
    {
        *("Dropout", "Flatten", "LeakyReLU", "Linear", "ReLU", "Sigmoid", "Softmax", "Tanh"),
        *("BinaryCrossEntropy", "CategoricalCrossEntropy", "MeanSquaredError"),
        *("SigmoidCrossEntropy", "SoftmaxCrossEntropy"),
        *("L1", "L2"),
    }
)
AMBIGUOUS_NAMES = frozenset({"ELU", "Huber"})

_OBJECT_SCHEMA = {"class": str, "settings": dict}
_SCHEMA = {
    "dtype": ("float32", "float64"),
    "layers": [_OBJECT_SCHEMA],
    "loss": _OBJECT_SCHEMA,
    "penalties": [_OBJECT_SCHEMA],
}


def model_from_version_1(
    path: FilePath, stored: StoredFile, custom: Mapping[str, type[Any]]
) -> StoredFile:
    """Return the model in a file of version 1 as version 2 describes it.

    Parameters
    ----------
    path : path-like
        The file, for the message of an error.
    stored : StoredFile
        Its content.
    custom : mapping of str to type
        The classes that the user has passed, by name.

    Returns
    -------
    StoredFile
        The configuration, with origins and paths, and the arrays by role. The state of a training
        stays as it is.

    Raises
    ------
    DataError
        If the content has another structure, or a class may be minidl's as well as the user's.
    """
    content = {name: value for name, value in stored.content.items() if name != "training"}
    _check_structure(path, content)

    def with_origin(config: Mapping[str, Any]) -> dict[str, Any]:
        return {**config, "origin": _origin_of(path, config["class"], custom)}

    upgraded = {
        "dtype": content["dtype"],
        "layers": [
            {**with_origin(config), "path": str(i)} for i, config in enumerate(content["layers"])
        ],
        "loss": with_origin(content["loss"]),
        "penalties": [with_origin(config) for config in content["penalties"]],
    }
    if "training" in stored.content:
        upgraded["training"] = stored.content["training"]
    return StoredFile(2, upgraded, arrays_by_role(stored.arrays))


def arrays_by_role(arrays: StoredArrays) -> StoredArrays:
    """Return the arrays of a file of version 1 by their roles, which their names tell."""
    parameters: dict[str, Array] = {}
    training: dict[str, Array] = {}
    for name, array in arrays.parameters.items():
        (training if name.startswith(ARRAY_PREFIX) else parameters)[name] = array
    return StoredArrays(parameters, training=training)


def _check_structure(path: FilePath, content: Mapping[str, Any]) -> None:
    parts: list[Any] = []
    if matches_schema(content, _SCHEMA):
        parts = [*content["layers"], content["loss"], *content["penalties"]]
    values = [value for part in parts for value in part["settings"].values()]
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    if not parts or any(isinstance(item, dict) for item in items):
        raise damaged_error(
            path,
            "must describe a model as version 1 does, with dtype float32 or float64, layers, a "
            "loss and penalties, found an unexpected structure",
        )


def _origin_of(path: FilePath, name: str, custom: Mapping[str, type[Any]]) -> str:
    if name in NAMES:
        return MINIDL
    if name in custom:
        return class_entry(custom[name])["origin"]
    if name in AMBIGUOUS_NAMES:
        raise DataError(
            f"{path}: version 1 of the format does not say whose class it means, minidl's or "
            f"yours, found {name}: pass custom=[minidl.{name}] or your own class"
        )
    return CUSTOM


def without_origins(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a model as version 1 has it.

    Parameters
    ----------
    config : mapping
        What `model_config` returned.

    Returns
    -------
    dict
        The same without origins and paths. A layer among the settings of another stays as it is,
        which no file of version 1 has.
    """

    def reduced(part: Mapping[str, Any]) -> dict[str, Any]:
        return {"class": part["class"], "settings": part["settings"]}

    return {
        "dtype": config["dtype"],
        "layers": [reduced(layer) for layer in config["layers"]],
        "loss": reduced(config["loss"]),
        "penalties": [reduced(penalty) for penalty in config["penalties"]],
    }
