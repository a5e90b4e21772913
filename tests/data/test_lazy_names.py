"""`minidl.data` imports a module when one of its names is first used."""

import subprocess
import sys
from pathlib import Path

import pytest

import minidl.data


def test_every_name_can_be_imported():
    for name in minidl.data.__all__:
        value = getattr(minidl.data, name)
        assert value.__name__ in (name, f"minidl.data.{name}")
    assert set(minidl.data.__all__) <= set(dir(minidl.data))


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
