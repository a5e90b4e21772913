import importlib
import importlib.metadata
import re

import pytest

import minidl
from minidl import errors


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        ("ShapeError", ValueError),
        ("DtypeError", TypeError),
        ("ArgumentError", ValueError),
        ("LayerReuseError", ValueError),
        ("NonFiniteError", ValueError),
        ("DataError", OSError),
        ("MissingDataError", FileNotFoundError),
        ("MissingDependencyError", ImportError),
    ],
)
def test_each_error_is_also_the_builtin_one(error, builtin):
    kind = getattr(errors, error)
    assert issubclass(kind, builtin)
    assert issubclass(kind, minidl.MinidlError)
    assert getattr(minidl, error) is kind


def test_a_missing_file_is_a_data_error():
    assert issubclass(errors.MissingDataError, errors.DataError)


# As setuptools writes them.
METADATA = [
    "numpy>=2.0",
    'matplotlib>=3.8; extra == "plot"',
    'matplotlib>=3.9; extra == "plotting"',
    'mpi4py>=4.1; extra == "mpi"',
    'mpich>=4.3; sys_platform != "win32" and extra == "mpi"',
    'minidl[mpi,plot]; extra == "all"',
]


@pytest.fixture
def metadata(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: METADATA)


def raised(import_it):
    with (
        pytest.raises(errors.MissingDependencyError) as caught,
        errors.require_extra("matplotlib", "plot", "learning_curves"),
    ):
        import_it()
    return str(caught.value)


@pytest.mark.usefixtures("metadata")
def test_the_cure_for_a_missing_package_is_the_requirement_itself():
    assert raised(lambda: importlib.import_module("nowhere")) == (
        'learning_curves needs matplotlib, which is not installed: pip install "matplotlib>=3.8"'
    )
    with errors.require_extra("json", "plot", "nothing"):
        import json  # noqa: F401


@pytest.mark.usefixtures("metadata")
def test_a_package_that_is_there_but_too_old_is_not_called_missing():
    def import_it():
        from json import nothing  # noqa: F401

    assert re.fullmatch(
        r"learning_curves needs matplotlib, which cannot be imported \(cannot import name "
        r"'nothing' from 'json' .*\): pip install \"matplotlib>=3.8\"",
        raised(import_it),
    )


@pytest.mark.usefixtures("metadata")
@pytest.mark.parametrize(
    ("extra", "line"),
    [
        ("plot", 'pip install "matplotlib>=3.8"'),
        ("mpi", """pip install "mpi4py>=4.1" "mpich>=4.3; sys_platform != 'win32'\""""),
        (
            "all",
            """pip install "mpi4py>=4.1" "mpich>=4.3; sys_platform != 'win32'" """
            '"matplotlib>=3.8"',
        ),
        ("nowhere", 'pip install "package"'),
    ],
)
def test_the_line_names_all_that_the_extra_needs(extra, line):
    assert errors.install_line("package", extra) == line


def test_without_metadata_the_line_names_the_package():
    def requires(name):
        raise importlib.metadata.PackageNotFoundError(name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.metadata, "requires", requires)
        assert errors.install_line("numba", "fast") == 'pip install "numba"'
