"""The configuration of a model: the classes, settings and paths of all that it consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from ..buffers import BufferSet
from ..errors import ArgumentError
from ..layers.base import Layer
from ..layers.tree import frozen_paths, named_modules
from ..losses.base import Loss
from ..parameters import ParameterVector
from ..penalties import Penalty
from ..utils.self_description import SelfDescribing
from ..utils.settings import settings_of
from .classes import CUSTOM, ORIGINS, add_distinct, class_entry
from .strict_json import matches_schema

MAX_LAYERS = 10_000
MAX_PENALTIES = 1_000
MAX_DEPTH = 50  # of layers in layers: each level is some frames of Python's stack
CONFIG_RULE = (
    f"must have dtype float32 or float64, 1 to {MAX_LAYERS:,} layers, a loss and "
    f"at most {MAX_PENALTIES:,} penalties"
)
OBJECT_SCHEMA = {"class": str, "origin": ORIGINS, "settings": dict}
LAYER_SCHEMA = {**OBJECT_SCHEMA, "path": str}


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


def model_config(model: Model) -> dict[str, Any]:
    """Return the configuration of a model, without its arrays.

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    dict
        JSON-compatible values: "dtype", "layers", "loss", "penalties" and, if there are any, the
        paths of layers that are "frozen".

    Raises
    ------
    ArgumentError
        If the model contains two classes of the user's with the same name, or something whose
        settings a file cannot store.
    """
    describer = _Describer(model.layers)
    frozen = frozen_paths(model.layers)
    return {
        **({"frozen": frozen} if frozen else {}),
        "dtype": model.dtype.name,
        "layers": describer.describe_layers(),
        "loss": describer.describe(model.loss),
        "penalties": [describer.describe(penalty) for penalty in model.penalties],
    }


def layer_configs(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return class, origin, path and settings of each layer of a model."""
    return _Describer(layers).describe_layers()


def object_config(owner: Loss | Penalty) -> dict[str, Any]:
    """Return class, origin and settings of a loss or a penalty."""
    return _Describer(()).describe(owner)


class _Describer:
    """Describes the parts of one model, in which no two classes of the user's share a name."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._paths: dict[int, str] = {}  # of all layers, once one contains another
        self._custom_classes: dict[str, type[Any]] = {}

    def describe(self, owner: object, depth: int = 0) -> dict[str, Any]:
        """Return class, origin and settings of an object."""
        entry = class_entry(type(owner))
        if entry["origin"] == CUSTOM:
            rule = "a saved model must not have two classes of your own with the same name"
            add_distinct(self._custom_classes, type(owner), rule)
        settings = {
            name: self._describe_setting(owner, value, depth)
            for name, value in settings_of(owner).items()
        }
        return {**entry, "settings": settings}

    def describe_layers(self) -> list[dict[str, Any]]:
        """Return class, origin, path and settings of each layer of the model."""
        return [{**self.describe(layer), "path": str(i)} for i, layer in enumerate(self._layers)]

    def _describe_setting(self, owner: object, value: Any, depth: int) -> Any:
        if isinstance(value, list):
            return [self._describe_setting(owner, item, depth) for item in value]
        if not isinstance(value, SelfDescribing):
            return value
        if not self._paths:
            self._paths = {id(layer): path for path, layer in named_modules(self._layers)}
        if not isinstance(value, Layer) or id(value) not in self._paths:
            raise ArgumentError(
                f"the settings of {type(owner).__name__} must contain only layers that the model "
                f"reaches, got {value}, whose parameters would not be saved: keep it as an "
                "attribute of a layer"
            )
        if depth == MAX_DEPTH:
            raise ArgumentError(
                f"a saved model has layers in layers to a depth of at most {MAX_DEPTH}, got more: "
                "nest them less"
            )
        return {**self.describe(value, depth + 1), "path": self._paths[id(value)]}


def is_model_config(content: Mapping[str, Any]) -> bool:
    """Return whether values have the structure of a model's configuration.

    The settings, and the layers among them, are checked when the model is built.
    """
    schema = {
        **({"frozen": [str]} if "frozen" in content else {}),
        "dtype": ("float32", "float64"),
        "layers": [LAYER_SCHEMA],
        "loss": OBJECT_SCHEMA,
        "penalties": [OBJECT_SCHEMA],
    }
    return (
        matches_schema(content, schema)
        and 1 <= len(content["layers"]) <= MAX_LAYERS
        and len(content["penalties"]) <= MAX_PENALTIES
    )
