"""Strict parsing of JSON, and a check of the structure of the values."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_INTEGER_DIGITS = 20  # Python parses long integers in quadratic time


def parse_strict_json(text: bytes) -> dict[str, Any]:
    """Parse a JSON object.

    A duplicate key, NaN, infinity, a float that overflows and an integer of more than 20 digits
    are a `ValueError`.
    """
    content = json.loads(
        text.decode(),
        object_pairs_hook=reject_duplicate_keys,
        parse_constant=_parse_finite_float,
        parse_float=_parse_finite_float,
        parse_int=_parse_short_int,
    )
    if not isinstance(content, dict):
        raise ValueError(f"a {type(content).__name__} instead of an object")
    return content


def reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the JSON object of these pairs; a duplicate key is a `ValueError`."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a duplicate key in one object")
    return content


def _parse_finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:40]}, which is not finite")
    return value


def _parse_short_int(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise ValueError(f"an integer of {len(text)} digits")
    return int(text)


def equal_as_json(value: Any, other: Any) -> bool:
    """Return whether two values are the same JSON, in which 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True) == json.dumps(other, sort_keys=True)


def matches_schema(value: Any, schema: Any) -> bool:
    """Return whether a value has the structure that `schema` describes.

    A dict must have exactly the keys of `schema`, with values that match; `[schema]` is a list of
    any length whose elements match; a tuple lists the allowed values; a type is matched exactly.
    """
    if isinstance(schema, dict):
        return (
            isinstance(value, dict)
            and value.keys() == schema.keys()
            and all(matches_schema(value[key], schema[key]) for key in schema)
        )
    if isinstance(schema, list):
        (element_schema,) = schema
        return isinstance(value, list) and all(
            matches_schema(element, element_schema) for element in value
        )
    if isinstance(schema, tuple):
        return value in schema
    return type(value) is schema
