"""The package as a whole: what it is worth to whoever has none of the other programs."""

import json
import subprocess
import sys

import pytest

import minidl.exchange


def test_the_public_names_are_there_and_explained():
    assert all(getattr(minidl.exchange, name).__doc__ for name in minidl.exchange.__all__)


@pytest.mark.parametrize("module", ["minidl", "minidl.exchange"])
def test_nothing_of_the_other_programs_is_loaded_before_it_is_needed(module):
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert module in loaded
    assert not {name.split(".")[0] for name in loaded} & {"onnx", "onnxruntime", "google", "safetensors", "torch"}
