"""What differs between a saved training and the one that resumes it, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

from ..errors import ResumeError
from ..serialization.optimizer_config import config_text
from ..serialization.strict_json import equal_as_json

_CURE = (
    "pass the same; to train on others, load the model with Sequential.load and call fit without "
    "resume"
)
_MAX_LETTERS = 120  # of a value, and
_MAX_SHOWN = 12  # differences in an error: they come from a file
_SUBJECTS = {"weights": "weights (sample_weight, class_weight)"}


def raise_if_any(quantity: str, differences: Iterable[str], cure: str = _CURE) -> None:
    """Raise `ResumeError` if there are differences."""
    found = list(differences)
    if found:
        more = [f"{len(found):,} differences"] if len(found) > _MAX_SHOWN else []
        rule = f"resume needs the {quantity} of the saved training"
        raise ResumeError(f"{rule}, got {'; '.join([*found[:_MAX_SHOWN], *more])}", cure)


def setting_differences(saved: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings that differ; those that were not saved are not compared."""
    for name in {**current, **saved}:
        old, new = saved.get(name), current.get(name)
        if name in saved and not equal_as_json(old, new):
            yield f"{_text(name)} {_text(new)} instead of {_text(old)}"


def model_differences(saved: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parts in which two configurations of models differ, as `model_config` has them."""
    yield from _part_differences("dtype", [saved["dtype"]], [current["dtype"]])
    yield from _part_differences("layer", saved["layers"], current["layers"])
    yield from _part_differences("loss", [saved["loss"]], [current["loss"]])
    yield from _part_differences("penalty", saved["penalties"], current["penalties"])
    frozen = saved.get("frozen", []), current.get("frozen", [])
    yield from (
        f"layer {path} trainable instead of frozen" for path in frozen[0] if path not in frozen[1]
    )
    yield from (
        f"layer {path} frozen instead of trainable" for path in frozen[1] if path not in frozen[0]
    )


def _part_differences(name: str, saved: list[Any], current: list[Any]) -> Iterator[str]:
    for i, (old, new) in enumerate(zip_longest(saved, current)):
        if not equal_as_json(old, new):
            number = f" {i}" if name in ("layer", "penalty") else ""
            yield f"{name}{number}: {_part_text(new)} instead of {_part_text(old)}"


def _part_text(part: Any) -> str:
    return _text(config_text(part) if isinstance(part, dict) else part)


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value)) or None
    return "none" if value is None else str(value)[:_MAX_LETTERS]


def data_differences(
    saved: Mapping[str, Any], current: Mapping[str, Any], place: str = ""
) -> Iterator[str]:
    """Yield what differs between two descriptions of data, as `describe_data` returns them."""
    for name in ("X", "Y", "weights"):
        old, new = saved[name], current[name]
        subject = _SUBJECTS.get(name, name) + place
        if old is None or new is None:
            yield from presence(old, new, subject, subject)
        elif old["shape"] != new["shape"]:
            yield f"{subject} of shape {tuple(new['shape'])} instead of {tuple(old['shape'])}"
        elif ("sparse" in old) != ("sparse" in new):
            kinds = ["a sparse matrix" if "sparse" in each else "an array" for each in (new, old)]
            yield f"{subject} as {' instead of '.join(kinds)}"
        elif old.keys() != new.keys():
            yield f"another memory_limit, so that {subject} fits into memory or not"
        elif "file" not in old:
            yield from [f"other values in {subject}"] * (old["sha256"] != new["sha256"])
        elif old["sampled_sha256"] != new["sampled_sha256"]:
            yield f"other values in {subject}"
        else:
            yield from _file_differences(old["file"], new["file"], subject)


def presence(saved: Any, current: Any, one: str, any_of_it: str) -> Iterator[str]:
    """Yield that there is something only before, or only now."""
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
    seconds, rest = divmod(nanoseconds, 10**9)  # with all digits: a copy may have fewer
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09} UTC"
