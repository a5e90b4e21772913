"""What identifies a training: its data, weights and settings. Only the same one is resumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..errors import ResumeError
from ..serialization.strict_json import equal_as_json
from .callbacks.base import TrainingRun

_CURE = (
    "pass the same; to train on others, load the model with Sequential.load and call fit without "
    "resume"
)
_MAX_LETTERS = 80  # of a setting, and
_MAX_SHOWN = 12  # settings in an error: they come from a file
_SUBJECTS = {"weights": "weights (sample_weight, class_weight)"}


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
        shuffles them, or None; "settings", those of the run.
    """
    validate = run.validate
    return {
        "data": run.minibatches.data_description(),
        "validation": None if validate is None else validate.data_description(),
        "order": run.minibatches.order_description(),
        "settings": run.settings,
    }


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
    ResumeError
        If a setting differs.
    Exception
        Of any other class, if `saved` has a structure that no training has.
    """
    old, new = saved["settings"], run.settings
    differences = [
        f"{_text(name)} {_text(new.get(name))} instead of {_text(old[name])}"
        for name in {**new, **old}
        if name in old and not equal_as_json(old[name], new.get(name))
    ]
    _raise_if_any("settings", differences)


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
        If the training set, its weights or order, or the validation set differ.
    Exception
        Of any other class, if `saved` has a structure that no training has.
    """
    current = run_identity(run)
    differences = list(_differences(saved["data"], current["data"]))
    old, new = saved["validation"], current["validation"]
    if old is None or new is None:
        differences += _presence(old, new, "a validation set", "validation set")
    else:
        differences += _differences(old, new, " of the validation set")
    order = saved["order"]
    if (
        not differences
        and order is not None
        and order != run.minibatches.order_description(order["epoch"])
    ):
        differences.append(f"a shuffle function that gives epoch {order['epoch']} another order")
    _raise_if_any("data", differences)


def _raise_if_any(quantity: str, differences: Sequence[str]) -> None:
    if differences:
        rule = f"resume needs the {quantity} of the saved training"
        more = [f"{len(differences):,} differences"] if len(differences) > _MAX_SHOWN else []
        raise ResumeError(f"{rule}, got {'; '.join([*differences[:_MAX_SHOWN], *more])}", _CURE)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value)) or None
    return "none" if value is None else str(value)[:_MAX_LETTERS]


def _differences(
    saved: Mapping[str, Any], current: Mapping[str, Any], place: str = ""
) -> Iterator[str]:
    """Yield what differs between two descriptions of data."""
    for name in ("X", "Y", "weights"):
        old, new = saved[name], current[name]
        subject = _SUBJECTS.get(name, name) + place
        if old is None or new is None:
            yield from _presence(old, new, subject, subject)
        elif old["shape"] != new["shape"]:
            yield f"{subject} of shape {tuple(new['shape'])} instead of {tuple(old['shape'])}"
        elif old.keys() != new.keys():
            yield f"another memory_limit, so that {subject} fits into memory or not"
        elif "file" not in old:
            yield from [f"other values in {subject}"] * (old["sha256"] != new["sha256"])
        elif old["sampled_sha256"] != new["sampled_sha256"]:
            yield f"other values in {subject}"
        else:
            yield from _file_differences(old["file"], new["file"], subject)


def _presence(saved: Any, current: Any, one: str, any_of_it: str) -> Iterator[str]:
    if saved is None and current is not None:
        yield f"{one} where it had none"
    elif saved is not None and current is None:
        yield f"no {any_of_it}"


def _file_differences(
    saved: Mapping[str, Any], current: Mapping[str, Any], subject: str
) -> Iterator[str]:
    if None in (*saved.values(), *current.values()):
        return
    if saved["bytes"] != current["bytes"]:
        sizes = f"{current['bytes']:,} bytes instead of {saved['bytes']:,}"
        yield f"a file of {subject} of {sizes}"
    elif saved["modified"] != current["modified"]:
        times = " instead of ".join(_time(values["modified"]) for values in (current, saved))
        hint = "give a copy the time stamp of the original"
        yield f"a file of {subject} with the time stamp {times} ({hint})"


def _time(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC).isoformat(" ")
