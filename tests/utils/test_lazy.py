"""Packages whose stub lists their names, and which import a module when it is first used."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import minidl
from minidl import data, layers

PACKAGES = sorted(Path(minidl.__file__).parent.rglob("__init__.pyi"))


@pytest.mark.parametrize("stub", PACKAGES, ids=lambda stub: stub.parent.name)
def test_every_line_of_a_stub_exports_a_name(stub):
    for line in stub.read_text(encoding="utf-8").splitlines():
        words = line.split()
        assert words[0] == "from", line
        assert words[-2:] == ["as", words[-3]], f"{stub}: write `import Name as Name`: {line}"


def test_a_name_of_the_package_is_that_of_its_module():
    assert layers.ReLU is layers.relu.ReLU
    assert data.planar.moons.__module__ == "minidl.data.planar"


def test_dir_lists_names_that_are_not_imported_yet():
    assert set(layers.__all__) <= set(dir(layers))
    assert "planar" in dir(data)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"module 'minidl\.layers' has no attribute 'Nothing'"):
        layers.Nothing  # noqa: B018


def test_a_name_imports_its_module_alone():
    code = "import sys; from minidl.layers import ReLU; print(*sys.modules)"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = process.stdout.split()
    assert "minidl.layers.relu" in modules
    assert "minidl.layers.linear" not in modules


def test_a_package_in_a_zip_archive_is_imported(tmp_path):
    package = Path(minidl.__file__).parent
    archive = shutil.make_archive(str(tmp_path / "minidl"), "zip", package.parent, package.name)
    process = subprocess.run(
        [sys.executable, "-c", "from minidl import ReLU, data; print(data.__file__, ReLU())"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": archive},
    )
    assert process.stdout.startswith(archive)
