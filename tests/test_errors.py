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


def test_the_cure_for_a_missing_package_is_its_extra():
    with (
        pytest.raises(errors.MissingDependencyError) as caught,
        errors.require_extra("matplotlib", "plot", "learning_curves"),
    ):
        import nowhere  # noqa: F401
    assert (
        str(caught.value)
        == "learning_curves needs matplotlib, which is not installed: pip install minidl[plot]"
    )
    with errors.require_extra("json", "plot", "nothing"):
        import json  # noqa: F401
