"""Saving models to files and loading them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..data.hdf5_schema import Limits
from ..data.hdf5_writer import write_hdf5
from ..errors import ArgumentError, DataError
from ..layers.base import Layer
from ..layers.tree import named_buffers, named_parameters
from ..losses.base import Loss
from ..penalties import Penalty
from ..utils.atomic_files import FilePath
from ..utils.typing import Array
from .classes import check_custom
from .configuration import CONFIG_RULE, Model, is_model_config, model_config
from .construction import CLASS_CHANGED, PartBuilder
from .container import StoredArrays, damaged_error, pack_with_checksums, read_verified
from .unsaved_state import check_unsaved_state
from .version_1_models import model_from_version_1

DATASET_ENTRY = "dataset"
"""What a description may have besides a model: how its dataset was prepared."""

ModelT = TypeVar("ModelT", bound=Model)


def save_model(
    model: Model,
    path: FilePath,
    extra_content: Mapping[str, Any] | None = None,
    arrays: StoredArrays | None = None,
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
    arrays : StoredArrays, optional
        The arrays to store, by default those of the model.

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
    datasets = model_datasets(model, extra_content, arrays)
    return write_hdf5({Path(path): datasets}, replace=True)[0]


def model_datasets(
    model: Model,
    extra_content: Mapping[str, Any] | None = None,
    arrays: StoredArrays | None = None,
) -> dict[str, Array]:
    """Return the HDF5 datasets of a model's file; see `save_model`."""
    config = model_config(model)
    if not is_model_config(config):
        raise ArgumentError(
            f"a saved model {CONFIG_RULE}, got {model.dtype} and {len(model.layers):,} layers: "
            "use astype, or fewer layers"
        )
    check_unsaved_state(model, config["layers"])
    return pack_with_checksums(
        {**config, **(extra_content or {})}, model_arrays(model) if arrays is None else arrays
    )


def model_arrays(model: Model) -> StoredArrays:
    """Return the parameters and buffers of a model by path, not copied."""
    return StoredArrays(
        parameters={name: parameter.value for name, parameter in model.parameters},
        buffers={name: buffer.value for name, buffer in model.buffers.items()},
    )


def load_model(
    path: FilePath,
    model_class: Callable[..., ModelT],
    custom: Sequence[type[Any]] = (),
    *,
    limit: int | Limits = Limits.max_bytes,
    limit_name: str = "limit",
) -> ModelT:
    """Load a model; `Sequential.load` is the public way to do so.

    Parameters
    ----------
    path : path-like
        A file of a model, or of a checkpoint, whose training state is ignored.
    model_class : callable
        Called with the layers and `loss=`, `penalties=` and `dtype=`.
    custom : sequence of type
        The user's classes of layers, losses and penalties that the file may use.
    limit : int or Limits, default 256 MiB
        The largest allowed number of bytes of the file, and of its arrays together.
    limit_name : str, default "limit"
        The argument by which the user raises it, for the message.

    Returns
    -------
    Model
        What `model_class` returned, with the stored parameters and buffers.

    Raises
    ------
    ArgumentError
        If `custom` is not a sequence of such classes, or two have the same name.
    MissingDataError
        If the file does not exist.
    DataError
        If the file is not a model of minidl, was changed, or uses other classes.
    """
    classes = check_custom(custom)
    stored = read_verified(path, limit, limit_name=limit_name)
    if stored.version == 1:
        stored = model_from_version_1(path, stored, classes)
    content, arrays = stored.content, stored.arrays
    if content.pop("training", None) is None and arrays.training:
        raise damaged_error(path, "must have a training state for its arrays, found none")
    content.pop(DATASET_ENTRY, None)
    if not is_model_config(content):
        raise damaged_error(path, f"{CONFIG_RULE}, found an unexpected structure")
    builder = PartBuilder(path, classes)
    model_layers = builder.build_layers(content["layers"])
    builder.freeze(model_layers, content.get("frozen", []))
    loss = builder.build(content["loss"], Loss)
    model_penalties = [builder.build(config, Penalty) for config in content["penalties"]]
    # Before memory is allocated for the model.
    check_arrays(path, model_layers, arrays, content["dtype"])
    try:
        model = model_class(
            model_layers, loss=loss, penalties=model_penalties, dtype=content["dtype"]
        )
        for name, array in arrays.parameters.items():
            model.parameters[name].value = array
        model.buffers.restore(arrays.buffers)
    except Exception as error:  # custom classes may raise anything
        raise builder.fit_error(error) from error
    return model


def check_arrays(
    path: FilePath, model_layers: Sequence[Layer], arrays: StoredArrays, dtype: str
) -> None:
    """Raise `DataError` unless the arrays are the parameters and buffers of the layers.

    Parameters
    ----------
    path : path-like
        The file, for the message.
    model_layers : sequence of Layer
        The layers.
    arrays : StoredArrays
        What the file contains.
    dtype : str
        The dtype that the arrays must have.
    """
    parameters = {name: member.shape for name, member in named_parameters(model_layers)}
    buffers = {name: member.shape for name, member in named_buffers(model_layers)}
    for kind, expected_shapes, stored in (
        ("parameter", parameters, arrays.parameters),
        ("buffer", buffers, arrays.buffers),
    ):
        for name in {**expected_shapes, **stored}:
            expected = expected_shapes.get(name, "none")
            found = stored[name].shape if name in stored else "none"
            if found != expected:
                raise DataError(
                    f"{path}, key {name!r}: must be a {kind} of its layer, of shape {expected}, "
                    f"found {found}: {CLASS_CHANGED}"
                )
            if stored[name].dtype.name != dtype:
                raise damaged_error(path, f"must be {dtype}, found {stored[name].dtype}", name)
