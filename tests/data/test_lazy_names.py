"""`minidl.data` imports a module when one of its names is first used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import minidl.data


def test_the_names_for_editors_are_those_that_are_found():
    (block,) = [
        node
        for node in ast.parse(Path(minidl.data.__file__).read_text(encoding="utf-8")).body
        if isinstance(node, ast.If)
    ]
    module_of = {alias.name: node.module for node in block.body for alias in node.names}
    assert sorted(module_of) == sorted(minidl.data.__all__)
    assert set(minidl.data.__all__) <= set(dir(minidl.data))
    for name, module in module_of.items():
        value = getattr(minidl.data, name)
        assert value.__name__ == f"minidl.data.{name}" or (
            value.__name__ == name and value.__module__ == f"minidl.data.{module}"
        )


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'minidl\.data' has no attribute 'load_dogs'"):
        minidl.data.load_dogs  # noqa: B018


def test_reading_a_model_imports_no_image():
    code = (
        "import sys, minidl.serialization.model_file; "
        "assert 'minidl.data.hdf5_reader' in sys.modules; "
        "sys.exit('minidl.data.synthetic_images' in sys.modules)"
    )
    root = Path(minidl.data.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
