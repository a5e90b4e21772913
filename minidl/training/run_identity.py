"""What identifies a training: its data, weights and settings. Only the same one is resumed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError
from ..serialization.strict_json import parse_strict_json
from .callbacks.base import TrainingRun
from .differences import data_differences, presence, raise_if_any, setting_differences


def run_identity(run: TrainingRun) -> dict[str, Any]:
    """Return what must be the same in the training that resumes.

    Model, optimizer and batches are compared elsewhere: `check_state` does so.

    Parameters
    ----------
    run : TrainingRun
        The training.

    Returns
    -------
    dict
        JSON-compatible values: "data", the description of the training set; "validation", that of
        the validation set or None; "order", that of the rows of the current epoch if a function
        shuffles them, or None; "augmentation", the text of that of the pictures, or None;
        "settings", those of the run.
    """
    validate = run.validate
    return {
        "data": run.minibatches.data_description(),
        "validation": None if validate is None else validate.data_description(),
        "order": run.minibatches.order_description(),
        "augmentation": _augmentation_text(run),
        "settings": _settings(run),
    }


def _augmentation_text(run: TrainingRun) -> str | None:
    augment = run.minibatches.augment
    return None if augment is None else repr(augment)


def _settings(run: TrainingRun) -> dict[str, Any]:
    """Return the settings of a run as a file keeps them."""
    try:
        text = json.dumps(run.settings, allow_nan=False)
        return parse_strict_json(text.encode())
    except (ValueError, TypeError, RecursionError) as error:
        rule = "run.settings must consist of numbers, strings, None, and lists and dicts of them"
        raise ArgumentError(f"{rule}, got {error}: convert it, such as with float()") from error


def check_settings(saved: Mapping[str, Any], run: TrainingRun) -> None:
    """Raise unless a training has the settings of the saved one.

    Parameters
    ----------
    saved : mapping of str to object
        What `run_identity` returned; settings that it does not have are not compared.
    run : TrainingRun
        The training that is about to start.

    Raises
    ------
    ArgumentError
        If no file can store the settings.
    ResumeError
        If a setting differs.
    Exception
        Of any other class, if `saved` has a structure that no training has.
    """
    raise_if_any("settings", setting_differences(saved["settings"], _settings(run)))


def check_data(saved: Mapping[str, Any], run: TrainingRun) -> None:
    """Raise unless a training has the data of the saved one, which has the same model.

    Parameters
    ----------
    saved : mapping of str to object
        What `run_identity` returned.
    run : TrainingRun
        The training that is about to start.

    Raises
    ------
    ResumeError
        If the training set, its weights, order or augmentation, or the validation set differ.
    Exception
        Of any other class, if `saved` has a structure that no training has.
    """
    current = run_identity(run)
    differences = list(data_differences(saved["data"], current["data"]))
    old, new = saved["validation"], current["validation"]
    if old is None or new is None:
        differences += presence(old, new, "a validation set", "validation set")
    else:
        differences += data_differences(old, new, " of the validation set")
    old, new = saved.get("augmentation"), current["augmentation"]
    if old != new:
        differences.append(f"augment={new} instead of {old}")
    order = saved.get("order")
    if (
        not differences
        and order is not None
        and order != run.minibatches.order_description(order["epoch"])
    ):
        differences.append(f"a shuffle function that gives epoch {order['epoch']} another order")
    raise_if_any("data", differences)
