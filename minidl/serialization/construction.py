"""Layers, losses and penalties, built from their configuration in a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ArgumentError, DataError
from ..layers.base import Layer
from ..layers.tree import named_modules
from ..utils.atomic_files import FilePath
from ..utils.settings import construct
from .classes import find_class
from .configuration import LAYER_SCHEMA, MAX_DEPTH, layer_configs, object_config
from .container import damaged_error
from .strict_json import equal_as_json, matches_schema

CLASS_CHANGED = "has a class changed since the model was saved?"


class PartBuilder:
    """Builds the parts of a model in a file; each must have exactly the settings in the file.

    Parameters
    ----------
    path : path-like
        The file, for the messages of errors.
    custom : mapping of str to type
        The user's classes by name, as `check_custom` returns them.
    """

    def __init__(self, path: FilePath, custom: Mapping[str, type[Any]]) -> None:
        self._path = path
        self._custom = custom

    def build_layers(self, configs: Sequence[Mapping[str, Any]]) -> list[Layer]:
        """Return the layers of a model.

        Parameters
        ----------
        configs : sequence of mapping
            What `layer_configs` returned.

        Returns
        -------
        list of Layer
            The layers, with the settings and paths in the configuration.

        Raises
        ------
        DataError
            If a class is unknown, or its instance has other settings or paths.
        """
        layers: list[Layer] = [self._construct(config, Layer) for config in configs]
        try:
            built_configs = layer_configs(layers)
        except Exception as error:  # custom classes may raise anything
            raise self.fit_error(error) from error
        for config, built in zip(configs, built_configs, strict=True):
            self._compare(config, built)
        return layers

    def freeze(self, layers: Sequence[Layer], paths: Sequence[str]) -> None:
        """Freeze layers.

        Parameters
        ----------
        layers : sequence of Layer
            What `build_layers` returned.
        paths : sequence of str
            The paths of those that are frozen.

        Raises
        ------
        DataError
            If there is no layer of such a path.
        """
        modules = dict(named_modules(layers))
        for path in paths:
            if path not in modules:
                rule = f"frozen layers must be among its layers, found {path[:80]!r}"
                raise damaged_error(self._path, rule)
            modules[path].is_frozen = True

    def build(self, config: Mapping[str, Any], base: type[Any]) -> Any:
        """Return a loss or a penalty.

        Parameters
        ----------
        config : mapping
            What `object_config` returned.
        base : type
            `Loss` or `Penalty`.

        Returns
        -------
        Loss or Penalty
            An instance with the settings in the configuration.

        Raises
        ------
        DataError
            If its class is unknown, or its instance has other settings.
        """
        part = self._construct(config, base)
        try:
            built = object_config(part)
        except Exception as error:  # custom classes may raise anything
            raise self._settings_error(config, error) from error
        self._compare(config, built)
        return part

    def fit_error(self, error: Exception) -> DataError:
        """Return the error for parts that do not fit together."""
        return DataError(
            f"{self._path}: its layers must fit together, found {str(error)[:300]}: {CLASS_CHANGED}"
        )

    def _construct(self, config: Mapping[str, Any], base: type[Any], depth: int = 0) -> Any:
        part_class = find_class(self._path, config, base, self._custom)
        settings = {
            name: self._construct_setting(value, depth)
            for name, value in config["settings"].items()
        }
        try:
            return construct(part_class, settings)
        except Exception as error:  # custom classes may raise anything
            raise self._settings_error(config, error) from error

    def _construct_setting(self, value: Any, depth: int) -> Any:
        """Return a setting: the layers that it describes, alone or in a list, or the value."""
        if isinstance(value, list):
            # Nothing that is saved has lists in lists.
            return [
                item if isinstance(item, list) else self._construct_setting(item, depth)
                for item in value
            ]
        if not isinstance(value, dict):
            return value
        if depth >= MAX_DEPTH or not matches_schema(value, LAYER_SCHEMA):
            raise damaged_error(
                self._path,
                f"must have layers in layers to a depth of at most {MAX_DEPTH}, each with its "
                f"class, origin, path and settings, found {str(value)[:80]}",
            )
        return self._construct(value, Layer, depth + 1)

    def _compare(self, config: Mapping[str, Any], built: Mapping[str, Any]) -> None:
        if not equal_as_json(built, config):
            raise self._settings_error(config, ArgumentError(f"it has other values, {built}"))

    def _settings_error(self, config: Mapping[str, Any], error: Exception) -> DataError:
        return DataError(
            f"{self._path}: the settings of {config['class']} must be the arguments of its "
            f"__init__, found {str(config['settings'])[:200]} ({str(error)[:200]}): {CLASS_CHANGED}"
        )
