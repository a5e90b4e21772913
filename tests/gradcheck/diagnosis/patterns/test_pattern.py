"""The registry of patterns: every pattern is in it, under its own name."""

import importlib
import pkgutil

import pytest
from pattern_evidence import patterns_in

from minidl.gradcheck.diagnosis import patterns
from minidl.gradcheck.diagnosis.patterns import ALL_PATTERNS, PATTERNS, SMALL_ERROR_PATTERNS
from minidl.gradcheck.diagnosis.patterns.pattern import pattern

MODULES = [
    importlib.import_module(f"{patterns.__name__}.{info.name}")
    for info in pkgutil.iter_modules(patterns.__path__)
]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_every_pattern_is_tried(module):
    missing = patterns_in(module) - set(ALL_PATTERNS)
    assert not missing, (
        "list these patterns in PATTERNS or SMALL_ERROR_PATTERNS of "
        f"minidl/gradcheck/diagnosis/patterns/__init__.py: {missing}"
    )


def test_names_are_unique():
    for registered in (*PATTERNS, *SMALL_ERROR_PATTERNS):
        assert ALL_PATTERNS[registered.name] is registered


def test_a_pattern_is_a_function_with_a_name():
    named = pattern("always")(lambda evidence: "it fits")
    assert named.name == "always"
    assert named.match(None) == "it fits"
